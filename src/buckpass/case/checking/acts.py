"""Acts that are dated far from their crisis, or that their own words deny: a year mistyped, the row of another crisis, a word left in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from buckpass.case.case import Case
from buckpass.case.problems import Problem
from buckpass.case.reading.cells import parse_span

__all__ = ["acts_far_from_their_crisis", "acts_for_nothing", "acts_outside_their_crisis"]

FAR, NEAR = 365, 30  # days: an answer may come weeks after an attack of one day, and hardly a year
MOST_NAMED = 20
HINT = "correct the date or the crisis; what belongs to another crisis, or to none, is no row of this one"


def acts_far_from_their_crisis(case: Case) -> Iterator[Problem]:
    """Acts more than a year before their crisis began or after it ended; one warning a file."""
    yield from _warnings(case, FAR, 10**6, "a year")


def acts_outside_their_crisis(case: Case) -> Iterator[Problem]:
    """Acts more than a month, and at most a year, before their crisis began or after it ended; one warning a file."""
    yield from _warnings(case, NEAR, FAR, "a month")


def _warnings(case: Case, over: int, at_most: int, said: str) -> Iterator[Problem]:
    lasted = {
        crisis: (start, end) for crisis, start, end in case.crises.select("crisis_id", "start", "end").iter_rows()
    }
    for file, frame in _acts(case):
        rows = frame.select("line", "actor", "crisis_id", "date").drop_nulls("date").rows()
        found = [row for row in rows if over < days_outside(row[3], *lasted[row[2]]) <= at_most]
        if found:
            named = _named([(actor, crisis, f"line {line}: {when}") for line, actor, crisis, when in found])
            one = len(found) == 1
            seen = f"{len(found)} {'act lies' if one else 'acts lie'} more than {said} outside {'its' if one else 'their'} crisis"
            yield Problem(file, found[0][0], "date", f"{seen}: {named}", HINT, "warning")


def days_outside(when: str, start: date, end: date | None) -> int:
    """Days between a date or span and a crisis before it began or after it ended; 0 where they meet."""
    first, last = parse_span(when)
    return max((start - last).days, 0 if end is None else (first - end).days, 0)


def acts_for_nothing(case: Case) -> Iterator[Problem]:
    """Rungs of an act beside a stance or a scope that says that there was none; one warning a file."""
    denied = (pl.col("rung") > 0) & ((pl.col("stance") == "none") | (pl.col("scope") == "none"))
    for file, frame in _acts(case):
        rows = frame.filter(denied).select("line", "actor", "crisis_id").rows()
        if rows:
            named = _named([(actor, crisis, f"line {line}") for line, actor, crisis in rows])
            seen = f"stance or scope none says that there was no act, and the rung that there was: {named}"
            hint = "say towards whom and for what it was, or write unknown"
            yield Problem(file, rows[0][0], "scope", seen, hint, "warning")


def _acts(case: Case) -> tuple[tuple[str, pl.DataFrame], ...]:
    return ("responses.csv", case.responses), ("own_operations.csv", case.own_operations)


def _named(acts: list[tuple[str, str, str]]) -> str:
    """Acts by actor, crisis and what is said of each, the first of many."""
    rest = f" and {len(acts) - MOST_NAMED} more" if len(acts) > MOST_NAMED else ""
    return ", ".join(f"{actor} in {crisis} ({said})" for actor, crisis, said in acts[:MOST_NAMED]) + rest
