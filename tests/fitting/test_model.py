"""The sampler's density: what is fixed stays out of it, bands, and its gradient."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckpass.fitting.posterior import diagnose
from buckpass.fitting.program import Program
from buckpass.game.payoffs import crises_of, plain_coefficients
from buckpass.model.likelihood import Likelihood, log_within
from buckpass.model.mechanisms import combination
from buckpass.model.readings import reading_of, without_crises
from synthetic import order, play

SETTING = order(crises=12, powers=3, seed=1)


@cache
def backlash():
    seen = play(SETTING, plain_coefficients(SETTING), seed=2)
    one = combination("BL")
    return Program(SETTING, seen, one.interacts), seen, one


@given(cut=st.integers(0, 5), seed=st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_bands_that_partition_the_ladder_sum_to_the_whole(cut, seed):
    weight = jnp.asarray(np.random.default_rng(seed).random((7, 4)))
    below, above = (
        log_within(weight, jnp.array(0), jnp.array(cut)),
        log_within(weight, jnp.array(cut + 1), jnp.array(6)),
    )
    np.testing.assert_allclose(jnp.exp(below) + jnp.exp(above), weight.sum(0), rtol=1e-10)


@pytest.mark.slow
@given(st.integers(0, 50), st.sets(st.integers(0, 11), min_size=1, max_size=4))
@settings(max_examples=10, deadline=None)
def test_what_leaves_crises_out_at_once_is_the_mixture_of_what_leaves_each_out(seed, left_out):
    program, seen, one = backlash()
    frame, whole = program.frame(one), reading_of(seen)
    rng = np.random.default_rng(seed)
    x, shares = 0.3 * rng.normal(size=program.coordinates.size), dict(zip(left_out, rng.normal(-3, 1, 4), strict=False))

    def energy(frame, reading):
        return float(program.at(x, frame, reading)[0][0])

    each = [
        share - energy(frame, without_crises(whole, seen, np.arange(seen.n_crises) == crisis))
        for crisis, share in shares.items()
    ]
    mixture = energy(frame._replace(shares=program.shares(shares)), whole)
    assert mixture == pytest.approx(-np.logaddexp.reduce(each), abs=1e-3)


@pytest.mark.slow
@given(st.integers(0, 1000), st.floats(0.1, 2.5))
@settings(max_examples=20, deadline=None)
def test_coordinates_of_draws_are_those_they_were_made_of(seed, spread):
    coordinates = backlash()[0].coordinates
    is_free = coordinates.free(combination("all"))
    u = np.clip(spread * np.random.default_rng(seed).normal(size=(2, 3, coordinates.size)), -6, 6) * is_free
    values = jax.vmap(jax.vmap(lambda one: coordinates.values(one, is_free)))(jnp.asarray(u))
    draws = {name: np.asarray(values[name]) for name in combination("all").free_terms}
    np.testing.assert_allclose(coordinates.of_draws(draws), u, atol=1e-6)


def test_a_mechanism_that_is_off_costs_nothing():
    crises = crises_of(SETTING, plain_coefficients(SETTING))
    for name in ("backlash", "influence", "barred_at", "rung_payoff_at"):
        assert float(jnp.abs(getattr(crises, name)).max()) == 0.0
    assert float(jnp.abs(crises.alignment * (1 - jnp.eye(3))).max()) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["BL", "FR"])
def test_gradient_is_that_of_the_integral_and_what_is_fixed_has_none(name):
    """Differences are taken of the integral over crisis effects by many nodes: the derivative leaves out how few nodes err."""
    seen = play(SETTING, plain_coefficients(SETTING), seed=2)
    one = combination(name)
    program = Program(SETTING, seen, one.interacts)
    frame, reading = program.frame(one), reading_of(seen)
    rng = np.random.default_rng(0)
    at, is_free = 0.3 * rng.normal(size=program.coordinates.size), program.coordinates.free(one)
    (_, _), slope = program.at(at, frame, reading)
    assert (np.asarray(slope)[~is_free] == 0).all()
    likelihood = Likelihood(SETTING, seen, one.interacts, nodes=31, solved=33)

    @jax.jit
    def energy(x):
        coordinates = program.coordinates
        found = likelihood(coordinates.values(x, frame.is_free), reading)
        return -(coordinates.log_density(x, frame.is_free) + found.responses.sum())

    for _ in range(3):
        direction = rng.normal(size=at.size)
        up, down = (float(energy(at + s * direction)) for s in (1e-2, -1e-2))
        assert (up - down) / 2e-2 == pytest.approx(float(slope @ direction), rel=5e-3, abs=0.05)  # in single precision


def test_a_frozen_chain_fails_the_diagnostics():
    rng = np.random.default_rng(0)
    sites, quiet = {"kappa": rng.normal(size=(4, 500))}, np.zeros((4, 500), bool)
    assert diagnose(sites, quiet, np.ones(4)).passed
    told = diagnose(sites, quiet, np.array([1.0, 1.0, 1.0, 0.02]))
    assert told.reasons == ("a chain moved in only 2 % of its iterations",)
    sites["kappa"][2] = sites["kappa"][2, 0]
    assert not diagnose(sites, quiet, np.ones(4)).passed


@pytest.mark.parametrize("spoil", [0.3, np.nan], ids=["stands still", "no number"])
@pytest.mark.parametrize("name", ["kappa", "weights"])
def test_one_parameter_without_a_diagnosis_fails_the_fit(name, spoil):
    rng = np.random.default_rng(0)
    sites = {"kappa": rng.normal(size=(4, 500)), "weights": rng.normal(size=(4, 500, 3))}
    part = sites[name].reshape(4, 500, -1)
    part[:, slice(None) if spoil == 0.3 else 7, -1] = spoil
    told = diagnose(sites, np.zeros((4, 500), bool), np.ones(4))
    assert not told.passed
    assert not told.wants_more
    assert told.worst == name
