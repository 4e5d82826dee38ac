"""Every verb on the second bundled case, unchanged; nothing in the package knows the first."""

import json
import re

import pytest
from typer.testing import CliRunner

from buckpass.case import load_case
from buckpass.cli.main import app

slow, exhaustive = pytest.mark.slow, pytest.mark.exhaustive
CASE = "western-balkans"
FOCUS = load_case(CASE).settings.focus
ONE, OTHER, CRISIS = FOCUS.rider, FOCUS.provider, FOCUS.crisis
FEW = ("--draws", "20")
PLACE = re.compile(r'"file": "[^"]+", "line": (\d+|null), ')
VERBS = (
    ("check",), ("record",), ("compare",), ("claims",), ("diff", CASE),
    ("solve", CRISIS, *FEW), ("solve", CRISIS, "--all", *FEW),
    ("explain", CRISIS, "--power", ONE, "--reference", OTHER, *FEW),
    ("whatif", CRISIS, "--set", f"{OTHER}.capacity=0.5x", *FEW),
    ("tip", CRISIS, "--over", f"{OTHER}.capacity", "--crosses", f"p_deploy:{ONE}>0.5", *FEW),
    ("futures", "--years", "3", "--histories", "64"),
)  # fmt: skip


def run(*words):
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, (words, result.stderr)
    return result.stdout


@slow
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: "-".join(verb[:3:2]))
def test_it_answers_a_program(verb):
    assert json.loads(run(verb[0], CASE, *verb[1:], "--json"))


@slow
def test_in_the_shortest_form_it_answers_the_same(tmp_path):
    """`migrate` loses nothing that a verb reads; the bundled fits answer, since the record is the same."""
    short = tmp_path / CASE
    run("migrate", CASE, "--to", str(short))
    assert json.loads(run("diff", CASE, str(short), "--json"))["same"]
    cheap = [verb for verb in VERBS if verb[0] in ("record", "compare", "solve", "explain", "whatif", "futures")]
    hashes = [load_case(case).hash for case in (CASE, short)]
    for verb in (*cheap, ("worldwide",)):
        told, again = (PLACE.sub("", run(verb[0], case, *verb[1:], "--json")) for case in (CASE, str(short)))
        assert again.replace(hashes[1], hashes[0]) == told, verb


@slow
def test_it_has_a_page_and_an_archive(tmp_path):
    run("report", CASE, "-o", str(tmp_path / "page.html"))
    assert "<html" in (tmp_path / "page.html").read_text()
    run("replicate", CASE, "-o", str(tmp_path / "archive.zip"))
    assert (tmp_path / "archive.zip").stat().st_size > 100_000


@slow
def test_a_case_without_a_bargain_says_so():
    result = CliRunner().invoke(app, ["agreement", CASE])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no [arrangement]" in result.stderr


@exhaustive
def test_assumptions_are_swept(tmp_path):
    design = tmp_path / "design.toml"
    design.write_text(
        'method = "morris"\nsamples = 2\nyears = 3\nhistories = 64\n'
        f'[[outcome]]\nmeasure = "burden"\npower = "{OTHER}"\nyear = 2013\n'
    )
    assert json.loads(run("sweep", CASE, str(design), "-o", str(tmp_path / "out"), "--json"))


@slow
@pytest.mark.parametrize("name", sorted(load_case(CASE).scenarios))
def test_its_scenarios_run_where_they_happen(name):
    """A scenario of one crisis is asked there: an organisation of its day may be gone in the years ahead."""
    scenario = load_case(CASE).scenarios[name]
    changes = [word for text in scenario.set for word in ("--set", text)]
    assert json.loads(run("whatif", CASE, scenario.crisis, *changes, *FEW, "--json"))["set"] == list(scenario.set)


@slow
def test_an_organisation_of_the_past_is_no_way_into_the_years_ahead():
    words = ["futures", CASE, "--scenario", "force-of-1991", "--years", "2", "--histories", "64"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "WEU existed from" in result.stderr


@slow
def test_a_scenario_of_the_years_ahead_runs():
    words = ("--scenario", "without-america", "--years", "3", "--histories", "64", "--json")
    assert json.loads(run("futures", CASE, *words))["manifest"]["identity"]["overrides"] == ["absent=USA"]
