"""Which actors a file covers: what a comparison has to know before it counts.

ICEWS names a state in two ways: as itself ("Russia") and through its parts ("Foreign Affairs (Russia)"). Where a file
keeps the parts of many states and none of the states themselves, its nodes were cut,
and counts over them measure the cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from buckpass.events.store import frame

if TYPE_CHECKING:
    import duckdb

WELL_NAMED = 50
CUT_SHARE = 0.1
WAS_CUT = "its own node was cut"


def measure(connection: duckdb.DuckDBPyConnection, file_id: int, is_named: bool) -> None:
    """Count a file's events by year and actor, as itself and through its parts; with NULL as the actor, all events.

    `is_named`: the file names its actors in words, and the table `named` says how each name stands for its actor. An event
    that the file has twice counts once; one that other files have too counts here as well (see `repeats`).
    """
    own = f"FROM event_rows WHERE file_id = {file_id} AND problem IS NULL AND NOT coalesce(list_contains(earlier, {file_id}), false)"
    names = "source, target, " if is_named else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE counted AS SELECT year(day) AS year, {names}source_id, target_id, count(*) AS n {own} "
        "GROUP BY ALL"
    )
    sides = " UNION ALL ".join(
        f"SELECT year, {side}_id AS actor, {side if is_named else 'NULL'} AS name, n FROM counted WHERE {side}_id IS NOT NULL"
        for side in ("source", "target")
    )
    way = (
        "LEFT JOIN (SELECT DISTINCT name, way FROM named) USING (name)"
        if is_named
        else "CROSS JOIN (SELECT 'itself' AS way)"
    )
    connection.execute(
        f"INSERT INTO coverage SELECT {file_id}, year, actor, sum(n) FILTER (way = 'itself'), sum(n) FILTER (way = 'part'), "
        f"sum(n) FROM ({sides}) {way} GROUP BY year, actor"
    )
    connection.execute(
        f"INSERT INTO coverage SELECT {file_id}, year, NULL, NULL, NULL, sum(n) FROM counted GROUP BY year"
    )


def totals(connection: duckdb.DuckDBPyConnection, files: Sequence[int]) -> pl.DataFrame:
    """How many events the files report of each year, each event once."""
    return frame(
        connection,
        "SELECT year, sum(events)::BIGINT AS total FROM (SELECT year, events FROM coverage WHERE actor IS NULL AND "
        "list_contains($1::INTEGER[], file_id) UNION ALL SELECT year, -events FROM repeats WHERE "
        "list_contains($1::INTEGER[], file_id) AND NOT list_contains(earlier, file_id) AND "
        "list_has_any(earlier, $1::INTEGER[])) GROUP BY year",
        [list(files)],
    )


@dataclass(frozen=True)
class FileCoverage:
    """What one file covers: events by actor, and whether whole actors were cut out of it."""

    file_id: int
    name: str
    publisher: str
    actors: dict[str, int]
    missing: dict[str, int]
    is_cut: bool

    def gap(self, actor: str) -> str:
        """Why the actor is not covered by this file; empty where it is."""
        if actor not in self.actors:
            return "has no event with it"
        if self.is_cut and actor in self.missing:
            return (
                f"names it {self.missing[actor]} times through its parts and never as itself, "
                f"as for many other states in that file: {WAS_CUT}"
            )
        return ""


def coverages(connection: duckdb.DuckDBPyConnection) -> tuple[FileCoverage, ...]:
    """The coverage of every event file in the store."""
    counts = frame(
        connection,
        "SELECT file_id, f.name, f.publisher, actor, coalesce(sum(as_itself), 0) AS as_itself, "
        "coalesce(sum(through_parts), 0) AS parts, "
        "sum(events) AS events FROM coverage JOIN files f USING (file_id) WHERE actor IS NOT NULL GROUP BY "
        "ALL ORDER BY file_id",
    ).with_columns(pl.col("as_itself", "parts", "events").cast(pl.Int64))
    return tuple(_coverage(group) for _, group in counts.group_by("file_id", maintain_order=True))


def _coverage(counts: pl.DataFrame) -> FileCoverage:
    first = counts.row(0, named=True)
    by_name = first["publisher"] == "ICEWS"
    missing = counts.filter((pl.col("as_itself") == 0) & (pl.col("parts") > 0))
    named = counts.filter(pl.col("parts") >= WELL_NAMED)
    cut = missing.filter(pl.col("parts") >= WELL_NAMED).height
    # an uncut file may lack one such node (the Vatican acts through its parts); a cut file lacks most
    is_cut = by_name and cut > max(1.0, CUT_SHARE * named.height)
    return FileCoverage(
        first["file_id"],
        first["name"],
        first["publisher"],
        dict(zip(counts["actor"], counts["events"], strict=True)),
        dict(zip(missing["actor"], missing["parts"], strict=True)),
        is_cut,
    )


def usable_files(files: Iterable[FileCoverage], actors: Sequence[str]) -> tuple[list[int], dict[str, str]]:
    """The files that cover all the actors, and for each actor that some file leaves out, why."""
    usable, reasons = [], {}
    for file in files:
        gaps = {actor: file.gap(actor) for actor in actors}
        gaps = {actor: f"{file.name} {gap}" for actor, gap in gaps.items() if gap}
        if not gaps:
            usable.append(file.file_id)
        reasons = gaps | reasons
    return usable, reasons


@dataclass(frozen=True)
class Window:
    """Days from `since` to `until`, both included."""

    since: date
    until: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.until - self.since).days + 1
