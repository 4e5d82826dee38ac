"""Other readings of one record, the host's move, and who moves first."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from bands import log_likelihood_in_order
from buckpass.fitting.files import load_posterior, save_posterior
from buckpass.game.covariates import COVARIATES
from buckpass.game.order import first_mover, patron_first
from buckpass.game.payoffs import crises_of, plain_coefficients
from buckpass.game.setting import setting_of
from buckpass.model.coefficients import coefficients_from
from buckpass.model.coordinates import coordinates_of
from buckpass.model.likelihood import Likelihood
from buckpass.model.mechanisms import combination
from buckpass.model.observations import Coding, observations
from buckpass.model.readings import AS_CODED, reading_of, readings_of, without_crises
from buckpass.model.requests import base_rate_scores, request_log_likelihood, requests_of
from synthetic import order, play


@pytest.fixture(scope="module")
def record(toy):
    setting = setting_of(toy)
    return toy, setting, observations(toy, setting)


def medians(one, setting):
    """Every free term at the median of its prior, no crisis effect; the host's terms too."""
    coordinates = coordinates_of(setting)
    values = coordinates.values(jnp.zeros(coordinates.size), jnp.asarray(coordinates.free(one)))
    values = values | {"crisis.spread": jnp.zeros(()), "host.stake": jnp.array(1.0), "host.severity": jnp.array(1.0)}
    return values, coefficients_from(setting, values)


def test_bands_narrow_to_the_coded_rung_and_widen_inside_the_ladder(record):
    case, setting, seen = record
    narrow, wide = (observations(case, setting, Coding(doubt=d)) for d in (-1, 1))
    assert (narrow.low >= seen.low).all()
    assert (narrow.high <= seen.high).all()
    assert (narrow.low <= narrow.high).all()
    np.testing.assert_array_equal(wide.low, np.maximum(seen.low - 1, 0))
    np.testing.assert_array_equal(wide.high, np.minimum(seen.high + 1, 6))


def test_readings_keep_the_rows_and_say_what_they_drop(record):
    case, setting, seen = record
    found = {r.name: r for r in readings_of(case, setting, seen, Coding())}
    np.testing.assert_array_equal(found[AS_CODED].fitted.low, seen.low)
    for one in found.values():
        assert one.fitted.low.shape == seen.low.shape
        assert one.says
        np.testing.assert_array_equal(np.asarray(one.fitted.weight)[one.dropped[seen.crisis]], 0.0)
    only = found["seen only"]
    lines = set(case.responses.filter(case.responses["basis"] == "seen")["line"].to_list())
    np.testing.assert_array_equal(np.asarray(only.fitted.weight) > 0, [n in lines for n in seen.line.tolist()])


@pytest.mark.slow
def test_a_crisis_left_out_adds_nothing(record):
    _, setting, seen = record
    one = combination("LS")
    values, _ = medians(one, setting)
    dropped = np.arange(seen.n_crises) == seen.crisis[0]
    likelihood = Likelihood(setting, seen, one.interacts)
    whole = likelihood(values, reading_of(seen)).responses
    less = likelihood(values, without_crises(reading_of(seen), seen, dropped)).responses
    np.testing.assert_allclose(less, np.where(dropped, 0.0, whole), atol=1e-12)


@pytest.mark.slow
def test_probabilities_of_requests_sum_to_one_and_cheaper_bodies_are_asked_more(record):
    case, setting, _ = record
    requests = requests_of(case, setting)
    values, coefficients = medians(combination("HC"), setting)

    def probability(r, price):
        chosen = np.full(len(requests.chosen), r)
        asked = replace(requests, chosen=chosen)
        found = request_log_likelihood(asked, coefficients, values | {"host.price": price})
        return np.exp(np.asarray(found))

    price = jnp.ones(len(requests.bodies))
    total = sum(probability(r, price) for r in range(len(requests.labels)))
    np.testing.assert_allclose(total, 1.0, atol=1e-9)
    cheaper = price.at[0].set(0.0)
    possible = requests.is_possible[:, 1]
    assert (probability(1, cheaper) > probability(1, price))[possible].all()


def test_base_rates_are_shares_of_the_other_crises(record):
    case, setting, _ = record
    requests = requests_of(case, setting)
    scores = base_rate_scores(requests)
    assert np.isnan(scores[requests.chosen < 0]).all()
    assert (scores[requests.chosen >= 0] < 0).all()


@pytest.mark.slow
def test_patron_first_sums_over_what_the_patron_may_have_done():
    setting = order(crises=4, powers=2, seed=1)
    x = np.asarray(setting.covariates).copy()
    x[:2, 0, list(COVARIATES).index("patron")] = 1
    setting = replace(setting, covariates=jnp.asarray(x))
    np.testing.assert_array_equal(first_mover(setting), [0, 0, -1, -1])
    seen = play(setting, plain_coefficients(setting), seed=2)
    values, coefficients = medians(combination("FR"), setting)
    found = Likelihood(setting, seen, True, "patron first", nodes=1, solved=1)(values, reading_of(seen)).responses
    games = crises_of(setting, coefficients)
    played = patron_first(games, jnp.asarray(first_mover(setting)))
    low, high = (jnp.asarray(a.reshape(4, 2)) for a in (seen.low, seen.high))
    np.testing.assert_allclose(found, log_likelihood_in_order(games, played, low, high), atol=1e-8)


def test_a_posterior_keeps_its_readings_and_order(tmp_path):
    import xarray as xr
    from test_scoring import posterior

    from made_posteriors import holding

    readings = xr.Dataset({"elpd": (("reading", "crisis"), np.zeros((1, 6)))}, coords={"reading": [AS_CODED]})
    before = replace(holding(posterior(), readings=readings), order="patron first")
    save_posterior(before, tmp_path / "FR.patron-first.nc")
    after = load_posterior(tmp_path / "FR.patron-first.nc")
    assert after.order == "patron first"
    assert after.readings is not None
    assert after.readings["reading"].values.tolist() == [AS_CODED]
    assert after.forecast is None
