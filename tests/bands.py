"""Likelihoods of coded bands in a solved game, straight from its strategies: a yardstick for the fits' own."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from buckpass.game.arrays import log_sum_exp
from buckpass.game.choice import log_strategy
from buckpass.game.crises import Crises
from buckpass.game.fixed_point import Equilibrium
from buckpass.game.order import PlayedInOrder


def log_likelihood(
    crises: Crises, equilibrium: Equilibrium, low: Int[Array, "c p"], high: Int[Array, "c p"]
) -> Float[Array, "c p"]:
    """log P(low ≤ rung ≤ high) of each power, all moving at once; a row never searched is the whole ladder and adds 0."""
    return _band(crises, log_strategy(crises, equilibrium.log_residual), low, high)


def log_likelihood_in_order(
    crises: Crises, played: PlayedInOrder, low: Int[Array, "c p"], high: Int[Array, "c p"]
) -> Float[Array, " c"]:
    """log P of all powers' bands when the patron moves first: a sum over what it may have done within its band."""
    bands = jax.vmap(lambda s: _band(crises, s, low, high), in_axes=1, out_axes=1)(played.log_strategy)
    return log_sum_exp(played.log_first + jnp.sum(bands, axis=-1), axis=-1)


def _band(crises: Crises, log_sigma: Float[Array, "c p o"], low, high) -> Float[Array, "c p"]:
    inside = (crises.rung >= low[..., None]) & (crises.rung <= high[..., None])
    return log_sum_exp(jnp.where(inside, log_sigma, -1e30), axis=-1)
