"""A posterior is a stranger's input: whatever a file holds, it is used as it should be or refused in one sentence."""

import shutil
import time

import numpy as np
import pytest
from damaged_posteriors import IN_THE_FILE, damage, no_plain_file, rewrite
from typer.testing import CliRunner

from buckpass.case.start import TEMPLATE
from buckpass.cli.main import app
from buckpass.fitting.files import load_posteriors, save_posterior
from buckpass.fitting.posterior import GROUPS, PosteriorFileError
from made_posteriors import posterior_of, prior_sites

DRAWS = 30
SLOWEST = 5.0  # seconds


@pytest.fixture(scope="session")
def good(toy, tmp_path_factory):
    """A good file of the toy case."""
    sites = {
        term: draws.reshape(2, DRAWS, *draws.shape[2:]) for term, draws in prior_sites(toy, "FR", 2 * DRAWS).items()
    }
    path = tmp_path_factory.mktemp("good") / "FR.nc"
    save_posterior(posterior_of(toy, "FR", sites), path)
    return path


def used(case, folder):
    """Every group and number of the fit in the folder: none if it is refused, as it must be said; what the refusal says."""
    try:
        one = load_posteriors(case, folder)["FR"]
        shapes = {k: v.shape for k, v in one.flat().items()}
        _ = [one.groups.dataset(name) for name in GROUPS if name in one.groups]
        return one, shapes, [one.elpd, one.diagnostics.passed, one.thin(3).n_draws], ""
    except PosteriorFileError as refused:
        said = str(refused)
        assert "\n" not in said
        assert said.isprintable(), said
        assert len(said) < 1000
        assert "buckpass fit" in said
        return None, {}, [], said


def check(case, folder, said, may_pass, whole):
    begun = time.process_time()
    one, shapes, _, refusal = used(case, folder)
    assert time.process_time() - begun < SLOWEST, said
    assert may_pass or refusal, f"accepted: {said}"
    if one is not None:
        assert shapes == whole, said


def mutate(toy, good, tmp_path, seeds):
    path = tmp_path / "FR.nc"
    shutil.copy(good, path)
    _, whole, _, refusal = used(toy, tmp_path)
    assert whole, refusal
    for seed in seeds:
        rng = np.random.default_rng(seed)
        shutil.copyfile(good, path)
        said, may_pass = damage(rng, path)
        check(toy, tmp_path, f"seed {seed}, {said}", may_pass, whole)


@pytest.mark.slow
@pytest.mark.hostile
@pytest.mark.parametrize("part", range(3))
def test_damaged_files_are_refused_in_one_sentence(toy, good, tmp_path, part, tried):
    mutate(toy, good, tmp_path, range(100 * part, 100 * (part + 1)))
    tried("posteriors", 100)


@pytest.mark.slow
@pytest.mark.hostile
@pytest.mark.parametrize("part", range(4))
def test_up_to_a_thousand_damaged_files_are_refused_in_one_sentence(toy, good, tmp_path, part, tried):
    mutate(toy, good, tmp_path, range(300 + 175 * part, 300 + 175 * (part + 1)))
    tried("posteriors", 175)


def test_a_number_changed_by_another_program_is_refused(toy, good, tmp_path):
    import h5py

    shutil.copy(good, tmp_path / "FR.nc")
    with h5py.File(tmp_path / "FR.nc", "r+") as file:
        file["posterior/kappa"][0, 0] = 0.5
    assert "seal" in used(toy, tmp_path)[-1]


def test_a_sealed_file_is_still_one_for_other_readers(good):
    import xarray as xr

    read = xr.load_dataset(good, group="posterior", engine="h5netcdf")
    assert read["kappa"].dims == ("chain", "draw")


def test_what_is_no_plain_file_never_hangs(toy, good, tmp_path):
    for seed in range(20):
        folder = tmp_path / str(seed)
        folder.mkdir()
        shutil.copy(good, folder / "FR.nc")
        said = no_plain_file(np.random.default_rng(seed), folder / "FR.nc")
        check(toy, folder, said, False, {})


@pytest.mark.parametrize("target", ["nowhere", "RE.nc"])
def test_a_broken_link_among_good_fits_is_refused_not_passed_over(toy, good, tmp_path, target):
    shutil.copy(good, tmp_path / "FR.nc")
    (tmp_path / "RE.nc").symlink_to(tmp_path / target)
    assert used(toy, tmp_path)[-1].startswith("RE.nc")


@pytest.mark.parametrize("kind", sorted(IN_THE_FILE))
def test_a_refused_file_is_one_sentence_and_exit_2_on_the_command_line(good, tmp_path, kind):
    shutil.copy(good, tmp_path / "FR.nc")
    rewrite(np.random.default_rng(4), tmp_path / "FR.nc", kind)
    result = CliRunner().invoke(
        app, ["solve", str(TEMPLATE), "dalen_2016", "--posteriors", str(tmp_path), "--draws", "2"]
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    if result.exit_code:
        assert result.exit_code == 2
        assert result.stderr.startswith("FR.nc")
        assert result.stderr.count("\n") == 1
