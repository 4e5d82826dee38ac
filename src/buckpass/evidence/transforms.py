"""Where each response fell in what was predicted of it, and how far from even such places may be (model §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from buckpass.results.summary import LEVEL

__all__ = ["Uniformity", "band_uniforms", "uniformity"]

POINTS = 40  # steps between 0 and 1 at which the shares are read
BAND_DRAWS = 2000


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

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**{name: values.tolist() for name, values in self.__dict__.items()}, "holds": self.holds}


def band_uniforms(
    below: Float[np.ndarray, " n"], within: Float[np.ndarray, " n"], rng: np.random.Generator
) -> Float[np.ndarray, " n"]:  # fmt: skip
    """P(rung < low) + U·P(low ≤ rung ≤ high): uniform where the prediction is right, however wide the bands.

    The randomised probability integral transform (Czado, Gneiting & Held 2009) of a response known up to a band.
    """
    return below + rng.random(len(below)) * within


def uniformity(values: Float[np.ndarray, " n"], seed: int = 0) -> Uniformity:
    """The cumulative shares of values that should be uniform, with a simultaneous band (Säilynoja, Bürkner & Vehtari 2022).

    The band is that of independent values; responses of one crisis share its effect, so that it is a little narrow.
    """
    at = np.arange(1, POINTS) / POINTS
    made = np.random.default_rng([seed, 29]).random((BAND_DRAWS, len(values)))
    shares = (made[:, :, None] <= at).mean(axis=1)
    rank = np.sort(shares, axis=0)
    depth = np.minimum(_ranks(shares, rank, "right"), BAND_DRAWS - _ranks(shares, rank, "left")).min(axis=1)
    cut = int(np.quantile(depth, 1 - LEVEL, method="lower"))  # so many samples lie as far out as any may
    seen = (values[:, None] <= at).mean(axis=0)
    return Uniformity(at, seen, rank[cut - 1], rank[BAND_DRAWS - cut])


def _ranks(shares: np.ndarray, ranked: np.ndarray, side) -> np.ndarray:
    return np.stack([np.searchsorted(ranked[:, k], shares[:, k], side=side) for k in range(shares.shape[1])], axis=1)
