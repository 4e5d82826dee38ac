"""Pure changes to a batch of crises: an action forced, a power absent."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from buckpass.game.crises import Crises

__all__ = ["absent", "can_reach", "force"]


def can_reach(crises: Crises, power: int, rung: int) -> Bool[Array, " c"]:
    """Whether the power has an option of this rung open, by crisis."""
    return jnp.any(crises.is_open[:, power] & (crises.rung[:, power] == rung), axis=-1)


@jax.jit  # power and rung are no part of what is compiled
def force(crises: Crises, power: int, rung: int) -> Crises:
    """The same crises with one power held at one rung; its vehicle, where several are open, stays its own choice.

    A forced action need not have been open: where no option of the rung is, all of them are taken (see `can_reach`).
    Nothing else changes; the others' responses are for the caller to re-solve.
    """
    at_rung = crises.rung[:, power] == rung
    is_open = crises.is_open[:, power] & at_rung
    held = jnp.where(jnp.any(is_open, axis=-1, keepdims=True), is_open, at_rung)
    return eqx.tree_at(lambda c: c.is_open, crises, crises.is_open.at[:, power].set(held))


def absent(crises: Crises, power: int) -> Crises:
    """The same crises without one power: only silence is open to it, so it delivers nothing."""
    return eqx.tree_at(lambda c: c.is_open, crises, crises.is_open.at[:, power].set(crises.rung[:, power] == 0))
