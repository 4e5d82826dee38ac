"""A draft case from data: crises that conflict tables and events suggest, and the responses that events propose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.case.start import fill_folder
from buckpass.events.actors import by_code, capital
from buckpass.events.cameo import mapping
from buckpass.events.coding import AFTER, CodedRecord, Episode, Rules, code_episodes
from buckpass.events.coverage import Window, coverages
from buckpass.events.draft_case import THEATRE, DraftRows, template_ladder, write_draft
from buckpass.events.draft_series import measured_by, series_rows
from buckpass.events.errors import NoEvents, UncoveredActors, UnknownHosts
from buckpass.events.layouts import layout
from buckpass.events.store import frame, reading, tables
from buckpass.results.table import ResultTable, ShowsItself

if TYPE_CHECKING:
    import duckdb

WEEK = timedelta(days=7)
FEWEST_IN_A_WEEK = 10
TIMES_THE_USUAL = 3.0
FEWEST_POWERS, MOST_POWERS = 2, 8
DEATHS_OF_A_WAR = 2


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

    Crises: UCDP/PRIO conflict episodes of a host, and weeks in which at least ten coercive events (CAMEO roots 14 to
    20) within
    or against the host exceed three times its usual week. Responses: the rungs that events support (see `code`), by
    the eight
    states that act most towards the hosts; basis *machine*, or *unsearched* where the events do not allow a rung.
    The severity is a placeholder (threat/4), and so is every number of `case.toml`: the case passes `check`, which
    says what is missing, and every row is for a person to confirm.

    Raises `NoEvents` when the store holds neither conflicts nor events of the hosts; a folder with something in it is
    left alone (`OutputExists`).
    """
    store, folder = Path(store), Path(folder)
    hosts = tuple(dict.fromkeys(hosts))
    _check_hosts(hosts)
    with reading(store) as connection:
        found = [*_conflicts(connection, hosts, from_year), *_outbreaks(connection, hosts, from_year)]
        powers = _busiest(connection, hosts, from_year)
        series = series_rows(connection, powers, hosts, from_year)
        files = connection.execute("SELECT file_id, name, publisher, layout, sha256, rows_loaded FROM files").fetchall()
    if not found:
        raise NoEvents(store, f"conflict or outbreak of {', '.join(hosts)} since {from_year}")
    if len(powers) < FEWEST_POWERS:
        raise NoEvents(store, f"events of two or more states towards {', '.join(hosts)} since {from_year}")
    crises = [_crisis(row) for row in _numbered(found)]
    responses = _responses(store, crises, powers)
    years = (min(row["start"].year for row in crises), max(row["end"].year for row in crises))
    sources = dict(_sources(files, [*crises, *responses, *series]))
    rows = DraftRows(hosts, tuple(powers), crises, responses, series, measured_by(series), years, sources, store.name)
    fill_folder(folder, lambda workshop, case_id: write_draft(workshop, case_id, rows))
    return Draft(
        pl.DataFrame(crises, infer_schema_length=None), pl.DataFrame(responses, infer_schema_length=None), folder
    )


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


@dataclass(frozen=True)
class Found:
    """A crisis that the data suggest."""

    host: str
    kind: str
    start: date
    end: date
    threat: int
    why: str
    files: tuple[int, ...]


def _conflicts(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], from_year: int) -> list[Found]:
    """UCDP episodes: consecutive years of one conflict in one state."""
    if "ucdp_conflicts" not in tables(connection):
        return []
    rows = connection.execute(
        "SELECT conflict_id, gwno_a, min(start_date2), max(ep_end_date), min(year), max(year), "
        "max(intensity_level), list(DISTINCT file_id) FROM ("
        "SELECT DISTINCT file_id, conflict_id, gwno_a, year, start_date2, ep_end_date, intensity_level, "
        "year - dense_rank() OVER (PARTITION BY conflict_id, gwno_a ORDER BY year) AS episode FROM ucdp_conflicts "
        "WHERE year >= ? AND type_of_conflict IN ('intrastate', 'II')) GROUP BY conflict_id, gwno_a, episode "
        "ORDER BY 5",
        [from_year],
    ).fetchall()
    found = []
    for conflict, number, start, end, first, last, intensity, files in rows:
        host = by_code(number, "gw", first)
        if host is not None and host in hosts:
            years = f"{first}" if first == last else f"{first}-{last}"
            why = f"UCDP/PRIO conflict {conflict}, {years}, intensity {intensity}"
            threat = 4 if intensity == DEATHS_OF_A_WAR else 2
            began = max(start or date(first, 1, 1), date(first, 1, 1))
            found.append(Found(host, "civil_war", began, end or date(last, 12, 31), threat, why, tuple(sorted(files))))
    return found


def _outbreaks(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], from_year: int) -> list[Found]:
    """Weeks of unusual coercion within or against a host, among the weeks reported on; weeks in a row are one."""
    weeks = frame(
        connection,
        "WITH reported AS (SELECT DISTINCT date_trunc('week', day)::DATE AS week FROM events WHERE year(day) >= $2), "
        "violent AS (SELECT target_id AS host, date_trunc('week', day)::DATE AS week, "
        "count(DISTINCT (day, source, target, code)) AS n, list(DISTINCT file_id) AS files FROM events "
        "WHERE list_contains($1::VARCHAR[], target_id) AND left(code, 2) >= '14' AND year(day) >= $2 GROUP BY ALL) "
        "SELECT host, week, coalesce(n, 0) AS n, files FROM (SELECT unnest($1::VARCHAR[]) AS host) CROSS JOIN reported "
        "LEFT JOIN violent USING (host, week) ORDER BY host, week",
        [list(hosts), from_year],
    )
    usual = pl.col("n").median().over("host")
    hot = weeks.with_columns(usual=usual).filter(
        (pl.col("n") >= FEWEST_IN_A_WEEK) & (pl.col("n") > TIMES_THE_USUAL * pl.col("usual"))
    )
    runs = hot.with_columns(run=(pl.col("week").diff() != WEEK).fill_null(True).cum_sum().over("host"))
    found = []
    for (host, _), group in runs.group_by("host", "run", maintain_order=True):
        start, last = group["week"].min(), group["week"].max()
        assert isinstance(start, date)
        assert isinstance(last, date)
        why = f"{group['n'].sum()} coercive events in {group.height} week(s), {group['usual'][0]:g} in its median week"
        files = tuple(sorted({file_id for listed in group["files"] for file_id in listed}))
        found.append(Found(str(host), "unrest", start, last + WEEK - timedelta(days=1), 1, why, files))
    return found


def _busiest(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], from_year: int) -> list[str]:
    """The states that act most towards the hosts, one event a day per code, over files with their full set of actors.

    Files that lack whole states are left out: in them whoever was kept looks busiest.
    """
    files = coverages(connection)
    whole = [file.file_id for file in files if not file.is_cut]
    if files and not whole:
        raise UncoveredActors({file.name: "whole states were cut out of it" for file in files})
    rows = connection.execute(
        "SELECT source_id FROM events WHERE list_contains(?::INTEGER[], file_id) AND list_contains(?::VARCHAR[], target_id) "
        "AND length(source_id) = 3 AND NOT list_contains(?::VARCHAR[], source_id) AND year(day) >= ? "
        "GROUP BY 1 ORDER BY count(DISTINCT (day, target_id, code)) DESC, 1",
        [whole, list(hosts), list(hosts), from_year],
    ).fetchall()
    return [actor for (actor,) in rows if capital(actor) is not None][:MOST_POWERS]


def _numbered(found: Sequence[Found]) -> list[tuple[str, Found]]:
    names: dict[str, int] = {}
    numbered = []
    for one in sorted(found, key=lambda f: (f.start, f.host, f.kind, f.why)):
        stem = f"{one.host.lower()}_{one.kind}_{one.start.year}"
        names[stem] = names.get(stem, 0) + 1
        numbered.append((stem if names[stem] == 1 else f"{stem}_{names[stem]}", one))
    return numbered


def _crisis(named: tuple[str, Found]) -> dict[str, Any]:
    crisis_id, one = named
    return {
        "crisis_id": crisis_id,
        "name": f"{one.host} {one.kind.replace('_', ' ')} {one.start.year} (machine, confirm)",
        "host": one.host,
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
    episodes = [Episode(row["crisis_id"], (row["host"],), Window(row["start"], row["end"] + AFTER)) for row in crises]
    record: CodedRecord = code_episodes(store, episodes, powers, Rules(mapping(), frozenset(), template_ladder().rungs))
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
