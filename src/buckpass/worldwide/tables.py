"""The publishers' tables of a store as the world's record needs them: states by ISO3, never by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from buckpass.events.actors import by_code, government, on
from buckpass.events.coding.support import THROUGH_COALITION, TROOPS, kinds_and_rungs
from buckpass.events.store import frame, tables
from buckpass.worldwide.errors import TablesMissing
from buckpass.worldwide.rules import Rules

if TYPE_CHECKING:
    import duckdb

__all__ = ["allied", "capabilities", "check_tables", "given", "intensities", "rivals", "touching"]

NEEDED = {
    "ucdp_support": "UCDP's External Support Dataset, triad-years (ucdp.uu.se/downloads)",
    "ucdp_conflicts": "the UCDP/PRIO armed conflict dataset (ucdp.uu.se/downloads)",
    "atop_dyad_years": "ATOP's directed dyad-years (atopdata.org)",
    "cow_contiguity": "COW direct contiguity, pairs of states and periods (correlatesofwar.org)",
    "tss_rivalries": "strategic rivalries (in the R package peacesciencer)",
}
OPTIONAL = {
    "cow_capabilities": "COW's national material capabilities, without which the powers count as equally able (correlatesofwar.org)"
}
NEAR = 3  # highest type of contiguity that is a border: 24 miles of water
Pairs = set[tuple[str, str, int]]  # of two states in a year


def check_tables(connection: duckdb.DuckDBPyConnection, store: Path) -> None:
    """Raise `TablesMissing` with all that is to be loaded."""
    missing, wanted = ([says for t, says in of.items() if t not in tables(connection)] for of in (NEEDED, OPTIONAL))
    if missing:
        raise TablesMissing(store, [*missing, *(f"if you have it, {says}" for says in wanted)])


def given(connection: duckdb.DuckDBPyConnection, the: Rules) -> pl.DataFrame:
    """What each state gave to a side of each conflict in each year: one row a triad of the publisher, without support too.

    conflict_id, year, location, host (ISO3 in that year), supporter (ISO3; null where none, or no state), is_against, low,
    high (the band of its kinds; null without support), is_alleged.
    """
    kinds = kinds_and_rungs()
    first, last = the.conflicts.years
    rows = frame(
        connection,
        f"SELECT conflict_id, year, location, gwno_a[1] AS number, actor_nonstate = 1 AS is_against, ext_name, "
        "coalesce(ext_alleged, 0) = 1 AS is_alleged, coalesce(ext_coalition, 0) = 1 AS is_coalition, "
        "coalesce(ext_sup, 0) = 1 AND coalesce(ext_nonstate, 0) = 0 AND coalesce(ext_elements, 0) = 0 AS is_state, "
        f"{', '.join(f'coalesce(ext_{kind}, 0) = 1 AS {kind}' for kind in kinds)} FROM ucdp_support "
        "WHERE year BETWEEN ? AND ? AND (active = 1 OR NOT ?) AND (civil = 1 OR NOT ?) ORDER BY id",
        [first, last, the.conflicts.only_active, the.conflicts.only_civil],
    )
    rows = rows.filter(~pl.col("location").is_in([one.location for one in the.conflicts.not_hosts]))
    low, high = _band(kinds, the)
    return rows.select(
        "conflict_id", "year", "location", "is_against", "is_alleged",
        host=_named(rows, "number", lambda number, year: by_code(number, "gw", year)),
        supporter=pl.when("is_state").then(_named(rows, "ext_name", _government)),
        low=pl.when("is_state").then(low), high=pl.when("is_state").then(high),
    )  # fmt: skip


def _government(name: str | None, year: int) -> str | None:
    state = government(name) if name else None
    return on(state, year) if state else None


def _named(rows: pl.DataFrame, column: str, who) -> pl.Series:
    """The states that a column names, each pair of name and year looked up once."""
    pairs = rows.select(column, "year").unique()
    known = pl.Series([who(*pair) for pair in pairs.iter_rows()], dtype=pl.String)
    return rows.select(column, "year").join(
        pairs.with_columns(known.alias("state")), on=[column, "year"], how="left", nulls_equal=True, maintain_order="left"
    )["state"]  # fmt: skip


def _band(kinds: dict[str, int | None], the: Rules) -> tuple[pl.Expr, pl.Expr]:
    """The rungs that the kinds of a row bear out: the highest that has a rung, else what is left open."""
    has_rung = [
        pl.when(kind).then(pl.when("is_coalition").then(THROUGH_COALITION).otherwise(rung) if kind in TROOPS else rung)
        for kind, rung in kinds.items() if rung is not None
    ]  # fmt: skip
    highest = pl.max_horizontal(has_rung)
    vague = pl.when("u").then(pl.lit("unknown")).when("o").then(pl.lit("other"))
    ends = [
        pl.coalesce(
            highest, vague.replace_strict({n: getattr(the.support, n).rungs[end] for n in ("unknown", "other")})
        )
        for end in (0, 1)
    ]
    return ends[0], ends[1]


def intensities(connection: duckdb.DuckDBPyConnection) -> tuple[dict[tuple[int, int], int], dict[tuple[str, int], int]]:
    """UCDP/PRIO's intensity (1 or 2) by conflict and year, and the highest by host and year."""
    rows = frame(
        connection,
        "SELECT conflict_id, year, unnest(coalesce(gwno_loc, gwno_a)) AS number, coalesce(intensity_level, 1) AS level "
        "FROM ucdp_conflicts WHERE type_of_conflict IN (3, 4) ORDER BY ALL",
    )
    by_conflict, by_host = {}, {}
    for conflict, year, number, level in rows.iter_rows():
        by_conflict[conflict, year] = max(level, by_conflict.get((conflict, year), 0))
        host = by_code(number, "gw", year)
        if host is not None:
            by_host[host, year] = max(level, by_host.get((host, year), 0))
    return by_conflict, by_host


def allied(connection: duckdb.DuckDBPyConnection, years: Sequence[int]) -> Pairs:
    """Pairs of states bound by a defence pact, by year."""
    rows = connection.execute(
        "SELECT ccode1, ccode2, year FROM atop_dyad_years WHERE atop_defense = 1 AND year BETWEEN ? AND ?",
        [min(years), max(years)],
    ).fetchall()
    return _pairs(rows)


def touching(connection: duckdb.DuckDBPyConnection, years: Sequence[int]) -> Pairs:
    """Pairs of states with a border, by year; what held at the data's end is taken to hold on."""
    rows = connection.execute(
        'SELECT statelno, statehno, begin // 100, if("end" = max("end") OVER (), ?, "end" // 100) FROM cow_contiguity '
        "WHERE conttype <= ?",
        [max(years), NEAR],
    ).fetchall()
    return _pairs((a, b, y) for a, b, since, until in rows for y in years if since <= y <= until)


def rivals(connection: duckdb.DuckDBPyConnection, years: Sequence[int]) -> Pairs:
    """Pairs of strategic rivals, by year; a rivalry without an end goes on."""
    rows = connection.execute('SELECT ccode1, ccode2, start, coalesce("end", ?) FROM tss_rivalries', [max(years)])
    return _pairs((a, b, y) for a, b, since, until in rows.fetchall() for y in years if since <= y <= until)


def _pairs(rows: Iterable[tuple[int, int, int]]) -> Pairs:
    """Both directions of each pair of COW numbers, as states of the year."""
    known: dict[tuple[int, int], str | None] = {}
    found: Pairs = set()
    for a, b, year in rows:
        for number in (a, b):
            if (number, year) not in known:
                known[number, year] = by_code(number, "cow", year)
        first, second = known[a, year], known[b, year]
        if first is not None and second is not None:
            found |= {(first, second, year), (second, first, year)}
    return found


def capabilities(connection: duckdb.DuckDBPyConnection, years: Sequence[int]) -> dict[tuple[str, int], float]:
    """COW's composite index of capability by state and year, the last known carried on; nothing where the store has none."""
    if "cow_capabilities" not in tables(connection):
        return {}
    rows = connection.execute(
        "SELECT ccode, year, max(cinc) FROM cow_capabilities WHERE cinc IS NOT NULL AND year BETWEEN ? AND ? GROUP BY ALL "
        "ORDER BY year",
        [min(years), max(years)],
    ).fetchall()
    found = {(state, year): cinc for number, year, cinc in rows if (state := by_code(number, "cow", year)) is not None}
    for state, year in list(found):
        if year == rows[-1][1]:
            found |= {(state, later): found[state, year] for later in years if later > year}
    return found
