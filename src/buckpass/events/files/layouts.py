"""The publishers' layouts, read from `data/layouts.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from buckpass.events.own_tables import own_text

KINDS = ("integer", "year", "number", "text", "code", "date", "day_number", "truth", "integers")


@dataclass(frozen=True)
class Column:
    """One column that is kept: its name in the file and in the store, other names that it goes by, and its kind."""

    source: str
    name: str
    kind: str
    is_required: bool = False  # a table without it is refused
    is_filled: bool = False  # a row with an empty cell in it is rejected
    low: float | None = None
    high: float | None = None
    aliases: tuple[str, ...] = ()
    recode: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, tidied, under which the column may stand in a header."""
        return (tidy(self.source), *map(tidy, self.aliases))


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
    patterns: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    is_generic: bool = False
    also: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    unpivot: tuple[str, str] | None = None
    keys: tuple[str, ...] = ()
    is_once: bool = False
    vintage: str = ""
    checks: tuple[tuple[str, str], ...] = ()
    event: Mapping[str, str] = field(default_factory=dict)
    lookups: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    vocabulary: str = "CAMEO"
    citation: str = ""
    versions: str = ""
    where: str = ""
    gives: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns of the store that say whether two rows are the same fact."""
        own = self.keys or tuple(f'"{column.name}"' for column in self.columns)
        return (*own, *(("title",) if self.titles else ()), *((self.unpivot[0],) if self.unpivot else ()))


@cache
def layouts() -> tuple[Layout, ...]:
    """Every known layout."""
    entries = tomllib.loads(own_text("layouts.toml"))
    return tuple(_layout(name, entries.get(entry.get("like"), {}) | entry) for name, entry in entries.items())


@cache
def layout(layout_id: str) -> Layout:
    """One layout by its id."""
    return next(known for known in layouts() if known.id == layout_id)


@cache
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
        signature=frozenset(map(tidy, entry.get("signature", ()))),
        names=tuple(entry.get("names", ())),
        patterns=dict(entry.get("patterns", {})),
        marks=tuple(entry.get("marks", ())),
        is_generic=entry.get("generic", False),
        also=tuple(map(tidy, entry.get("also", ()))),
        titles=dict(entry.get("titles", {})),
        missing=tuple(entry.get("missing", ())),
        dates=tuple(entry.get("dates", ())),
        unpivot=(unpivot[0], unpivot[1]) if unpivot else None,
        keys=tuple(entry.get("keys", ())),
        is_once=entry.get("once", False),
        vintage=entry.get("vintage", ""),
        checks=tuple((reason, holds) for reason, holds in entry.get("checks", ())),
        event=dict(entry.get("event", {})),
        lookups={alias: (table, key) for alias, (table, key) in entry.get("lookups", {}).items()},
        vocabulary=entry.get("vocabulary", "CAMEO"),
        citation=entry.get("citation", ""),
        versions=entry.get("versions", ""),
        where=entry.get("where", ""),
        gives=entry.get("gives", ""),
    )


def _columns(entry: dict[str, Any]) -> Iterator[Column]:
    ranges, aliases, recodes = (entry.get(key, {}) for key in ("range", "alias", "recode"))
    for kind in KINDS:
        for written in entry.get(kind, ()):
            source = written.rstrip("!?")
            low, high = ranges.get(source, (None, None))
            yield Column(
                source, tidy(source), kind, written.endswith("!"), written[-1] in "!?", low, high,
                tuple(aliases.get(source, ())), dict(recodes.get(source, {})),
            )  # fmt: skip
