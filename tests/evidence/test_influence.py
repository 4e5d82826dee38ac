"""What another coding of one cell does to scores and probabilities, against posteriors known in closed form."""

import numpy as np
import pytest
from scipy.special import betaln
from test_nested import by_crisis, made

from buckpass.evidence.influence import (
    Cell,
    CellScores,
    cell_scores,
    hangs_on_cells,
    hangs_on_crises,
)
from buckpass.evidence.nested import nested

ROWS = 3  # yes or no, so many in every crisis


@pytest.fixture
def record():
    return np.random.default_rng(0).integers(0, ROWS + 1, 25)  # how many yes in each crisis


def exact_elpd(yes: np.ndarray) -> float:
    """Σ log p(crisis | the others) of rows that are yes with one unknown chance, uniform before the record."""
    total, others = yes.sum(), len(yes) * ROWS
    a, b = 1 + total - yes, 1 + others - ROWS - (total - yes)
    return float(np.sum(betaln(a + yes, b + ROWS - yes) - betaln(a, b)))


def log_likelihood(theta: np.ndarray, yes: np.ndarray) -> np.ndarray:
    return yes * np.log(theta)[:, None] + (ROWS - yes) * np.log1p(-theta)[:, None]


def draws_of(yes: np.ndarray, n: int = 20_000) -> np.ndarray:
    total = yes.sum()
    return np.random.default_rng(1).beta(1 + total, 1 + len(yes) * ROWS - total, n)


def test_scores_under_another_coding_are_those_of_a_posterior_fitted_to_it(record):
    theta = draws_of(record)
    at = np.array([0, 5, 11])
    change = np.where(record[at] > 0, -1, 1)
    log_ratio = change * (np.log(theta) - np.log1p(-theta))[:, None]
    found = cell_scores([Cell(f"k{k}", "P", 0) for k in at], at, log_ratio, log_likelihood(theta, record))
    for n, (k, step) in enumerate(zip(at, change, strict=True)):
        other = record.copy()
        other[k] += step
        assert found.elpd[n] == pytest.approx(exact_elpd(other), abs=0.02)
    assert found.is_trusted.all()
    assert abs(exact_elpd(record) - found.elpd).max() > 0.1  # the coding does matter


def test_only_trusted_codings_that_change_the_leader_are_named():
    tests = nested(
        {"base": made(np.full(9, -2.0)), "AA": made(np.full(9, -1.8)), "BB": made(np.full(9, -1.9))},
        by_crisis(9),
        ("AA", "BB"),
    )
    cells = (Cell("k0", "P", 0), Cell("k1", "P", 1), Cell("k2", "Q", 2))
    fine = np.array([True, True, False])
    given = {"base": CellScores(cells, np.full(3, -18.0), fine), "AA": CellScores(cells, np.array([-16.0, -17.0, -17.0]), fine),
             "BB": CellScores(cells, np.array([-17.0, -16.0, -16.0]), fine)}  # fmt: skip
    assert [(h.crisis, h.power, h.rung, h.leader_without) for h in hangs_on_cells(tests, given)] == [
        ("k1", "P", 1, "BB")
    ]
    assert hangs_on_cells(tests, {"AA": given["AA"]}) == ()


@pytest.mark.parametrize("name", ["AA", "all", "AA+BB"])
def test_a_crisis_on_which_it_hangs_whether_a_fit_beats_base_is_named(name):
    """Whether the fit is of one mechanism, of all or of the argument's: half a nat in each crisis, but for one."""
    gain = np.full(9, 0.5) + np.linspace(-0.1, 0.1, 9)
    gain[4] = -3.0
    scores = {"base": made(np.full(9, -2.0)), name: made(gain - 2.0)}
    said = "argument" if name == "AA+BB" else name
    tests = nested(scores, by_crisis(9), ("AA", "BB"), "AA+BB")
    assert tests.better_than_base == ()
    (hinge,) = hangs_on_crises(tests, scores, by_crisis(9), "AA+BB")
    assert (hinge.crisis, hinge.gained, hinge.lost) == (tests.crises[4], (said,), ())


def test_a_crisis_on_which_it_hangs_what_one_adds_to_the_others_is_named():
    gain = np.full(9, 0.5) + np.linspace(-0.1, 0.1, 9)
    gain[4] = -3.0
    scores = {"base": made(np.full(9, -2.0)), "all": made(gain - 2.0), "all-AA": made(np.full(9, -2.0))}
    tests = nested(scores, by_crisis(9), ("AA", "BB"))
    assert tests.beating_the_rest == ()
    (hinge,) = hangs_on_crises(tests, scores, by_crisis(9))
    assert (hinge.crisis, hinge.gained, hinge.gained_given, hinge.lost_given) == (
        tests.crises[4],
        ("all",),
        ("AA",),
        (),
    )
