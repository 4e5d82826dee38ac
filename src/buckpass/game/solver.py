"""The quantal response equilibrium of a batch of crises, with its residual and its exact derivative."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from buckpass.game.choice import Choice, as_choice, best_response, choice_log_probabilities, slopes
from buckpass.game.crises import Crises
from buckpass.game.search import follow_rationality, newton, solve_linear, sweeps, tables_of

__all__ = ["Equilibrium", "NoEquilibriumFound", "SolverSettings", "solve", "solve_strategies"]


@dataclass(frozen=True)
class SolverSettings:
    """How long to look for an equilibrium and what counts as one.

    tolerance : largest |log R - best response| that counts as an equilibrium (float64); in float32 a crisis counts as
        solved at `tolerance_single`.
    """

    tolerance: float = 1e-10
    tolerance_single: float = 1e-5
    sweeps: int = 16
    switch: float = 1e-3
    newton_steps: int = 30
    path_steps: int = 60

    def tolerance_for(self, dtype) -> float:
        """Tolerance that applies to arrays of this type."""
        return self.tolerance if dtype == jnp.float64 else self.tolerance_single


DEFAULT_SETTINGS = SolverSettings()


class Equilibrium(eqx.Module):
    """Equilibria of a batch of crises: who does what with which probability, and how well it is solved."""

    strategy: Float[Array, "c p o"]  # σ_i(a)
    log_residual: Float[Array, "c p"]  # log R_i
    error: Float[Array, " c"]  # largest change of log R under one best response
    sweeps: Int[Array, " c"]  # best-response evaluations used
    converged: Bool[Array, " c"]


class NoEquilibriumFound(RuntimeError):
    """No point within tolerance was found for some crisis; the message says which and what was tried."""


@jax.jit
def _error(choice: Choice, log_residual):
    return jnp.max(jnp.abs(best_response(choice, log_residual) - log_residual), axis=0)


def solve_strategies(crises: Crises, settings: SolverSettings = DEFAULT_SETTINGS) -> Equilibrium:
    """Who does what: the logit equilibrium of each crisis at its own rationality.

    Pure and jit-able; derivatives in both modes come from the implicit function theorem, one p×p solve per crisis.
    """
    choice = as_choice(crises)
    log_residual, sweeps = _fixed_point(settings, choice)
    error = _error(lax.stop_gradient(choice), lax.stop_gradient(log_residual))
    sigma = jnp.exp(choice_log_probabilities(choice, log_residual))
    return Equilibrium(
        strategy=jnp.moveaxis(sigma, -1, 0),
        log_residual=log_residual.T,
        error=error,
        sweeps=sweeps,
        converged=error <= settings.tolerance_for(error.dtype),
    )


@jax.custom_jvp
def _implicit(choice: Choice, log_residual: Array) -> Array:
    return log_residual


@_implicit.defjvp
def _implicit_jvp(primals, tangents):
    choice, log_residual = primals
    _, push = jax.jvp(lambda c: best_response(c, log_residual), (choice,), (tangents[0],))
    system = jnp.eye(log_residual.shape[0], dtype=log_residual.dtype)[:, :, None] - slopes(choice, log_residual)
    return _implicit(choice, log_residual), _solve_implicit(system, push)


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


def _fixed_point(settings: SolverSettings, choice: Choice) -> tuple[Array, Array]:
    held = lax.stop_gradient(choice)
    found, sweeps = _search(settings, held)
    return _implicit(choice, lax.stop_gradient(found)), sweeps


def _search(settings: SolverSettings, choice: Choice) -> tuple[Array, Array]:
    tables = tables_of(choice)
    tolerance = settings.tolerance_for(choice.stake.dtype) / 10
    start, count = sweeps(tables, settings.sweeps, settings.switch)
    point, error, steps = newton(tables, start, tolerance, settings.newton_steps)
    lost = error > 10 * tolerance
    traced, _, trials = follow_rationality(tables, lost, settings.path_steps)
    traced, error_traced, more = newton(tables, jnp.where(lost, traced, point), tolerance, settings.newton_steps)
    point = jnp.where(lost & (error_traced < error), traced, point)
    return best_response(choice, point), count + steps + 3 * trials + more


def solve(crises: Crises, settings: SolverSettings = DEFAULT_SETTINGS) -> Equilibrium:
    """Who does what in each crisis, or a named error: every equilibrium returned is within tolerance."""
    equilibrium = jax.jit(solve_strategies, static_argnums=1)(crises, settings)
    error = np.asarray(equilibrium.error)
    bad = np.flatnonzero(~(error <= settings.tolerance_for(error.dtype)))
    if bad.size:
        raise NoEquilibriumFound(
            f"{bad.size} of {error.size} crises have no equilibrium within {settings.tolerance_for(error.dtype):g}: "
            f"first at position {bad[0]}, error {error[bad[0]]:.3g} after {settings.sweeps} sweeps and "
            f"{settings.newton_steps} Newton steps."
        )
    return equilibrium
