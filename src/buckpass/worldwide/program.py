"""The yardstick's model: an ordered logit with cutpoints by power, and an effect of each host that all powers share.

    P(level ≤ l) = Λ(c_{p,l} − β·x − ρ_p·recent − u_host)

Levels are those that the data can tell apart (`rules.LEVELS`). Cutpoints differ by power as a whole: a power's usual help is not
another's, moved up. u takes up what draws all powers to one host: without it what others do looks like a cause (model §4, *a crisis
effect*). It is a regression as `evidence.baselines` has them, drawn by its sampler.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import polars as pl
from jaxtyping import Array, Float

from buckpass.evidence.baselines import Baseline, Blocks
from buckpass.evidence.regressions import Rows, cumulative
from buckpass.worldwide.rules import HIGHER, LEVELS, SLOPES

__all__ = ["RECENT", "Scale", "level_of", "rows_of", "scale_of", "standardised", "world_logit"]

CONTINUOUS = ("duration", "distance")
RECENT = SLOPES.index("recent")  # of which each power has a deviation of its own


class Scale(NamedTuple):
    """Mean and standard deviation by which the continuous covariates are standardised."""

    mean: tuple[float, ...]
    sd: tuple[float, ...]


def scale_of(cells: pl.DataFrame) -> Scale:
    """Mean and sd of the continuous covariates over all cells."""
    values = cells.select(CONTINUOUS).to_numpy()
    return Scale(tuple(values.mean(axis=0).tolist()), tuple(values.std(axis=0).tolist()))


def standardised(cells: pl.DataFrame, scale: Scale) -> Float[np.ndarray, "n k"]:
    """The covariates as the model reads them."""
    x = cells.select(SLOPES).to_numpy().astype(float)
    for name, mean, sd in zip(CONTINUOUS, *scale, strict=True):
        at = SLOPES.index(name)
        x[:, at] = (x[:, at] - mean) / sd
    return x


def level_of(rung: np.ndarray) -> np.ndarray:
    """The level that a rung belongs to: silence, statement and mediation are none of the coded kinds."""
    return np.searchsorted(LEVELS, rung, side="right") - 1


def rows_of(cells: pl.DataFrame, powers: Sequence[str], scale: Scale, unit: str = "host") -> tuple[Rows, list]:
    """The cells as a regression reads them, power by power, and the hosts in the order of their numbers.

    unit : the column whose values have an effect each: hosts, or conflicts.
    """
    order = {power: k for k, power in enumerate(powers)}
    cells = cells.sort(pl.col("power").replace_strict(order), maintain_order=True)
    hosts = cells[unit].unique().sort().to_list()
    host = np.searchsorted(hosts, cells[unit].to_numpy())
    rows = Rows(
        controls=jnp.asarray(standardised(cells, scale)), crisis=jnp.asarray(host),
        power=jnp.asarray([order[p] for p in cells["power"]]), low=jnp.asarray(level_of(cells["low"].to_numpy())),
        high=jnp.asarray(level_of(cells["high"].to_numpy())), weight=jnp.asarray(cells["weight"].to_numpy()),
        of_crisis=jnp.asarray((host[:, None] == np.arange(len(hosts))).astype(float)),
    )  # fmt: skip
    return rows, hosts


def world_logit(cells_of_powers: Sequence[int]) -> Baseline:
    """The model for powers with so many cells each: levels, slopes, then of each power its deviations, last those of `recent`."""
    bounds = np.cumsum([0, *cells_of_powers])
    spans = list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))

    def by_row(parts: list[Array], rows: Rows, effect: Float[Array, "q n"]) -> Float[Array, "q n"]:
        usual, slopes, own, _ = parts
        own = own.reshape(len(spans), HIGHER + 1)
        found = []
        for k, (a, b) in enumerate(spans):
            slope = slopes.at[RECENT].add(own[k, HIGHER])
            tau = jnp.concatenate([jnp.zeros(1), usual + own[k, :HIGHER]])
            found.append(cumulative(tau, rows.controls[a:b] @ slope, effect[:, a:b], rows.low[a:b], rows.high[a:b]))
        return jnp.concatenate(found, axis=1)

    return Baseline(
        "world", "world's ordered logit", "cumulative logit with cutpoints by power and an effect of every host",
        lambda r, k, p: Blocks(r - 1, k, p * r, 1), by_row,
    )  # fmt: skip
