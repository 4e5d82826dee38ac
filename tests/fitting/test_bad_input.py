"""Records that cannot answer: a clear statement, no crash, and terms that are their priors named."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from buckpass.fitting.fitting import FitPlan, NothingToFit, fit_explanation
from buckpass.fitting.posterior import diagnose
from buckpass.fitting.program import Program
from buckpass.fitting.rereading import prior_dominated
from buckpass.fitting.sampling import NutsSettings, Sampling
from buckpass.fitting.uninformed import what_cannot_be_estimated
from buckpass.game.payoffs import crises_of, plain_coefficients
from buckpass.game.solver import log_choices
from buckpass.model.mechanisms import combination
from buckpass.model.observations import Observations
from buckpass.model.readings import reading_of
from synthetic import order, play

SETTING = order(crises=12, powers=2, seed=1)


def rows(rung) -> Observations:
    crisis, power = np.indices((12, 2)).reshape(2, -1)
    rung = np.broadcast_to(rung, (12, 2)).ravel().astype(int)
    return Observations(crisis, power, rung, rung.copy(), np.ones(24), 12)


def covariate(name: str) -> np.ndarray:
    return np.asarray(SETTING.covariate(name))


def test_a_case_with_one_crisis_is_refused_with_what_to_do(toy):
    one = toy.crises.head(1)
    with pytest.raises(NothingToFit, match="at least 2"):
        fit_explanation(replace(toy, crises=one, responses=toy.responses.join(one, on="crisis_id", how="semi")), "LS")


def test_an_explanation_that_the_order_does_not_touch_is_refused():
    with pytest.raises(NothingToFit, match="changes nothing"):
        FitPlan(("FR", "LS"), order="patron first").names()
    assert FitPlan(order="patron first").names()[:3] == ("FR", "BA", "all")


def test_equal_rungs_are_said_to_be_uninformative():
    assert any("same band" in note for note in what_cannot_be_estimated(SETTING, rows(1)))


@pytest.mark.slow
def test_a_covariate_without_variation_is_named():
    notes = what_cannot_be_estimated(SETTING, play(SETTING, plain_coefficients(SETTING)))
    assert any(note.startswith("claim does not vary") for note in notes)
    assert not any(note.startswith("border") for note in notes)


def test_perfect_separation_is_named():
    notes = what_cannot_be_estimated(SETTING, rows(np.where(covariate("border") > 0, 6, 0)))
    assert any(note.startswith("border separates") for note in notes)


@pytest.mark.slow
def test_one_power_says_that_interaction_cannot_be_estimated():
    alone = order(crises=6, powers=1, seed=0)
    seen = play(alone, plain_coefficients(alone))
    assert any("kappa" in note for note in what_cannot_be_estimated(alone, seen))
    games = crises_of(alone, replace(plain_coefficients(alone), kappa=jnp.array(0.9)))
    np.testing.assert_allclose(log_choices(games)[1], 0.0, atol=1e-12)


@pytest.mark.slow
def test_fits_of_bad_records_pass_or_say_why_and_name_what_is_prior():
    # a ratio of spreads within 2 %: above 95 % a term is flagged
    nuts = NutsSettings(chains=2, warmup=200, draws=1500)
    sampling = Sampling(combination("LS"), Program(SETTING, rows(1), False), nuts)
    separated = rows(np.where(covariate("border") > 0, 6, 0))
    for seen in (rows(1), separated):
        draws = sampling.run(reading_of(seen))
        assert all(np.isfinite(v).all() for v in draws.sites.values())
        told = diagnose(draws.sites, draws.diverging, draws.moved)
        assert told.passed or told.reasons
        flagged = [term for term, _ in prior_dominated(draws, sampling)]
        assert "stake.claim" in flagged
        assert "stake.level" not in flagged


@pytest.mark.parametrize("wrong", [{"chains": 0}, {"warmup": 59}, {"draws": 0}, {"threads": 0}])
def test_a_sampler_with_too_little_of_something_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NutsSettings(**wrong)
