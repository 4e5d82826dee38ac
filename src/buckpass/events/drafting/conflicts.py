"""Wars of the hosts: UCDP/PRIO's conflict episodes, and what UCDP's georeferenced events add to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from buckpass.events.actors import by_code, heirs, state_or_organisation
from buckpass.events.drafting.found import Found
from buckpass.events.store import tables

if TYPE_CHECKING:
    import duckdb

INTERSTATE, CIVIL = 2, (3, 4)  # UCDP's types; 1 is extrasystemic
DEATHS_OF_A_WAR, DEATHS_OF_A_YEAR = 2, 25
MOST_HOSTS = 2  # of one crisis
QUIET = timedelta(days=90)  # before the end of the data, after which a conflict is taken to have ended
WAR, MINOR = 4, 2  # threat levels, placeholders


@dataclass(frozen=True)
class ConflictYear:
    """One conflict in one year."""

    conflict: int
    year: int
    kind: int
    parties: Sequence[int]
    places: Sequence[int]
    territory: str
    intensity: int
    began: date | None
    ended: date | None
    file_id: int


def conflicts(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], from_year: int) -> list[Found]:
    """Conflicts in the hosts that went on in a year or later, each episode with its true first and last day.

    An interstate war is a crisis of each host that is a party; any other conflict of the state in which it happens, or of the
    host whose name the disputed territory bears. A host stands for the states in whose place it goes on.
    """
    known = _from_table(connection)
    found = [_found(list(years), hosts, known[-1].year) for years in _episodes(known)] if known else []
    kept = [one for one in found if one is not None and one.last.year >= from_year]
    return [*kept, *_from_events(connection, hosts, from_year, known)]


def _from_table(connection: duckdb.DuckDBPyConnection) -> list[ConflictYear]:
    if "ucdp_conflicts" not in tables(connection):
        return []
    rows = connection.execute(
        "SELECT conflict_id, year, type_of_conflict, coalesce(gwno_a, []) || coalesce(gwno_b, []), "
        "coalesce(gwno_loc, gwno_a, []), coalesce(territory_name, ''), intensity_level, start_date2, ep_end_date, file_id "
        "FROM ucdp_conflicts ORDER BY year, conflict_id"
    ).fetchall()
    return [ConflictYear(*row) for row in rows]


def _episodes(known: Iterable[ConflictYear]) -> Iterable[Iterable[ConflictYear]]:
    """Years that belong together: UCDP writes the same first day into every year of an episode."""

    def episode(one: ConflictYear) -> tuple[int, date]:
        return one.conflict, one.began or date(one.year, 1, 1)

    return (list(years) for _, years in groupby(sorted(known, key=lambda one: (episode(one), one.year)), key=episode))


def _found(years: list[ConflictYear], hosts: Sequence[str], newest: int) -> Found | None:
    first, last = years[0], years[-1]
    is_interstate = first.kind == INTERSTATE
    places = _party_hosts(years, hosts) if is_interstate else _place_hosts(years, hosts)
    if not places or first.kind not in (INTERSTATE, *CIVIL):
        return None
    ended = max((one.ended for one in years if one.ended), default=None)
    end = ended or (None if last.year == newest else date(last.year, 12, 31))
    intensity = max(one.intensity or 1 for one in years)
    span = f"{first.year}" if first.year == last.year else f"{first.year}-{last.year}"
    territory = f" over {first.territory}" if first.territory else ""
    return Found(
        places[:MOST_HOSTS],
        "interstate_war" if is_interstate else "civil_war",
        first.began or date(first.year, 1, 1),
        end,
        end or date(last.year, 12, 31),
        WAR if intensity == DEATHS_OF_A_WAR else MINOR,
        f"UCDP/PRIO conflict {first.conflict}{territory}, {span}, intensity {intensity}",
        tuple(sorted({one.file_id for one in years})),
    )


def _states(numbers: Iterable[int], year: int) -> set[str]:
    """The states of today that stand for some numbers of a year."""
    named = (by_code(number, "gw", year) for number in numbers)
    return {heir for state in named if state is not None for heir in heirs(state)}


def _party_hosts(years: Iterable[ConflictYear], hosts: Sequence[str]) -> tuple[str, ...]:
    parties = {state for one in years for state in _states(one.parties, one.year)}
    return tuple(host for host in hosts if host in parties)


def _place_hosts(years: Sequence[ConflictYear], hosts: Sequence[str]) -> tuple[str, ...]:
    territory = state_or_organisation(years[0].territory)
    if territory in hosts:
        return (str(territory),)
    places = {state for one in years for state in _states(one.places, one.year)}
    return tuple(host for host in hosts if host in places)


def _from_events(
    connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], from_year: int, known: Sequence[ConflictYear]
) -> Iterable[Found]:
    """State-based conflicts that cost 25 lives in a year, where the table of conflicts has not that year."""
    if "ucdp_ged" not in tables(connection):
        return
    rows = connection.execute(
        "SELECT conflict_new_id, country_id, year(date_start) AS year, any_value(conflict_name), min(date_start), "
        "max(date_end), sum(best), bool_or(len(gwnoa) > 0 AND len(gwnob) > 0), list(DISTINCT file_id), "
        "(SELECT max(date_end) FROM ucdp_ged) FROM ucdp_ged WHERE type_of_violence = 1 GROUP BY ALL "
        f"HAVING sum(best) >= {DEATHS_OF_A_YEAR} ORDER BY 1, 2, 3"
    ).fetchall()
    have = {(one.conflict, one.year) for one in known}
    fresh = [row for row in rows if (row[0], row[2]) not in have]
    for _, run in groupby(enumerate(fresh), key=lambda item: (item[1][0], item[1][1], item[1][2] - item[0])):
        years = [row for _, row in run]
        places = tuple(host for host in hosts if host in _states([years[0][1]], years[0][2]))
        last = max(row[5] for row in years)
        if not places or last.year < from_year:
            continue
        deaths = int(sum(row[6] for row in years))
        yield Found(
            places,
            "interstate_war" if any(row[7] for row in years) else "civil_war",
            min(row[4] for row in years),
            None if years[0][9] - last < QUIET else last,
            last,
            WAR if max(row[6] for row in years) >= 1000 else MINOR,
            f"{deaths} deaths in UCDP GED: {years[0][3] or years[0][0]}",
            tuple(sorted({file_id for row in years for file_id in row[8]})),
        )
