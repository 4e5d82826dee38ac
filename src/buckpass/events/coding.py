"""From events to responses on the ladder: for every crisis and actor the rung, its band and the events behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.case.ladder import Rungs
from buckpass.events.cameo import Meaning, mapping, meaning
from buckpass.events.coverage import WAS_CUT, FileCoverage, Window, coverages, usable_files
from buckpass.events.errors import BadKey, NoEvents
from buckpass.events.store import frame, reading
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


def code(store: Path, case: Case, mapping_file: Path | None = None) -> CodedRecord:
    """Propose, for every crisis and actor of a case, the rung that the events in a store support.

    Events from the actor towards the host, from the first day to 30 days after the last, count once a day per code.
    The rung is
    the highest that two of them reach or pass, the band's lower end needs three, its upper end one. Coercive events
    have no
    rung and are counted apart. Where the files do not cover the actor or the host, report fewer than five events of
    either in the window, or leave out more than a fifth of its days, nothing is coded: silence and a gap look alike.

    Parameters
    ----------
    mapping_file : an edited copy of `events/data/ladder.csv`; the program's own where left out, which is for the standard
        ladder.

    Raises `NoEvents` for a store without events, `BadMapping` for an error in the mapping, `OtherLadder` where the case's
    ladder needs a mapping of its own.
    """
    episodes = [_episode(row) for row in case.crises.iter_rows(named=True)]
    actors = [*case.powers, *case.organisations]
    rules = Rules(mapping(mapping_file, case.ladder.names), frozenset(case.organisations), case.rungs)
    return code_episodes(Path(store), episodes, actors, rules)


def code_episodes(store: Path, episodes: Sequence[Episode], actors: Sequence[str], rules: Rules) -> CodedRecord:
    """Code the responses of the actors in each episode; what `code` does once it has read the case."""
    with reading(store) as connection:
        files = coverages(connection)
        if not files:
            raise NoEvents(store, "events")
        rows = []
        for episode in episodes:
            others = [actor for actor in actors if actor not in episode.hosts]
            rows += _coded(connection, files, episode, others, rules)
    return CodedRecord(pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def _episode(row: dict[str, Any]) -> Episode:
    start: date = row["start"]
    last: date = row["end"] or start + OPEN_ENDED
    hosts = row["host"] if isinstance(row["host"], list) else [row["host"]]
    return Episode(row["crisis_id"], tuple(hosts), Window(start, last + AFTER))


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
    reporting = sorted((f for f in files if f.file_id in attention.by_file), key=lambda f: -attention.total(f.file_id))
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
class _Attention:
    """Events in the window by file and by actor: what the files reported of each at all."""

    by_file: dict[int, dict[str, int]]
    days: dict[int, frozenset[date]]
    window: Window

    def total(self, file_id: int) -> int:
        """How often a file names any of the actors and hosts in the window."""
        return sum(self.by_file[file_id].values())

    def thin(self, actor: str, hosts: Sequence[str], files: Sequence[int]) -> _Refusal | None:
        """Why the attention is too thin to read silence from it; None where it is not."""
        of_actor = sum(self.by_file[f].get(actor, 0) for f in files)
        of_host = sum(self.by_file[f].get(host, 0) for f in files for host in hosts)
        reported = len(frozenset().union(*(self.days.get(f, frozenset()) for f in files)))
        if reported < ENOUGH_DAYS * self.window.days:
            seen = f"the files that cover both report on {reported} of the {self.window.days} days of the window"
            return _Refusal("thin", TOO_FEW_DAYS, seen)
        if of_actor >= ENOUGH_ATTENTION and of_host >= ENOUGH_ATTENTION:
            return None
        seen = f"{of_actor} events of {actor} and {of_host} of {';'.join(hosts)} in the window"
        return _Refusal("thin", TOO_FEW_EVENTS, f"{seen}; {ENOUGH_ATTENTION} of each needed")


def _attention(connection: duckdb.DuckDBPyConnection, episode: Episode, actors: Sequence[str]) -> _Attention:
    rows = connection.execute(
        "SELECT file_id, actor, count(*) FROM (SELECT file_id, unnest([source_id, target_id]) AS actor FROM events "
        "WHERE day BETWEEN ? AND ?) WHERE list_contains(?::VARCHAR[], actor) GROUP BY ALL",
        [episode.window.since, episode.window.until, list(actors)],
    ).fetchall()
    by_file: dict[int, dict[str, int]] = {}
    for file_id, actor, count in rows:
        by_file.setdefault(file_id, {})[actor] = count
    reported = connection.execute(
        "SELECT file_id, list(day) FROM (SELECT file_id, day FROM events WHERE day BETWEEN ? AND ? GROUP BY ALL "
        "HAVING count(*) >= ?) GROUP BY file_id",
        [episode.window.since, episode.window.until, A_REPORTED_DAY],
    ).fetchall()
    return _Attention(by_file, {file_id: frozenset(days) for file_id, days in reported}, episode.window)


def _why_not(usable: Sequence[tuple[list[int], dict[str, str]]]) -> _Refusal:
    reasons = {actor: why for _, found in usable for actor, why in found.items()}
    if not reasons:
        return _Refusal("thin", NO_FILE, "no file in the store has events of the actors or the host in the window")
    gap = CUT_OUT if any(WAS_CUT in why for why in reasons.values()) else NEVER_TOGETHER
    return _Refusal("uncovered", gap, "; ".join(f"{actor}: {why}" for actor, why in sorted(reasons.items())))


def _events(connection: duckdb.DuckDBPyConnection, episode: Episode, actors: Sequence[str]) -> pl.DataFrame:
    """Events from the actors to the hosts, one a day per code; `key` names one row, `mentions` all reports of it."""
    return frame(
        connection,
        "SELECT file_id, source_id, day, code, min(file_id || ':' || event_id) AS key, count(*) AS reports FROM events "
        "WHERE day BETWEEN ? AND ? AND list_contains(?::VARCHAR[], source_id) AND "
        "list_contains(?::VARCHAR[], target_id) "
        "GROUP BY file_id, source_id, target_id, day, code ORDER BY day, code, key",
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
    """The events behind "file:event" keys, with the name of the file each came from; `BadKey` for another key."""
    pairs = [_pair(key) for key in keys]
    schema = {"file_id": pl.Int64, "event_id": pl.Int64}
    with reading(Path(store)) as connection:
        connection.register("wanted", pl.DataFrame(pairs, schema=schema, orient="row"))
        found = frame(
            connection,
            "SELECT e.file_id || ':' || e.event_id AS key, e.day, e.source, e.target, e.code, e.mentions, f.name AS file "
            "FROM wanted w JOIN events e USING (file_id, event_id) JOIN files f USING (file_id) ORDER BY e.day, e.code, key",
        )
    absent = sorted(set(keys) - set(found["key"]))
    if absent:
        raise BadKey(absent[0])
    return found


def _pair(key: str) -> tuple[int, int]:
    file_id, _, event_id = key.partition(":")
    if not (file_id.isdecimal() and event_id.removeprefix("-").isdecimal()):
        raise BadKey(key)
    return int(file_id), int(event_id)
