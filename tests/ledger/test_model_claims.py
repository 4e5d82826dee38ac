"""Claims about the model: limits that any posterior must respect, here with draws from the priors."""

import dataclasses

import numpy as np
import pytest

from buckpass.case import Case, Claim
from buckpass.fitting.posterior import Diagnostics, Posterior
from buckpass.ledger import assess
from buckpass.ledger.changes import without_consent_of
from buckpass.ledger.finding import CannotCompute, Question
from buckpass.ledger.model_theatres import gap_share
from buckpass.ledger.predictions import Predictions, mean_over
from made_posteriors import posterior_of, prior_sites

DRAWS = 20
GOOD = Diagnostics(1.0, 4000.0, 4000.0, 0, "kappa")
CRISES = ("dalen_2005", "dalen_2010", "dalen_2016")


def from_prior(case: Case, name: str, diagnostics: Diagnostics = GOOD) -> Posterior:
    """Draws from an explanation's priors in the form of a posterior, with a likelihood that prefers none."""
    elpd = -1.0 + 0.1 * np.random.default_rng(len(name)).normal(size=len(CRISES))
    return posterior_of(case, name, prior_sites(case, name, DRAWS, 5), elpd=elpd, diagnostics=diagnostics)


@pytest.fixture(scope="module")
def two_theatres(toy) -> Case:
    """The toy record with its last crisis moved to a second theatre, and claims about the model."""
    first = toy.settings.theatres[0]
    settings = toy.settings.model_copy(update={"theatres": (first, first.model_copy(update={"id": "coast"}))})
    crises = toy.crises.with_columns(theatre=np.array(["valley", "valley", "coast"]))
    parts = {
        "M1": ({"name": "model.cross_response", "power": "BBB", "other": "AAA", "theatre": "valley"}, {"below": -0.05}),
        "M2": ({"name": "model.free_riding_index", "power": "BBB", "theatre": "valley"}, {"above": 0}),
        "M3": ({"name": "model.free_riding_index", "power": "AAA", "theatre": "valley"}, {"above": 0}),
        "M4": ({"name": "model.theatre_gap", "power": "BBB", "theatre": "valley", "against": ["valley"]}, {"above": 0}),
        "M5": (
            {"name": "model.gap_share", "power": "BBB", "theatre": "valley", "against": ["coast"],
             "mechanism": "others"},
            {"above": 0.25},
        ),
        "M6": (
            {"name": "model.whatif", "measure": "p_organisation_deploys", "organisation": "PACT", "theatre": "valley",
             "scenarios": [{"label": "as it is", "set": ["PACT.consent=lead"]}]},
            {"above": 0.05},
        ),
        "M7": (
            {"name": "model.self_enforcing", "parties": ["BBB", "AAA"], "explanation": "FR", "against": ["LS"]},
            {"equals": True},
        ),
        "M8": (
            {"name": "model.capacity_freed", "power": "BBB", "theatre": "valley", "into": ["coast"]},
            {"above": 0.05},
        ),
    }  # fmt: skip
    claims = tuple(_claim(name, "model", *part) for name, part in parts.items())
    even = {"name": "premise.break_even", "parameter": "backlash", "power": "BBB", "crises": ["dalen_2010"], "rung": 6,
            "asked": [False, True]}  # fmt: skip
    return toy.replace(settings=settings, crises=crises, claims=(*claims, _claim("M9", "premise", even, {})))


def _claim(name: str, family: str, estimand: dict, expect: dict) -> Claim:
    return Claim.model_validate(
        {
            "id": name,
            "text": "x",
            "short": "x",
            "kind": "causal",
            "family": family,
            "estimand": estimand,
            "expect": expect,
        }
    )


@pytest.fixture(scope="module")
def posteriors(two_theatres) -> dict[str, Posterior]:
    return {name: from_prior(two_theatres, name) for name in ("FR", "LS", "all")}


@pytest.fixture(scope="module")
def ledger(two_theatres, posteriors):
    return assess(two_theatres, posteriors)


def rows(verdict) -> dict[str, dict]:
    return {row["explanation"]: row for row in verdict.detail["explanations"]}


def voices(verdict) -> dict[str, dict]:
    return {row["id"]: row for row in verdict.by_fit}


def test_a_fit_in_which_nobody_counts_others_effort_has_no_voice(ledger):
    """It fixes the response at exactly 0, which is no evidence that the response is small."""
    found = ledger["M1"]
    assert voices(found)["LS"] == {"id": "LS", "p": None, "assumed": "kappa = 0", "failed": []}
    assert "LS" not in rows(found)
    assert rows(found)["FR"]["low"] < 0
    assert rows(found)["FR"]["high"] <= 1e-12  # the two are aligned here: effort can only substitute
    assert "LS) assume that free riding's strength κ is 0" in found.reason or "(LS) assumes that" in found.reason


def test_the_number_is_that_of_all_mechanisms_and_the_range_that_of_every_free_fit(ledger):
    found = ledger["M1"]
    assert found.detail["under"] == "all"
    assert (found.value, found.probability) == (rows(found)["all"]["value"], found.p_all)
    said = [row["p"] for row in found.by_fit if row["assumed"] is None]
    assert (found.p_low, found.p_high) == (min(said), max(said))


def test_what_one_of_two_powers_gains_the_other_pays(ledger):
    assert rows(ledger["M2"])["FR"]["value"] == pytest.approx(-rows(ledger["M3"])["FR"]["value"], abs=1e-9)


def test_a_theatre_differs_from_itself_in_nothing(ledger):
    assert (ledger["M4"].low, ledger["M4"].high) == (0, 0)


def test_contributions_to_a_gap_add_up(two_theatres, posteriors):
    question = Question(
        two_theatres.claims[4], two_theatres, Predictions(two_theatres, {"FR": posteriors["FR"]}, DRAWS), 0
    )
    found = gap_share(question)
    drawn, solved = question.predictions.solved("FR")
    effort = np.asarray((drawn.games.effort_at * solved.strategy).sum(-1))[:, 1]
    gap = mean_over(drawn, effort, ["dalen_2016"]) - mean_over(drawn, effort, ["dalen_2005", "dalen_2010"])
    parts = found.detail["contributions"]["FR"]
    assert sum(parts.values()) == pytest.approx(float(gap.mean()), abs=1e-9)


def test_what_rivals_undo_is_no_part_of_what_allies_do(two_theatres):
    """With κ of the aligned at nothing allies' share of the gap is nothing, whatever rivals do; the parts still add up."""
    sites = prior_sites(two_theatres, "FR+BA", DRAWS, 3)
    sites["kappa"] = np.zeros_like(sites["kappa"])
    rivals = [
        a.model_copy(update={"value": -1.0}) if a.theatre == "valley" else a for a in two_theatres.settings.alignments
    ]
    case = two_theatres.replace(settings=two_theatres.settings.model_copy(update={"alignments": tuple(rivals)}))
    fit = {"FR+BA": posterior_of(case, "FR+BA", sites)}
    question = Question(case.claims[4], case, Predictions(case, fit, DRAWS), 0)
    found = gap_share(question)
    drawn, solved = question.predictions.solved("FR+BA")
    assert float(np.abs(np.asarray(solved.log_residual)).max()) > 0.01  # rivals do undo something here
    assert found.detail["contributions"]["FR+BA"]["others"] == pytest.approx(0, abs=1e-9)
    effort = np.asarray((drawn.games.effort_at * solved.strategy).sum(-1))[:, 1]
    gap = mean_over(drawn, effort, ["dalen_2016"]) - mean_over(drawn, effort, ["dalen_2005", "dalen_2010"])
    assert sum(found.detail["contributions"]["FR+BA"].values()) == pytest.approx(float(gap.mean()), abs=1e-9)


def test_a_change_to_what_is_already_there_changes_nothing(ledger):
    assert (ledger["M6"].low, ledger["M6"].high, ledger["M6"].p_high) == (0, 0, 0)


def test_the_arrangement_is_no_likelier_than_that_its_explanation_beats_its_rivals(ledger):
    found = ledger["M7"]
    assert found.probability <= min(found.detail["p_better_than"].values())
    assert 0 <= found.probability <= found.value <= 1
    for party in found.detail["parties"]:
        assert party["critical_discount_factor"] is None or 0 <= party["critical_discount_factor"] <= 1


def test_capacity_is_freed_or_not_never_bound(ledger):
    assert ledger["M8"].low >= -1e-9


def test_being_asked_never_makes_acting_pay_less(ledger):
    cells = {c["asked"]: c["break_even"] for c in ledger["M9"].detail["cells"]}
    assert ledger["M9"].verdict == "premise"
    assert cells[True] > cells[False]


def refused(posterior: Posterior) -> Posterior:
    return dataclasses.replace(posterior, diagnostics=Diagnostics(1.2, 50.0, 50.0, 3, "kappa"))


def test_a_refused_fit_is_no_basis_for_a_number_but_is_named(two_theatres, posteriors):
    found = assess(two_theatres.replace(claims=two_theatres.claims[:1]), {"FR": refused(posteriors["FR"])})["M1"]
    assert (found.verdict, found.value, found.p_all) == ("undecided", None, None)
    assert "failed" in found.reason
    assert any("R-hat" in why for why in voices(found)["FR"]["failed"])


def test_every_claim_computes_with_the_controls_and_one_mechanism_alone(two_theatres, posteriors):
    found = assess(two_theatres, {name: from_prior(two_theatres, name) for name in ("base", "FR")})
    assert {v.verdict for v in found if v.family == "model"} == {"undecided"}
    assert all("(all), which is not among the fits" in v.reason or "every fit fixes" in v.reason
               for v in found if v.family == "model")  # fmt: skip


def test_taking_out_a_consent_leaves_the_others(toy):
    pact = toy.settings.organisations[0]
    consensus = pact.model_copy(update={"consent": pact.consent.model_copy(update={"rule": "consensus"})})
    case = toy.replace(settings=toy.settings.model_copy(update={"organisations": (consensus,)}))
    changed = without_consent_of(case, "PACT", "BBB", CRISES).case.organisation("PACT").consent
    assert (changed.rule, set(changed.keys)) == ("keys", {"AAA", "DDD"})
    with pytest.raises(CannotCompute, match="lead"):
        without_consent_of(toy, "PACT", "BBB", CRISES)
