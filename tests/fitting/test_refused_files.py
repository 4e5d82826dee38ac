"""What is said of fits that are not there, or of another case: the command in it fits what was asked for, and spoils nothing."""

import shutil
from dataclasses import replace

import pytest

from buckpass.case import load_case
from buckpass.case.problems import clip
from buckpass.fitting.files import fit_command, load_posteriors, posterior_file, save_posterior
from buckpass.fitting.fitting import FitPlan, fit
from buckpass.fitting.posterior import PosteriorFileError
from buckpass.fitting.stamp import stamp_of
from buckpass.model.observations import Coding
from buckpass.predict.which_fits import NoUsablePosterior, basis_for
from made_posteriors import posterior_of, prior_sites


@pytest.fixture(scope="module")
def fit_of_toy(toy):
    return posterior_of(toy, "base", prior_sites(toy, "base", 4))


@pytest.fixture
def fitted(fit_of_toy, tmp_path):
    """A folder with one fit of the toy record."""
    save_posterior(fit_of_toy, tmp_path / "base.nc")
    return tmp_path


def refusal(ask, kind=PosteriorFileError) -> str:
    with pytest.raises(kind) as refused:
        ask()
    return str(refused.value)


@pytest.mark.parametrize("ref", ["western-balkans", "a folder"])
def test_fits_of_another_case_are_called_that_and_no_command_overwrites_them(toy, fitted, tmp_path, ref):
    asked = load_case("western-balkans")
    if ref == "a folder":
        shutil.copytree(asked.folder, tmp_path / "mine", ignore=shutil.ignore_patterns("posteriors"))
        asked = load_case(tmp_path / "mine")
    said = refusal(lambda: load_posteriors(asked, fitted))
    assert f"base.nc was fitted to {toy.id}, another case" in said
    assert "another version" not in said
    assert "--force" not in said
    assert f"-o {fitted}`" not in said
    assert str(asked.folder / "posteriors") in said  # where its own are, or go


def test_fits_of_another_case_are_not_taken_up_and_no_force_is_advised(toy, fitted):
    said = refusal(lambda: fit(load_case("western-balkans"), fitted, FitPlan(("base",)), resume=True))
    assert (
        f"base.nc in {clip(fitted)} was fitted to {toy.id}, another case than western-balkans: fit into another folder"
        in said
    )
    assert "--force" not in said


def test_fits_of_the_case_before_it_was_edited_are_another_version_of_it(toy, fit_of_toy, tmp_path):
    save_posterior(replace(fit_of_toy, case_hash="f" * 64), tmp_path / "base.nc")
    said = refusal(lambda: load_posteriors(toy, tmp_path))
    assert f"was fitted to another version of {toy.id}" in said
    assert "--force`" in said


def test_no_command_fits_into_the_folder_of_another_case(toy):
    theirs = load_case("western-balkans").folder / "posteriors"
    assert str(theirs) not in fit_command(toy, theirs)
    assert str(theirs) not in refusal(lambda: load_posteriors(toy, theirs, order="patron first")).partition("fit it")[2]


def test_the_command_keeps_the_order_that_was_asked_for_and_overwrites_nothing_else(toy, fitted):
    said = refusal(lambda: load_posteriors(toy, fitted, order="patron first"))
    assert "--order 'patron first'" in said
    assert "--force" not in said


@pytest.mark.parametrize("order", ["simultaneous", "patron first"])
def test_of_an_explanation_that_was_not_fitted_the_command_is_given(toy, tmp_path, order):
    made = posterior_of(toy, "FR", prior_sites(toy, "FR", 4))
    made = replace(made, order=order, stamp=stamp_of(toy, "FR", Coding(), order))
    save_posterior(made, tmp_path / posterior_file("FR", order))
    said = refusal(lambda: basis_for(toy, tmp_path, "FR+BL", order), NoUsablePosterior)
    assert fit_command(toy, tmp_path, ("FR+BL",), order) in said
    assert "--explanation FR+BL" in said
    assert "--force" not in said


def test_where_nothing_is_fitted_the_command_fits_what_was_asked_for(toy, tmp_path):
    said = refusal(lambda: basis_for(toy, tmp_path, "FR+BL", "patron first"))
    assert "--explanation FR+BL --order 'patron first'" in said
