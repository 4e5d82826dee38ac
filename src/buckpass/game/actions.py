"""Pure changes to a batch of crises: actions held, a power absent."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from buckpass.game.arrays import namespace
from buckpass.game.crises import Crises

__all__ = ["absent", "force", "held"]


def held(crises: Crises, rung: Int[Array, "... p"]) -> Bool[Array, "c p o"]:
    """The options open to each power with some held at a rung (-1: free); which vehicle, where several are open, is theirs.

    A held action need not have been open: where no option of the rung is, all of them are taken.
    """
    at_rung = crises.rung == rung[..., None]
    is_open = crises.is_open & at_rung
    xp = namespace(crises, rung)
    held_at = xp.where(xp.any(is_open, axis=-1, keepdims=True), is_open, at_rung)
    return xp.where((rung >= 0)[..., None], held_at, crises.is_open)


@jax.jit  # power and rung are no part of what is compiled
def force(crises: Crises, power: int, rung: int) -> Crises:
    """The same crises with one power held at one rung (see `held`); the others' responses are for the caller to re-solve."""
    only = jnp.where(jnp.arange(crises.is_open.shape[-2]) == power, rung, -1)
    return eqx.tree_at(lambda c: c.is_open, crises, held(crises, only))


def absent(crises: Crises, who: Bool[Array, " p"]) -> Crises:
    """The same crises without some powers: only silence is open to them, so they deliver nothing."""
    is_open = namespace(crises, who).where(who[:, None], crises.rung == 0, crises.is_open)
    return eqx.tree_at(lambda c: c.is_open, crises, is_open)
