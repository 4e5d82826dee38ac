"""What files are read, and what is known and not read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from buckpass.events.files.layouts import layouts
from buckpass.events.files.not_read import not_read
from buckpass.results.table import ResultTable


@dataclass(frozen=True)
class Formats:
    """`read`: one row a layout; `not_read`: kinds that are refused by name, with what to do instead."""

    read: pl.DataFrame
    not_read: pl.DataFrame

    def table(self) -> ResultTable:
        """The files that are read."""
        return self.tables()[0]

    def tables(self) -> tuple[ResultTable, ...]:
        """Both lists."""
        note = "Plain, .gz or .zip; told by content. Citations: `--json`. Columns: events/data/layouts.toml."
        shown = self.read.select("publisher", "file", "versions", "where", "gives")
        return ResultTable(shown, "Files that are read", note=note), ResultTable(self.not_read, "Known and not read")

    def as_dict(self) -> dict[str, Any]:
        """Both lists as plain values."""
        return {"read": self.read.to_dicts(), "not_read": self.not_read.to_dicts()}


def formats() -> Formats:
    """Every layout with its publisher, versions, where to get it and what is taken from it."""
    read = [
        {
            "layout": known.id, "publisher": known.publisher, "file": known.says, "versions": known.versions,
            "where": known.where, "gives": known.gives, "citation": known.citation,
        }
        for known in sorted(layouts(), key=lambda known: (known.publisher, known.id))
    ]  # fmt: skip
    return Formats(
        pl.DataFrame(read),
        pl.DataFrame([{"kind": kind.name, "instead": kind.advice} for kind in not_read()]),
    )
