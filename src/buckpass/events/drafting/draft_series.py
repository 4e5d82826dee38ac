"""Series of a draft case: what the tables of a store say of powers and hosts by year, in the publishers' units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from buckpass.events.actors import LAST, by_code, state_or_organisation
from buckpass.events.coding.support import supports
from buckpass.events.store import tables

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class SeriesTable:
    """A table that has a series: its query gives file, actor, partner, year, value as the publisher names them."""

    series: str
    domain: str
    table: str
    unit: str
    query: str
    who: Callable[[Any, int], str | None]


def _by_name(name: Any, year: int) -> str | None:
    return state_or_organisation(str(name))


def _by_number(number: Any, year: int) -> str | None:
    return by_code(number, "cow", year)


SUPPORT = "support"
# the first table of a series that the store has is used
TABLES = (
    SeriesTable(
        "exports", "economic", "itpd_dyads", "constant 2010 USD",
        "SELECT file_id, reporter_iso3, partner_iso3, year, sum(export_value) FROM itpd_dyads WHERE year >= ? GROUP BY ALL",
        lambda code, year: by_code(code, "iso3", year),
    ),
    SeriesTable(
        "arms", "security", "sipri_register", "million TIV delivered",
        "SELECT file_id, supplier, recipient, delivery_year, sum(tiv_delivery_values) FROM sipri_register "
        "WHERE delivery_year >= ? GROUP BY ALL",
        _by_name,
    ),
    SeriesTable(
        "arms", "security", "sipri_deals", "million TIV delivered, a deal spread evenly over its years of delivery",
        "SELECT file_id, supplier, recipient, trim(year)::INTEGER AS delivered, sum(tiv / len(years)) FROM (SELECT file_id, "
        "supplier, recipient, sipri_tiv_of_delivered_weapons AS tiv, string_split(year_s_of_delivery, ';') AS years, "
        "unnest(years) AS year FROM sipri_deals) WHERE delivered >= ? GROUP BY ALL",
        _by_name,
    ),
    SeriesTable(
        "milex", "capacity", "sipri_milex", "million constant USD",
        "SELECT file_id, country, NULL, year, milex FROM sipri_milex WHERE title LIKE 'million US$, constant%' "
        "AND year >= ? ORDER BY title DESC, country, year",
        _by_name,
    ),
    SeriesTable(
        "milex", "capacity", "cow_capabilities", "thousand current USD",
        "SELECT file_id, ccode, NULL, year, sum(milex) FROM cow_capabilities WHERE year >= ? GROUP BY ALL",
        _by_number,
    ),
)  # fmt: skip
EVENTS = SeriesTable(
    "events", "", "event_rows", "events, one a day per code",
    "SELECT min(file_id), source_id, target_id, year(day) AS year, count(DISTINCT (day, code)) FROM events "
    "WHERE year >= ? AND source_id IS NOT NULL AND target_id IS NOT NULL GROUP BY source_id, target_id, year",
    lambda code, year: code,
)  # fmt: skip


def series_rows(
    connection: duckdb.DuckDBPyConnection, powers: Sequence[str], hosts: Sequence[str], from_year: int
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Rows of series.csv: exports, arms and support from the powers to the hosts, their military spending, their events; and
    the names of those who traded with them and are no state or organisation that is known.

    A table that the store lacks gives no row; a year that a table leaves empty stays empty.
    """
    have = tables(connection)
    rows = [*_support(connection, powers, hosts, from_year)]
    unknown: set[str] = set()
    for known in (*TABLES, EVENTS):
        if known.table in have and known.series not in {row["series"] for row in rows}:
            found = connection.execute(known.query, [from_year]).fetchall()
            rows += _rows(found, known, powers, hosts, unknown)
    return rows, tuple(sorted(unknown))


def _rows(
    found: Iterable[tuple], known: SeriesTable, powers: Sequence[str], hosts: Sequence[str], unknown: set[str]
) -> Iterable[dict[str, Any]]:
    kept: dict[tuple[str, str, int], tuple[float, int]] = {}
    for file_id, actor, partner, year, value in found:
        power, host = known.who(actor, year), "" if partner is None else known.who(partner, year)
        if value and known is not EVENTS and ((power is None and host in hosts) or (host is None and power in powers)):
            unknown.add(str(actor if power is None else partner))
        if value is not None and power is not None and power in powers and host is not None and host in ("", *hosts):
            kept.setdefault((power, host, year), (value, file_id))
    for (power, host, year), (value, file_id) in sorted(kept.items()):
        yield _row(known.series, power, host, year, value, known.unit, file_id)


def _support(
    connection: duckdb.DuckDBPyConnection, powers: Sequence[str], hosts: Sequence[str], from_year: int
) -> Iterable[dict[str, Any]]:
    """How many kinds of support each power gave a host's government in a year; what is only alleged is left out."""
    given: dict[tuple[str, str, int], tuple[set[str], int]] = {}
    for one in supports(connection, hosts, (from_year, LAST.year)):
        if one.supporter in powers and not one.is_against_host and not one.is_alleged:
            kinds, _ = given.setdefault((one.supporter, one.host, one.year), (set(), int(one.key.split(":")[0])))
            kinds.update(one.kinds)
    for (power, host, year), (kinds, file_id) in sorted(given.items()):
        yield _row(SUPPORT, power, host, year, len(kinds), "kinds of support to the government", file_id)


def _row(series: str, power: str, host: str, year: int, value: float, unit: str, file_id: int) -> dict[str, Any]:
    return {
        "series": series, "actor": power, "partner": host, "year": year, "value": f"{value:.10g}",
        "unit": unit, "source_id": f"file{file_id}", "confidence": "low", "note": "machine: confirm",
    }  # fmt: skip


def measured_by(rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Which series stands for each domain of a case: the published one, the events where the store has none, or support."""
    present = {row["series"] for row in rows}
    found = {}
    for known in TABLES:
        choice = [name for name in (known.series, EVENTS.series, SUPPORT) if name in present]
        if choice:
            found.setdefault(known.domain, choice[0])
    return found
