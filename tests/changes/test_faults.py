"""Changes that once did nothing, or another thing, in one verb and were right in another."""

import numpy as np
import pytest

import buckpass as bp
from buckpass.bargain.theatre_year import changes_of_agreement, grown, theatre_of
from buckpass.case import BuckpassError
from buckpass.case.reading.reach import eligible_crises
from buckpass.case.schema import Alignment
from buckpass.changes.in_case import changed_case, without_consent_of
from buckpass.changes.scenario import changes_of, scenario_setting
from buckpass.fitting.uninformed import what_cannot_be_estimated
from buckpass.game.covariates import alignment_with_hosts, asked
from buckpass.game.setting import chance_to_pass, setting_of
from buckpass.model.observations import observations
from buckpass.years.run import Plan
from buckpass.years.scenario import scenario_of
from made_cases import with_mandate
from made_posteriors import said_of

PLAN = Plan(years=6, histories=300)
STAGE = ("parties", "p_self_enforcing", "fee", "transfer")


def bargain(case, fits, *texts):
    found = bp.agreement(case, fits, texts, n_draws=12, years_ahead=(0,)).as_dict()
    return [found[name] for name in STAGE]


def decades(case, fits, *texts):
    """The largest change of each mean measure, by measure."""
    found = bp.futures(case, said_of(case, fits), texts, PLAN).summary.sel(run="difference")
    return {name: float(abs(found[f"{name}_mean"]).max()) for name in ("burden", "benefit", "rung")}


@pytest.mark.parametrize("text", ["severity=0.9", "BBB.force=3", "AAA.force=0", "BBB.opinion@DDD=0.3"])
def test_the_agreement_moves_with_its_crises(toy, toy_fits, text):
    assert bargain(toy, toy_fits, text) != bargain(toy, toy_fits)


@pytest.mark.parametrize("text", ["BBB.force=6", "absent=BBB", "futures.commitment_cost=0", "AAA.force@PACT=5"])
def test_what_no_agreement_could_mean_is_refused_by_name(toy, toy_fits, text):
    with pytest.raises(BuckpassError, match=text.replace(".", r"\.")):
        bargain(toy, toy_fits, text)


@pytest.mark.slow
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


def whatif(case, fits, crisis, *texts):
    return bp.whatif(case, fits["all"], crisis, texts, 4)


@pytest.mark.parametrize(
    ("crisis", "text"),
    [("tajik_war_1992", "RUS.force@CIS_CPF=5"), ("mekong_2011", "CHN.force@MEKONG=5"), ("tajik_war_1992", "CSTO.legitimacy=1")],
)  # fmt: skip
def test_what_came_together_after_the_first_day_delivers_nothing_and_says_so(flagship, flagship_fits, crisis, text):
    body = text.partition("=")[0].replace("@", ".").split(".")
    with pytest.raises(
        BuckpassError, match=f"{body[2] if len(body) > 2 else body[0]} existed from .*, not when {crisis}"
    ):
        whatif(flagship, flagship_fits, crisis, text)


@pytest.mark.parametrize("organisation", ["CIS_CPF", "MEKONG", "CSTO", "SCO", "UN"])
def test_one_rule_says_when_an_organisation_is_there(flagship, organisation):
    """For measures the mandate reaches it then; in the game some power has the option then, if one is a member and let in."""
    setting, could = setting_of(flagship), eligible_crises(flagship, organisation)
    option = setting.names.options.index(f"{flagship.rungs.through}@{organisation}")
    opened = np.asarray(setting.is_open)[..., option].any(axis=1)
    assert {c for c, is_open in zip(setting.names.crises, opened, strict=True) if is_open} <= {*could}
    for crisis in setting.names.crises:
        assert (flagship.why_out_of_reach(organisation, flagship.crisis(crisis)) is None) == (crisis in could)


def test_a_vehicle_that_is_open_to_nobody_has_a_price_of_its_prior(flagship):
    notes = what_cannot_be_estimated(setting_of(flagship), observations(flagship, setting_of(flagship)))
    assert {v for v in ("CSTO", "CIS_CPF", "MEKONG", "UN") if any(f"through {v} " in note for note in notes)} == {
        "CIS_CPF", "MEKONG"}  # fmt: skip


def test_no_deployment_that_its_members_would_not_let_pass(toy):
    pact = toy.organisation("PACT")
    case = toy.replace(settings=toy.settings.model_copy(update={"alignments": ()}))
    body = pact.model_copy(update={"consent": pact.consent.model_copy(update={"rule": "consensus"})})
    against = [Alignment(**{"theatre": case.theatres[0], "of": "*", "with": p, "value": -1.0, "label": "assumed"}) for p in case.powers]  # fmt: skip
    settings = case.settings.model_copy(update={"organisations": (body,), "alignments": tuple(against)})
    with pytest.raises(BuckpassError, match="PACT would let nothing pass"):
        changes_of(["BBB.force@PACT=5"], case.replace(settings=settings), case.settings.focus.crisis)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("CSTO.members=-RUS", "RUS.force@CSTO=5", "RUS was no member of CSTO"),
        ("RUS.access@KAZ=closed", "RUS.force=6", "shuts it out"),
        ("RUS.access@KAZ=closed", "RUS.force@CSTO=5", "shuts it out"),
    ],
)
def test_changes_that_contradict_each_other_are_refused(flagship, flagship_fits, first, second, why):
    for texts in ((first, second), (second, first)):
        with pytest.raises(BuckpassError, match=why):
            whatif(flagship, flagship_fits, "kz_jan_2022", *texts)


def test_a_change_may_rest_on_another_and_be_read_with_it(flagship, flagship_fits):
    found = whatif(flagship, flagship_fits, "kz_jan_2022", "CHN.force@CSTO=5", "CSTO.members=+CHN")
    sent = next(p for p in found.powers if p.id == "CHN")
    assert sent.p_deploy.scenario.mean == pytest.approx(1.0)
    assert bp.overrides(["CSTO.members=+CHN", "CHN.force@CSTO=5"], flagship, "kz_jan_2022")


def test_who_joins_joins_in_each_crisis_as_in_it_alone(flagship, flagship_fits):
    crises, change = ["tashkent_2004", "khanabad_2009"], ["CSTO.members=+UZB"]
    together = bp.whatif_crises(flagship, flagship_fits["all"], crises, change, 4)
    alone = {crisis: whatif(flagship, flagship_fits, crisis, *change) for crisis in crises}
    assert {c: found.is_null for c, found in together.items()} == {c: found.is_null for c, found in alone.items()}
    assert [alone[c].is_null for c in crises] == [False, True]


def test_a_consent_less_never_makes_it_harder_for_the_body_of_all_states(flagship):
    crisis = flagship.crisis("kz_jan_2022")
    united = changed_case(flagship, [crisis], bp.overrides(["UN.consent=consensus"], flagship))
    of_all = chance_to_pass(united, crisis, "UN")
    for member in flagship.powers:
        without = chance_to_pass(without_consent_of(united, "UN", member), crisis, "UN")
        kept = np.prod([0.5 * (1 + alignment_with_hosts(flagship, crisis, p)) for p in flagship.powers if p != member])
        assert without == pytest.approx(kept)
        assert without >= of_all


@pytest.mark.parametrize(
    ("text", "rule", "why"),
    [("CSTO.members=-RUS,+CHN", "CSTO.consent=consensus", "without its lead"),
     ("UN.members=-CHN,-RUS,-USA", "UN.consent=majority", "holds a key")],
)  # fmt: skip
def test_who_decides_cannot_leave_unless_another_rule_is_set_beside(flagship, text, rule, why):
    crisis = flagship.settings.focus.crisis

    def in_crisis(case, texts):
        return changes_of(texts, case, crisis)

    for read in (in_crisis, scenario_of, changes_of_agreement):
        with pytest.raises(BuckpassError, match=f"{why}.*set {rule.partition('=')[0]}=majority or"):
            read(flagship, [text])
        for texts in ([text, rule], [rule, text]):
            assert read(flagship, texts)


def test_a_lead_that_left_is_no_longer_asked_with_its_organisation(flagship, flagship_fits):
    crisis, beside = flagship.crisis("kz_jan_2022"), ["CSTO.members=-RUS", "CSTO.consent=consensus", "request=CSTO"]
    after = changed_case(flagship, [crisis], bp.overrides(beside, flagship))
    assert (asked(flagship, crisis, "RUS"), asked(after, after.crisis("kz_jan_2022"), "RUS")) == (1.0, 0.0)
    assert whatif(flagship, flagship_fits, "kz_jan_2022", *beside)
    assert bp.overrides(["absent=RUS", *beside], flagship, "kz_jan_2022"), "who is asked is not who is absent"


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


@pytest.mark.slow
def test_a_mandate_for_anything_opens_the_kinds_of_crises_too(toy, toy_fits):
    pact = toy.organisation("PACT")
    narrow = with_mandate(pact, types=("insurgency_incursion",))
    case = toy.replace(settings=toy.settings.model_copy(update={"organisations": (narrow,)}))
    assert max(decades(case, toy_fits, "PACT.mandate=any").values()) > 0


@pytest.mark.slow
def test_a_case_without_alignments_can_be_given_one(toy, toy_fits):
    bare = toy.replace(settings=toy.settings.model_copy(update={"alignments": ()}))
    assert max(decades(bare, toy_fits, "BBB.alignment@AAA=0.9").values()) > 0


@pytest.mark.slow
def test_a_power_can_be_sent_through_an_organisation_that_was_closed_to_all(toy, toy_fits):
    pact = toy.organisation("PACT")
    shut = with_mandate(pact, hosts=("AAA",))
    case = toy.replace(settings=toy.settings.model_copy(update={"organisations": (shut,)}))
    found = bp.futures(case, said_of(case, toy_fits), ("BBB.force=5",), PLAN).summary.sel(run="scenario", power="BBB")
    assert np.isfinite(found["burden_mean"]).all()
    assert float(found["deployed_by_mean"].max()) > 0


def test_one_hosts_public_counts_for_a_crisis_of_two_and_a_change_of_the_others_is_said_to_be_idle(
    flagship, flagship_fits
):
    """The covariate takes one survey; changes in both hosts once moved it twice."""
    crisis, first, second = "kgtj_sep2022", "CHN.opinion@KGZ=0.1", "CHN.opinion@TJK=0.1"
    i = flagship.powers.index("CHN")

    def opinion(*texts):
        return float(scenario_setting(flagship, [crisis], bp.overrides(texts, flagship)).covariate("opinion")[0, i])

    assert opinion(first) > opinion()
    assert opinion(second) == opinion()
    assert opinion(first, second) == opinion(first)
    assert whatif(flagship, flagship_fits, crisis, second).without_effect == (
        f"{second} (the opinion of CHN that counts there is that in KGZ)",
    )


def test_one_closed_door_of_two_says_which_stays_open(flagship, flagship_fits):
    found = whatif(flagship, flagship_fits, "kgtj_sep2022", "RUS.access@KGZ=closed")
    assert found.is_null
    assert "TJK is open to RUS" in found.without_effect[0]


def test_a_rival_that_outgrows_a_power_comes_to_press_it(flagship, flagship_fits):
    """Pressure that is 0 today once stayed 0 for ever in the agreement, and not in the years ahead."""
    i, rate = flagship.powers.index("CHN"), 0.2
    grows = {p: flagship.parameter(f"futures.capacity_growth.{p}") for p in ("CHN", "USA")}
    assert grows["USA"] < rate

    def pressure(factor, years):
        texts = [f"USA.capacity={factor}x", f"USA.capacity.growth={rate}"]
        changes = changes_of_agreement(flagship, texts)
        theatre = theatre_of(flagship, changes, flagship_fits["all"], 2)
        return np.asarray(grown(theatre, years).covariate("rival_pressure"))[:, i].max()

    assert pressure(0.2, 0) == 0.0
    gap = np.log1p(rate) - np.log1p(grows["CHN"])
    today = pressure(0.4, 0)
    for years in (10, 20, 30):
        assert pressure(0.4, years) == pytest.approx(today + years * gap)
        assert pressure(0.2, years) == pytest.approx(max(today + np.log(0.5) + years * gap, 0.0))
        assert pressure(0.2, years) > 0


@pytest.mark.parametrize(
    ("text", "why"), [("CHN.opinion@TKM=0.1", "TKM is not the host of any of the [0-9]+ crises"), ("severity=2x", r"outside 0 to 1 \(severity code\) in [a-z]")]
)  # fmt: skip
def test_a_refusal_of_many_crises_names_the_one_or_says_all(flagship, flagship_fits, text, why):
    with pytest.raises(BuckpassError, match=why):
        bargain(flagship, flagship_fits, text)


OUT = [
    ("galwan_2020", text) for text in ("IND.stake=2x", "IND.cost=3x", "IND.norm=9", "IND.influence=2x", "absent=IND")
]
OUT += [
    ("georgia_2008", text) for text in ("RUS.stake=2x", "RUS.capacity=2x", "CHN.alignment@RUS=1", "RUS.alignment@CHN=1")
]


@pytest.mark.parametrize(("crisis", "text"), OUT)
def test_a_change_of_a_power_that_does_not_play_moves_nothing_and_says_so(flagship, flagship_fits, crisis, text):
    """Rows of hosts and belligerents were once compared as if their inputs reached a choice."""
    found = whatif(flagship, flagship_fits, crisis, text)
    assert found.is_null
    assert text in found.without_effect[0]
    assert "does not play" in found.without_effect[0]
    assert "every difference is exactly 0" in found.sentence
    for power in found.powers:
        assert {power.payoff.difference.low, power.payoff.difference.high, power.residual.difference.mean} == {0.0}
    assert any(text in note for note in bp.solve(flagship, flagship_fits["all"], crisis, (text,), n_draws=2).notes)


def test_what_a_host_thinks_of_others_counts_though_it_does_not_play(flagship, flagship_fits):
    """India is a power and the host: how it counts others' effort is the host's view."""
    assert not whatif(flagship, flagship_fits, "galwan_2020", "IND.alignment@USA=-1").is_null


def test_who_does_not_play_stands_in_no_row_and_is_named(flagship, flagship_fits):
    found = whatif(flagship, flagship_fits, "galwan_2020", "CHN.stake=2x", "RUS.stake=2x")
    solved = bp.solve(flagship, flagship_fits["all"], "galwan_2020", n_draws=2)
    for table in (found.table(), found.changes(), solved.table()):
        assert "IND" not in table.frame["power"].to_list()
    playing = len(flagship.powers) - 1
    assert f"every power that is left to choose ({playing})" in found.sentence
    fewer = whatif(flagship, flagship_fits, "galwan_2020", "absent=CHN", "RUS.force=0")
    assert f"every power that is left to choose ({playing - 2})" in fewer.sentence
    assert f"{playing} powers, " in solved.table().note
    for answer in (found, solved):
        assert "IND is the host of galwan_2020: it does not play as a helper there." in answer.notes
        assert [p["id"] for p in answer.as_dict()["powers"] if not p["plays"]] == ["IND"]


def test_a_crisis_that_the_fit_has_not_seen_says_so(flagship, flagship_fits):
    """Theatres that are only measured are solved as any other, and once without a word."""
    fit = flagship_fits["all"]
    unseen, seen = (
        " ".join(bp.solve(flagship, fit, c, n_draws=2).notes) for c in ("georgia_2008", flagship.settings.focus.crisis)
    )
    assert "The fit has not seen georgia_2008: its theatre, russian_wars, is measured only" in unseen
    assert "RUS is a belligerent in georgia_2008" in unseen
    assert "has not seen" not in seen
    theatre = flagship.crisis("georgia_2008")["theatre"]
    bare = not any(one.theatre == theatre for one in flagship.settings.alignments)
    assert ("has no alignments" in unseen) == bare
    both = bp.solve_crises(flagship, fit, ["georgia_2008", flagship.settings.focus.crisis], n_draws=2)
    assert "georgia_2008" not in " ".join(both[flagship.settings.focus.crisis].notes)


@pytest.mark.parametrize("power", ["CHN", "RUS"])
def test_the_agreement_refuses_a_way_through_an_organisation_and_no_date(flagship, flagship_fits, power):
    """Its crises are moved to the year after the record, and one of 1992 was once said to have begun then."""
    with pytest.raises(BuckpassError, match="does not enter a year of the agreement") as refused:
        changes_of_agreement(flagship, [f"{power}.force@CSTO=5"])
    assert "began" not in str(refused.value)


def test_a_crisis_that_is_moved_is_never_said_to_have_begun_on_the_new_day(flagship):
    with pytest.raises(BuckpassError, match="WP existed from") as refused:
        changes_of_agreement(flagship, ["WP.members=+CHN"])
    assert "is thought to begin" in str(refused.value)
    assert "began" not in str(refused.value)
