"""Companies, armed groups, coalitions and governments: what they may name, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from buckpass.case.checking.periods import follow_each_other
from buckpass.case.names import Names, missing, twice
from buckpass.case.problems import Problem, spelling_hint
from buckpass.case.reading.toml_reading import TomlFile
from buckpass.case.schema import Settings

__all__ = ["check_askers", "check_kinds_of_actors"]


def check_kinds_of_actors(file: TomlFile[Settings], crises: pl.DataFrame, names: Names) -> Iterator[Problem]:
    """Names that lead nowhere, ids that two things share, governments of one host at one date, and askers that are none."""
    assert file.content is not None
    settings = file.content
    yield from twice(file, "actors", [actor.id for actor in settings.actors])
    for n, actor in enumerate(settings.actors):
        yield from missing(file, ("actors", n, "sponsor"), "a power", actor.sponsor, names.powers)
        if actor.id in (*names.states, *names.organisations):
            yield file.problem(
                ("actors", n, "id"), f"{actor.id} is also a state's or an organisation's id", "give it another"
            )
    for kind, rung in settings.sponsored.items():
        if rung > names.rungs.top:
            yield file.problem(("sponsored", kind), f"{rung} is not on the ladder, which ends at {names.rungs.top}")
    for n, coalition in enumerate(settings.coalitions):
        yield from missing(file, ("coalitions", n, "members"), "a power", coalition.members, names.powers)
        yield from missing(file, ("coalitions", n, "hosts"), "a host", coalition.hosts, names.hosts)
    yield from _governments(file, settings)
    yield from check_askers("crises.csv", "asked_by", settings, crises.filter(pl.col("asked_by") != ""))


def _governments(file: TomlFile[Settings], settings: Settings) -> Iterator[Problem]:
    for n, host in enumerate(settings.hosts):
        dated = [(("hosts", n, "governments", k), one) for k, one in enumerate(host.governments)]
        yield from follow_each_other(file, f"the government of {host.id}", dated, may_pause=True)
        called: dict[str, str] = {}
        for path, one in dated:
            if called.setdefault(one.id, one.name) != one.name:
                seen = f"{one.id} is {called[one.id]} and {one.name}: who asked could not be told apart"
                yield file.problem((*path, "id"), seen, "give each its own id; one that came back has one name")


def check_askers(file: str, column: str, settings: Settings, askers: pl.DataFrame) -> Iterator[Problem]:
    """Askers (asked_by, host, start, end of the crisis) that were no government of a host while it lasted."""
    of = {host.id: host.governments for host in settings.hosts}
    for row in askers.iter_rows(named=True):
        last = row["end"] or date.max
        known = [one for host in row["host"] for one in of.get(host, ())]
        lasting = [one.id for one in known if (one.from_ or date.min) <= last and row["start"] <= (one.to or date.max)]
        if row["asked_by"] not in lasting:
            seen = f"{row['asked_by']!r} is no government of {' or '.join(row['host'])} between {row['start']} and {row['end'] or 'today'}"
            hint = (
                spelling_hint(row["asked_by"], lasting)
                if lasting
                else "list governments = [{ id = …, from = … }] of the host"
            )
            yield Problem(file, row["line"], column, seen, hint)
