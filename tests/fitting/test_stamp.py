"""A posterior knows its model: what differs from the model installed is refused in one sentence that says what to do."""

import json
import math
import pickle
import re
import shlex
import shutil
import sys
import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from buckpass.case import load_case
from buckpass.case.start import TEMPLATE
from buckpass.cli.main import app
from buckpass.fitting.files import load_posterior, load_posteriors, posteriors_or_none, save_posterior, sealed
from buckpass.fitting.fitting import FitPlan, fit
from buckpass.fitting.posterior import Posterior, PosteriorFileError
from buckpass.fitting.sampling import NutsSettings
from buckpass.fitting.stamp import differences, stamp_hash, stamp_of
from buckpass.model.observations import Coding
from drawn import prior_posterior

TERMS, MECHANISMS = (sys.modules[f"buckpass.model.{name}"] for name in ("terms", "mechanisms"))
FILES = {
    name: resources.files("buckpass.model").joinpath(name).read_text("utf-8")
    for name in ("mechanisms.toml", "terms.toml")
}
PRICE = FILES["terms.toml"][FILES["terms.toml"].index('["unasked"]') :].split("reason")[0]
QUICK = NutsSettings(chains=2, warmup=60, draws=25)
ROOT = Path(__file__).parents[2]


def without_trade(text):
    """Trade moved from low stakes to incapacity."""
    moved = text.replace('"stake.border", "stake.trade"', '"stake.border"')
    return moved.replace('terms = ["cost.busy"]', 'terms = ["cost.busy", "stake.trade"]')


def toy_case():
    """A toy case read anew: what was worked out of another under another model is not kept."""
    return load_case(TEMPLATE)


@pytest.fixture
def fits(toy, tmp_path):
    """A folder with made posteriors of the toy case."""
    for name in ("LS", "FR", "base"):
        save_posterior(prior_posterior(toy, name), tmp_path / f"{name}.nc")
    return tmp_path


@pytest.fixture
def edited(monkeypatch):
    """Changes the text of the data files of the model, as an editor would."""

    def edit(name, change):
        texts = FILES | {name: change(FILES[name])}
        assert texts != FILES
        for module in (TERMS, MECHANISMS):
            monkeypatch.setattr(module, "model_file", lambda file: texts[file].encode())
        forget()

    yield edit
    monkeypatch.undo()
    forget()


def forget():
    for kept in (TERMS._terms, MECHANISMS._content, MECHANISMS.mechanisms, MECHANISMS._combination):
        kept.cache_clear()


def refusal(folder, case=None, **how) -> str:
    with pytest.raises(PosteriorFileError) as refused:
        load_posteriors(case or toy_case(), folder, **how)
    said = str(refused.value)
    assert "\n" not in said
    assert "buckpass fit" in said
    return said


def test_what_was_fitted_with_the_model_installed_is_used(fits):
    assert set(load_posteriors(toy_case(), fits)) == {"LS", "FR", "base"}


def test_a_term_more_is_refused(fits, edited):
    edited(
        "mechanisms.toml",
        lambda text: text.replace('terms = ["stake.border"', 'terms = ["cost.busy", "stake.border"'),
    )
    said = refusal(fits)
    assert said.startswith("LS.nc was fitted with another model")
    assert "explanation (cost.busy is free now)" in said
    assert "FR" not in said


def test_a_term_less_is_refused(fits, edited):
    edited("mechanisms.toml", without_trade)
    assert "explanation (stake.trade is free no more)" in refusal(fits)


def test_another_prior_is_refused_for_every_explanation_that_has_it(fits, edited):
    edited("terms.toml", lambda text: text.replace('cheaper"', 'cheap"').replace(PRICE, PRICE.replace("2.0", "1.0")))
    said = refusal(fits)
    assert "priors (unasked)" in said
    assert "likewise)" in said


def test_a_covariate_that_says_something_else_is_refused_where_it_is_used(fits, monkeypatch):
    from buckpass.game.covariates import COVARIATES

    monkeypatch.setitem(COVARIATES, "spill", lambda case, crisis, power: 1.0 - crisis["severity"])
    said = refusal(fits)
    assert said.startswith("LS.nc")
    assert "covariates (spill)" in said
    assert "FR" not in said


def test_a_covariate_in_another_unit_is_refused(fits, monkeypatch):
    from buckpass.game.covariates import COVARIATES

    in_kilometres = COVARIATES["trade"]
    monkeypatch.setitem(COVARIATES, "trade", lambda *of: None if (x := in_kilometres(*of)) is None else 2 * x)
    assert "covariates (trade)" in refusal(fits)


def test_a_covariate_that_is_no_longer_standardised_is_refused(fits, monkeypatch):
    monkeypatch.setattr("buckpass.game.covariates.CONTINUOUS", frozenset({"distance", "capacity", "opinion"}))
    assert "covariates (trade)" in refusal(fits)


def test_a_game_that_the_record_gives_otherwise_is_refused(fits, monkeypatch):
    monkeypatch.setattr("buckpass.game.setting.chance_to_pass", lambda case, row, vehicle: 0.5)
    assert "game (" in refusal(fits)


def test_a_record_read_otherwise_is_refused(fits, monkeypatch):
    observations = sys.modules["buckpass.model.observations"]
    usual = observations._informative
    monkeypatch.setattr(observations, "_informative", lambda *of: usual(*of)[1:])
    assert "coding (bands)" in refusal(fits)


def test_another_order_of_moves_is_refused(fits, toy):
    one = prior_posterior(toy, "FR")
    led = replace(one, order="patron first", stamp=stamp_of(toy, "FR", Coding(), "patron first"))
    save_posterior(led, fits / "FR.nc")
    assert "order (moves patron first, now simultaneous)" in refusal(fits)
    shutil.move(fits / "FR.nc", fits / "FR.patron-first.nc")
    assert load_posteriors(toy_case(), fits, order="patron first")["FR"].order == "patron first"
    save_posterior(one, fits / "FR.patron-first.nc")
    assert "--order 'patron first'" in refusal(fits, order="patron first")


def test_a_file_under_the_name_of_another_explanation_is_refused(fits):
    shutil.copy(fits / "FR.nc", fits / "LS.nc")
    assert "under another explanation (FR)" in refusal(fits)


def test_a_file_without_a_stamp_is_refused(fits):
    with h5py.File(fits / "FR.nc", "r+") as file:
        del file["posterior"].attrs["stamp"]
    (fits / "FR.nc").write_bytes(sealed((fits / "FR.nc").read_bytes()))
    assert "no stamp" in refusal(fits)
    assert load_posterior(fits / "FR.nc").stamp == {}
    with pytest.raises(PosteriorFileError, match="no stamp"):
        load_posterior(fits / "FR.nc", toy_case())


def test_fits_of_different_readings_are_not_set_side_by_side(fits, toy):
    coding = Coding(doubt=1)
    one = prior_posterior(toy, "LS")
    settings = {"coding": {"bases": list(coding.bases), "doubt": 1, "without": []}}
    wider = replace(one, settings=settings, stamp=stamp_of(toy, "LS", coding))
    save_posterior(wider, fits / "LS.nc")
    assert "different readings" in refusal(fits)
    for name in ("FR", "base"):
        (fits / f"{name}.nc").unlink()
    assert load_posteriors(toy_case(), fits)["LS"].stamp["coding"]["doubt"] == 1


def test_neither_order_nor_format_of_the_data_files_changes_a_stamp(edited):
    case = toy_case()
    before = [stamp_of(case, name, Coding()) for name in ("LS", "all")]

    def shuffled(text):
        content = tomllib.loads(text)
        for entry in content["mechanism"]:
            entry["terms"] = entry["terms"][::-1]
            entry["says"] += " (in other words)"
        rows = [f"base = {json.dumps(content['base'][::-1])}"]
        for entry in content["mechanism"][::-1]:
            rows += ["\n[[mechanism]]", *(f"{k}={json.dumps(v)}" for k, v in reversed(entry.items()))]
        return "\n".join(rows)

    def reformatted(text):
        tables = re.split(r"\n(?=\[)", text)[1:]
        return (
            "\n\n".join(reversed(tables))
            .replace("sd = 2.0", "sd   = 2")
            .replace("reason = ", 'reason = "" # ')
            .replace("2e0", "2")
        )

    edited("mechanisms.toml", shuffled)
    assert [stamp_of(case, name, Coding()) for name in ("LS", "all")] == before
    edited("terms.toml", reformatted)
    after = [stamp_of(toy_case(), name, Coding()) for name in ("LS", "all")]
    assert after == before
    assert [stamp_hash(s) for s in after] == [stamp_hash(s) for s in before]


def test_the_order_of_options_does_not_change_a_stamp(toy):
    one, two = (
        Coding(bases=b, without=w) for b, w in ((("seen", "recalled"), ("a", "b")), (("recalled", "seen"), ("b", "a")))
    )
    assert stamp_of(toy, "FR", one) == stamp_of(toy, "FR", two)


def test_stamps_of_different_models_differ_and_say_where(toy):
    stamps = {name: stamp_of(toy, name, Coding()) for name in ("FR", "LS", "NI")}
    assert len({stamp_hash(s) for s in stamps.values()}) == 3
    assert differences(stamps["FR"], stamps["FR"]) == []
    (only,) = differences(stamps["FR"], stamps["NI"])
    assert only == "explanation (norm is free now, kappa is free no more)"


def commands(said):
    return [shlex.split(words) for words in re.findall(r"`(buckpass [^`]*)`", said)]


@pytest.mark.slow
def test_the_command_of_a_refusal_is_accepted(fits, edited, monkeypatch, tmp_path):
    """Of the case's own folder, of a bundled case in the user's, and of one that has no fits at all."""
    edited("mechanisms.toml", without_trade)
    monkeypatch.setattr(sys.modules["buckpass.fitting.fitting"], "fit", lambda *of, **how: {})
    monkeypatch.setattr("buckpass.evidence.studies.gathering.gather", lambda *of, **how: None)
    monkeypatch.chdir(tmp_path)
    said = [refusal(fits), refusal(None, load_case("western-balkans"), names=["LS"]), refusal(tmp_path / "none")]
    for one in said:
        (words,) = commands(one)
        result = CliRunner().invoke(app, words[1:])
        assert result.exit_code == 0, (words, result.output)


def test_a_folder_that_is_not_there_is_not_a_case_without_fits(toy, tmp_path):
    with pytest.raises(PosteriorFileError, match="no folder"):
        posteriors_or_none(toy, tmp_path / "nowhere")
    assert posteriors_or_none(toy) is None


@pytest.fixture(scope="module")
def fitted(toy, tmp_path_factory):
    """A quick fit of the toy case, in its folder."""
    folder, told = tmp_path_factory.mktemp("fitted"), []
    posteriors = fit(toy, folder, FitPlan(("base",), nuts=QUICK), along=lambda fits, total: told.append(total) or fits)
    assert list(posteriors) == ["base"]
    assert told == [1]
    return folder


@pytest.mark.slow
def test_a_fit_is_kept_on_resume_and_any_difference_is_refused(toy, fitted, tmp_path, monkeypatch):
    plan = FitPlan(("base",), nuts=QUICK)
    shutil.copy(fitted / "base.nc", tmp_path)
    kept = fit(toy, tmp_path, plan, resume=True)["base"]
    level = kept.flat()["stake.level"]
    assert kept.stamp == stamp_of(toy, "base", Coding())
    others = {
        "coding (bands, doubt 0, now 1)": replace(plan, coding=Coding(doubt=1)),
        "sampler (seed 20240620, now 7)": replace(plan, nuts=replace(QUICK, seed=7)),
        "readings (scored False, now True)": replace(plan, readings=True),
    }
    before = (tmp_path / "base.nc").read_bytes()
    for said, other in others.items():
        with pytest.raises(PosteriorFileError, match=re.escape(said)):
            fit(toy, tmp_path, other, resume=True)
    assert (tmp_path / "base.nc").read_bytes() == before
    again = fit(toy, tmp_path, others["sampler (seed 20240620, now 7)"], resume=True, again=True)["base"]
    assert again.seed == 7
    (tmp_path / "base.nc").write_bytes(b"damaged")
    mended = fit(toy, tmp_path, plan, resume=True)["base"]
    np.testing.assert_allclose(mended.flat()["stake.level"], level, rtol=1e-6)


@pytest.mark.slow
def test_every_bundled_posterior_is_of_the_model_installed():
    for name in ("central-asia", "western-balkans"):
        assert {"base", "all", "FR"} <= set(load_posteriors(load_case(name)))


def _bundled_fits():
    """One fit without the game's interaction, one with, and all of them in the slow suite; every other in the exhaustive one."""
    for name in ("central-asia", "western-balkans"):
        for path in sorted((ROOT / "src/buckpass/cases" / name / "posteriors").glob("*.nc")):
            mark = pytest.mark.slow if path.stem in {"base", "FR", "all"} else pytest.mark.exhaustive
            yield pytest.param(name, path.stem, marks=mark)


@pytest.mark.parametrize(("name", "stem"), list(_bundled_fits()))
def test_the_draws_of_a_bundled_posterior_score_as_they_did(monkeypatch, name, stem):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from restamp import TOLERANCE, off_by

    case = load_case(name)
    assert off_by(case, load_posterior(case.folder / "posteriors" / f"{stem}.nc"), 4) < TOLERANCE


@pytest.fixture(params=["memory", "file", "pickled"])
def kept_where(request, toy, tmp_path) -> Posterior:
    """One posterior in memory, in a file, and as a worker gets it."""
    one = prior_posterior(toy, "FR")
    if request.param == "memory":
        return one
    save_posterior(one, tmp_path / "FR.nc")
    stored = load_posterior(tmp_path / "FR.nc")
    if request.param == "file":
        return stored
    sent = pickle.dumps(stored)
    (tmp_path / "FR.nc").unlink()
    return pickle.loads(sent)


def test_a_posterior_can_be_thinned_changed_and_sent_wherever_it_is_kept(kept_where, toy):
    whole = prior_posterior(toy, "FR")
    assert type(kept_where) is Posterior
    assert kept_where.stamp == whole.stamp
    thin = kept_where.thin(5)
    assert thin.n_draws == 5
    np.testing.assert_allclose(thin.flat()["kappa"], whole.flat(5)["kappa"], rtol=1e-6)
    assert thin.log_likelihood.sizes["draw"] == 5
    changed = replace(kept_where, seed=3)
    assert (changed.seed, kept_where.seed) == (3, 1)
    np.testing.assert_allclose(changed.flat()["cost.power"], whole.flat()["cost.power"], rtol=1e-6)
    again = pickle.loads(pickle.dumps(changed.thin(5)))
    assert again.stamp == whole.stamp
    np.testing.assert_allclose(again.flat()["kappa"], thin.flat()["kappa"])
    assert again.elpd == pytest.approx(whole.elpd)
    assert math.isfinite(kept_where.elpd)
    assert kept_where.readings is None is kept_where.forecast


@pytest.mark.parametrize(
    "verb", [("claims",), ("compare",), ("report", "-o", "page.html"), ("solve", "dalen_2016"), ("diff", str(TEMPLATE))]
)
def test_every_verb_refuses_a_folder_of_posteriors_that_is_not_there(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name, *rest = verb
    option = "--posteriors-a" if name == "diff" else "--posteriors"
    case = shutil.copytree(TEMPLATE, tmp_path / "other")
    if name == "diff":
        (case / "crises.csv").write_text((case / "crises.csv").read_text("utf-8").replace("2005-", "2006-"), "utf-8")
    result = CliRunner().invoke(app, [name, str(case), *rest, option, "nowhere"])
    assert result.exit_code == 2, result.output
    assert "no folder" in result.stderr
    assert not (tmp_path / "page.html").exists()
