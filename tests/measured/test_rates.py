"""Rates under the Jeffreys prior agree with closed forms and behave as probabilities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from buckpass.measured.burden import rank_correlation
from buckpass.measured.rates import Rate, bounded_rate, p_less

counts = st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("acts", "n"), [(0, 20), (1, 2), (7, 7), (13, 48)])
def test_rate_is_the_beta_posterior(acts, n):
    rate, posterior = Rate(acts, n), stats.beta(acts + 0.5, n - acts + 0.5)
    assert rate.mean == pytest.approx(posterior.mean())
    assert (rate.low, rate.high) == pytest.approx(posterior.interval(0.9))
    assert rate.p_below(0.1) == pytest.approx(posterior.cdf(0.1))


@settings(max_examples=30, deadline=None)
@given(counts, counts)
def test_of_two_rates_one_is_smaller(a, b):
    assert p_less(Rate(*a), Rate(*b)) + p_less(Rate(*b), Rate(*a)) == pytest.approx(1, abs=1e-9)


def test_p_less_agrees_with_draws():
    rng = np.random.default_rng(1)
    draws = [rng.beta(a + 0.5, n - a + 0.5, 400_000) for a, n in ((0, 6), (1, 21))]
    assert p_less(Rate(0, 6), Rate(1, 21)) == pytest.approx(np.mean(draws[0] < draws[1]), abs=0.004)


@settings(max_examples=30, deadline=None)
@given(counts.filter(lambda c: c[0] < c[1]))
def test_one_act_more_raises_the_rate(count):
    acts, n = count
    assert p_less(Rate(acts, n), Rate(acts + 1, n)) > 0.5


def test_doubt_widens_the_interval_and_leaves_the_mean():
    sure, doubted = bounded_rate(2, 2, 2, 10), bounded_rate(2, 1, 4, 10)
    assert doubted.mean == sure.mean
    assert doubted.low < sure.low < sure.high < doubted.high


def test_rank_correlation_is_spearmans():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=12), rng.normal(size=12)
    assert rank_correlation(x, y).rho == pytest.approx(stats.spearmanr(x, y).statistic)


def test_rank_correlation_knows_what_it_cannot_say():
    assert rank_correlation(np.ones(9), np.arange(9.0)).rho is None
    assert rank_correlation(np.arange(3.0), np.arange(3.0)).low is None
