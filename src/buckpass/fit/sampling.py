"""Drawing from the posterior of one explanation with NUTS."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

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
    tree_depth: tuple[int, int] = (7, 4)  # in warm-up, when sampling
    seed: int = 20240620
    threads: int = 2


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
        self._constrain = jax.jit(lambda z, weight: jax.vmap(self._kernel.postprocess_fn((weight,), {}))(z))

    def run(self, weight: np.ndarray | None = None, seed: int | None = None) -> Draws:
        """Draw from the posterior under the given row weights (default: each row as the record weighs it)."""
        started = time.perf_counter()
        weights = jnp.asarray(self.seen.weight if weight is None else weight)
        keys = jax.random.split(jax.random.PRNGKey(self.nuts.seed if seed is None else seed), self.nuts.chains)
        states = [
            self._kernel.init(key, self.nuts.warmup, None, model_args=(weights,), model_kwargs={}) for key in keys
        ]
        with ThreadPoolExecutor(self.nuts.threads) as pool:
            chains = list(pool.map(lambda state: self._chain(state, weights), states))
        sites = [self._sites(z, weights) for z, _ in chains]
        stacked = {name: np.stack([one[name] for one in sites]) for name in sites[0]}
        return Draws(stacked, np.stack([np.asarray(d) for _, d in chains]), time.perf_counter() - started)

    def _chain(self, state, weights) -> tuple[dict, np.ndarray]:
        """One chain, block by block: what one compiled call holds on to is freed at its end, so memory stays flat."""
        blocks = []
        for _ in range(-(-(self.nuts.warmup + self.nuts.draws) // BLOCK)):
            state, block = jax.block_until_ready(self._block(state, weights))
            blocks.append(jax.tree.map(np.asarray, block))
        z, diverging = jax.tree.map(lambda *parts: np.concatenate(parts), *blocks)
        kept = slice(self.nuts.warmup, self.nuts.warmup + self.nuts.draws)
        return {name: values[kept] for name, values in z.items()}, diverging[kept]

    def _sites(self, z, weights) -> dict[str, np.ndarray]:
        total = self.nuts.draws
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
