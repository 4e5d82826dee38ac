"""Checks against replicated records, and the randomised transform: right where the model is right, loud where not."""

from dataclasses import replace

import numpy as np
import pytest

from buckpass.evidence.replicates import band_uniforms, checks, replicated, uniformity
from buckpass.evidence.simulating import simulated_record
from buckpass.fit.observations import Observations

CRISES, POWERS, RUNGS = 60, 3, 7


def record(width) -> Observations:
    crisis, power = (a.ravel() for a in np.indices((CRISES, POWERS)))
    width = np.broadcast_to(width, crisis.shape)
    return Observations(crisis, power, np.zeros(len(crisis), int), np.array(width), np.ones(len(crisis)), CRISES)


def truth(rng, nodes: int = 5):
    """P(rung) per node and row, with a crisis effect that lifts all powers together; and the log weights of its nodes."""
    levels = rng.normal(0, 1, (CRISES * POWERS, RUNGS))
    effect = np.linspace(-1, 1, nodes)
    logits = levels[None] + np.arange(RUNGS) * effect[:, None, None]
    chance = np.exp(logits - logits.max(-1, keepdims=True))
    return chance / chance.sum(-1, keepdims=True), np.log(np.full((nodes, CRISES), 1 / nodes))


def played(chance, log_weight, seen, rng) -> Observations:
    rung = replicated(chance[None], log_weight[None], seen, rng)[0]
    by_rung = np.eye(RUNGS)[rung].reshape(CRISES, POWERS, RUNGS)
    return simulated_record(by_rung, seen, rng)


@pytest.mark.parametrize("width", [0, 1, 3])
def test_where_the_model_is_right_its_checks_hold_as_often_as_they_say(width):
    rng = np.random.default_rng(width)
    held = []
    for _ in range(30):
        chance, log_weight = truth(rng)
        seen = played(chance, log_weight, record(width), rng)
        again = replicated(np.repeat(chance[None], 300, 0), np.repeat(log_weight[None], 300, 0), seen, rng)
        found = list(checks(again, seen, {"power": np.array(list("ABC"))[seen.power]}, RUNGS))
        assert [c.what for c in found] == [*(f"rung {r}" for r in range(RUNGS)), "power A", "power B", "power C"]
        held += [c.holds for c in found]
    assert np.mean(held) > 0.87  # 90 % for exact rungs, more where doubt leaves room
    assert width or np.mean(held) < 0.99


def test_rungs_of_one_crisis_are_lifted_together():
    chance, log_weight = truth(np.random.default_rng(1))
    seen = record(0)
    made = replicated(
        np.repeat(chance[None], 4000, 0), np.repeat(log_weight[None], 4000, 0), seen, np.random.default_rng(2)
    )
    r = np.corrcoef(made[:, :6].T)  # two crises of three powers
    assert r[0, 1] > 0.1
    assert abs(r[0, 4]) < 0.05


def test_a_response_coded_silence_or_words_is_surely_neither():
    seen = record(np.r_[np.ones(90, int), np.zeros(90, int)])
    found = {c.what: c for c in checks(np.zeros((10, len(seen)), int), seen, {}, RUNGS)}
    assert (found["rung 0"].observed_low, found["rung 0"].observed_high) == (0.5, 1.0)
    assert (found["rung 1"].observed_low, found["rung 1"].observed_high) == (0.0, 0.5)
    assert found["rung 0"].holds
    assert not next(checks(np.full((10, len(seen)), 6), seen, {}, RUNGS)).holds


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
