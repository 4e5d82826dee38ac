"""Whether the sampler can be trusted: truths drawn from the priors, records drawn from them, posteriors ranked (model §4).

Simulation-based calibration (Talts et al. 2018): if truth is drawn from the prior and the record from the truth, the rank
of the truth among posterior draws is uniform, and a 90 % interval covers it nine times in ten.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy.stats import chisquare

from buckpass.evidence.simulating import chances_with_new_effects, draw_rungs
from buckpass.fitting.sampling import Sampling
from buckpass.game.arrays import at_host
from buckpass.game.crises import plays
from buckpass.game.setting import CrisisSetting
from buckpass.model.observations import Observations
from buckpass.model.readings import Reading
from buckpass.results.summary import LEVEL

__all__ = ["Calibration", "calibrated", "replicate", "rows_of"]

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """What many replications say of one explanation.

    coverage : share of 90 % intervals that cover the truth, over all parameters; coverage_error : its Monte-Carlo standard
    error, replications taken as independent and parameters of one replication as not. p_least : smallest p-value of the
    uniformity tests of the parameters, multiplied by their number (Bonferroni); worst : that parameter.
    """

    replications: int
    parameters: int
    coverage: float
    coverage_error: float
    p_least: float
    worst: str

    @property
    def holds(self) -> bool:
        """Coverage within three of its errors, and no parameter whose ranks are not uniform at the 1 % level."""
        return abs(self.coverage - LEVEL) <= 3 * self.coverage_error and self.p_least > 0.01


def rows_of(setting: CrisisSetting) -> Observations:
    """A row for every power that plays in every crisis, to be filled by simulated responses."""
    crisis, power = np.nonzero(plays(at_host(setting)))
    blank = np.zeros(len(crisis), dtype=int)
    return Observations(
        crisis, power, blank, blank + setting.rungs.top, np.ones(len(crisis)), len(setting.names.crises)
    )


def replicate(sampling: Sampling, setting: CrisisSetting, seed: int, thin: int = 5) -> dict[str, list[float]]:
    """Rank of each parameter's truth among posterior draws, 0 … 1, in one simulated record.

    `sampling` is compiled once for the rows of `rows_of`; each replication only changes its arguments. Requests are not
    simulated: terms of the host's move keep their priors.
    """
    rng = np.random.default_rng(seed)
    key = jax.random.key(int(rng.integers(2**31)))
    truth = {name: value[0] for name, value in sampling.coordinates.from_priors(sampling.combination, key, 1).items()}
    draws = sampling.run(_simulated(sampling, setting, truth, rng), seed=int(rng.integers(2**31)))
    ranks = {}
    for term, values in draws.sites.items():
        flat = values[:, ::thin].reshape(-1, *values.shape[2:])
        below = (flat < np.asarray(truth[term])).sum(axis=0)
        ranks[term] = np.atleast_1d((below + rng.random(below.shape)) / (len(flat) + 1)).ravel().tolist()
    return ranks


def calibrated(ranks: list[dict[str, list[float]]]) -> Calibration:
    """Coverage and uniformity over replications."""
    names = [f"{term}[{n}]" for term, values in ranks[0].items() for n in range(len(values))]
    table = np.array([[x for values in one.values() for x in values] for one in ranks])
    half = (1 - LEVEL) / 2
    covered = ((table > half) & (table < 1 - half)).mean(axis=1)
    counts = [np.histogram(column, bins=BINS, range=(0, 1))[0] for column in table.T]
    p = np.array([float(chisquare(c).pvalue) for c in counts])
    return Calibration(
        replications=len(ranks), parameters=len(names), coverage=float(covered.mean()),
        coverage_error=float(covered.std(ddof=1) / np.sqrt(len(ranks))), p_least=float(min(1.0, p.min() * len(p))),
        worst=names[int(p.argmin())],
    )  # fmt: skip


def _simulated(
    sampling: Sampling, setting: CrisisSetting, truth: dict[str, Array], rng: np.random.Generator
) -> Reading:
    by_rung, seen = chances_with_new_effects(setting, truth, rng), sampling.seen
    drawn = draw_rungs(by_rung, rng.random(by_rung.shape[:2]))[seen.crisis, seen.power]
    return Reading(jnp.asarray(drawn), jnp.asarray(drawn), jnp.asarray(seen.weight), jnp.ones(seen.n_crises))
