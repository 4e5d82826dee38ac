"""What fits say of crises: responses, buck passed, outcome, and every equilibrium (model §3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import jax
import numpy as np
from jaxtyping import Array

from buckpass.ask.crisis_solution import (
    CrisisSolution,
    EquilibriaOfCrisis,
    PathFigure,
    PowerSolution,
)
from buckpass.case import Case
from buckpass.changes.idle import idle_note
from buckpass.changes.overrides import Changes, Override
from buckpass.changes.scenario import scenario_games
from buckpass.changes.together import parse_overrides
from buckpass.game import estimands
from buckpass.game.arrays import at_host
from buckpass.game.crises import Crises, plays
from buckpass.game.equilibria import StartSettings, all_equilibria
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting
from buckpass.game.solver import Solved
from buckpass.predict.drawing import Drawn, drawn
from buckpass.predict.idle import idle_in
from buckpass.predict.numbers import OF_CRISIS, OF_POWER, quantities_of
from buckpass.predict.which_fits import Fits, refuse_in_order
from buckpass.results.summary import DRAWS, Summary, summary

__all__ = ["CrisisSolution", "Summary", "solve_crises", "solve_crisis", "summary"]


def solve_crisis(
    case: Case, posteriors: Fits, crisis: str, overrides: Changes = (), n_draws: int = DRAWS, *,
    branch: Literal["principal", "all"] = "principal", seed: int = 0,
) -> CrisisSolution:  # fmt: skip
    """Who does what in a crisis: posterior means with 90 % intervals.

    Parameters
    ----------
    case, crisis : the case, and the id of one of its crises.
    posteriors : one, which answers alone, or all of the case, of which *all* answers where it passed, else the one that predicts
        best. A fit with the patron first is solved with the patron first.
    overrides : `PATH=VALUE` texts, or what `parse_overrides` has read; one or several.
    n_draws : evenly spaced draws of the fit.
    branch : "principal" is the equilibrium that grows out of uniform choice; "all" adds every equilibrium at the
        posterior mean, and the path along rationality.
    seed : of the random starts of "all".

    Returns
    -------
    CrisisSolution
        By power: P of each rung, expected rung, residual, buck passed; and P(stabilised).

    Raises
    ------
    NoUsablePosterior, NotPosteriors
        There is none, or it was fitted to another record; what was given is none.
    UnknownName, BadOverride
        The crisis is not in the case; an override cannot be used in a crisis's game.
    NoEquilibriumFound
        Some draw's game was not solved.
    OrderNotPlayed
        Every equilibrium was asked for under a fit with the patron first.
    """
    changes = parse_overrides(overrides, case)
    given = drawn(case, posteriors, [crisis], changes, n_draws)
    solution = _solutions(case, given, changes)[crisis]
    return solution if branch == "principal" else _with_every_equilibrium(solution, given, changes, seed)


def solve_crises(
    case: Case, posteriors: Fits, crises: Sequence[str], overrides: Changes = (), n_draws: int = DRAWS
) -> dict[str, CrisisSolution]:
    """`solve_crisis` of many crises in one batch.

    Parameters
    ----------
    case, posteriors, overrides, n_draws : as `solve_crisis` takes them; the overrides hold in each crisis.
    crises : ids of crises of the case.

    Returns
    -------
    dict of str to CrisisSolution
        By crisis.

    Raises
    ------
    NoUsablePosterior, NotPosteriors, UnknownName, BadOverride, NoEquilibriumFound
        As `solve_crisis` does.
    """
    changes = parse_overrides(overrides, case)
    return _solutions(case, drawn(case, posteriors, crises, changes, n_draws), changes)


def _with_every_equilibrium(
    solution: CrisisSolution, given: Drawn, changes: Sequence[Override], seed: int
) -> CrisisSolution:
    basis = given.basis
    if given.first is not None:
        refuse_in_order({basis.name: basis.fit}, "the list of all equilibria")
    mean = scenario_games(_at_mean(given.setting.nameless(), given.coefficients), given.setting, changes)
    equilibria = _equilibria(mean, given.setting.names.powers, basis.name, seed)
    return dataclasses.replace(solution, equilibria=equilibria, path=_path(mean, equilibria, solution.crisis))


def _at_mean(setting: CrisisSetting, coefficients: Coefficients) -> Crises:
    """The games at the posterior mean of every coefficient (indices are linear, so means are taken on their scale)."""
    return crises_of(at_host(setting), jax.tree.map(lambda a: a.mean(axis=0), coefficients))


def _equilibria(game: Crises, powers: tuple[str, ...], explanation: str, seed: int) -> EquilibriaOfCrisis:
    every = all_equilibria(game, 0, StartSettings(seed=seed))
    return EquilibriaOfCrisis(every, powers, (np.asarray(game.rung) * every.strategy).sum(-1), explanation)


def _path(game: Crises, equilibria: EquilibriaOfCrisis, crisis: str) -> PathFigure | None:
    path = equilibria.found.path
    if path is None:
        return None
    return PathFigure(crisis, path, equilibria.powers, (np.asarray(game.rung) * path.strategy).sum(-1), game.rungs.top)


def _solutions(case: Case, given: Drawn, overrides: Sequence[Override]) -> dict[str, CrisisSolution]:
    solved, idle = given.solved(), idle_in(case, given, overrides)
    response, alone = _responses(given.games, solved)
    parts = {"response": np.asarray(response), "alone": np.asarray(alone), **quantities_of(given.games, solved)}
    return {
        crisis: _solution(
            given, c, given.of(c, (solved.error, solved.sweeps)), given.of(c, parts), overrides, idle[crisis]
        )
        for c, crisis in enumerate(given.crises)
    }


def _solution(
    given: Drawn, c: int, used: tuple[np.ndarray, np.ndarray], parts: dict[str, np.ndarray], overrides: Sequence[Override],
    idle: tuple[str, ...],
) -> CrisisSolution:  # fmt: skip
    may = plays(at_host(given.setting))[c]
    powers = tuple(
        PowerSolution(
            id=name, plays=bool(may[i]), response=tuple(parts["response"][:, i].mean(0).tolist()),
            alone=tuple(parts["alone"][:, i].mean(0).tolist()),
            **{k: summary(parts[k][:, i]) for k in OF_POWER},
        )
        for i, name in enumerate(given.setting.names.powers)
    )  # fmt: skip
    error, sweeps = used
    said = given.said(given.crises[c])
    solver = {"residual": float(np.max(error)), "sweeps": int(np.max(sweeps)), "status": "converged"}
    return CrisisSolution(
        crisis=given.crises[c], powers=powers, **{k: summary(parts[k]) for k in OF_CRISIS}, solver=solver,
        overrides=tuple(o.text for o in overrides), rungs=given.setting.rungs,
        **{**said, "notes": (*said["notes"], *idle_note(idle))},
    )  # fmt: skip


def _responses(games: Crises, solved: Solved) -> tuple[Array, Array]:
    return estimands.response(games, solved.strategy), estimands.response(games, estimands.alone_strategy(games))
