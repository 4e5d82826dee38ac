"""The likelihood: bands, censoring, what is off, and its gradient."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckpass.fit.density import prior_of
from buckpass.fit.explanations import UnknownExplanation, explanation, explanations, priors
from buckpass.fit.model import band_log_probability, coefficients_from, interacts, log_choices
from buckpass.fit.observations import Observations
from buckpass.fit.readings import reading_of
from buckpass.fit.sampling import NutsSettings, Sampling
from buckpass.game.payoffs import crises_of, plain_coefficients
from synthetic import order, play

SETTING = order(crises=12, powers=3, seed=1)
NAMES = [e.id for e in explanations()]


def draw_from_prior(name: str, seed: int):
    keys = iter(jax.random.split(jax.random.key(seed), 100))
    return coefficients_from(explanation(name), SETTING, lambda term: prior_of(term, SETTING).sample(next(keys)))


def bands(low, high):
    n = len(low)
    return Observations(np.arange(n) % 12, np.arange(n) % 3, np.array(low), np.array(high), np.ones(n), 12)


@pytest.mark.parametrize("name", NAMES)
def test_every_explanation_gives_probabilities(name):
    crises = crises_of(SETTING, draw_from_prior(name, 3))
    log_sigma = log_choices(crises, interacts(explanation(name)))
    np.testing.assert_allclose(np.exp(log_sigma).sum(-1), 1.0, atol=1e-12)


@given(cut=st.integers(0, 5), seed=st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_bands_that_partition_the_ladder_sum_to_one(cut, seed):
    crises = crises_of(SETTING, draw_from_prior("FR", seed))
    log_sigma = log_choices(crises, True)
    below, above = bands([0] * 12, [cut] * 12), bands([cut + 1] * 12, [6] * 12)
    total = jnp.exp(band_log_probability(log_sigma, crises, below)) + jnp.exp(
        band_log_probability(log_sigma, crises, above)
    )
    np.testing.assert_allclose(total, 1.0, atol=1e-10)


def test_a_band_over_the_whole_ladder_says_nothing():
    crises = crises_of(SETTING, draw_from_prior("LS", 0))
    seen = bands([0] * 12, [6] * 12)
    np.testing.assert_allclose(band_log_probability(log_choices(crises, False), crises, seen), 0.0, atol=1e-12)


def test_a_mechanism_that_is_off_costs_nothing():
    base = plain_coefficients(SETTING)
    crises = crises_of(SETTING, base)
    assert float(jnp.abs(crises.backlash).max()) == 0.0
    assert float(jnp.abs(crises.influence).max()) == 0.0
    assert float(jnp.abs(crises.barred_at).max()) == 0.0
    off_diagonal = crises.alignment * (1 - jnp.eye(3))
    assert float(jnp.abs(off_diagonal).max()) == 0.0


def test_without_others_effort_the_equilibrium_is_independent_choice():
    crises = crises_of(SETTING, replace(draw_from_prior("FR", 1), kappa=jnp.zeros(()), kappa_patron=jnp.zeros(())))
    np.testing.assert_allclose(log_choices(crises, True), log_choices(crises, False), atol=1e-9)


@pytest.mark.parametrize("name", ["LS", pytest.param("FR", marks=pytest.mark.slow),
                                  pytest.param("everything", marks=pytest.mark.slow)])  # fmt: skip
def test_gradient_agrees_with_finite_differences(name):
    seen = play(SETTING, draw_from_prior("FR", 5), seed=2)
    sampling = Sampling(explanation(name), SETTING, seen, NutsSettings())
    frame = sampling._nowhere()

    def energy(u):
        return sampling._gradient(u, frame, reading_of(seen))

    rng = np.random.default_rng(0)
    at = rng.normal(size=sampling.coordinates.size)
    gradient = energy(at)[1]
    for _ in range(5):
        direction = rng.normal(size=at.size)
        slope = (energy(at + 1e-5 * direction)[0] - energy(at - 1e-5 * direction)[0]) / 2e-5
        assert slope == pytest.approx(float(gradient @ direction), rel=1e-5, abs=1e-6)


def test_every_free_term_has_a_prior_with_a_reason():
    for one in explanations():
        assert one.free <= set(priors())
    assert all(len(p.reason) > 20 for p in priors().values())


def test_there_are_eleven_explanations_and_two_bounds():
    assert sum(not e.is_bound for e in explanations()) == 11
    assert [e.id for e in explanations() if e.is_bound] == ["everything", "chance"]


def test_an_unknown_explanation_names_those_there_are():
    with pytest.raises(UnknownExplanation, match="FR"):
        explanation("XX")
