"""Checks against replicated records, and the randomised transform: right where the model is right, loud where not."""

from dataclasses import replace

import numpy as np
import pytest

from buckpass.evidence.predictive_checks import check_rows
from buckpass.evidence.simulating import simulated_record
from buckpass.evidence.transforms import band_uniforms, uniformity
from buckpass.model.observations import Observations

CRISES, POWERS, RUNGS = 60, 3, 7


def record(width) -> Observations:
    crisis, power = (a.ravel() for a in np.indices((CRISES, POWERS)))
    width = np.broadcast_to(width, crisis.shape)
    return Observations(crisis, power, np.zeros(len(crisis), int), np.array(width), np.ones(len(crisis)), CRISES)


@pytest.mark.parametrize("width", [0, 1, 3])
def test_where_the_model_is_right_its_checks_hold_as_often_as_they_say(width):
    rng = np.random.default_rng(width)
    missed = []
    for seed in range(30):
        chance = rng.dirichlet(np.ones(RUNGS), (CRISES, POWERS))
        seen = simulated_record(chance, record(width), rng)
        told = np.repeat(chance[seen.crisis, seen.power][None], 300, 0)
        found = list(check_rows(told, told, seen, {"power": np.array(list("ABC"))[seen.power]}, seed))
        assert [c["what"] for c in found] == [*(f"rung {r}" for r in range(RUNGS)), "power A", "power B", "power C"]
        missed += [c["misses"] for c in found]
    assert np.mean(missed) < 0.13  # 10 % for exact rungs, fewer where doubt leaves room
    assert width or np.mean(missed) > 0.01


def test_a_response_coded_silence_or_words_is_surely_neither():
    seen = record(np.r_[np.ones(90, int), np.zeros(90, int)])
    silent, top = (np.repeat(np.eye(RUNGS)[r][None], len(seen), 0)[None].repeat(10, 0) for r in (0, RUNGS - 1))
    found = {c["what"]: c for c in check_rows(silent, silent, seen, {})}
    assert (found["rung 0"]["observed_low"], found["rung 0"]["observed_high"]) == (0.5, 1.0)
    assert (found["rung 1"]["observed_low"], found["rung 1"]["observed_high"]) == (0.0, 0.5)
    assert not found["rung 0"]["misses"]
    assert next(check_rows(silent, top, seen, {}))["misses"]


@pytest.mark.slow
@pytest.mark.parametrize("width", [0, 2, 6])
def test_the_transform_is_uniform_where_the_model_is_right_however_wide_the_bands(width):
    """Independent rows: the band of a cumulative share then holds nine times in ten, whatever is known of each rung."""
    rng = np.random.default_rng(width)
    held = []
    for n in range(60):
        chance = rng.dirichlet(np.ones(RUNGS), (CRISES, POWERS))
        seen = simulated_record(chance, record(width), rng)
        mine = np.cumsum(chance[seen.crisis, seen.power], axis=-1)
        below = np.where(seen.low > 0, np.take_along_axis(mine, np.maximum(seen.low - 1, 0)[:, None], 1)[:, 0], 0.0)
        within = np.take_along_axis(mine, seen.high[:, None], 1)[:, 0] - below
        held.append(uniformity(band_uniforms(below, within, rng), seed=n).holds)
    assert np.mean(held) > 0.78
    assert width == 6 or np.mean(held) < 1.0


def test_predictions_that_are_too_bold_leave_the_band():
    rng = np.random.default_rng(0)
    assert not uniformity(rng.beta(0.4, 0.4, 240)).holds
    assert not uniformity(rng.beta(3, 3, 240)).holds


def test_the_band_holds_uniform_samples_nine_times_in_ten():
    rng = np.random.default_rng(5)
    band = uniformity(rng.random(100))
    inside = [
        replace(band, share=np.searchsorted(np.sort(rng.random(100)), band.at, side="right") / 100).holds
        for _ in range(600)
    ]
    assert 0.86 < np.mean(inside) < 0.95
