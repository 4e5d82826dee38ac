"""Who names and codes of event files stand for: states by ISO3, organisations by id, leaders by their dates."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import polars as pl

from buckpass.events.errors import EventsExtraMissing

if TYPE_CHECKING:
    import duckdb

SYSTEMS = ("iso3", "cow", "gw", "fips", "cameo")
FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True)
class Named:
    """Whom a name stands for, between two days."""

    actor: str
    since: date = FIRST
    until: date = LAST


def resolve(name: str) -> tuple[Named, ...]:
    """Whom a name in an event file stands for; empty when nobody known.

    A leader's name counts for the state during the years of office only. A part of a government counts for the state
    in the
    last parentheses: "Foreign Affairs (Russia)" is RUS. All else must be the full name of a state or an organisation:
    "Bank of China" is nobody's foreign policy.

    >>> [named.actor for named in resolve("Foreign Affairs (Kazakhstan)")]
    ['KAZ']
    """
    leader = _leaders().get(_key(name))
    if leader:
        return leader
    inside = re.search(r"\(([^()]+)\)\s*$", name)
    actor = state_or_organisation(inside.group(1) if inside else name)
    return (Named(actor),) if actor else ()


def state_or_organisation(name: str) -> str | None:
    """ISO3 of a state, or the id of an organisation, by its full name; None when unknown."""
    key = _key(name)
    return _organisations().get(key) or _states().get(key)


def by_code(code: str | int, system: str, year: int | None = None) -> str | None:
    """ISO3 of a state by a code (COW, Gleditsch-Ward, FIPS 10-4, CAMEO, ISO3), in a year where codes changed hands.

    >>> by_code(365, "cow", 1980), by_code(365, "cow", 2020)
    ('SUN', 'RUS')
    """
    if system not in SYSTEMS:
        raise ValueError(f"code system {system!r} is none of {', '.join(SYSTEMS)}")
    text = str(code).strip().upper().removesuffix(".0")
    own = [row for row in _data("codes.csv") if row["system"] == system and row["code"] == text]
    for row in own:
        if year is None or (int(row["since"] or 0) <= year <= int(row["until"] or 9999)):
            return row["actor"]
    return None if own or system == "fips" else _published(system).get(text)


def capital(state: str) -> tuple[float, float] | None:
    """Latitude and longitude of a state's capital, in degrees; None for what is no state of today."""
    return next(
        ((float(row["latitude"]), float(row["longitude"])) for row in _data("capitals.csv") if row["actor"] == state),
        None,
    )


def state_name(state: str) -> str:
    """A state's usual name in English; the code itself where it is unknown."""
    return next((row["name_short"] for row in _country_table() if row["ISO3"] == state), state)


def gdelt_countries() -> dict[str, str]:
    """CAMEO country codes that are not the ISO3 code."""
    return {row["code"]: row["actor"] for row in _data("codes.csv") if row["system"] == "cameo"}


def gdelt_groups() -> dict[str, str]:
    """GDELT's codes of known groups, by organisation."""
    return {row["gdelt_group"]: row["actor"] for row in _data("organisations.csv") if row["gdelt_group"]}


def name_actors(connection: duckdb.DuckDBPyConnection, file_id: int) -> None:
    """Fill `source_id` and `target_id` of a file's events from their names, and leave those in the table `named`."""
    distinct = connection.execute(
        "SELECT DISTINCT source AS name FROM events WHERE file_id = $1 UNION SELECT target FROM events WHERE "
        "file_id = $1",
        [file_id],
    ).fetchall()
    rows = [
        (name, who.actor, who.since, who.until, _way(name)) for (name,) in distinct if name for who in resolve(name)
    ]
    schema = {"name": pl.String, "actor": pl.String, "since": pl.Date, "until": pl.Date, "way": pl.String}
    connection.register("named_now", pl.DataFrame(rows, schema=schema, orient="row"))
    connection.execute("CREATE OR REPLACE TEMP TABLE named AS SELECT * FROM named_now")
    connection.unregister("named_now")
    for side in ("source", "target"):
        connection.execute(
            f"UPDATE event_rows SET {side}_id = n.actor FROM named n "
            f"WHERE file_id = ? AND n.name = event_rows.{side} AND event_rows.day BETWEEN n.since AND n.until",
            [file_id],
        )


def _way(name: str) -> str:
    """How a name stands for its actor: as itself, as a leader, or as a part of it."""
    if _key(name) in _leaders():
        return "leader"
    return "part" if "(" in name else "itself"


def _key(name: str) -> str:
    return re.sub(r"[^\w]+", " ", name.casefold()).strip()


@cache
def _data(name: str) -> tuple[dict[str, str], ...]:
    text = resources.files("buckpass.events").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def _leaders() -> dict[str, tuple[Named, ...]]:
    found: dict[str, tuple[Named, ...]] = {}
    for row in _data("leaders.csv"):
        since = date.fromisoformat(row["since"]) if row["since"] else FIRST
        until = date.fromisoformat(row["until"]) if row["until"] else LAST
        key = _key(row["name"])
        found[key] = (*found.get(key, ()), Named(row["actor"], since, until))
    return found


@cache
def _organisations() -> dict[str, str]:
    return {_key(row["name"]): row["actor"] for row in _data("organisations.csv")}


@cache
def _states() -> dict[str, str]:
    found = {}
    for row in _country_table():
        for name in (row["name_short"], row["name_official"]):
            found[_key(name)] = row["ISO3"]
    return found | {_key(row["name"]): row["actor"] for row in _data("aliases.csv")}


@cache
def _published(system: str) -> dict[str, str]:
    column = {"iso3": "ISO3", "cameo": "ISO3"}.get(system, "GWcode")
    return {row[column].removesuffix(".0"): row["ISO3"] for row in _country_table() if row[column]}


@cache
def _country_table() -> tuple[dict[str, str], ...]:
    # the table of country-converter 1.3 is read as data: its own reader takes Namibia's NA for a missing value under
    # pandas 3
    try:
        text = resources.files("country_converter").joinpath("country_data.tsv").read_text(encoding="utf-8")
    except ModuleNotFoundError as error:
        raise EventsExtraMissing from error
    return tuple(csv.DictReader(text.splitlines(), delimiter="\t"))
