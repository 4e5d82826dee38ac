"""The tables and lists that come with the program, in `data/`: which codes, states and layouts there are."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

__all__ = ["own_rows", "own_text"]


def own_text(name: str) -> str:
    """A file of `data/`."""
    return resources.files("buckpass.events").joinpath("data", name).read_text(encoding="utf-8")


@cache
def own_rows(name: str) -> tuple[dict[str, str], ...]:
    """A table of `data/`; lines that begin with # say where it comes from."""
    return tuple(csv.DictReader(line for line in own_text(name).splitlines() if not line.startswith("#")))
