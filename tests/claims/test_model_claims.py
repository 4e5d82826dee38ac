"""Claims about the model: limits that any posterior must respect, here with draws from the priors."""

import dataclasses

import numpy as np
import pytest

from buckpass.case import Case, Claim
from buckpass.claims import assess
from buckpass.claims.changes import without_consent_of
from buckpass.claims.finding import CannotCompute, Question
from buckpass.claims.ledger import assess_question
from buckpass.claims.model_theatres import gap_share
from buckpass.claims.predictions import Predictions, Reading, Sample, finding_of, mean_over, sample_of
from buckpass.fit.posterior import Diagnostics, Posterior
from buckpass.predict.which_fits import Basis
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
    predictions = Predictions(two_theatres, posteriors, given=weighed(posteriors))
    verdicts = [assess_question(Question(claim, two_theatres, predictions, 0)) for claim in two_theatres.claims]
    return {one.id: one for one in verdicts}


def weighed(posteriors, fr: float = 2 / 3) -> Basis:
    fits = {e: posteriors.get(e) for e in ("FR", "LS")}
    return Basis(fits, {"FR": fr, "LS": 1 - fr}, {"all": posteriors.get("all")})


def rows(verdict) -> dict[str, dict]:
    return {row["explanation"]: row for row in verdict.detail["explanations"]}


def test_where_nobody_counts_others_effort_nobody_responds(ledger):
    found = rows(ledger["M1"])
    assert (found["LS"]["low"], found["LS"]["high"]) == (0, 0)
    assert found["FR"]["low"] < 0
    assert found["FR"]["high"] <= 1e-12  # the two are aligned here: effort can only substitute


def test_bounds_are_shown_and_do_not_compete(ledger):
    found = rows(ledger["M1"])
    assert found["all"]["weight"] == 0
    assert found["FR"]["weight"] == pytest.approx(2 / 3)


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


def test_a_change_to_what_is_already_there_changes_nothing(ledger):
    assert (ledger["M6"].low, ledger["M6"].high) == (0, 0)
    assert ledger["M6"].verdict == "contradicted"


def test_arrangement_and_its_rival_weights(ledger):
    found = ledger["M7"]
    assert 0 <= found.probability <= found.value <= 1
    for party in found.detail["parties"]:
        assert party["critical_discount_factor"] is None or 0 <= party["critical_discount_factor"] <= 1


def test_capacity_is_freed_or_not_never_bound(ledger):
    assert ledger["M8"].low >= -1e-9


def test_being_asked_never_makes_acting_pay_less(ledger):
    cells = {c["asked"]: c["break_even"] for c in ledger["M9"].detail["cells"]}
    assert ledger["M9"].verdict == "premise"
    assert cells[True] > cells[False]


def test_a_refused_fit_is_no_basis_for_verdicts(two_theatres, posteriors):
    bad = {"FR": dataclasses.replace(posteriors["FR"], diagnostics=Diagnostics(1.2, 50.0, 50.0, 3, "kappa"))}
    found = assess(two_theatres, bad)
    assert found["M1"].verdict == "not_computed"
    assert "R-hat" in found["M1"].reason


def test_without_weights_the_posteriors_are_compared(two_theatres, posteriors):
    chosen = two_theatres.replace(claims=two_theatres.claims[1:2])
    weights = [row["weight"] for row in rows(assess(chosen, posteriors)["M2"]).values()]
    assert sum(weights) == pytest.approx(1)


def test_taking_out_a_consent_leaves_the_others(toy):
    pact = toy.settings.organisations[0]
    consensus = pact.model_copy(update={"consent": pact.consent.model_copy(update={"rule": "consensus"})})
    case = toy.replace(settings=toy.settings.model_copy(update={"organisations": (consensus,)}))
    changed = without_consent_of(case, "PACT", "BBB", CRISES).case.organisation("PACT").consent
    assert (changed.rule, set(changed.keys)) == ("keys", {"AAA", "DDD"})
    with pytest.raises(CannotCompute, match="lead"):
        without_consent_of(toy, "PACT", "BBB", CRISES)


def test_averaging_follows_the_weights_and_the_ceiling_doubts(two_theatres):
    question = Question(two_theatres.claims[1], two_theatres, None, 0)
    samples = {
        "FR": sample_of(question, np.full(50, 1.0)),
        "LS": sample_of(question, np.full(50, -1.0)),
        "all": Sample(np.full(50, 1.0), np.ones(50, bool)),
    }
    reading = Reading(samples, weighed({}, 0.7))
    found = finding_of(question, reading, "unit", CRISES, "", {})
    assert found.probability == pytest.approx(0.7)
    assert found.doubt == pytest.approx((0.7, 1.0))
