"""Drawing from the posterior of one explanation: its mode, its shape, then NUTS in coordinates round as a ball."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import prod
from threading import Event
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from numpyro.infer.hmc import hmc
from numpyro.infer.hmc_util import euclidean_kinetic_energy
from numpyro.infer.util import ParamInfo
from scipy.optimize import minimize

from buckpass.fit.density import coordinates_of
from buckpass.fit.explanations import Explanation
from buckpass.fit.likelihood import Likelihood, Order
from buckpass.model.observations import Observations
from buckpass.fit.readings import Reading, reading_of
from buckpass.fit.requests import Requests
from buckpass.game.setting import CrisisSetting

__all__ = ["Draws", "NutsSettings", "Sampling"]

BLOCK = 25  # iterations of a chain in one compiled call; warm-up and draws share it, so it is compiled once
DIFFERENCE = 1e-4  # step of the central differences of the gradient that give the curvature at the mode
LEAST_CURVATURE = 0.2  # of the negative log posterior; the priors alone give 1, so less is noise or a saddle
# How the function that few points are asked of is compiled: in half the time, for a call that takes a tenth longer.
QUICKLY = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1}
LONGEST_FORCE = 10.0  # in units of what a force usually is in coordinates round as a ball: √d
SETTLING = 3  # one part in three of the pilot is dropped


@dataclass(frozen=True)
class NutsSettings:
    """How the posterior is drawn; tolerances of the diagnostics are in `posterior.py`, not here.

    warmup : iterations of each chain before its draws are kept, at least 60. The first half is a pilot in coordinates
    round at the mode; its draws make the coordinates of the rest.

    Raises `ValueError` where there is too little of something to draw with.
    """

    chains: int = 4
    warmup: int = 200
    draws: int = 500
    target_accept: float = 0.85
    tree_depth: tuple[int, int] = (6, 6)  # in warm-up, when sampling
    seed: int = 20240620
    threads: int = 2
    refit_settle: int = 25  # iterations dropped, then kept, when adapted chains go on under other weights
    refit_draws: int = 150

    def __post_init__(self):
        for name, least in (("chains", 1), ("warmup", 60), ("draws", 1), ("threads", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} = {getattr(self, name)}: at least {least}")


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
    """Where the sampler stands: u = centre + spread·x, and log R there to first order: residual + tilt·x."""

    centre: Float[Array, " d"]
    spread: Float[Array, "d d"]
    residual: Float[Array, "c p"]
    tilt: Float[Array, "c p d"]


class Described(NamedTuple):
    """A point in words of the model: terms, log-likelihoods per crisis, log priors per term, log R."""

    values: dict[str, Any]
    responses: Any
    request: Any
    log_priors: Any
    log_residual: Any


class Sampling:
    """A compiled sampler for one explanation of one record; runs again under other readings without recompiling.

    The mode and the curvature there (Laplace) make the coordinates round, then the covariance of a pilot's draws, all
    chains together: where others' effort counts the first leaves some directions six times as wide as others, and the
    second halves the leapfrog steps of a draw. Chains run one by one on threads, each as one compiled loop: for games
    this small a batch of chains in lockstep waits for the deepest tree of all.
    """

    def __init__(
        self, explanation: Explanation, setting: CrisisSetting, seen: Observations, nuts: NutsSettings,
        order: Order = "simultaneous", requests: Requests | None = None,
    ):  # fmt: skip
        self.explanation, self.seen, self.nuts, self.order = explanation, seen, nuts, order
        self.coordinates = coordinates_of(explanation, setting)
        self.likelihood = Likelihood(explanation, setting, seen, order, requests)
        self._init, self._step = hmc(potential_fn_gen=self._potential_gen, kinetic_fn=euclidean_kinetic_energy)
        self._at = jax.jit(jax.value_and_grad(self._packed, has_aux=True), compiler_options=QUICKLY)
        self._block: Future | None = None  # compiled
        self._ended: list = []
        self._frame = self._nowhere()

    def run(self, reading: Reading | None = None, seed: int | None = None) -> Draws:
        """Draw from the posterior given the whole record, or another reading of the same rows; `seed`: of the settings."""
        started = time.perf_counter()
        reading = reading or reading_of(self.seen)
        key = jax.random.PRNGKey(self.nuts.seed if seed is None else seed)
        from_key, pilot_key, chain_key = jax.random.split(key, 3)
        half = self.nuts.warmup // 2
        with ThreadPoolExecutor(1) as ahead:
            self._block = self._block or ahead.submit(self._compile_block, reading)
            self._frame = self._frame_at_mode(reading)
            starts = jax.random.normal(from_key, (self.nuts.chains, self.coordinates.size))
            settling = half // SETTLING
            pilot = self._chains(self._started(starts, pilot_key, reading), reading, settling, half - settling)
        starts = self._rounder(pilot, reading)
        step = float(_mean_step([end for end, _, _ in pilot]))
        warm = self._chains(self._started(starts, chain_key, reading, step), reading, half, 0)
        chains = self._chains(_in_step([end for end, _, _ in warm]), reading, 0, self.nuts.draws)
        self._ended = [end for end, _, _ in chains]
        return self._draws(chains, reading, started)

    def go_on(self, draws: Draws) -> Draws:
        """The draws of `run` of the whole record, and as many more, each chain from where it ended."""
        started, reading = time.perf_counter(), reading_of(self.seen)
        chains = self._chains(self._ended, reading, 0, self.nuts.draws)
        self._ended = [end for end, _, _ in chains]
        more = self._draws(chains, reading, started)
        joined = {
            name: jax.tree.map(lambda a, b: np.concatenate([a, b], axis=1), getattr(draws, name), getattr(more, name))
            for name in ("sites", "log_likelihood", "request_log_likelihood", "log_prior", "diverging")
        }
        return Draws(**joined, terms=draws.terms, seconds=draws.seconds + more.seconds)

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

    def _potential_gen(self, frame: Frame, reading: Reading):
        return lambda x: self._described(_pulled_back(x), frame, reading)[0]

    def _log_posterior(self, u, total, reading: Reading):
        requested = jnp.sum(total.request * reading.request_weight)
        return self.coordinates.log_density(u) + jnp.sum(total.responses) + requested

    def _compile_block(self, reading: Reading):
        """For a thread of its own while the mode is sought: half of a short fit is the compiler's."""
        frame, x = self._nowhere(), jnp.zeros(self.coordinates.size)
        state = self._state(x, jnp.zeros(()), x, jax.random.PRNGKey(0), frame, reading)
        return jax.jit(partial(_block, self._step)).lower(state, frame, reading).compile()

    def _gradient(self, x: np.ndarray | Array, frame: Frame, reading: Reading) -> tuple[Array, Array]:
        (energy, _), slope = self._at(jnp.asarray(x), frame, reading)
        return energy, slope

    def _nowhere(self) -> Frame:
        """The coordinates themselves, with no knowledge of log R."""
        d, shape = self.coordinates.size, self.likelihood.setting.log_delivery.shape
        return Frame(jnp.zeros(d), jnp.eye(d), jnp.zeros(shape), jnp.zeros((*shape, d)))

    def _frame_at(self, centre: np.ndarray, spread: np.ndarray, reading: Reading) -> Frame:
        """Coordinates around a point, log R there with its slope from central differences: a guess needs no more."""
        frame = self._nowhere()._replace(centre=jnp.asarray(centre), spread=jnp.asarray(spread))
        if not self.likelihood.is_solved:
            return frame
        steps = DIFFERENCE * np.eye(self.coordinates.size)
        found = self._described_all(np.concatenate([steps, -steps, 0 * steps[:1]]), frame, reading).log_residual
        up, down = np.split(found[:-1], 2)
        return frame._replace(
            residual=jnp.asarray(found[-1]), tilt=jnp.asarray(np.moveaxis(up - down, 0, -1) / (2 * DIFFERENCE))
        )

    def _frame_at_mode(self, reading: Reading) -> Frame:
        """The normal approximation at the mode (Laplace); what is not normal is left to the sampler."""
        d, start = self.coordinates.size, self._nowhere()

        def objective(x):
            value, slope = self._gradient(x, start, reading)
            return float(value), np.asarray(slope)

        mode = minimize(objective, np.zeros(d), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
        at_mode = start._replace(centre=jnp.asarray(mode))
        spread = _spread(lambda x: self._gradient(x, at_mode, reading)[1], d)
        return self._frame_at(mode, spread, reading)

    def _rounder(self, pilot: list, reading: Reading) -> np.ndarray:
        """Coordinates in which the pilot's draws are round, and in them where its chains stand [chain, d].

        The covariance is drawn towards the frame's own, by as much as that many more draws would weigh.
        """
        x, ends = np.concatenate([one for _, one, _ in pilot]), np.array([end.z for end, _, _ in pilot])
        d, centre = x.shape[1], x.mean(axis=0)
        root = np.linalg.cholesky((len(x) * np.cov(x.T) + 2 * d * np.eye(d)) / (len(x) + 2 * d))
        frame = self._frame
        middle, spread = frame.centre + frame.spread @ centre, frame.spread @ root
        self._frame = self._frame_at(np.asarray(middle), np.asarray(spread), reading)
        return np.linalg.solve(root, (ends - centre).T).T

    def _started(self, starts: Array | np.ndarray, key: Array, reading: Reading, step: float = 0.5) -> list:
        """The sampler's state at each start, ready to adapt its step size over half of the warm-up."""
        states = []
        for x, own in zip(jnp.asarray(starts), jax.random.split(key, len(starts)), strict=True):
            energy, slope = self._gradient(x, self._frame, reading)
            states.append(self._state(x, energy, _shortened(slope), own, self._frame, reading, step))
        return states

    def _state(
        self, x: Array, energy: Array, slope: Array, key: Array, frame: Frame, reading: Reading, step: float = 0.5
    ):
        return self._init(
            ParamInfo(x, energy, slope), self.nuts.warmup // 2, step_size=step, dense_mass=False,
            adapt_mass_matrix=False, target_accept_prob=self.nuts.target_accept,
            max_tree_depth=self.nuts.tree_depth,  # pyright: ignore[reportArgumentType]  (a pair is documented)
            model_args=(frame, reading), rng_key=key,
        )  # fmt: skip

    def _under(self, state, reading: Reading):
        """A sampler's state with potential energy and gradient of another reading."""
        energy, slope = self._gradient(state.z, self._frame, reading)
        return state._replace(potential_energy=energy, z_grad=_shortened(slope))

    def _chains(self, states: list, reading: Reading, dropped: int, kept: int) -> list:
        ended = Event()
        with ThreadPoolExecutor(self.nuts.threads) as pool:
            try:
                return list(pool.map(lambda state: self._chain(state, reading, dropped, kept, ended), states))
            finally:
                ended.set()  # an interrupt waits for a block of each chain, not for the chain

    def _chain(
        self, state, reading: Reading, dropped: int, kept: int, ended: Event
    ) -> tuple[Any, np.ndarray, np.ndarray]:
        """One chain, block by block: what one compiled call holds on to is freed at its end, so memory stays flat."""
        assert self._block is not None
        block, blocks = self._block.result(), []
        for _ in range(-(-(dropped + kept) // BLOCK)):
            if ended.is_set():
                raise InterruptedError("the other chains have stopped")
            state, drawn = jax.block_until_ready(block(state, self._frame, reading))
            blocks.append(jax.tree.map(np.asarray, drawn))
        x, diverging = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        wanted = slice(dropped, dropped + kept)
        return state, x[wanted], diverging[wanted]

    def _draws(self, chains: list, reading: Reading, started: float) -> Draws:
        found = self._described_all(np.concatenate([one for _, one, _ in chains]), self._frame, reading)
        found = jax.tree.map(lambda a: a.reshape(len(chains), -1, *a.shape[1:]), found)
        diverging = np.stack([d for _, _, d in chains])
        terms = tuple(t.name for t in self.coordinates.terms)
        seconds = time.perf_counter() - started
        return Draws(found.values, found.responses, found.request, found.log_priors, terms, diverging, seconds)

    def _described_all(self, points: np.ndarray, frame: Frame, reading: Reading) -> Described:
        """Points [point, d] in words of the model, the point's axis first."""
        with ThreadPoolExecutor(self.nuts.threads) as pool:
            found = np.stack(list(pool.map(lambda x: np.asarray(self._at(x, frame, reading)[0][1]), points)))
        shapes, tree = jax.tree.flatten(self._shapes(), is_leaf=lambda of: type(of) is tuple)
        parts = np.split(found, np.cumsum([prod(shape) for shape in shapes])[:-1], axis=1)
        return jax.tree.unflatten(tree, [part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)])

    def _shapes(self) -> Described:
        crises, terms = self.seen.n_crises, self.coordinates.terms
        of_values = {term.name: term.shape for term in terms}
        return Described(of_values, (crises,), (crises,), (len(terms),), self.likelihood.setting.log_delivery.shape)

    def _packed(self, x: Float[Array, " d"], frame: Frame, reading: Reading) -> tuple[Array, Float[Array, " k"]]:
        """`_described` as one vector: fetching a dozen small arrays takes longer than working them out."""
        energy, described = self._described(x, frame, reading)
        return energy, ravel_pytree(described)[0]

    def _described(self, x: Float[Array, " d"], frame: Frame, reading: Reading) -> tuple[Array, Described]:
        """The negative log posterior at a point, and the point in words: one function, compiled once for both."""
        u = frame.centre + frame.spread @ x
        values = self.coordinates.values(u)
        guess = frame.residual + frame.tilt @ x if self.likelihood.is_solved else None
        total = self.likelihood(values, reading, guess)
        priors = self.coordinates.log_priors(values)
        described = Described(values, total.responses, total.request, priors, total.log_residual)
        return -self._log_posterior(u, total, reading), described


@jax.custom_vjp
def _pulled_back(x: Array) -> Array:
    """x, with the gradient of what is made of it shortened: at a fold, where an equilibrium ends, it has no bound.

    A force may be any function of the place: NUTS accepts by the energy, and draws from the same posterior (Neal 2011).
    """
    return x


_pulled_back.defvjp(lambda x: (x, None), lambda _, slope: (_shortened(slope),))


def _shortened(slope: Array) -> Array:
    longest = LONGEST_FORCE * jnp.sqrt(slope.size)
    return slope * (longest / jnp.maximum(jnp.linalg.norm(slope), longest))


def _mean_step(states: list) -> Array:
    """The geometric mean of the chains' step sizes."""
    return jnp.exp(jnp.mean(jnp.log(jnp.stack([state.adapt_state.step_size for state in states]))))


def _in_step(states: list) -> list:
    """The chains with one step size, the mean of theirs: none that adapted badly is waited for."""
    mean = _mean_step(states)
    return [state._replace(adapt_state=state.adapt_state._replace(step_size=mean)) for state in states]


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
