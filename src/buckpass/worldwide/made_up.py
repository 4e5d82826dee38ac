"""Records made up by the game itself, and what a quick fit says of κ in them: how much such a record can tell."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from buckpass.evidence.baselines import Fitting, half_normal
from buckpass.game.choice import as_choice
from buckpass.model.anticipation import anticipate, nodes_of, payoffs, weights
from buckpass.worldwide.fit_game import settle
from buckpass.worldwide.free_riding import BEYOND_CHANCE
from buckpass.worldwide.games import EpisodeGames
from buckpass.worldwide.play import WorldGame, coordinate_of, kappa_of

__all__ = ["Told", "made_up", "parts_with", "ratio_at", "told_of_kappa"]


@dataclass(frozen=True)
class Told:
    """κ at the mode, and twice the log of how much likelier the record is there than at κ = 0, at the best of all else."""

    kappa: float
    ratio: float

    @property
    def is_told(self) -> bool:
        """Whether κ is told from 0, with the right sign."""
        return self.kappa > 0 and self.ratio > BEYOND_CHANCE


def parts_with(game: WorldGame, fitting: Fitting, u: np.ndarray, kappa: float) -> list[np.ndarray]:
    """The parts of a point with κ of both kinds of pairs at a value."""
    u = u.copy()
    for name in ("kappa", "kappa_rivals"):
        u[fitting.blocks.levels + game.slopes.index(name)] = coordinate_of(kappa)
    return [np.asarray(part) for part in fitting.blocks.split(jnp.asarray(u))]


def made_up(
    game: WorldGame, rows: EpisodeGames, parts: list[np.ndarray], rng: np.random.Generator, spread: float | None = None
) -> EpisodeGames:
    """The same episodes with what powers would do in them: an effect of every conflict, the equilibrium, a choice of each power.

    spread : of the effects; that of the parts by default.
    """
    if spread is None:
        spread = float(half_normal(jnp.asarray(parts[-1]))[0])
    effect = spread * rng.standard_normal(rows.of_crisis.shape[1])
    lift = np.abs(np.arange(len(rows.level)) - int(rows.is_open.shape[-1] // 2 if game.sides else 0))
    choice = as_choice(game.crises([jnp.asarray(part) for part in parts], rows))
    nodes = nodes_of(choice, lift, jnp.asarray(effect)[None, rows.crisis])
    settled = anticipate(nodes, jnp.zeros((1, *choice.stake.shape)))
    weight = np.asarray(weights(payoffs(nodes, settled)))[:, 0]
    below = np.cumsum(weight, axis=0) / weight.sum(axis=0)
    chosen = jnp.asarray((rng.random(weight.shape[1:]) > below[:-1]).sum(axis=0))
    return eqx.tree_at(lambda r: (r.low, r.high), rows, (chosen, chosen))


def told_of_kappa(game: WorldGame, fitting: Fitting, rows: EpisodeGames, beside: Fitting | None = None) -> Told:
    """The posterior's mode with κ free and at κ = 0; a ratio of likelihoods, which a fold does not mislead as curvature does.

    beside : `fit_game.alone` of the fitting, which a second record need not compile again.
    """
    u = settle(fitting, rows, beside)
    at = fitting.blocks.levels + game.slopes.index("kappa")
    return Told(float(kappa_of(jnp.asarray(u[at]))), ratio_at(game, fitting, u, 0.0))


def ratio_at(game: WorldGame, fitting: Fitting, u: Float[np.ndarray, " d"], kappa: float) -> float:
    """Twice the log of how much likelier the record is at the mode u than with κ held at a value, at the best of all else."""
    every, at = np.ones(fitting.rows.of_crisis.shape[1]), fitting.blocks.levels + game.slopes.index("kappa")
    there = coordinate_of(kappa)
    start = np.where(np.arange(fitting.size) == at, there, u)
    bounds = [(there, there) if k == at else (None, None) for k in range(fitting.size)]
    held = minimize(fitting.energy, start, (every,), jac=True, method="L-BFGS-B", bounds=bounds)
    prior = 0.5 * (float(u[at]) ** 2 - there**2)  # of the coordinate, which is none of κ
    return float(2.0 * (held.fun - fitting.energy(u, every)[0] + prior))
