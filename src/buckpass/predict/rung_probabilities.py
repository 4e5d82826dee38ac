"""Probability of every rung, crisis by crisis and power by power, under draws of a posterior."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from buckpass.fitting.posterior import Posterior
from buckpass.game.crises import Crises
from buckpass.game.setting import CrisisSetting
from buckpass.game.solver import IN_BLOCKS, solve
from buckpass.model.observations import Observations
from buckpass.predict.drawing import draw
from buckpass.predict.which_fits import Basis

__all__ = ["LEAST", "at_rows", "mixture", "rung_probabilities"]

LEAST = 1e-300  # below it a probability is nothing, and its logarithm would be −inf


def rung_probabilities(
    setting: CrisisSetting, posterior: Posterior, n_draws: int, *, of_many: bool = True
) -> Float[np.ndarray, "d c p r"]:
    """P(rung) of every power in every crisis of the setting, for evenly spaced draws of the posterior.

    A power that does not play (host, belligerent) is silent for certain. Given a draw the powers of a crisis respond
    independently; not so where a patron moves first: then these are each power's own chances before anybody has moved.
    of_many : whether more fits than a few are asked: in single precision, which costs seconds of compiling and then a third of
    the time.
    """
    given = draw(Basis(posterior), setting, n_draws)
    sigma = solve(_single(given.games) if of_many else given.games, IN_BLOCKS, given.first).strategy
    return _by_rung(setting.rung, sigma, setting.rungs.count)


def at_rows(by_rung: Float[np.ndarray, "d c p r"], seen: Observations) -> Float[np.ndarray, "d n r"]:
    """The probabilities of the crisis and power of each coded response."""
    return by_rung[:, seen.crisis, seen.power]


def mixture(by_rung: Float[np.ndarray, "d ..."], weight: Float[np.ndarray, " d"] | None = None) -> np.ndarray:
    """Predictive probability: the mean over draws, weighted where draws do not count alike."""
    return np.average(by_rung, axis=0, weights=weight)


@jax.jit
def _single(games: Crises) -> Crises:
    """The games in single precision: predictions need no more."""
    return jax.tree.map(lambda a: a.astype(jnp.float32) if jnp.issubdtype(a.dtype, jnp.floating) else a, games)


def _by_rung(rung: Int[Array, "c p o"], sigma: Float[Array, "dc p o"], count: int) -> Float[np.ndarray, "d c p r"]:
    by_option = np.moveaxis(np.asarray(sigma, float).reshape(-1, *rung.shape), 0, 2)
    has_rung = (np.asarray(rung)[..., None] == np.arange(count)).astype(float)
    found = np.moveaxis(
        by_option @ has_rung, 2, 0
    )  # a product of matrices for each crisis and power: nothing is compiled
    return np.maximum(found / found.sum(-1, keepdims=True), LEAST)
