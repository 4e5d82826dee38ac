"""Draws of several explanations read as one: each explanation speaks in proportion to its weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from buckpass.claims.finding import interval

__all__ = ["Estimate", "estimate", "mixed"]

FINENESS = 20


@dataclass(frozen=True)
class Estimate:
    """A number with its 90 % interval."""

    value: float
    low: float
    high: float


def mixed(samples: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """Draws of all explanations in proportion to their weights; axis 0 is the draw."""
    size = FINENESS * max(len(s) for s in samples.values())
    picks = {e: np.linspace(0, len(s) - 1, round(weights[e] * size)).round().astype(int) for e, s in samples.items()}
    return np.concatenate([samples[e][picks[e]] for e in samples])


def estimate(draws: np.ndarray) -> Estimate:
    """Mean and 90 % interval of draws."""
    return Estimate(float(draws.mean()), *interval(draws))
