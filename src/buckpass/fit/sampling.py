"""Drawing from the posterior of one explanation: its mode, its shape there, then NUTS in coordinates round as a ball."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float
from numpyro.infer.hmc import hmc
from numpyro.infer.hmc_util import euclidean_kinetic_energy
from numpyro.infer.util import ParamInfo
from scipy.optimize import minimize

from buckpass.fit.density import coordinates_of
from buckpass.fit.explanations import Explanation
from buckpass.fit.likelihood import Likelihood, Order
from buckpass.fit.observations import Observations
from buckpass.fit.readings import Reading, reading_of
from buckpass.fit.requests import Requests
from buckpass.game.setting import CrisisSetting

__all__ = ["Draws", "NutsSettings", "Sampling"]

BLOCK = 50  # iterations of a chain in one compiled call; warm-up and draws share it, so it is compiled once
AT_ONCE = 50  # draws turned into parameters and likelihoods in one call: bounds memory
DIFFERENCE = 1e-4  # step of the central differences of the gradient that give the curvature at the mode
LEAST_CURVATURE = 0.2  # of the negative log posterior; the priors alone give 1, so less is noise or a saddle


@dataclass(frozen=True)
class NutsSettings:
    """How the posterior is drawn; tolerances of the diagnostics are in `posterior.py`, not here."""

    chains: int = 4
    warmup: int = 300
    draws: int = 700
    target_accept: float = 0.8
    tree_depth: tuple[int, int] = (6, 6)  # in warm-up, when sampling
    seed: int = 20240620
    threads: int = 2
    refit_settle: int = 50  # iterations dropped, then kept, when adapted chains go on under other weights
    refit_draws: int = 150


@dataclass(frozen=True)
class Draws:
    """Raw draws: each term as an array [chain, draw, …], what they say of the record, and how long it took (s).

    log_likelihood, request_log_likelihood : [chain, draw, crisis]; log_prior : [chain, draw, term], `terms` names them;
    diverging : [chain, draw].
    """

    sites: dict[str, np.ndarray]
    log_likelihood: np.ndarray
    request_log_likelihood: np.ndarray
    log_prior: np.ndarray
    terms: tuple[str, ...]
    diverging: np.ndarray
    seconds: float

    def both(self) -> tuple[np.ndarray, np.ndarray]:
        """Log-likelihood of the responses and of the request, [chain, draw, crisis]."""
        return self.log_likelihood, self.request_log_likelihood


class Frame(NamedTuple):
    """Where the sampler stands: u = mode + spread·x, and log R there to first order: residual + tilt·x."""

    mode: Float[Array, " d"]
    spread: Float[Array, "d d"]
    residual: Float[Array, "c p"]
    tilt: Float[Array, "c p d"]


class Sampling:
    """A compiled sampler for one explanation of one record; runs again under other readings without recompiling.

    The mode and the curvature there (Laplace) make the coordinates round, so that warm-up is short and trees are
    shallow; NUTS then corrects what is not normal. Chains run one by one on threads, each as one compiled loop: for
    games this small a batch of chains in lockstep waits for the deepest tree of all.
    """

    def __init__(
        self, explanation: Explanation, setting: CrisisSetting, seen: Observations, nuts: NutsSettings,
        order: Order = "simultaneous", requests: Requests | None = None,
    ):  # fmt: skip
        self.explanation, self.seen, self.nuts, self.order = explanation, seen, nuts, order
        self.coordinates = coordinates_of(explanation, setting)
        self.likelihood = Likelihood(explanation, setting, seen, order, requests)
        self._init, self._step = hmc(potential_fn_gen=self._potential_gen, kinetic_fn=euclidean_kinetic_energy)
        self._block = jax.jit(partial(_block, self._step))
        self._gradient = jax.jit(jax.value_and_grad(self._potential))
        self._tilt = jax.jit(self._first_order)
        self._describe = jax.jit(jax.vmap(self._described, in_axes=(0, None, None)))
        self._ended: list = []
        self._frame: Frame | None = None

    def run(self, reading: Reading | None = None, seed: int | None = None) -> Draws:
        """Draw from the posterior given the whole record, or another reading of the same rows; `seed`: of the settings."""
        started = time.perf_counter()
        reading = reading or reading_of(self.seen)
        self._frame = self._frame_at_mode(reading)
        keys = jax.random.split(jax.random.PRNGKey(self.nuts.seed if seed is None else seed), self.nuts.chains)
        chains = self._chains([self._started(key, reading) for key in keys], reading, self.nuts.warmup, self.nuts.draws)
        self._ended = [end for end, _, _ in chains]
        return self._draws(chains, reading, started)

    def run_under(self, reading: Reading, scored: Reading | None = None) -> Draws:
        """Draw again under another reading, each adapted chain of `run` going on from where it ended.

        Leaving one crisis out moves the posterior little, so step size and metric serve as they are and the first
        iterations are dropped; a refit costs a fifth of a fit. `scored` is the reading that the log-likelihoods of the
        draws are of (None: the same).
        """
        if not self._ended:
            raise RuntimeError("run() comes first: a refit goes on from its adapted chains")
        started = time.perf_counter()
        states = [self._under(state, reading) for state in self._ended]
        chains = self._chains(states, reading, self.nuts.refit_settle, self.nuts.refit_draws)
        return self._draws(chains, scored or reading, started)

    def potential(self, u: Float[Array, " d"], reading: Reading) -> Float[Array, ""]:
        """Negative log posterior density of the coordinates u, up to a constant."""
        total = self.likelihood(self.coordinates.values(u), reading)
        return -self._log_posterior(u, total, reading)

    def _potential(self, x: Float[Array, " d"], frame: Frame, reading: Reading) -> Float[Array, ""]:
        u = frame.mode + frame.spread @ x
        guess = frame.residual + frame.tilt @ x if self.likelihood.is_solved else None
        return -self._log_posterior(u, self.likelihood(self.coordinates.values(u), reading, guess), reading)

    def _potential_gen(self, frame: Frame, reading: Reading):
        return lambda x: self._potential(x, frame, reading)

    def _log_posterior(self, u, total, reading: Reading):
        requested = jnp.sum(total.request * reading.request_weight)
        return self.coordinates.log_density(u) + jnp.sum(total.responses) + requested

    def _first_order(self, u: Float[Array, " d"]) -> tuple[Array, Array]:
        """log R at u and its derivative there."""

        def residuals(at):
            return self.likelihood.residuals(self.coordinates.values(at))

        return residuals(u), jax.jacfwd(residuals)(u)

    def _frame_at(self, mode: np.ndarray, spread: np.ndarray) -> Frame:
        """Coordinates around a point; where nothing is solved the residual is not needed."""
        if not self.likelihood.is_solved:
            return Frame(jnp.asarray(mode), jnp.asarray(spread), jnp.zeros(()), jnp.zeros(()))
        residual, slope = self._tilt(jnp.asarray(mode))
        return Frame(jnp.asarray(mode), jnp.asarray(spread), residual, slope @ spread)

    def _frame_at_mode(self, reading: Reading) -> Frame:
        """The normal approximation at the mode (Laplace); what is not normal is left to the sampler."""
        d = self.coordinates.size
        start = self._frame_at(np.zeros(d), np.eye(d))

        def objective(x):
            value, slope = self._gradient(jnp.asarray(x), start, reading)
            return float(value), np.asarray(slope)

        mode = minimize(objective, np.zeros(d), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
        at_mode = self._frame_at(mode, np.eye(d))
        return self._frame_at(mode, _spread(lambda x: self._gradient(jnp.asarray(x), at_mode, reading)[1], d))

    def _started(self, key, reading: Reading):
        """The sampler's state at a point drawn from the normal approximation."""
        from_key, chain_key = jax.random.split(key)
        x = jax.random.normal(from_key, (self.coordinates.size,))
        energy, slope = self._gradient(x, self._frame, reading)
        return self._init(
            ParamInfo(x, energy, slope), self.nuts.warmup, step_size=0.5, dense_mass=False,
            target_accept_prob=self.nuts.target_accept,
            max_tree_depth=self.nuts.tree_depth,  # pyright: ignore[reportArgumentType]  (a pair is documented)
            model_args=(self._frame, reading), rng_key=chain_key,
        )  # fmt: skip

    def _under(self, state, reading: Reading):
        """A sampler's state with potential energy and gradient of another reading."""
        energy, slope = self._gradient(state.z, self._frame, reading)
        return state._replace(potential_energy=energy, z_grad=slope)

    def _chains(self, states: list, reading: Reading, dropped: int, kept: int) -> list:
        with ThreadPoolExecutor(self.nuts.threads) as pool:
            return list(pool.map(lambda state: self._chain(state, reading, dropped, kept), states))

    def _chain(self, state, reading: Reading, dropped: int, kept: int) -> tuple[Any, np.ndarray, np.ndarray]:
        """One chain, block by block: what one compiled call holds on to is freed at its end, so memory stays flat."""
        blocks = []
        for _ in range(-(-(dropped + kept) // BLOCK)):
            state, block = jax.block_until_ready(self._block(state, self._frame, reading))
            blocks.append(jax.tree.map(np.asarray, block))
        x, diverging = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        wanted = slice(dropped, dropped + kept)
        return state, x[wanted], diverging[wanted]

    def _draws(self, chains: list, reading: Reading, started: float) -> Draws:
        x = np.concatenate([one for _, one, _ in chains])
        parts = [
            self._describe(_padded(x[at : at + AT_ONCE]), self._frame, reading) for at in range(0, len(x), AT_ONCE)
        ]
        values, responses, request, prior = jax.tree.map(
            lambda *p: np.concatenate([np.asarray(a) for a in p])[: len(x)].reshape(len(chains), -1, *p[0].shape[1:]),
            *parts,
        )
        diverging = np.stack([d for _, _, d in chains])
        terms = tuple(t.name for t in self.coordinates.terms)
        return Draws(values, responses, request, prior, terms, diverging, time.perf_counter() - started)

    def _described(self, x: Float[Array, " d"], frame: Frame, reading: Reading):
        """A draw in words of the model: terms, log-likelihoods by the solver's own search, log priors."""
        values = self.coordinates.values(frame.mode + frame.spread @ x)
        total = self.likelihood(values, reading)
        return values, total.responses, total.request, self.coordinates.log_priors(values)


def _padded(x: np.ndarray) -> np.ndarray:
    """A last, shorter part filled up, so that nothing is compiled for its length."""
    return x if len(x) == AT_ONCE else np.concatenate([x, np.repeat(x[-1:], AT_ONCE - len(x), axis=0)])


def _spread(gradient, d: int) -> np.ndarray:
    """Square root of the inverse curvature at the mode, from central differences of the gradient."""
    steps = DIFFERENCE * np.eye(d)
    rows = [(np.asarray(gradient(s)) - np.asarray(gradient(-s))) / (2 * DIFFERENCE) for s in steps]
    curvature, axes = np.linalg.eigh(0.5 * (np.array(rows) + np.array(rows).T))
    return axes / np.sqrt(np.maximum(curvature, LEAST_CURVATURE))


def _block(step, state, frame: Frame, reading: Reading):
    def advance(state, _):
        after = step(state, (frame, reading), {})
        return after, (after.z, after.diverging)

    return lax.scan(advance, state, None, length=BLOCK)
