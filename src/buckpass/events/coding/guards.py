"""Guards: what the field's files get wrong without saying so, each with the refusal that names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import polars as pl

from buckpass.events.coding.coverage import coverages, usable_files
from buckpass.events.errors import ImplausibleLabels, NoEvents, PartialPartners, UncoveredActors
from buckpass.events.own_tables import own_rows
from buckpass.events.store import frame, reading, tables

FARTHEST = 0.4


@cache
def base_rates() -> dict[str, float]:
    """The share of each CAMEO root in a month of ICEWS with its full set of actors (sums to 1 within rounding)."""
    return {row["root"]: float(row["share"]) for row in own_rows("base_rates.csv")}


def label_distance(counts: Mapping[str, float]) -> float:
    """How far counts by CAMEO root lie from the base rates over those roots: total variation, 0 same to 1 disjoint.

    Files of ICEWS and GDELT that were checked lie within 0.16 of each other; 0.4 is refused.
    """
    listed = {root: base_rates().get(root, 0.0) for root in counts}
    total, base = sum(counts.values()), sum(listed.values())
    if total <= 0 or base <= 0:
        return 1.0
    return 0.5 * sum(abs(counts[root] / total - listed[root] / base) for root in counts)


def check_labels(table: str, counts: Mapping[str, float]) -> None:
    """Raise `ImplausibleLabels` when counts by root cannot be what their labels say."""
    distance = label_distance(counts)
    empty = [root for root, count in counts.items() if count == 0 and base_rates().get(root, 0) >= 0.01]
    if distance <= FARTHEST:
        return
    largest = max(counts, key=lambda root: counts[root])
    reason = (
        f"{distance:.2f} away from CAMEO base rates, where 0.16 is usual and {FARTHEST} is refused; largest: {largest}"
    )
    if empty:
        reason += f"; not one event of root {', '.join(empty)}"
    raise ImplausibleLabels(table, reason)


def dyad_months(store: Path) -> pl.DataFrame:
    """The dyad-month counts of the store, once their labels have been found plausible.

    Raises `ImplausibleLabels` where they are not, `NoEvents` where there are none.
    """
    with reading(Path(store)) as connection:
        if "icews_dyad_months" not in tables(connection):
            raise NoEvents(Path(store), "dyad-month counts")
        rows = frame(connection, "SELECT * EXCLUDE (row) FROM icews_dyad_months")
    counts = {f"{root:02d}": float(rows[f"event{root}"].sum()) for root in range(1, 21)}
    check_labels("icews_dyad_months", counts)
    return rows


def compare_activity(store: Path, actors: Sequence[str], hosts: Sequence[str]) -> pl.DataFrame:
    """How many dated events each actor directs at the hosts, over the files that cover all of them.

    One event a day per actor, host and code. Raises `UncoveredActors` when no file covers every actor and host: a
    count would then compare what the file left out.
    """
    with reading(Path(store)) as connection:
        usable, reasons = usable_files(coverages(connection), [*actors, *hosts])
        if not usable:
            raise UncoveredActors(reasons or dict.fromkeys(actors, "the store holds no events"))
        counts = frame(
            connection,
            "SELECT source_id AS actor, count(DISTINCT (day, target_id, code)) AS events FROM events_of(?) "
            "WHERE list_contains(?::VARCHAR[], source_id) "
            "AND list_contains(?::VARCHAR[], target_id) AND source_id <> target_id GROUP BY ALL",
            [usable, list(actors), list(hosts)],
        )
    every = pl.DataFrame({"actor": list(actors)}, schema={"actor": pl.String})
    return every.join(counts, on="actor", how="left").with_columns(pl.col("events").fill_null(0).cast(pl.Int64))


def top_partner_trade(store: Path, reporter: str, partner: str, indicator: str, years: Sequence[int]) -> pl.DataFrame:
    """Trade with a partner by year from a table of the five largest partners.

    Raises `PartialPartners` when a year has no figure: the partner was not among the five, which is not zero.
    """
    with reading(Path(store)) as connection:
        if "wits" not in tables(connection):
            raise NoEvents(Path(store), "WITS trade table")
        found = frame(
            connection,
            "SELECT year, value FROM wits WHERE reporter = ? AND partner = ? AND indicator = ? "
            "AND list_contains(?::INTEGER[], year) ORDER BY year",
            [reporter, partner, indicator, list(years)],
        )
    filled = set(found.drop_nulls("value")["year"])
    absent = [year for year in years if year not in filled]
    if absent:
        raise PartialPartners(reporter, partner, absent)
    return found
