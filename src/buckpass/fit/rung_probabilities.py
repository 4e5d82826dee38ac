"""Probability of every rung, crisis by crisis and power by power, under draws of a posterior."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from buckpass.fit.explanations import explanation
from buckpass.fit.model import interacts, log_choices
from buckpass.model.observations import TOP, Observations
from buckpass.fit.posterior import Posterior
from buckpass.fit.predict import coefficients_of, draw_games
from buckpass.game.crises import Crises
from buckpass.game.payoffs import Coefficients
from buckpass.game.setting import CrisisSetting
from buckpass.game.throughput import solve_batch

__all__ = ["RUNGS", "at_rows", "mixture", "rung_probabilities"]

RUNGS = TOP + 1
AT_ONCE = 4096  # games solved in one compiled call
LEAST = 1e-300  # below it a probability is nothing, and its logarithm would be −inf


def rung_probabilities(setting: CrisisSetting, posterior: Posterior, n_draws: int) -> Float[np.ndarray, "d c p r"]:
    """P(rung) of every power in every crisis of the setting, for evenly spaced draws of the posterior.

    A power that does not play (host, belligerent) is silent for certain.
    """
    games = _games(setting, coefficients_of(posterior, setting, n_draws))
    sigma = _solved(games) if interacts(explanation(posterior.explanation)) else _alone(games)
    return np.asarray(_by_rung(setting.rung, sigma))


def at_rows(by_rung: Float[np.ndarray, "d c p r"], seen: Observations) -> Float[np.ndarray, "d n r"]:
    """The probabilities of the crisis and power of each coded response."""
    return by_rung[:, seen.crisis, seen.power]


def mixture(by_rung: Float[np.ndarray, "d ..."], weight: Float[np.ndarray, " d"] | None = None) -> np.ndarray:
    """Predictive probability: the mean over draws, weighted where draws do not count alike."""
    return np.average(by_rung, axis=0, weights=weight)


@jax.jit
def _games(setting: CrisisSetting, draws: Coefficients) -> Crises:
    """Games of every crisis under every draw, draw-major, in single precision: predictions need no more."""
    games = draw_games(setting, draws)
    return jax.tree.map(lambda a: a.astype(jnp.float32) if jnp.issubdtype(a.dtype, jnp.floating) else a, games)


def _solved(games: Crises) -> Float[np.ndarray, "dc p o"]:
    """Equilibrium strategies, in parts of one size so that the solver is compiled once for every batch."""
    count = games.stake.shape[0]
    parts = []
    for start in range(0, count, AT_ONCE):
        index = np.minimum(np.arange(start, start + AT_ONCE), count - 1)  # the last part repeats its last game
        found = solve_batch(jax.tree.map(lambda a, at=index: np.asarray(a)[at], games))
        parts.append(np.asarray(found.strategy)[: count - start])
    return np.concatenate(parts)


@jax.jit
def _alone(games: Crises) -> Float[Array, "dc p o"]:
    return jnp.exp(log_choices(games, False))


@jax.jit
def _by_rung(rung: Int[Array, "c p o"], sigma: Float[Array, "dc p o"]) -> Float[Array, "d c p r"]:
    by_option = sigma.reshape(-1, *rung.shape).astype(float)
    has_rung = (rung[..., None] == jnp.arange(RUNGS)).astype(float)
    found = jnp.einsum("dcpo,cpor->dcpr", by_option, has_rung)
    return jnp.maximum(found / found.sum(-1, keepdims=True), LEAST)
