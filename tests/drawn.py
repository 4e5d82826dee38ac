"""A posterior made from draws of the priors, so that tests of what is asked of one need no fit."""

from buckpass.case import Case
from buckpass.fitting.posterior import Posterior
from made_posteriors import posterior_of, prior_sites


def prior_posterior(case: Case, name: str, n_draws: int = 12, seed: int = 1) -> Posterior:
    """Draws from the priors of an explanation, in the record of a posterior."""
    return posterior_of(case, name, prior_sites(case, name, n_draws, seed), seed=seed)
