"""Verdicts on claims about the model, from made fits: who votes, what widens, and what it takes to decide."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckpass.case import Case, Claim
from buckpass.evidence.contraction import Moments
from buckpass.evidence.gathered import Gathered
from buckpass.fitting.posterior import Posterior
from buckpass.ledger import assess_claim, estimands
from buckpass.ledger.carriers import carried_by
from buckpass.ledger.finding import Question
from buckpass.model.mechanisms import combination
from buckpass.model.terms import term
from made_posteriors import BAD, posterior_of, prior_sites

DRAWS = 12
RIDES = {"below": -1e-6}
MECHANISMS = ("others", "stake", "cost", "backlash", "norm", "influence")
STRONG, WEAK = 0.95, 0.0  # κ at which AAA's effort makes BBB's fall by more than the claim asks, and by nothing


def rides(**extra) -> Claim:
    """BBB does less where AAA does more."""
    estimand = {"name": "model.cross_response", "power": "BBB", "other": "AAA", "theatre": "valley", **extra}
    return claim(estimand, RIDES)


def claim(estimand: dict, expect: dict) -> Claim:
    return Claim.model_validate({"id": "C", "text": "x", "short": "x", "kind": "causal", "family": "model",
                                 "estimand": estimand, "expect": expect})  # fmt: skip


def fit(case: Case, name: str, kappa: float = STRONG, diagnostics=None) -> Posterior:
    """A fit with one value of κ and stakes at which others' effort shows."""
    sites = prior_sites(case, name, DRAWS, 5)
    sites |= {"stake.level": np.full((1, DRAWS), 2.0)}
    sites |= {"kappa": np.full((1, DRAWS), kappa)} if "kappa" in sites else {}
    return posterior_of(case, name, sites, **({} if diagnostics is None else {"diagnostics": diagnostics}))


def knowing(sd: float) -> Gathered:
    """What the valley's record alone tells of κ, under all mechanisms."""
    one = Moments(np.array(0.5), np.array(sd), "another fit")
    return Gathered(theatres={"all": {"valley": {"kappa": one, "kappa.rivals": Moments(one.mean, np.array(0.05))}}})


INFORMED = knowing(0.1)


@pytest.fixture(scope="module")
def fits(toy) -> dict[str, Posterior]:
    return {name: fit(toy, name) for name in ("all", "FR", "base", "BL", "all-BL")}


@pytest.fixture(scope="module")
def decided(toy, fits):
    return assess_claim(toy, rides(), fits, kept=INFORMED)


def test_all_that_are_free_agree_and_the_theatre_informs(decided):
    assert (decided.verdict, decided.p_low) == ("supported", 1.0)
    assert decided.contraction == pytest.approx(1 - 0.1**2 * 12)
    assumed = {row["id"]: row["assumed"] for row in decided.by_fit}
    assert assumed == {"all": None, "FR": None, "all-BL": None, "BL": "kappa = 0", "base": "kappa = 0"}
    assert set(decided.as_dict()) >= {"by_fit", "p_all", "p_low", "p_high", "contraction", "reason"}


@given(st.permutations(["all", "FR", "base", "BL", "all-BL"]))
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_in_which_fits_are_given_changes_nothing(toy, fits, decided, order):
    assert assess_claim(toy, rides(), {n: fits[n] for n in order}, kept=INFORMED).as_dict() == decided.as_dict()


@pytest.mark.parametrize("name", ["base", "BL", "BA", "all-FR"])
def test_a_fit_that_fixes_the_quantity_moves_neither_verdict_nor_number(toy, name):
    own = {n: fit(toy, n) for n in ("all", "FR")}
    before = assess_claim(toy, rides(), own, kept=INFORMED)
    after = assess_claim(toy, rides(), {**own, name: fit(toy, name)}, kept=INFORMED)
    kept = ("verdict", "value", "low", "high", "probability", "p_all", "p_low", "p_high", "contraction")
    assert [getattr(before, k) for k in kept] == [getattr(after, k) for k in kept]
    assert f"1 fit ({name}) assumes that free riding's strength κ is 0" in after.reason


@pytest.mark.parametrize("kappa", [WEAK, 0.3, STRONG])
def test_a_failed_fit_widens_and_is_named_and_never_narrows(toy, fits, decided, kappa):
    after = assess_claim(toy, rides(), {**fits, "FR+BL": fit(toy, "FR+BL", kappa, BAD)}, kept=INFORMED)
    assert after.p_low <= decided.p_low
    assert after.p_high >= decided.p_high
    assert after.verdict in (decided.verdict, "undecided")
    assert "FR+BL" in after.reason
    assert (after.value, after.p_all) == (decided.value, decided.p_all)
    assert kappa or after.verdict == "undecided"


def test_one_free_fit_that_disagrees_leaves_the_claim_undecided(toy, fits):
    found = assess_claim(toy, rides(), {**fits, "FR": fit(toy, "FR", WEAK)}, kept=INFORMED)
    assert (found.verdict, found.p_low, found.p_high) == ("undecided", 0.0, 1.0)


@pytest.mark.parametrize("kappa", [WEAK, STRONG])
@pytest.mark.parametrize(("kept", "why"), [(knowing(0.2875), "does not speak about"), (Gathered(), "is not known")])
def test_what_the_theatre_does_not_tell_is_never_decided(toy, kept, why, kappa):
    found = assess_claim(toy, rides(), {n: fit(toy, n, kappa) for n in ("all", "FR")}, kept=kept)
    assert found.verdict == "undecided"
    assert why in found.reason
    assert found.contraction is None or found.contraction < 0.1


def test_a_failed_fit_of_all_mechanisms_decides_nothing(toy, fits):
    found = assess_claim(toy, rides(), {**fits, "all": fit(toy, "all", STRONG, BAD)}, kept=INFORMED)
    assert (found.verdict, found.p_all) == ("undecided", None)
    assert "(all), which failed" in found.reason


def test_the_argument_of_the_case_is_shown_and_has_to_agree(toy, fits):
    argued = toy.replace(settings=toy.settings.model_copy(update={"argument": ("FR", "BL")}))
    without = assess_claim(argued, rides(), {n: fit(argued, n) for n in fits}, kept=INFORMED)
    assert (without.verdict, "(FR+BL), which is not among the fits" in without.reason) == ("undecided", True)
    whole = {n: fit(argued, n) for n in (*fits, "FR+BL")}
    both = assess_claim(argued, rides(), whole, kept=INFORMED)
    assert (both.verdict, "the mechanisms of the argument (FR+BL) and each other of the" in both.reason) == (
        "supported",
        True,
    )


def aligned(case: Case, value: float) -> Case:
    changed = tuple(a.model_copy(update={"value": value}) if {a.of, a.with_} == {"AAA", "BBB"} else a
                    for a in case.settings.alignments)  # fmt: skip
    return case.replace(settings=case.settings.model_copy(update={"alignments": changed}))


@pytest.mark.parametrize(("value", "terms", "voting"), [(0.8, ("kappa",), "FR"), (-0.8, ("kappa.rivals",), "BA")])
def test_allies_and_rivals_borrow_nothing_from_each_other(toy, value, terms, voting):
    case = aligned(toy, value)
    carried = carried_by(Question(rides(), case, None, 0))
    assert carried.terms == terms
    assert [n for n in ("FR", "BA") if carried.assumed_in(n) is None] == [voting]
    kept = knowing(0.2875)  # κ of the aligned is its prior, that of rivals is known
    all_alone = {"all": fit(case, "all")}
    contraction = assess_claim(case, rides(), all_alone, kept=kept).contraction
    assert (contraction > 0.9) == (terms == ("kappa.rivals",))


def test_powers_that_count_each_other_for_nothing_are_told_apart_by_no_fit(toy):
    found = assess_claim(aligned(toy, 0.0), rides(), {"all": fit(aligned(toy, 0.0), "all")}, kept=INFORMED)
    assert found.verdict == "undecided"
    assert "1 fit (all) assumes that neither counts the other's work" in found.reason


def test_every_estimand_of_the_model_says_what_carries_it_in_terms_that_exist(toy):
    for name, entry in estimands().items():
        rules = entry.get("carried_by", ())
        assert bool(rules) == (entry["family"] == "model"), name
        for rule in rules:
            for one in rule.get("terms", ()):
                assert combination("all").frees(term(one).name)
                assert ("of" in rule) == bool(term(one).dims), name
    for mechanism in MECHANISMS:
        estimand = {
            "name": "model.gap_share",
            "power": "BBB",
            "theatre": "valley",
            "against": "valley",
            "mechanism": mechanism,
        }
        assert len(carried_by(Question(claim(estimand, {"above": 0.25}), toy, None, 0)).terms) == 1


def test_whose_action_a_scenario_forces_is_whom_the_claim_is_about(toy):
    forced = {"name": "model.whatif", "measure": "p_power_deploys", "power": "BBB", "theatre": "valley",
              "scenarios": [{"label": "AAA comes", "set": ["AAA.force=5"]}]}  # fmt: skip
    assert carried_by(Question(claim(forced, {"above": 0}), toy, None, 0)).terms == ("kappa",)


def test_a_fit_whose_games_have_no_equilibrium_could_have_said_anything(toy, fits, monkeypatch):
    from buckpass.game.solver import NoEquilibriumFound
    from buckpass.ledger import predictions

    solve = predictions.Drawn.solved

    def failing(self, settings):
        if self.basis.name == "FR":
            raise NoEquilibriumFound("none within tolerance", ())
        return solve(self, settings)

    monkeypatch.setattr(predictions.Drawn, "solved", failing)
    found = assess_claim(toy, rides(), fits, kept=INFORMED)
    assert (found.verdict, found.p_low, found.p_high) == ("undecided", 0.0, 1.0)
    assert next(row["failed"] for row in found.by_fit if row["id"] == "FR") == ["none within tolerance"]
