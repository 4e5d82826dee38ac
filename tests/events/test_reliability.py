"""Krippendorff's alpha against published examples and what must hold of any such measure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from buckpass.events.reliability import alpha_interval, krippendorff_alpha

NA = np.nan
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, 3],
        [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NA],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
    ]
)
# section A (binary, two observers, no missing values) and section B (nominal, two observers)
BINARY = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]])
NOMINAL = np.array([[0, 0, 1, 1, 3, 2, 3, 1, 4, 1, 1, 2], [0, 1, 1, 1, 3, 2, 3, 1, 4, 1, 1, 2]])


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_published_example_with_missing_values(level, published):
    assert krippendorff_alpha(FOUR_OBSERVERS, level) == pytest.approx(published, abs=5e-4)


def test_published_binary_example():
    assert krippendorff_alpha(BINARY, "nominal") == pytest.approx(0.095, abs=5e-4)


codings = hnp.arrays(float, (3, 12), elements=st.sampled_from([0.0, 1.0, 2.0, 4.0, NA]))


@given(codings, st.permutations(range(12)), st.permutations(range(3)))
def test_order_of_units_and_coders_changes_nothing(data, units, coders):
    np.testing.assert_allclose(
        krippendorff_alpha(data), krippendorff_alpha(data[:, units][coders]), rtol=1e-10, atol=1e-12
    )


@given(codings)
def test_only_the_order_of_ordinal_values_counts(data):
    np.testing.assert_allclose(krippendorff_alpha(data), krippendorff_alpha(np.exp(data)), rtol=1e-10, atol=1e-12)


@given(codings)
def test_alpha_is_at_most_one_and_one_only_without_disagreement(data):
    alpha = krippendorff_alpha(data)
    spread = np.nanmax(data, axis=0, initial=-1) - np.nanmin(data, axis=0, initial=9)
    paired = np.isfinite(data).sum(axis=0) >= 2
    if np.isfinite(alpha):
        assert alpha <= 1
        assert (alpha == 1) == bool((spread[paired] <= 0).all())


def test_chance_agrees_with_chance():
    rng = np.random.default_rng(1)
    assert abs(krippendorff_alpha(rng.integers(0, 7, (2, 20_000)).astype(float))) < 0.03


def test_no_variation_is_undefined_not_perfect():
    assert np.isnan(krippendorff_alpha(np.ones((2, 5))))
    assert np.isnan(krippendorff_alpha(np.full((2, 5), NA)))
    assert np.isnan(alpha_interval(np.zeros((2, 0))).low)


def test_interval_holds_the_estimate_and_the_seed_repeats_it():
    first, second = (alpha_interval(FOUR_OBSERVERS, seed=3) for _ in range(2))
    assert first == second
    assert first.low < first.alpha < first.high <= 1
    assert first.n_units == 11


def test_clusters_widen_the_interval_when_units_repeat():
    one = np.array([[0, 1, 2, 5, 3, 6], [0, 2, 2, 4, 3, 1]], dtype=float)
    repeated, clusters = np.tile(one, 10), np.tile(np.arange(6), 10)
    alone, clustered = alpha_interval(repeated), alpha_interval(repeated, clusters=clusters)
    assert clustered.high - clustered.low > 2 * (alone.high - alone.low)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    truth = _codings(rng, 60_000)
    target = krippendorff_alpha(truth)
    hits = 0
    for seed in range(60):
        found = alpha_interval(_codings(rng, 60), seed=seed, draws=300)
        hits += found.low <= target <= found.high
    assert hits >= 50


def _codings(rng, units):
    true = rng.integers(0, 7, units)
    return np.clip(true + rng.choice([-1, 0, 0, 1], (2, units)), 0, 6).astype(float)
