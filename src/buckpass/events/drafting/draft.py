"""A draft case from data: crises that conflict tables and events suggest, and the responses that events propose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.case.start import fill_folder
from buckpass.events.actors import LAST, capital
from buckpass.events.coding.coverage import coverages
from buckpass.events.coding.ladder import mapping
from buckpass.events.coding.rungs import CodedRecord, Rules, code_episodes, episode
from buckpass.events.coding.support import supports
from buckpass.events.drafting.conflicts import conflicts
from buckpass.events.drafting.draft_case import THEATRE, DraftRows, template_ladder, write_draft
from buckpass.events.drafting.draft_series import measured_by, series_rows
from buckpass.events.drafting.found import Found
from buckpass.events.drafting.outbreaks import outbreaks
from buckpass.events.errors import NoEvents, UncoveredActors, UnknownHosts
from buckpass.events.files.layouts import layout
from buckpass.events.store import reading
from buckpass.results.table import ResultTable, ShowsItself

if TYPE_CHECKING:
    import duckdb

FEWEST_POWERS, MOST_POWERS = 2, 8


@dataclass(frozen=True)
class Draft(ShowsItself):
    """A draft case: proposed crises and responses, every row for a person to confirm, and the folder written."""

    crises: pl.DataFrame
    responses: pl.DataFrame
    folder: Path

    def table(self) -> ResultTable:
        """The proposed crises, and how many responses of each could be coded."""
        rungs = (
            self.responses.group_by("crisis_id").agg(responses=pl.len(), coded=(pl.col("basis") == "machine").sum())
            if self.responses.height
            else pl.DataFrame(schema={"crisis_id": pl.String, "responses": pl.Int64, "coded": pl.Int64})
        )
        shown = self.crises.select("crisis_id", "start", "end", "threat_level").join(
            rungs, on="crisis_id", how="left", maintain_order="left"
        )
        note = (
            f"{self.folder}: every row is marked machine. Confirm or correct it; `buckpass check` says what is missing."
        )
        return ResultTable(shown, "Proposed crises", {"threat_level": "0 to 4, a placeholder"}, note)

    def as_dict(self) -> dict[str, Any]:
        """The draft as plain values."""
        return {
            "crises": self.crises.to_dicts(),
            "responses": self.responses.to_dicts(),
            "folder": str(self.folder),
        }


def draft(store: Path, hosts: Sequence[str], from_year: int, folder: Path) -> Draft:
    """Write a case into a new folder, with crises and responses proposed from a store, for some hosts from a year on.

    Crises: UCDP/PRIO conflict episodes (civil and interstate) that went on in that year or later, with their true first day
    and, where they have ended, their last; conflicts that only UCDP's georeferenced events have; and weeks in which at least
    ten coercive events (CAMEO roots 14 to 20, PLOVER's types of coercion, or ACLED's events) in a host exceed three times its
    usual week. Responses: the rungs that events and external support bear out (see `code`), by the eight states that act most
    towards the hosts; basis *machine*, or *unsearched* where nothing allows a rung. Severities (threat/4) and the numbers of
    `case.toml` are placeholders: the case passes `check`, which says what is missing; a person confirms every row.

    Parameters
    ----------
    store, folder : the store; a folder that does not exist or is empty.
    hosts : ISO3 codes of today's states, each for its predecessors too. from_year : crises that ended before are left out.

    Returns
    -------
    Draft

    Raises
    ------
    UnknownHosts; NoEvents, when the store holds no conflict, outbreak or acting state for the hosts; OutputExists.
    """
    store, folder, hosts = Path(store), Path(folder), tuple(dict.fromkeys(hosts))
    _check_hosts(hosts)
    with reading(store) as connection:
        asked = connection, hosts, from_year
        found, powers = [*conflicts(*asked), *outbreaks(*asked)], _busiest(*asked)
        series, unknown = series_rows(connection, powers, hosts, from_year)
        files = connection.execute("SELECT file_id, name, publisher, layout, sha256, rows_loaded FROM files").fetchall()
    _check_enough(store, found, powers, f"{', '.join(hosts)} since {from_year}")
    crises = [_crisis(row) for row in _numbered(found)]
    responses = _responses(store, crises, powers)
    years = min(one.start.year for one in found), max(one.last.year for one in found)
    sources = dict(_sources(files, [*crises, *responses, *series]))
    rows = DraftRows(
        hosts, tuple(powers), crises, responses, series, measured_by(series), years, sources, store.name, unknown
    )
    fill_folder(folder, lambda workshop, case_id: write_draft(workshop, case_id, rows))
    return Draft(_table(crises), _table(responses), folder)


def _table(rows: Sequence[Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None)


def _check_enough(store: Path, found: Sequence[Any], powers: Sequence[str], where: str) -> None:
    if not found:
        raise NoEvents(store, f"conflict or outbreak of {where}")
    if len(powers) < FEWEST_POWERS:
        raise NoEvents(store, f"events of two or more states towards {where}")


def _check_hosts(hosts: Sequence[str]) -> None:
    unknown = [host for host in hosts if capital(host) is None]
    if unknown or not hosts:
        raise UnknownHosts(unknown)


def _sources(files: Sequence[tuple], rows: Sequence[Mapping[str, Any]]) -> Iterable[tuple[str, dict[str, str]]]:
    """The store's files behind the rows, as sources: publisher, layout, name, and how far they are known."""
    cited = {key for row in rows for key in row["source_id"].split(";")}
    for file_id, name, publisher, kind, sha256, loaded in files:
        if _key(file_id) in cited:
            yield (
                _key(file_id),
                {
                    "author": publisher,
                    "title": layout(kind).says,
                    "howpublished": name,
                    "note": f"machine: {loaded} rows loaded, SHA-256 {sha256}",
                },
            )


def _key(file_id: int) -> str:
    return f"file{file_id}"


def _busiest(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], from_year: int) -> list[str]:
    """The states that act most towards the hosts, one event a day per code, over files with their full set of actors; then
    those that support their governments in most years.

    Files that lack whole states are left out: in them whoever was kept looks busiest.
    """
    files = coverages(connection)
    whole = [file.file_id for file in files if not file.is_cut]
    if files and not whole:
        raise UncoveredActors({file.name: "whole states were cut out of it" for file in files})
    rows = connection.execute(
        "SELECT source_id FROM events_of(?) WHERE list_contains(?::VARCHAR[], target_id) "
        "AND length(source_id) = 3 AND NOT list_contains(?::VARCHAR[], source_id) AND year(day) >= ? "
        "GROUP BY 1 ORDER BY count(DISTINCT (day, target_id, code)) DESC, 1",
        [whole, list(hosts), list(hosts), from_year],
    ).fetchall()
    given = Counter(
        one.supporter for one in supports(connection, hosts, (from_year, LAST.year)) if not one.is_against_host
    )
    supporters = sorted(set(given) - set(hosts), key=lambda state: (-given[state], state))
    ranked = dict.fromkeys([*(actor for (actor,) in rows), *supporters])
    return [actor for actor in ranked if capital(actor) is not None][:MOST_POWERS]


def _numbered(found: Sequence[Found]) -> list[tuple[str, Found]]:
    names: dict[str, int] = {}
    numbered = []
    for one in sorted(found, key=lambda f: (f.start, f.hosts, f.kind, f.why)):
        stem = f"{'_'.join(one.hosts).lower()}_{one.kind}_{one.start.year}"
        names[stem] = names.get(stem, 0) + 1
        numbered.append((stem if names[stem] == 1 else f"{stem}_{names[stem]}", one))
    return numbered


def _crisis(named: tuple[str, Found]) -> dict[str, Any]:
    crisis_id, one = named
    return {
        "crisis_id": crisis_id,
        "name": f"{', '.join(one.hosts)} {one.kind.replace('_', ' ')} {one.start.year} (machine, confirm)",
        "host": ";".join(one.hosts),
        "theatre": THEATRE,
        "type": one.kind,
        "start": one.start,
        "end": one.end,
        "threat_level": one.threat,
        "threat_reason": f"machine: {one.why}",
        "severity": one.threat / 4,
        "source_id": ";".join(_key(file_id) for file_id in one.files),
        "summary": f"Proposed from data, for a person to confirm: {one.why}.",
    }


def _responses(store: Path, crises: Sequence[dict[str, Any]], powers: Sequence[str]) -> list[dict[str, Any]]:
    episodes = [episode(row | {"host": row["host"].split(";")}) for row in crises]
    rules = Rules(mapping(), frozenset(), template_ladder().rungs)
    record: CodedRecord = code_episodes(store, episodes, powers, rules)
    return [_response(row) for row in record.rows.iter_rows(named=True)]


def _response(row: dict[str, Any]) -> dict[str, Any]:
    is_coded = row["status"] == "coded"
    shown = f"{row['n_events']} events, {row['n_coercive']} coercive; evidence {' '.join(row['evidence'][:5])}"
    return {
        "crisis_id": row["crisis_id"],
        "actor": row["actor"],
        "kind": "state",
        "rung": row["rung"],
        "rung_low": row["low"],
        "rung_high": row["high"],
        "scope": "unknown",
        "detail": f"machine, confirm: {shown}" if is_coded else f"machine: not coded, {row['reason']}",
        "confidence": "low" if is_coded else "none",
        "basis": "machine" if is_coded else "unsearched",
        "origin": "events",
        "source_id": ";".join(_key(file_id) for file_id in row["files"]),
        "coder": "machine",
    }
