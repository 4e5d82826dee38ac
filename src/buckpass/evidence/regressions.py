"""What regressions say of a rung: log P(band) under a multinomial, an adjacent-category and a cumulative logit (model §4).

All four baselines share one parametrisation: the levels τ of the rungs (τ of silence 0) are the log odds of each rung over
silence where nothing else acts, and η moves powers up or down the ladder.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

import buckpass.game  # noqa: F401  (switches double precision on)

__all__ = ["Grouped", "Rows", "adjacent_category", "by_crisis", "cumulative", "cutpoints", "together"]

Band = Int[Array, " n"]
Effect = Float[Array, "q n"]


class Grouped(eqx.Module):
    """Rows that belong to crises, and what each counts."""

    crisis: Int[Array, " n"]
    weight: Float[Array, " n"]
    of_crisis: Float[Array, "n c"]  # 1 where the row is of the crisis


class Rows(Grouped):
    """The coded responses: controls, who in which crisis, the band, and 1 over the number of coders."""

    controls: Float[Array, "n k"]
    power: Int[Array, " n"]
    low: Int[Array, " n"]
    high: Int[Array, " n"]


def adjacent_category(
    levels: Float[Array, "r ..."], shift: Float[Array, " n"], effect: Effect, low: Band, high: Band
) -> Float[Array, "q n"]:
    """log P(low ≤ rung ≤ high) where P(r) ∝ exp(τ_r + r·(η + u)): each step up has log odds τ_r − τ_{r−1} + η + u.

    The adjacent-category logit (Goodman 1983; Agresti 2010, §4.1); with η = u = 0 and levels by power, a multinomial.

    Parameters
    ----------
    levels : τ of every rung; a second axis gives each row its own. shift : η of every row. effect : u of every row at every
    node, [node, row]. low, high : the band of every row.

    Returns
    -------
    nats, [node, row].
    """
    rungs = levels.shape[0]
    rung = jnp.arange(rungs)
    height = jnp.reshape(levels, (rungs, -1)) + rung[:, None] * shift
    of_row = jnp.exp(height - jax.lax.stop_gradient(height.max(axis=0)))
    is_inside = (low <= rung[:, None]) & (rung[:, None] <= high)
    step = jnp.exp(-jnp.abs(effect))  # of the effect, down from the end of the ladder that it favours
    is_up = effect > 0
    return jnp.log(_ladder_sum(jnp.where(is_inside, of_row, 0.0), step, is_up)) - jnp.log(
        _ladder_sum(of_row, step, is_up)
    )


def _ladder_sum(weights: Float[Array, "r n"], step: Float[Array, "q n"], is_up: Array) -> Float[Array, "q n"]:
    """Σ_r w_r e^{r u} over its largest power of e^u, by Horner's rule from the far end of the ladder."""
    top = weights.shape[0] - 1
    total = jnp.zeros(())
    for far in range(top, -1, -1):  # steps from the favoured end
        total = total * step + jnp.where(is_up, weights[top - far], weights[far])
    return total


def cumulative(
    levels: Float[Array, " r"], shift: Float[Array, " n"], effect: Effect, low: Band, high: Band
) -> Float[Array, "q n"]:
    """log P(low ≤ rung ≤ high) where P(rung ≤ r) = Λ(c_r − η − u), Λ logistic: the ordered logit (McCullagh 1980).

    The difference of two logistic functions is taken as a product, Λ(a) − Λ(b) = Λ(a) Λ(−b) (1 − e^{b−a}), and b − a as a
    sum of gaps between cutpoints: no digit is lost, neither in the tails nor where a rung is rare. Parameters and result as
    in `adjacent_category`.
    """
    cuts, gaps = cutpoints(levels)
    last = len(cuts) - 1
    upper = jnp.where(high <= last, cuts[jnp.minimum(high, last)], jnp.inf)
    lower = jnp.where(low > 0, cuts[jnp.maximum(low - 1, 0)], -jnp.inf)
    moved = shift + effect
    below = -jnp.log1p(jnp.exp(moved - upper))
    above = -jnp.log1p(jnp.exp(lower - moved))
    rung = jnp.arange(1, last + 1)
    width = jnp.where((low[:, None] <= rung) & (rung <= high[:, None]), gaps, 0.0).sum(axis=1)
    is_between = (low > 0) & (high <= last)
    return below + above + jnp.where(is_between, jnp.log(-jnp.expm1(-jnp.where(is_between, width, 1.0))), 0.0)


def cutpoints(levels: Float[Array, " r"]) -> tuple[Float[Array, " r-1"], Float[Array, " r-2"]]:
    """c_r = log P(rung ≤ r) − log P(rung > r) of the distribution ∝ exp(τ), and the gaps c_r − c_{r−1} between them.

    Gaps are positive whatever τ is, and are not taken as differences of cutpoints: log(1 + p_r / P(rung < r)) +
    log(1 + p_r / P(rung > r)). A transform that adds exponentials of gaps up to cutpoints loses rare rungs.
    """
    up, down = jax.lax.cumlogsumexp(levels), jax.lax.cumlogsumexp(levels, reverse=True)
    inner = levels[1:-1]
    return up[:-1] - down[1:], jax.nn.softplus(inner - up[:-2]) + jax.nn.softplus(inner - down[2:])


def by_crisis(by_row: Float[Array, "q n"], rows: Grouped, log_weight: Float[Array, "q c"]) -> Float[Array, " c"]:
    """log-likelihood of every crisis, its effect integrated out: the rows of a crisis share the node."""
    return jax.nn.logsumexp(together(by_row, rows) + log_weight, axis=0)


def together(by_row: Float[Array, "q n"], rows: Grouped) -> Float[Array, "q c"]:
    """log-likelihood of the rows of every crisis at every node, a response by two coders counted once."""
    return (by_row * rows.weight) @ rows.of_crisis
