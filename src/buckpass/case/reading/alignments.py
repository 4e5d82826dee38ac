"""Alignments that stand in a table of their own, alignments.csv, beside those of case.toml."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from buckpass.case.problems import Problem
from buckpass.case.reading.rows import AlignmentRow
from buckpass.case.reading.toml_reading import TomlFile
from buckpass.case.schema import Alignment, Settings

__all__ = ["FILE", "as_text", "in_both_forms", "with_rows"]

FILE = "alignments.csv"


def with_rows(file: TomlFile[Settings], rows: pl.DataFrame) -> TomlFile[Settings]:
    """The settings with the rows of alignments.csv after the blocks of case.toml, and where each of them stands."""
    if file.content is None or rows.is_empty():
        return file
    own = file.content.alignments
    read = tuple(_entry(row) for row in rows.iter_rows(named=True))
    places = {("alignments", len(own) + n): (FILE, line) for n, line in enumerate(rows["line"])}
    return replace(file, content=file.content.model_copy(update={"alignments": (*own, *read)}), rows=places)


def _entry(row: dict) -> Alignment:
    given = {key: value for key, value in row.items() if key not in ("line", "source_id") and value is not None}
    return Alignment.model_validate(given | {"sources": tuple(row["source_id"])})


def as_text(settings: Settings) -> str:
    """All alignments of a case as the text of alignments.csv, without the columns that say nothing."""
    rows = [entry.model_dump(by_alias=True, mode="json") for entry in settings.alignments]
    cells = [row | {"source_id": ";".join(row["sources"])} for row in rows]
    columns = [
        name for name, info in AlignmentRow.columns().items() if info.is_required() or any(cell[name] for cell in cells)
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return out.getvalue()


def in_both_forms(file: TomlFile[Settings]) -> Iterator[Problem]:
    """Relations of which some periods stand in case.toml and some in alignments.csv."""
    entries = [*enumerate(file.content.alignments if file.content else ())]
    blocks = {(a.theatre, a.of, a.with_): n for n, a in entries if ("alignments", n) not in file.rows}
    for n, a in entries:
        if ("alignments", n) in file.rows and (block := blocks.pop((a.theatre, a.of, a.with_), None)) is not None:
            _, line = file.place(("alignments", block))
            seen = f"{a.of} with {a.with_} in {a.theatre} stands in case.toml too, on line {line}"
            hint = "keep one form: delete the block there or the row here; `buckpass migrate` moves all blocks"
            yield file.problem(("alignments", n), seen, hint)
