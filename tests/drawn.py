"""A posterior made from draws of the priors, so that tests of what is asked of one need no fit."""

import jax
import numpy as np
import xarray as xr

from buckpass.case import Case
from buckpass.fit.density import prior_of
from buckpass.fit.explanations import explanation
from buckpass.fit.model import coefficients_from
from buckpass.fit.posterior import Diagnostics, Posterior
from buckpass.game.setting import setting_of


def prior_posterior(case: Case, name: str, n_draws: int = 12, seed: int = 1) -> Posterior:
    """Draws from the priors of an explanation, in the record of a posterior."""
    theory, setting = explanation(name), setting_of(case)
    drawn: dict[str, list] = {}
    for key in jax.random.split(jax.random.PRNGKey(seed), n_draws):
        coefficients_from(theory, setting, _keeping(drawn, key, setting))
    data = {
        k: (("chain", "draw", *(f"{k}.{n}" for n in range(v[0].ndim))), np.stack(v)[None]) for k, v in drawn.items()
    }
    crises = list(setting.names.crises)
    return Posterior(
        explanation=name, case_id=case.id, case_hash=case.record_hash, seed=seed, draws=xr.Dataset(data),
        log_likelihood=xr.DataArray(np.zeros((1, n_draws, len(crises))), dims=("chain", "draw", "crisis")),
        diagnostics=Diagnostics(1.0, 1000.0, 1000.0, 0, ""),
        scores=xr.Dataset({"elpd": ("crisis", np.full(len(crises), -1.0)), "pareto_k": ("crisis", np.zeros(len(crises))),
                           "is_exact": ("crisis", np.zeros(len(crises), bool))}, coords={"crisis": crises}),
    )  # fmt: skip


def _keeping(drawn: dict[str, list], key, setting):
    """A sampler that remembers; each term has its own key, from its name."""

    def sample(term):
        value = np.asarray(prior_of(term, setting).sample(jax.random.fold_in(key, sum(map(ord, term)))))
        drawn.setdefault(term, []).append(value)
        return value

    return sample
