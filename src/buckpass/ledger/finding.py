"""What a claim asks, and what was found: the two records between the ledger and the estimands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl

from buckpass.case import BuckpassError, Case, Claim
from buckpass.case.claim_parameters import parameters_of, theatre_of
from buckpass.case.figures import first_last_most
from buckpass.evidence.verdict_policy import Decision

__all__ = [
    "CannotCompute",
    "Finding",
    "Outcome",
    "Question",
    "as_beside",
    "as_expected",
    "figures_beside",
    "figures_of",
    "in_short",
    "places_at",
    "places_of",
    "powers_named",
    "up_to",
]

Outcome = Literal["supported", "partly", "contradicted", "undecided"]


class CannotCompute(BuckpassError):
    """A claim's estimand cannot be computed with this case or these posteriors; the message says what is missing.

    `detail` holds what can be shown all the same (levels where a trend is missing).
    """

    def __init__(self, message: str, detail: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.detail = dict(detail or {})


@dataclass(frozen=True)
class Question:
    """One claim to be computed: its estimand and expectation, the case, and the model's predictions if any.

    `predictions` is a `ledger.predictions.Predictions`, untyped here so that claims about the record load no model.
    """

    claim: Claim
    case: Case
    predictions: Any
    seed: int

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the claim's estimand: what it gives, and what its pair fills in."""
        return parameters_of(self.claim, self.case.settings.focus)

    @property
    def theatre(self) -> str:
        """The theatre of the claim's pair, where its estimand is told of none."""
        return theatre_of(self.claim, self.case.settings.focus)

    @property
    def expect(self) -> Mapping[str, Any]:
        """What the claim expects: above, below or equals."""
        return dict(self.claim.expect.items())

    def rng(self) -> np.random.Generator:
        """Random numbers that belong to this claim alone, so that no claim's draws depend on another's."""
        return np.random.default_rng([self.seed, *self.claim.id.encode()])


@dataclass(frozen=True)
class Finding:
    """The number behind a verdict.

    probability : P(what the claim expects), as coded or as fitted; `doubt` its range when every doubt is
    resolved against the claim and for it. `decided` is set instead where the answer is no
    probability (a conjunction of statements), or fits decided it: `decision` has what each said.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int | None = None
    probability: float | None = None
    doubt: tuple[float, float] | None = None
    decided: Outcome | None = None
    decision: Decision | None = None
    reason: str = ""
    turns_on: str = ""
    sources: tuple[str, ...] = ()
    places: tuple[str, ...] = ()  # file:line of every row of the case that the number is made of
    detail: Mapping[str, Any] = field(default_factory=dict)


def up_to(given: Mapping[str, Any]) -> str:
    """What stands behind the least rung or step that a claim asks for: the highest, or that there is none."""
    return f"–{given['at_most']}" if "at_most" in given else " or higher"


def powers_named(given: Mapping[str, Any]) -> list[str]:
    """The powers that a claim names."""
    return [given["power"], *(p for p in [given.get("also", {}).get("power")] if p)]


def places_of(file: str, rows: pl.DataFrame) -> tuple[str, ...]:
    """file:line of rows of one of the case's tables; of `Case.coded` the lines of all coders."""
    return places_at(file, rows["lines" if "lines" in rows.columns else "line"].explode().to_list())


def places_at(file: str, lines: Iterable[int | None]) -> tuple[str, ...]:
    """file:line of some lines of a file, each once."""
    return tuple(f"{file}:{line}" for line in sorted({line for line in lines if line is not None}))


def figures_beside(case: Case, series: Sequence[str], actors: Sequence[str]) -> list[dict[str, Any]]:
    """The yearly figures that a claim asks to be shown beside its number, of some actors, never mixed into it."""
    return as_beside(case, figures_of(case, series, actors).sort("series", "actor", "partner", "year"))


def figures_of(case: Case, series: Iterable[str], actors: Iterable[str]) -> pl.DataFrame:
    """The rows of series.csv of some series and actors."""
    return case.series.filter(pl.col("series").is_in(list(series)) & pl.col("actor").is_in(list(actors)))


def as_beside(case: Case, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of series.csv as a reader is shown them, each with the name of its series."""
    shown = rows.select("series", "actor", "partner", "year", "value", "unit").to_dicts()
    return [row | {"name": case.series_name(row["series"])} for row in shown]


def in_short(beside: Sequence[Mapping[str, Any]]) -> str:
    """First, last and largest figure of each series, actor and partner, in words; empty without figures."""
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in beside:
        found.setdefault((row["name"], row["actor"], row["partner"] or ""), []).append(row)
    return "; ".join(f"{' '.join(filter(None, key))}: {first_last_most(rows)}" for key, rows in found.items())


def as_expected(expect: Mapping[str, Any], draws: np.ndarray) -> np.ndarray:
    """Which draws are as expected (above, below); `equals = true` takes draws of truth values.

    >>> as_expected({"above": 0}, np.array([-1.0, 2.0]))
    array([False,  True])
    """
    if "above" in expect:
        return draws > expect["above"]
    if "below" in expect:
        return draws < expect["below"]
    if "equals" in expect:
        return draws.astype(bool) == bool(expect["equals"])
    raise CannotCompute("the claim expects nothing: give expect = { above = … }, { below = … } or { equals = true }")
