"""The power study: resumed to the same bytes, refused where it is another, and the quick fit against a closed form."""

import json
from dataclasses import replace

import numpy as np
import pytest

from buckpass.evidence.studies.power_study import BUNDLED, PowerStudyError, bundled_power_study, power_study, score_task
from buckpass.fit.laplace import Quadratic, leave_one_out_by_curvature
from drawn import prior_posterior

NAMES = ("NI", "LS", "VE")


@pytest.fixture(scope="module")
def fits(toy):
    return {e: prior_posterior(toy, e, n_draws=4) for e in NAMES}


def made_up(work, shared, tasks):
    """Scores that depend on the task alone, in place of fits that take seconds."""
    assert work is score_task
    for task in tasks:
        rng = np.random.default_rng([*task.file.encode()])
        yield task, (rng.normal(-2, 0.1, 6) + (task.fitted == task.truth)).tolist()


def stopped_after(count):
    def spread(work, shared, tasks):
        for n, one in enumerate(made_up(work, shared, tasks)):
            if n == count:
                raise KeyboardInterrupt
            yield one

    return spread


def everything_in(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_a_stopped_study_goes_on_to_the_same_bytes(toy, fits, tmp_path):
    whole = power_study(toy, fits, tmp_path / "whole", replications=2, spread=made_up)
    with pytest.raises(KeyboardInterrupt):
        power_study(toy, fits, tmp_path / "stopped", replications=2, spread=stopped_after(5))
    assert len(list((tmp_path / "stopped").glob("*-*.json"))) == 5
    resumed = power_study(toy, fits, tmp_path / "stopped", replications=2, spread=made_up)
    assert everything_in(tmp_path / "whole") == everything_in(tmp_path / "stopped")
    np.testing.assert_array_equal(whole.wins(), resumed.wins())


def test_the_truth_that_always_scores_best_wins_always(toy, fits, tmp_path):
    study = power_study(toy, fits, tmp_path, replications=2, spread=made_up)
    np.testing.assert_array_equal(study.wins(), np.eye(3))
    assert study.table().frame["lead"].min() > 0
    assert "3 records" not in study.table().note
    assert "2 records" in study.table().note


def test_a_folder_of_another_study_is_refused(toy, fits, tmp_path):
    power_study(toy, fits, tmp_path, replications=1, spread=made_up)
    with pytest.raises(PowerStudyError, match="another record, seed or set of fits"):
        power_study(toy, fits, tmp_path, replications=1, seed=1, spread=made_up)


def test_a_damaged_fit_is_named(toy, fits, tmp_path):
    power_study(toy, fits, tmp_path, replications=1, spread=made_up)
    (tmp_path / "NI-000-LS.json").write_text("{")
    with pytest.raises(PowerStudyError, match="NI-000-LS"):
        power_study(toy, fits, tmp_path, replications=1, spread=made_up)


def test_a_bundled_study_comes_back_and_a_stale_one_says_so(toy, fits, tmp_path):
    study = power_study(toy, fits, tmp_path, replications=1, spread=made_up)
    case = replace(toy, folder=tmp_path)
    np.testing.assert_allclose(bundled_power_study(case).elpd, study.elpd, atol=1e-3)
    stale = json.loads((tmp_path / BUNDLED).read_text()) | {"case_hash": "f" * 64}
    (tmp_path / BUNDLED).write_text(json.dumps(stale))
    with pytest.raises(PowerStudyError, match="another version of its record"):
        bundled_power_study(case)
    (tmp_path / BUNDLED).unlink()
    with pytest.raises(PowerStudyError, match="no power study ships"):
        bundled_power_study(case)


def test_scores_by_curvature_are_exact_for_a_normal_mean():
    """y_i ~ N(m, 1), m ~ N(0, 1/τ): each log-likelihood is quadratic, so the leave-one-out density has a closed form."""
    y, precision = np.random.default_rng(1).normal(0.5, 1, 12), 0.1
    mode = y.sum() / (len(y) + precision)
    value = -0.5 * np.log(2 * np.pi) - 0.5 * (y - mode) ** 2
    quadratic = Quadratic((y - mode)[:, None], -np.ones((12, 1, 1)))
    found = leave_one_out_by_curvature(value, quadratic, quadratic, np.array([[-precision]]))
    left = len(y) - 1 + precision
    mean, variance = (y.sum() - y) / left, 1 + 1 / left
    np.testing.assert_allclose(
        found, -0.5 * np.log(2 * np.pi * variance) - 0.5 * (y - mean) ** 2 / variance, atol=1e-12
    )


@pytest.mark.slow
def test_a_real_study_of_the_toy_is_the_same_twice(toy, tmp_path):
    fits = {e: prior_posterior(toy, e, n_draws=4) for e in ("NI", "LS")}
    for name in ("a", "b"):
        power_study(toy, fits, tmp_path / name, replications=1)
    assert everything_in(tmp_path / "a") == everything_in(tmp_path / "b")
