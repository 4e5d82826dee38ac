"""Rankings under other readings, prior sensitivity: what is held is shown, what is not is refused."""

import numpy as np
import pytest
import xarray as xr

from buckpass.evidence.comparing import compare
from buckpass.evidence.gathered import Gathered
from buckpass.evidence.power_scaling import PowerScaling, power_scaling
from buckpass.evidence.rankings import AS_CODED, NoSuchReading, readings_held, scores_under, side_by_side
from buckpass.fitting.posterior import Diagnostics, Posterior, held
from drawn import prior_posterior
from made_posteriors import holding


def scored(case, name, best_when):
    """A posterior of even scores, a nat better in the reading named, which does not see the last crisis."""
    one = prior_posterior(case, name)
    crises = list(one.scores["crisis"].values)
    rng = np.random.default_rng(len(name))
    noise = rng.normal(0, 0.01, (2, len(crises)))
    better = np.array([best_when == "as coded", best_when == "seen only"], float)[:, None]
    elpd = -2 + noise + better
    unseen = np.zeros((2, len(crises)), bool)
    unseen[1, -1] = True
    readings = xr.Dataset(
        {"elpd": (("reading", "crisis"), elpd), "pareto_k": (("reading", "crisis"), np.full(elpd.shape, 0.8)),
         "is_out_of_sample": (("reading", "crisis"), unseen)},
        coords={"reading": [AS_CODED, "seen only"], "crisis": crises},
    )  # fmt: skip
    return holding(one, scores=one.scores.assign(elpd=("crisis", elpd[0])), readings=readings)


@pytest.fixture(scope="module")
def fits(toy):
    return {"NI": scored(toy, "NI", "as coded"), "LS": scored(toy, "LS", "seen only")}


def test_a_reading_reranks(toy, fits):
    assert compare(toy, fits).comparison.ids[0] == "NI"
    assert compare(toy, fits, reading="seen only").comparison.ids[0] == "LS"


def test_regressions_stand_beside_the_record_as_coded_alone(toy, fits, monkeypatch):
    """They were scored on it: a base of wider bands was said to predict 126 nats better."""
    given = []
    monkeypatch.setattr(
        "buckpass.evidence.comparing.nested_answer", lambda case, scores, posteriors, kept: given.append(kept)
    )
    kept = Gathered(baselines={"a": None}, cells={"NI": None}, theatres={"NI": {}})  # pyright: ignore[reportArgumentType]
    for reading in (AS_CODED, "seen only"):
        _ = compare(toy, fits, reading=reading, kept=kept).nested
    assert given == [kept, Gathered(theatres={"NI": {}})]


def test_one_fit_by_itself_is_best_of_nothing(toy, fits):
    as_coded = holding(fits["NI"], readings=fits["NI"].groups.dataset("readings").isel(reading=[0]))
    wide = side_by_side(toy, {"NI": as_coded, "LS": fits["LS"]})
    best = dict(wide.frame.select("reading", "best").iter_rows())
    assert best[AS_CODED] == "NI"
    assert best["seen only"] is None


def test_every_reading_is_in_the_table_and_a_crisis_that_the_fit_did_not_see_is_not_counted(toy, fits):
    table = compare(toy, fits).readings().frame
    assert set(table["reading"]) >= {AS_CODED, "seen only"}
    n = {r["reading"]: r["n"] for r in table.iter_rows(named=True)}
    assert n["seen only"] == n[AS_CODED] - 1
    assert table.filter(table["reading"] == "seen only")["doubtful"].to_list() == [n["seen only"]] * 2


def test_a_reading_that_was_not_made_names_those_there_are(toy, fits):
    with pytest.raises(NoSuchReading, match="seen only"):
        scores_under(fits["NI"], "doubt +1")
    assert readings_held({"NI": prior_posterior(toy, "NI")}) == (AS_CODED,)


def normal(log_prior, log_likelihood, draws):
    """A posterior of a normal mean with its two densities at every draw."""
    data = xr.Dataset({"stake.level": (("chain", "draw"), draws)})
    lik = xr.DataArray(log_likelihood[..., None], dims=("chain", "draw", "crisis"), coords={"crisis": ["k"]})
    prior = xr.DataArray(log_prior[..., None], dims=("chain", "draw", "term"), coords={"term": ["m"]})
    groups = held(data, lik, xr.Dataset(), log_prior=prior)
    return Posterior("LS", "made", "abc", 1, groups, Diagnostics(1.0, 900, 900, 0, ""))


def test_a_number_that_only_the_priors_move_is_said_to_have_a_weak_likelihood():
    draws = np.random.default_rng(0).normal(0, 1, (4, 500))
    found = power_scaling(draws.ravel(), normal(-0.5 * draws**2, np.zeros_like(draws), draws))
    assert found.diagnosis == "weak likelihood"
    assert found.likelihood == pytest.approx(0.0, abs=0.01)


def test_a_number_that_the_record_settles_leans_on_nothing():
    draws = np.random.default_rng(0).normal(0, 0.1, (4, 500))
    found = power_scaling(draws.ravel(), normal(-0.5 * (draws / 10) ** 2, -0.5 * (draws / 0.1) ** 2, draws))
    assert found.diagnosis == "none"
    assert found.likelihood > 0.05


def test_a_prior_far_from_the_record_is_a_conflict():
    draws = np.random.default_rng(0).normal(2.5, 0.7, (4, 500))
    found = power_scaling(draws.ravel(), normal(-0.5 * draws**2, -0.5 * (draws - 5) ** 2, draws))
    assert found.diagnosis == "prior-data conflict"


def test_a_number_that_an_explanation_fixes_does_not_vary():
    assert power_scaling(np.zeros(10), prior_free()).diagnosis == "does not vary"
    assert PowerScaling(0.01, 0.5).diagnosis == "none"


def prior_free():
    draws = np.zeros((1, 10))
    return normal(draws, draws, draws)
