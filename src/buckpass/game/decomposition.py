"""Why one power does less than another in the same crisis: the gap split over six mechanisms, exactly."""

from __future__ import annotations

from math import factorial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from buckpass.game.arrays import namespace
from buckpass.game.crises import Crises
from buckpass.game.order import Met

__all__ = ["MECHANISMS", "MECHANISM_WORDS", "GapDecomposition", "decompose_gap"]

# What is switched from one power's value to the other's under each name; together they are all that a choice needs.
MECHANISMS: dict[str, str] = {
    "stake": "V",
    "cost": "C and what each option costs and delivers: k(a), q e(a), which options are open and at which rung",
    "backlash": "B and the presence that the public sees, p(a)",
    "norm": "N and Q with the options that they price, d(a) and u(a)",
    "influence": "G and w(a)",
    "others": "R: the residual that the others' equilibrium effort leaves",
}


# The same in words. What is priced beside the norm is deploying unasked, or barred by another's patronage (Q).
MECHANISM_WORDS: dict[str, str] = {
    "stake": "what it has at stake", "cost": "what acting costs and delivers", "backlash": "backlash of presence",
    "norm": "norm, and coming unasked", "influence": "influence gained", "others": "what others do",
}  # fmt: skip


class GapDecomposition(eqx.Module):
    """Gap in expected effort between a power and its reference, and what each mechanism adds to it."""

    gap: Float[Array, " c"]  # ē of the power minus ē of the reference
    contribution: Float[Array, "c m"]  # in the order of `MECHANISMS`; sums to the gap


class _Ingredients(eqx.Module):
    """One power's choice rule cut along the mechanisms: payoff terms per option, shape c o."""

    stake: Array
    pay_cost: Array
    pay_rung: Array
    effort: Array
    reach: Array
    is_open: Array
    pay_backlash: Array
    pay_norm: Array
    pay_influence: Array
    weight: Array  # of each thing that the power may have seen, f c
    log_residual: Array  # once it has seen it, f c o


GROUPS = {
    "stake": ("stake",),
    "cost": ("pay_cost", "pay_rung", "effort", "reach", "is_open"),
    "backlash": ("pay_backlash",),
    "norm": ("pay_norm",),
    "influence": ("pay_influence",),
    "others": ("weight", "log_residual"),
}


def decompose_gap(crises: Crises, at: Met, power: int, reference: int) -> GapDecomposition:
    """Shapley decomposition of the gap in expected effort between two powers (Shapley 1953; all 2⁶ coalitions).

    The value of a coalition is the expected effort of `reference` when the mechanisms in it take the values of
    `power`; with none it is the reference's effort, with all the power's. The equilibrium is held: `others` switches
    the residual that each meets (`at`), so the parts sum to the gap exactly. Contributions are in units of effort.
    Posterior draws go along the crisis axis.
    """
    mine, theirs = _ingredients(crises, at, power), _ingredients(crises, at, reference)
    xp = namespace(crises, at)

    def value(chosen: Array) -> Array:
        part = _mixed(mine, theirs, chosen)
        return _effort(part, _left(part), crises.rationality)

    if xp is np:
        effort = np.stack(_efforts(mine, theirs, crises.rationality))
    else:
        effort = jax.vmap(value)(jnp.asarray(_coalitions()))
    return GapDecomposition(effort[-1] - effort[0], xp.einsum("km,kc->cm", xp.asarray(_weights()), effort))


def _ingredients(crises: Crises, at: Met, i: int) -> _Ingredients:
    return _Ingredients(
        stake=crises.stake[:, i, None],
        pay_cost=-crises.cost[:, i, None] * crises.cost_at[:, i],
        pay_rung=crises.rung_payoff_at[:, i],
        effort=crises.effort_at[:, i],
        reach=crises.delivery[:, i, None] * crises.effort_at[:, i] / crises.severity[:, None],
        is_open=crises.is_open[:, i],
        pay_backlash=-crises.backlash[:, i, None] * crises.presence_at[:, i],
        pay_norm=-crises.norm[:, i, None] * crises.deploys_at[:, i]
        - crises.barrier[:, i, None] * crises.barred_at[:, i],
        pay_influence=crises.influence[:, i, None] * crises.influence_at[:, i],
        weight=at.weight[..., i].T,
        log_residual=namespace(at).moveaxis(at.log_residual[:, :, i], 1, 0),
    )


def _mixed(mine: _Ingredients, theirs: _Ingredients, chosen: Array) -> _Ingredients:
    xp = namespace(mine, theirs, chosen)

    def taken(m: int, field: str) -> Array:
        if xp is np:
            return getattr(mine if chosen[m] else theirs, field)
        return xp.where(chosen[m], getattr(mine, field), getattr(theirs, field))

    parts = {field: taken(m, field) for m, name in enumerate(MECHANISMS) for field in GROUPS[name]}
    return _Ingredients(**parts)


def _efforts(mine: _Ingredients, theirs: _Ingredients, rationality: Array) -> list[Array]:
    """The effort of every coalition; what remains of the harm depends on two mechanisms alone and is worked out once for each."""
    left, efforts = {}, []
    for chosen in _coalitions():
        part = _mixed(mine, theirs, chosen)
        key = tuple(chosen[list(MECHANISMS).index(name)] for name in ("cost", "others"))
        if key not in left:
            left[key] = _left(part)
        efforts.append(_effort(part, left[key], rationality))
    return efforts


def _left(part: _Ingredients) -> Float[Array, "f c o"]:
    """What remains of the harm after the others' effort and the power's own."""
    xp = namespace(part)
    return xp.exp(xp.minimum(part.log_residual - part.reach, 70.0))


def _effort(part: _Ingredients, left: Float[Array, "f c o"], rationality: Array) -> Float[Array, " c"]:
    xp = namespace(part, rationality)
    paid = part.pay_rung + part.pay_cost + part.pay_backlash + part.pay_norm + part.pay_influence
    payoff = xp.where(part.is_open, rationality[:, None] * (paid - part.stake * left), -xp.inf)
    odds = xp.exp(payoff - xp.max(payoff, axis=-1, keepdims=True))
    return xp.sum(part.weight * xp.sum(odds * part.effort, axis=-1) / xp.sum(odds, axis=-1), axis=0)


def _coalitions() -> np.ndarray:
    """All coalitions as rows of membership, the empty one first and the full one last."""
    size = len(MECHANISMS)
    return np.array([[(k >> m) & 1 for m in range(size)] for k in range(2**size)], bool)


def _weights() -> np.ndarray:
    """Shapley weights: contribution[m] = Σ_k weight[k, m] · value[k]."""
    members, size = _coalitions(), len(MECHANISMS)
    weight = np.zeros(members.shape)
    for k, m in np.ndindex(*members.shape):
        before = members[k].sum() - members[k, m]
        share = factorial(before) * factorial(size - 1 - before) / factorial(size)
        weight[k, m] = share if members[k, m] else -share
    return weight
