"""Whether an unwritten bargain keeps itself: stage values, critical discount factors, slack, and the transfers that do.

The price that a fit puts on deploying for the party that forgoes it (the slope of `bargain` in `Coefficients.deployment_slope`) is the shadow of the
punishment to come. Games given to `stage_payoffs` are without it: left in, the punishment would count twice, once as a
price within the year and once as what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from buckpass.game.arrays import log_sum_exp, namespace
from buckpass.game.choice import option_payoffs
from buckpass.game.covariates import COVARIATES
from buckpass.game.crises import Crises
from buckpass.game.order import Met, met, over_what_is_met
from buckpass.game.payoffs import Coefficients
from buckpass.game.solver import IN_BLOCKS, solve

__all__ = [
    "StageValues",
    "critical_discount_factor",
    "has_bargain",
    "slack",
    "stage_payoffs",
    "transfer_range",
    "without_enforcement",
]


class StageValues(eqx.Module):
    """One period's value to each party, logit units; leading axes free (draw, year), party last."""

    cooperate: Float[Array, "... party"]
    deviate: Float[Array, "... party"]  # best reply once while the others still cooperate
    punished: Float[Array, "... party"]  # equilibrium after breakdown


def without_enforcement(coefficients: Coefficients) -> Coefficients:
    """The coefficients with no price on what the bargain forbids: what its breach would be punished by is computed."""
    is_kept = np.arange(len(COVARIATES)) != list(COVARIATES).index("bargain")
    return eqx.tree_at(lambda c: c.deployment_slope, coefficients, coefficients.deployment_slope * is_kept)


def stage_payoffs(
    crises: Crises, parties: Sequence[int], forgoing: Sequence[int], alignment: Float[np.ndarray, " c"],
    first: np.ndarray | None = None,
) -> StageValues:  # fmt: skip
    """What each crisis is worth to every power [c, p]: kept, broken once by it, and after breakdown; no rents.

    Kept: the `forgoing` powers have no deployment open. Broken once: all options, the others as when it was kept. After:
    all options in equilibrium, the parties counting each other's effort as `alignment` where they counted it as more.
    first : [c] who moves first, as `solve` takes it. What the first mover does is seen, so that the others answer a breach
    of its own within the year, with what is open to them while the bargain is kept.

    Raises `NoEquilibriumFound`.
    """
    powers = np.arange(crises.stake.shape[1])
    kept, broken = _kept_and_broken(crises, np.isin(powers, forgoing), np.isin(powers, parties), alignment)
    keeping, after = (met(solve(games, IN_BLOCKS, first)) for games in (kept, broken))
    return _values(crises, kept, broken, keeping, after)


def _kept_and_broken(crises: Crises, forgoes: Bool[np.ndarray, " p"], is_party: Bool[np.ndarray, " p"], alignment):
    """The games without the deployments that are forgone, and those in which parties count each other's effort less."""
    open_when_kept = crises.is_open & ~(forgoes[:, None] & (crises.rung >= crises.rungs.deployment))
    xp, pair = namespace(crises, alignment), is_party[:, None] & is_party & ~np.eye(is_party.size, dtype=bool)
    lowered = xp.where(pair, xp.minimum(crises.alignment, alignment[:, None, None]), crises.alignment)
    return replace(crises, is_open=open_when_kept), replace(crises, alignment=lowered)


def _values(crises: Crises, kept: Crises, broken: Crises, keeping: Met, after: Met) -> StageValues:
    return StageValues(
        cooperate=_expected_value(kept, keeping),
        deviate=_expected_value(crises, keeping),
        punished=_expected_value(broken, after),
    )


def _expected_value(crises: Crises, at: Met) -> Float[Array, "c p"]:
    """Value of a logit choice, log Σ exp U (McFadden 1978): never falls when an option is added."""
    return crises.stake + over_what_is_met(lambda r: log_sum_exp(option_payoffs(crises, r), axis=-1), at)


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


def transfer_range(
    stage: StageValues, discount: Float[Array, "... party"], payer: int, receiver: int,
    periods: Float[Array, ...] | int | None = None,
) -> tuple[Float[Array, ...], Float[Array, ...]]:  # fmt: skip
    """Side payments per period (least, most) that keep payer and receiver in; least > most: none does.

    The payment is made while the bargain holds and is stopped by a deviation, so a party's constraint is
    ``(1 + S)(cooperate ± t) ≥ deviate + S punished``, S = δ + … + δ^T for T `periods` of punishment, δ / (1 - δ) for ever.
    Negative: the payment would have to run the other way. δ below 1.
    """
    forever = discount / (1.0 - discount)
    weight = forever if periods is None else forever * (1.0 - discount ** jnp.asarray(periods)[..., None])
    surplus = stage.cooperate - (stage.deviate + weight * stage.punished) / (1.0 + weight)
    return -surplus[..., receiver], surplus[..., payer]
