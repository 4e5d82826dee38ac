"""Spells of years in which the same dated relations hold: alignments, access, membership, mandates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from buckpass.case import Case
from buckpass.case.schema import Organisation, Period, in_force

__all__ = ["relations_on", "spells_of"]

ALWAYS = {"from_": None, "to": None}
EVER_SINCE = {"from_": date.min, "to": None}


def spells_of(case: Case, first_year: int, years: int) -> tuple[int, ...]:
    """The years in which a spell begins: the first, and each on whose first day another relation holds than a year before."""
    last, settings = first_year + years - 1, case.settings
    dated = [*settings.alignments, *(a for a in settings.access if a.closes)]
    for one in settings.organisations:
        dated += [*one.members, *one.mandates, Period.model_validate({"from": one.founded, "to": one.ended})]
    begun = {day.year + ((day.month, day.day) > (1, 1)) for entry in dated for day in _changes(entry)}
    return (first_year, *sorted(year for year in begun if first_year < year <= last))


def _changes(entry: Period) -> Iterator[date]:
    if entry.from_ is not None:
        yield entry.from_
    if entry.to is not None and entry.to < date.max:
        yield entry.to + timedelta(days=1)


def relations_on(case: Case, on: date) -> Case:
    """The case in which the relations that hold on a day hold on every day."""
    settings = case.settings
    alignments = (a.model_copy(update=ALWAYS) for a in settings.alignments if a.holds(on))
    access = (a.model_copy(update=EVER_SINCE) for a in settings.access if a.closes and a.holds(on))
    organisations = (_organisation(one, on) for one in settings.organisations)
    changed = {"alignments": tuple(alignments), "access": tuple(access), "organisations": tuple(organisations)}
    return case.replace(settings=settings.model_copy(update=changed))


def _organisation(one: Organisation, on: date) -> Organisation:
    is_there = one.founded <= on and (one.ended is None or on <= one.ended)
    members = (m.model_copy(update=EVER_SINCE) for m in one.members if is_there and m.holds(on))
    mandate = in_force(one.mandates, on)
    mandates = () if mandate is None else (mandate.model_copy(update=ALWAYS),)
    lasting = {"members": tuple(members), "mandates": mandates, "founded": date.min, "ended": None}
    return one.model_copy(update=lasting)
