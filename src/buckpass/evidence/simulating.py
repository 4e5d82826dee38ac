"""Records that never were: the same crises, the same rows and the same doubt, responses drawn from the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from buckpass.game.arrays import at_host
from buckpass.game.payoffs import crises_of
from buckpass.game.setting import CrisisSetting
from buckpass.game.solver import log_choices
from buckpass.model.coefficients import coefficients_from
from buckpass.model.likelihood import rung_chances
from buckpass.model.observations import Observations
from buckpass.model.terms import entering

__all__ = ["chances_with_new_effects", "draw_rungs", "simulated_record", "within_band"]


def chances_with_new_effects(
    setting: CrisisSetting, values: Mapping[str, Any], rng: np.random.Generator
) -> Float[np.ndarray, "c p r"]:
    """P(rung) of every power at values of the terms, the effect of every crisis drawn anew."""
    effect = float(values[entering("crisis")]) * rng.standard_normal(len(setting.names.crises))
    coefficients = eqx.tree_at(lambda c: c.crisis_effect, coefficients_from(setting, values), jnp.asarray(effect))
    games = at_host(crises_of(setting, coefficients))  # compiling the search for one record takes longer than NumPy's
    return np.asarray(rung_chances(games, log_choices(games)[0], setting.rungs.count))


def draw_rungs(probability: Float[np.ndarray, "... r"], uniform: np.ndarray) -> np.ndarray:
    """One rung per row by inverting its distribution at a uniform number (one draw belongs to one row)."""
    cumulative = np.cumsum(probability, axis=-1)
    return np.minimum((cumulative < uniform[..., None] * cumulative[..., -1:]).sum(-1), probability.shape[-1] - 1)


def within_band(probability: Float[np.ndarray, "... n r"], seen: Observations) -> Float[np.ndarray, "... n r"]:
    """The probabilities given that the rung lies in the band of the record, not normalised."""
    rung = np.arange(probability.shape[-1])
    return np.where((rung >= seen.low[:, None]) & (rung <= seen.high[:, None]), probability, 0.0)


def simulated_record(
    by_rung: Float[np.ndarray, "c p r"], seen: Observations, rng: np.random.Generator
) -> Observations:  # fmt: skip
    """A record with the missingness and the doubt of `seen` and responses drawn from `by_rung`.

    A response coded by two coders is drawn once. Its band is one of those into which the ladder falls when it is cut into
    bands as wide as that of the observed row, at a place drawn beforehand; at the ends of the ladder bands are narrower. So
    a band tells of its rung that it lies inside and nothing else (coarsened at random, Heitjan & Rubin 1991), which is what
    the likelihood of a band takes for granted.
    """
    uniform = rng.random(by_rung.shape[:2])
    rung = draw_rungs(by_rung, uniform)[seen.crisis, seen.power]
    size = seen.high - seen.low + 1
    start = np.floor(rng.random(len(seen)) * size).astype(int)
    low = rung - (rung + start) % size
    return replace(seen, low=np.maximum(low, 0), high=np.minimum(low + size - 1, by_rung.shape[-1] - 1))
