"""Does a fit reproduce the record: shares and means against replicates, and where each response fell (model §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from buckpass.fit.observations import Observations

__all__ = ["Check", "Uniformity", "band_uniforms", "checks", "uniformity"]

LEVEL = 0.9
BAND_DRAWS = 2000


@dataclass(frozen=True)
class Check:
    """One statistic of the record beside the same statistic in replicated records.

    what : "rung 3", "power P", "theatre T". observed_low, observed_high : of the record, with every doubt resolved one way
    and the other: a response coded 0 to 1 is surely neither and may be either. low, high : 90 % of the replicates.
    """

    what: str
    n: int
    observed_low: float
    observed_high: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether some resolution of the doubts lies within the interval."""
        return self.observed_low <= self.high and self.low <= self.observed_high


@dataclass(frozen=True)
class Uniformity:
    """Where the responses fell in what was predicted of them, as a cumulative share with the band that chance allows.

    at : 0 to 1. share : of responses at or below. low, high : 90 % of uniform samples stay inside everywhere at once.
    """

    at: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def holds(self) -> bool:
        """Whether the responses are as surprising as they should be, and no more."""
        return bool(((self.low <= self.share) & (self.share <= self.high)).all())


def checks(
    replicates: Float[np.ndarray, "s n"], seen: Observations, labels: Mapping[str, np.ndarray], rungs: int
) -> Iterator[Check]:
    """One check per rung (its share of responses), and per value of every labelling (the mean rung there)."""
    every = np.ones(len(seen), bool)
    for r in range(rungs):
        surely, possibly = (seen.low == r) & (seen.high == r), (seen.low <= r) & (r <= seen.high)
        yield _check(f"rung {r}", surely, possibly, replicates == r, seen.weight, every)
    for kind, values in labels.items():
        for value in dict.fromkeys(values.tolist()):
            yield _check(f"{kind} {value}", seen.low, seen.high, replicates, seen.weight, values == value)


def band_uniforms(
    below: Float[np.ndarray, " n"], within: Float[np.ndarray, " n"], rng: np.random.Generator
) -> Float[np.ndarray, " n"]:  # fmt: skip
    """P(rung < low) + U·P(low ≤ rung ≤ high): uniform where the prediction is right, however wide the bands.

    The randomised probability integral transform (Czado, Gneiting & Held 2009) of a response known up to a band.
    """
    return below + rng.random(len(below)) * within


def uniformity(values: Float[np.ndarray, " n"], seed: int = 0, points: int = 40) -> Uniformity:
    """The cumulative shares of values that should be uniform, with a simultaneous band (Säilynoja, Bürkner & Vehtari 2022).

    The band is that of independent values; responses of one crisis share its effect, so that it is a little narrow.
    """
    at = np.arange(1, points) / points
    made = np.random.default_rng([seed, 29]).random((BAND_DRAWS, len(values)))
    shares = (made[:, :, None] <= at).mean(axis=1)
    rank = np.sort(shares, axis=0)
    depth = np.minimum(_ranks(shares, rank, "right"), BAND_DRAWS - _ranks(shares, rank, "left")).min(axis=1)
    cut = int(np.quantile(depth, 1 - LEVEL, method="lower"))  # so many samples lie as far out as any may
    seen = (values[:, None] <= at).mean(axis=0)
    return Uniformity(at, seen, rank[cut - 1], rank[BAND_DRAWS - cut])


def _ranks(shares: np.ndarray, ranked: np.ndarray, side) -> np.ndarray:
    return np.stack([np.searchsorted(ranked[:, k], shares[:, k], side=side) for k in range(shares.shape[1])], axis=1)


def _check(what: str, least, most, replicates, weight: np.ndarray, rows: np.ndarray) -> Check:
    seen = (np.average(np.asarray(v, dtype=float)[rows], weights=weight[rows]) for v in (least, most))
    least, most = map(float, seen)
    theirs = np.average(np.asarray(replicates, dtype=float)[:, rows], axis=1, weights=weight[rows])
    low, high = np.quantile(theirs, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Check(what, int(rows.sum()), least, most, float(low), float(high))
