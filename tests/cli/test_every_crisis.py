"""Every verb about a crisis, on every regional crisis of the flagship, from the terminal and from Python."""

import json

import pytest
from typer.testing import CliRunner

import buckpass as bp
from buckpass.cli.main import app

CHANGES = ("request=CSTO,CHN", "CHN.force=5", "absent=RUS", "SCO.consent=lead", "RUS.capacity=0.5x")
CROSSES = "p_deploy:CHN>0.5"


def regional(case):
    """Crises of the theatre of the case's focus, in the order of the record."""
    theatre = case.crisis(case.settings.focus.crisis)["theatre"]
    return [row["crisis_id"] for row in case.crises.iter_rows(named=True) if row["theatre"] == theatre]


CRISES = regional(bp.load("central-asia"))
EVERY = [pytest.param(c, marks=pytest.mark.exhaustive if n % 13 else pytest.mark.slow) for n, c in enumerate(CRISES)]


def asked(*words):
    result = CliRunner().invoke(app, [*words, "--draws", "20", "--json", "--explanation", "FR"])
    return result.exit_code, (json.loads(result.stdout) if result.exit_code == 0 else result.stderr)


@pytest.fixture(scope="module")
def free_riding(flagship):
    return bp.posteriors(flagship)["FR"]


def test_there_are_the_regional_crises_of_the_record():
    assert len(CRISES) >= 22


@pytest.mark.parametrize("crisis", EVERY)
def test_solve_and_explain(crisis):
    code, found = asked("solve", "central-asia", crisis, "--all")
    assert code == 0, found
    assert all(sum(p["response"]) == pytest.approx(1) for p in found["powers"])
    assert found["solver"]["residual"] <= 1e-10
    assert found["branch"]["indices_add_up"]
    assert sum(e["is_principal"] for e in found["equilibria"]) == 1
    code, found = asked("explain", "central-asia", crisis, "--power", "CHN", "--reference", "RUS")
    assert code == 0, found
    assert sum(part["mean"] for part in found["parts"].values()) == pytest.approx(found["gap"]["mean"], abs=1e-8)


@pytest.mark.parametrize("crisis", EVERY)
def test_what_if_in_each_form(flagship, crisis):
    founded = flagship.organisation("SCO").founded, flagship.organisation("CSTO").founded
    row = flagship.crisis(crisis)
    for change in CHANGES:
        too_early = ("SCO" in change and row["end"] < founded[0]) or ("CSTO" in change and row["end"] < founded[1])
        code, found = asked("whatif", "central-asia", crisis, "--set", change)
        if too_early:
            assert code == 2
            assert "existed from" in found
            continue
        assert code == 0, found
        for power in found["powers"]:
            parts = power["channels"]["own"]["mean"] + power["channels"]["through_others"]["mean"]
            assert parts == pytest.approx(power["expected_rung"]["difference"]["mean"], abs=1e-9)
        assert all(word in found["sentence"] for word in ("Changed", "Held", "Re-solved"))


@pytest.mark.parametrize("crisis", EVERY)
def test_tip(crisis):
    code, found = asked("tip", "central-asia", crisis, "--over", "RUS.capacity", "--crosses", CROSSES)
    assert code == 0, found
    assert (found["value"] is None) == found["sentence"].startswith("No tipping point")


@pytest.mark.slow
def test_a_phase_diagram_of_two_inputs(tmp_path):
    figure = tmp_path / "phase.svg"
    two = ("--over", "CHN.backlash", "--over", "RUS.capacity")
    code, found = asked("tip", "central-asia", CRISES[-1], *two, "--crosses", CROSSES, "--figure", str(figure))
    assert code == 0, found
    assert len(found["mean"]) == len(found["grids"][0])
    assert "CHN.backlash" in figure.read_text(encoding="utf-8")


@pytest.mark.slow
def test_all_of_them_in_batches_from_python(flagship, free_riding):
    changes = bp.overrides(["RUS.capacity=0.5x"], flagship)
    solved = bp.solve_crises(flagship, free_riding, CRISES, n_draws=20)
    changed = bp.whatif_crises(flagship, free_riding, CRISES, changes, 20)
    gaps = bp.explain_crises(flagship, free_riding, CRISES, "CHN", "RUS", 20)
    turns = bp.tip_crises(flagship, free_riding, CRISES[:3], ["RUS.capacity"], CROSSES, n_draws=20)
    assert list(solved) == list(changed) == list(gaps) == CRISES
    assert list(turns) == CRISES[:3]
    for crisis in CRISES:
        assert changed[crisis].p_stabilised.baseline.mean == pytest.approx(solved[crisis].p_stabilised.mean, abs=1e-9)
