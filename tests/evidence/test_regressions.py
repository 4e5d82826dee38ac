"""The regressions behind the baselines: probabilities that add up, also far out, and an effect that is integrated well."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckpass.evidence.regressions import (
    adjacent_category,
    cumulative,
    cutpoints,
)

RUNGS = 7
levels = st.lists(st.floats(-30, 30), min_size=RUNGS - 1, max_size=RUNGS - 1).map(lambda v: np.array([0.0, *v]))
shifts = st.floats(-20, 20)


def by_rung(model, tau, shift) -> np.ndarray:
    """log P of every rung, each asked as a band of one."""
    at = jnp.arange(RUNGS)
    return np.asarray(model(_shaped(model, tau), jnp.full(RUNGS, shift), jnp.zeros((1, 1)), at, at))[0]


def _shaped(model, tau):
    return jnp.asarray(tau)[:, None] if model is adjacent_category else jnp.asarray(tau)


@pytest.mark.slow
@pytest.mark.parametrize("model", [adjacent_category, cumulative])
@given(levels, shifts)
@settings(max_examples=100, deadline=None)
def test_the_chances_of_the_rungs_add_up_to_one(model, tau, shift):
    assert np.exp(by_rung(model, tau, shift)).sum() == pytest.approx(1.0, abs=1e-12)


@given(levels, shifts)
@settings(max_examples=100, deadline=None)
def test_an_ordered_logit_keeps_its_digits_in_both_tails(tau, shift):
    """Against the difference of two logistic functions in numbers of eighty bits, where those have digits left."""
    share = np.exp(tau.astype(np.longdouble))
    below, above = np.cumsum(share)[:-1], np.cumsum(share[::-1])[-2::-1]
    odds = below / above * np.exp(np.longdouble(-shift))
    plain = np.diff(np.r_[0, odds / (1 + odds), 1])
    found = np.exp(by_rung(cumulative, tau, shift).astype(np.longdouble))
    np.testing.assert_allclose(found, plain, rtol=1e-9, atol=1e-17)


@given(levels)
@settings(max_examples=100, deadline=None)
def test_cutpoints_rise_and_give_back_the_levels(tau):
    cuts, gaps = map(np.asarray, cutpoints(jnp.asarray(tau)))
    assert (gaps > 0).all()
    np.testing.assert_allclose(np.diff(cuts), gaps, atol=1e-12)
    share = np.exp(tau - tau.max())
    np.testing.assert_allclose(by_rung(cumulative, tau, 0.0), np.log(share / share.sum()), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("model", [adjacent_category, cumulative])
def test_the_chance_of_a_band_is_that_of_its_rungs_together(model):
    tau = np.random.default_rng(0).normal(0, 1, RUNGS)
    tau[0] = 0
    one = np.exp(by_rung(model, tau, 0.4))
    low, high = np.triu_indices(RUNGS)
    bands = np.asarray(
        model(_shaped(model, tau), jnp.full(len(low), 0.4), jnp.zeros((1, 1)), jnp.asarray(low), jnp.asarray(high))
    )[0]
    np.testing.assert_allclose(
        np.exp(bands), [one[a : b + 1].sum() for a, b in zip(low, high, strict=True)], rtol=1e-12
    )


@pytest.mark.parametrize("model", [adjacent_category, cumulative])
def test_an_effect_moves_a_response_as_much_as_its_controls_do(model):
    tau, at = np.linspace(0, 1, RUNGS), jnp.arange(RUNGS)
    moved = model(_shaped(model, tau), jnp.zeros(RUNGS), jnp.array([[0.7]]), at, at)
    np.testing.assert_allclose(np.asarray(moved)[0], by_rung(model, tau, 0.7), rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("model", [adjacent_category, cumulative])
def test_slopes_are_finite_where_a_band_is_all_but_impossible(model):
    tau = np.array([0.0, -25, -30, -5, 10, 20, 30])
    at = jnp.zeros(1, int)
    slope = jax.grad(lambda shift: model(_shaped(model, tau), jnp.full(1, shift), jnp.zeros((1, 1)), at, at).sum())(6.0)
    assert np.isfinite(slope)
