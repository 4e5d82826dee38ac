"""The profile posterior of one term: the prior where the record is silent, near NUTS where it speaks, refused where it is no number."""

import jax
import numpy as np
import pytest

from buckpass.case import load_case
from buckpass.fitting.files import load_posteriors
from buckpass.fitting.profile import Profile
from buckpass.fitting.program import Program
from buckpass.game.setting import setting_of
from buckpass.model.mechanisms import combination
from buckpass.model.observations import observations
from buckpass.model.readings import reading_of
from buckpass.model.requests import requests_of
from drawn import prior_posterior


def program_of(case, name):
    setting = setting_of(case)
    return Program(
        setting, observations(case, setting), combination(name, case).interacts, requests=requests_of(case, setting)
    )


def near(posterior, case):
    return {name: posterior.flat()[name][None] for name in combination(posterior.explanation, case).free_terms}


@pytest.mark.slow
def test_a_record_that_counts_for_nothing_leaves_the_prior(toy):
    program, one = program_of(toy, "FR"), combination("FR")
    profile = Profile(one, program, "kappa", near(prior_posterior(toy, "FR", n_draws=4), toy))
    whole = reading_of(program.seen)
    silent = jax.tree.map(lambda a: 0.0 * a if a.dtype == float else a, whole)
    found = np.sort(profile.draws(silent, 99))
    np.testing.assert_allclose(found, np.arange(0.5, 99) / 99, atol=2e-3)
    assert np.abs(profile.draws(whole, 99) - found).max() > 0.004


@pytest.mark.slow
@pytest.mark.parametrize("name", ["FR", "FR+DL+BL", "all"])
def test_it_is_near_what_was_drawn(name):
    case = load_case("central-asia")
    posterior = load_posteriors(case, names=[name])[name]
    program = program_of(case, name)
    profile = Profile(combination(name, case), program, "kappa", near(posterior, case))
    found, drawn = profile.draws(reading_of(program.seen)), posterior.flat()["kappa"]
    assert abs(found.mean() - drawn.mean()) < 0.1
    assert abs(found.std() - drawn.std()) < 0.02


@pytest.mark.parametrize(("name", "term"), [("BL", "kappa"), ("FR", "stake.power"), ("FR", "nothing")])
def test_what_is_not_one_estimated_number_is_refused(toy, name, term):
    posterior = prior_posterior(toy, name, n_draws=4)
    with pytest.raises(ValueError, match=f"{term} is not one number that {name} estimates"):
        Profile(combination(name, toy), program_of(toy, name), term, near(posterior, toy))
