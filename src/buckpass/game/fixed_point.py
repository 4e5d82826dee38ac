"""The equilibrium of a batch of crises as a pure function, with its exact derivative; `solver.solve` is the way in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from buckpass.game.arrays import constant, namespace, on_host, repeat_while
from buckpass.game.choice import Choice, as_choice, best_response, choice_log_probabilities, worked_out
from buckpass.game.crises import Crises
from buckpass.game.search import Tables, follow_rationality, newton, respond, solve_linear, sweeps, tables_of

__all__ = [
    "DEFAULT_SETTINGS", "IN_BLOCKS", "PRINCIPAL", "Equilibrium", "NoEquilibriumFound", "SolverSettings", "log_choices",
    "solve_strategies", "solve_with_branch",
]  # fmt: skip


@dataclass(frozen=True)
class SolverSettings:
    """How to look for an equilibrium, for how long, how many at once, and what counts as one."""

    search: Literal["sweeps", "path"] = "sweeps"  # sweeps first (fast), or the branch traced from λ = 0 first
    tolerance: float = 1e-10  # largest |best response - log R| in float64
    tolerance_single: float = 1e-5  # the same in float32
    sweeps: int = 16  # Gauss-Seidel sweeps at most
    switch: float = 1e-3  # change of log R below which Newton takes over from the sweeps
    newton_steps: int = 30
    path_steps: int = 80  # trial steps in λ
    block: int | None = None  # games that one core solves at a time; None: the whole batch in one compiled call

    def tolerance_for(self, dtype) -> float:
        """Tolerance that applies to arrays of this type."""
        return self.tolerance if dtype == jnp.float64 else self.tolerance_single


DEFAULT_SETTINGS = SolverSettings()
PRINCIPAL = SolverSettings(search="path")
IN_BLOCKS = SolverSettings(block=256)  # batches of any size: one shape is compiled, a block stays in cache


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
    return solve_with_branch(crises, settings, guess)[0]


def solve_with_branch(
    crises: Crises, settings: SolverSettings, guess: Float[Array, "c p"] | None = None
) -> tuple[Equilibrium, Bool[Array, " c"]]:
    """The equilibria, and whether each was reached along its branch from rationality 0 without a fold on the way."""
    choice, log_residual, used, is_plain = _fixed_point(crises, settings, guess)
    xp, held = namespace(choice), constant(log_residual)
    error = xp.max(xp.abs(best_response(constant(choice), held) - held), axis=0)
    sigma = xp.exp(choice_log_probabilities(choice, log_residual))
    found = Equilibrium(
        strategy=xp.moveaxis(sigma, -1, 0),
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
    if on_host(crises):
        choice = as_choice(crises)
        return choice, *_search(settings, choice, None if guess is None else guess.T)
    choice = worked_out(crises)
    held = lax.stop_gradient(choice)
    point, used, is_plain = _search(settings, held, None if guess is None else lax.stop_gradient(guess.T))
    return choice, _implicit(choice, lax.stop_gradient(point)), used, is_plain


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


def _starts(settings: SolverSettings, tables: Tables, none: Array, never: Array) -> list[Callable[[Array], _Start]]:
    """Where Newton may start in the crises that are still lost, in the order that the settings ask for."""

    def swept(lost):
        point, count = sweeps(tables, settings.sweeps, settings.switch)
        return _Start(point, lost, none + count, never)

    def followed(lost):
        point, reached, plain, trials = follow_rationality(tables, lost, settings.path_steps)
        is_there = lost & (reached >= 1.0)
        return _Start(point, is_there, 3 * trials, is_there & plain)

    return [swept, followed] if settings.search == "sweeps" else [followed, swept]


def _search(settings: SolverSettings, choice: Choice, guess: Float[Array, "p c"] | None) -> tuple[Array, Array, Array]:
    """Newton from one start after another until every crisis is solved: a guess, then sweeps and path as set.

    A loop over the starts holds one Newton search: one for each of them took the compiler a third longer.
    """
    xp, tables, crises = namespace(choice), tables_of(choice), choice.stake.shape[1:]
    none, never = xp.zeros(crises, int), xp.zeros(crises, bool)
    starts = _starts(settings, tables, none, never)
    tolerance = settings.tolerance_for(choice.stake.dtype)
    enough, aim = 0.5 * tolerance, 0.1 * tolerance
    if guess is not None:  # where the next step is at hand it squares the error: one best response less in six
        starts = [lambda lost: _Start(guess, lost, none, never), *starts]
        enough = aim = 0.1 * float(np.sqrt(tolerance))

    def attempt(state):
        tried, point, error, used, plain = state
        lost = ~(error <= enough)
        start = starts[tried](lost) if on_host(tried, lost) else lax.switch(tried, starts, lost)
        found, reached, steps, ahead = newton(tables, start.point, start.is_there, aim, settings.newton_steps)
        found = found if guess is None else found + xp.where(reached <= aim, ahead, 0.0)
        better = start.is_there & (reached < error)
        used = used + xp.where(lost, start.used + steps, 0)
        point, error = xp.where(better, found, point), xp.where(better, reached, error)
        return tried + 1, point, error, used, xp.where(better, start.is_plain, plain)

    def unfinished(state):
        return (state[0] < len(starts)) & xp.any(~(state[2] <= enough))

    nowhere = xp.full(crises, xp.inf, choice.stake.dtype)
    begun = (0, xp.zeros_like(choice.stake), nowhere, none, never)
    _, point, _, used, plain = repeat_while(unfinished, attempt, begun)
    if guess is None and not on_host(choice):  # one exact best response at the end; a likelihood does without
        polished = best_response(choice, point)
        point = xp.where(xp.isfinite(polished), polished, point)
    return point, used, plain
