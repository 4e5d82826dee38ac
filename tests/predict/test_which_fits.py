"""One policy of which fits answer and how much each counts: terminal, page, README, claims and years say the same."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from buckpass.ask.explain import explain
from buckpass.ask.solve import solve_crisis
from buckpass.ask.whatif import whatif
from buckpass.case import load_case
from buckpass.changes import parse_overrides
from buckpass.cli.main import app
from buckpass.fitting.files import load_posteriors
from buckpass.fitting.posterior import Diagnostics, Posterior, held
from buckpass.ledger import assess_claim
from buckpass.page.model_figures import MECHANISM_WORDS, gap_title
from buckpass.page.model_results import model_results
from buckpass.predict.which_fits import NoUsablePosterior, basis_of, best_freeing
from buckpass.years import Plan, simulate

ROOT = Path(__file__).parents[2]
CRISIS = "kz_jan_2022"
GOOD, BAD = Diagnostics(1.0, 900.0, 900.0, 0, ""), Diagnostics(1.5, 20.0, 20.0, 3, "kappa")


@pytest.fixture(scope="module")
def case():
    return load_case("central-asia")


@pytest.fixture(scope="module")
def posteriors(case):
    return load_posteriors(case)


@pytest.fixture(scope="module")
def explained():
    """What the terminal answers when nobody names an explanation."""
    done = CliRunner().invoke(app, ["explain", "central-asia", CRISIS, "--json"])
    assert done.exit_code == 0
    return json.loads(done.stdout)


def made(case, name: str, elpd: list[float], health: Diagnostics = GOOD) -> Posterior:
    """A fit of which only the scores and the diagnostics are asked."""
    crises = [f"c{n}" for n in range(len(elpd))]
    likelihood = xr.DataArray(np.zeros((4, 2, len(elpd))), dims=("chain", "draw", "crisis"), coords={"crisis": crises})
    scores = {"elpd": elpd, "pareto_k": np.zeros(len(elpd)), "is_exact": np.zeros(len(elpd), bool)}
    table = xr.Dataset({k: ("crisis", v) for k, v in scores.items()}, coords={"crisis": crises})
    return Posterior(name, case.id, case.record_hash, 0, held(xr.Dataset(), likelihood, table), health)


def test_terminal_and_readme_say_the_same_of_the_gap(explained):
    parts = {name: abs(part["mean"]) for name, part in explained["parts"].items()}
    said = re.search(r": ([a-z ]+) carries ([0-9.]+) \(.*?\) of that, what others do ([0-9.]+) \(",
                     (ROOT / "README.md").read_text("utf-8"))  # fmt: skip
    assert said is not None
    largest = next(name for name, words in MECHANISM_WORDS.items() if words == said[1])
    assert (parts[largest], parts["others"]) == pytest.approx((float(said[2]), float(said[3])), abs=0.0051)


def test_terminal_and_headline_say_the_same_of_the_gap(case, posteriors, explained):
    focus = case.settings.focus
    found = explain(case, posteriors, focus.crisis, focus.rider, focus.provider)
    kept = json.loads((ROOT / "docs" / "headline.json").read_text("utf-8"))
    assert gap_title(case, found) in kept["sentences"]
    assert found.gap.as_dict() == pytest.approx(explained["gap"])


def test_what_each_fit_says_by_itself_stands_beside_the_answer(case, posteriors, explained):
    assert set(explained["by_fit"]) == set(explained["weights"])
    for name, said in explained["by_fit"].items():
        alone = explain(case, posteriors[name], CRISIS, "CHN", "RUS")
        assert alone.explanation == name
        assert said["backlash"] == pytest.approx(alone.parts["backlash"].mean)
    averaged = sum(explained["weights"][e] * said["gap"] for e, said in explained["by_fit"].items())
    assert explained["gap"]["mean"] == pytest.approx(averaged, abs=1e-3)


def test_claims_and_terminal_answer_with_the_same_fit(case, posteriors, explained):
    claim = next(c for c in case.claims if c.estimand and c.estimand.name == "model.cross_response")
    kept = {name: posteriors[name] for name in ("base", "FR", "all") if name in posteriors}
    assert assess_claim(case, claim, kept).detail["under"] == explained["explanation"]


@pytest.mark.slow
def test_the_years_weigh_as_the_terminal_does(case, posteriors, explained):
    played = simulate(case, posteriors, (), Plan(years=1, histories=1))
    assert played.manifest["identity"]["weights"] == pytest.approx(explained["weights"])


@pytest.mark.slow
def test_the_page_says_of_a_crisis_what_the_terminal_says(case, posteriors):
    page, draws = model_results(case, posteriors, 8), 8
    solved = {p.id: p for p in solve_crisis(case, posteriors, CRISIS, (), draws).powers}
    for power in (p for p in case.powers if (CRISIS, p) in page.expected):
        assert page.expected[CRISIS, power].rung.mean == pytest.approx(solved[power].expected_rung.mean, abs=1e-7)
        assert page.expected[CRISIS, power].buck_passed.low == pytest.approx(solved[power].buck_passed.low, abs=1e-7)
    focus = case.settings.focus
    assert page.gap.as_dict() == explain(case, posteriors, CRISIS, focus.rider, focus.provider, draws).as_dict()
    for card in page.what_ifs[CRISIS]:
        asked = whatif(case, posteriors, CRISIS, parse_overrides([card.change], case, CRISIS), draws)
        rider = next(p for p in asked.powers if p.id == focus.rider)
        assert card.rider.mean == pytest.approx(rider.expected_rung.difference.mean, abs=1e-7)
        assert card.p_stabilised.high == pytest.approx(asked.p_stabilised.difference.high, abs=1e-7)


def test_all_answers_whatever_predicts_better(case):
    fits = {
        "FR": made(case, "FR", [-1.0, -3.0]), "BL": made(case, "BL", [-3.0, -1.0]), "EX": made(case, "EX", [-0.1, -0.1], BAD),
        "all": made(case, "all", [-2.9, -2.9]),
    }  # fmt: skip
    found = basis_of(case, fits)
    assert dict(found.weights) == {"all": 1.0}
    assert "every mechanism free" in found.how_chosen


def test_where_all_failed_the_fit_that_predicts_best_answers_alone(case):
    fits = {e: made(case, e, [s, s]) for e, s in (("FR", -5.0), ("BL", -4.0))} | {"all": made(case, "all", [-1.0], BAD)}
    found = basis_of(case, fits)
    assert dict(found.weights) == {"BL": 1.0}
    assert "predicts this record best" in found.how_chosen


def test_a_named_fit_answers_alone_even_if_it_failed_and_says_so(case):
    found = basis_of(case, made(case, "FR", [-1.0], BAD))
    assert dict(found.weights) == {"FR": 1.0}
    assert any("no basis for a verdict" in note for note in found.notes)
    with pytest.raises(NoUsablePosterior, match=r"R-hat 1\.500"):
        basis_of(case, {"FR": made(case, "FR", [-1.0], BAD)})
    with pytest.raises(NoUsablePosterior, match="fit it first"):
        basis_of(case, {})


def test_the_best_fit_in_which_a_term_is_free(case):
    fits = {e: made(case, e, [s]) for e, s in (("FR", -3.0), ("FR+DL", -4.0), ("BL", -1.0))}
    assert best_freeing(fits, "kappa").explanation == "FR"
    assert best_freeing(fits, "kappa", ("FR+DL",)).explanation == "FR+DL"
    assert (
        best_freeing({**fits, "FR+DL": replace(fits["FR+DL"], diagnostics=BAD)}, "kappa", ("FR+DL",)).explanation
        == "FR"
    )
    assert best_freeing({"BL": fits["BL"]}, "kappa") is None


def test_an_answer_names_its_fit_and_sends_the_reader_on_for_a_long_story(case):
    """The story of one mechanism is a sentence; that of twelve is longer than the answer that it stands under."""
    (one,), (whole,) = (basis_of(case, {e: made(case, e, [-1.0])}).notes for e in ("FR", "all"))
    assert "lets others pay" in one
    assert "buckpass help mechanisms" in whole
    assert len(whole) < 100
