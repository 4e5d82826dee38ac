import shutil
import sys
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import polars as pl
import pytest

from buckpass.ask import tip as tipping
from buckpass.ask.explain import NoGap, explain, explain_crises
from buckpass.ask.solve import solve_crises, solve_crisis
from buckpass.ask.tip import BadCrossing, parse_crossing, tip
from buckpass.ask.whatif import whatif, whatif_crises
from buckpass.case import load_case
from buckpass.changes import BadOverride, parse_overrides
from buckpass.changes.scenario import changes_of, scenario_setting
from buckpass.fitting.files import load_posterior
from buckpass.fitting.posterior import PosteriorFileError
from buckpass.game import estimands
from buckpass.game.covariates import COVARIATES
from buckpass.game.setting import setting_of, standard_of
from buckpass.game.solver import solve
from buckpass.predict.drawing import drawn
from buckpass.predict.which_fits import NoUsablePosterior, basis_for, best_first
from buckpass.results.summary import Summary
from buckpass.results.table import cell

sys.path.insert(0, str(Path(__file__).parent.parent / "fitting"))
from drawn import prior_posterior

CRISIS, DRAWS = "kz_jan_2022", 8
NULL = ("RUS.capacity=1x", "severity=1x", "CHN.stake=1x", "request=CSTO", "CHN.opinion@KAZ=0", "CSTO.legitimacy=1x")


@pytest.fixture(scope="module")
def case():
    return load_case("central-asia")


@pytest.fixture(scope="module")
def posterior(case):
    return prior_posterior(case, "all", DRAWS, seed=2)


def asked(case, posterior, *texts):
    return whatif(case, posterior, CRISIS, texts, DRAWS)


@pytest.mark.parametrize("text", NULL)
def test_a_change_to_what_is_there_gives_the_same_games_bit_for_bit(case, posterior, text):
    before = drawn(case, posterior, [CRISIS], (), DRAWS).games
    after = drawn(case, posterior, [CRISIS], parse_overrides([text], case, CRISIS), DRAWS).games
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True))


def test_a_null_what_if_is_exactly_zero_and_says_so(case, posterior):
    found = asked(case, posterior, *NULL)
    assert found.is_null
    assert [said.split(" ")[0] for said in found.without_effect] == list(found.overrides)
    for power in found.powers:
        for change in (power.expected_rung.difference, power.buck_passed.difference, power.own, power.through_others):
            assert (change.mean, change.low, change.high) == (0.0, 0.0, 0.0)


def test_channels_sum_to_the_difference_and_a_forced_rung_is_held(case, posterior):
    found = asked(case, posterior, "CHN.force=5", "absent=RUS")
    by_id = {p.id: p for p in found.powers}
    assert by_id["CHN"].expected_rung.scenario.mean == pytest.approx(5.0)
    assert by_id["RUS"].expected_rung.scenario.mean == 0.0
    for power in found.powers:
        assert power.own.mean + power.through_others.mean == pytest.approx(
            power.expected_rung.difference.mean, abs=1e-12
        )
    assert "Changed: CHN.force=5" in found.sentence
    assert "Re-solved" in found.sentence


def test_half_the_capacity_moves_covariate_and_delivery_by_the_case_scale(case):
    standard = standard_of(case)
    before = setting_of(case, [CRISIS], standard)
    after = scenario_setting(case, [CRISIS], parse_overrides(["RUS.capacity=0.5x"], case, CRISIS), standard)
    scale = standard.scale[list(COVARIATES).index("capacity")]
    moved = np.asarray(after.covariate("capacity") - before.covariate("capacity"))[0]
    assert moved[0] == pytest.approx(np.log(0.5) / scale)
    assert not moved[1:].any()
    delivery = np.asarray(after.log_delivery - before.log_delivery)[0]
    assert delivery[0] == pytest.approx(case.parameter("delivery.capacity") * np.log(0.5))
    assert not delivery[1:].any()


def test_what_a_crisis_cannot_use_is_refused_all_at_once(case, posterior):
    texts = ["futures.discount=0.9", "transfer=0.1", "severity=3x", "RUS.capacity=0x"]
    with pytest.raises(BadOverride) as refused:
        asked(case, posterior, *texts)
    assert len(refused.value.problems) == len(texts)


def test_every_problem_is_in_one_message_whether_of_text_or_of_meaning(case):
    texts = [
        "RUS.capacty=0.5x",
        "RUS.capacity=0x",
        "XXX.stake=2x",
        "severity=7",
        "CHN.force=5",
        "CHN.force=4",
        "transfer=0.1",
    ]
    with pytest.raises(BadOverride) as refused:
        changes_of(texts, case, CRISIS)
    said = "\n".join(refused.value.problems)
    assert len(refused.value.problems) == 6
    assert all(word in said for word in ("RUS.capacity'", "XXX", "severity", "contradicts", "agreement", "logarithm"))


def test_an_organisation_that_did_not_exist_and_a_power_that_does_not_play_are_refused(case):
    early = case.crises.filter(pl.col("end") < case.organisation("SCO").founded)["crisis_id"][0]
    with pytest.raises(BadOverride, match="SCO existed from"):
        changes_of(["SCO.consent=lead"], case, early)
    row = case.responses.filter(pl.col("scope") == "belligerent").row(0, named=True)
    with pytest.raises(BadOverride, match="belligerent"):
        changes_of([f"{row['actor']}.force=5"], case, row["crisis_id"])


def test_a_change_without_effect_says_why_where_it_can(case, posterior):
    found = asked(case, posterior, "SCO.consent=lead")
    assert found.is_null
    assert "no power can deploy through SCO" in found.without_effect[0]
    assert found.changes().frame["power"].to_list() == ["nobody"]


def test_a_mandate_for_anything_opens_the_organisation_to_its_members(case):
    changes = parse_overrides(["SCO.mandate=any"], case, CRISIS)
    before, after = (scenario_setting(case, [CRISIS], o) for o in ((), changes))
    option = before.names.options.index("5@SCO")
    opened = np.asarray(after.is_open)[0, :, option]
    assert not np.asarray(before.is_open)[0, :, option].any()
    members = set(case.members("SCO", case.crisis(CRISIS)["start"]))
    assert [p in members for p in case.powers] == opened.tolist()


def test_what_is_smaller_than_a_thousandth_is_said_to_be_so_and_not_to_be_0(case, posterior):
    found = asked(case, posterior, "CHN.stake=2x")
    tiny = replace(found.powers[0].p_deploy, baseline=Summary(4e-4, 0.0, 1e-3), scenario=Summary(0.0, 0.0, 0.0))
    moved = replace(found, powers=(replace(next(p for p in found.powers if p.id == "CHN"), p_deploy=tiny),))
    row = moved.changes().frame.row(0, named=True)
    assert (cell(row["p"]), cell(row["p_now"])) == ("<0.001", "0")


@pytest.mark.slow
def test_many_crises_in_one_batch_are_the_crises_one_by_one(case, posterior):
    crises = ["osh_2010", CRISIS]
    changes = parse_overrides(["RUS.capacity=0.5x"], case)
    together = whatif_crises(case, posterior, crises, changes, DRAWS)[CRISIS]
    alone = whatif(case, posterior, CRISIS, changes, DRAWS)
    for one, other in zip(together.powers, alone.powers, strict=True):
        assert one.expected_rung.difference.mean == pytest.approx(other.expected_rung.difference.mean, abs=1e-9)
        assert one.through_others.mean == pytest.approx(other.through_others.mean, abs=1e-9)
    solved = solve_crises(case, posterior, crises, (), DRAWS)
    assert solved[CRISIS].p_stabilised.mean == pytest.approx(alone.p_stabilised.baseline.mean, abs=1e-9)
    gap = explain(case, posterior, CRISIS, "CHN", "RUS", DRAWS).gap
    assert explain_crises(case, posterior, crises, "CHN", "RUS", DRAWS)[CRISIS].gap.mean == pytest.approx(gap.mean)


def test_a_null_change_is_exactly_zero_in_a_batch_of_crises_too(case, posterior):
    for found in whatif_crises(
        case, posterior, ["osh_2010", CRISIS], parse_overrides(["RUS.stake=1x"], case), DRAWS
    ).values():
        assert found.is_null
        assert all(p.expected_rung.difference.low == 0.0 == p.expected_rung.difference.high for p in found.powers)


def test_a_power_that_does_not_play_has_no_gap(case, posterior):
    row = case.responses.filter(pl.col("scope") == "belligerent").row(0, named=True)
    other = next(p for p in case.powers if p != row["actor"])
    with pytest.raises(NoGap, match="does not play"):
        explain(case, posterior, row["crisis_id"], row["actor"], other, DRAWS)


def test_a_power_that_is_absent_or_held_has_no_gap_for_its_own_reason(case, posterior):
    for text, why in (("absent=CHN", "who is absent does nothing"), ("CHN.force=4", "told to do")):
        with pytest.raises(NoGap, match=f"{text}: .*{why}"):
            explain(case, posterior, CRISIS, "CHN", "RUS", DRAWS, [text])


def test_the_best_of_a_folder_is_the_best_of_its_posteriors(case, tmp_path):
    loaded = {}
    for name in ("FR", "BL", "base"):
        shutil.copy(case.folder / "posteriors" / f"{name}.nc", tmp_path)
        loaded[name] = load_posterior(tmp_path / f"{name}.nc")
    assert basis_for(case, tmp_path, "FR").name == "FR"
    basis = basis_for(case, tmp_path)
    assert basis.name == next(iter(best_first(loaded)))
    assert basis.weights == {basis.name: 1.0}
    with pytest.raises(NoUsablePosterior, match="NI has not been fitted"):
        basis_for(case, tmp_path, "NI")


def test_a_damaged_fit_is_no_concern_of_another_that_is_asked_for(case, tmp_path):
    shutil.copy(case.folder / "posteriors" / "BL.nc", tmp_path)
    (tmp_path / "FR.nc").write_bytes(b"no posterior")
    assert basis_for(case, tmp_path, "BL").name == "BL"
    with pytest.raises(PosteriorFileError, match=r"FR\.nc"):
        basis_for(case, tmp_path)


@pytest.mark.slow
def test_all_branches_come_with_the_path_and_say_whether_it_folds(case, posterior):
    found = solve_crisis(case, posterior, CRISIS, (), DRAWS, branch="all")
    assert found.equilibria.found.is_balanced
    assert "The principal branch" in found.equilibria.table().note
    spec = found.plot_path().to_dict()
    named = {row["power"] for layer in spec["layer"] for row in layer["data"]["values"] if "power" in row}
    assert named == set(case.powers)
    assert found.as_dict()["branch"]["traced"]


def test_a_solution_is_made_of_probabilities_and_names_its_explanation(case, posterior):
    found = solve_crisis(case, posterior, CRISIS, (), DRAWS).as_dict()
    assert {"crisis", "powers", "p_stabilised", "solver"} <= set(found)
    for power in found["powers"]:
        assert sum(power["response"]) == pytest.approx(1)
        assert sum(power["alone"]) == pytest.approx(1)
        assert len(power["response"]) == 7
    assert found["solver"]["residual"] <= 1e-10
    assert found["explanation"] == "all"


def test_without_a_posterior_one_is_told_to_fit(case):
    with pytest.raises(NoUsablePosterior, match="fit"):
        solve_crisis(case, None, CRISIS)


def test_the_parts_of_a_gap_sum_to_it_in_every_draw(case, posterior):
    found = explain(case, posterior, CRISIS, "CHN", "RUS", DRAWS)
    games = drawn(case, posterior, [CRISIS], (), DRAWS).games
    effort = np.asarray(estimands.expected_effort(games, solve(games).strategy))
    gap = effort[:, 1] - effort[:, 0]
    assert np.abs(sum(found.draws.values()) - gap).max() < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("over", ["CHN.stake", "severity"])
def test_at_the_tipping_point_the_estimand_is_at_the_threshold(case, posterior, over):
    curve = tip(case, posterior, CRISIS, [over], "p_stabilised>0.5", n_draws=DRAWS)
    threshold = float(np.median(curve.curve))
    found = tip(case, posterior, CRISIS, [over], f"p_stabilised>{threshold:.6f}", n_draws=DRAWS)
    draw = int(np.flatnonzero(np.isfinite(found.draws))[0])
    text = f"{over}={found.draws[draw]:.12f}{'x' if over != 'severity' else ''}"
    games = drawn(case, posterior, [CRISIS], parse_overrides([text], case, CRISIS), DRAWS).games
    assert float(estimands.p_stabilised(games, solve(games))[draw]) == pytest.approx(threshold, abs=2e-6)


@pytest.mark.slow
def test_where_nothing_crosses_it_says_so(case, posterior):
    found = tip(case, posterior, CRISIS, ["CHN.stake"], "p_deploy:CHN>0.99999999", bounds=[(0.9, 1.1)], n_draws=DRAWS)
    assert found.value is None
    assert found.sentence.startswith("No tipping point")
    assert found.as_dict()["value"] is None


def test_an_input_that_moves_nothing_says_so(case, posterior):
    found = tip(case, posterior, CRISIS, ["SCO.legitimacy"], "p_deploy:CHN>0.5", n_draws=DRAWS)
    assert "Without effect by itself: SCO.legitimacy." in found.notes
    assert found.sentence.startswith("SCO.legitimacy moves nothing in kz_jan_2022 (no power can deploy through SCO")


@pytest.mark.parametrize("over", [["CHN.stake"], pytest.param(["CHN.stake", "SCO.legitimacy"], marks=pytest.mark.slow)])
def test_a_measure_that_nothing_moves_is_not_taken_for_an_input_that_moves_nothing(case, posterior, over):
    found = tip(case, posterior, "galwan_2020", over, "p_deploy:IND>0.5", n_draws=DRAWS)
    assert not any("Without effect" in note and "CHN.stake" in note for note in found.notes)
    assert any(note.startswith("p_deploy:IND is 0 whatever CHN.stake is") for note in found.notes)
    assert found.drawn if len(over) == 2 else found.value is None


def test_an_input_that_moves_nothing_is_told_before_a_curve_of_it_is_solved(case, posterior, monkeypatch):
    solved = []
    monkeypatch.setattr(tipping, "solve", lambda *given: solved.append(given) or solve(*given))
    tip(case, posterior, CRISIS, ["SCO.legitimacy"], "p_deploy:CHN>0.5", n_draws=DRAWS)
    assert len(solved) == 1
    found = tip(case, posterior, CRISIS, ["SCO.legitimacy", "CHN.stake"], "p_deploy:CHN>0.5", n_draws=DRAWS)
    assert len(solved) == 1 + len(found.grids[1])
    assert np.ptp(found.mean, axis=0).max() == 0.0 < np.ptp(found.mean, axis=1).min()
    assert any("SCO.legitimacy" in note for note in found.notes)


@pytest.mark.slow
def test_without_bounds_an_opinion_is_varied_as_far_as_it_goes(case, posterior):
    found = tip(case, posterior, CRISIS, ["RUS.opinion@KAZ"], "p_deploy:RUS>0.5", n_draws=DRAWS)
    assert found.bounds[0] == pytest.approx(-0.2, abs=1e-6)


def test_what_is_wrong_with_an_input_names_over_and_no_set_that_nobody_typed(case, posterior):
    for over, bounds in (("RUS.opinion@KGZ", None), ("RUS.opinion@KAZ", [(-0.9, 0.1)]), ("CST.legitimacy", None)):
        with pytest.raises(BadOverride) as refused:
            tip(case, posterior, CRISIS, [over], "p_deploy:RUS>0.5", bounds=bounds, n_draws=DRAWS)
        assert str(refused.value).count("--over") == 1
        assert "--set" not in str(refused.value)


@pytest.mark.parametrize("text", ["p_deploy>0.5", "p_stabilised:CHN>0.5", "p_deply:CHN>0.5", "p_deploy:CHN=0.5"])
def test_a_threshold_that_cannot_be_read_is_refused(case, text):
    with pytest.raises(BadCrossing):
        parse_crossing(text, case)


def test_the_parts_of_a_gap_are_named_in_words_with_their_unit(case, posterior):
    table = explain(case, posterior, CRISIS, "CHN", "RUS", DRAWS).table()
    assert "norm, and coming unasked" in table.frame["mechanism"].to_list()
    assert "expected effort, 0 to 1" in table.title


def test_why_one_does_more_is_asked_only_where_the_interval_bears_it_out(case, posterior):
    found = explain(case, posterior, CRISIS, "CHN", "RUS", DRAWS)
    title = {
        gap: replace(found, gap=Summary(*gap)).table().title
        for gap in ((0.05, -0.04, 0.11), (0.05, 0.01, 0.11), (-0.05, -0.1, -0.01))
    }
    assert "which of them does more is open" in title[0.05, -0.04, 0.11]
    assert "Why" not in title[0.05, -0.04, 0.11]
    assert title[0.05, 0.01, 0.11].startswith(f"Why CHN does more than RUS in {CRISIS}")
    assert title[-0.05, -0.1, -0.01].startswith(f"Why CHN does less than RUS in {CRISIS}")


@pytest.mark.parametrize(
    ("text", "range_"),
    [("p_deploy:RUS>1.5", "0 and 1"), ("expected_rung:CHN>9", "0 and 6"), ("p_stabilised>-1", "0 and 1"), ("p_nobody<2", "0 and 1")],
)  # fmt: skip
def test_a_threshold_that_no_value_can_cross_is_refused(case, text, range_):
    with pytest.raises(BadCrossing, match=f"lies between {range_}"):
        parse_crossing(text, case)
    assert parse_crossing("buck_passed:CHN<-3", case).threshold == -3
    assert parse_crossing("expected_rung:CHN>5.5", case).threshold == 5.5


@pytest.mark.parametrize("bounds", [(1.0, 0.5), (0.5, float("inf")), (float("nan"), 1.0)])
def test_bounds_are_two_numbers(case, posterior, bounds):
    with pytest.raises(BadCrossing, match="give two numbers, the smaller first"):
        tip(case, posterior, CRISIS, ["CHN.stake"], "p_deploy:CHN>0.5", [bounds], DRAWS)


@pytest.mark.slow
def test_an_alignment_s_tipping_point_is_told_without_its_range_twice_and_with_one_row_for_0(case, posterior):
    found = tip(case, posterior, CRISIS, ["RUS.alignment@CHN"], "p_deploy:RUS>0.99999", n_draws=DRAWS)
    for one in (found, replace(found, still=""), replace(found, value=Summary(-5e-10, -5e-10, 0.5))):
        assert "-1 to 1" not in one.sentence
        assert "between -1 and 1" in one.sentence
    assert "= 0 [0, 0.5] (median" in one.sentence
    values = found.table().frame["value"].to_list()
    assert 0.0 in values
    assert not [x for x in values if 0 < abs(x) < 1e-6]
    with pytest.raises(BadOverride) as refused:
        changes_of(["RUS.alignment@CHN=3"], case, CRISIS)
    assert str(refused.value).count("-1 to 1") == 1
