"""Sums and differences of scores over crises, with standard errors that know that crises of one host go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float

from buckpass.case import Case

__all__ = [
    "HOSTS_TOGETHER", "SAME_WITHIN", "Clusters", "ScoreGap", "by_crisis", "by_host", "difference", "errors", "least_optimism",
    "optimism",
]  # fmt: skip

SAME_WITHIN = 2.0  # standard errors of a difference within which it is none
HOSTS_TOGETHER = "crises of one host counted together"  # of every standard error
ROUNDED = 1e-9  # nats by which two sums of the same numbers may differ
DRAWS = 20_000  # of the scores, to see how much the best of several owes to chance


@dataclass(frozen=True)
class Clusters:
    """Which crises may err together: those that share a host.

    together : [crisis, crisis], true where two crises share a cluster; count : how many clusters there are.
    """

    together: Bool[np.ndarray, "c c"]
    count: int

    def take(self, keep: np.ndarray) -> Clusters:
        """The clusters of some of the crises, by position."""
        together = self.together[np.ix_(keep, keep)]
        return Clusters(together, min(self.count, len(keep)))


@dataclass(frozen=True)
class ScoreGap:
    """A sum of score differences over crises (nats), its standard error by host, and by crisis."""

    diff: float
    se: float
    se_by_crisis: float

    @property
    def is_tie(self) -> bool:
        """Whether it is within two standard errors of none."""
        return abs(self.diff) <= SAME_WITHIN * self.se

    @property
    def is_gain(self) -> bool:
        """Whether it is above none by more than two standard errors."""
        return self.is_gain_beyond(0.0)

    def is_gain_beyond(self, chance: float) -> bool:
        """Whether it is still above none by more than two standard errors without what it owes to chance (nats)."""
        return self.diff - chance > SAME_WITHIN * self.se

    def as_dict(self) -> dict[str, float]:
        """As JSON has it."""
        return {"diff": self.diff, "se": self.se, "se_by_crisis": self.se_by_crisis}


def by_host(case: Case, crises: Sequence[str]) -> Clusters:
    """Crises of one host as one cluster; a crisis of two hosts belongs to both."""
    hosts = sorted({h for c in crises for h in case.crisis(c)["host"]})
    is_in = np.array([[h in case.crisis(c)["host"] for h in hosts] for c in crises], dtype=int)
    return Clusters(is_in @ is_in.T > 0, len(hosts))


def by_crisis(n: int) -> Clusters:
    """Every crisis by itself."""
    return Clusters(np.eye(n, dtype=bool), n)


def difference(values: Float[np.ndarray, " c"], clusters: Clusters) -> ScoreGap:
    """The sum of values over crises with both standard errors (`errors`)."""
    se, se_by_crisis = errors(values, clusters)
    return ScoreGap(float(values.sum()), float(se), float(se_by_crisis))


def errors(
    values: Float[np.ndarray, "*m c"], clusters: Clusters
) -> tuple[Float[np.ndarray, "*m"], Float[np.ndarray, "*m"]]:
    """Standard errors of sums over crises, by host and by crisis: the one rule for all scores and their differences.

    The cluster-robust variance of a mean (Liang & Zeger 1986), for crises in more than one cluster summed over the pairs
    that share one (Cameron, Gelbach & Miller 2011): G/(G−1) · Σ_{k,l share a host} e_k e_l. That sum can fall below the
    variance by crisis, or below 0, where crises of one host happen to balance; the larger of the two is given. Crises that
    are all of one host leave only that by crisis; a single crisis, or one without a score, leaves the error unknown, and so without bound.
    """
    n, groups = values.shape[-1], clusters.count
    if n < 2 or not np.isfinite(values).all():
        unknown = np.full(values.shape[:-1], np.inf)
        return unknown, unknown
    spread = values - values.mean(axis=-1, keepdims=True)
    each = n / (n - 1) * (spread**2).sum(axis=-1)
    shared = groups / (groups - 1) * ((spread @ clusters.together) * spread).sum(axis=-1) if groups > 1 else each
    return np.sqrt(np.maximum(shared, each)), np.sqrt(each)


def covariance(values: Float[np.ndarray, "m c"], clusters: Clusters) -> Float[np.ndarray, "m m"]:
    """Covariance of the sums over crises of several score differences."""
    spread = values - values.mean(axis=1, keepdims=True)
    return clusters.count / (clusters.count - 1) * (spread @ clusters.together @ spread.T)


def optimism(values: Float[np.ndarray, "m c"], clusters: Clusters) -> tuple[float, float]:
    """How much too well the best of several looks for having been picked (nats), and the most that it could be.

    Scores are drawn again around those seen, N(d, Σ̂) with Σ̂ by host; the first number is the mean, over draws, of how far
    the best of the draw stands above its own d (the bootstrap estimate of Tibshirani & Tibshirani 2009). The second takes
    all as equally good: the expected largest of so many errors (McLatchie & Vehtari 2024).

    Parameters
    ----------
    values : score differences to one yardstick, [candidate, crisis]. clusters : of the crises.
    """
    total = values.sum(axis=1)
    error = _noise(len(values)) @ _root(values, clusters).T
    best = np.argmax(total + error, axis=1)
    return float(error[np.arange(DRAWS), best].mean()), float(error.max(axis=1).mean())


def least_optimism(values: Float[np.ndarray, "m c"], clusters: Clusters) -> float:
    """What the first number of `optimism` is at least, without its draws, which take most of a comparison's time.

    In each of them the best stands as far above its own d as the leader's error is, or further: d_b + e_b ≥ d_l + e_l and d_b ≤ d_l.
    """
    leader = int(np.argmax(values.sum(axis=1)))
    return float(_noise(len(values)).mean(axis=0) @ _root(values, clusters)[leader]) - ROUNDED


def _root(values: Float[np.ndarray, "m c"], clusters: Clusters) -> Float[np.ndarray, "m m"]:
    """A square root of the covariance of the sums; by crisis where all share a host."""
    clusters = clusters if clusters.count > 1 else by_crisis(values.shape[1])
    scale, directions = np.linalg.eigh(covariance(values, clusters))
    return directions * np.sqrt(np.maximum(scale, 0.0))


@lru_cache(maxsize=16)  # asked for again without every crisis
def _noise(m: int) -> Float[np.ndarray, "d m"]:
    return np.random.default_rng([0, 71]).standard_normal((DRAWS, m))
