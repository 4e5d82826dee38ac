"""How far the record, and each theatre's record alone, tells more of a term than its prior did (model §4, §8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from buckpass.fitting.scoring import importance_weights, pareto_k_limit

__all__ = ["Moments", "contraction", "moments", "theatre_moments"]


@dataclass(frozen=True)
class Moments:
    """Mean and standard deviation of every entry of a term under some posterior.

    how : "draws", "importance weights" of the draws of the whole record, "another fit" by the theatre's record alone, or
    "out of reach" where neither was to be had; then mean and sd are not numbers.
    """

    mean: np.ndarray
    sd: np.ndarray
    how: str = "draws"


def contraction(posterior_sd: np.ndarray, prior_sd: np.ndarray | float) -> np.ndarray:
    """1 − sd_posterior² / sd_prior²: 0 where the record tells nothing, 1 where it tells all, below 0 where doubt grew.

    >>> float(contraction(np.array(0.5), 1.0))
    0.75
    """
    return 1.0 - (np.asarray(posterior_sd) / prior_sd) ** 2


def moments(draws: Float[np.ndarray, "s ..."], weight: Float[np.ndarray, " s"] | None = None) -> Moments:
    """Mean and standard deviation over draws, weighted where they do not count alike."""
    mean = np.average(draws, axis=0, weights=weight)
    return Moments(mean, np.sqrt(np.average((draws - mean) ** 2, axis=0, weights=weight)))


def theatre_moments(
    draws: Mapping[str, Float[np.ndarray, "s ..."]], log_likelihood: Float[np.ndarray, "s c"], theatre: Sequence[str],
    refit: Callable[[Bool[np.ndarray, " c"]], Mapping[str, np.ndarray] | None] | None = None,
) -> dict[str, dict[str, Moments]]:  # fmt: skip
    """Moments of every term given the crises of one theatre only, by theatre and term.

    The draws of the whole record are weighted by one over the likelihood of all other theatres. Where the weights' k̂ says
    that they do not reach so far, which is the rule where most of the record is elsewhere, `refit` is asked.

    Parameters
    ----------
    draws : of every term. log_likelihood : of every crisis, request and responses together (nats). theatre : of each crisis.
    refit : given which crises are kept, draws of the terms from a posterior that saw only them; None where it failed.
    """
    found = {}
    for name in dict.fromkeys(theatre):
        kept = np.array([t == name for t in theatre])
        found[name] = _weighted(draws, log_likelihood[:, ~kept]) or _fitted(draws, kept, refit)
    return found


def _weighted(draws: Mapping[str, np.ndarray], elsewhere: Float[np.ndarray, "s e"]) -> dict[str, Moments] | None:
    """By importance weights; None where they cannot be trusted."""
    if not elsewhere.shape[1]:
        return {name: moments(values) for name, values in draws.items()}
    log_weight, reach = importance_weights(-elsewhere.sum(axis=1))
    if not float(reach) < pareto_k_limit(len(elsewhere)):
        return None
    weight = np.exp(log_weight)
    by_term = {name: moments(values, weight) for name, values in draws.items()}
    return {name: Moments(m.mean, m.sd, "importance weights") for name, m in by_term.items()}


def _fitted(draws: Mapping[str, np.ndarray], kept: np.ndarray, refit) -> dict[str, Moments]:
    other = refit(kept) if refit is not None else None
    if other is None:
        none = {name: np.full(v.shape[1:], np.nan) for name, v in draws.items()}
        return {name: Moments(nan, nan, "out of reach") for name, nan in none.items()}
    by_term = {name: moments(values) for name, values in other.items()}
    return {name: Moments(m.mean, m.sd, "another fit") for name, m in by_term.items()}
