"""A crisis that data suggest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Found:
    """A crisis that the data suggest: where, of what kind, from when to when (None: it lasts), and what suggests it.

    `last` is the last day of which the data say that it went on.
    """

    hosts: tuple[str, ...]
    kind: str
    start: date
    end: date | None
    last: date
    threat: int
    why: str
    files: tuple[int, ...]
