"""Whether an unwritten bargain keeps itself: critical discount factors, slack, and the transfers that keep both in."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

__all__ = ["StageValues", "critical_discount_factor", "has_bargain", "is_self_enforcing", "slack", "transfer_range"]


class StageValues(eqx.Module):
    """One period's value to each party, logit units; leading axes free (draw, year), party last."""

    cooperate: Float[Array, "... party"]
    deviate: Float[Array, "... party"]  # best reply once while the others still cooperate
    punished: Float[Array, "... party"]  # equilibrium after breakdown


def has_bargain(stage: StageValues) -> Bool[Array, "... party"]:
    """Whether keeping the bargain is worth more to the party than what follows breakdown."""
    return stage.cooperate > stage.punished


def critical_discount_factor(stage: StageValues, periods: int | None = None) -> Float[Array, "... party"]:
    """Least discount factor δ* at which the party prefers to keep the bargain.

    Grim trigger (`periods` None, Friedman 1971): δ* = (deviate - cooperate) / (deviate - punished).
    Punished for T periods, then back (Abreu 1988): the root in (0, 1) of
    ``deviate - cooperate = (δ + … + δ^T)(cooperate - punished)``.
    0 where deviating gains nothing; NaN where there is no bargain to keep (`has_bargain`); above 1 where T periods are
    too few to deter even the most patient.
    """
    temptation = jnp.maximum(stage.deviate - stage.cooperate, 0.0)
    bite = stage.cooperate - stage.punished
    safe = jnp.where(bite > 0, bite, 1.0)
    factor = temptation / (temptation + safe) if periods is None else _finite_factor(temptation / safe, periods)
    return jnp.where(bite > 0, factor, jnp.nan)


def _finite_factor(ratio: Float[Array, ...], periods: int) -> Float[Array, ...]:
    """Root of δ + … + δ^T = ratio: bisection for the value, one Newton step for an exact derivative."""

    def total_and_slope(delta):
        """Horner's rule for δ + … + δ^T and its derivative."""
        start = (jnp.zeros_like(delta), jnp.zeros_like(delta))
        return jax.lax.fori_loop(0, periods, lambda _, s: (delta * (1 + s[0]), 1 + s[0] + delta * s[1]), start)

    def halve(_, bounds):
        low, high = bounds
        middle = 0.5 * (low + high)
        below = total_and_slope(middle)[0] < held
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    held = jax.lax.stop_gradient(ratio)
    start = (jnp.zeros_like(held), jnp.maximum(held, 1.0))
    low, high = jax.lax.fori_loop(0, 80, halve, start)
    root = 0.5 * (low + high)
    total, slope = total_and_slope(root)
    return root + (ratio - total) / slope


def slack(
    stage: StageValues, discount: Float[Array, "... party"], periods: int | None = None
) -> Float[Array, "... party"]:
    """δ - δ*: how far each party is from breaking; NaN where there is no bargain."""
    return discount - critical_discount_factor(stage, periods)


def is_self_enforcing(
    stage: StageValues, discount: Float[Array, "... party"], periods: int | None = None
) -> Bool[Array, ...]:
    """Whether every party's discount factor reaches its δ*; false where some party has no bargain to keep."""
    return jnp.all(slack(stage, discount, periods) >= 0, axis=-1)


def transfer_range(
    stage: StageValues, discount: Float[Array, "... party"], payer: int, receiver: int
) -> tuple[Float[Array, ...], Float[Array, ...]]:
    """Side payments per period (least, most) that keep payer and receiver in under grim trigger; least > most: none.

    The payment is made while the bargain holds and is stopped by a deviation, so a party's constraint is
    ``cooperate ± t ≥ (1 - δ) deviate + δ punished``. Negative: the payment would have to run the other way.
    """
    surplus = stage.cooperate - (1 - discount) * stage.deviate - discount * stage.punished
    return -surplus[..., receiver], surplus[..., payer]
