"""Who moves first: the patron picks, the followers see it and play their own equilibrium (backward induction)."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float, Int

from buckpass.game.choice import log_strategy, option_payoffs
from buckpass.game.crises import Crises
from buckpass.game.solver import DEFAULT_SETTINGS, Equilibrium, SolverSettings, solve_strategies

__all__ = ["PlayedInOrder", "log_likelihood", "log_likelihood_in_order", "patron_first", "security_in_order"]


class PlayedInOrder(eqx.Module):
    """A mixture over what the first mover does, and what everybody does after each of its options.

    `log_strategy[c, f, p, o]` is given first move f; the first mover's own row is sure to be f. In a crisis without a
    first mover all the weight is on the first entry, which holds the simultaneous equilibrium.
    """

    log_first: Float[Array, "c f"]
    log_strategy: Float[Array, "c f p o"]
    error: Float[Array, " c"]
    converged: Bool[Array, " c"]

    @property
    def strategy(self) -> Float[Array, "c p o"]:
        """Marginal probability of each option before anybody has moved."""
        return jnp.einsum("cf,cfpo->cpo", jnp.exp(self.log_first), jnp.exp(self.log_strategy))


def patron_first(
    crises: Crises, patron: Int[Array, " c"], settings: SolverSettings = DEFAULT_SETTINGS
) -> PlayedInOrder:
    """Responses when `patron[c]` (position of a power, -1 for nobody) commits first.

    The patron picks a by logit over its payoff in the followers' equilibrium after a:
    ``λ [-V R(a) exp(-q e(a)/s) + G w - C k - B p - N d - Q u]``. Pure; derivatives pass through every subgame.
    """
    moves, count = crises.is_open.shape[-1], crises.stake.shape[0]
    subgames = _after_each_move(crises, patron)
    solved = solve_strategies(subgames, settings)
    by_move = (moves, count)
    payoff = option_payoffs(subgames, solved.log_residual).reshape(*by_move, *crises.is_open.shape[1:])
    after = log_strategy(subgames, solved.log_residual).reshape(payoff.shape)
    return PlayedInOrder(
        log_first=_first_move(crises, patron, payoff),
        log_strategy=jnp.moveaxis(after, 0, 1),
        error=jnp.max(solved.error.reshape(by_move), axis=0),
        converged=jnp.all(solved.converged.reshape(by_move), axis=0),
    )


def _after_each_move(crises: Crises, patron: Int[Array, " c"]) -> Crises:
    """The followers' games after each of the patron's options, one batch with the option slowest."""
    moves = crises.is_open.shape[-1]
    is_patron = (jnp.arange(crises.stake.shape[1]) == patron[:, None])[..., None]
    held = jnp.where(is_patron, jnp.eye(moves, dtype=bool)[:, None, None, :], crises.is_open)
    many = jax.tree.map(lambda x: jnp.tile(x, (moves, *(1 for _ in x.shape[1:]))), crises)
    return eqx.tree_at(lambda c: c.is_open, many, held.reshape(many.is_open.shape))


def _first_move(crises: Crises, patron: Int[Array, " c"], committed: Float[Array, "f c p o"]) -> Float[Array, "c f"]:
    """Logit over the patron's open options, each valued at the residual that the followers leave after it."""
    payoff = jnp.einsum("fcpf->cpf", committed)
    at = jnp.maximum(patron, 0)[:, None, None]
    payoff = jnp.take_along_axis(jnp.where(crises.is_open, payoff, -1e30), at, axis=1)[:, 0]
    log_first = payoff - logsumexp(payoff, axis=-1, keepdims=True)
    nobody = jnp.where(jnp.arange(payoff.shape[-1]) == 0, 0.0, -1e30)
    return jnp.where((patron < 0)[:, None], nobody, log_first)


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
    return logsumexp(played.log_first + jnp.sum(bands, axis=-1), axis=-1)


def security_in_order(crises: Crises, played: PlayedInOrder) -> Float[Array, " c"]:
    """1 - E exp(-X_h) when the patron moves first: the powers' moves are independent only given its move."""
    reach = crises.delivery[..., None] * crises.effort_at / crises.severity[:, None, None]
    undone = (crises.host_alignment[..., None] * -reach)[:, None]
    log_left = jnp.sum(logsumexp(played.log_strategy + undone, axis=-1), axis=-1)
    return 1.0 - jnp.sum(jnp.exp(played.log_first + log_left), axis=-1)


def _band(crises: Crises, log_sigma: Float[Array, "c p o"], low, high) -> Float[Array, "c p"]:
    inside = (crises.rung >= low[..., None]) & (crises.rung <= high[..., None])
    return logsumexp(jnp.where(inside, log_sigma, -1e30), axis=-1)
