"""How far the powers look ahead: not at all, or to what today's act does to next year."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np

from buckpass.case import Case
from buckpass.years.parameters import fraction_left
from buckpass.years.world import World
from buckpass.years.year_problems import FuturesError

__all__ = ["FORESIGHT", "UnknownForesight", "with_foresight"]

FORESIGHT = ("myopic", "one-step")
PASSES = 2  # policy, its value, and once again under the policy that this value makes


class UnknownForesight(FuturesError):
    """The foresight is none of `FORESIGHT`."""


def with_foresight(name: str, world: World, plan: Any, case: Case) -> World:
    """The world in which powers weigh next year's value: a price in today's payoff for what an act leaves behind.

    "myopic": none. "one-step": U + β (∂W/∂D ΔD + ∂W/∂o Δo), W the value of next year's crises as a linear function of
    own commitments D and own mean opinion o, fitted by least squares to played histories (fitted value iteration,
    `PASSES` times); ΔD is 1 for a deployment, Δo what presence does to opinion.
    """
    if name not in FORESIGHT:
        raise UnknownForesight(f"foresight {name!r} is not known; use one of: {', '.join(FORESIGHT)}")
    if name == "myopic":
        return world
    for _ in range(PASSES):
        price = _price(world, plan, case)
        fixed = dataclasses.replace(world.fixed, foresight=jnp.asarray(price, jnp.float32))
        world = dataclasses.replace(world, fixed=fixed)
    return world


def _price(world: World, plan: Any, case: Case) -> np.ndarray:
    """What next year takes for one deployment and for full presence in one host, per power, in logit units."""
    from buckpass.years.tiles import value_and_state

    value, commitments, opinion = value_and_state(world, plan.seed, min(plan.years, 10))
    hosts = world.has_trade.shape[0]
    kept = fraction_left(np.asarray(world.yearly.commitment_half_life).mean())
    pushed = float(np.asarray(world.yearly.opinion_presence).mean()) / hosts
    out = np.zeros((2, value.shape[-1]))
    for i in range(value.shape[-1]):
        x = np.stack([np.ones(value[..., i].size), commitments[..., i].ravel(), opinion[..., i].ravel()], axis=1)
        slope = np.linalg.lstsq(x, value[..., i].ravel(), rcond=None)[0]
        out[:, i] = -case.parameter("futures.discount") * np.array([kept * slope[1], pushed * slope[2]])
    return out
