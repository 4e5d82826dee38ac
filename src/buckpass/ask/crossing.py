"""A condition on an answer, `p_deploy:AAA>0.5`: which estimand, whose, and the threshold that it crosses."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from buckpass.case import Case
from buckpass.case.problems import BuckpassError, spelling_hint

__all__ = ["BadCrossing", "Crossing", "parse_crossing"]

_CROSSING = re.compile(r"\s*([a-z_]+)\s*(?::\s*([A-Za-z][\w-]*))?\s*([<>])\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*", re.ASCII)

OF_POWER, OF_CRISIS = ("p_deploy", "expected_rung", "buck_passed"), ("p_stabilised", "p_nobody")


class BadCrossing(BuckpassError):
    """A threshold, a path or its bounds cannot be read."""


@dataclass(frozen=True)
class Crossing:
    """`p_deploy:AAA>0.5`: an estimand, the power it is of (if any), a comparison and a threshold."""

    estimand: str
    power: str
    above: bool
    threshold: float

    def holds(self, value: np.ndarray) -> np.ndarray:
        """Whether the condition holds at each value of the estimand."""
        return value > self.threshold if self.above else value < self.threshold

    @property
    def measure(self) -> str:
        """The estimand with its power, as it is written before the comparison."""
        return f"{self.estimand}:{self.power}" if self.power else self.estimand

    @property
    def text(self) -> str:
        return f"{self.measure}{'>' if self.above else '<'}{self.threshold:g}"


def parse_crossing(text: str, case: Case) -> Crossing:
    """Read `p_deploy:AAA>0.5`; raises `BadCrossing` with the estimands there are."""
    found = _CROSSING.fullmatch(text)
    names = (*OF_POWER, *OF_CRISIS)
    if found is None:
        raise BadCrossing(
            f"{text[:80]!r} is no threshold: write ESTIMAND[:POWER] > NUMBER, as in p_deploy:{case.powers[0]}>0.5"
        )
    name, power, sign, number = found[1], found[2] or "", found[3], float(found[4])
    if name not in names:
        raise BadCrossing(f"{name!r} is no estimand that can cross — {spelling_hint(name, names)}")
    if (name in OF_POWER) != bool(power):
        raise BadCrossing(
            f"{name} {'needs a power, ' + name + ':POWER' if name in OF_POWER else 'is of the crisis, not of a power'}"
        )
    if power:
        case.power(power)
    low, high = _range_of(name, case)
    if not low <= number <= high:
        raise BadCrossing(
            f"{text.strip()[:80]}: {name} lies between {low:g} and {high:g}, so it never crosses {number:g}"
        )
    return Crossing(name, power, sign == ">", number)


def _range_of(estimand: str, case: Case) -> tuple[float, float]:
    """The least and the greatest value that an estimand can have."""
    if estimand == "buck_passed":  # effort times what a power can deliver
        return -np.inf, np.inf
    return 0.0, float(case.rungs.top) if estimand == "expected_rung" else 1.0
