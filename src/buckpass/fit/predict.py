"""Crises under a posterior: draws of parameters turned into batches of games."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import numpy as np

from buckpass.case import Case
from buckpass.fit.explanations import Explanation, explanation
from buckpass.fit.model import coefficients_from
from buckpass.fit.posterior import Posterior
from buckpass.game.crises import Crises
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting, setting_of

__all__ = ["by_draw", "coefficients_of", "draw_crises", "draw_games"]


def coefficients_of(posterior: Posterior, setting: CrisisSetting, n_draws: int | None = None) -> Coefficients:
    """Draws as `Coefficients` with a leading draw axis; `n_draws` evenly spaced ones (None: all)."""
    return _coefficients(explanation(posterior.explanation), setting.nameless(), posterior.flat(n_draws))


@eqx.filter_jit  # as single operations it took half a second for each explanation
def _coefficients(theory: Explanation, setting: CrisisSetting, draws: dict[str, np.ndarray]) -> Coefficients:
    return jax.vmap(lambda one: coefficients_from(theory, setting, one.__getitem__))(draws)


def draw_games(setting: CrisisSetting, coefficients: Coefficients) -> Crises:
    """Games of every crisis under every draw; the crisis axis is draw-major: position d · n_crises + c."""
    return _games(setting.nameless(), coefficients)


@eqx.filter_jit
def _games(setting: CrisisSetting, coefficients: Coefficients) -> Crises:
    games = jax.vmap(lambda one: crises_of(setting, one))(coefficients)
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), games)


def draw_crises(
    case: Case, posterior: Posterior, crises: Sequence[str], n_draws: int = 400,
    change: Callable[[CrisisSetting], CrisisSetting] = lambda setting: setting,
) -> Crises:  # fmt: skip
    """The named crises under draws of a posterior, draw-major; `change` may alter the setting before it is played."""
    setting = change(setting_of(case, crises))
    return draw_games(setting, coefficients_of(posterior, setting, n_draws))


def by_draw(values, n_crises: int) -> np.ndarray:
    """A draw-major result as [draw, crisis, …]."""
    array = np.asarray(values)
    return array.reshape(-1, n_crises, *array.shape[1:])
