"""What a fitted explanation says of crises: responses, buck passed, outcome, and every equilibrium (model §3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from buckpass.case import Case
from buckpass.changes.idle import idle_changes, idle_note, open_only, reached_vehicles
from buckpass.changes.overrides import Override
from buckpass.changes.scenario import scenario_games, scenario_setting
from buckpass.fit.basis import NoUsablePosterior, best_posterior, notes_of
from buckpass.fit.posterior import Posterior
from buckpass.fit.predict import coefficients_of, draw_games
from buckpass.fit.solution import CrisisSolution, EquilibriaOfCrisis, PathFigure, PowerSolution, Summary, summary
from buckpass.game import estimands
from buckpass.game.crises import Crises
from buckpass.game.equilibria import StartSettings, all_equilibria
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting, Standard, standard_of
from buckpass.game.solver import Equilibrium, solve

__all__ = [
    "CrisisSolution", "Drawn", "NoUsablePosterior", "Summary", "best_posterior", "drawn", "drawn_games",
    "quantities_of", "solve_crises", "solve_crisis", "summary",
]  # fmt: skip

DEPLOYMENT = 5
POWER_QUANTITIES = ("expected_rung", "p_deploy", "residual", "buck_passed", "payoff")


@dataclass(frozen=True)
class Drawn:
    """Some crises under posterior draws: `games` is draw-major, game d · n_crises + c is draw d of crisis c."""

    posterior: Posterior
    setting: CrisisSetting
    coefficients: Coefficients
    games: Crises

    @property
    def crises(self) -> tuple[str, ...]:
        return self.setting.names.crises

    @property
    def n_draws(self) -> int:
        return self.games.stake.shape[0] // len(self.crises)

    def of(self, crisis: int, values):
        """One crisis's part of anything whose leading axis is that of the games."""
        return jax.tree.map(lambda a: a[crisis :: len(self.crises)], values)


def drawn(
    case: Case, posterior: Posterior | None, crises: Sequence[str], overrides: Sequence[Override] = (),
    n_draws: int = 200, standard: Standard | None = None,
) -> Drawn:  # fmt: skip
    """Games of the crises, one per posterior draw, after the overrides; the same draws whatever the overrides.

    Raises
    ------
    NoUsablePosterior, UnknownName, BadOverride
    """
    if posterior is None:
        raise NoUsablePosterior(
            f"{', '.join(crises[:3])} cannot be solved without a posterior: fit first, `buckpass fit {case.id} -o FOLDER`"
        )
    setting = scenario_setting(case, crises, overrides, standard or standard_of(case))
    coefficients = coefficients_of(posterior, setting, n_draws)
    return Drawn(
        posterior, setting, coefficients, scenario_games(draw_games(setting, coefficients), setting, overrides)
    )


def drawn_games(
    case: Case, posterior: Posterior, crisis: str, overrides: Sequence[Override] = (), n_draws: int = 200
) -> Crises:
    """Games of one crisis, one per posterior draw, after the overrides."""
    return drawn(case, posterior, [crisis], overrides, n_draws).games


def idle_in(case: Case, after: Drawn, overrides: Sequence[Override]) -> dict[str, tuple[str, ...]]:
    """By crisis, the changes that by themselves move no input of any game, each with the reason if known."""
    if not overrides:
        return dict.fromkeys(after.crises, ())
    before, *each = (
        drawn(case, after.posterior, after.crises, some, after.n_draws) for some in ((), *([o] for o in overrides))
    )
    alone = dict(zip(overrides, each, strict=True))

    def inputs(given: Drawn, c: int) -> Crises:
        return open_only(given.of(c, given.games))

    def idle(c: int) -> tuple[str, ...]:
        reached = reached_vehicles(before.setting, [c])
        return idle_changes(case, overrides, inputs(before, c), lambda o: inputs(alone[o], c), reached)

    return {crisis: idle(c) for c, crisis in enumerate(before.crises)}


def solve_crisis(
    case: Case, posterior: Posterior | None, crisis: str, overrides: Sequence[Override] = (), n_draws: int = 200, *,
    branch: Literal["principal", "all"] = "principal", seed: int = 0,
) -> CrisisSolution:  # fmt: skip
    """Who does what in a crisis, under one fitted explanation: posterior means with 90 % intervals.

    branch : "principal" is the equilibrium that grows out of uniform choice; "all" adds every equilibrium at the
        posterior mean and the path along rationality. `seed` is of their random starts.

    Raises
    ------
    NoUsablePosterior
        `posterior` is None.
    UnknownName, BadOverride
        The crisis is not in the case; an override cannot be used in a crisis's game.
    NoEquilibriumFound
        Some draw's game was not solved.
    """
    given = drawn(case, posterior, [crisis], overrides, n_draws)
    solution = _solutions(case, given, overrides)[crisis]
    if branch == "principal":
        return solution
    mean = scenario_games(_at_mean(given.setting.nameless(), given.coefficients), given.setting, overrides)
    equilibria = _equilibria(mean, case.powers, seed)
    return dataclasses.replace(solution, equilibria=equilibria, path=_path(mean, equilibria, crisis))


def solve_crises(
    case: Case,
    posterior: Posterior | None,
    crises: Sequence[str],
    overrides: Sequence[Override] = (),
    n_draws: int = 200,
) -> dict[str, CrisisSolution]:
    """`solve_crisis` of many crises in one batch, by crisis; the overrides hold in each of them. Raises the same."""
    return _solutions(case, drawn(case, posterior, crises, overrides, n_draws), overrides)


@jax.jit
def _at_mean(setting: CrisisSetting, coefficients: Coefficients) -> Crises:
    """The games at the posterior mean of every coefficient (indices are linear, so means are taken on their scale)."""
    return crises_of(setting, jax.tree.map(lambda a: jnp.mean(a, axis=0), coefficients))


def _equilibria(game: Crises, powers: tuple[str, ...], seed: int) -> EquilibriaOfCrisis:
    found = all_equilibria(game, 0, StartSettings(seed=seed))
    return EquilibriaOfCrisis(found, powers, (np.asarray(game.rung) * found.strategy).sum(-1))


def _path(game: Crises, equilibria: EquilibriaOfCrisis, crisis: str) -> PathFigure | None:
    path = equilibria.found.path
    if path is None:
        return None
    return PathFigure(crisis, path, equilibria.powers, (np.asarray(game.rung) * path.strategy).sum(-1))


def _solutions(case: Case, given: Drawn, overrides: Sequence[Override]) -> dict[str, CrisisSolution]:
    found, idle = solve(given.games), idle_in(case, given, overrides)
    numbers, (response, alone) = quantities_of(given.games, found), _responses(given.games, found)
    parts = {"response": np.asarray(response), "alone": np.asarray(alone), **numbers}
    return {
        crisis: _solution(given, c, given.of(c, found), given.of(c, parts), overrides, idle[crisis])
        for c, crisis in enumerate(given.crises)
    }


def _solution(
    given: Drawn, c: int, found: Equilibrium, parts: dict[str, np.ndarray], overrides: Sequence[Override],
    idle: tuple[str, ...],
) -> CrisisSolution:  # fmt: skip
    plays = np.asarray(given.setting.is_open)[c, :, 1:].sum(axis=-1)
    powers = tuple(
        PowerSolution(
            id=name, plays=bool(plays[i]), response=tuple(parts["response"][:, i].mean(0).tolist()),
            alone=tuple(parts["alone"][:, i].mean(0).tolist()),
            **{k: summary(parts[k][:, i]) for k in POWER_QUANTITIES},
        )
        for i, name in enumerate(given.setting.names.powers)
    )  # fmt: skip
    solver = {"residual": float(np.max(found.error)), "sweeps": int(np.max(found.sweeps)), "status": "converged"}
    posterior = given.posterior
    return CrisisSolution(
        crisis=given.crises[c], explanation=posterior.explanation, powers=powers,
        p_stabilised=summary(parts["p_stabilised"]), p_nobody=summary(parts["p_nobody"]), solver=solver,
        overrides=tuple(o.text for o in overrides), notes=(*notes_of(posterior), *idle_note(idle)), n_draws=given.n_draws,
        seed=posterior.seed, case_hash=posterior.case_hash,
    )  # fmt: skip


@jax.jit
def _responses(games: Crises, found: Equilibrium) -> tuple[jax.Array, jax.Array]:
    alone = dataclasses.replace(found, strategy=estimands.alone_strategy(games))
    return estimands.response(games, found), estimands.response(games, alone)


def quantities_of(games: Crises, found: Equilibrium) -> dict[str, np.ndarray]:
    """The numbers reported of each power [draw, power] and of the crisis [draw]."""
    return {name: np.asarray(value) for name, value in _quantities(games, found).items()}


@jax.jit
def _quantities(games: Crises, found: Equilibrium) -> dict[str, jax.Array]:
    return {
        "expected_rung": estimands.expected_rung(games, found), "p_deploy": estimands.p_at_least(games, found, DEPLOYMENT),
        "residual": estimands.residual(found), "buck_passed": estimands.buck_passed(games, found),
        "payoff": estimands.expected_payoff(games, found),
        "p_stabilised": estimands.p_stabilised(games, found), "p_nobody": estimands.p_nobody(games, found),
    }  # fmt: skip
