"""What a claim asks, and what was found: the two records between the ledger and the estimands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl

from buckpass.case import BuckpassError, Case, Claim

__all__ = ["CannotCompute", "Finding", "Outcome", "Question", "as_expected", "places_at", "places_of"]

Outcome = Literal["supported", "contradicted", "undecided"]


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

    `predictions` is a `claims.predictions.Predictions`, untyped here so that claims about the record load no model.
    """

    claim: Claim
    case: Case
    predictions: Any
    seed: int

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that the claim gives to its estimand."""
        return self.claim.estimand.parameters if self.claim.estimand else {}

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
    probability (a conjunction of statements).
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int | None = None
    probability: float | None = None
    doubt: tuple[float, float] | None = None
    decided: Outcome | None = None
    reason: str = ""
    turns_on: str = ""
    sources: tuple[str, ...] = ()
    places: tuple[str, ...] = ()  # file:line of every row of the case that the number is made of
    detail: Mapping[str, Any] = field(default_factory=dict)


def places_of(file: str, rows: pl.DataFrame) -> tuple[str, ...]:
    """file:line of rows of one of the case's tables; of `Case.coded` the lines of all coders."""
    return places_at(file, rows["lines" if "lines" in rows.columns else "line"].explode().to_list())


def places_at(file: str, lines: Iterable[int | None]) -> tuple[str, ...]:
    """file:line of some lines of a file, each once."""
    return tuple(f"{file}:{line}" for line in sorted({line for line in lines if line is not None}))


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
