"""What regressions say of a rung: log P(band) under a multinomial, an adjacent-category and a cumulative logit (model §4).

All four baselines share one parametrisation: the levels τ of the rungs (τ of silence 0) are the log odds of each rung over
silence where nothing else acts, and η moves powers up or down the ladder.
"""

from __future__ import annotations

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

__all__ = ["Rows", "adjacent_category", "by_crisis", "cumulative", "cutpoints", "standard_normal_nodes"]

Band = Int[Array, " n"]
NODES = 15  # of the crisis effect: at draws of the bundled cases the sum over crises is within 0.02 nats of 61 nodes


class Rows(eqx.Module):
    """The coded responses: controls, who in which crisis, the band, and 1 over the number of coders."""

    controls: Float[Array, "n k"]
    crisis: Int[Array, " n"]
    power: Int[Array, " n"]
    low: Int[Array, " n"]
    high: Int[Array, " n"]
    weight: Float[Array, " n"]
    of_crisis: Float[Array, "n c"]  # 1 where the row is of the crisis


def adjacent_category(
    levels: Float[Array, "r ..."], shift: Float[Array, " n"], effect: Float[Array, " q"], low: Band, high: Band
) -> Float[Array, "q n"]:
    """log P(low ≤ rung ≤ high) where P(r) ∝ exp(τ_r + r·(η + u)): each step up has log odds τ_r − τ_{r−1} + η + u.

    The adjacent-category logit (Goodman 1983; Agresti 2010, §4.1); with η = u = 0 and levels by power, a multinomial.
    The exponentials of rows and of nodes are taken apart, so that all nodes of all rows are one product of two matrices.

    Parameters
    ----------
    levels : τ of every rung; a second axis gives each row its own. shift : η of every row. effect : u at every node.
    low, high : the band of every row.

    Returns
    -------
    nats, [node, row].
    """
    rung = jnp.arange(levels.shape[0])
    height = jnp.reshape(levels, (len(rung), -1)) + rung[:, None] * shift
    of_row = jnp.exp(height - jax.lax.stop_gradient(height.max(axis=0)))
    of_node = jnp.exp(rung * effect[:, None] - rung[-1] * jnp.maximum(effect[:, None], 0.0))
    is_inside = (low <= rung[:, None]) & (rung[:, None] <= high)
    inside = of_node @ jnp.where(is_inside, of_row, 0.0)
    return jnp.log(inside) - jnp.log(of_node @ of_row)


def cumulative(
    levels: Float[Array, " r"], shift: Float[Array, " n"], effect: Float[Array, " q"], low: Band, high: Band
) -> Float[Array, "q n"]:
    """log P(low ≤ rung ≤ high) where P(rung ≤ r) = Λ(c_r − η − u), Λ logistic: the ordered logit (McCullagh 1980).

    The difference of two logistic functions is taken as a product, Λ(a) − Λ(b) = Λ(a) Λ(−b) (1 − e^{b−a}), which keeps its
    digits in both tails. Parameters and result as in `adjacent_category`.
    """
    cuts = cutpoints(levels)
    last = len(cuts) - 1
    has_upper, has_lower = high <= last, low > 0
    upper, lower = cuts[jnp.minimum(high, last)], cuts[jnp.maximum(low - 1, 0)]
    up, down = jnp.exp(effect)[:, None], jnp.exp(-effect)[:, None]
    below = -jnp.log1p(up * jnp.where(has_upper, jnp.exp(shift - upper), 0.0))
    above = -jnp.log1p(down * jnp.where(has_lower, jnp.exp(lower - shift), 0.0))
    is_between = has_upper & has_lower
    width = jnp.where(is_between, lower - upper, -1.0)
    return below + above + jnp.where(is_between, jnp.log(-jnp.expm1(width)), 0.0)


def cutpoints(levels: Float[Array, " r"]) -> Float[Array, " r-1"]:
    """c_r = log P(rung ≤ r) − log P(rung > r) of the distribution ∝ exp(τ).

    Increasing whatever τ is, and without a difference of numbers near 1: no cutpoint is a sum of exponentials of others,
    which loses digits where a rung is rare.
    """
    up = jax.lax.cumlogsumexp(levels)[:-1]
    down = jax.lax.cumlogsumexp(levels, reverse=True)[1:]
    return up - down


def by_crisis(by_row: Float[Array, "q n"], rows: Rows, log_weight: Float[np.ndarray, " q"]) -> Float[Array, " c"]:
    """log-likelihood of every crisis, its effect integrated out: the rows of a crisis share the node."""
    together = (by_row * rows.weight) @ rows.of_crisis
    return jax.nn.logsumexp(together + log_weight[:, None], axis=0)


@cache
def standard_normal_nodes(nodes: int = NODES) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and log weights of Gauss-Hermite quadrature against the standard normal density."""
    at, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return at, np.log(weight / weight.sum())
