"""Derivatives by the implicit function theorem against finite differences."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_games import random_crises

from bands import log_likelihood_in_order
from buckpass.game.estimands import host_security
from buckpass.game.host import HostStage, request_log_probabilities
from buckpass.game.order import patron_first
from buckpass.game.solver import SolverSettings, solve_strategies

TIGHT = SolverSettings(tolerance=1e-12)
FIELDS = ["stake", "cost", "backlash", "delivery", "severity", "alignment", "rationality", "effort_at", "norm"]


def moved(crises, direction, step):
    return eqx.tree_at(
        lambda c: [getattr(c, n) for n in FIELDS],
        crises,
        [getattr(crises, n) + step * d for n, d in zip(FIELDS, direction, strict=True)],
    )


def directions(crises, seed):
    draw = np.random.default_rng(seed)
    return [jnp.asarray(0.1 * draw.standard_normal(getattr(crises, n).shape)) for n in FIELDS]


@jax.jit
def simultaneous(crises):
    return jnp.sum(jnp.sin(solve_strategies(crises, TIGHT).strategy * jnp.arange(1.0, 8.0)))


@jax.jit
def through_patron_and_host(crises):
    played = patron_first(crises, jnp.array([0, 2, -1, 1]), TIGHT)
    low = jnp.ones(crises.stake.shape, int)
    stage = HostStage(jnp.full(2, 3.0), jnp.full((2, 3), 0.4), jnp.ones((2, 2, 3)), jnp.ones((2, 2), bool))
    request = request_log_probabilities(stage, host_security(crises, played))
    return jnp.sum(log_likelihood_in_order(crises, played, low, low + 3)) + request[:, 0].sum()


def check(function, crises, seed):
    direction, step = directions(crises, seed), 1e-5
    _, forward = jax.jvp(lambda t: function(moved(crises, direction, t)), (0.0,), (1.0,))
    reverse = jax.grad(lambda t: function(moved(crises, direction, t)))(0.0)
    numeric = (function(moved(crises, direction, step)) - function(moved(crises, direction, -step))) / (2 * step)
    assert np.isclose(forward, reverse, rtol=1e-10, atol=1e-12)
    assert np.isclose(forward, numeric, rtol=2e-5, atol=2e-6)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), stake=st.sampled_from([1.0, 5.0, 25.0]))
def test_derivatives_of_the_equilibrium(seed, stake):
    check(simultaneous, random_crises(seed=seed, crises=4, powers=3, stake=stake), seed)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_derivatives_through_patron_and_host(seed):
    check(through_patron_and_host, random_crises(seed=seed, crises=4, powers=3), seed)


@pytest.mark.slow
def test_second_derivatives_are_those_of_the_first():
    crises = random_crises(crises=4, powers=3)
    direction = directions(crises, 0)

    def along(t):
        return simultaneous(moved(crises, direction, t))

    slope, step = jax.grad(along), 1e-4
    assert np.isclose(jax.jacfwd(slope)(0.0), (slope(step) - slope(-step)) / (2 * step), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_a_batch_of_draws_is_the_draws_one_by_one():
    crises = random_crises(crises=3)
    stakes = jnp.stack([crises.stake, 2 * crises.stake])

    def security(stake):
        changed = eqx.tree_at(lambda c: c.stake, crises, stake)
        return host_security(changed, solve_strategies(changed))

    together, each = jax.jit(jax.vmap(security))(stakes), jax.jit(security)
    for k in range(2):
        assert np.allclose(together[k], each(stakes[k]), atol=1e-10)
