"""The command from its first moment: what the verbs need takes half a second to load, and Ctrl-C may come then as well."""

from __future__ import annotations

import os
import signal

from buckpass.cli.streams import STOPPED, end_when_stopped

__all__ = ["main"]


def main() -> None:
    """Load the verbs and call the one that was asked for; Ctrl-C ends either in silence or in a sentence."""
    is_heard = end_when_stopped()
    from buckpass.cli.main import main as verbs

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        verbs()
    except KeyboardInterrupt:  # before a verb was begun: it says itself what it has finished
        os._exit(STOPPED)
