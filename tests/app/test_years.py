"""The years ahead in the dashboard: the baseline's store gives back what was played, and a damaged one is made again."""

from dataclasses import replace

import numpy as np
import pytest
from prior_fits import prior_fit

from buckpass.app.links import usable
from buckpass.app.years import table_of
from buckpass.case import load_case
from buckpass.fitting.files import load_posteriors
from buckpass.page.chapters.decades import fan_figure
from buckpass.predict.which_fits import best_first
from buckpass.years import Plan, baseline
from buckpass.years.baseline import HISTORIES as HISTORIES_KEPT
from buckpass.years.baseline import YEARS, _known_by, play, stored
from buckpass.years.run import simulate

HISTORIES = 16


@pytest.fixture(scope="module")
def fits(small_case):
    return {"FR": prior_fit(small_case, "FR")}


@pytest.mark.slow
def test_the_store_gives_back_what_was_played(small_case, fits, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert stored(small_case, fits, HISTORIES) is None
    played = play(small_case, fits, (), HISTORIES)
    (store,) = (tmp_path / "buckpass" / "years").iterdir()
    kept = play(small_case, fits, (), HISTORIES)
    for name, numbers in played.summary.items():
        assert list(kept.summary[name].axes) == list(numbers.dims)
        assert np.array_equal(kept.summary[name].values, numbers.values, equal_nan=True), name
    axes = played.summary["burden"].dims
    assert {a: kept.summary[a].values.tolist() for a in axes} == {a: played.summary[a].values.tolist() for a in axes}
    assert kept.summary.attrs == played.summary.attrs
    assert fan_figure(small_case, kept, "burden").alt_text == fan_figure(small_case, played, "burden").alt_text
    with monkeypatch.context() as other:
        other.setattr(baseline, "program_files", list)
        assert stored(small_case, fits, HISTORIES) is None, "what another program played"
    store.write_bytes(b"no store")
    assert play(small_case, fits, (), HISTORIES).summary.equals(played.summary)
    assert len(list((tmp_path / "buckpass" / "years").iterdir())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["central-asia", "western-balkans"])
def test_the_years_that_come_with_a_case_are_those_that_would_be_played(name):
    case = load_case(name)
    fits = best_first(load_posteriors(case))
    kept = stored(case, fits)
    assert kept is not None, "`make years` plays them anew"
    again = simulate(case, fits, (), Plan(years=YEARS, histories=HISTORIES_KEPT))
    for measure, numbers in again.summary.items():  # a draw at a threshold falls otherwise on another machine
        np.testing.assert_allclose(kept.summary[measure].values, numbers.values, atol=5e-3, err_msg=str(measure))


def test_years_of_another_model_are_not_these(small_case, fits):
    plan = Plan(years=5, histories=HISTORIES)
    other = {"FR": replace(fits["FR"], stamp=fits["FR"].stamp | {"priors": {}})}
    assert _known_by(small_case, fits, plan) == _known_by(small_case, dict(fits), plan)
    moved = {"FR": fits["FR"].thin(2)}
    assert len({_known_by(small_case, one, plan) for one in (fits, other, moved)}) == 3


@pytest.mark.slow
def test_a_scenario_stands_beside_its_baseline_and_is_not_kept(small_case, fits, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = play(small_case, fits, ("AAA.capacity=0.5x",), HISTORIES)
    assert list(found.summary["run"].values) == ["baseline", "scenario", "difference"]
    table = table_of(found, "burden", "title", "note").frame
    assert table.height == found.summary["burden_mean"].size
    for run, year, power, mean, low, high in table.filter(year=table["year"].max()).iter_rows():
        there = found.summary.sel(run=run, year=year, power=power)
        assert mean == float(there["burden_mean"])
        assert (low, high) == tuple(float(there["burden"].sel(quantile=q)) for q in (0.05, 0.95))
    assert not (tmp_path / "buckpass").exists()
    assert "grey: baseline" in fan_figure(small_case, found, "burden").note


def test_what_the_years_cannot_use_is_left_out_in_words(small_case):
    held = f"AAA.force@{small_case.organisations[0]}=5"
    kept, problems = usable(small_case, ("AAA.capacity=0.5x", held, "AAA.capacity=never"))
    assert kept == ("AAA.capacity=0.5x",)
    assert len(problems) == 2
    assert "AAA.force" in problems[0]
