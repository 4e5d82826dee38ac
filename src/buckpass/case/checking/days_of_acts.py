"""Acts that are dated far from the crisis in which they stand: a year that was mistyped, or the row of another crisis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from buckpass.case.case import Case
from buckpass.case.problems import Problem
from buckpass.case.reading.cells import parse_span

__all__ = ["acts_far_from_their_crisis", "acts_outside_their_crisis"]

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
    for file, frame in (("responses.csv", case.responses), ("own_operations.csv", case.own_operations)):
        rows = frame.select("line", "actor", "crisis_id", "date").drop_nulls("date").rows()
        found = [row for row in rows if over < days_outside(row[3], *lasted[row[2]]) <= at_most]
        if found:
            acts = [f"{actor} in {crisis} (line {line}: {when})" for line, actor, crisis, when in found[:MOST_NAMED]]
            rest = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
            head = f"{len(found)} {'act lies' if len(found) == 1 else 'acts lie'} more than {said} outside"
            seen = f"{head} {'its' if len(found) == 1 else 'their'} crisis: {', '.join(acts)}{rest}"
            yield Problem(file, found[0][0], "date", seen, HINT, "warning")


def days_outside(when: str, start: date, end: date | None) -> int:
    """Days between a date or span and a crisis before it began or after it ended; 0 where they meet."""
    first, last = parse_span(when)
    return max((start - last).days, 0 if end is None else (first - end).days, 0)
