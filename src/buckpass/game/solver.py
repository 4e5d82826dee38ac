"""The quantal response equilibrium of a batch of crises, with its residual and its exact derivative."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from buckpass.game.choice import CLOSED, Choice, as_choice, best_response, choice_log_probabilities, slopes
from buckpass.game.crises import Crises

__all__ = ["Equilibrium", "NoEquilibriumFound", "SolverSettings", "solve", "solve_strategies"]


@dataclass(frozen=True)
class SolverSettings:
    """How long to look for an equilibrium and what counts as one.

    tolerance : largest |log R - best response| that counts as an equilibrium (float64); in float32 a crisis counts as
        solved at `tolerance_single`.
    """

    tolerance: float = 1e-10
    tolerance_single: float = 1e-5
    sweeps: int = 12
    newton_steps: int = 30

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
    return _implicit(choice, log_residual), _solve_last(system, push)


def _solve_last(system: Float[Array, "p p c"], right: Float[Array, "p c"]) -> Float[Array, "p c"]:
    return jnp.linalg.solve(jnp.moveaxis(system, -1, 0), right.T[..., None])[..., 0].T


def _fixed_point(settings: SolverSettings, choice: Choice) -> tuple[Array, Array]:
    held = lax.stop_gradient(choice)
    found, sweeps = _search(settings, held)
    return _implicit(choice, lax.stop_gradient(found)), sweeps


def _search(settings: SolverSettings, choice: Choice) -> tuple[Array, Array]:
    """Undamped Gauss-Seidel sweeps from the residuals of uniform choice, then Newton steps."""
    tolerance = settings.tolerance_for(choice.stake.dtype) / 10
    start = _uniform_residual(choice)
    x = lax.fori_loop(0, settings.sweeps, lambda _, x: _sweep(choice, x), start)
    error = _error(choice, x)

    def unfinished(state):
        step, _, error, _ = state
        return (step < settings.newton_steps) & jnp.any(error > tolerance)

    def advance(state):
        step, x, error, used = state
        x_next = jnp.where(error > tolerance, _newton(choice, x), x)
        swept = _sweep(choice, x)
        error_next, error_swept = _error(choice, x_next), _error(choice, swept)
        take = error_next < jnp.minimum(error, error_swept)
        take |= ~(error > tolerance)
        x = jnp.where(take, x_next, swept)
        return step + 1, x, jnp.where(take, error_next, error_swept), used + (error > tolerance)

    used = jnp.full(error.shape, settings.sweeps, jnp.int32)
    _, x, _, used = lax.while_loop(unfinished, advance, (0, x, error, used))
    return x, used


def _uniform_residual(choice: Choice) -> Array:
    uniform = (jnp.zeros_like(choice.stake), jnp.where(choice.offer > CLOSED, 0.0, CLOSED))
    flat = eqx.tree_at(lambda c: (c.stake, c.offer), choice, uniform)
    return best_response(flat, jnp.zeros_like(choice.stake))


def _sweep(choice: Choice, x: Array) -> Array:
    for _ in range(1):
        x = best_response(choice, x)
    return x


def _newton(choice: Choice, x: Array) -> Array:
    system = jnp.eye(x.shape[0], dtype=x.dtype)[:, :, None] - slopes(choice, x)
    return x + _solve_last(system, best_response(choice, x) - x)


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
