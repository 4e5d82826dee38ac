"""What a fit says of each term that a mechanism adds, beside what its prior said (model §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from buckpass.evidence.contraction import Moments, contraction
from buckpass.fitting.posterior import Posterior
from buckpass.model.terms import Prior, Term, term
from buckpass.results.summary import summary

__all__ = ["TermSummary", "prior_sd", "summaries"]


@dataclass(frozen=True)
class TermSummary:
    """One entry of a term: posterior mean and 90 % interval, sd of its prior, contraction in the whole record and by theatre.

    contraction_by_theatre : by the record of each theatre alone; None where no draws reach that far.
    """

    name: str
    mean: float
    low: float
    high: float
    prior_sd: float
    contraction: float
    contraction_by_theatre: Mapping[str, float | None]

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**self.__dict__, "contraction_by_theatre": dict(self.contraction_by_theatre)}


def prior_sd(one: Term) -> float:
    """Standard deviation of a term's prior; of a scaled one with its scale integrated out.

    >>> from buckpass.model.terms import term
    >>> round(prior_sd(term("kappa")), 3)
    0.289
    """
    own = _sd(one.prior)
    if one.scaled_by is None:
        return own
    scale = term(one.scaled_by).prior  # a half-normal times a normal around 0: E[s²] is the square of its sd parameter
    return own * scale.sd


def summaries(
    posterior: Posterior, names: Sequence[str], theatres: Mapping[str, Mapping[str, Moments]] | None = None
) -> list[TermSummary]:  # fmt: skip
    """Every entry of the terms named, as far as the fit has them free."""
    draws = posterior.flat()
    return [one for name in names if name in draws for one in _entries(posterior, name, draws[name], theatres or {})]


def _entries(posterior: Posterior, name: str, draws: np.ndarray, theatres) -> Iterator[TermSummary]:
    before = prior_sd(term(name))
    for label, at in _places(posterior, name, draws):
        mine = draws[(slice(None), *at)]
        known = summary(mine)
        yield TermSummary(
            name + label, known.mean, known.low, known.high, before, float(contraction(mine.std(), before)),
            {where: _told(by_term[name], at, before) for where, by_term in theatres.items() if name in by_term},
        )  # fmt: skip


def _told(moments: Moments, at: tuple[int, ...], before: float) -> float | None:
    found = float(contraction(np.asarray(moments.sd, dtype=float)[at], before))
    return found if np.isfinite(found) else None


def _places(posterior: Posterior, name: str, draws: np.ndarray) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Label and position of every entry: nothing for a number, [A] for one per power."""
    if draws.ndim == 1:
        yield "", ()
        return
    labels = posterior.labels(name).values()
    for at in np.ndindex(*draws.shape[1:]):
        yield f"[{', '.join(str(of[i]) for of, i in zip(labels, at, strict=True))}]", at


def _sd(prior: Prior) -> float:
    if prior.family == "half_normal":
        return prior.sd * float(np.sqrt(1 - 2 / np.pi))
    if prior.family == "beta":
        a, b = prior.a, prior.b
        return float(np.sqrt(a * b / (a + b + 1)) / (a + b))
    return prior.sd
