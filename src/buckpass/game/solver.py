"""The quantal response equilibrium of a batch of crises, with its residual and its exact derivative."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from buckpass.game.choice import Choice, as_choice, best_response, choice_log_probabilities, slopes
from buckpass.game.crises import Crises, CrisisNames
from buckpass.game.search import follow_rationality, newton, solve_linear, sweeps, tables_of

__all__ = ["DEFAULT_SETTINGS", "Equilibrium", "NoEquilibriumFound", "SolverSettings", "solve", "solve_strategies"]


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

    Every equilibrium returned is at the rationality asked and within tolerance (1e-10 in float64).

    Raises
    ------
    NoEquilibriumFound
        Some crisis stayed outside the tolerance; nothing is returned for the others either.
    """
    equilibrium = _solve_compiled(crises, settings)
    error = np.asarray(equilibrium.error)
    lost = np.flatnonzero(~np.asarray(equilibrium.converged))
    if lost.size:
        raise NoEquilibriumFound(_complaint(error, lost, settings, names), tuple(lost.tolist()))
    return equilibrium


@partial(jax.jit, static_argnames="settings")
def _solve_compiled(crises: Crises, settings: SolverSettings) -> Equilibrium:
    return solve_strategies(crises, settings)


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
    choice = as_choice(crises)
    held = lax.stop_gradient(choice)
    point, used = _search(settings, held) if guess is None else _refine(settings, held, lax.stop_gradient(guess.T))
    log_residual = _implicit(choice, lax.stop_gradient(point))
    held = lax.stop_gradient(log_residual)
    error = jnp.max(jnp.abs(best_response(lax.stop_gradient(choice), held) - held), axis=0)
    sigma = jnp.exp(choice_log_probabilities(choice, log_residual))
    return Equilibrium(
        strategy=jnp.moveaxis(sigma, -1, 0),
        log_residual=log_residual.T,
        error=error,
        sweeps=used,
        converged=error <= settings.tolerance_for(error.dtype),
    )


@jax.custom_jvp
def _implicit(choice: Choice, log_residual: Array) -> Array:
    return log_residual


@_implicit.defjvp
def _implicit_jvp(primals, tangents):
    choice, point = primals
    log_residual = _implicit(choice, point)
    _, push = jax.jvp(lambda c: best_response(c, log_residual), (choice,), (tangents[0],))
    system = jnp.eye(log_residual.shape[0], dtype=log_residual.dtype)[:, :, None] - slopes(choice, log_residual)
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


def _search(settings: SolverSettings, choice: Choice) -> tuple[Array, Array]:
    """First search, then the other one for the crises that it left unsolved; one exact best response at the end."""
    tables = tables_of(choice)
    tolerance = settings.tolerance_for(choice.stake.dtype)
    first, second = (_by_sweeps, _by_path) if settings.search == "sweeps" else (_by_path, _by_sweeps)
    point, error, used = first(tables, settings, jnp.ones(choice.stake.shape[1:], bool))
    lost = error > 0.5 * tolerance
    other, error_other, more = second(tables, settings, lost)
    point = jnp.where(lost & (error_other < error), other, point)
    polished = best_response(choice, point)
    return jnp.where(jnp.isfinite(polished), polished, point), used + jnp.where(lost, more, 0)


def _refine(settings: SolverSettings, choice: Choice, guess: Float[Array, "p c"]) -> tuple[Array, Array]:
    """Newton from a guess; all crises are searched from nothing where it did not reach the tolerance in one of them."""
    tables = tables_of(choice)
    wanted = jnp.ones(choice.stake.shape[1:], bool)
    point, error, used = newton(tables, guess, wanted, _aim(settings, guess), settings.newton_steps)
    lost = ~(error <= 0.5 * settings.tolerance_for(error.dtype))

    def search(_):
        other, more = _search(settings, choice)
        return jnp.where(lost, other, point), used + jnp.where(lost, more, 0)

    return lax.cond(jnp.any(lost), search, lambda _: (point, used), None)


def _by_sweeps(tables, settings: SolverSettings, wanted: Array) -> tuple[Array, Array, Array]:
    limit = jnp.where(jnp.any(wanted), settings.sweeps, 0)
    start, count = sweeps(tables, limit, settings.switch)
    point, error, steps = newton(tables, start, wanted, _aim(settings, start), settings.newton_steps)
    return point, error, count + steps


def _by_path(tables, settings: SolverSettings, wanted: Array) -> tuple[Array, Array, Array]:
    start, reached, trials = follow_rationality(tables, wanted, settings.path_steps)
    there = wanted & (reached >= 1.0)
    point, error, steps = newton(tables, start, there, _aim(settings, start), settings.newton_steps)
    return point, jnp.where(there, error, jnp.inf), 3 * trials + steps


def _aim(settings: SolverSettings, point: Array) -> float:
    return settings.tolerance_for(point.dtype) / 10
