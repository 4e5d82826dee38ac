"""Games in Gambit's files: read as Gambit means them, solved by the branch that solves crises, told where they are wrong."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normal_form import as_nfg, normal_form
from random_games import random_crises
from table_solver import Node, solve_table, solve_tree
from typer.testing import CliRunner

from buckpass.cli.main import app
from buckpass.game.gambit import BadGame, StrategicGame, TableTooLarge, is_game_file, read_game
from buckpass.game.logit import logit_equilibrium
from buckpass.game.solver import solve

PAYOFFS = 'NFG 1 R "Ours" { "A" "B" } { 2 2 }\n9 9 10 0\n0 10 1 1\n'
OUTCOMES = """NFG 1 R "Ours" { "A" "B" }

{ { "work" "shirk" }
{ "work" "shirk" }
}
"a \\"comment\\""

{
{ "" 9, 9 }
{ "he" 10, 0 }
{ "she" 0, 10.0 }
{ "" 2/2, 1 }
}
1 2 3 4
"""
CENTIPEDE = """EFG 2 R "Three moves" { "A" "B" }
""

p "" 1 1 "first" { "TAKE" "PASS" } 0
t "" 1 "" { 0.8, 0.2 }
p "" 2 1 "second" { "TAKE" "PASS" } 0
t "" 2 "" { 0.4, 1.6 }
p "" 1 2 "third" { "TAKE" "PASS" } 0
t "" 3 "" { 3.2, 0.8 }
t "" 4 "" { 1.6, 6.4 }
"""
SIGNAL = """EFG 2 R "A noisy signal" { "A" "B" }
p "" 1 1 "" { "S" "C" } 0
c "" 1 "" { "s" 9/10 "c" 1/10 } 0
p "" 2 1 "" { "S" "C" } 0
t "" 1 "SS" { 5, 2 }
t "" 2 "SC" { 3, 1 }
p "" 2 2 "" { "S" "C" } 0
t "" 1 "SS" { 5, 2 }
t "" 2 "SC" { 3, 1 }
c "" 2 "" { "s" 1/10 "c" 9/10 } 0
p "" 2 1 "" { "S" "C" } 0
t "" 3 "CS" { 6, 3 }
t "" 4 "CC" { 4, 4 }
p "" 2 2 0
t "" 3 { 6, 3 }
t "" 4
"""


def game(tmp_path, text):
    path = tmp_path / "game.txt"
    path.write_text(text, encoding="utf-8")
    assert is_game_file(path)
    return read_game(path)


def strategies(found):
    """Probabilities, one array for each player or information set."""
    return [
        np.array(group["probability"])
        for _, group in found.rows.group_by("player", "information_set", maintain_order=True)
    ]


@pytest.mark.parametrize("text", [PAYOFFS, OUTCOMES])
def test_both_ways_of_writing_a_table_are_one_game(tmp_path, text):
    found = game(tmp_path, text)
    assert found.payoffs.tolist() == [[[9, 0], [10, 1]], [[9, 10], [0, 1]]]
    assert logit_equilibrium(found, 2.0).rows["probability"].to_list() == pytest.approx(
        [1 / (1 + np.exp(2)), 1 / (1 + np.exp(-2))] * 2
    )


@pytest.mark.slow
def test_a_crisis_written_for_gambit_is_read_back_and_has_the_same_equilibrium(tmp_path):
    crises = random_crises(seed=3, crises=1, powers=3, options=3, stake=3.0)
    table = normal_form(crises)
    found = game(tmp_path, as_nfg(table))
    np.testing.assert_array_equal(found.payoffs, table.payoffs)
    ours = np.concatenate(strategies(logit_equilibrium(found, 1.0)))
    np.testing.assert_allclose(ours, np.asarray(solve(crises).strategy[0]).ravel(), atol=1e-9)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 10_000), st.floats(0, 3))
def test_random_tables_have_the_equilibrium_of_the_deliberately_dumb_solver(shape, seed, rationality):
    payoffs = np.random.default_rng(seed).normal(size=(len(shape), *shape))
    names = tuple(tuple(map(str, range(size))) for size in shape)
    ours = logit_equilibrium(StrategicGame("random", tuple(map(str, range(len(shape)))), names, payoffs), rationality)
    assert ours.error < 1e-9
    if ours.folds or ours.branch_points:  # the other one jumps there
        return
    for found, expected in zip(strategies(ours), solve_table(payoffs, rationality), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-7)


@pytest.mark.parametrize("rationality", [0.0, 1.0, 5.0, 200.0])
def test_a_tree_of_perfect_information_is_solved_backwards(tmp_path, rationality):
    found = logit_equilibrium(game(tmp_path, CENTIPEDE), rationality)
    third = 1 / (1 + np.exp(-rationality * (3.2 - 1.6)))
    after = third * 0.8 + (1 - third) * 6.4
    second = 1 / (1 + np.exp(-rationality * (1.6 - after)))
    first = 1 / (1 + np.exp(-rationality * (0.8 - second * 0.4 - (1 - second) * (third * 3.2 + (1 - third) * 1.6))))
    taken = dict(found.rows.filter(found.rows["option"] == "TAKE").select("information_set", "probability").iter_rows())
    assert taken == pytest.approx({"first": first, "second": second, "third": third}, abs=1e-9)


def test_information_sets_weigh_their_nodes_by_how_they_are_reached(tmp_path):
    found = logit_equilibrium(game(tmp_path, SIGNAL), 2.0)
    s_then, c_then = ((5.0, 2.0), (3.0, 1.0)), ((6.0, 3.0), (4.0, 4.0))
    # nature's moves as a third player who mixes at will are left to the tree itself: weights by hand
    lead, seen_s, seen_c = strategies(found)
    for signal, chances in ((seen_s, (0.9, 0.1)), (seen_c, (0.1, 0.9))):
        weight = np.array([lead[0] * chances[0], lead[1] * chances[1]])
        weight /= weight.sum()
        payoff = [weight[0] * s_then[a][1] + weight[1] * c_then[a][1] for a in (0, 1)]
        assert signal[0] == pytest.approx(1 / (1 + np.exp(2 * (payoff[1] - payoff[0]))), abs=1e-9)


def test_selten_s_horse_as_a_tree(tmp_path):
    text = """EFG 2 R "Horse" { "1" "2" "3" } ""
    p "" 1 1 "" { "R" "L" } 0
    p "" 2 1 "" { "R" "L" } 0
    t "" 1 "" { 1, 1, 1 }
    p "" 3 1 "" { "R" "L" } 0
    t "" 2 "" { 4, 4, 0 }
    t "" 3 "" { 0, 0, 1 }
    p "" 3 1 0
    t "" 4 "" { 3, 2, 2 }
    t "" 5 "" { 0, 0, 0 }
    """
    third = ((4.0, 4.0, 0.0), (0.0, 0.0, 1.0)), ((3.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    tree = Node(0, 0, (Node(1, 1, ((1.0, 1.0, 1.0), Node(2, 2, third[0]))), Node(2, 2, third[1])))
    for found, expected in zip(
        strategies(logit_equilibrium(game(tmp_path, text), 2.0)), solve_tree(tree, 2.0), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-7)


@pytest.mark.slow
def test_ten_players_and_no_more_than_memory_holds(tmp_path):
    rng = np.random.default_rng(0)
    payoffs = rng.normal(size=(10, *[2] * 10))
    names = tuple(("a", "b") for _ in range(10))
    found = logit_equilibrium(StrategicGame("ten", tuple("ABCDEFGHIJ"), names, payoffs), 1.0)
    for ours, expected in zip(strategies(found), solve_table(payoffs, 1.0), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-7)
    players, sizes = " ".join(f'"{k}"' for k in range(12)), " ".join(["9"] * 12)
    with pytest.raises(TableTooLarge, match="payoffs, at most"):
        game(tmp_path, f'NFG 1 R "x" {{ {players} }} {{ {sizes} }}\n0')
    with pytest.raises(TableTooLarge, match="payoffs, at most"):  # before a name is made for each
        game(tmp_path, 'NFG 1 R "x" { "A" "B" } { 2 99999999999999999999 }\n0')


BROKEN = {
    "version": ('NFG 7 R "x" { "A" } { 1 }\n1', "neither NFG 1"),
    "too few payoffs": (PAYOFFS.removesuffix("1 1\n"), "a number was expected"),
    "an outcome that is not there": (OUTCOMES.replace("1 2 3 4", "1 2 3 9"), "outcome 9 of 4"),
    "strategies": ('NFG 1 R "x" { "A" "B" } { 2 }\n1', "2 players"),
    "an open text": (OUTCOMES[:60], "no part of a game"),
    "chances": (SIGNAL.replace("9/10", "8/10"), "add up to 0.9"),
    "a zero below": (SIGNAL.replace("9/10", "9/0"), "no number"),
    "another node": (CENTIPEDE.replace('t "" 1', 'x "" 1'), "begins with c, p or t"),
    "a player too many": (CENTIPEDE.replace('p "" 2 1', 'p "" 3 1'), "player 3 of 2"),
    "an unfinished tree": (CENTIPEDE[:150], "expected"),
    "more than a tree": (CENTIPEDE + 't "" 4 "" { 1, 1 }', "more follows"),
    "payoffs of another number": (CENTIPEDE.replace("{ 0.8, 0.2 }", "{ 0.8 }"), "no payoff for each"),
    "actions that differ": (SIGNAL.replace('p "" 2 2 0', 'p "" 2 2 "" { "S" } 0'), "has 2 actions and 1"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_wrong_is_said_with_its_line(tmp_path, kind):
    text, said = BROKEN[kind]
    with pytest.raises(BadGame, match=rf"line [0-9]+: .*{said}"):
        game(tmp_path, text)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([PAYOFFS, OUTCOMES, CENTIPEDE, SIGNAL]),
    st.integers(0, 500),
    st.text('0123456789{}"pct,./-e \n', max_size=4),
    st.integers(0, 6),
)
def test_any_damage_is_a_message_or_another_game(tmp_path_factory, text, at, put, cut):
    path = tmp_path_factory.mktemp("game") / "g.nfg"
    path.write_text(text[:at] + put + text[at + cut :], encoding="utf-8")
    with contextlib.suppress(BadGame, TableTooLarge):
        read_game(path)


def test_the_verb_solves_a_file_and_says_what_does_not_belong_to_it(tmp_path):
    path = tmp_path / "pd.nfg"
    path.write_text(OUTCOMES, encoding="utf-8")
    shown = CliRunner().invoke(app, ["solve", str(path), "--rationality", "2"])
    assert shown.exit_code == 0
    assert "logit quantal response equilibrium" in shown.stdout
    given = json.loads(CliRunner().invoke(app, ["solve", str(path), "--rationality", "2", "--json"]).stdout)
    assert given["rows"][1] == {
        "player": "A", "information_set": "", "option": "shirk", "probability": pytest.approx(0.880797, abs=1e-6),
        "payoff": pytest.approx(2.072826, abs=1e-6),
    }  # fmt: skip
    for wrong in (["solve", str(path)], ["solve", str(path), "kz", "--rationality", "2"], ["solve", "central-asia"]):
        assert CliRunner().invoke(app, wrong).exit_code == 2
    path.write_text(OUTCOMES[:60], encoding="utf-8")
    broken = CliRunner().invoke(app, ["solve", str(path), "--rationality", "2"])
    assert (broken.exit_code, "Traceback" in broken.output) == (2, False)


def test_published_games_are_solved(shared_data):
    files = sorted((shared_data / "published" / "gambit").iterdir())
    assert len(files) == 11
    folds = {}
    for path in files:
        found = logit_equilibrium(read_game(path), 2.0)
        assert found.error < 1e-9
        for one in strategies(found):
            assert one.sum() == pytest.approx(1)
        folds[path.name] = len(found.folds)
    assert {name for name, count in folds.items() if count} == {"loopback.nfg"}
