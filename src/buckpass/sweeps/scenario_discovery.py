"""Scenario discovery: which ranges of which inputs hold most of the cases of interest (PRIM, Friedman & Fisher 1999)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

__all__ = ["Box", "find_box"]

PEEL = 0.05  # share of the cases in the box that one peel takes away


@dataclass(frozen=True)
class Box:
    """A box in the space of inputs: {name: (low, high)} of the inputs that it restricts.

    density : share of its cases that are of interest. coverage : share of all cases of interest that lie in it.
    mass : share of all cases that lie in it. base : share of all cases that are of interest.
    """

    limits: dict[str, tuple[float, float]]
    density: float
    coverage: float
    mass: float
    base: float


def find_box(
    inputs: Float[np.ndarray, "n k"], interest: Bool[np.ndarray, " n"], names: Sequence[str], least_mass: float = 0.05
) -> Box | None:
    """The box of highest density · √coverage on the peeling path, with limits that matter only; None without interest.

    Peels the slice whose removal leaves the highest density · √coverage, whether it rises at once or not (two inputs may
    matter only together), until `least_mass` of the cases is left. A slice is 5 % of the cases, or where an input takes few
    values, as in a Morris design, all that share its outermost one. A limit that can be dropped without the density falling
    below 95 % of the box's own is dropped again.
    """
    interest = np.asarray(interest, bool)
    if not interest.any():
        return None
    bounds = np.stack([inputs.min(0), inputs.max(0)], axis=1)
    path, smallest = [bounds.copy()], max(least_mass * len(inputs), 1)
    while (following := _peeled(inputs, interest, path[-1], smallest)) is not None:
        path.append(following)
    best = max(path, key=lambda b: _score(inputs, interest, b))
    best = _pruned(inputs, interest, best, bounds)
    limits = {
        name: (float(best[k, 0]), float(best[k, 1]))
        for k, name in enumerate(names)
        if not np.array_equal(best[k], bounds[k])
    }
    inside = _inside(inputs, best)
    return Box(
        limits,
        float(interest[inside].mean()),
        _coverage(inputs, interest, best),
        float(inside.mean()),
        float(interest.mean()),
    )


def _peeled(inputs: np.ndarray, interest: np.ndarray, bounds: np.ndarray, smallest: float) -> np.ndarray | None:
    inside = _inside(inputs, bounds)
    best, best_score = None, -1.0
    for k in range(inputs.shape[1]):
        for side in (0, 1):
            trial = bounds.copy()
            trial[k, side] = _next_limit(inputs[inside, k], side)
            mass, score = _inside(inputs, trial).sum(), _score(inputs, interest, trial)
            if smallest <= mass < inside.sum() and score > best_score:
                best, best_score = trial, score
    return best


def _next_limit(values: np.ndarray, side: int) -> float:
    """Where 5 % of the values lie beyond, or where so many share the outermost one, the value next to it."""
    limit = np.quantile(values, (PEEL, 1 - PEEL)[side])
    if side == 0:
        return limit if limit > values.min() else values[values > limit].min(initial=values.max())
    return limit if limit < values.max() else values[values < limit].max(initial=values.min())


def _pruned(inputs: np.ndarray, interest: np.ndarray, box: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    floor = 0.95 * _density(inputs, interest, box)
    for k in range(len(box)):
        trial = box.copy()
        trial[k] = bounds[k]
        if _density(inputs, interest, trial) >= floor:
            box = trial
    return box


def _inside(inputs: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    return np.all((inputs >= bounds[:, 0]) & (inputs <= bounds[:, 1]), axis=1)


def _density(inputs: np.ndarray, interest: np.ndarray, bounds: np.ndarray) -> float:
    inside = _inside(inputs, bounds)
    return float(interest[inside].mean()) if inside.any() else 0.0


def _score(inputs: np.ndarray, interest: np.ndarray, bounds: np.ndarray) -> float:
    return _density(inputs, interest, bounds) * np.sqrt(_coverage(inputs, interest, bounds))


def _coverage(inputs: np.ndarray, interest: np.ndarray, bounds: np.ndarray) -> float:
    return float(interest[_inside(inputs, bounds)].sum() / interest.sum())
