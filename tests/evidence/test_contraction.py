"""Contraction in the whole record and by theatre, against normal posteriors in closed form."""

import numpy as np
import pytest

from buckpass.evidence.contraction import contraction, moments, theatre_moments

THEATRES = ["home"] * 6 + ["abroad"] * 2


@pytest.fixture
def record():
    """y_k ~ N(m, 2²), one per crisis; m ~ N(0, 1): draws of m and log densities of the y."""
    rng = np.random.default_rng(2)
    y = rng.normal(0.5, 2, len(THEATRES))
    precision = 1 + len(y) / 4
    m = rng.normal(y.sum() / 4 / precision, precision**-0.5, 8000)
    return y, m, -0.5 * ((y - m[:, None]) / 2) ** 2


def exact_sd(n: int) -> float:
    return float((1 + n / 4) ** -0.5)


def test_contraction_in_the_whole_record_is_the_share_of_the_prior_variance_that_is_gone(record):
    _, m, _ = record
    assert contraction(moments(m).sd, 1.0) == pytest.approx(1 - exact_sd(8) ** 2, abs=0.02)


def test_a_theatre_that_is_most_of_the_record_is_reached_by_weights(record):
    _, m, log_likelihood = record
    found = theatre_moments({"m": m}, log_likelihood, THEATRES)["home"]["m"]
    assert found.how == "importance weights"
    assert found.sd == pytest.approx(exact_sd(6), rel=0.06)


def test_a_theatre_out_of_reach_is_fitted_and_without_a_fit_is_no_number():
    m = np.random.default_rng(3).normal(0, 0.02, 4000)
    sharp = -0.5 * (m[:, None] / 0.1) ** 2 * np.array([1.0] * 30 + [0.001])
    theatres = ["far"] * 30 + ["near"]
    asked = []

    def refit(kept):
        asked.append(int(kept.sum()))
        return {"m": np.random.default_rng(4).normal(0, 1, 4000)}

    assert theatre_moments({"m": m}, sharp, theatres, refit)["near"]["m"].how == "another fit"
    assert asked == [1]
    bare = theatre_moments({"m": m}, sharp, theatres)["near"]["m"]
    assert bare.how == "out of reach"
    assert np.isnan(bare.sd)
    assert theatre_moments({"m": m}, sharp, theatres, lambda kept: None)["near"]["m"].how == "out of reach"


def test_a_record_of_one_theatre_is_its_own_theatre(record):
    _, m, log_likelihood = record
    found = theatre_moments({"m": m}, log_likelihood, ["home"] * 8)["home"]["m"]
    assert found.sd == pytest.approx(m.std())


def test_entries_of_a_term_are_kept_apart():
    draws = np.random.default_rng(5).normal(0, [1.0, 0.1], (4000, 2))
    np.testing.assert_allclose(contraction(moments(draws).sd, np.ones(2)), [0, 0.99], atol=0.06)
