"""Whether the periods of one relation follow each other: no day with two values, no day without one between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from buckpass.case.problems import Problem
from buckpass.case.reading.toml_reading import TomlFile
from buckpass.case.schema import Period

__all__ = ["follow_each_other"]

Dated = tuple[tuple[str | int, ...], Period]  # the path of an entry in its file, and the entry


def follow_each_other(
    file: TomlFile, what: str, entries: Sequence[Dated], is_open_ended: bool = False, may_pause: bool = False
) -> Iterator[Problem]:
    """Entries of one thing that overlap, or that leave days between them out.

    is_open_ended : it needs a value at all times, so the first has no `from` and the last no `to`.
    may_pause : days between two entries may be without one, as where a member leaves and returns.
    """
    ordered = sorted(entries, key=lambda entry: entry[1].from_ or date.min)
    for (_, before), (path, after) in pairwise(ordered):
        if before.to is None or after.from_ is None or after.from_ <= before.to:
            seen = f"{what} stands twice for the same days: {_said(before)} and {_said(after)}"
            yield file.problem(path, seen, "end the earlier entry with `to` the day before the later one's `from`")
        elif not may_pause and before.to + timedelta(days=1) < after.from_:
            seen = f"{what} is left open between {before.to} and {after.from_}"
            yield file.problem(path, seen, "let each entry begin, `from`, the day after the one before it ends")
    if is_open_ended and ordered:
        (first_path, first), (last_path, last) = ordered[0], ordered[-1]
        if first.from_ is not None:
            yield file.problem(
                (*first_path, "from"), f"{what} is left open before {first.from_}", "the first entry has no `from`"
            )
        if last.to is not None:
            yield file.problem((*last_path, "to"), f"{what} is left open after {last.to}", "the last entry has no `to`")


def _said(period: Period) -> str:
    if period.from_ is None and period.to is None:
        return "all days"
    return " ".join(f"{word} {day}" for word, day in (("from", period.from_), ("to", period.to)) if day is not None)
