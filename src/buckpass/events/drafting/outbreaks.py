"""Weeks of unusual violence and protest in the hosts, in news events and in ACLED's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from buckpass.events.actors import state_or_organisation
from buckpass.events.coding.ladder import VIOLENT
from buckpass.events.drafting.found import Found
from buckpass.events.store import frame, tables

if TYPE_CHECKING:
    import duckdb

WEEK = timedelta(days=7)
FEWEST_IN_A_WEEK = 10
TIMES_THE_USUAL = 3.0
# week, host (of ACLED its name for the country), how many events, from which files
NEWS = (
    "SELECT date_trunc('week', day)::DATE AS week, target_id AS host, count(DISTINCT (day, source, target, code)) AS n, "
    f"list(DISTINCT file_id) AS files FROM events WHERE regexp_full_match(code, '{VIOLENT}') AND year(day) >= ? GROUP BY ALL"
)
COUNTED = (
    "SELECT date_trunc('week', event_date)::DATE AS week, country AS host, count(*) AS n, list(DISTINCT file_id) AS files "
    "FROM acled WHERE year(event_date) >= ? GROUP BY ALL"
)


def outbreaks(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], from_year: int) -> list[Found]:
    """Weeks of unusual coercion within or against a host, among the weeks reported on; weeks in a row are one.

    ACLED's events are counted apart from those of the news: one week may be unusual in one of them only. Where both have
    it, that is one outbreak.
    """
    news = _unusual(_weeks(connection, "events", "day", NEWS, hosts, from_year), "coercive events")
    if "acled" not in tables(connection):
        return list(news)
    counted = _unusual(_weeks(connection, "acled", "event_date", COUNTED, hosts, from_year), "events of ACLED")
    return _joined([*news, *counted])


def _weeks(
    connection: duckdb.DuckDBPyConnection, table: str, day: str, query: str, hosts: Sequence[str], from_year: int
) -> pl.DataFrame:
    """Every week that a table reports on, for every host, with its events and files; without events 0."""
    found = frame(connection, query, [from_year])
    named = {name: name if table == "events" else state_or_organisation(str(name)) for name in found["host"].unique()}
    of_hosts = (
        found.with_columns(pl.col("host").replace_strict(named, default=None, return_dtype=pl.String))
        .filter(pl.col("host").is_in(list(hosts)))
        .group_by("week", "host")
        .agg(pl.col("n").sum(), pl.col("files").list.explode().unique())
    )
    reported = frame(
        connection,
        f"SELECT DISTINCT date_trunc('week', {day})::DATE AS week FROM {table} WHERE year({day}) >= ?",
        [from_year],
    )
    every = reported.join(pl.DataFrame({"host": list(hosts)}, schema={"host": pl.String}), how="cross")
    counts = every.join(of_hosts, on=["week", "host"], how="left").with_columns(pl.col("n").fill_null(0))
    return counts.sort("host", "week")


def _unusual(weeks: pl.DataFrame, what: str) -> Iterable[Found]:
    usual = pl.col("n").median().over("host")
    hot = weeks.with_columns(usual=usual).filter(
        (pl.col("n") >= FEWEST_IN_A_WEEK) & (pl.col("n") > TIMES_THE_USUAL * pl.col("usual"))
    )
    runs = hot.with_columns(run=(pl.col("week").diff() != WEEK).fill_null(True).cum_sum().over("host"))
    for (host, _), group in runs.group_by("host", "run", maintain_order=True):
        start, last = group["week"].min(), group["week"].max()
        assert isinstance(start, date)
        assert isinstance(last, date)
        end = last + WEEK - timedelta(days=1)
        why = f"{group['n'].sum()} {what} in {group.height} week(s), {group['usual'][0]:g} in its median week"
        files = tuple(sorted({file_id for listed in group["files"] for file_id in listed}))
        yield Found((str(host),), "unrest", start, end, end, 1, why, files)


def _joined(found: Sequence[Found]) -> list[Found]:
    """Outbreaks of one host that overlap, as one."""
    joined: list[Found] = []
    for one in sorted(found, key=lambda one: (one.hosts, one.start)):
        before = joined[-1] if joined else None
        if before is None or before.hosts != one.hosts or one.start > before.last:
            joined.append(one)
            continue
        end = max(before.last, one.last)
        files = tuple(sorted({*before.files, *one.files}))
        joined[-1] = Found(one.hosts, "unrest", before.start, end, end, 1, f"{before.why}; {one.why}", files)
    return joined
