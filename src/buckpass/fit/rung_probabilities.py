"""Probability of every rung, crisis by crisis and power by power, under draws of a posterior."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from buckpass.fit.explanations import explanation
from buckpass.fit.model import interacts, log_choices
from buckpass.fit.observations import TOP, Observations
from buckpass.fit.posterior import Posterior
from buckpass.fit.predict import coefficients_of
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting

__all__ = ["RUNGS", "at_rows", "mixture", "rung_probabilities"]

RUNGS = TOP + 1
LEAST = 1e-300  # below it a probability is nothing, and its logarithm would be −inf


def rung_probabilities(setting: CrisisSetting, posterior: Posterior, n_draws: int) -> Float[np.ndarray, "d c p r"]:
    """P(rung) of every power in every crisis of the setting, for evenly spaced draws of the posterior.

    A power that does not play (host, belligerent) is silent for certain.
    """
    draws = coefficients_of(posterior, setting, n_draws)
    return np.asarray(_by_rung(setting, draws, interacts(explanation(posterior.explanation))))


def at_rows(by_rung: Float[np.ndarray, "d c p r"], seen: Observations) -> Float[np.ndarray, "d n r"]:
    """The probabilities of the crisis and power of each coded response."""
    return by_rung[:, seen.crisis, seen.power]


def mixture(by_rung: Float[np.ndarray, "d ..."], weight: Float[np.ndarray, " d"] | None = None) -> np.ndarray:
    """Predictive probability: the mean over draws, weighted where draws do not count alike."""
    return np.average(by_rung, axis=0, weights=weight)


@partial(jax.jit, static_argnames="with_others")
def _by_rung(setting: CrisisSetting, draws: Coefficients, with_others: bool) -> Float[Array, "d c p r"]:
    games = jax.vmap(lambda one: crises_of(setting, one))(draws)
    count = games.stake.shape[0]
    flat = jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), games)
    sigma = jnp.exp(log_choices(flat, with_others))
    by_option = sigma.reshape(count, *setting.rung.shape)
    has_rung = (setting.rung[..., None] == jnp.arange(RUNGS)).astype(sigma.dtype)
    return jnp.maximum(jnp.einsum("dcpo,cpor->dcpr", by_option, has_rung), LEAST)
