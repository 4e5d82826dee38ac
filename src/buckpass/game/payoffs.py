"""From what a case fixes and what a fit estimates to the payoffs of its crisis games (model §2)."""

from __future__ import annotations

from dataclasses import replace

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, Int

from buckpass.game.arrays import namespace, on_host
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
    xp, powers, vehicles = namespace(setting), setting.rung.shape[1], len(setting.vehicles)
    zero, off = xp.zeros(()), xp.array(-xp.inf)
    slope = xp.zeros(len(COVARIATES))
    return Coefficients(
        stake_level=zero, stake_power=xp.zeros(powers), stake_slope=slope,
        cost_level=zero, cost_power=xp.zeros(powers), cost_slope=slope,
        backlash_level=off, backlash_slope=slope, influence_level=off, influence_slope=slope,
        norm=xp.zeros(powers), deployment_slope=slope, unasked=zero, rung_payoff=xp.zeros_like(setting.cost_curve),
        kappa=zero, kappa_rivals=zero, vehicle_price=xp.zeros((powers, vehicles)), crisis_spread=zero,
        crisis_effect=zero,
    )  # fmt: skip


def crises_of(setting: CrisisSetting, coefficients: Coefficients) -> Crises:
    """The crisis games of a setting under given coefficients; pure and differentiable.

    Coefficients may have an axis of draws in front; what depends on them then has it too. In JAX, `vmap` does the same.

    The price on deployment gathers norm, restraint, exclusion, enforcement and vehicle: `norm` holds what the power
    brings to every theatre, `barrier` what the situation adds (unasked, another's patronage, the arrangement).
    """
    xp, c, x = namespace(setting, coefficients), _beside_draws(coefficients), setting.covariates
    relief = 1.0 - setting.asked_relief * setting.covariate("asked")
    return Crises(
        stake=xp.exp(c.stake_level + c.stake_power + _index(x, c.stake_slope)),
        cost=xp.exp(c.cost_level + c.cost_power + _index(x, c.cost_slope)),
        backlash=relief * xp.exp(c.backlash_level + _index(x, c.backlash_slope)),
        norm=xp.broadcast_to(c.norm, np.broadcast_shapes(c.norm.shape, x.shape[:2])),
        influence=xp.exp(c.influence_level + _index(x, c.influence_slope)),
        barrier=xp.ones(x.shape[:2], x.dtype),
        delivery=xp.exp(setting.log_delivery),
        severity=setting.severity,
        alignment=_scaled_alignment(setting, c),
        host_alignment=setting.host_alignment,
        rationality=xp.ones(x.shape[0], x.dtype),
        effort_at=setting.effort_at,
        cost_at=setting.cost_curve[setting.rung] * setting.cost_share_at,
        presence_at=setting.presence_at,
        influence_at=setting.influence_at,
        deploys_at=setting.deploys_at,
        barred_at=_situational_price(setting, c),
        rung_payoff_at=_at_rung(c.rung_payoff, setting.rung) + c.crisis_effect * setting.rung,
        is_open=setting.is_open,
        rung=setting.rung,
        rungs=setting.rungs,
    )


def _beside_draws(coefficients: Coefficients) -> Coefficients:
    """Each coefficient with as many axes after that of the draws as it takes to meet every crisis, power and option."""
    c = coefficients
    if not np.ndim(c.kappa):
        return replace(c, crisis_effect=namespace(c).reshape(c.crisis_effect, (-1, 1, 1)))
    levels = ("stake_level", "cost_level", "backlash_level", "influence_level")
    return replace(
        c, **{name: getattr(c, name)[..., None, None] for name in levels},
        **{name: getattr(c, name)[..., None, :] for name in ("stake_power", "cost_power", "norm")},
        **{name: getattr(c, name)[..., None, None, None] for name in ("kappa", "kappa_rivals", "unasked")},
        vehicle_price=c.vehicle_price[..., None, :, :], crisis_effect=c.crisis_effect[..., None, None],
    )  # fmt: skip


def _index(x: Float[Array, "c p k"], slope: Float[Array, "*d k"]) -> Float[Array, "*d c p"]:
    """Σ_k x_k β_k of each crisis and power."""
    return x @ slope if slope.ndim == 1 else np.einsum("cpk,dk->dcp", x, slope)


def _at_rung(payoff: Float[Array, "*d r"], rung: Int[Array, "c p o"]) -> Float[Array, "*d c p o"]:
    """payoff[rung], in JAX as a product: the derivative of an index is a scatter, one number after the other."""
    if on_host(payoff, rung):
        return payoff[..., rung]
    return jax.nn.one_hot(rung, payoff.shape[-1], dtype=payoff.dtype) @ payoff


def _scaled_alignment(setting: CrisisSetting, coefficients: Coefficients) -> Float[Array, "c p p"]:
    """Alignments with κ on the off-diagonal, one κ where it is positive and one where it is negative."""
    xp = namespace(setting, coefficients)
    kappa = xp.where(setting.alignment > 0, coefficients.kappa, coefficients.kappa_rivals)
    same = xp.eye(setting.alignment.shape[-1], dtype=setting.alignment.dtype)
    return same + (1 - same) * kappa * setting.alignment


def _situational_price(setting: CrisisSetting, coefficients: Coefficients) -> Float[Array, "c p o"]:
    """What the situation adds to the price of deploying by each option, in logit units."""
    c = coefficients
    on_any = _index(setting.covariates, c.deployment_slope)
    plain = setting.rung.shape[-1] - len(setting.vehicles)
    by_vehicle = namespace(c).pad(c.vehicle_price, [(0, 0)] * (c.vehicle_price.ndim - 1) + [(plain, 0)])
    return setting.deploys_at * (on_any[..., None] + by_vehicle) + c.unasked * setting.unasked_at
