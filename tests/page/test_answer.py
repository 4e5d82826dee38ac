"""The answer in plain words: what it says of the record and of the reasons, its doubt, what it hangs on; never a word of the trade."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from buckpass.case import load_case
from buckpass.evidence.gathered import Gathered
from buckpass.evidence.influence import Hinge
from buckpass.evidence.nested_answer import nested_answer
from buckpass.fitting.scoring import LeaveOneOut
from buckpass.ledger.sensitivity import Sensitivity, VerdictChange
from buckpass.page.answer import answer, hangs_on
from buckpass.page.model_figures import added_title
from buckpass.page.side_by_side import crises_of_less, side_by_side
from buckpass.page.wording import spoken

JARGON = re.compile(
    r"\bnats?\b|elpd|log[ -]?score|predictive density|posterior|\bprior|\bbase\b|\bcontrols\b|P\(|±|λ|κ|standard error|residual|"
    r"R-hat|leave-one-out|estimand|\bband|\brung|\bfit|points of",
    re.IGNORECASE,
)
REASONS = ("FR", "BL", "DL")


@pytest.fixture(scope="module")
def balkans():
    return load_case("western-balkans")


def with_scores(case, gains, argument=()):
    """Results of fits whose scores differ from the controls' by `gains`, nats by crisis and reason."""
    crises = tuple(case.crises["crisis_id"])
    n = len(crises)
    noise = {name: np.random.default_rng(i).normal(0, 0.05, n) for i, name in enumerate(gains)}
    scores = {"base": LeaveOneOut(crises, np.full(n, -3.0), np.full(n, 0.2), np.zeros(n, bool))}
    for name, gain in gains.items():
        scores[name] = LeaveOneOut(crises, -3.0 + noise[name] + gain, np.full(n, 0.2), np.zeros(n, bool))
    settings = case.settings.model_copy(update={"argument": tuple(argument)})
    whole = nested_answer(case.replace(settings=settings), scores, {}, Gathered())
    fits = [SimpleNamespace(id=name, name=name, difference=0.0) for name in scores]
    return SimpleNamespace(
        model=SimpleNamespace(fits=fits, refusal="", indistinguishable=()), nested=whole, under=(), verdicts=()
    )


def nothing(**more):
    return SimpleNamespace(**{"model": None, "nested": None, "under": (), "verdicts": (), **more})


@pytest.mark.parametrize(
    ("gains", "argument", "says"),
    [
        ({"FR": 1.0, "BL": 0.0}, (), "Free riding predicts who does how much better than circumstances alone"),
        ({"FR": -1.0, "BL": 0.0}, (), "Free riding predicts who does how much worse than circumstances alone"),
        ({"FR": 0.0, "BL": 1.0}, (), "backlash helps most, clearly ahead of the rest"),
        ({"FR": 0.0, "BL": 0.0}, (), "none of 2 reasons tried one by one does better"),
        ({"FR": 1.0, "BL": 1.0, "DL": 1.0}, (), "may help as much"),
        ({"FR+BL": 1.0, "FR": 0.0}, ("FR", "BL"), "Free riding and backlash together predict who does how much better"),
        ({"FR+BL": 0.0, "BL": 0.0}, ("FR", "BL"), "as far as 19 crises can tell"),
        ({"BL": 1.0, "DL": 0.0}, (), "Of 2 reasons tried one by one, backlash helps most"),
    ],
)
def test_it_says_what_the_tests_say_and_no_jargon(balkans, gains, argument, says):
    found = with_scores(balkans, gains, argument)
    sentences = answer(balkans, found)
    assert len(sentences) == 2
    assert all(s.endswith(".") and s[0].isupper() for s in sentences)
    assert says in sentences[1]
    assert not JARGON.search(" ".join([*sentences, *hangs_on(balkans, found)]))


def test_it_does_not_claim_more_than_a_tie(balkans):
    assert "no better" in answer(balkans, with_scores(balkans, {"FR": 0.0}))[1]
    assert "no better" not in answer(balkans, with_scores(balkans, {"FR": 1.0}))[1]


@pytest.mark.parametrize(
    ("results", "says"),
    [
        (nothing(), "no explanation has been tested"),
        (nothing(model=SimpleNamespace(fits=(), refusal="none", indistinguishable=())), "can be relied on"),
        (nothing(model=SimpleNamespace(
            fits=[SimpleNamespace(id=i, name=i, difference=0.0) for i in ("one", "two")], refusal="", indistinguishable=[("one", "two")])),
         "one best predicts who does how much, but two may do so as well"),
    ],
)  # fmt: skip
def test_without_tests_it_says_what_is_missing(balkans, results, says):
    sentences = answer(balkans, results)
    assert says in sentences[1]
    assert not JARGON.search(" ".join(sentences))


def test_the_crisis_on_which_it_hangs_is_named(balkans):
    gains = np.zeros(balkans.crises.height)
    gains[4] = 30.0
    found = with_scores(balkans, {"FR": gains, "BL": 0.5})
    assert found.nested.tests.leader == "FR"
    assert any(
        balkans.crises["name"][4] in line and "backlash would help most" in line for line in hangs_on(balkans, found)
    )
    steady = hangs_on(balkans, with_scores(balkans, {"FR": 1.0, "BL": 0.0}))
    assert steady[0].startswith("On no single crisis")


def test_verdicts_that_another_coding_changes_are_counted(balkans):
    changed = tuple(VerdictChange(i, i, "supported", "undecided", "") for i in ("W01", "W02"))
    under = (Sensitivity("a", range(5), changed), Sensitivity("b", range(5), changed[:1]))
    assert hangs_on(balkans, nothing(under=under)) == (
        "2 of 5 verdicts on the record alone would change if what was only recalled is left out, or every doubt is a step wider.",
    )
    assert "stay as they are" in hangs_on(balkans, nothing(under=(Sensitivity("a", range(5), ()),)))[0]


def coded(case, rungs):
    """The case with given rungs of rider and provider, by crisis."""
    focus, rows = case.settings.focus, case.responses
    for crisis, (rider, provider) in rungs.items():
        for actor, rung in ((focus.rider, rider), (focus.provider, provider)):
            here = (pl.col("crisis_id") == crisis) & (pl.col("actor") == actor)
            rows = rows.with_columns(
                *(
                    pl.when(here).then(pl.lit(rung)).otherwise(pl.col(c)).cast(rows.schema[c]).alias(c)
                    for c in ("rung", "rung_low", "rung_high")
                )
            )
    return case.replace(responses=rows)


def test_the_question_why_is_asked_where_the_rider_did_less(small_case):
    crises, focus = tuple(small_case.crises["crisis_id"]), small_case.settings.focus.crisis
    others = [c for c in crises if c != focus]
    assert crises_of_less(coded(small_case, {focus: (1, 4), others[0]: (0, 6), others[1]: (3, 3)})) == (
        focus,
        others[0],
    )
    elsewhere = coded(small_case, {focus: (4, 1), others[0]: (3, 4), others[1]: (0, 4)})
    assert crises_of_less(elsewhere) == (others[1], others[0])
    never = coded(small_case, dict.fromkeys(crises, (3, 3)))
    assert crises_of_less(never) == ()
    assert side_by_side(never).same == len(crises)
    assert "In none of 3 crises" in answer(never, nothing())[0]


@pytest.mark.parametrize(
    ("verdict", "begins"), [("undecided", "Undecided (W10: “x”)."), ("not_computed", "Germany did")]
)
def test_it_begins_with_the_verdict_on_the_claim_that_the_question_is(balkans, verdict, begins):
    asked = balkans.settings.model_copy(update={"focus": balkans.settings.focus.model_copy(update={"claim": "W10"})})
    judged = [SimpleNamespace(id=name, short="x", verdict=verdict) for name in ("W01", "W10")]
    said = " ".join(answer(balkans.replace(settings=asked), nothing(verdicts=judged)))
    assert said.startswith(begins)
    assert said.count("W10") == (verdict == "undecided")


def test_counts_add_up(balkans):
    seen = side_by_side(balkans)
    assert seen.less + seen.more + seen.same == seen.n
    assert seen.surely_less <= seen.less
    assert seen.more_for_itself <= seen.more
    assert seen.same_in_words <= seen.same
    said = answer(balkans, nothing())[0]
    assert f"in {seen.less} of {seen.n} crises" in said
    assert seen.less_in_words <= seen.less
    assert f"({seen.surely_less} beyond doubt" in said


def test_whose_ends_and_how_little_are_said(small_case):
    """Three crises: the rider did more in two, for its own assets in one; and both said no more than words in the third."""
    first, second, third = small_case.crises["crisis_id"]
    case = coded(small_case, {first: (4, 1), second: (3, 0), third: (1, 1)})
    here = (pl.col("crisis_id") == first) & (pl.col("actor") == case.settings.focus.rider)
    scope = pl.when(here).then(pl.lit("own_assets")).otherwise(pl.lit("host_support")).alias("scope")
    said = answer(case.replace(responses=case.responses.with_columns(scope)), nothing())[0]
    assert "more in 2 (2 beyond doubt; 1 for ends of its own)" in said
    assert "the same in 1 (in each no more than words)" in said


def test_where_the_provider_only_spoke_less_was_silence_beside_words(small_case):
    first, second, third = small_case.crises["crisis_id"]
    provider = spoken(small_case, small_case.settings.focus.provider)
    said = answer(coded(small_case, {first: (0, 1), second: (0, 4), third: (1, 1)}), nothing())[0]
    assert (
        f"in 2 of 3 crises of {spoken(small_case, small_case.settings.focus.theatre)} (2 beyond doubt; in 1 {provider} only spoke)"
        in said
    )


def test_what_changes_nothing_that_was_said_is_no_hinge(balkans):
    """Where no reason does better than circumstances, no leader is named, and another leader changes no word."""
    gains = np.full(balkans.crises.height, -0.05)
    gains[4] = 3.0
    found = with_scores(balkans, {"FR": gains, "BL": 0.0})
    assert not found.nested.tests.beating_base
    assert any(h.leader_without != found.nested.tests.leader for h in found.nested.hinges)
    assert not any(balkans.crises["name"][4] in line for line in hangs_on(balkans, found))


def test_crises_are_counted_by_what_they_decide(balkans):
    """Twelve without which a reason does no better; three without which it still does, and all together do better."""
    ids = balkans.crises["crisis_id"].to_list()
    found = with_scores(balkans, {"VE": 1.0, "FR": 0.0})
    hinges = (
        *(Hinge(c, "VE", lost=("VE",)) for c in ids[:8]), *(Hinge(c, "VE", gained=("all",), lost=("VE",)) for c in ids[8:12]),
        *(Hinge(c, "VE", gained=("all",)) for c in ids[12:15]),
    )  # fmt: skip
    said = hangs_on(balkans, SimpleNamespace(**{**vars(found), "nested": replace(found.nested, hinges=hinges)}))[0]
    assert "; 11 more crises decide as much; 3 more crises decide something else" in said


def test_a_reason_whose_name_is_a_denial_is_quoted_wherever_it_is_named(balkans):
    nested = with_scores(balkans, {"VE": 1.0, "FR": 0.0}).nested
    for said in (added_title(nested), nested.headline, *(row["otherwise"] for row in nested._hangs_on(99).rows())):
        assert not re.search("(?<!“)no acceptable vehicle", said, re.IGNORECASE)
    assert "“no acceptable vehicle”" in added_title(nested)
    assert "“no acceptable vehicle”" in nested.headline
