"""The power study: what it draws, resumed to the same bytes, refused where it is another, numbers that it sums up right."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import mannwhitneyu

from buckpass.evidence.studies.power_study import (
    BUNDLED,
    PowerStudyError,
    PowerTask,
    _in_order,
    bundled_power_study,
    drawn_record,
    lengthened,
    power_study,
    profiled,
)
from buckpass.fitting.posterior import Diagnostics
from buckpass.game.setting import setting_of
from buckpass.model.observations import observations
from drawn import prior_posterior

PLAN = {"times": (1, 2), "replications": 3}


@pytest.fixture(scope="module")
def whole(toy):
    return prior_posterior(toy, "all", n_draws=4)


def made_up(work, shared, tasks):
    """Posteriors of the term that depend on the task alone: twice as long a record, half the sd."""
    assert work is profiled
    for task in tasks:
        rng = np.random.default_rng([*task.file.encode()])
        sd = 0.3 / task.times
        mean = task.value / 2 + rng.normal(0, sd / 10)
        yield task, {"mean": mean, "sd": sd, "low": mean - sd, "high": mean + sd, "reasons": []}


def stopped_after(count):
    def spread(work, shared, tasks):
        for n, one in enumerate(made_up(work, shared, tasks)):
            if n == count:
                raise KeyboardInterrupt
            yield one

    return spread


def everything_in(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_a_stopped_study_goes_on_to_the_same_bytes(toy, whole, tmp_path):
    one = power_study(toy, whole, tmp_path / "whole", spread=made_up, **PLAN)
    with pytest.raises(KeyboardInterrupt):
        power_study(toy, whole, tmp_path / "stopped", spread=stopped_after(5), **PLAN)
    assert len(list((tmp_path / "stopped").glob("*-*.json"))) == 5
    assert power_study(toy, whole, tmp_path / "stopped", spread=made_up, **PLAN) == one
    assert everything_in(tmp_path / "whole") == everything_in(tmp_path / "stopped")


def test_truths_that_every_record_puts_in_order_are_told_apart_at_the_shortest(toy, whole, tmp_path):
    study = power_study(toy, whole, tmp_path, spread=made_up, **PLAN)
    n = len(setting_of(toy).names.crises)
    assert study.crises_needed == n
    short, long = study.table().rows()
    assert (short["crises"], long["crises"], short["records"]) == (n, 2 * n, 6)
    assert (short["in_order"], short["in_order_se"]) == (1.0, 0.0)
    assert long["sd_with"] == pytest.approx(0.15)


def test_truths_that_no_length_tells_apart_need_more_than_was_studied(toy, whole, tmp_path):
    def alike(work, shared, tasks):
        return [(task, {**row, "mean": row["mean"] - task.value / 2}) for task, row in made_up(work, shared, tasks)]

    assert power_study(toy, whole, tmp_path, spread=alike, **PLAN).crises_needed is None


def test_records_that_failed_are_counted_and_do_not_count(toy, whole, tmp_path):
    def some_failed(work, shared, tasks):
        return [
            (t, {**row, "reasons": ["R-hat 1.1"] if t.replication == 0 else []})
            for t, row in made_up(work, shared, tasks)
        ]

    first = power_study(toy, whole, tmp_path, spread=some_failed, **PLAN).table().rows()[0]
    assert (first["failed"], first["records"]) == (2, 4)


def test_a_folder_of_another_study_is_refused(toy, whole, tmp_path):
    power_study(toy, whole, tmp_path, spread=made_up, **PLAN)
    with pytest.raises(PowerStudyError, match="another record, seed, term or fit"):
        power_study(toy, whole, tmp_path, seed=1, spread=made_up, **PLAN)


def test_a_damaged_record_is_named(toy, whole, tmp_path):
    power_study(toy, whole, tmp_path, spread=made_up, **PLAN)
    (tmp_path / "01-0-000.json").write_text("{")
    with pytest.raises(PowerStudyError, match="01-0-000"):
        power_study(toy, whole, tmp_path, spread=made_up, **PLAN)


def test_a_fit_that_failed_or_fixes_the_term_is_no_truth_to_draw_from(toy, whole, tmp_path):
    with pytest.raises(PowerStudyError, match="does not estimate kappa"):
        power_study(toy, prior_posterior(toy, "BL"), tmp_path)
    with pytest.raises(PowerStudyError, match="failed its diagnostics"):
        power_study(toy, replace(whole, diagnostics=Diagnostics(1.2, 50, 50, 3, "kappa")), tmp_path)


def test_a_bundled_study_comes_back_and_a_stale_one_says_so(toy, whole, tmp_path):
    study = power_study(toy, whole, tmp_path, spread=made_up, **PLAN)
    case = replace(toy, folder=tmp_path)
    assert bundled_power_study(case).table().rows() == study.table().rows()
    kept = json.loads((tmp_path / BUNDLED).read_text())
    for change, words in (
        ({"model": "f" * 16}, "another model"),
        ({"case_hash": "f" * 64}, "another version of its record"),
    ):
        (tmp_path / BUNDLED).write_text(json.dumps(kept | change))
        with pytest.raises(PowerStudyError, match=words):
            bundled_power_study(case)
    (tmp_path / BUNDLED).unlink()
    with pytest.raises(PowerStudyError, match="no power study ships"):
        bundled_power_study(case)


def test_a_longer_record_is_the_record_again(toy):
    setting = setting_of(toy)
    seen = observations(toy, setting)
    longer, rows = lengthened(setting, seen, 3)
    n = len(setting.names.crises)
    assert longer.severity.shape[0] == rows.n_crises == 3 * n
    np.testing.assert_array_equal(rows.crisis % n, np.tile(seen.crisis, 3))
    np.testing.assert_array_equal(np.asarray(longer.covariates)[n:], np.tile(np.asarray(setting.covariates), (2, 1, 1)))


@pytest.mark.slow
def test_records_of_one_replication_differ_in_nothing_but_the_term(toy, whole):
    """The same effects and the same uniform numbers: with the term at one value twice the records are alike."""
    setting = setting_of(toy)
    seen = observations(toy, setting)
    values = {k: v[1] for k, v in whole.flat().items() if k != "crisis.effect"}
    one, other = (drawn_record(setting, seen, values, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.low, other.low)
    apart = [drawn_record(setting, seen, values, np.random.default_rng(k)).low for k in range(20)]
    assert len({tuple(a) for a in apart}) > 1


@pytest.mark.slow
def test_a_real_record_of_the_toy_says_the_same_twice(toy, whole):
    found = [profiled(toy, whole, 0, "kappa", {}, PowerTask(2, 0.6, 0)) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0]["low"] < found[0]["mean"] < found[0]["high"]


def test_a_game_that_was_not_solved_counts_as_failed(toy, whole, tmp_path):
    def unsolved(work, shared, tasks):
        none = dict.fromkeys(("mean", "sd", "low", "high")) | {"reasons": ["a game was not solved"]}
        return [(task, none if task.value else row) for task, row in made_up(work, shared, tasks)]

    found = power_study(toy, whole, tmp_path, spread=unsolved, **PLAN).table().rows()
    assert [(row["failed"], row["records"], row["in_order"]) for row in found] == [(3, 3, None)] * 2


@given(arrays(float, st.tuples(st.just(2), st.integers(2, 12)), elements=st.floats(0, 1, width=16)))
def test_the_share_in_order_is_the_rank_statistic_of_mann_and_whitney(means):
    found = _in_order(*means)
    assert (
        found["in_order"] * means.shape[1] ** 2 <= mannwhitneyu(means[1], means[0]).statistic + 1e-9
    )  # a tie is not in order
    assert 0 <= found["in_order_se"] <= 0.5
