"""Drawing from the posterior of one explanation with NUTS."""

from __future__ import annotations

import time
from dataclasses import dataclass

import jax
import numpy as np
from numpyro.infer import MCMC, NUTS
from numpyro.infer.initialization import init_to_median

from buckpass.fit.explanations import Explanation
from buckpass.fit.model import model_of
from buckpass.fit.observations import Observations
from buckpass.game.setting import CrisisSetting

__all__ = ["Draws", "NutsSettings", "Sampling"]


@dataclass(frozen=True)
class NutsSettings:
    """How the posterior is drawn; tolerances of the diagnostics are in `diagnostics.py`, not here."""

    chains: int = 4
    warmup: int = 1000
    draws: int = 1000
    target_accept: float = 0.9
    max_tree_depth: int = 8
    seed: int = 20240620


@dataclass(frozen=True)
class Draws:
    """Raw draws: each site as an array [chain, draw, …], whether each draw diverged, and how long it took (s)."""

    sites: dict[str, np.ndarray]
    diverging: np.ndarray
    seconds: float


class Sampling:
    """A compiled sampler for one explanation of one record; runs again with other row weights without recompiling."""

    def __init__(self, explanation: Explanation, setting: CrisisSetting, seen: Observations, nuts: NutsSettings):
        self.explanation, self.seen, self.nuts = explanation, seen, nuts
        kernel = NUTS(
            model_of(explanation, setting, seen),
            dense_mass=True,
            target_accept_prob=nuts.target_accept,
            max_tree_depth=nuts.max_tree_depth,
            init_strategy=init_to_median(num_samples=15),
        )
        self._mcmc = MCMC(
            kernel,
            num_warmup=nuts.warmup,
            num_samples=nuts.draws,
            num_chains=nuts.chains,
            chain_method="vectorized",
            progress_bar=False,
            jit_model_args=True,
        )

    def run(self, weight: np.ndarray | None = None, seed: int | None = None) -> Draws:
        """Draw from the posterior under the given row weights (default: each row as the record weighs it)."""
        started = time.perf_counter()
        key = jax.random.key(self.nuts.seed if seed is None else seed)
        self._mcmc.run(key, np.asarray(self.seen.weight if weight is None else weight), extra_fields=("diverging",))
        sites = {name: np.asarray(value) for name, value in self._mcmc.get_samples(group_by_chain=True).items()}
        diverging = np.asarray(self._mcmc.get_extra_fields(group_by_chain=True)["diverging"])
        return Draws(sites, diverging, time.perf_counter() - started)
