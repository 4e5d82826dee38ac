"""The publishers' layouts, read from `data/layouts.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

KINDS = ("integer", "number", "text", "date", "day_number", "truth")


@dataclass(frozen=True)
class Column:
    """One column that is kept: where it stands in the file, its name in the store and its kind."""

    source: str
    name: str
    kind: str
    is_required: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Layout:
    """How one publisher lays out one kind of file."""

    id: str
    publisher: str
    table: str
    says: str
    columns: tuple[Column, ...]
    signature: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unpivot: tuple[str, str] | None = None
    keys: tuple[str, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    event: dict[str, str] = field(default_factory=dict)
    citation: str = ""

    @property
    def has_header(self) -> bool:
        """Whether the file names its columns; the others are known by position."""
        return bool(self.signature)


@cache
def layouts() -> tuple[Layout, ...]:
    """Every known layout."""
    text = resources.files("buckpass.events").joinpath("data/layouts.toml").read_text(encoding="utf-8")
    return tuple(_layout(name, entry) for name, entry in tomllib.loads(text).items())


def layout(layout_id: str) -> Layout:
    """One layout by its id."""
    return next(known for known in layouts() if known.id == layout_id)


def tidy(name: str) -> str:
    """A column's name in the store: lower case, words joined by underscores."""
    plain = "".join(letter if letter.isalnum() else "_" for letter in name.strip().lower())
    return "_".join(part for part in plain.split("_") if part)


def _layout(layout_id: str, entry: dict[str, Any]) -> Layout:
    unpivot = entry.get("unpivot")
    return Layout(
        id=layout_id,
        publisher=entry["publisher"],
        table=entry.get("table", layout_id),
        says=entry["says"],
        columns=tuple(_columns(entry)),
        signature=frozenset(entry.get("signature", ())),
        names=tuple(entry.get("names", ())),
        missing=tuple(entry.get("missing", ())),
        unpivot=(unpivot[0], unpivot[1]) if unpivot else None,
        keys=tuple(entry.get("keys", ())),
        checks=tuple((reason, holds) for reason, holds in entry.get("checks", ())),
        event=dict(entry.get("event", {})),
        citation=entry.get("citation", ""),
    )


def _columns(entry: dict[str, Any]):
    ranges = entry.get("range", {})
    for kind in KINDS:
        for written in entry.get(kind, ()):
            source = written.rstrip("!")
            low, high = ranges.get(source, (None, None))
            yield Column(source, tidy(source), kind, written.endswith("!"), low, high)
