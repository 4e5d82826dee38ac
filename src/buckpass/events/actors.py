"""Who names and codes of event files stand for: states by ISO3, organisations by id, leaders by their dates."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from buckpass.case.catalogue import state_names
from buckpass.events.errors import EventsExtraMissing
from buckpass.events.own_tables import own_rows

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
    """ISO3 of a state, or the id of an organisation, by its name as publishers write it; None when unknown.

    The order of the words, articles, `Rep.` for Republic and the like do not matter; a second name in parentheses may stand
    behind the first.

    >>> state_or_organisation("Korea, Dem. People's Rep."), state_or_organisation("Myanmar (Burma)")
    ('PRK', 'MMR')
    """
    key = _key(name)
    known = _organisations().get(key) or _states().get(key)
    if known is None and name.rstrip().endswith(")") and "(" in name:
        return state_or_organisation(name[: name.index("(")])
    return known


def government(name: str) -> str | None:
    """The state whose government a conflict file names as an actor: "Government of Kyrgyzstan" is KGZ."""
    state = re.fullmatch("Government of (.+)", name.strip())
    return state_or_organisation(state.group(1)) if state else None


def by_code(code: str | int, system: str, year: int | None = None) -> str | None:
    """ISO3 of a state by a code (COW, Gleditsch-Ward, FIPS 10-4, CAMEO, ISO3), in a year where codes changed hands.

    >>> by_code(365, "cow", 1980), by_code(365, "cow", 2020)
    ('SUN', 'RUS')
    """
    if system not in SYSTEMS:
        raise ValueError(f"code system {system!r} is none of {', '.join(SYSTEMS)}")
    text = str(code).strip().upper().removesuffix(".0")
    own = _codes().get((system, text), ())
    if len(own) == 1:
        return own[0].actor
    if own:
        asked = date(year, 7, 1) if year else LAST
        return next((named.actor for named in own if named.since <= asked <= named.until), None)
    return text if system in ("iso3", "cameo") and text in iso3_codes() else None


def heirs(state: str) -> tuple[str, ...]:
    """A state and, where it is no more, the one that goes on in its place."""
    return (state, *(row["heir"] for row in own_rows("lineage.csv") if row["former"] == state))


def on(state: str, year: int) -> str:
    """What a state of today was in a year: Russia in 1985 was the Soviet Union."""
    return next(
        (r["former"] for r in own_rows("lineage.csv") if r["heir"] == state and year <= int(r["until"]) and r["seat"]),
        state,
    )


def capital(state: str) -> tuple[float, float] | None:
    """Latitude and longitude of a state's capital, in degrees; None for what is no state of today."""
    return next(
        (
            (float(row["latitude"]), float(row["longitude"]))
            for row in own_rows("capitals.csv")
            if row["actor"] == state
        ),
        None,
    )


def state_name(state: str) -> str:
    """A state's usual name in English; the code itself where it is unknown."""
    return state_names().get(state, state)


def organisation_name(body: str) -> str:
    """An organisation's first name in `data/organisations.csv`; the id itself where it is unknown."""
    return next((row["name"] for row in own_rows("organisations.csv") if row["actor"] == body), body)


def members(body: str) -> tuple[dict[str, str], ...]:
    """The states of an organisation with the first and last day of each, `*` for every state; none where it is unknown."""
    return tuple(
        {name: row[name] for name in ("state", "from", "to") if row[name]}
        for row in own_rows("members.csv")
        if row["organisation"] == body
    )


def gdelt_countries() -> dict[str, str]:
    """CAMEO country codes that are not the ISO3 code."""
    return {row["code"]: row["actor"] for row in own_rows("codes.csv") if row["system"] == "cameo"}


def gdelt_groups() -> dict[str, str]:
    """GDELT's codes of known groups, by organisation."""
    return {row["gdelt_group"]: row["actor"] for row in own_rows("organisations.csv") if row["gdelt_group"]}


def name_actors(connection: duckdb.DuckDBPyConnection, file_id: int) -> None:
    """Fill `source_id` and `target_id` of a file's events from their names where the file has no code for them, and leave
    the names in the table `named`."""
    distinct = connection.execute(
        "SELECT DISTINCT source AS name FROM event_rows WHERE file_id = $1 AND problem IS NULL UNION "
        "SELECT target FROM event_rows WHERE file_id = $1 AND problem IS NULL",
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
            f"WHERE file_id = ? AND {side}_id IS NULL AND n.name = event_rows.{side} "
            f"AND event_rows.day BETWEEN n.since AND n.until",
            [file_id],
        )


def _way(name: str) -> str:
    """How a name stands for its actor: as itself, as a leader, or as a part of it."""
    if _key(name) in _leaders():
        return "leader"
    return "part" if "(" in name else "itself"


# words that say nothing of which state is meant, and what publishers shorten
EMPTY = frozenset(("the", "of", "and"))
SHORT = {"rep": "republic", "dem": "democratic", "fed": "federal", "st": "saint", "is": "islands"}


@cache
def _key(name: str) -> str:
    """A name without accents, case, punctuation and empty words, its words in the order of the alphabet."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = [str(SHORT.get(word, word)) for word in re.findall(r"[a-z0-9]+", plain.replace("'", ""))]
    return " ".join(sorted(word for word in words if word and word not in EMPTY))


def _day(year: str, is_first: bool) -> date:
    if not year:
        return FIRST if is_first else LAST
    return date(int(year), 1, 1) if is_first else date(int(year), 12, 31)


@cache
def _codes() -> dict[tuple[str, str], tuple[Named, ...]]:
    found: dict[tuple[str, str], tuple[Named, ...]] = {}
    for row in own_rows("codes.csv"):
        key = (row["system"], row["code"])
        named = Named(row["actor"], _day(row["since"], True), _day(row["until"], False))
        found[key] = (*found.get(key, ()), named)
    return found


@cache
def _leaders() -> dict[str, tuple[Named, ...]]:
    found: dict[str, tuple[Named, ...]] = {}
    for row in own_rows("leaders.csv"):
        since = date.fromisoformat(row["since"]) if row["since"] else FIRST
        until = date.fromisoformat(row["until"]) if row["until"] else LAST
        key = _key(row["name"])
        found[key] = (*found.get(key, ()), Named(row["actor"], since, until))
    return found


@cache
def _organisations() -> dict[str, str]:
    return {_key(row["name"]): row["actor"] for row in own_rows("organisations.csv")}


@cache
def _states() -> dict[str, str]:
    found = {}
    for row in _country_table():
        for name in (row["name_short"], row["name_official"]):
            found[_key(name)] = row["ISO3"]
    return found | {_key(row["name"]): row["actor"] for row in own_rows("aliases.csv")}


@cache
def iso3_codes() -> frozenset[str]:
    """Every ISO3 code of a state of today, and the ids of former states."""
    former = {row["former"] for row in own_rows("lineage.csv")}
    return frozenset(row["ISO3"] for row in _country_table() if row["ISO3"]) | former


@cache
def _country_table() -> tuple[dict[str, str], ...]:
    # the table of country-converter 1.3 is read as data, for names only: its own reader takes Namibia's NA for a missing
    # value under pandas 3, which takes a second to import, and its numbers are those of a year, where states have had several
    package = find_spec("country_converter")
    if package is None or package.origin is None:
        raise EventsExtraMissing
    text = Path(package.origin).with_name("country_data.tsv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines(), delimiter="\t"))
