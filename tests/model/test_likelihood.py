"""The likelihood against one written from the documents, its integral over the crisis effect, and its derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from independent_likelihood import log_likelihood

from buckpass.case import load_case
from buckpass.game.setting import setting_of
from buckpass.model.coordinates import DENSITIES, coordinates_of
from buckpass.model.likelihood import Likelihood
from buckpass.model.mechanisms import combination
from buckpass.model.observations import observations
from buckpass.model.readings import reading_of
from buckpass.model.terms import FAMILIES

NAMES = ("base", "BL", "FR", "all")


@pytest.fixture(scope="module")
def case():
    return load_case("western-balkans")


@pytest.fixture(scope="module")
def record(case):
    setting = setting_of(case)
    return setting, observations(case, setting)


def at_random(setting, name, seed=0):
    """Values of the free terms at a point that the priors find likely."""
    coordinates = coordinates_of(setting)
    u = 0.4 * np.random.default_rng(seed).standard_normal(coordinates.size)
    return coordinates, jnp.asarray(u), jnp.asarray(coordinates.free(combination(name)))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_likelihood_is_that_of_the_documents(record, name):
    setting, seen = record
    coordinates, u, is_free = at_random(setting, name)
    values = coordinates.values(u, is_free)
    one = combination(name)
    exact = Likelihood(setting, seen, one.interacts, nodes=61, solved=481, span=8.0)
    found = jax.jit(lambda v: exact(v, reading_of(seen)).responses)(values)
    free = {t: np.asarray(values[t]) for t in one.free_terms}
    np.testing.assert_allclose(found, log_likelihood(setting, seen, free), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["base", "FR"])
def test_few_nodes_placed_well_integrate_the_crisis_effect(record, name):
    setting, seen = record
    coordinates, u, is_free = at_random(setting, name, 1)
    values, reading = coordinates.values(u, is_free), reading_of(seen)
    interacts = combination(name).interacts
    few = Likelihood(setting, seen, interacts)(values, reading).responses
    exact = Likelihood(setting, seen, interacts, nodes=61, solved=241, span=8.0)(values, reading).responses
    assert np.abs(few - exact).max() < 0.01
    assert abs(float(jnp.sum(few - exact))) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("name", ["base", "FR"])
def test_in_single_precision_what_is_all_but_impossible_is_a_number(record, name):
    """Where acting is very dear and crises differ much, what is next to nothing at the middle may be all there is aside."""
    setting, seen = record
    coordinates, u, is_free = at_random(setting, name, 2)
    values = coordinates.values(u, is_free) | {"cost.level": jnp.asarray(4.35), "crisis.spread": jnp.asarray(3.0)}
    single = jax.tree.map(lambda a: a.astype(jnp.float32) if jnp.issubdtype(a.dtype, jnp.floating) else a, setting)
    one, reading = combination(name), reading_of(seen)
    found, exact = (
        jax.value_and_grad(lambda v, s=s: jnp.sum(Likelihood(s, seen, one.interacts)(v, reading).responses))(values)
        for s in (single, setting)
    )
    assert np.isfinite(found[0])
    assert all(np.isfinite(g).all() for g in jax.tree.leaves(found[1]))
    assert found[0] == pytest.approx(float(exact[0]), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_guess_says_where_newton_starts_and_nothing_else(record, seed):
    """Nodes once stood where a guess wanted them: far from it a crisis was off by many nats, and chains sat in such pockets."""
    setting, seen = record
    coordinates, u, is_free = at_random(setting, "FR", seed)
    values, reading, likelihood = coordinates.values(u, is_free), reading_of(seen), Likelihood(setting, seen, True)
    told = jax.jit(lambda guess: likelihood(values, reading, guess))
    from_afar = told(likelihood.nowhere() + np.random.default_rng(seed).normal(0, 2, likelihood.nowhere().shape))
    near = told(from_afar.log_residual)
    np.testing.assert_allclose(from_afar.responses, near.responses, atol=1e-6)
    np.testing.assert_allclose(from_afar.sites.mean, near.sites.mean, atol=1e-5)


@pytest.mark.slow
def test_the_gradient_through_the_equilibrium_is_that_of_differences(record):
    setting, seen = record
    coordinates, u, is_free = at_random(setting, "FR+BA", 2)
    whole = Likelihood(setting, seen, True, nodes=41)  # where nodes stand is data: with many, it moves nothing

    @jax.jit
    def total(u):
        return jnp.sum(whole(coordinates.values(u, is_free), reading_of(seen)).responses)

    slope = np.asarray(jax.jit(jax.grad(total))(u))
    free = np.flatnonzero(is_free)
    for k in free[:: max(1, len(free) // 8)]:
        step = np.zeros(len(slope))
        step[k] = 1e-5
        assert slope[k] == pytest.approx(float(total(u + step) - total(u - step)) / 2e-5, rel=2e-4, abs=1e-5)
    assert (slope[np.asarray(~is_free)] == 0).all()


@pytest.mark.slow
def test_a_crisis_effect_of_no_spread_is_none(record):
    setting, seen = record
    coordinates, u, is_free = at_random(setting, "base", 3)
    values = {**coordinates.values(u, is_free), "crisis.spread": jnp.zeros(())}
    one, many = (Likelihood(setting, seen, False, nodes=n)(values, reading_of(seen)).responses for n in (1, 25))
    np.testing.assert_allclose(one, many, atol=1e-9)


def test_every_family_that_the_registry_takes_has_a_density():
    assert set(DENSITIES) == set(FAMILIES)
