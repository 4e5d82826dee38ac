"""From what a case fixes and what a fit estimates to the payoffs of its crisis games (model §2)."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from buckpass.game.covariates import COVARIATES
from buckpass.game.crises import Crises
from buckpass.game.setting import CrisisSetting

__all__ = ["Coefficients", "crises_of", "plain_coefficients"]


class Coefficients(eqx.Module):
    """One value of everything that a fit may estimate; axes power p, covariate k, rung r, vehicle v.

    Indices are linear on the log scale: log V = stake_level + stake_power + x · stake_slope, and likewise cost,
    backlash and influence. A mechanism that an explanation switches off has a level of −inf (its price is exactly 0)
    or a slope of 0.
    """

    stake_level: Float[Array, ""]
    stake_power: Float[Array, " p"]
    stake_slope: Float[Array, " k"]
    cost_level: Float[Array, ""]
    cost_power: Float[Array, " p"]
    cost_slope: Float[Array, " k"]
    backlash_level: Float[Array, ""]
    backlash_slope: Float[Array, " k"]
    influence_level: Float[Array, ""]
    influence_slope: Float[Array, " k"]
    norm: Float[Array, " p"]  # N_i ≥ 0, the same in every theatre
    deployment_slope: Float[
        Array, " k"
    ]  # price on deployment per unit of a covariate: exclusion, restraint, enforcement
    unasked: Float[Array, ""]  # Q: price of a deployment that nobody asked for
    rung_payoff: Float[Array, " r"]  # τ: what a rung is worth or costs by itself, 0 at silence
    kappa: Float[Array, ""]  # κ ∈ [0, 1], scale of the alignment between powers that count each other's work as good
    kappa_rivals: Float[Array, ""]  # κ of the pairs whose work undoes each other's
    vehicle_price: Float[Array, "p v"]  # price that a power puts on deploying through a vehicle
    crisis_spread: Float[Array, ""]  # σ_u: how far crises that look alike differ
    crisis_effect: Float[Array, " c"] | Float[Array, ""]  # u of each crisis, logit units per rung


def plain_coefficients(setting: CrisisSetting) -> Coefficients:
    """Coefficients with every mechanism off: stakes and costs of 1 (log level 0), rungs worth nothing by themselves."""
    powers, vehicles = setting.rung.shape[1], len(setting.vehicles)
    zero, off = jnp.zeros(()), jnp.array(-jnp.inf)
    slope = jnp.zeros(len(COVARIATES))
    return Coefficients(
        stake_level=zero, stake_power=jnp.zeros(powers), stake_slope=slope,
        cost_level=zero, cost_power=jnp.zeros(powers), cost_slope=slope,
        backlash_level=off, backlash_slope=slope, influence_level=off, influence_slope=slope,
        norm=jnp.zeros(powers), deployment_slope=slope, unasked=zero, rung_payoff=jnp.zeros_like(setting.cost_curve),
        kappa=zero, kappa_rivals=zero, vehicle_price=jnp.zeros((powers, vehicles)), crisis_spread=zero,
        crisis_effect=zero,
    )  # fmt: skip


def crises_of(setting: CrisisSetting, coefficients: Coefficients) -> Crises:
    """The crisis games of a setting under given coefficients; pure and differentiable.

    The price on deployment gathers norm, restraint, exclusion, enforcement and vehicle: `norm` holds what the power
    brings to every theatre, `barrier` what the situation adds (unasked, another's patronage, the arrangement).
    """
    c, x = coefficients, setting.covariates
    relief = 1.0 - setting.asked_relief * setting.covariate("asked")
    return Crises(
        stake=jnp.exp(c.stake_level + c.stake_power + x @ c.stake_slope),
        cost=jnp.exp(c.cost_level + c.cost_power + x @ c.cost_slope),
        backlash=relief * jnp.exp(c.backlash_level + x @ c.backlash_slope),
        norm=jnp.broadcast_to(c.norm, x.shape[:2]),
        influence=jnp.exp(c.influence_level + x @ c.influence_slope),
        barrier=jnp.ones(x.shape[:2], x.dtype),
        delivery=jnp.exp(setting.log_delivery),
        severity=setting.severity,
        alignment=scaled_alignment(setting, c),
        host_alignment=setting.host_alignment,
        rationality=jnp.ones(x.shape[0], x.dtype),
        effort_at=setting.effort_at,
        cost_at=setting.cost_curve[setting.rung] * setting.cost_share_at,
        presence_at=setting.presence_at,
        influence_at=setting.influence_at,
        deploys_at=setting.deploys_at,
        barred_at=situational_price(setting, c),
        rung_payoff_at=_at_rung(c.rung_payoff, setting.rung) + jnp.reshape(c.crisis_effect, (-1, 1, 1)) * setting.rung,
        is_open=setting.is_open,
        rung=setting.rung,
        rungs=setting.rungs,
    )


def _at_rung(payoff: Float[Array, " r"], rung: Int[Array, "c p o"]) -> Float[Array, "c p o"]:
    """payoff[rung], as a product: the derivative of an index is a scatter, one number after the other."""
    return jax.nn.one_hot(rung, payoff.shape[-1], dtype=payoff.dtype) @ payoff


def scaled_alignment(setting: CrisisSetting, coefficients: Coefficients) -> Float[Array, "c p p"]:
    """Alignments with κ on the off-diagonal, one κ where it is positive and one where it is negative."""
    kappa = jnp.where(setting.alignment > 0, coefficients.kappa, coefficients.kappa_rivals)
    same = jnp.eye(setting.alignment.shape[-1], dtype=setting.alignment.dtype)
    return same + (1 - same) * kappa * setting.alignment


def situational_price(setting: CrisisSetting, coefficients: Coefficients) -> Float[Array, "c p o"]:
    """What the situation adds to the price of deploying by each option, in logit units."""
    c = coefficients
    on_any = setting.covariates @ c.deployment_slope
    plain = setting.rung.shape[-1] - len(setting.vehicles)
    by_vehicle = jnp.pad(c.vehicle_price, [(0, 0)] * (c.vehicle_price.ndim - 1) + [(plain, 0)])
    return setting.deploys_at * (on_any[..., None] + by_vehicle) + c.unasked * setting.unasked_at
