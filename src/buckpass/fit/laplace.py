"""A quick fit: the posterior as a normal around its mode, corrected by importance weights (for many simulated records)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpyro.infer.util import initialize_model
from scipy.optimize import minimize
from scipy.special import logsumexp

from buckpass.fit.explanations import Explanation
from buckpass.fit.model import model_of
from buckpass.fit.observations import Observations
from buckpass.fit.posterior import quiet_arviz
from buckpass.game.setting import CrisisSetting

__all__ = ["QuickFit", "QuickScores", "QuickSettings"]


@dataclass(frozen=True)
class QuickSettings:
    """How the normal is found and how many draws correct it.

    step : of the central differences that give the curvature, in unconstrained units; widen : factor on its standard
    deviations, so that the draws cover the tails; freedom : of the t that the draws come from.
    """

    draws: int = 1000
    iterations: int = 400
    gradient: float = 1e-5
    step: float = 1e-4
    widen: float = 1.1
    freedom: float = 12.0
    seed: int = 20240620


@dataclass(frozen=True)
class QuickScores:
    """Leave-one-crisis-out scores of a quick fit.

    elpd : per crisis with a coded response (nats); k : Pareto k̂ of the weights that leave it out; k_fit : of the weights
    that turn the normal into the posterior; found : whether the mode was reached.
    """

    elpd: np.ndarray
    k: np.ndarray
    k_fit: float
    found: bool


class QuickFit:
    """A compiled density of one explanation on one setting; fits any record with the same rows without compiling anew."""

    def __init__(self, explanation: Explanation, setting: CrisisSetting, seen: Observations):
        def model(low, high):
            model_of(explanation, setting, replace(seen, low=low, high=high))(seen.weight)

        info = initialize_model(
            jax.random.PRNGKey(0), model, model_args=(jnp.asarray(seen.low), jnp.asarray(seen.high)), dynamic_args=True
        )
        start = jax.tree.map(jnp.zeros_like, info.param_info.z)
        self._start, unravel = ravel_pytree(start)
        self.scored = np.unique(seen.crisis)
        self._energy = jax.jit(lambda z, low, high: jax.value_and_grad(
            lambda at: info.potential_fn(low, high)(unravel(at)))(z))  # fmt: skip
        self._gradients = jax.jit(lambda zs, low, high: jax.lax.map(
            lambda at: jax.grad(lambda x: info.potential_fn(low, high)(unravel(x)))(at), zs))  # fmt: skip
        self._many = jax.jit(partial(_energy_and_likelihood, info, unravel))

    def scores(self, seen: Observations, settings: QuickSettings = QuickSettings()) -> QuickScores:
        """Leave-one-crisis-out scores of a record: Pareto-smoothed weights of the normal's draws.

        elpd_c = log Σ_s w_s − log Σ_s w_s / p(y_c | θ_s), w the ratios of posterior to t (Tierney & Kadane 1986 for the
        normal; Vehtari et al. 2024 for the smoothing).
        """
        low, high = jnp.asarray(seen.low), jnp.asarray(seen.high)
        mode, found = self._mode(low, high, settings)
        z, log_density = self._draws(mode, low, high, settings)
        energy, by_crisis = (np.asarray(a) for a in self._many(jnp.asarray(z), low, high))
        ratio = np.where(np.isfinite(energy), -energy - log_density, -np.inf)
        usable = np.isfinite(ratio)
        ratio, likelihood = ratio[usable], by_crisis[usable][:, self.scored]
        psis = quiet_arviz().psislw
        whole, k_fit = psis(ratio, reff=1.0)
        left, k = psis((ratio[:, None] - likelihood).T, reff=1.0)
        elpd = logsumexp(np.asarray(left) + likelihood.T, axis=1)
        return QuickScores(elpd, np.asarray(k, float), float(k_fit), found)

    def _mode(self, low, high, settings: QuickSettings) -> tuple[np.ndarray, bool]:
        def energy(z):
            value, slope = self._energy(jnp.asarray(z), low, high)
            return float(value), np.asarray(slope, float)

        best = minimize(energy, np.asarray(self._start), jac=True, method="L-BFGS-B",
                        options={"maxiter": settings.iterations, "gtol": settings.gradient, "ftol": 1e-12})  # fmt: skip
        return best.x, bool(best.success)

    def _draws(self, mode, low, high, settings: QuickSettings) -> tuple[np.ndarray, np.ndarray]:
        """Draws of a multivariate t around the mode, and its log density up to a constant."""
        rng, size = np.random.default_rng(settings.seed), mode.size
        root = _root_of_inverse(self._curvature(mode, low, high, settings.step)) * settings.widen
        normal = rng.normal(size=(settings.draws, size))
        chi = rng.chisquare(settings.freedom, settings.draws) / settings.freedom
        spread = normal / np.sqrt(chi)[:, None]
        log_density = -0.5 * (settings.freedom + size) * np.log1p((spread**2).sum(1) / settings.freedom)
        return mode + spread @ root.T, log_density

    def _curvature(self, mode, low, high, step: float) -> np.ndarray:
        shifts = step * np.eye(mode.size)
        slopes = np.asarray(self._gradients(jnp.asarray(np.concatenate([mode + shifts, mode - shifts])), low, high))
        second = (slopes[: mode.size] - slopes[mode.size :]) / (2 * step)
        return 0.5 * (second + second.T)


def _energy_and_likelihood(info, unravel, zs, low, high):
    def one(z):
        sites = info.postprocess_fn(low, high)(unravel(z))
        return info.potential_fn(low, high)(unravel(z)), sites["log_lik"]

    return jax.lax.map(one, zs, batch_size=100)


def _root_of_inverse(curvature: np.ndarray) -> np.ndarray:
    """A with A Aᵀ = curvature⁻¹; a direction without curvature gets that of the unit prior scale."""
    value, vector = np.linalg.eigh(curvature)
    return vector / np.sqrt(np.maximum(value, 0.05))
