"""The answer of compare: fields of the JSON, sentences that the numbers bear out, what is missing said."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from buckpass.case import load_case
from buckpass.cli.main import app
from buckpass.evidence.comparing import compare
from buckpass.evidence.gathered import GATHERED, Gathered, gathered
from buckpass.evidence.term_summaries import prior_sd, summaries
from buckpass.fitting.files import load_posteriors, posterior_file, save_posterior
from buckpass.model.mechanisms import mechanisms
from buckpass.model.terms import term, terms
from drawn import prior_posterior
from made_posteriors import nested_fits

APART = np.array([0.3, -0.3, 0.1])  # by crisis: alike on the whole, apart in each
IDS = [m.id for m in mechanisms()]


@pytest.fixture(scope="module")
def answer(toy):
    """Backlash and free riding add three nats a crisis, alone and given the rest; nothing else anything."""
    return compare(toy, nested_fits(toy, {"BL": 3 + APART, "FR": 3 - APART})).nested


def test_the_json_has_the_fields_that_readers_were_told(answer):
    found = json.loads(json.dumps(answer.as_dict(), allow_nan=False))
    assert {
        "baselines",
        "base",
        "all",
        "mechanisms",
        "argument",
        "ties",
        "hangs_on",
        "headline",
        "leader",
        "optimism",
    } <= set(found)
    assert {"elpd", "se"} <= set(found["base"])
    assert {"elpd", "se", "rhat_max", "ess_min", "divergences"} <= set(found["all"])
    assert [one["id"] for one in found["mechanisms"]] == IDS
    for one in found["mechanisms"]:
        assert {"diff", "se"} <= set(one["alone"])
        assert {"diff", "se"} <= set(one["given_the_rest"])
    kappa = next(one for one in found["mechanisms"] if one["id"] == "FR")["terms"][0]
    assert set(kappa) == {"name", "mean", "low", "high", "prior_sd", "contraction", "contraction_by_theatre"}
    assert kappa["name"] == "kappa"


def test_the_headline_names_the_leader_and_its_ties(answer):
    assert {answer.tests.leader, *answer.tests.ties} == {"BL", "FR"}
    assert answer.headline.startswith(("Backlash adds most (+", "Free riding adds most (+"))
    assert "ties with it" in answer.headline
    assert "no other beats the controls by itself" in answer.headline


def test_where_nothing_beats_the_controls_the_headline_says_that_first(toy):
    found = compare(toy, nested_fits(toy, {})).nested
    assert found.headline.startswith("No mechanism predicts this record measurably better than the controls alone")
    assert "none adds anything measurable" in found.headline


def test_what_predicts_worse_than_the_controls_adds_nothing(toy):
    found = compare(toy, nested_fits(toy, dict.fromkeys(IDS, -2.0))).nested
    assert "comes nearest (-" in found.headline.replace("−", "-")
    assert "adds most" not in found.headline


def test_a_failed_fit_is_missing_from_its_differences_and_named_beside(toy):
    fits = nested_fits(toy, {}, failed=("all-BL", "EX"))
    found = compare(toy, fits)
    assert found.nested.tests["BL"].given_the_rest is None
    assert found.nested.tests["EX"].alone is None
    assert set(found.failed) == {"all-BL", "EX"}
    rows = {r["id"]: r for r in found.nested.table().rows()}
    assert rows["EX"]["over base"] == "–"


@pytest.mark.slow
def test_one_screen_of_eighty_columns(toy, tmp_path, monkeypatch):
    fits = nested_fits(toy, {"BL": 2.0})
    for name, fit in fits.items():
        save_posterior(fit, tmp_path / posterior_file(name))
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, ["compare", str(toy.folder), "--posteriors", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80
    assert "--explanation, does both" in " ".join(" ".join(lines).split())
    whole = CliRunner().invoke(app, ["compare", str(toy.folder), "--posteriors", str(tmp_path), "--json"])
    found = json.loads(whole.stdout)
    assert {"what", "observed_low", "observed_high", "low", "high"} <= set(found["checks"][0])
    assert {"explanations", "indistinguishable", "failed", "best_by_crisis", "readings", "baselines", "base"} <= set(
        found
    )


@pytest.mark.slow
def test_without_the_controls_the_fits_are_ranked_as_they_are(toy):
    found = compare(toy, {e: prior_posterior(toy, e) for e in ("FR", "BL")})
    assert [t.title for t in found.tables()] == [found.ranking().title]
    assert "mechanisms" not in found.as_dict()


@pytest.mark.slow
@pytest.mark.parametrize("one", terms(), ids=lambda t: t.name)
def test_the_sd_of_a_prior_is_that_of_draws_from_it(toy, one):
    draws = prior_posterior(toy, "all", n_draws=4000).flat()[one.name]
    assert draws.std() == pytest.approx(prior_sd(one), rel=0.08)


@pytest.mark.slow
def test_entries_of_a_term_have_the_names_of_their_powers(toy):
    found = summaries(prior_posterior(toy, "NI", n_draws=400), ("norm", "kappa"))
    assert [one.name for one in found] == [f"norm[{p}]" for p in toy.powers]
    assert all(abs(one.contraction) < 0.35 for one in found)
    assert found[0].prior_sd == pytest.approx(prior_sd(term("norm")))


def test_what_was_kept_of_other_fits_or_another_record_is_not_read(toy, tmp_path):
    fits = nested_fits(toy, {})
    content = {"case_hash": "another", "coding": None, "baselines": [], "fits": {}}
    for text in (
        "",
        "[]",
        "not json",
        json.dumps(content),
        json.dumps(
            {
                **content,
                "case_hash": toy.record_hash,
                "fits": {"FR": {"scores": "x", "cells": {"elpd": [], "is_trusted": []}}},
            }
        ),
    ):
        (tmp_path / GATHERED).write_text(text)
        assert gathered(toy, fits, tmp_path) == Gathered()


@pytest.mark.parametrize("name", ["central-asia", "western-balkans"])
def test_what_is_kept_beside_the_bundled_fits_is_read_to_the_last_number(name):
    """Also where a fit by one theatre alone failed, and its moments are null."""
    case = load_case(name)
    folder = case.folder / "posteriors"
    written, found = json.loads((folder / GATHERED).read_text("utf-8")), gathered(case, load_posteriors(case), folder)
    assert len(found.baselines) == len(written["baselines"]) > 0
    assert {*found.cells} == {n for n, one in written["fits"].items() if "cells" in one}
    assert {n: {*t} for n, t in found.theatres.items()} == {
        n: {*one["theatres"]} for n, one in written["fits"].items() if "theatres" in one
    }


def test_what_is_said_given_the_rest_names_those_that_were_fitted_so(toy):
    fits = nested_fits(toy, {"BL": 3 + APART, "FR": 3 - APART})
    some = {n: p for n, p in fits.items() if not n.startswith("all-") or n in ("all-FR", "all-VE")}
    said = compare(toy, some).nested.headline
    assert "Given all the others" in said
    assert f"of the 2 of {len(IDS)} for which this was fitted (" in said
    assert "this was fitted" not in compare(toy, fits).nested.headline
