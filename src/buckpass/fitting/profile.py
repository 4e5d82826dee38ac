"""The posterior of one number without drawing: along its coordinate, every other term at its most probable value."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize

from buckpass.fitting.program import Program
from buckpass.fitting.sampling import shrunk_covariance
from buckpass.model.mechanisms import Combination
from buckpass.model.readings import Reading

__all__ = ["Profile"]

GRID = np.linspace(-2.4, 2.4, 9)  # of a coordinate whose prior is nearly a standard normal: all but 1.6 percent of it
FINE = np.linspace(-4.5, 4.5, 1801)
CLIMB = {"maxiter": 500, "ftol": 3e-7}  # single precision: a ten-thousandth of a nat


class Profile:
    """The profile posterior of a term that is one number, under one combination of mechanisms, record after record.

    A maximum takes dozens of gradients where chains take tens of thousands. Left out is how much room the other terms have at
    each value: in the flagship's fits the mean of κ is so within 0.1 of that of NUTS (`tests/fitting/test_profile.py`); what a
    study of simulated records finds of this mean is exact for it, whatever NUTS would say.

    Parameters
    ----------
    near : draws of the combination's terms, arrays [chain, draw, …], from a record like those to come: their covariance makes
        the hill round (with free riding a climb takes a third of the gradients so, with all mechanisms hardly fewer).

    Raises
    ------
    ValueError
        The term is not one number by itself, or the combination does not estimate it.
    """

    def __init__(self, combination: Combination, program: Program, term: str, near: Mapping[str, np.ndarray]):
        place = next((p for p in program.coordinates.places if p.term.name == term), None)
        if place is None or place.shape or place.term.scaled_by or not combination.frees(term):
            raise ValueError(f"{term} is not one number that {combination.id} estimates")
        self._program, self._term, self._at = program, term, place.start
        free = np.flatnonzero(program.coordinates.free(combination))
        self._rest = free[free != self._at]
        order = np.array([self._at, *self._rest])  # the term first: where it stands then moves the others along
        u = program.coordinates.of_draws(near)
        spread = np.eye(u.shape[-1])
        spread[np.ix_(order, order)] = np.linalg.cholesky(shrunk_covariance(u.reshape(-1, u.shape[-1])[:, order]))
        centre = jnp.asarray(u.mean(axis=(0, 1)))
        self._frame = program.frame(combination)._replace(centre=centre, spread=jnp.asarray(spread))
        self._energy = jax.jit(jax.value_and_grad(program.energy))  # called so often that all the compiler's means pay

    def draws(self, reading: Reading, n: int = 1000) -> Float[np.ndarray, " n"]:
        """The term at evenly spaced probabilities, as if drawn, in the record as a reading has it; NaN where a game was not solved."""
        start, size = (
            (GRID - self._frame.centre[self._at]) / self._frame.spread[self._at, self._at],
            self._frame.centre.size,
        )
        log_density, x = np.empty(len(GRID)), np.zeros(size)
        middle = len(GRID) // 2
        x[self._at] = start[middle]
        log_density[middle], x = self._climbed(x, reading)
        for ks in (range(middle + 1, len(GRID)), range(middle - 1, -1, -1)):
            at = x
            for k in ks:
                at = at.copy()
                at[self._at] = start[k]
                log_density[k], at = self._climbed(at, reading)
        return self._drawn(log_density, n)

    def _climbed(self, start: np.ndarray, reading: Reading) -> tuple[float, np.ndarray]:
        """Log density at the most probable values of the other terms, and where that is."""
        x, rest = start.copy(), self._rest
        guess = self._program.told(x[None], self._frame, reading, 1).guess[0]
        frame = self._frame._replace(guess=jnp.asarray(guess, jnp.float32))

        def energy(part: np.ndarray) -> tuple[float, np.ndarray]:
            x[rest] = part
            value, slope = self._energy(jnp.asarray(x), frame, reading)
            return float(value), np.asarray(slope)[rest]

        best = minimize(energy, start[rest], jac=True, method="L-BFGS-B", options=CLIMB)
        x[rest] = best.x
        return -float(best.fun), x

    def _drawn(self, log_density: np.ndarray, n: int) -> np.ndarray:
        """Between the points what is not the prior's normal is a spline; beyond them it stays."""
        if not np.isfinite(log_density).all():
            return np.full(n, np.nan)
        excess = CubicSpline(GRID, log_density + 0.5 * GRID**2)(np.clip(FINE, GRID[0], GRID[-1]))
        below = np.cumsum(np.exp(excess - excess.max() - 0.5 * FINE**2))
        u = np.interp((np.arange(n) + 0.5) / n, below / below[-1], FINE)
        flat = np.zeros((n, self._frame.centre.size))
        flat[:, self._at] = u
        told = jax.vmap(lambda one: self._program.coordinates.values(one, self._frame.is_free)[self._term])(flat)
        return np.asarray(told)
