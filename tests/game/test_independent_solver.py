"""The yardstick passes published equilibria, and the solver agrees with the yardstick."""

import json
from math import comb

import numpy as np
import pytest
from normal_form import as_nfg, normal_form
from random_games import crisis_of, random_crises, volunteers
from scipy.optimize import brentq
from table_solver import Node, read_tree, solve_table, solve_tree, value

from buckpass.game import estimands
from buckpass.game.solver import solve


@pytest.fixture(scope="module")
def published(shared_data) -> dict:
    cases = json.loads((shared_data / "strategic" / "qre_cases.json").read_text())["cases"]
    return {case["id"]: case for case in cases}


@pytest.mark.parametrize("name", ["ochs_amp_game2", "oneill_1987", "public_good_n4_m4"])
def test_yardstick_finds_the_published_principal_branch(published, name):
    case = published[name]
    for row in case["results"]:
        found = solve_table(np.array(case["payoffs"]), row["lam"])
        expected = [np.array(p) for p in row["probabilities"]]
        assert max(np.abs(a - b).max() for a, b in zip(found, expected, strict=True)) < 1e-6


def test_yardstick_finds_every_published_stag_hunt_equilibrium(published):
    case = published["stag_hunt_multiplicity"]
    payoffs = np.array(case["payoffs"])
    for row in case["results"]:
        assert abs(solve_table(payoffs, row["lam"])[0][0] - row["principal"]) < 1e-6
        for p in row["all_symmetric_qre_p_stag"]:
            start = [np.array([p, 1 - p])] * 2
            assert abs(solve_table(payoffs, row["lam"], start=start)[0][0] - p) < 1e-6


def _symmetric(payoff_of_acting, players: int) -> np.ndarray:
    """Two actions (act first); the payoff depends on own action and on how many others act."""
    profiles = np.indices((2,) * players)
    acting = (profiles == 0).sum(axis=0)
    rows = [[payoff_of_acting(p == 0, k) for p, k in zip(own.ravel(), (acting - (own == 0)).ravel(), strict=True)]
            for own in profiles]  # fmt: skip
    return np.array(rows, float).reshape(players, *profiles.shape[1:])


@pytest.mark.parametrize(
    "players", [2, 3, 6, pytest.param(9, marks=pytest.mark.slow), pytest.param(12, marks=pytest.mark.slow)]
)
def test_yardstick_keeps_the_symmetric_branch_of_volunteers(published, players):
    table = _symmetric(lambda act, k: 0.8 if act else (1.0 if k else 0.2), players)
    for row in (r for r in published["volunteers_dilemma_GHS2017"]["results"] if r["n"] == players):
        found = solve_table(table, row["lam"], steps=157 if players <= 3 else 20)
        assert abs(found[0][0] - row["p_volunteer"]) < 1e-6


def test_yardstick_finds_every_published_participation_equilibrium(published):
    for row in published["threshold_participation"]["results"]:
        n, w, price, value, rationality = (row[k] for k in ("n", "threshold", "c", "V", "lam"))
        table = _symmetric(lambda act, k, w=w, v=value, c=price: v * (k + act >= w) - c * act, n)
        for p in row["all_symmetric_qre"]:
            found = solve_table(table, rationality, start=[np.array([p, 1 - p])] * n)
            assert abs(found[0][0] - p) < 1e-6
            pivotal = comb(n - 1, w - 1) * p ** (w - 1) * (1 - p) ** (n - w)
            assert abs(p - 1 / (1 + np.exp(-rationality * (value * pivotal - price)))) < 1e-6


# McKelvey & Palfrey (1992), dollars: what the two players get if the pie is taken at moves 1 to 4, or never
PIES = ((0.40, 0.10), (0.20, 0.80), (1.60, 0.40), (0.80, 3.20), (6.40, 1.60))


def test_yardstick_finds_the_published_equilibria_of_the_centipede(published):
    tree = PIES[-1]
    for move in reversed(range(4)):
        tree = Node(move, move % 2, (PIES[move], tree))
    for row in published["centipede_4move_AQRE"]["results"]:
        found = solve_tree(tree, row["lam"])
        assert np.abs(np.array([p[0] for p in found]) - np.array(row["p_take"])).max() < 1e-9
        assert np.abs(value(tree, found) - np.array(row["expected_payoffs"])).max() < 1e-9


def test_yardstick_finds_the_published_equilibria_of_seltens_horse(published):
    case = published["selten_horse_AQRE"]
    tree = read_tree(case["efg"])
    for row in case["results"]:
        found = solve_tree(tree, row["lam"])
        expected = np.array([one["p"] for one in row["behavior"]])
        assert np.abs(np.array(found) - expected).max() < 1e-6


def test_no_published_case_is_left_out(published):
    tested = {"ochs_amp_game2", "oneill_1987", "volunteers_dilemma_GHS2017", "public_good_n4_m4", "threshold_participation",
              "stag_hunt_multiplicity", "centipede_4move_AQRE", "selten_horse_AQRE"}  # fmt: skip
    assert set(published) == tested


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("stake", [2.0, 15.0])
def test_solver_agrees_with_the_yardstick_on_the_explicit_table(seed, stake):
    crises = random_crises(seed=seed, crises=2, powers=3, options=4, stake=stake)
    strategy = np.asarray(solve(crises).strategy)
    for k in range(2):
        found = solve_table(normal_form(crises, k).payoffs, 1.0)
        assert np.abs(np.array(found) - strategy[k]).max() < 1e-8


def test_the_expected_payoff_is_that_of_the_explicit_table():
    crises = random_crises(seed=1, crises=2, powers=3, options=4, stake=4.0)
    equilibrium = solve(crises)
    found = np.asarray(estimands.expected_payoff(crises, equilibrium))
    for k in range(2):
        table, strategy = normal_form(crises, k).payoffs, np.asarray(equilibrium.strategy[k])
        assert np.allclose(np.einsum("iabc,a,b,c->i", table, *strategy), found[k], atol=1e-10)


@pytest.mark.slow
def test_solver_solves_the_published_public_good_game(published):
    """u_i = v_i (1 - exp(-E/2)) - c_i e_i is a crisis game: efforts 0 … 3, severity 2, all aligned."""
    i = np.arange(4)
    for row in published["public_good_n4_m4"]["results"]:
        crisis = crisis_of(
            stake=1 + 0.3 * (3 - i) / 3, cost=0.15 + 0.1 * i / 3, efforts=np.arange(4.0), severity=2.0,
            rationality=row["lam"],
        )  # fmt: skip
        assert np.abs(np.asarray(solve(crisis).strategy[0]) - np.array(row["probabilities"])).max() < 1e-6


@pytest.mark.slow
def test_solver_agrees_with_the_closed_form_of_volunteers(published):
    for row in published["volunteers_dilemma_GHS2017"]["results"]:
        n, rationality = row["n"], row["lam"]

        def gap(p, n=n, rationality=rationality):
            return p - 1 / (1 + np.exp(-rationality * (-0.2 + 0.8 * (1 - p) ** (n - 1))))

        strategy = np.asarray(solve(volunteers(n, rationality)).strategy[0, :n])
        assert np.abs(strategy[:, 1] - brentq(gap, 0, 1, xtol=1e-14)).max() < 1e-8
        assert np.abs(strategy[:, 1] - row["p_volunteer"]).max() < 1e-6


def test_table_leaves_out_closed_options():
    crises = random_crises(crises=1, powers=3, options=4)
    closed = crises.is_open.at[0, 1, 2].set(False)
    table = normal_form(crises.__class__(**{**vars(crises), "is_open": closed}))
    assert table.payoffs.shape == (3, 4, 3, 4)


@pytest.mark.gambit
def test_gambit_reads_the_export_and_agrees(tmp_path):
    gambit = pytest.importorskip("pygambit")
    crises = random_crises(seed=3, crises=1, powers=3, options=3, stake=3.0)
    (tmp_path / "crisis.nfg").write_text(as_nfg(normal_form(crises)))
    game = gambit.read_nfg(str(tmp_path / "crisis.nfg"))
    profile = gambit.qre.logit_solve_lambda(game, lam=[1.0])[0].profile
    found = np.array([[float(profile[s]) for s in player.strategies] for player in game.players])
    assert np.abs(found - np.asarray(solve(crises).strategy[0])).max() < 1e-8
