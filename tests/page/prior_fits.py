"""Fits for tests of what is shown: draws from the prior, stamped with the case, so that no sampler has to run."""

from pathlib import Path

import numpy as np

from buckpass.case import Case
from buckpass.fitting.files import save_posterior
from buckpass.fitting.posterior import Diagnostics, Posterior
from buckpass.game.setting import setting_of
from made_posteriors import posterior_of, prior_sites

DRAWS = 24


def prior_fit(case: Case, name: str, passed: bool = True) -> Posterior:
    """An explanation whose draws are its prior's; scores differ by explanation so that a ranking exists."""
    setting = setting_of(case)
    sites = prior_sites(case, name, DRAWS)
    level = -9 if name == "base" else -3
    elpd = np.random.default_rng(sum(name.encode())).normal(level, 1, len(setting.names.crises))
    health = Diagnostics(1.001 if passed else 1.5, 900.0, 900.0, 0, "stake.level")
    return posterior_of(case, name, sites, elpd=elpd, diagnostics=health)


def save_fits(case: Case, folder: Path, names: tuple[str, ...] = ("FR", "BL", "base")) -> Path:
    """The same as files."""
    folder.mkdir()
    for name in names:
        save_posterior(prior_fit(case, name), folder / f"{name}.nc")
    return folder
