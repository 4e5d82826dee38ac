"""Changes that once did nothing, or another thing, in one verb and were right in another."""

import numpy as np
import pytest

import buckpass as bp
from buckpass.case import BuckpassError
from buckpass.changes.scenario import changes_of, scenario_setting
from buckpass.years.run import Plan
from made_cases import with_mandate

PLAN = Plan(years=6, histories=300)
STAGE = ("parties", "p_self_enforcing", "fee", "transfer")


def bargain(case, fits, *texts):
    found = bp.agreement(case, fits, texts, n_draws=12, years_ahead=(0,)).as_dict()
    return [found[name] for name in STAGE]


def decades(case, fits, *texts):
    """The largest change of each mean measure, by measure."""
    found = bp.futures(case, fits, texts, PLAN).summary.sel(run="difference")
    return {name: float(abs(found[f"{name}_mean"]).max()) for name in ("burden", "benefit", "rung")}


@pytest.mark.parametrize("text", ["severity=0.9", "BBB.force=3", "AAA.force=0", "BBB.opinion@DDD=0.3"])
def test_the_agreement_moves_with_its_crises(toy, toy_fits, text):
    assert bargain(toy, toy_fits, text) != bargain(toy, toy_fits)


@pytest.mark.parametrize("text", ["BBB.force=6", "absent=BBB", "futures.commitment_cost=0", "AAA.force@PACT=5"])
def test_what_no_agreement_could_mean_is_refused_by_name(toy, toy_fits, text):
    with pytest.raises(BuckpassError, match=text.replace(".", r"\.")):
        bargain(toy, toy_fits, text)


def test_the_worlds_organisation_can_lose_a_member_in_the_years_ahead(flagship, flagship_fits):
    assert max(decades(flagship, flagship_fits, "UN.members=-CHN").values()) > 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SCO.consent=keys", "no members that hold a key"),
        ("UN.consent=lead", "no lead"),
        ("UN.members=-CHN,-RUS,-USA", "key"),
        ("severity=9x", "outside 0 to 1"),
        ("asked.relief=9x", "outside 0 to 1"),
        ("UN.legitimacy=9x", "outside 0 to 1"),
        ("transfer=0.1", "buckpass agreement"),
        ("agreement.discount=0.8", "buckpass agreement"),
        ("futures.discount=0.8", "one-step"),
        ("WP.members=+CHN", "existed from"),
        ("IND.opinion@KAZ=0.1", "opinion of IND in KAZ"),
    ],
)
def test_the_years_ahead_refuse_what_a_crisis_refuses(flagship, flagship_fits, text, why):
    with pytest.raises(BuckpassError, match=why):
        decades(flagship, flagship_fits, text)


@pytest.mark.parametrize("text", ["asked.relief=9x", "UN.members=-CHN,-RUS,-USA"])
def test_a_crisis_refuses_it_too(flagship, flagship_fits, text):
    crisis = flagship.settings.focus.crisis
    with pytest.raises(BuckpassError, match=r"outside 0 to 1|key"):
        bp.whatif(flagship, flagship_fits["all"], crisis, bp.overrides([text], flagship, crisis), 4)


def test_nobody_is_sent_through_an_organisation_that_sends_nobody(toy):
    pact = toy.organisation("PACT").model_copy(update={"is_vehicle": False})
    case = toy.replace(settings=toy.settings.model_copy(update={"organisations": (pact,)}))
    with pytest.raises(BuckpassError, match="PACT is no vehicle"):
        changes_of(["BBB.force@PACT=5"], case, case.settings.focus.crisis)


def test_a_rival_presses_with_what_is_left_to_both(flagship):
    """Two capacities at once: the pressure is that of the two changed figures, whichever was changed last."""
    focus, i = flagship.settings.focus, flagship.powers.index("CHN")

    def pressure(*texts):
        changes = bp.overrides(texts, flagship, focus.crisis)
        return float(scenario_setting(flagship, [focus.crisis], changes).covariate("rival_pressure")[0, i])

    both = pressure("CHN.capacity=0.6x", "USA.capacity=0.5x")
    assert both == pytest.approx(pressure() + np.log(0.5 / 0.6))
    assert both == pytest.approx(pressure("USA.capacity=0.5x", "CHN.capacity=0.6x"))


def test_a_mandate_for_anything_opens_the_kinds_of_crises_too(toy, toy_fits):
    pact = toy.organisation("PACT")
    narrow = with_mandate(pact, types=("insurgency_incursion",))
    case = toy.replace(settings=toy.settings.model_copy(update={"organisations": (narrow,)}))
    assert max(decades(case, toy_fits, "PACT.mandate=any").values()) > 0


def test_a_case_without_alignments_can_be_given_one(toy, toy_fits):
    bare = toy.replace(settings=toy.settings.model_copy(update={"alignments": ()}))
    assert max(decades(bare, toy_fits, "BBB.alignment@AAA=0.9").values()) > 0


def test_a_power_can_be_sent_through_an_organisation_that_was_closed_to_all(toy, toy_fits):
    pact = toy.organisation("PACT")
    shut = with_mandate(pact, hosts=("AAA",))
    case = toy.replace(settings=toy.settings.model_copy(update={"organisations": (shut,)}))
    found = bp.futures(case, toy_fits, ("BBB.force=5",), PLAN).summary.sel(run="scenario", power="BBB")
    assert np.isfinite(found["burden_mean"]).all()
    assert float(found["deployed_by_mean"].max()) > 0
