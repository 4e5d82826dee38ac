"""Scores of forecasts: closed forms, propriety, and what is refused."""

import numpy as np
import polars as pl
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from buckpass.case import load_case
from buckpass.evidence.forecasts import (
    LAST_TIME,
    Forecast,
    NothingToForecast,
    band_score,
    forecast_scores,
    ranked_probability_score,
)
from buckpass.fitting.differences import by_host, difference
from drawn import prior_posterior
from made_posteriors import holding

EXACT = st.integers(0, 6)


@given(EXACT)
def test_a_sure_and_right_forecast_scores_perfectly(rung):
    sure, at = np.eye(7)[rung], np.array(rung)
    assert band_score(sure, at, at) == pytest.approx(0.0)
    assert ranked_probability_score(sure, at, at) == pytest.approx(0.0)


@given(EXACT, EXACT)
def test_a_sure_forecast_is_off_by_its_distance_on_the_ladder(said, was):
    at = np.array(was)
    assert ranked_probability_score(np.eye(7)[said], at, at) == pytest.approx(abs(said - was) / 6)


def test_the_score_of_an_even_forecast_has_its_closed_form():
    """Σ_k (k/7)² for k = 1 … 6 over 6 where silence was seen … the ladder read from the other end."""
    at = np.array(6)
    assert ranked_probability_score(np.full(7, 1 / 7), at, at) == pytest.approx(
        sum((k / 7) ** 2 for k in range(1, 7)) / 6
    )
    assert band_score(np.full(7, 1 / 7), np.array(2), np.array(4)) == pytest.approx(np.log(3 / 7))


@given(EXACT, EXACT)
def test_a_band_over_the_whole_ladder_decides_nothing(a, b):
    forecast = np.random.default_rng(a * 7 + b).dirichlet(np.ones(7))
    low, high = np.array(0), np.array(6)
    assert ranked_probability_score(forecast, low, high) == 0.0
    assert band_score(forecast, low, high) == pytest.approx(0.0, abs=1e-12)


@given(st.integers(0, 500))
@settings(max_examples=30, deadline=None)
def test_the_truth_is_the_best_forecast_on_average(seed):
    rng = np.random.default_rng(seed)
    truth, other = rng.dirichlet(np.ones(7)), rng.dirichlet(np.ones(7))
    rung = np.arange(7)

    def mean(score, forecast):
        return truth @ np.array([float(score(forecast, np.array(r), np.array(r))) for r in rung])

    assert mean(band_score, truth) >= mean(band_score, other) - 1e-12
    assert mean(ranked_probability_score, truth) <= mean(ranked_probability_score, other) + 1e-12


def forecasting(case, name, crises):
    """A posterior that holds an even forecast of some crises."""
    shape = (len(crises), len(case.powers), 7)
    even = xr.Dataset({"probability": (("crisis", "power", "rung"), np.full(shape, 1 / 7))},
                      coords={"crisis": list(crises), "power": list(case.powers), "rung": range(7)})  # fmt: skip
    return holding(prior_posterior(case, name), forecast=even)


def test_an_even_forecast_is_scored_against_repeating_the_past(toy):
    last = toy.crises.sort("start")["crisis_id"].to_list()[-2:]
    found = forecast_scores(toy, {e: forecasting(toy, e, last) for e in ("NI", "base")})
    ranking = found.ranking().frame
    assert set(ranking["forecast"]) == {"NI", "base", LAST_TIME}
    same = ranking.filter(ranking["forecast"] == "NI").row(0, named=True)
    assert same["over_base"] == pytest.approx(0.0, abs=1e-12)
    widths = (found.rows["high"] - found.rows["low"] + 1).to_numpy()
    even = found.rows["forecast"].to_numpy() == "NI"
    np.testing.assert_allclose(found.rows["log_score"].to_numpy()[even], np.log(widths[even] / 7))


def test_a_lead_of_a_forecast_has_the_error_of_every_difference_of_scores():
    """Summed by crisis, and crises of one host together: two responses of a crisis are not two crises."""
    case = load_case("western-balkans")
    crises = case.crises["crisis_id"].to_list()[:6]
    rng = np.random.default_rng(0)
    lead = rng.normal(size=(6, 2))
    rows = [{"crisis": c, "power": p, "forecast": f, "log_score": -1.0 + lead[i, j] * (f == "FR"), "rps": 0.1}
            for i, c in enumerate(crises) for j, p in enumerate(("USA", "RUS")) for f in ("FR", "base")]  # fmt: skip
    ranking = Forecast(case, tuple(crises), pl.DataFrame(rows)).ranking().frame
    found = ranking.filter(forecast="FR").row(0, named=True)
    expected = difference(lead.sum(axis=1), by_host(case, crises))
    assert (found["over_base"], found["se_base"]) == (pytest.approx(expected.diff), pytest.approx(expected.se))
    assert found["se_base"] != pytest.approx(np.sqrt(12) * lead.std(), rel=0.01)
    assert found["n"] == 12


def test_posteriors_that_saw_everything_say_how_to_leave_a_crisis_out(toy):
    with pytest.raises(NothingToForecast, match="--without"):
        forecast_scores(toy, {"NI": prior_posterior(toy, "NI")})
