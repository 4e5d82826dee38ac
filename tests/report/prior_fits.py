"""Fits for tests of what is shown: draws from the prior, stamped with the case, so that no sampler has to run."""

from pathlib import Path

import jax
import numpy as np

from buckpass.case import Case
from buckpass.fit.density import prior_of
from buckpass.fit.explanations import explanation
from buckpass.fit.files import save_posterior
from buckpass.fit.model import coefficients_from
from buckpass.fit.posterior import Diagnostics, Posterior
from buckpass.game.setting import CrisisSetting, setting_of
from made_posteriors import posterior_of

DRAWS = 24


def prior_fit(case: Case, name: str, passed: bool = True) -> Posterior:
    """An explanation whose draws are its prior's; scores differ by explanation so that a ranking exists."""
    setting = setting_of(case)
    draws = [_one(setting, name, seed) for seed in range(DRAWS)]
    sites = {term: np.stack([d[term] for d in draws])[None] for term in draws[0]}
    level = -9 if name == "chance" else -3
    elpd = np.random.default_rng(sum(name.encode())).normal(level, 1, len(setting.names.crises))
    health = Diagnostics(1.001 if passed else 1.5, 900.0, 900.0, 0, "stake.level")
    return posterior_of(case, name, sites, elpd=elpd, diagnostics=health)


def save_fits(case: Case, folder: Path, names: tuple[str, ...] = ("FR", "BL", "chance")) -> Path:
    """The same as files."""
    folder.mkdir()
    for name in names:
        save_posterior(prior_fit(case, name), folder / f"{name}.nc")
    return folder


def _one(setting: CrisisSetting, name: str, seed: int) -> dict[str, np.ndarray]:
    key, seen = jax.random.PRNGKey(seed), {}

    def sample(term):
        value = prior_of(term, setting).sample(jax.random.fold_in(key, len(seen)))
        seen[term] = np.asarray(value)
        return value

    coefficients_from(explanation(name), setting, sample)
    return seen
