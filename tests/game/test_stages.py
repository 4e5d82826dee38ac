"""Consent rules, the unwritten bargain, gap decomposition, host and patron: properties and closed forms."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from random_games import random_crises
from scipy.stats import binom

from bands import log_likelihood, log_likelihood_in_order
from buckpass.bargain.arrangement import (
    StageValues,
    critical_discount_factor,
    has_bargain,
    slack,
    transfer_range,
)
from buckpass.game import estimands
from buckpass.game.crises import force
from buckpass.game.decomposition import MECHANISMS, decompose_gap
from buckpass.game.host import HostStage, request_log_probabilities
from buckpass.game.order import met, patron_first
from buckpass.game.solver import solve
from buckpass.game.vehicles import UnknownConsentRule, consent_probability, pass_probability

in_order = jax.jit(patron_first)


def test_consent_rules():
    consent = consent_probability(jnp.array([0.2, 0.2, 0.2, 0.2, 0.2]))
    assert np.allclose(consent, 0.6)
    assert float(pass_probability("lead", consent)) == 1.0
    assert np.isclose(pass_probability("consensus", consent), 0.6**5)
    assert np.isclose(pass_probability("keys", consent, jnp.array([True, True, False, False, False])), 0.36)
    assert pass_probability("keys", consent, jnp.zeros(5, bool)) == 0, "where nobody holds a key nothing passes"
    assert np.isclose(pass_probability("majority", consent), binom.sf(2, 5, 0.6))
    assert np.isclose(pass_probability("majority", consent[:4]), binom.sf(2, 4, 0.6))
    with pytest.raises(UnknownConsentRule, match="consensus"):
        pass_probability("unanimity", consent)


def test_discount_factors_of_the_prisoners_dilemma():
    stage = StageValues(jnp.array([3.0, 3.0]), jnp.array([5.0, 4.0]), jnp.array([1.0, 1.0]))
    grim = critical_discount_factor(stage)
    assert np.allclose(grim, [0.5, 1 / 3])
    assert np.allclose(critical_discount_factor(stage, 400), grim, atol=1e-9)
    assert np.allclose(critical_discount_factor(stage, 1), [1.0, 0.5])
    assert np.all(critical_discount_factor(stage, 3) > grim)
    assert np.allclose(slack(stage, jnp.array([0.6, 0.2])), [0.1, 0.2 - 1 / 3])


def test_no_bargain_to_keep_has_no_discount_factor():
    stage = StageValues(jnp.array([1.0]), jnp.array([2.0]), jnp.array([1.5]))
    assert not bool(has_bargain(stage)[0])
    assert np.isnan(critical_discount_factor(stage)[0])
    assert np.isnan(slack(stage, jnp.array([0.99]))[0])


def test_a_transfer_within_its_range_keeps_both_in():
    stage = StageValues(jnp.array([6.0, 2.0]), jnp.array([7.0, 5.0]), jnp.array([1.0, 1.0]))
    discount = jnp.array([0.7, 0.6])
    least, most = transfer_range(stage, discount, payer=0, receiver=1)
    assert 0 < least < most
    for paid, holds in ((least + 1e-6, True), (most - 1e-6, True), (least - 1e-3, False), (most + 1e-3, False)):
        kept = jnp.array([6.0 - paid, 2.0 + paid])
        assert bool(jnp.all(kept >= (1 - discount) * stage.deviate + discount * stage.punished)) is holds


@pytest.mark.slow
def test_gap_decomposition_sums_to_the_gap_and_finds_the_one_difference():
    crises = random_crises()
    equilibrium = solve(crises)
    effort = estimands.expected_effort(crises, equilibrium.strategy)
    parts = decompose_gap(crises, met(equilibrium), 0, 2)
    assert np.abs(parts.contribution.sum(-1) - (effort[:, 0] - effort[:, 2])).max() < 1e-12
    names = [
        n
        for n in vars(crises)
        if n != "rungs" and getattr(crises, n).ndim > 1 and n not in ("alignment", "host_alignment")
    ]
    twins = eqx.tree_at(
        lambda c: [getattr(c, n) for n in names], crises,
        [getattr(crises, n).at[:, 2].set(getattr(crises, n)[:, 0]) for n in names],
    )  # fmt: skip
    twins = eqx.tree_at(lambda c: (c.cost, c.alignment), twins, (twins.cost.at[:, 2].mul(2.0), crises.alignment * 0))
    parts = decompose_gap(twins, met(solve(twins)), 0, 2)
    only = list(MECHANISMS).index("cost")
    assert np.all(np.asarray(parts.contribution)[:, only] > 0)
    assert np.abs(np.delete(np.asarray(parts.contribution), only, axis=1)).max() < 1e-12


@pytest.mark.slow
def test_without_a_patron_the_order_is_simultaneous():
    crises = random_crises()
    equilibrium, played = solve(crises), in_order(crises, -jnp.ones(8, int))
    assert np.allclose(played.strategy, equilibrium.strategy, atol=1e-9)
    low = jnp.ones((8, 4), int)
    together = log_likelihood(crises, equilibrium, low, low + 2).sum(-1)
    assert np.allclose(log_likelihood_in_order(crises, played, low, low + 2), together, atol=1e-8)
    assert np.allclose(estimands.host_security(crises, played), estimands.host_security(crises, equilibrium), atol=1e-9)


@pytest.mark.slow
def test_followers_answer_the_patrons_actual_move():
    crises = random_crises()
    played = in_order(crises, jnp.full(8, 1))
    assert np.allclose(np.exp(played.log_first).sum(-1), 1.0)
    for option in (0, 6):
        forced = solve(force(crises, 1, option)).strategy
        assert np.allclose(np.exp(played.log_strategy[:, option]), forced, atol=1e-9)


@pytest.mark.slow
def test_a_row_that_was_never_searched_says_nothing():
    crises = random_crises()
    everything = log_likelihood(crises, solve(crises), jnp.zeros((8, 4), int), jnp.full((8, 4), 6))
    assert np.allclose(everything, 0.0, atol=1e-12)


@pytest.mark.slow
def test_a_host_asks_less_the_dearer_the_asking():
    games = jax.tree.map(lambda x: x[:6], random_crises())  # two crises, three requests each
    security = estimands.host_security(games, solve(games))
    asked = jnp.zeros((2, 3, 4)).at[:, 1, 0].set(1.0).at[:, 2, 1].set(1.0)
    possible = jnp.ones((2, 3), bool).at[1, 2].set(False)

    def probability(price):
        stage = HostStage(jnp.full(2, 3.0), jnp.full((2, 4), price), asked, possible)
        return np.exp(request_log_probabilities(stage, security))

    cheap, dear = probability(0.1), probability(5.0)
    assert np.allclose(cheap.sum(-1), 1.0)
    assert cheap[1, 2] == 0.0
    assert np.all(dear[:, 0] > cheap[:, 0])


@pytest.mark.slow
def test_shares_sum_to_one_and_a_null_change_changes_nothing():
    crises = random_crises()
    equilibrium = solve(crises)
    assert np.allclose(estimands.burden_share(crises, equilibrium).sum(-1), 1.0)
    assert np.allclose(estimands.free_riding_index(crises, equilibrium).sum(-1), 0.0, atol=1e-12)
    assert np.allclose(estimands.response(crises, equilibrium.strategy).sum(-1), 1.0)
    again = solve(eqx.tree_at(lambda c: c.stake, crises, crises.stake * 1.0))
    assert np.array_equal(again.strategy, equilibrium.strategy)


@pytest.mark.gpu
def test_the_same_code_runs_on_an_accelerator():
    devices = [d for d in jax.devices() if d.platform != "cpu"]
    if not devices:
        pytest.skip("no accelerator here")
    crises = random_crises()
    there = jax.device_put(crises, devices[0])
    assert np.abs(np.asarray(solve(there).strategy) - np.asarray(solve(crises).strategy)).max() < 1e-9
