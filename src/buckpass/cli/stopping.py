"""What Ctrl-C does where no verb answers it: the process ends at once, in silence."""

from __future__ import annotations

import os
import signal

__all__ = ["STOPPED", "end_when_stopped"]

STOPPED = 130  # the exit code of what a person stopped


def end_when_stopped() -> bool:
    """From now on Ctrl-C ends the process at once, where it does anything: a job in the background does not hear it."""
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heard:
        signal.signal(signal.SIGINT, lambda *_: os._exit(STOPPED))
    return is_heard
