"""A scenario of years: the case changed before they are played, and what their first year and every game carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from jaxtyping import Float

from buckpass.case import Case
from buckpass.changes.in_case import changed_case
from buckpass.changes.in_setting import capacity_shift, opinion_shift
from buckpass.changes.overrides import Override, Unusable
from buckpass.changes.paths import Question
from buckpass.changes.scenario import usable_changes
from buckpass.years.arrivals import Past, past_of
from buckpass.years.starting_point import capacity_at, opinions_at

__all__ = ["Scenario", "questions_of", "scenario_alone", "scenario_of", "starting_capacity", "starting_opinions"]


@dataclass(frozen=True)
class Scenario:
    """A changed case, and the changes, of which its first year and its games carry those that do not bite in a case."""

    case: Case
    first_year: int
    overrides: tuple[Override, ...] = ()

    def of(self, attribute: str) -> tuple[Override, ...]:
        """The changes of one attribute."""
        return tuple(o for o in self.overrides if o.attribute == attribute)


def scenario_of(
    case: Case, texts: Sequence[str | Override] = (), first_year: int | None = None, foresight: str = "myopic"
) -> Scenario:
    """The scenario that `PATH=VALUE` texts ask for in the years from `first_year` on (None: the one after the record).

    Raises `BadOverride` with every problem of the texts, and of what they ask for.
    """
    first = first_year or case.settings.years[1] + 1
    if not texts:
        return Scenario(case, first)
    past = past_of(case, first)
    ahead = _crises_ahead(past)
    overrides = usable_changes(texts, case, ahead, questions_of(foresight), lambda o: _check_start(past, o))
    return _after(case, ahead, first, overrides)


def scenario_alone(case: Case, override: Override, first: int) -> Scenario:
    """The scenario of one change by itself, which has been found usable, be it only with others."""
    return _after(case, _crises_ahead(past_of(case, first)), first, (override,))


def _after(case: Case, ahead: list[dict[str, Any]], first: int, overrides: tuple[Override, ...]) -> Scenario:
    if not (lasting := [o for o in overrides if o.of.bites == "case"]):
        return Scenario(case, first, overrides)
    return Scenario(case.replace(settings=changed_case(case, ahead, lasting).settings), first, overrides)


def questions_of(foresight: str) -> tuple[Question, ...]:
    """The questions that years ask of the catalogue: what next year weighs, only powers that look ahead ask."""
    return ("years",) if foresight == "myopic" else ("years", "foresight")


def starting_capacity(case: Case, first_year: int, changes: Sequence[Override] = ()) -> Float[np.ndarray, " p"]:
    """log capacity of each power in the first year, after the changes; NaN where the series have none."""
    capacity = capacity_at(case, first_year)
    for o in changes:
        i = case.powers.index(o.subject)
        capacity[i] += capacity_shift(o, _known(capacity[i], f"capacity of {o.subject}", "series.csv"), 0.0)
    return capacity


def starting_opinions(past: Past, changes: Sequence[Override] = ()) -> Float[np.ndarray, "h p"]:
    """Log-odds of unfavourable opinion in the first year, after the changes; NaN where there is no survey."""
    opinions = opinions_at(past)
    for o in changes:
        at = past.hosts.index(o.target), past.case.powers.index(o.subject)
        opinions[at] += opinion_shift(
            o, _known(opinions[at], f"opinion of {o.subject} in {o.target}", "case.toml"), 0.0
        )
    return opinions


def _check_start(past: Past, override: Override) -> None:
    if override.attribute == "capacity":
        starting_capacity(past.case, past.first_year, [override])
    elif override.attribute == "opinion":
        starting_opinions(past, [override])


def _known(number: float, what: str, file: str) -> float:
    """What there is to start from: a crisis can take the mean instead, but years would let it grow from a guess."""
    if np.isnan(number):
        raise Unusable(
            f"no {what} is known to start from: add it to {file}, or ask a crisis with `buckpass whatif`, which starts from "
            "the mean"
        )
    return float(number)


def _crises_ahead(past: Past) -> list[dict[str, Any]]:
    """One made crisis per host, at the least and at the greatest severity of the record, on the first day."""
    severities = past.crises["severity"].to_list() or [0.5]
    made = {"crisis_id": f"a crisis of {past.first_year}", "theatre": past.case.settings.focus.theatre,
            "start": date(past.first_year, 1, 1), "end": None}  # fmt: skip
    return [{**made, "host": [h], "severity": s} for h in past.hosts for s in {min(severities), max(severities)}]
