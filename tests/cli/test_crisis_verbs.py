import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from buckpass.case import load_case
from buckpass.cli.main import app
from buckpass.fitting.files import load_posteriors, posterior_file, save_posterior
from buckpass.fitting.stamp import stamp_of
from buckpass.model.observations import Coding


def run(*words):
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize("verb", ["solve", "whatif", "tip", "explain"])
def test_a_misspelt_crisis_is_named_with_the_nearest(verb):
    extra = ["--over", "RUS.capacity", "--crosses", "p_deploy:CHN>0.5"] if verb == "tip" else []
    result = run(verb, "central-asia", "kz_jan_2023", *extra)
    assert result.exit_code == 2
    assert "kz_jan_2022" in result.stderr


def test_without_posteriors_one_is_told_to_fit(tmp_path):
    result = run("solve", "central-asia", "kz_jan_2022", "--posteriors", str(tmp_path))
    assert result.exit_code == 2
    assert "buckpass fit" in result.stderr


def test_a_figure_of_unknown_kind_is_refused_before_anything_is_computed(tmp_path):
    result = run("solve", "central-asia", "kz_jan_2022", "--figure", str(tmp_path / "a.bmp"))
    assert result.exit_code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_fits_with_the_patron_first_are_asked_for_by_name(tmp_path):
    case = load_case("central-asia")
    together = load_posteriors(case, None, ["FR"])["FR"]
    led = replace(together, order="patron first", stamp=stamp_of(case, "FR", Coding(), "patron first"))
    for one in (together, led):
        save_posterior(one, tmp_path / posterior_file("FR", one.order))
    words = (
        "solve",
        "central-asia",
        "kz_jan_2022",
        "--posteriors",
        str(tmp_path),
        "--explanation",
        "FR",
        "--draws",
        "6",
        "--json",
    )
    led, together = (run(*words, "--order", order) for order in ("patron first", "simultaneous"))
    assert led.exit_code == together.exit_code == 0, led.stderr
    assert any("patron moves first" in note for note in json.loads(led.stdout)["notes"])
    first, second = (json.loads(one.stdout)["powers"][0]["expected_rung"] for one in (led, together))
    assert abs(first - second) > 0.001
    assert run(*words, "--order", "rider first").exit_code == 2
    other = (*words[:5], "--explanation", "BL", "--order", "patron first")
    assert "there are FR" in run(*other).stderr


@pytest.mark.slow
def test_solve_prints_one_json_object():
    result = run("solve", "central-asia", "kz_jan_2022", "--draws", "8", "--json")
    assert result.exit_code == 0, result.stderr
    assert {"crisis", "powers", "p_stabilised", "solver"} <= set(json.loads(result.stdout))


def test_a_misspelt_measure_is_named_before_the_years_are_played(tmp_path, monkeypatch):
    played = []
    monkeypatch.setattr("buckpass.years.simulate", lambda *given: played.append(given))
    done = run("futures", "western-balkans", "--measure", "burdn", "--figure", str(tmp_path / "x.svg"))
    assert done.exit_code == 2
    assert "did you mean 'burden'" in done.stderr
    assert played == []
