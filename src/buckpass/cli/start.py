"""The command from its first moment: what the verbs need takes half a second to load, and Ctrl-C may come then as well."""

from __future__ import annotations

from buckpass.results.stopping import end_when_stopped

__all__ = ["main"]


def main() -> None:
    """Load the verbs and call the one that was asked for."""
    end_when_stopped()
    from buckpass.cli.main import main as verbs

    verbs()
