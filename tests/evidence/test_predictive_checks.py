"""Checks of a fit against its own record: right where the model is right, loud where it is not."""

import numpy as np
import pytest
from scipy import stats

from buckpass.evidence.predictive_checks import check_rows
from buckpass.evidence.simulating import draw_rungs, simulated_record
from buckpass.model.observations import Observations

ROWS = 60


def record(width: int = 0) -> Observations:
    n = np.arange(ROWS)
    return Observations(n // 3, n % 3, np.zeros(ROWS, int), np.full(ROWS, width), np.ones(ROWS), ROWS // 3)


def certain_draws(rng, draws: int = 80) -> np.ndarray:
    """A posterior that has settled on the truth: every draw is the same."""
    return np.repeat(rng.dirichlet(np.ones(7), (1, ROWS // 3, 3)), draws, axis=0)


@pytest.mark.parametrize("width", [0, 2])
def test_p_is_uniform_where_the_model_is_true_and_known(width):
    rng = np.random.default_rng(width)
    found = []
    for replication in range(120):
        by_rung = certain_draws(rng)
        seen = simulated_record(by_rung[0], record(width), rng)
        probability = by_rung[:, seen.crisis, seen.power]
        labels = {"power": seen.power.astype(str)}
        found.append(
            next(r["p"] for r in check_rows(probability, probability, seen, labels, replication) if r["by"] == "power")
        )
    assert abs(np.mean(found) - 0.5) < 0.08
    if width == 0:  # with bands the completed record shares the model's own draws, so that p is nearer to a half
        assert stats.kstest(found, "uniform").pvalue > 0.001


def test_a_model_that_expects_too_much_is_caught():
    rng = np.random.default_rng(3)
    by_rung = np.repeat(np.array([0.0, 0, 0, 0, 0, 0.2, 0.8])[None, None, None], 80, axis=0)
    seen = record()
    bold = np.repeat(by_rung[:, 0], ROWS, axis=1)
    rows = list(check_rows(bold, bold, seen, {"power": rng.permutation(ROWS).astype(str)}))
    assert next(r for r in rows if r["group"] == "6")["fails"]
    assert next(r for r in rows if r["group"] == "6")["p"] == 1.0


@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_band_tells_of_its_rung_only_that_it_lies_inside(width):
    """The chance of a band is the same whichever of its rungs happened: the likelihood of a band takes that for granted."""
    n = 40_000
    shape = (np.arange(n), np.zeros(n, int), np.zeros(n, int), np.full(n, width), np.ones(n), n)
    found = {}
    for rung in range(7):
        made = simulated_record(np.tile(np.eye(7)[rung], (n, 1, 1)), Observations(*shape), np.random.default_rng(rung))
        pairs, counts = np.unique(np.stack([made.low, made.high], 1), axis=0, return_counts=True)
        for (low, high), count in zip(pairs.tolist(), counts.tolist(), strict=True):
            found.setdefault((low, high), {})[rung] = count / n
    for (low, high), chances in found.items():
        assert sorted(chances) == list(range(low, high + 1))
        assert max(chances.values()) - min(chances.values()) < 0.02


def test_a_simulated_record_keeps_rows_weights_and_widths_of_doubt():
    rng = np.random.default_rng(4)
    width = rng.integers(0, 5, ROWS)
    seen = Observations(
        np.arange(ROWS) // 3, np.arange(ROWS) % 3, np.zeros(ROWS, int), width, rng.random(ROWS), ROWS // 3
    )
    truth = np.eye(7)[rng.integers(0, 7, (ROWS // 3, 3))]
    made = simulated_record(truth, seen, rng)
    assert (made.high - made.low <= width).all()
    inside = (made.low > 0) & (made.high < 6)
    np.testing.assert_array_equal((made.high - made.low)[inside], width[inside])
    np.testing.assert_array_equal(made.weight, seen.weight)
    rung = truth.argmax(-1)[seen.crisis, seen.power]
    assert (made.low >= 0).all()
    assert (made.high <= 6).all()
    assert (made.low <= rung).all()
    assert (rung <= made.high).all()


def test_rungs_are_drawn_as_often_as_they_are_probable():
    p = np.array([0.1, 0.0, 0.5, 0.4])
    drawn = draw_rungs(np.repeat(p[None], 20_000, axis=0), np.random.default_rng(1).random(20_000))
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 20_000, p, atol=0.012)
