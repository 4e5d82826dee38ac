"""Drawing from the posterior of one explanation with NUTS."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpyro.infer import NUTS
from numpyro.infer.initialization import init_to_median

from buckpass.fit.explanations import Explanation
from buckpass.fit.model import model_of
from buckpass.fit.observations import Observations
from buckpass.game.setting import CrisisSetting

__all__ = ["Draws", "NutsSettings", "Sampling"]

BLOCK = 50  # iterations of a chain in one compiled call; warm-up and draws share it, so it is compiled once
CONSTRAIN_AT_ONCE = 50  # draws turned into parameters and likelihoods in one call: bounds memory


@dataclass(frozen=True)
class NutsSettings:
    """How the posterior is drawn; tolerances of the diagnostics are in `posterior.py`, not here."""

    chains: int = 4
    warmup: int = 1000
    draws: int = 1000
    target_accept: float = 0.8
    tree_depth: tuple[int, int] = (5, 4)  # in warm-up, when sampling
    seed: int = 20240620
    threads: int = 2
    refit_settle: int = 100  # iterations dropped, then kept, when adapted chains go on under other weights
    refit_draws: int = 300


@dataclass(frozen=True)
class Draws:
    """Raw draws: each site as an array [chain, draw, …], whether each draw diverged, and how long it took (s)."""

    sites: dict[str, np.ndarray]
    diverging: np.ndarray
    seconds: float


class Sampling:
    """A compiled sampler for one explanation of one record; runs again with other row weights without recompiling.

    Chains run one by one on threads, each as one compiled loop: for games this small a batch of chains in lockstep
    waits for the deepest tree of all, which cost four times as much.
    """

    def __init__(self, explanation: Explanation, setting: CrisisSetting, seen: Observations, nuts: NutsSettings):
        self.explanation, self.seen, self.nuts = explanation, seen, nuts
        self._kernel = NUTS(
            model_of(explanation, setting, seen),
            dense_mass=True,
            target_accept_prob=nuts.target_accept,
            max_tree_depth=nuts.tree_depth,
            init_strategy=init_to_median(num_samples=15),
        )
        self._block = jax.jit(partial(_block, self._kernel))
        self._ended: list = []
        self._potential = jax.jit(
            lambda z, weight: jax.value_and_grad(self._kernel._potential_fn_gen(weight))(z)  # the kernel's own density
        )
        self._constrain = jax.jit(lambda z, weight: jax.vmap(self._kernel.postprocess_fn((weight,), {}))(z))

    def run(self) -> Draws:
        """Draw from the posterior given the whole record."""
        started = time.perf_counter()
        weights = jnp.asarray(self.seen.weight)
        keys = jax.random.split(jax.random.PRNGKey(self.nuts.seed), self.nuts.chains)
        states = [
            self._kernel.init(key, self.nuts.warmup, None, model_args=(weights,), model_kwargs={}) for key in keys
        ]
        chains = self._chains(states, weights, self.nuts.warmup, self.nuts.draws)
        return self._draws(chains, weights, started)

    def run_reweighted(self, weight: np.ndarray) -> Draws:
        """Draw again under other row weights, each adapted chain of `run` going on from where it ended.

        Leaving one crisis out moves the posterior little, so step size and metric serve as they are and the first
        iterations are dropped; a refit costs a fifth of a fit.
        """
        if not self._ended:
            raise RuntimeError("run() comes first: a refit goes on from its adapted chains")
        started = time.perf_counter()
        weights = jnp.asarray(weight)
        states = [self._under(state, weights) for state in self._ended]
        chains = self._chains(states, weights, self.nuts.refit_settle, self.nuts.refit_draws)
        return self._draws(chains, weights, started)

    def _under(self, state, weights):
        """A sampler's state with potential energy and gradient of the reweighted record."""
        energy, gradient = self._potential(state.z, weights)
        return state._replace(potential_energy=energy, z_grad=gradient)

    def _chains(self, states, weights, dropped: int, kept: int) -> list:
        with ThreadPoolExecutor(self.nuts.threads) as pool:
            done = list(pool.map(lambda state: self._chain(state, weights, dropped, kept), states))
        if not self._ended:
            self._ended = [end for end, _, _ in done]
        return done

    def _draws(self, chains: list, weights, started: float) -> Draws:
        sites = [self._sites(z, weights) for _, z, _ in chains]
        stacked = {name: np.stack([one[name] for one in sites]) for name in sites[0]}
        return Draws(stacked, np.stack([d for _, _, d in chains]), time.perf_counter() - started)

    def _chain(self, state, weights, dropped: int, kept: int) -> tuple[Any, dict, np.ndarray]:
        """One chain, block by block: what one compiled call holds on to is freed at its end, so memory stays flat."""
        blocks = []
        for _ in range(-(-(dropped + kept) // BLOCK)):
            state, block = jax.block_until_ready(self._block(state, weights))
            blocks.append(jax.tree.map(np.asarray, block))
        z, diverging = jax.tree.map(lambda *parts: np.concatenate(parts), *blocks)
        wanted = slice(dropped, dropped + kept)
        return state, {name: values[wanted] for name, values in z.items()}, diverging[wanted]

    def _sites(self, z, weights) -> dict[str, np.ndarray]:
        total = len(next(iter(z.values())))
        parts = []
        for start in range(0, total, CONSTRAIN_AT_ONCE):
            part = jax.tree.map(lambda a, at=start: a[at : at + CONSTRAIN_AT_ONCE], z)
            parts.append(self._constrain(part, weights))
        return {name: np.concatenate([np.asarray(p[name]) for p in parts]) for name in parts[0]}


def _block(kernel: NUTS, state, weights):
    def step(state, _):
        after = kernel.sample(state, (weights,), {})
        return after, (after.z, after.diverging)

    return lax.scan(step, state, None, length=BLOCK)
