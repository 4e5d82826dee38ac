"""Fits whose scores or diagnostics are not what they should be: named, and the others are ranked as if they were alone."""

import math
from dataclasses import replace

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from buckpass.case.start import TEMPLATE
from buckpass.cli.main import app
from buckpass.evidence.comparing import NothingToCompare, compare
from buckpass.evidence.rankings import AS_CODED, readings_held
from buckpass.fitting.files import save_posterior, sealed
from buckpass.page.model_results import model_results
from made_posteriors import holding, posterior_of, prior_sites

EXPLANATIONS = ("LS", "NI", "IN", "BL", "RE", "VE", "FR")
NO_NUMBER = (math.nan, math.inf, -math.inf)


@pytest.fixture(scope="module")
def fits(toy):
    """Fits with scores under two readings of the record."""
    rng, made = np.random.default_rng(3), {}
    for name in EXPLANATIONS:
        one = posterior_of(toy, name, prior_sites(toy, name, 20))
        crises = one.score("crisis")
        shape = (2, len(crises))
        readings = one.scores.drop_vars(["elpd", "pareto_k", "is_exact"]).assign_coords(reading=[AS_CODED, "seen only"])
        readings = readings.assign(
            elpd=(("reading", "crisis"), rng.normal(-2, 0.3, shape)), pareto_k=(("reading", "crisis"), np.full(shape, 0.2)),
            is_out_of_sample=(("reading", "crisis"), np.zeros(shape, bool)),
        )  # fmt: skip
        made[name] = holding(
            one, readings=readings, scores=one.scores.assign(elpd=("crisis", rng.normal(-2, 0.3, shape[1])))
        )
    return made


def other_crises(rng, fit):
    n = fit.scores.sizes["crisis"]
    how = rng.integers(3)
    if how == 0:
        return holding(fit, scores=fit.scores.isel(crisis=slice(0, n - 1)))
    if how == 1:
        return holding(fit, scores=fit.scores.isel(crisis=slice(None, None, -1)))
    return holding(fit, scores=fit.scores.assign_coords(crisis=[f"elsewhere_{k}" for k in range(n)]))


def no_score(rng, fit):
    elpd = fit.score("elpd").copy()
    elpd[rng.integers(len(elpd), size=rng.integers(1, len(elpd) + 1))] = rng.choice(NO_NUMBER)
    return holding(fit, scores=fit.scores.assign(elpd=("crisis", elpd)))


def no_crisis(rng, fit):
    return holding(fit, scores=fit.scores.isel(crisis=slice(0, 0)))


def no_diagnostics(rng, fit):
    name = str(rng.choice(["rhat_max", "ess_bulk_min", "ess_tail_min", "divergences"]))
    return replace(fit, diagnostics=replace(fit.diagnostics, **{name: math.nan}))


def no_score_in_a_reading(rng, fit):
    elpd = fit.readings["elpd"].values.copy()
    elpd[1, rng.integers(elpd.shape[1])] = rng.choice(NO_NUMBER)
    return holding(fit, readings=fit.readings.assign(elpd=(("reading", "crisis"), elpd)))


WRONG = (other_crises, no_score, no_crisis, no_diagnostics)


@pytest.mark.parametrize("count", [40, pytest.param(150, marks=pytest.mark.slow)])
def test_what_cannot_be_ranked_is_named_and_the_others_go_on(toy, fits, count):
    rng = np.random.default_rng(count)
    for _ in range(count):
        damaged = {str(e) for e in rng.choice(EXPLANATIONS, size=int(rng.integers(0, 4)), replace=False)}
        mixed = {e: WRONG[rng.integers(len(WRONG))](rng, p) if e in damaged else p for e, p in fits.items()}
        found = compare(toy, mixed)
        alone = compare(toy, {e: p for e, p in fits.items() if e not in damaged})
        assert found.failed.keys() == damaged
        assert all(reasons and all(reasons) for reasons in found.failed.values())
        assert found.ranking().frame.equals(alone.ranking().frame)
        assert found.readings().frame.equals(alone.readings().frame)


def test_a_reading_that_one_fit_does_not_score_ranks_the_others(toy, fits):
    rng = np.random.default_rng(5)
    mixed = fits | {"FR": no_score_in_a_reading(rng, fits["FR"])}
    table = compare(toy, mixed).readings()
    ranked = table.frame.filter(table.frame["reading"] == "seen only")["id"].to_list()
    assert set(ranked) == set(EXPLANATIONS) - {"FR"}
    assert "FR is left out" in table.note
    assert "FR" in compare(toy, mixed, reading="seen only").failed
    assert readings_held(mixed) == (AS_CODED, "seen only")


def test_where_none_can_be_ranked_each_reason_is_said(toy, fits):
    rng = np.random.default_rng(6)
    with pytest.raises(NothingToCompare, match="FR: its fit has no score of"):
        compare(toy, {"FR": no_score(rng, fits["FR"]), "LS": no_diagnostics(rng, fits["LS"])})


def test_the_page_names_them_too(toy, fits):
    rng = np.random.default_rng(7)
    found = model_results(toy, {"FR": no_score(rng, fits["FR"]), "LS": no_diagnostics(rng, fits["LS"])}, 4)
    assert found.refusal
    assert all(fit.reasons for fit in found.fits)


def strings_for_diagnostics(rng, file):
    said = '{"rhat_max": "1.0", "ess_bulk_min": [], "ess_tail_min": null, "divergences": "none", "worst": 3}'
    file["posterior"].attrs["diagnostics"] = said


def a_score_that_is_none(rng, file):
    file["scores/elpd"][0] = np.nan


@pytest.mark.parametrize("wrong", [strings_for_diagnostics, a_score_that_is_none])
def test_a_folder_with_one_such_file_is_compared_without_it(toy, tmp_path, wrong):
    rng = np.random.default_rng(8)
    for name in ("LS", "NI"):
        save_posterior(posterior_of(toy, name, prior_sites(toy, name, 20)), tmp_path / f"{name}.nc")
    with h5py.File(tmp_path / "NI.nc", "r+") as file:
        wrong(rng, file)
    (tmp_path / "NI.nc").write_bytes(sealed((tmp_path / "NI.nc").read_bytes()))
    result = CliRunner().invoke(app, ["compare", str(TEMPLATE), "--posteriors", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "NI is not ranked" in result.stderr
