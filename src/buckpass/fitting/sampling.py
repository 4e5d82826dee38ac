"""Drawing from the posterior of one combination of mechanisms: its mode, its shape, then NUTS in coordinates round as a ball."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import minimize

from buckpass.fitting.program import BLOCK, Frame, Program, shortened, stepping
from buckpass.model.mechanisms import Combination
from buckpass.model.readings import Reading, reading_of
from buckpass.model.terms import entering

__all__ = ["Draws", "NutsSettings", "Sampling", "shrunk_covariance"]

DIFFERENCE = 1e-2  # step, in prior standard deviations, of the central differences that give curvature and slopes
LEAST_CURVATURE = 0.2  # of the negative log posterior; the priors alone give 1, so less is noise or a saddle
FIRST_STEP = 0.5
PILOTS = (3, 4, 6)  # sixteenths of the warm-up; the last three are for the steps alone
STEERING = 2.0  # change of a step's logarithm for each unit by which the median acceptance of a block is off
AUTOCORRELATED = 2.0  # draws of a chain that weigh as much as one independent draw, in the pilot's covariance


@dataclass(frozen=True)
class NutsSettings:
    """How the posterior is drawn; tolerances of the diagnostics are in `posterior.py`, not here.

    warmup : iterations of each chain before its draws are kept, at least 60. Three pilots, each longer than the one before,
    make the coordinates of the next one round; the steps are settled in the rest.
    target_accept : what the median acceptance of a chain's iterations is steered to. Dual averaging steers the mean: each
    crossing of a fold, which no step avoids, shortened the step for good, and chains stood still.

    Raises `ValueError` where there is too little of something to draw with.
    """

    chains: int = 4
    warmup: int = 400
    draws: int = 400
    target_accept: float = 0.95
    tree_depth: int = 6
    seed: int = 20240620
    threads: int = 2
    refit_settle: int = 25  # iterations dropped, then kept, when adapted chains go on under another density
    refit_draws: int = 150

    def __post_init__(self):
        for name, least in (("chains", 1), ("warmup", 60), ("draws", 1), ("threads", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} = {getattr(self, name)}: at least {least}")


@dataclass(frozen=True)
class Draws:
    """Raw draws: each free term as an array [chain, draw, …], what they say of the record, and how long it took (s).

    log_likelihood, request_log_likelihood : [chain, draw, crisis]; log_prior : [chain, draw, term], `terms` names them;
    effect : [chain, draw, crisis, 2], mean and standard deviation of every crisis effect given draw and responses;
    diverging : [chain, draw]; moved : [chain], share of the iterations in which the chain moved.
    """

    sites: dict[str, np.ndarray]
    log_likelihood: np.ndarray
    request_log_likelihood: np.ndarray
    log_prior: np.ndarray
    terms: tuple[str, ...]
    effect: np.ndarray
    diverging: np.ndarray
    moved: np.ndarray
    seconds: float

    def both(self) -> tuple[np.ndarray, np.ndarray]:
        """Log-likelihood of the responses and of the request, [chain, draw, crisis]."""
        return self.log_likelihood, self.request_log_likelihood


class Sampling:
    """The posterior of one combination of mechanisms, drawn with a program that serves all of them.

    The mode and the curvature there (Laplace) make the coordinates round, then the covariance of a pilot's draws, all
    chains together, as far as its noise allows. Chains run one by one on threads, each as compiled stretches: for games
    this small a batch of chains in lockstep waits for the deepest tree of all.
    """

    def __init__(self, combination: Combination, program: Program, nuts: NutsSettings):
        self.combination, self.program, self.nuts = combination, program, nuts
        self.seen, self.coordinates, self.likelihood = program.seen, program.coordinates, program.likelihood
        self._free = self.coordinates.free(combination)
        self._ended: list = []
        self.frame = program.frame(combination)

    @property
    def whole(self) -> Reading:
        """The record as it was observed."""
        return reading_of(self.seen)

    def run(self, reading: Reading | None = None, seed: int | None = None, near: Sampling | None = None) -> Draws:
        """Draw from the posterior given the whole record, or another reading of the same rows.

        seed : of the settings by default. near : a finished sampling of a combination that frees more, by the same program:
        its coordinates serve here too, so that no pilot is drawn.
        """
        started = time.perf_counter()
        reading = reading or self.whole
        key = jax.random.PRNGKey(self.nuts.seed if seed is None else seed)
        first, last = jax.random.split(key)
        self.program.compile_ahead(self.combination)
        starts, step = self._shaped(first, reading) if near is None else self._shaped_as(near, reading)
        settling = self.nuts.warmup - sum(self._pilots)
        warm = self._chains(self._started(starts, last, reading, step), reading, settling, 0, steers=True)
        chains = self._chains(_of_like_steps([end for end, _, _ in warm]), reading, 0, self.nuts.draws)
        self._ended = [end for end, _, _ in chains]
        return self._draws(chains, reading, started)

    @property
    def _pilots(self) -> list[int]:
        """Iterations of each pilot."""
        return [part * self.nuts.warmup // 16 for part in PILOTS]

    def _shaped(self, key: Array, reading: Reading) -> tuple[np.ndarray | Array, float]:
        """Coordinates made round by pilots from the mode; where chains stand in them [chain, d], and their usual step."""
        from_key, *keys = jax.random.split(key, 1 + len(PILOTS))
        self.frame = self._frame_at_mode(reading)
        starts, step = jax.random.normal(from_key, (self.nuts.chains, self._free.size)) * self._free, FIRST_STEP
        for own, length in zip(keys, self._pilots, strict=True):
            dropped = length // 3
            states = self._started(starts, own, reading, step)
            pilot = self._chains(states, reading, dropped, length - dropped, steers=True)
            starts = self._rounder(pilot, reading)
            step = _usual_step([end for end, _, _ in pilot])
        return starts, step

    def _shaped_as(self, near: Sampling, reading: Reading) -> tuple[np.ndarray, float]:
        """The coordinates of a combination that frees more, over those that are free here, from where its chains ended."""
        free = np.flatnonzero(self._free)
        centre, spread = np.asarray(near.frame.centre), np.asarray(near.frame.spread)
        ends = centre + np.array([end.z for end in near._ended]) @ spread.T
        root = np.linalg.cholesky((spread @ spread.T)[np.ix_(free, free)])
        whole = np.eye(self._free.size)
        whole[np.ix_(free, free)] = root
        before = self.program.frame(self.combination)._replace(guess=near.frame.guess)
        self.frame = self._frame_at(centre * self._free, whole, reading, before)
        starts = np.zeros_like(ends)
        starts[:, free] = np.linalg.solve(root, (ends - centre)[:, free].T).T
        return starts, _usual_step(near._ended)

    def taken_up(self, draws: Mapping[str, np.ndarray]) -> Sampling:
        """As if `run` had ended where draws of this combination did, arrays [chain, draw, …]: another run kept them."""
        u, free = self.coordinates.of_draws(draws) * self._free, np.flatnonzero(self._free)
        centre, root = u.mean(axis=(0, 1)), np.eye(self._free.size)
        root[np.ix_(free, free)] = np.linalg.cholesky(np.cov(u.reshape(-1, self._free.size)[:, free], rowvar=False))
        bare = self.program.frame(self.combination)._replace(centre=jnp.asarray(centre))
        self.program.compile_ahead(self.combination)
        frame = bare._replace(guess=self._guess_at(np.zeros(self._free.size), bare, self.whole))
        self.frame = self._frame_at(centre, root, self.whole, frame)
        starts = np.linalg.solve(root, (u[:, -1] - centre).T).T
        states = self._started(starts, jax.random.PRNGKey(self.nuts.seed), self.whole, FIRST_STEP)
        self._ended = [end for end, _, _ in self._chains(states, self.whole, self._pilots[0], 0, steers=True)]
        return self

    def go_on(self, draws: Draws) -> Draws:
        """The draws of `run` of the whole record, and as many more as a run draws, each chain from where it ended."""
        started = time.perf_counter()
        chains = self._chains(self._ended, self.whole, 0, self.nuts.draws)
        self._ended = [end for end, _, _ in chains]
        more = self._draws(chains, self.whole, started)
        joined = {
            name: jax.tree.map(lambda a, b: np.concatenate([a, b], axis=1), getattr(draws, name), getattr(more, name))
            for name in ("sites", "log_likelihood", "request_log_likelihood", "log_prior", "effect", "diverging")
        }
        moved = np.minimum(draws.moved, more.moved)
        return Draws(**joined, terms=draws.terms, moved=moved, seconds=draws.seconds + more.seconds)

    def run_without(self, left_out: Mapping[int, float]) -> Draws:
        """Draw once from a mixture of the posteriors without each of some crises, and weigh the draws for each of them.

        left_out : log of what each counts, by position of the crisis; e^ of the log-likelihood expected of it makes all alike.
        As many draws as leaving out their square root one by one would keep: where all leave nearly the same posterior behind,
        every draw serves every one of them.
        """
        if not self._ended:
            raise RuntimeError("run() comes first: it goes on from its adapted chains")
        whole, frame, started = self.whole, self.frame, time.perf_counter()
        try:
            self.frame = frame._replace(shares=self.program.shares(left_out))
            states = [self._under(state, whole) for state in self._ended]
            kept = round(self.nuts.refit_draws * len(left_out) ** 0.5)
            return self._draws(self._chains(states, whole, self.nuts.refit_settle, kept), whole, started)
        finally:
            self.frame = frame

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

    def _gradient(self, x: np.ndarray | Array, frame: Frame, reading: Reading) -> tuple[Array, Array]:
        (energy, _), slope = self.program.at(jnp.asarray(x), frame, reading)
        return energy, slope

    def _frame_at_mode(self, reading: Reading) -> Frame:
        """The normal approximation at the mode (Laplace); what is not normal is left to the sampler."""
        frame, d = self.program.frame(self.combination), self._free.size
        x = self._climb(np.zeros(d), frame, reading)
        frame = frame._replace(centre=jnp.asarray(x), guess=self._guess_at(x, frame, reading))
        spread = _spread(lambda at: self._gradient(at, frame, reading)[1], self._free)
        return self._frame_at(x, spread, reading, frame)

    def _climb(self, start: np.ndarray, frame: Frame, reading: Reading) -> np.ndarray:
        def objective(x):
            value, slope = self._gradient(x, frame, reading)
            return float(value), np.asarray(slope)

        return minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-9}).x

    def _guess_at(self, x: np.ndarray, frame: Frame, reading: Reading):
        return jnp.asarray(self.program.told(x[None], frame, reading, 1).guess[0], jnp.float32)

    def _frame_at(self, centre: np.ndarray, spread: np.ndarray, reading: Reading, before: Frame) -> Frame:
        """Coordinates around a point; where the answer lies there, with slopes from central differences."""
        frame = before._replace(
            centre=jnp.asarray(centre), spread=jnp.asarray(spread), tilt=jnp.zeros_like(before.tilt)
        )
        free = np.flatnonzero(self._free)
        steps = 10 * DIFFERENCE * np.eye(self._free.size)[free]
        points = np.concatenate([steps, -steps, np.zeros((1, self._free.size))])
        found = self.program.told(points, frame, reading, self.nuts.threads).guess
        up, down = np.split(found[:-1], 2)
        tilt = np.zeros((*found.shape[1:], self._free.size), np.float32)
        tilt[..., free] = np.moveaxis(up - down, 0, -1) / (20 * DIFFERENCE)
        return frame._replace(guess=jnp.asarray(found[-1], jnp.float32), tilt=jnp.asarray(tilt))

    def _rounder(self, pilot: list, reading: Reading) -> np.ndarray:
        """Coordinates in which the pilot's draws are round, and in them where its chains stand [chain, d]."""
        free = np.flatnonzero(self._free)
        x = np.concatenate([one for _, one, _ in pilot])[:, free]
        ends = np.array([end.z for end, _, _ in pilot])
        centre, root = np.zeros(self._free.size), np.eye(self._free.size)
        centre[free] = x.mean(axis=0)
        root[np.ix_(free, free)] = np.linalg.cholesky(shrunk_covariance(x))
        frame = self.frame
        middle, spread = frame.centre + frame.spread @ centre, frame.spread @ root
        self.frame = self._frame_at(np.asarray(middle), np.asarray(spread), reading, frame)
        return np.linalg.solve(root, (ends - centre).T).T * self._free

    def _started(self, starts: Array | np.ndarray, key: Array, reading: Reading, step: float) -> list:
        """The sampler's state at each start."""
        states = []
        for x, own in zip(jnp.asarray(starts), jax.random.split(key, len(starts)), strict=True):
            energy, slope = self._gradient(x, self.frame, reading)
            states.append(self.program.state(x, energy, slope, own, self.frame, reading, step))
        return states

    def _under(self, state, reading: Reading):
        """A sampler's state with potential energy and gradient of another reading."""
        energy, slope = self._gradient(state.z, self.frame, reading)
        return state._replace(potential_energy=energy, z_grad=shortened(slope))

    def _chains(self, states: list, reading: Reading, dropped: int, kept: int, steers: bool = False) -> list:
        ended = Event()
        with ThreadPoolExecutor(self.nuts.threads) as pool:
            try:
                return list(pool.map(lambda state: self._chain(state, reading, dropped, kept, ended, steers), states))
            finally:
                ended.set()  # an interrupt waits for a block of each chain, not for the chain

    def _chain(
        self, state, reading: Reading, dropped: int, kept: int, ended: Event, steers: bool
    ) -> tuple[Any, np.ndarray, np.ndarray]:
        """One chain, block by block: what one compiled call holds on to is freed at its end, so memory stays flat."""
        blocks = []
        for _ in range(-(-(dropped + kept) // BLOCK)):
            if ended.is_set():
                raise InterruptedError("the other chains have stopped")
            state, drawn = jax.block_until_ready(self.program.block(state, self.frame, reading))
            *kept_of, acceptance = jax.tree.map(np.asarray, drawn)
            blocks.append(kept_of)
            if steers:
                off = float(np.median(acceptance)) - self.nuts.target_accept
                state = stepping(state, float(state.adapt_state.step_size) * np.exp(STEERING * off))
        x, diverging = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        wanted = slice(dropped, dropped + kept)
        return state, x[wanted], diverging[wanted]

    def _draws(self, chains: list, reading: Reading, started: float) -> Draws:
        x = [one for _, one, _ in chains]
        told = self.program.told(np.concatenate(x), self.frame, reading, self.nuts.threads)
        told = jax.tree.map(lambda a: a.reshape(len(chains), -1, *a.shape[1:]), told)
        free = [p.term.name for p in self.coordinates.places if self.combination.frees(p.term.name)]
        return Draws(
            {name: told.values[name] for name in free}, told.responses, told.request,
            self.coordinates.log_priors(told.values, free),
            tuple(free), _effect(told.sites, told.values[entering("crisis")]), np.stack([d for _, _, d in chains]),
            np.array([(np.diff(one, axis=0) != 0).any(axis=1).mean() for one in x]), time.perf_counter() - started,
        )  # fmt: skip


def _effect(sites, spread: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of every crisis effect, on its own scale."""
    return spread[..., None, None] * np.stack([sites.mean, np.exp(sites.log_sd)], axis=-1)


def _usual_step(states: list) -> float:
    """The median of the chains' step sizes."""
    return float(np.median([state.adapt_state.step_size for state in states]))


def _of_like_steps(states: list) -> list:
    """The chains, each with its own step size but none longer than the usual nor shorter than half of it.

    One step for all froze chains that needed a shorter one; a chain that is off would have the others wait.
    """
    usual = _usual_step(states)
    return [stepping(s, float(np.clip(s.adapt_state.step_size, 0.5 * usual, usual))) for s in states]


def shrunk_covariance(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "d d"]:
    """Covariance of draws, drawn towards the identity by as much as its noise asks (Ledoit & Wolf 2004).

    The identity is what the frame already says; few autocorrelated draws in many dimensions say less than they seem to.
    """
    n, d = x.shape
    centred = x - x.mean(axis=0)
    covariance = centred.T @ centred / n
    away = ((covariance - np.eye(d)) ** 2).sum()
    products = (centred**2).T @ (centred**2) / n - covariance**2
    noise = AUTOCORRELATED * products.sum() / n
    weight = min(1.0, noise / away)
    return (1 - weight) * covariance + weight * np.eye(d)


def _spread(gradient, is_free: np.ndarray) -> np.ndarray:
    """Square root of the inverse curvature at the mode over the free coordinates, from differences of the gradient."""
    free = np.flatnonzero(is_free)
    steps = DIFFERENCE * np.eye(is_free.size)[free]
    rows = np.array([(np.asarray(gradient(s)) - np.asarray(gradient(-s))) / (2 * DIFFERENCE) for s in steps])[:, free]
    curvature, axes = np.linalg.eigh(0.5 * (rows + rows.T))
    root = np.eye(is_free.size)
    root[np.ix_(free, free)] = axes / np.sqrt(np.maximum(curvature, LEAST_CURVATURE))
    return root
