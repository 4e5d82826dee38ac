"""From events to responses on the ladder: for every crisis and actor the rung, its band and the events behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.case.ladder import Rungs
from buckpass.events.coding.coverage import WAS_CUT, FileCoverage, Window, coverages, usable_files
from buckpass.events.coding.ladder import Meaning, mapping, meaning
from buckpass.events.coding.support import TABLE as SUPPORT
from buckpass.events.coding.support import Support, supports
from buckpass.events.errors import BadKey, NoEvents
from buckpass.events.store import frame, reading, tables
from buckpass.results.table import ResultTable

if TYPE_CHECKING:
    import duckdb

    from buckpass.case import Case

AFTER = timedelta(days=30)
OPEN_ENDED = timedelta(days=365)
ENOUGH_ATTENTION = 5
A_REPORTED_DAY = 10
ENOUGH_DAYS = 0.8
SUPPORT_LOW, SUPPORT_RUNG, SUPPORT_HIGH = 3, 2, 1
SHOWN_EVIDENCE = 20
FIRST_EVIDENCE = 3
NO_FILE = "no event file for the window"
TOO_FEW_DAYS = "the files report on too few of its days"
TOO_FEW_EVENTS = "too few events to tell silence from a gap"
CUT_OUT = "the node of actor or host was cut out of the files"
NEVER_TOGETHER = "no file of the window has both actor and host"

SCHEMA = {
    "crisis_id": pl.String,
    "actor": pl.String,
    "status": pl.String,
    "rung": pl.Int64,
    "low": pl.Int64,
    "high": pl.Int64,
    "basis": pl.String,
    "n_events": pl.Int64,
    "n_coercive": pl.Int64,
    "evidence": pl.List(pl.String),
    "files": pl.List(pl.Int64),
    "gap": pl.String,
    "reason": pl.String,
}


@dataclass(frozen=True)
class CodedRecord:
    """Responses that the events propose, one row per crisis and actor.

    `status` is *coded*, *uncovered* (whole actors are missing from the files) or *thin* (too few events to tell
    silence from a
    gap); only *coded* rows have a rung. `evidence` holds "file:event" keys, which `evidence_rows` turns into events;
    `files` are the files read for the row, silence included; `gap` and `reason` say, in general and in particular, why
    it has no rung.
    """

    rows: pl.DataFrame

    @property
    def coded(self) -> pl.DataFrame:
        """The rows that have a rung."""
        return self.rows.filter(pl.col("status") == "coded")

    @property
    def refused(self) -> pl.DataFrame:
        """The rows that the data do not allow to code, with the reason."""
        return self.rows.filter(pl.col("status") != "coded")

    def table(self) -> ResultTable:
        """The coded rows with their band and the first keys of their evidence."""
        shown = self.coded.select(
            "crisis_id", "actor", "rung",
            pl.format("{}-{}", "low", "high").alias("band"),
            pl.col("n_events").alias("events"),
            pl.col("n_coercive").alias("coercive"),
            pl.col("evidence").list.head(FIRST_EVIDENCE).list.join(" ").alias("evidence"),
        )  # fmt: skip
        note = "Machine coding, for a person to confirm. `events evidence` shows the events behind the keys."
        return ResultTable(shown, "Rungs that the events support", {"rung": "of the case's ladder"}, note)

    def tables(self) -> tuple[ResultTable, ...]:
        """The coded rows, and how many have no rung and why."""
        return self.table(), gaps(self.refused, f"{self.refused.height} of {self.rows.height} responses have no rung")

    def as_dict(self) -> dict[str, Any]:
        """The record as plain values."""
        return {"rows": self.rows.to_dicts()}


def gaps(refused: pl.DataFrame, title: str) -> ResultTable:
    """How many responses the events do not allow to code, by the kind of gap."""
    counts = refused.group_by("gap").agg(
        responses=pl.len(), crises=pl.col("crisis_id").n_unique(), example=pl.col("crisis_id").first()
    )
    note = "Silence and a gap in the files look alike, so none of these was guessed; `--json` gives each reason."
    return ResultTable(counts.sort("responses", "gap", descending=[True, False]), title, note=note)


@dataclass(frozen=True)
class Rules:
    """How events are read: what their codes mean, which actors are organisations, what the rungs are."""

    table: tuple[Meaning, ...]
    organisations: frozenset[str]
    rungs: Rungs


@dataclass(frozen=True)
class Episode:
    """A crisis as the coding needs it: its id, its hosts, the days in which a response counts."""

    crisis_id: str
    hosts: tuple[str, ...]
    window: Window

    @property
    def years(self) -> tuple[int, int]:
        """The calendar years of its first and last day."""
        return self.window.since.year, (self.window.until - AFTER).year


def code(store: Path, case: Case, mapping_file: Path | None = None) -> CodedRecord:
    """Propose, for every crisis and actor of a case, the rung that the events in a store support.

    Events from the actor towards the host, from the first day to 30 days after the last, count once a day per code. The rung
    is the highest that two of them reach or pass, the band's lower end needs three, its upper end one. Coercive events have
    no rung and are counted apart. Where the files do not cover the actor or the host, report fewer than five events of
    either in the window, or leave out more than a fifth of its days, nothing is coded: silence and a gap look alike.

    Where UCDP's External Support Dataset has the actor helping the host's government in a year of the crisis, that is
    evidence of its own: it sets the rung where it is higher, and the band's upper end; support of a year does not say that
    it came in these days, so it leaves the lower end alone. What is only alleged moves the upper end only.

    Parameters
    ----------
    mapping_file : an edited copy of `events/data/ladder.csv`; the program's own where left out, which is for the standard
        ladder.

    Returns
    -------
    CodedRecord

    Raises
    ------
    NoEvents, for a store without events and support; BadMapping, for an error in the mapping; OtherLadder, where the
    case's ladder needs a mapping of its own.
    """
    episodes = [episode(row) for row in case.crises.iter_rows(named=True)]
    actors = [*case.powers, *case.organisations]
    rules = Rules(mapping(mapping_file, case.ladder.names), frozenset(case.organisations), case.rungs)
    return code_episodes(Path(store), episodes, actors, rules)


def code_episodes(store: Path, episodes: Sequence[Episode], actors: Sequence[str], rules: Rules) -> CodedRecord:
    """Code the responses of the actors in each episode; what `code` does once it has read the case."""
    with reading(store) as connection:
        files = coverages(connection)
        if not files and SUPPORT not in tables(connection):
            raise NoEvents(store, "events")
        rows = []
        for one in episodes:
            others = [actor for actor in actors if actor not in one.hosts]
            given = supports(connection, one.hosts, one.years)
            for row in _coded(connection, files, one, others, rules):
                rows.append(_with_support(row, [help for help in given if help.supporter == row["actor"]]))
    return CodedRecord(pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def episode(row: dict[str, Any]) -> Episode:
    """A crisis of a case as the coding needs it; one that lasts is looked at for a year."""
    start: date = row["start"]
    last: date = row["end"] or start + OPEN_ENDED
    hosts = row["host"] if isinstance(row["host"], list) else [row["host"]]
    return Episode(row["crisis_id"], tuple(hosts), Window(start, last + AFTER))


def _with_support(row: dict[str, Any], given: Sequence[Support]) -> dict[str, Any]:
    """A coded or refused row, with what the supports of its actor say."""
    helps = [one for one in given if not one.is_against_host and one.rung is not None]
    firm = [one for one in helps if not one.is_alleged]
    row = row | {"n_coercive": row["n_coercive"] + sum(one.is_against_host for one in given)}
    if not firm and not (helps and row["status"] == "coded"):
        return row
    high = max(one.rung or 0 for one in helps)
    rung = max((one.rung or 0 for one in firm), default=0)
    named = [one.key for one in sorted(helps, key=lambda one: -(one.rung or 0))]
    return row | {
        "status": "coded", "gap": "", "reason": "",
        "low": row["low"] or 0, "rung": max(row["rung"] or 0, rung), "high": max(row["high"] or 0, high),
        "n_events": row["n_events"] + len(helps), "evidence": [*named, *row["evidence"]][:SHOWN_EVIDENCE],
        "files": sorted({*row["files"], *(int(key.split(":")[0]) for key in named)}),
    }  # fmt: skip


def _coded(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[FileCoverage],
    episode: Episode,
    actors: Sequence[str],
    rules: Rules,
) -> Iterable[dict[str, Any]]:
    attention = _attention(connection, episode, [*actors, *episode.hosts])
    events = _events(connection, episode, actors)
    # the file that says most of the window comes first: it is the one that a reason names
    reporting = sorted((f for f in files if attention.total(f.file_id)), key=lambda f: -attention.total(f.file_id))
    for actor in actors:
        usable = [usable_files(reporting, [actor, host]) for host in episode.hosts]
        chosen = sorted({file_id for found, _ in usable for file_id in found})
        refusal = attention.thin(actor, episode.hosts, chosen) if chosen else _why_not(usable)
        if refusal is not None:
            yield _refused(episode, actor, refusal)
            continue
        own = events.filter((pl.col("source_id") == actor) & pl.col("file_id").is_in(chosen))
        yield _judged(episode, actor, own, rules) | {"files": chosen}


@dataclass(frozen=True)
class _Refusal:
    """Why a response has no rung: its status, the kind of gap, and what was seen."""

    status: str
    gap: str
    reason: str


@dataclass(frozen=True)
class _Count:
    """Events of a file that stood before in the same other files (itself, where it has them twice)."""

    file_id: int
    earlier: frozenset[int]
    count: int

    def among(self, files: frozenset[int]) -> int:
        """How many of them count where only some files are looked at: each event once."""
        return self.count if self.file_id in files and not self.earlier & files else 0


@dataclass(frozen=True)
class _Attention:
    """Events in the window by actor and by day: what the files reported of each at all."""

    actors: dict[str, list[_Count]]
    days: dict[date, list[_Count]]
    window: Window

    def total(self, file_id: int) -> int:
        """How often a file names any of the actors and hosts in the window."""
        only = frozenset((file_id,))
        return sum(count.among(only) for counts in self.actors.values() for count in counts)

    def thin(self, actor: str, hosts: Sequence[str], files: Sequence[int]) -> _Refusal | None:
        """Why the attention is too thin to read silence from it; None where it is not."""
        chosen = frozenset(files)
        of_actor = sum(count.among(chosen) for count in self.actors.get(actor, ()))
        of_host = sum(count.among(chosen) for host in hosts for count in self.actors.get(host, ()))
        reported = sum(sum(c.among(chosen) for c in counts) >= A_REPORTED_DAY for counts in self.days.values())
        if reported < ENOUGH_DAYS * self.window.days:
            seen = f"the files that cover both report on {reported} of the {self.window.days} days of the window"
            return _Refusal("thin", TOO_FEW_DAYS, seen)
        if of_actor >= ENOUGH_ATTENTION and of_host >= ENOUGH_ATTENTION:
            return None
        seen = f"{of_actor} events of {actor} and {of_host} of {';'.join(hosts)} in the window"
        return _Refusal("thin", TOO_FEW_EVENTS, f"{seen}; {ENOUGH_ATTENTION} of each needed")


def _attention(connection: duckdb.DuckDBPyConnection, episode: Episode, actors: Sequence[str]) -> _Attention:
    window = [episode.window.since, episode.window.until]
    right = "FROM event_rows WHERE problem IS NULL AND day BETWEEN ? AND ?"
    by_actor = connection.execute(
        f"SELECT actor, file_id, earlier, count(*) FROM (SELECT file_id, earlier, unnest([source_id, target_id]) AS actor "
        f"{right}) WHERE list_contains(?::VARCHAR[], actor) GROUP BY ALL",
        [*window, list(actors)],
    ).fetchall()
    by_day = connection.execute(f"SELECT day, file_id, earlier, count(*) {right} GROUP BY ALL", window).fetchall()
    return _Attention(_counts(by_actor), _counts(by_day), episode.window)


def _counts(rows: Iterable[tuple]) -> dict[Any, list[_Count]]:
    found: dict[Any, list[_Count]] = {}
    for what, file_id, earlier, count in rows:
        found.setdefault(what, []).append(_Count(file_id, frozenset(earlier or ()), count))
    return found


def _why_not(usable: Sequence[tuple[list[int], dict[str, str]]]) -> _Refusal:
    reasons = {actor: why for _, found in usable for actor, why in found.items()}
    if not reasons:
        return _Refusal("thin", NO_FILE, "no file in the store has events of the actors or the host in the window")
    gap = CUT_OUT if any(WAS_CUT in why for why in reasons.values()) else NEVER_TOGETHER
    return _Refusal("uncovered", gap, "; ".join(f"{actor}: {why}" for actor, why in sorted(reasons.items())))


def _events(connection: duckdb.DuckDBPyConnection, episode: Episode, actors: Sequence[str]) -> pl.DataFrame:
    """Events from the actors to the hosts, one a day per code and file; `key` names one row of them."""
    return frame(
        connection,
        "SELECT file_id, source_id, day, code, min(file_id || ':' || event_id) AS key FROM event_rows "
        "WHERE problem IS NULL AND day BETWEEN ? AND ? AND list_contains(?::VARCHAR[], source_id) AND "
        "list_contains(?::VARCHAR[], target_id) GROUP BY file_id, source_id, target_id, day, code ORDER BY day, code, key",
        [episode.window.since, episode.window.until, list(actors), list(episode.hosts)],
    )


def _refused(episode: Episode, actor: str, refusal: _Refusal) -> dict[str, Any]:
    empty = dict.fromkeys(SCHEMA) | {"n_events": 0, "n_coercive": 0, "evidence": [], "files": []}
    return empty | {
        "crisis_id": episode.crisis_id,
        "actor": actor,
        "status": refusal.status,
        "basis": "machine",
        "gap": refusal.gap,
        "reason": refusal.reason,
    }


def _judged(episode: Episode, actor: str, own: pl.DataFrame, rules: Rules) -> dict[str, Any]:
    # the same event in two overlapping files is one event
    own = own.unique(["day", "code"], keep="first", maintain_order=True)
    meanings = {found: meaning(found, rules.table) for found in own["code"].unique()}
    helps, n_coercive = [], 0
    for event in own.iter_rows(named=True):
        entry = meanings[event["code"]]
        if entry is not None and entry.scope == "coercion":
            n_coercive += 1
        if entry is not None and entry.rung is not None:
            helps.append((_rung(entry.rung, actor, rules), event["key"]))
    rungs = [rung for rung, _ in helps]
    low, rung, high = (_reached(rungs, support) for support in (SUPPORT_LOW, SUPPORT_RUNG, SUPPORT_HIGH))
    evidence = [key for _, key in sorted(helps, key=lambda item: -item[0])][:SHOWN_EVIDENCE]
    counts = {
        "low": low,
        "rung": rung,
        "high": max(high, rules.rungs.words),
        "n_events": len(own),
        "n_coercive": n_coercive,
    }
    named = {"crisis_id": episode.crisis_id, "actor": actor, "status": "coded", "basis": "machine"}
    return dict.fromkeys(SCHEMA) | named | counts | {"evidence": evidence, "gap": "", "reason": ""}


def _rung(rung: int, actor: str, rules: Rules) -> int:
    """The rung of an event; what an organisation sends is a deployment through it."""
    through = rules.rungs.through
    is_sent = actor in rules.organisations and rung >= rules.rungs.deployment
    return through if is_sent and through is not None else rung


def _reached(rungs: Sequence[int], support: int) -> int:
    """The highest rung that at least `support` events reach or pass; 0 where none does."""
    ordered = sorted(rungs, reverse=True)
    return ordered[support - 1] if len(ordered) >= support else 0


def evidence_rows(store: Path, keys: Sequence[str]) -> pl.DataFrame:
    """The events behind "file:event" keys, with the name of the file each came from; `BadKey` for another key.

    A key of external support, "file:ucdp_support.row", gives a year and the kinds of support.
    """
    events = [key for key in keys if f":{SUPPORT}." not in key]
    schema = {"file_id": pl.Int64, "event_id": pl.Int64}
    with reading(Path(store)) as connection:
        connection.register("wanted", pl.DataFrame([_pair(key) for key in events], schema=schema, orient="row"))
        found = frame(
            connection,
            "SELECT e.file_id || ':' || e.event_id AS key, e.day, e.source, e.target, e.code, e.mentions, f.name AS file FROM "
            "wanted w JOIN event_rows e USING (file_id, event_id) JOIN files f USING (file_id) WHERE e.problem IS NULL "
            "AND NOT coalesce(list_contains(e.earlier, e.file_id), false) ORDER BY e.day, e.code, key",
        )
        if len(events) < len(keys) and SUPPORT in tables(connection):
            found = pl.concat([found, _support_rows(connection, [key for key in keys if key not in events])])
    absent = sorted(set(keys) - set(found["key"]))
    if absent:
        raise BadKey(absent[0])
    return found


def _support_rows(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> pl.DataFrame:
    kinds = " || ".join(f"if(ext_{kind} = 1, ' {kind}', '')" for kind in "xpwmtilyfou")
    return frame(
        connection,
        f"SELECT file_id || ':{SUPPORT}.' || id AS key, make_date(year, 1, 1) AS day, ext_name AS source, actor_name AS "
        f"target, 'support' || {kinds} AS code, NULL::INTEGER AS mentions, f.name AS file FROM {SUPPORT} s "
        "JOIN files f USING (file_id) WHERE list_contains(?::VARCHAR[], key) ORDER BY day, key",
        [list(keys)],
    )


def _pair(key: str) -> tuple[int, int]:
    file_id, _, event_id = key.partition(":")
    if not (file_id.isdecimal() and event_id.removeprefix("-").isdecimal()):
        raise BadKey(key)
    return int(file_id), int(event_id)
