"""A quick fit for many simulated records: mode and curvature instead of draws (Laplace's method)."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from buckpass.game.setting import CrisisSetting
from buckpass.model.coordinates import coordinates_of
from buckpass.model.likelihood import Likelihood
from buckpass.model.mechanisms import Combination
from buckpass.model.observations import Observations
from buckpass.model.readings import Reading, reading_of
from buckpass.model.requests import Requests

__all__ = ["NotAMode", "Quadratic", "QuickFit", "QuickScores", "QuickSettings", "leave_one_out_by_curvature"]


NODES = 15  # of the crisis effect: more than the sampler's, which knows where to place them


class NotAMode(RuntimeError):
    """The climb ended where the posterior does not curve down in every direction; the record is named by the caller."""


@dataclass(frozen=True)
class QuickSettings:
    """How the mode is found, and the step (in prior standard deviations) of the differences that give the curvature."""

    iterations: int = 500
    gradient: float = 1e-5
    step: float = 1e-3


@dataclass(frozen=True)
class QuickScores:
    """Leave-one-crisis-out scores of a quick fit, per crisis with a coded response (nats)."""

    crises: np.ndarray  # positions in the setting
    elpd: np.ndarray


class QuickFit:
    """One explanation on one setting, compiled once; scores any record with the same rows.

    The posterior is taken as normal around its mode in the coordinates in which priors are nearly standard normal, and so
    is the posterior without any one crisis. How far this is from draws by NUTS is measured (`power_study` reports it).
    """

    def __init__(
        self, explanation: Combination, setting: CrisisSetting, seen: Observations, requests: Requests | None = None
    ):
        coordinates = coordinates_of(setting)
        hosts = requests if explanation.has_host_stage else None
        likelihood = Likelihood(setting, seen, explanation.interacts, requests=hosts, nodes=NODES)
        is_free = coordinates.free(explanation)
        self.size, self.scored = int(is_free.sum()), np.unique(seen.crisis)

        def whole(u):
            return jnp.zeros(coordinates.size).at[np.flatnonzero(is_free)].set(u)

        def log_prior(u):
            return coordinates.log_density(whole(u), jnp.asarray(is_free))

        def by_crisis(u, reading: Reading):
            found = likelihood(coordinates.values(whole(u), jnp.asarray(is_free)), reading)
            return jnp.stack([found.responses, found.responses + found.request])

        def energy(u, reading: Reading):
            return -log_prior(u) - jnp.sum(by_crisis(u, reading)[1])

        def scored(u, reading: Reading):
            return by_crisis(u, reading)[:, self.scored]

        self._energy = jax.jit(jax.value_and_grad(energy))
        self._scored = jax.jit(scored)
        self._jacobians = jax.jit(lambda points, reading: jax.lax.map(lambda u: jax.jacrev(scored)(u, reading), points))
        self._prior_slopes = jax.jit(jax.vmap(jax.grad(log_prior)))

    def scores(self, seen: Observations, settings: QuickSettings = QuickSettings()) -> QuickScores:
        """Leave-one-crisis-out scores of a record.

        Raises
        ------
        NotAMode
            The curvature is not positive in every direction.
        """
        reading = reading_of(seen)
        mode = self._mode(reading, settings)
        shifts = settings.step * np.eye(self.size)
        points = jnp.asarray(np.concatenate([mode[None], mode + shifts, mode - shifts]))
        slopes = np.asarray(self._jacobians(points, reading))
        responses, whole = (Quadratic(slopes[0, k], _differences(slopes[:, k], settings.step)) for k in (0, 1))
        prior = _differences(np.asarray(self._prior_slopes(points))[:, None], settings.step)[0]
        value = np.asarray(self._scored(jnp.asarray(mode), reading))[0]
        return QuickScores(self.scored, leave_one_out_by_curvature(value, responses, whole, prior))

    def _mode(self, reading: Reading, settings: QuickSettings) -> np.ndarray:
        def energy(u):
            value, slope = self._energy(jnp.asarray(u), reading)
            return float(value), np.asarray(slope, float)

        options = {"maxiter": settings.iterations, "gtol": settings.gradient, "ftol": 1e-12}
        return minimize(energy, np.zeros(self.size), jac=True, method="L-BFGS-B", options=options).x


@dataclass(frozen=True)
class Quadratic:
    """Slope [crisis, d] and curvature [crisis, d, d] of a log-likelihood at the mode of the posterior."""

    slope: np.ndarray
    curvature: np.ndarray


def leave_one_out_by_curvature(
    value: Float[np.ndarray, " c"], responses: Quadratic, whole: Quadratic, prior: Float[np.ndarray, "d d"]
) -> Float[np.ndarray, " c"]:
    """log p(y_c | everything but crisis c), each log-likelihood taken as quadratic around the mode of the posterior.

    value : log p(y_c | θ̂); responses : of the responses; whole : of responses and request together. With H the upward
    curvature of the posterior and g, B slope and curvature of a likelihood: the posterior without c has curvature
    H_c = H + B_whole and slope −g_whole at θ̂, and the score is its normalising constant with the responses over that
    without them. Exact for a normal mean.
    """
    at_mode = -(whole.curvature.sum(0) + prior)
    without = at_mode + whole.curvature
    back = without - responses.curvature
    slope_back = responses.slope - whole.slope
    return value + _log_mass(back, slope_back) - _log_mass(without, -whole.slope)


def _log_mass(curvature: Float[np.ndarray, "c d d"], slope: Float[np.ndarray, "c d"]) -> Float[np.ndarray, " c"]:
    """log ∫ exp(slopeᵀ x − ½ xᵀ curvature x) dx up to a constant."""
    sign, size = np.linalg.slogdet(curvature)
    if (sign <= 0).any():
        raise NotAMode("the posterior does not curve down in every direction where the climb ended")
    moved = np.linalg.solve(curvature, slope[..., None])[..., 0]
    return 0.5 * (np.einsum("cd,cd->c", slope, moved) - size)


def _differences(slopes: Float[np.ndarray, "n c d"], step: float) -> Float[np.ndarray, "c d d"]:
    """Second derivatives by central differences of slopes at the mode, at + step and at − step along every axis."""
    size = slopes.shape[-1]
    second = (slopes[1 : size + 1] - slopes[size + 1 :]) / (2 * step)
    by_crisis = np.moveaxis(second, 1, 0)
    return 0.5 * (by_crisis + np.swapaxes(by_crisis, 1, 2))
