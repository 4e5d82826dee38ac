"""Draws of several explanations read as one: each explanation speaks in proportion to its weight."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["mixed"]

FINENESS = 20


def mixed(samples: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """Draws of all explanations in proportion to their weights; axis 0 is the draw."""
    size = FINENESS * max(len(s) for s in samples.values())
    picks = {e: np.linspace(0, len(s) - 1, round(weights[e] * size)).round().astype(int) for e, s in samples.items()}
    return np.concatenate([samples[e][picks[e]] for e in samples])
