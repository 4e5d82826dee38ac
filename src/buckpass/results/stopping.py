"""Ctrl-C ends the command at once, whatever it is doing.

An exception would not: a class that is being made turns it into a RuntimeError, compiled code into a panic of its own, and
a native module that is being loaded takes the process down. From Python, where no command runs, it stays the exception.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["STOPPED", "end_when_stopped", "first_when_stopped"]

STOPPED = 130  # the exit code of what a person stopped
_FIRST: list[Callable[[], object]] = []


def end_when_stopped() -> None:
    """From now on Ctrl-C ends the process, after what stands in `first_when_stopped`: a job in the background does not hear it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


@contextmanager
def first_when_stopped(do: Callable[[], object]) -> Iterator[None]:
    """What Ctrl-C does before the process ends, while this is open; the last opened first."""
    _FIRST.append(do)
    try:
        yield
    finally:
        with suppress(ValueError):  # it is being done
            _FIRST.remove(do)


def _end(*_: object) -> None:
    signal.signal(signal.SIGINT, lambda *_: os._exit(STOPPED))  # pressed again: nothing is waited for
    while _FIRST:
        with suppress(Exception):
            _FIRST.pop()()
    os._exit(STOPPED)
