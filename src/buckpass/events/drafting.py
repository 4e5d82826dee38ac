"""A draft case from data: crises that conflict tables and events suggest, and the responses that events propose."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.case import safe_cell, write_atomic
from buckpass.events.actors import by_code
from buckpass.events.cameo import mapping
from buckpass.events.coding import AFTER, CodedRecord, Episode, code_episodes
from buckpass.events.coverage import Window
from buckpass.events.errors import NoEvents
from buckpass.events.store import frame, reading, tables

if TYPE_CHECKING:
    import duckdb

WEEK = timedelta(days=7)
FEWEST_IN_A_WEEK = 10
TIMES_THE_USUAL = 3.0
MOST_POWERS = 8
DEATHS_OF_A_WAR = 2

CRISIS_COLUMNS = (
    "crisis_id", "name", "host", "theatre", "type", "start", "end",
    "threat_level", "threat_reason", "severity", "summary",
)  # fmt: skip
RESPONSE_COLUMNS = (
    "crisis_id", "actor", "kind", "rung", "rung_low", "rung_high", "scope", "detail", "confidence", "basis", "origin",
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A draft case: proposed crises and responses, every row for a person to confirm, and the files written."""

    crises: pl.DataFrame
    responses: pl.DataFrame
    files: tuple[Path, ...]

    def table(self) -> pl.DataFrame:
        """The proposed crises."""
        return self.crises

    def as_dict(self) -> dict[str, Any]:
        """The draft as plain values."""
        return {
            "crises": self.crises.to_dicts(),
            "responses": self.responses.to_dicts(),
            "files": [str(path) for path in self.files],
        }


def draft(store: Path, hosts: Sequence[str], from_year: int, folder: Path, *, theatre: str = "draft") -> Draft:
    """Write `crises.csv` and `responses.csv` proposed from a store for some hosts, from a year on.

    Crises: UCDP/PRIO conflict episodes of a host, and weeks in which at least ten coercive events (CAMEO roots 14 to
    20) within
    or against the host exceed three times its usual week. Responses: the rungs that events support (see `code`), by
    the eight
    states that act most towards the hosts; basis *machine*, or *unsearched* where the events do not allow a rung.
    The severity is a placeholder (threat/4): every row is for a person to confirm.

    Raises `NoEvents` when the store holds neither conflicts nor events of the hosts; existing files are left alone
    (`OutputExists`).
    """
    store, folder = Path(store), Path(folder)
    with reading(store) as connection:
        found = [*_conflicts(connection, hosts, from_year), *_outbreaks(connection, hosts, from_year)]
        powers = _busiest(connection, hosts, from_year)
    if not found:
        raise NoEvents(store, f"conflict or outbreak of {', '.join(hosts)} since {from_year}")
    crises = [_crisis(row, theatre) for row in _numbered(found)]
    responses = _responses(store, crises, powers)
    files = (
        write_atomic(folder / "crises.csv", _csv(CRISIS_COLUMNS, crises)),
        write_atomic(folder / "responses.csv", _csv(RESPONSE_COLUMNS, responses)),
    )
    return Draft(
        pl.DataFrame(crises, infer_schema_length=None), pl.DataFrame(responses, infer_schema_length=None), files
    )


@dataclass(frozen=True)
class Found:
    """A crisis that the data suggest."""

    host: str
    kind: str
    start: date
    end: date
    threat: int
    why: str


def _conflicts(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], from_year: int) -> list[Found]:
    """UCDP episodes: consecutive years of one conflict in one state."""
    if "ucdp_conflicts" not in tables(connection):
        return []
    rows = connection.execute(
        "SELECT conflict_id, gwno_a, min(start_date2), max(ep_end_date), min(year), max(year), "
        "max(intensity_level) FROM ("
        "SELECT DISTINCT conflict_id, gwno_a, year, start_date2, ep_end_date, intensity_level, "
        "year - dense_rank() OVER (PARTITION BY conflict_id, gwno_a ORDER BY year) AS episode FROM ucdp_conflicts "
        "WHERE year >= ? AND type_of_conflict IN ('intrastate', 'II')) GROUP BY conflict_id, gwno_a, episode "
        "ORDER BY 5",
        [from_year],
    ).fetchall()
    found = []
    for conflict, number, start, end, first, last, intensity in rows:
        host = by_code(number, "gw", first)
        if host is not None and host in hosts:
            why = f"UCDP/PRIO conflict {conflict}, {first}-{last}, intensity {intensity}"
            threat = 4 if intensity == DEATHS_OF_A_WAR else 2
            began = max(start or date(first, 1, 1), date(first, 1, 1))
            found.append(Found(host, "civil_war", began, end or date(last, 12, 31), threat, why))
    return found


def _outbreaks(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], from_year: int) -> list[Found]:
    """Weeks of unusual coercion within or against a host, among the weeks reported on; weeks in a row are one."""
    weeks = frame(
        connection,
        "WITH reported AS (SELECT DISTINCT date_trunc('week', day)::DATE AS week FROM events WHERE year(day) >= $2), "
        "violent AS (SELECT target_id AS host, date_trunc('week', day)::DATE AS week, "
        "count(DISTINCT (day, source, target, code)) AS n FROM events "
        "WHERE list_contains($1::VARCHAR[], target_id) AND left(code, 2) >= '14' AND year(day) >= $2 GROUP BY ALL) "
        "SELECT host, week, coalesce(n, 0) AS n FROM (SELECT unnest($1::VARCHAR[]) AS host) CROSS JOIN reported "
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
        found.append(Found(str(host), "unrest", start, last + WEEK - timedelta(days=1), 1, why))
    return found


def _busiest(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], from_year: int) -> list[str]:
    rows = connection.execute(
        "SELECT source_id FROM events WHERE list_contains(?::VARCHAR[], target_id) AND length(source_id) = 3 "
        "AND NOT list_contains(?::VARCHAR[], source_id) AND year(day) >= ? GROUP BY 1 ORDER BY count(*) "
        "DESC, 1 LIMIT ?",
        [list(hosts), list(hosts), from_year, MOST_POWERS],
    ).fetchall()
    return [actor for (actor,) in rows]


def _numbered(found: Sequence[Found]) -> list[tuple[str, Found]]:
    names: dict[str, int] = {}
    numbered = []
    for one in sorted(found, key=lambda f: (f.start, f.host, f.kind, f.why)):
        stem = f"{one.host.lower()}_{one.kind}_{one.start.year}"
        names[stem] = names.get(stem, 0) + 1
        numbered.append((stem if names[stem] == 1 else f"{stem}_{names[stem]}", one))
    return numbered


def _crisis(named: tuple[str, Found], theatre: str) -> dict[str, Any]:
    crisis_id, one = named
    return {
        "crisis_id": crisis_id,
        "name": f"{one.host} {one.kind.replace('_', ' ')} {one.start.year} (machine, confirm)",
        "host": one.host,
        "theatre": theatre,
        "type": one.kind,
        "start": one.start,
        "end": one.end,
        "threat_level": one.threat,
        "threat_reason": f"machine: {one.why}",
        "severity": one.threat / 4,
        "summary": f"Proposed from data, for a person to confirm: {one.why}.",
    }


def _responses(store: Path, crises: Sequence[dict[str, Any]], powers: Sequence[str]) -> list[dict[str, Any]]:
    if not powers:
        return []
    episodes = [Episode(row["crisis_id"], (row["host"],), Window(row["start"], row["end"] + AFTER)) for row in crises]
    record: CodedRecord = code_episodes(store, episodes, powers, (), mapping())
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
    }


def _csv(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row[c] is None else safe_cell(str(row[c])) for c in columns])
    return out.getvalue().encode()
