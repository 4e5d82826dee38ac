"""Who moves first: the patron picks, the followers see it and play their own equilibrium (backward induction)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from buckpass.game.arrays import at_host, log_sum_exp, namespace, on_host
from buckpass.game.choice import log_strategy, option_payoffs
from buckpass.game.crises import Crises, plays
from buckpass.game.fixed_point import DEFAULT_SETTINGS, Equilibrium, SolverSettings, solve_strategies
from buckpass.game.setting import CrisisSetting

__all__ = [
    "Met", "PlayedInOrder", "first_mover", "met", "over_what_is_met", "patron_first",
]  # fmt: skip


class PlayedInOrder(eqx.Module):
    """A mixture over what the first mover does, and what everybody does after each of its options.

    `log_strategy[c, f, p, o]` is given first move f; the first mover's own row is sure to be f. In a crisis without a
    first mover all the weight is on the first entry, which holds the simultaneous equilibrium.
    """

    first: Int[Array, " c"]  # position of the first mover, -1 for nobody
    log_first: Float[Array, "c f"]
    log_strategy: Float[Array, "c f p o"]
    log_residual: Float[Array, "c f p"]  # log R once the first move is seen
    error: Float[Array, " c"]
    sweeps: Int[Array, " c"]
    converged: Bool[Array, " c"]

    @property
    def strategy(self) -> Float[Array, "c p o"]:
        """Marginal probability of each option before anybody has moved."""
        return jnp.einsum("cf,cfpo->cpo", jnp.exp(self.log_first), jnp.exp(self.log_strategy))

    def expected(self, quantity: Callable[[Equilibrium], Array]) -> Array:
        """Expectation, before anybody has moved, of a quantity [c, …] of the equilibrium after each first move."""

        def after(log_sigma: Array, log_residual: Array) -> Array:
            return quantity(Equilibrium(jnp.exp(log_sigma), log_residual, self.error, self.sweeps, self.converged))

        by_move = jax.vmap(after, in_axes=1)(self.log_strategy, self.log_residual)
        return jnp.einsum("cf,fc...->c...", jnp.exp(self.log_first), by_move)


def first_mover(setting: CrisisSetting) -> np.ndarray:
    """Position of the patron in each crisis where it is one of the powers and plays, −1 elsewhere."""
    setting = at_host(setting)
    is_patron = setting.covariate("patron") * plays(setting)
    return np.where(is_patron.any(axis=1), is_patron.argmax(axis=1), -1)


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
        first=patron,
        log_first=_first_move(crises, patron, payoff),
        log_strategy=jnp.moveaxis(after, 0, 1),
        log_residual=jnp.moveaxis(solved.log_residual.reshape(*by_move, -1), 0, 1),
        error=jnp.max(solved.error.reshape(by_move), axis=0),
        sweeps=jnp.max(solved.sweeps.reshape(by_move), axis=0),
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
    log_first = payoff - log_sum_exp(payoff, axis=-1, keepdims=True)
    nobody = jnp.where(jnp.arange(payoff.shape[-1]) == 0, 0.0, -1e30)
    return jnp.where((patron < 0)[:, None], nobody, log_first)


class Met(eqx.Module):
    """What each power meets when it chooses: a mixture over what it may have seen, and log R after its own options.

    All moving at once, one residual whatever it does. In order: a follower meets the residual after the move that it
    saw, the first mover after each of its options another.
    """

    weight: Float[Array, "c f p"]
    log_residual: Float[Array, "c f p o"]  # o is 1 where no power is seen before the others choose


def met(found: Equilibrium | PlayedInOrder) -> Met:
    """What each power meets in an equilibrium."""
    if isinstance(found, Equilibrium):
        residual = found.log_residual[:, None, :, None]
        return Met(namespace(residual).ones(residual.shape[:3], residual.dtype), residual)
    moves, powers = found.log_first.shape[1], found.log_residual.shape[-1]
    leads = (jnp.arange(powers) == found.first[:, None])[:, None]  # c 1 p
    sure = (jnp.arange(moves) == 0)[:, None]
    weight = jnp.where(leads, sure, jnp.exp(found.log_first)[..., None])
    after_own = jnp.swapaxes(found.log_residual, 1, 2)[:, None]  # c 1 p o: by its own option, which is the first move
    return Met(weight, jnp.where(leads[..., None], after_own, found.log_residual[..., None]))


def over_what_is_met(choose: Callable[[Array], Array], at: Met) -> Any:
    """Mean of a quantity [c, p] of each power's choice at a log R [c, p, o], over what it may meet."""
    if on_host(at):
        return sum(at.weight[:, f] * choose(at.log_residual[:, f]) for f in range(at.weight.shape[1]))
    by_sight = jax.vmap(choose, in_axes=1, out_axes=1)(at.log_residual)
    return jnp.sum(at.weight * by_sight, axis=1)
