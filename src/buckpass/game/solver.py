"""The quantal response equilibrium of a batch of crises, with its residual and its exact derivative."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from buckpass.game.choice import Choice, as_choice, best_response, choice_log_probabilities, log_strategy
from buckpass.game.crises import Crises, CrisisNames
from buckpass.game.path import trace
from buckpass.game.search import follow_rationality, newton, respond, solve_linear, sweeps, tables_of

__all__ = [
    "DEFAULT_SETTINGS", "Equilibrium", "NoEquilibriumFound", "SolverSettings", "log_choices", "solve", "solve_in_blocks",
    "solve_strategies",
]  # fmt: skip

BLOCK = 256  # games of a block


@dataclass(frozen=True)
class SolverSettings:
    """How to look for an equilibrium, for how long, and what counts as one."""

    search: Literal["sweeps", "path"] = "sweeps"  # sweeps first (fast), or the branch traced from λ = 0 first
    tolerance: float = 1e-10  # largest |best response - log R| in float64
    tolerance_single: float = 1e-5  # the same in float32
    sweeps: int = 16  # Gauss-Seidel sweeps at most
    switch: float = 1e-3  # change of log R below which Newton takes over from the sweeps
    newton_steps: int = 30
    path_steps: int = 80  # trial steps in λ

    def tolerance_for(self, dtype) -> float:
        """Tolerance that applies to arrays of this type."""
        return self.tolerance if dtype == jnp.float64 else self.tolerance_single


DEFAULT_SETTINGS = SolverSettings()
PRINCIPAL = SolverSettings(search="path")


class Equilibrium(eqx.Module):
    """Equilibria of a batch of crises: who does what with which probability, and how well it is solved."""

    strategy: Float[Array, "c p o"]  # σ_i(a)
    log_residual: Float[Array, "c p"]  # log R_i
    error: Float[Array, " c"]  # largest change of log R under one best response
    sweeps: Int[Array, " c"]  # best responses evaluated
    converged: Bool[Array, " c"]  # error within tolerance


class NoEquilibriumFound(RuntimeError):
    """No point within tolerance was found for some crises: `positions` says which, the message what was tried."""

    def __init__(self, message: str, positions: tuple[int, ...]):
        super().__init__(message)
        self.positions = positions


def solve(crises: Crises, settings: SolverSettings = PRINCIPAL, names: CrisisNames | None = None) -> Equilibrium:
    """Who does what in each crisis, on the branch that grows out of uniform choice as rationality rises.

    Every equilibrium returned is at the rationality asked and within tolerance (1e-10 in float64). Where the branch
    folds or others cross it on the way, it is followed round by arc length (`path.trace`, seconds for such a crisis).

    Raises
    ------
    NoEquilibriumFound
        Some crisis stayed outside the tolerance; nothing is returned for the others either.
    PathLost
        The branch of some crisis folds and could not be followed; `all_equilibria`, or `search="sweeps"`, finds some.
    """
    equilibrium, is_plain = _solve_compiled(crises, settings)
    _refuse_unsolved(equilibrium, settings, names)
    if settings.search == "path":
        for crisis in np.flatnonzero(~np.asarray(is_plain)):
            equilibrium = _round_folds(crises, equilibrium, int(crisis))
    return equilibrium


def solve_in_blocks(crises: Crises) -> Equilibrium:
    """`solve` by sweeps for a batch of any size, on as many threads as cores: one shape is compiled, a block stays in cache.

    Where nobody's effort counts for anyone else everybody acts alone and nothing is solved.

    Raises `NoEquilibriumFound`.
    """
    if not np.any(np.asarray(crises.alignment) * (1 - np.eye(crises.alignment.shape[-1]))):
        return _apart(crises)
    count = crises.stake.shape[0]
    rows = np.arange(-(-count // BLOCK) * BLOCK) % count  # the last block is filled up with the first games
    whole = jax.tree.map(lambda values: np.asarray(values)[rows], crises)
    blocks = [jax.tree.map(lambda v, at=at: v[at : at + BLOCK], whole) for at in range(0, rows.size, BLOCK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        solved = list(pool.map(lambda block: jax.device_get(_solve_compiled(block, DEFAULT_SETTINGS)[0]), blocks))
    found = jax.device_put(jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *solved))
    _refuse_unsolved(found, DEFAULT_SETTINGS, None)
    return found


@jax.jit
def _apart(crises: Crises) -> Equilibrium:
    """The equilibria of games in which every residual is 1: exact, without a search."""
    none = jnp.zeros_like(crises.stake)
    games = none[:, 0]
    return Equilibrium(jnp.exp(log_strategy(crises, none)), none, games, games.astype(int), jnp.isfinite(games))


def _refuse_unsolved(equilibrium: Equilibrium, settings: SolverSettings, names: CrisisNames | None) -> None:
    lost = np.flatnonzero(~np.asarray(equilibrium.converged))
    if lost.size:
        complaint = _complaint(np.asarray(equilibrium.error), lost, settings, names)
        raise NoEquilibriumFound(complaint, tuple(lost.tolist()))


@partial(jax.jit, static_argnames="settings")
def _solve_compiled(crises: Crises, settings: SolverSettings) -> tuple[Equilibrium, Bool[Array, " c"]]:
    return _solved(crises, settings)


def _round_folds(crises: Crises, equilibrium: Equilibrium, crisis: int) -> Equilibrium:
    """The same equilibria with one crisis's replaced by the end of its branch, traced by arc length."""
    path = trace(crises, crisis)
    return eqx.tree_at(
        lambda e: (e.strategy, e.log_residual, e.error),
        equilibrium,
        (
            equilibrium.strategy.at[crisis].set(path.strategy[-1]),
            equilibrium.log_residual.at[crisis].set(path.log_residual[-1]),
            equilibrium.error.at[crisis].set(path.error),
        ),
    )


def _complaint(error: np.ndarray, lost: np.ndarray, settings: SolverSettings, names: CrisisNames | None) -> str:
    called = [names.crises[i] if names else f"position {i}" for i in lost[:3]]
    shown = ", ".join(f"{name} (error {error[i]:.3g})" for name, i in zip(called, lost, strict=False))
    return (
        f"No equilibrium within {settings.tolerance_for(error.dtype):g} for {lost.size} of {error.size} crises: {shown}"
        f"{' …' if lost.size > 3 else ''}. A response that is not an equilibrium answers no question. Tried: "
        f"{settings.path_steps} steps along rationality from 0, {settings.sweeps} Gauss-Seidel sweeps, "
        f"{settings.newton_steps} damped Newton steps from each. Look for a payoff that is not finite, or raise these "
        "limits in SolverSettings."
    )


def solve_strategies(
    crises: Crises, settings: SolverSettings = DEFAULT_SETTINGS, guess: Float[Array, "c p"] | None = None
) -> Equilibrium:
    """Who does what in each crisis, as a pure function: jit, vmap, forward and reverse derivatives.

    σ_i(a) ∝ exp(λ E[U_i(a)]) with E[U_i] of model §2 (McKelvey & Palfrey 1995). Derivatives of any order come from the
    implicit function theorem, one p×p solve per crisis; the search is never differentiated. A crisis that is not solved
    is flagged in `converged`, never hidden. With `search="path"` the result is the principal branch; with
    `search="sweeps"` it is the principal branch wherever the equilibrium is unique, at a third of the time. `guess` (log R
    near the answer, as a sampler has it from the step before) is refined first; the search runs only where that fails.
    """
    return _solved(crises, settings, guess)[0]


def _solved(
    crises: Crises, settings: SolverSettings, guess: Float[Array, "c p"] | None = None
) -> tuple[Equilibrium, Bool[Array, " c"]]:
    """The equilibria, and whether each was reached along its branch from rationality 0 without a fold on the way."""
    choice, log_residual, used, is_plain = _fixed_point(crises, settings, guess)
    held = lax.stop_gradient(log_residual)
    error = jnp.max(jnp.abs(best_response(lax.stop_gradient(choice), held) - held), axis=0)
    sigma = jnp.exp(choice_log_probabilities(choice, log_residual))
    found = Equilibrium(
        strategy=jnp.moveaxis(sigma, -1, 0),
        log_residual=log_residual.T,
        error=error,
        sweeps=used,
        converged=error <= settings.tolerance_for(error.dtype),
    )
    return found, is_plain


def log_choices(
    crises: Crises, settings: SolverSettings = DEFAULT_SETTINGS, guess: Float[Array, "c p"] | None = None
) -> tuple[Float[Array, "c p o"], Float[Array, "c p"]]:
    """log σ of every option and log R at the equilibria of `solve_strategies`, with no flag of what was not solved: for a
    likelihood."""
    choice, log_residual, _, _ = _fixed_point(crises, settings, guess)
    return jnp.moveaxis(choice_log_probabilities(choice, log_residual), -1, 0), log_residual.T


def _fixed_point(
    crises: Crises, settings: SolverSettings, guess: Float[Array, "c p"] | None
) -> tuple[Choice, Array, Array, Array]:
    """The batch as the solver sees it, log R with its implicit derivative, best responses used, and whether plain."""
    choice = _worked_out(crises)
    held = lax.stop_gradient(choice)
    point, used, is_plain = _search(settings, held, None if guess is None else lax.stop_gradient(guess.T))
    return choice, _implicit(choice, lax.stop_gradient(point)), used, is_plain


def _worked_out(crises: Crises) -> Choice:
    """`as_choice`, behind a condition that always holds (no rung is negative): left in the open, the compiler works it out
    again for each use, which costs half the search."""
    nothing = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(as_choice, crises))
    return lax.cond(crises.rung[0, 0, 0] >= 0, as_choice, lambda _: nothing, crises)


@jax.custom_jvp
def _implicit(choice: Choice, log_residual: Array) -> Array:
    return log_residual


@_implicit.defjvp
def _implicit_jvp(primals, tangents):
    choice, point = primals
    log_residual = _implicit(choice, point)

    def answer(changed: Choice) -> tuple[Array, Array]:
        found = respond(tables_of(changed), log_residual)  # the search's own exponentials: the compiler pays them once
        return found.gap, found.slope

    _, push, slope = jax.jvp(answer, (choice,), (tangents[0],), has_aux=True)
    system = jnp.eye(log_residual.shape[0], dtype=log_residual.dtype)[:, :, None] - slope
    return log_residual, _solve_implicit(system, push)


def _solve_implicit(system: Float[Array, "p p c"], right: Float[Array, "p c"]) -> Float[Array, "p c"]:
    """One p×p solve per crisis that JAX can also transpose, for reverse mode."""

    def product(x):
        return jnp.sum(system * x[None], axis=1)

    return lax.custom_linear_solve(
        product,
        right,
        solve=lambda _, b: solve_linear(system, b),
        transpose_solve=lambda _, b: solve_linear(jnp.swapaxes(system, 0, 1), b),
    )


class _Start(eqx.Module):
    """Where Newton may begin in each crisis, whether it may, best responses spent on it, and whether it is plain."""

    point: Float[Array, "p c"]
    is_there: Bool[Array, " c"]
    used: Int[Array, " c"]
    is_plain: Bool[Array, " c"]


def _search(settings: SolverSettings, choice: Choice, guess: Float[Array, "p c"] | None) -> tuple[Array, Array, Array]:
    """Newton from one start after another until every crisis is solved: a guess, then sweeps and path as set.

    A loop over the starts holds one Newton search: one for each of them took the compiler a third longer.
    """
    tables, crises = tables_of(choice), choice.stake.shape[1:]
    none, never = jnp.zeros(crises, int), jnp.zeros(crises, bool)

    def swept(lost):
        point, count = sweeps(tables, settings.sweeps, settings.switch)
        return _Start(point, lost, none + count, never)

    def followed(lost):
        point, reached, plain, trials = follow_rationality(tables, lost, settings.path_steps)
        is_there = lost & (reached >= 1.0)
        return _Start(point, is_there, 3 * trials, is_there & plain)

    starts = [swept, followed] if settings.search == "sweeps" else [followed, swept]
    tolerance = settings.tolerance_for(choice.stake.dtype)
    enough, aim = 0.5 * tolerance, 0.1 * tolerance
    if guess is not None:  # where the next step is at hand it squares the error: one best response less in six
        starts = [lambda lost: _Start(guess, lost, none, never), *starts]
        enough = aim = 0.1 * float(np.sqrt(tolerance))

    def attempt(state):
        tried, point, error, used, plain = state
        lost = ~(error <= enough)
        start = lax.switch(tried, starts, lost)
        found, reached, steps, ahead = newton(tables, start.point, start.is_there, aim, settings.newton_steps)
        found = found if guess is None else found + jnp.where(reached <= aim, ahead, 0.0)
        better = start.is_there & (reached < error)
        used = used + jnp.where(lost, start.used + steps, 0)
        point, error = jnp.where(better, found, point), jnp.where(better, reached, error)
        return tried + 1, point, error, used, jnp.where(better, start.is_plain, plain)

    def unfinished(state):
        return (state[0] < len(starts)) & jnp.any(~(state[2] <= enough))

    nowhere = jnp.full(crises, jnp.inf, choice.stake.dtype)
    begun = (0, jnp.zeros_like(choice.stake), nowhere, none, never)
    _, point, _, used, plain = lax.while_loop(unfinished, attempt, begun)
    if guess is None:  # one exact best response at the end; a likelihood does without
        polished = best_response(choice, point)
        point = jnp.where(jnp.isfinite(polished), polished, point)
    return point, used, plain
