"""A posterior made from draws of the priors, so that tests of what is asked of one need no fit."""

import jax
import numpy as np

from buckpass.case import Case
from buckpass.fit.density import prior_of
from buckpass.fit.explanations import explanation
from buckpass.fit.model import coefficients_from
from buckpass.fit.posterior import Posterior
from buckpass.game.setting import setting_of
from made_posteriors import posterior_of


def prior_posterior(case: Case, name: str, n_draws: int = 12, seed: int = 1) -> Posterior:
    """Draws from the priors of an explanation, in the record of a posterior."""
    theory, setting = explanation(name), setting_of(case)
    drawn: dict[str, list] = {}
    for key in jax.random.split(jax.random.PRNGKey(seed), n_draws):
        coefficients_from(theory, setting, _keeping(drawn, key, setting))
    return posterior_of(case, name, {term: np.stack(v)[None] for term, v in drawn.items()}, seed=seed)


def _keeping(drawn: dict[str, list], key, setting):
    """A sampler that remembers; each term has its own key, from its name."""

    def sample(term):
        value = np.asarray(prior_of(term, setting).sample(jax.random.fold_in(key, sum(map(ord, term)))))
        drawn.setdefault(term, []).append(value)
        return value

    return sample
