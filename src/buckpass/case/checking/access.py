"""Hosts that are closed to a power: whom that may name, when, and that no closed host asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from buckpass.case.case import Case
from buckpass.case.checking.periods import follow_each_other
from buckpass.case.names import Names, missing
from buckpass.case.problems import Problem
from buckpass.case.reading.requests import FILE, with_counting
from buckpass.case.reading.toml_reading import TomlFile
from buckpass.case.schema import Settings, in_force
from buckpass.results.words import and_join

__all__ = ["check_access", "deployed_where_closed"]


def check_access(
    file: TomlFile[Settings], crises: pl.DataFrame, requests: pl.DataFrame, names: Names
) -> Iterator[Problem]:
    """Entries that name nothing, days that are said twice, and hosts that ask whom they are closed to."""
    assert file.content is not None
    entries = file.content.access
    for n, entry in enumerate(entries):
        yield from missing(file, ("access", n, "power"), "a power", entry.power, names.powers)
        yield from missing(file, ("access", n, "host"), "a host", entry.host, names.hosts)
        yield from missing(
            file, ("access", n, "still_through"), "an organisation", entry.still_through, names.organisations
        )
        if entry.power == entry.host:
            yield file.problem(
                ("access", n, "host"), f"{entry.power} is the host itself", "name the power and the host"
            )
        if not entry.closes and (entry.to or entry.still_through):
            hint = 'leave out to and still_through, or write act = "closed"'
            yield file.problem(
                ("access", n), "a withdrawal is of one day: it closes nothing to what may come back", hint
            )
    counting = with_counting(crises, requests)
    made = {tuple(row[:2]): row[2] for row in requests.select("crisis_id", "government", "line").iter_rows()}
    shut = [(("access", n), entry) for n, entry in enumerate(entries) if entry.closes]
    for power, host in dict.fromkeys((entry.power, entry.host) for _, entry in shut):
        of = [(path, entry) for path, entry in shut if (entry.power, entry.host) == (power, host)]
        yield from follow_each_other(file, f"{host} closed to {power}", of, may_pause=True)
    yield from _asks(file, counting, made, shut)


def _asks(file: TomlFile, crises: pl.DataFrame, made: Mapping, shut: list) -> Iterator[Problem]:
    """Requests to a power to which every host of the crisis is closed on its first day; one that is open may ask."""
    columns = crises.select("crisis_id", "asked_by", "line", "start", "host", "asked")
    for crisis, asker, line, start, hosts, asked in columns.iter_rows() if shut else ():
        for power in asked:
            of = [[one for _, one in shut if (one.power, one.host) == (power, host)] for host in hosts]
            closures = [in_force(entries, start) for entries in of]
            if (closure := closures[0] if None not in closures else None) is None:
                continue
            where, at = file.place(next(path for path, entry in shut if entry is closure))
            act = "closed" if closure.act == "closed" else f"closed ({closure.act})"
            ask, they = {1: ("asks", "it is"), 2: ("ask", "both are")}.get(len(hosts), ("ask", "all are"))
            seen = f"{and_join(hosts)} {ask} {power}, to which {they} {act} since {closure.from_} ({where}:{at})"
            hint = "end that entry before the day, take the power out of asked, or list the organisation that was asked"
            stands = (FILE, made[crisis, asker]) if (crisis, asker) in made else ("crises.csv", line)
            yield Problem(*stands, "asked", seen, hint)


def deployed_where_closed(case: Case) -> Iterator[Problem]:
    """Deployments of a power in a host that was closed to it: the game has no such option."""
    if not case.settings.access:
        return
    acts = case.coded.filter(pl.col("actor").is_in(case.powers) & (pl.col("rung") >= case.rungs.deployment))
    for act in acts.iter_rows(named=True):
        closure = case.closed_to(act["actor"], case.crisis(act["crisis"])["host"], act["start"])
        if closure is not None and act["vehicle"] not in closure.still_through:
            seen = f"{act['actor']} deployed in {closure.host}, which is closed to it since {closure.from_}: the model has no such option"
            hint = "correct the dates of [[access]] or the row; force against the host is another thing than help"
            yield Problem("responses.csv", act["line"], "rung", seen, hint, "warning")
