"""Violence in the hosts by year, from UCDP's georeferenced events and from ACLED."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from buckpass.events.actors import by_code, heirs, state_or_organisation
from buckpass.events.store import tables

if TYPE_CHECKING:
    import duckdb

SCHEMA = {
    "host": pl.String, "year": pl.Int64, "source": pl.String, "events": pl.Int64, "deaths": pl.Int64, "low": pl.Int64,
    "high": pl.Int64,
}  # fmt: skip
GED = (
    "SELECT country_id, year(date_start) AS year, count(*), sum(best), sum(coalesce(low, best)), sum(coalesce(high, best)) "
    "FROM ucdp_ged GROUP BY ALL"
)
ACLED = "SELECT country, year(event_date) AS year, count(*), sum(fatalities), NULL, NULL FROM acled GROUP BY ALL"


def violence(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str]) -> pl.DataFrame:
    """Events and deaths in the hosts by year and source; a year without events of a source has no row."""
    have = tables(connection)
    rows = []
    for source, table, query in (("UCDP GED", "ucdp_ged", GED), ("ACLED", "acled", ACLED)):
        for place, year, *counts in connection.execute(query).fetchall() if table in have else ():
            state = by_code(place, "gw", year) if source == "UCDP GED" else state_or_organisation(place)
            rows += [(host, year, source, *counts) for host in hosts if state is not None and host in heirs(state)]
    found = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    summed = found.group_by("host", "year", "source").agg(
        pl.col("events", "deaths").sum(),
        *(pl.when(pl.col(c).count() > 0).then(pl.col(c).sum()).alias(c) for c in ("low", "high")),
    )
    return summed.sort("host", "year", "source")
