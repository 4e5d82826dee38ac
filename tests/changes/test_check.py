"""What a scenario or a claim would change is checked with the case, before anything is played."""

import shutil

import pytest

from buckpass.case import load_case
from buckpass.case.start import TEMPLATE
from buckpass.changes.check import check_case


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(TEMPLATE, tmp_path / "case")


def test_a_scenario_is_checked_with_the_case(folder):
    (folder / "scenarios").mkdir()
    scenario = folder / "scenarios" / "weaker.toml"
    scenario.write_text('title = "weaker"\nset = ["AAA.capacity=0.5x"]\n', encoding="utf-8")
    assert check_case(folder).case.scenarios["weaker"].set == ("AAA.capacity=0.5x",)
    scenario.write_text('title = "weaker"\nset = ["AAB.capacity=0.5x"]\n', encoding="utf-8")
    (problem,) = check_case(folder).problems
    assert problem.file == "scenarios/weaker.toml"
    assert "'AAA'" in problem.message
    assert load_case(folder).scenarios["weaker"], "what nobody plays keeps nobody from reading the case"


def test_a_scenario_of_a_crisis_that_is_not_there(folder):
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "weaker.toml").write_text('title = "weaker"\ncrisis = "dalen_2017"\n', encoding="utf-8")
    (problem,) = check_case(folder).problems
    assert "dalen_2016" in problem.message


def test_what_a_claim_changes_is_checked_with_its_line(folder):
    claims = folder / "claims.toml"
    claims.write_text(
        claims.read_text("utf-8")
        + """
[[claim]]
id = "C9"
text = "If it came, the other would stay away."
short = "one or the other"
kind = "counterfactual"
family = "model"
estimand = { name = "model.whatif", measure = "p_power_deploys", power = "BBB", theatre = "valley", scenarios = [{ label = "it comes", set = ["AAB.force=5"] }] }
expect = { below = 0 }
""",
        encoding="utf-8",
    )
    (problem,) = check_case(folder).problems
    assert (problem.file, problem.line is not None, problem.field) == ("claims.toml", True, "set")
    assert "'AAA'" in problem.message


def test_what_never_varies_in_the_fit_is_named_once(folder):
    rows = (folder / "crises.csv").read_text("utf-8").splitlines()
    more = [rows[1 + n % 3].replace("dalen_20", f"dalen{n}_20") for n in range(9)]
    (folder / "crises.csv").write_text("\n".join([*rows, *more]) + "\n", encoding="utf-8")
    (warning,) = [p for p in check_case(folder).warnings if "the same for every power" in p.message]
    assert "border, claim, busy, rivalry, rival_pressure" in warning.message
    assert (warning.file, warning.line, bool(warning.hint)) == ("crises.csv", 1, True)
    text = (folder / "crises.csv").read_text("utf-8").replace(",,,BBB,,AAA,", ",,,BBB,BBB,AAA,")
    (folder / "crises.csv").write_text(text, encoding="utf-8")
    (warning,) = [p for p in check_case(folder).warnings if "the same for every power" in p.message]
    assert "claim" not in warning.message
