"""Why one power does less than another in the same crisis: the gap split over six mechanisms, exactly."""

from __future__ import annotations

import functools
from dataclasses import fields
from math import factorial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from buckpass.game.arrays import exp_of_log, namespace
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

    by_mechanism = functools.partial(_efforts, mine, theirs, np.asarray(crises.rationality))
    effort = by_mechanism() if xp is np else jax.vmap(value)(jnp.asarray(_coalitions()))
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
    def taken(m: int, field: str) -> Array:
        return jnp.where(chosen[m], getattr(mine, field), getattr(theirs, field))

    parts = {field: taken(m, field) for m, name in enumerate(MECHANISMS) for field in GROUPS[name]}
    return _Ingredients(**parts)


def _efforts(mine: _Ingredients, theirs: _Ingredients, rationality: np.ndarray) -> Float[np.ndarray, "k c"]:
    """`_effort` of every coalition in NumPy, the same to the last bit at a third of the time: options come first in memory, so
    that all runs along the crises, and what depends on some mechanisms alone is worked out once for each choice of these."""
    by_option = [f.name for f in fields(_Ingredients) if f.name != "weight"]
    some, count = np.flatnonzero((mine.is_open | theirs.is_open).any(axis=0)), mine.is_open.shape[1]
    sides = [{name: _options_first(getattr(one, name), some) for name in by_option} for one in (theirs, mine)]
    effort = [np.where(one["is_open"], one["effort"], 0.0) for one in sides]
    weight = theirs.weight, mine.weight
    paid: dict[tuple[int, ...], np.ndarray] = {}
    lost: dict[tuple[int, ...], np.ndarray] = {}
    efforts = []
    for stake, cost, backlash, norm, influence, others in _coalitions().astype(int).tolist():
        if (key := (cost, backlash, norm, influence)) not in paid:
            own = sides[cost]
            most = np.where(own["is_open"], own["pay_rung"] + own["pay_cost"], -np.inf)
            paid[key] = (
                most + sides[backlash]["pay_backlash"] + sides[norm]["pay_norm"] + sides[influence]["pay_influence"]
            )
        if (met := (stake, cost, others)) not in lost:
            left = np.exp(np.minimum(sides[others]["log_residual"] - sides[cost]["reach"], 70.0))
            lost[met] = sides[stake]["stake"] * left
        payoff = rationality * (paid[key] - lost[met])
        odds = exp_of_log(payoff - payoff.max(axis=0))
        mean = _in_a_row(odds * effort[cost], some, count) / _in_a_row(odds, some, count)
        efforts.append(np.sum(weight[others] * mean, axis=0))
    return np.stack(efforts)


def _options_first(values: np.ndarray, some: np.ndarray) -> np.ndarray:
    """An ingredient c o or f c o as o f c, of some of the options where it has several."""
    by_option = np.moveaxis(values if values.ndim == 3 else values[None], -1, 0)
    return np.ascontiguousarray(by_option if len(by_option) == 1 else by_option[some])


def _in_a_row(values: Float[np.ndarray, "o f c"], some: np.ndarray, count: int) -> Float[np.ndarray, "f c"]:
    """The sum over some of the options, added up in the order of NumPy's sum over a row of all, the others being 0."""
    row: list[np.ndarray | None] = [None] * count
    for option, value in zip(some, values, strict=True):
        row[option] = value
    first = row[:8]
    while len(first) > 1 and count >= 8:
        first = [_plus(one, other) for one, other in zip(first[::2], first[1::2], strict=True)]
    return functools.reduce(_plus, [*first, *row[8:]])


def _plus(one: np.ndarray | None, other: np.ndarray | None) -> Any:
    return one if other is None else other if one is None else one + other


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


@functools.cache
def _coalitions() -> np.ndarray:
    """All coalitions as rows of membership, the empty one first and the full one last."""
    size = len(MECHANISMS)
    return np.array([[(k >> m) & 1 for m in range(size)] for k in range(2**size)], bool)


@functools.cache
def _weights() -> np.ndarray:
    """Shapley weights: contribution[m] = Σ_k weight[k, m] · value[k]."""
    members, size = _coalitions(), len(MECHANISMS)
    weight = np.zeros(members.shape)
    for k, m in np.ndindex(*members.shape):
        before = members[k].sum() - members[k, m]
        share = factorial(before) * factorial(size - 1 - before) / factorial(size)
        weight[k, m] = share if members[k, m] else -share
    return weight
