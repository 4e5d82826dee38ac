"""How far coders agree beyond chance: Krippendorff's alpha."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from buckpass.results.summary import interval

COVERAGE = 0.95
Level = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(codings: np.ndarray, level: Level = "ordinal") -> float:
    """How far coders agree beyond chance, from 1 (always) over 0 (as chance would) to below 0 (less than chance).

    α = 1 − D_o / D_e, with observed and expected disagreement over the coincidences o_ck of values within units:
    D_o = Σ o_ck δ²_ck / n, D_e = Σ n_c n_k δ²_ck / (n (n − 1)). For ordinal values
    δ_ck = Σ_{g=c..k} n_g − (n_c + n_k)/2, the number of ranks between them.

    Parameters
    ----------
    codings : array [coder, unit]; NaN where a coder left a unit out. A unit with fewer than two values counts for
    nothing.
    level : "nominal", "ordinal" or "interval".

    Returns
    -------
    float; NaN where fewer than two units can be paired or all values are the same: there is then nothing to agree on.

    Reference: Krippendorff (2011), Computing Krippendorff's alpha-reliability; Krippendorff (2004), ch. 11.

    >>> round(krippendorff_alpha(np.array([[1, 2, 3, 3], [1, 2, 3, 4]])), 3)
    0.91
    """
    codings = _as_codings(codings)
    values, coincidences = _coincidences(codings)
    n_c = coincidences.sum(axis=(0, 1))
    return float(_alpha(coincidences.sum(axis=0), _squared_differences(values, n_c, level)))


@dataclass(frozen=True)
class AlphaInterval:
    """Alpha and the range that holds `coverage` of its bootstrap replicates; `n_undefined` of them had no variation."""

    alpha: float
    low: float
    high: float
    coverage: float
    n_units: int
    n_undefined: int


def alpha_interval(
    codings: np.ndarray,
    level: Level = "ordinal",
    seed: int = 0,
    clusters: np.ndarray | None = None,
    draws: int = 2000,
) -> AlphaInterval:
    """Alpha with its 95 % bootstrap interval: whole units (or whole clusters of units) are drawn with replacement.

    Units of one crisis are not independent: give the crisis of each unit as `clusters` [unit] and crises are drawn.
    The differences between ranks are those of the whole sample in every replicate.

    Reference: Krippendorff (2004), section 11.4; Efron & Tibshirani (1993), ch. 8 for clusters.
    """
    codings = _as_codings(codings)
    values, per_unit = _coincidences(codings)
    squared = _squared_differences(values, per_unit.sum(axis=(0, 1)), level)
    groups = (
        np.arange(codings.shape[1]) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    )
    n_groups = int(groups.max()) + 1 if groups.size else 0
    per_group = np.zeros((n_groups, *squared.shape))
    np.add.at(per_group, groups, per_unit)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=draws) if n_groups else np.zeros((0, 0))
    replicates = np.array([_alpha(np.tensordot(weights, per_group, axes=1), squared) for weights in drawn])
    defined = replicates[np.isfinite(replicates)]
    low, high = interval(defined, COVERAGE) if defined.size else (np.nan, np.nan)
    n_units = int((per_unit.sum(axis=(1, 2)) > 0).sum())
    alpha = float(_alpha(per_unit.sum(axis=0), squared))
    return AlphaInterval(alpha, low, high, COVERAGE, n_units, int(draws - defined.size))


def _as_codings(codings: np.ndarray) -> np.ndarray:
    codings = np.asarray(codings, dtype=float)
    if codings.ndim != 2:
        raise ValueError(f"codings must be [coder, unit]; this has {codings.ndim} axes")
    return codings


def _coincidences(codings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values that occur in paired units, and the coincidence matrix of each unit [unit, value, value]."""
    paired = np.isfinite(codings).sum(axis=0) >= 2
    values = np.unique(codings[:, paired][np.isfinite(codings[:, paired])])
    counts = (codings[:, :, None] == values).sum(axis=0) * paired[:, None]
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(values.size)
    return values, pairs / np.maximum(counts.sum(axis=1) - 1, 1)[:, None, None]


def _squared_differences(values: np.ndarray, n_c: np.ndarray, level: Level) -> np.ndarray:
    if level == "nominal":
        return 1.0 - np.eye(values.size)
    if level == "interval":
        return (values[:, None] - values[None, :]) ** 2
    if level != "ordinal":
        raise ValueError(f"level {level!r} is none of nominal, ordinal, interval")
    middle = np.cumsum(n_c) - n_c / 2  # the mean rank of each value: differences of these are the ranks between
    return (middle[:, None] - middle[None, :]) ** 2


def _alpha(coincidences: np.ndarray, squared: np.ndarray) -> float:
    n_c = coincidences.sum(axis=0)
    n = n_c.sum()
    expected = float(n_c @ squared @ n_c)
    if n <= 1 or expected <= 0:
        return float("nan")
    return 1.0 - (n - 1) * float((coincidences * squared).sum()) / expected
