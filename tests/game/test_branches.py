"""Folds, branch points and every equilibrium, against games whose branches have a closed form."""

import numpy as np
import pytest
from normal_form import normal_form
from random_games import crisis_of, random_crises
from scipy.optimize import brentq, minimize_scalar
from table_solver import solve_table

from buckpass.game.equilibria import all_equilibria
from buckpass.game.path import trace
from buckpass.game.solver import solve

RIVALS, PUSH, AT_HALF = 5, 2.0, 0.2


def act_gain(p):
    """What acting gains a rival when each of the others acts with chance p: V (1 - 1/e^r) (1 - p + p e^r)^(n-1) - C."""

    def worth(q):
        return (1 - np.exp(-PUSH)) * (1 - q + q * np.exp(PUSH)) ** (RIVALS - 1)

    return worth(p) - price(), price()


def price():
    """Cost at which acting gains `AT_HALF` when the others toss a coin, so that the branch starts upwards and folds."""
    return (1 - np.exp(-PUSH)) * (0.5 + 0.5 * np.exp(PUSH)) ** (RIVALS - 1) - AT_HALF


def rationality_at(p):
    """λ at which p is a symmetric logit equilibrium: log(p / (1 - p)) over what acting gains."""
    return np.log(p / (1 - p)) / act_gain(p)[0]


def rivals(rationality):
    opposed = 2 * np.eye(RIVALS) - 1
    return crisis_of(
        np.ones(RIVALS), np.full(RIVALS, price()), np.array([0.0, PUSH]), 1.0, rationality, alignment=opposed
    )


@pytest.fixture(scope="module")
def turns():
    """Where the symmetric branch of the rivals' game turns back, and where it turns on again (λ, p)."""
    on = minimize_scalar(rationality_at, bounds=(0.7, 0.95), method="bounded", options={"xatol": 1e-12})
    back = minimize_scalar(
        lambda p: -rationality_at(p), bounds=(0.5001, 0.6), method="bounded", options={"xatol": 1e-12}
    )
    return (-back.fun, back.x), (on.fun, on.x)


def test_the_branch_is_followed_round_its_folds_and_they_are_where_the_closed_form_has_them(turns):
    (top, at_top), (bottom, at_bottom) = turns
    path = trace(rivals(1.3 * top))
    assert path.folds == pytest.approx([top, bottom], rel=1e-6)
    assert path.branch_points == ()
    share = path.strategy[:, 0, 1]
    assert np.abs(path.strategy[:, :, 1] - share[:, None]).max() < 1e-9
    assert np.abs(rationality_at(share[1:]) - path.rationality[1:]).max() < 1e-9
    assert share.min() < at_top < at_bottom < share.max()


@pytest.mark.slow
def test_beyond_a_fold_the_principal_branch_is_its_far_side(turns):
    (top, _), _ = turns
    end = brentq(lambda p: rationality_at(p) - 1.3 * top, 0.95, 1 - 1e-9, xtol=1e-15)
    found = np.asarray(solve(rivals(1.3 * top)).strategy[0])
    assert found[:, 1] == pytest.approx(np.full(RIVALS, end), abs=1e-9)


@pytest.mark.slow
def test_between_two_folds_every_branch_is_found_and_the_first_is_the_principal_one(turns):
    (top, at_top), (bottom, at_bottom) = turns
    asked = 0.5 * (top + bottom)
    sides = ((0.5 + 1e-9, at_top), (at_top, at_bottom), (at_bottom, 1 - 1e-9))
    roots = [brentq(lambda p: rationality_at(p) - asked, *side, xtol=1e-15) for side in sides]
    found = all_equilibria(rivals(asked))
    share = found.strategy[:, 0, 1]
    assert share[found.is_principal] == pytest.approx(roots[:1], abs=1e-9)
    assert sorted(share) == pytest.approx(roots, abs=1e-9)
    assert found.is_stable[np.argsort(share)].tolist() == [True, False, True]
    assert found.index[np.argsort(share)].tolist() == [1, -1, 1]
    assert found.is_balanced


def volunteer(p):
    """What volunteering gains one of two: 0.8 (1 - p) - 0.2 (Diekmann 1985)."""
    return 0.8 * (1 - p) - 0.2


@pytest.mark.slow
def test_a_symmetric_game_stays_on_its_symmetric_branch_and_says_where_others_cross():
    """The pitchfork is where the slope of the logit response, λ p (1 - p) 0.8, is 1 on the symmetric branch."""
    game = crisis_of(np.full(2, 0.8), np.full(2, 0.2), np.array([0.0, 60.0]), 1.0, 10.0)

    def rationality(p):
        return np.log(p / (1 - p)) / volunteer(p)

    crossing = rationality(brentq(lambda p: 0.8 * rationality(p) * p * (1 - p) - 1, 0.5 + 1e-9, 0.74))
    path = trace(game)
    assert path.error < 1e-10
    assert np.abs(path.strategy[:, 0] - path.strategy[:, 1]).max() < 1e-9
    assert path.branch_points == pytest.approx([crossing], rel=1e-5)
    assert path.folds == ()
    symmetric = brentq(lambda p: rationality(p) - 10.0, 0.5 + 1e-9, 0.75 - 1e-9)
    assert np.asarray(solve(game).strategy[0, :, 1]) == pytest.approx([symmetric] * 2, abs=1e-9)
    found = all_equilibria(game)
    assert found.strategy[0, 0, 1] == pytest.approx(symmetric, abs=1e-9)
    assert sorted(found.strategy[1:, 0, 1]) == pytest.approx([0.124937, 0.993310], abs=1e-5)
    assert found.is_stable.tolist() == [False, True, True]
    assert found.is_principal.tolist() == [True, False, False]
    assert found.basin_share[1:].sum() > 0.95
    assert found.is_balanced


def pitchfork(count):
    """λ at which the symmetric branch of `count` volunteers meets others: the slope of the response is 1 there."""

    def symmetric(at):
        return brentq(lambda p: np.log(p / (1 - p)) - at * (0.8 * (1 - p) ** (count - 1) - 0.2), 1e-12, 1 - 1e-12)

    def slope(at):
        p = symmetric(at)
        return 0.8 * at * p * (1 - p) ** (count - 1) - 1

    return brentq(slope, 1.0, 40.0)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
@pytest.mark.parametrize("beyond", [1.0002, 1.1, 1.6])
def test_branches_that_meet_two_at_once_are_reported(count, beyond):
    """Of n identical powers n - 1 directions turn at once; for odd n no determinant changes its sign."""
    crossing = pitchfork(count)
    path = trace(crisis_of(np.full(count, 0.8), np.full(count, 0.2), np.array([0.0, 60.0]), 1.0, beyond * crossing))
    assert path.branch_points == pytest.approx([crossing], rel=1e-5)
    assert path.folds == ()
    assert np.ptp(path.strategy[:, :, 1], axis=1).max() < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_at_a_branch_point_a_point_is_listed_once(count):
    game = crisis_of(np.full(count, 0.8), np.full(count, 0.2), np.array([0.0, 60.0]), 1.0, pitchfork(count))
    strategy = all_equilibria(game).strategy[:, :, 1]
    symmetric = np.ptp(strategy, axis=1) < 0.02
    assert symmetric.sum() == 1
    apart = np.abs(strategy[:, None] - strategy[None]).max(-1)[~np.eye(len(strategy), dtype=bool)]
    assert apart.size == 0 or apart.min() > 0.02


@pytest.mark.slow
def test_every_equilibrium_reported_is_one_of_the_explicit_table():
    game = crisis_of(np.array([0.9, 0.8, 0.7]), np.full(3, 0.2), np.array([0.0, 60.0]), 1.0, 25.0)
    found = all_equilibria(game)
    assert len(found.error) > 2
    assert found.error.max() < 1e-10
    table = normal_form(game).payoffs
    for strategy in found.strategy:
        assert np.abs(np.array(solve_table(table, 1.0, start=list(strategy))) - strategy).max() < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_the_equilibria_found_are_all_by_their_indices(seed):
    """Whatever the alignments and however large the stakes, the indices of what is found add up to 1."""
    found = all_equilibria(random_crises(seed=seed, crises=1, powers=4, stake=(5.0, 40.0, 200.0)[seed % 3]))
    assert found.is_balanced
    assert found.is_principal.sum() == 1
