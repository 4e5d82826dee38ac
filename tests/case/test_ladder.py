"""The ladder is data: what it can be works from the file to the page, and what it cannot be is refused with its line."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from ladders import ATTRIBUTES, EIGHT, EIGHT_ROLES, SIX, THREE, TO_EIGHT, TO_SIX, TO_THREE, edited, evenly, on_ladder
from pydantic import ValidationError

from buckpass.case import Case, bundled_cases, check_case, load_case
from buckpass.case.ladder import STANDARD, Ladder, Rungs
from buckpass.case.start import TEMPLATE
from buckpass.changes import BadOverride, parse_overrides

SEVEN = Rungs(7, words=1, deployment=5, through=5)
ALONE = 'words = ["notes of protest"]\ndeploys = ["troops"]'


@pytest.fixture(scope="module")
def eight(tmp_path_factory) -> Case:
    """The starting case on a ladder of eight rungs, two of them deployments outside organisations."""
    return load_case(on_ladder(tmp_path_factory.mktemp("eight") / "case", EIGHT, EIGHT_ROLES, TO_EIGHT))


@pytest.fixture(scope="module")
def six(tmp_path_factory) -> Case:
    """The same without mediation, so that the rungs above have other numbers."""
    return load_case(on_ladder(tmp_path_factory.mktemp("six") / "case", SIX, "", TO_SIX))


@pytest.fixture(scope="module")
def three(tmp_path_factory) -> Case:
    """Silence, words and troops, and no organisation through which anybody acts."""
    folder = on_ladder(tmp_path_factory.mktemp("three") / "case", THREE, ALONE, TO_THREE)
    edited(folder, "case.toml", "is_vehicle = true", "is_vehicle = false")
    edited(folder, "responses.csv", ",PACT,four", ",,four")
    return load_case(edited(folder, "claims.toml", "at_most = 4", "at_most = 1"))


@pytest.mark.parametrize("ref", [*bundled_cases(), TEMPLATE], ids=str)
def test_ladders_that_say_nothing_of_roles_have_the_standard_ones(ref):
    case = load_case(ref)
    assert case.rungs == SEVEN
    assert case.ladder.names == STANDARD
    assert not {"words", "deploys", "through_organisation"} & case.ladder.model_dump().keys()


def test_roles_follow_the_names_not_the_numbers(eight, six, three):
    assert eight.rungs == Rungs(8, words=1, deployment=5, through=5)
    assert six.rungs == Rungs(6, words=1, deployment=4, through=4)
    assert three.rungs == Rungs(3, words=1, deployment=2, through=None)
    assert eight.ladder.scale == "rung, 0 silence to 7 army of its own"


@given(st.integers(3, 12), st.data())
def test_options_stand_in_the_order_of_their_rungs(count, data):
    deployment = data.draw(st.integers(1, count - 1))
    through = data.draw(st.one_of(st.none(), st.integers(deployment, count - 1)))
    rungs = Rungs(count, 0, deployment, through)
    vehicles = [] if through is None else [through] * data.draw(st.integers(0, 3))
    of_option = [*rungs.plain, *vehicles]
    order = rungs.option_order(len(of_option))
    assert [of_option[o] for o in order] == sorted(of_option)
    assert sorted(order) == list(range(len(of_option)))


NAMES = [*STANDARD, "show of force", "quiet"]
ANY_NAMES = st.lists(st.sampled_from(NAMES), max_size=3)


@st.composite
def ladder_tables(draw):
    """Tables of case.toml that are ladders, or nearly."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=3, max_size=9))
    names = sorted(names, key=NAMES.index) if draw(st.booleans()) else names
    last = draw(st.integers(1, len(names) - 1))
    roles = {
        "words": names[1 : draw(st.integers(1, last))],
        "deploys": names[last:],
        "through_organisation": draw(st.none() | st.sampled_from(names[last:])),
    }
    if draw(st.booleans()):  # something is left out or wrong
        wrong = {"words": ANY_NAMES, "deploys": ANY_NAMES, "through_organisation": st.sampled_from(NAMES)}
        role = draw(st.sampled_from(list(wrong)))
        roles[role] = draw(st.none() | wrong[role])
    values = evenly(draw(st.sampled_from([len(names)] * 5 + [5])))
    given_roles = {role: value for role, value in roles.items() if value is not None}
    return {"names": names, **given_roles, **dict.fromkeys(ATTRIBUTES, values), "label": "assumed"}


@given(ladder_tables())
def test_a_ladder_is_refused_or_its_roles_hang_together(table):
    try:
        rungs = Ladder.model_validate(table).rungs
    except ValidationError:
        event("refused")
        return
    event("accepted")
    names = table["names"]
    assert 0 <= rungs.words < rungs.deployment <= rungs.top == len(names) - 1
    assert set(names[1 : rungs.beyond_words]) == set(table.get("words", ["statement"]))
    assert rungs.through is None or rungs.deployment <= rungs.through <= rungs.top
    assert any(rung >= rungs.deployment for rung in rungs.plain)


REFUSED = {
    "silence takes effort": ("case.toml", "effort = [0.0,", "effort = [0.1,", "case.toml:121", "0.0 first"),
    "no full effort at the top": ("case.toml", "0.857, 1.0]\ncost", "0.857, 0.9]\ncost", "case.toml:121", "1.0 at the top"),
    "falling": ("case.toml", "cost = [0.0, 0.143, 0.286", "cost = [0.0, 0.5, 0.286", "case.toml:122", "rung below it"),
    "one value too few": ("case.toml", "presence = [0.0, ", "presence = [0.0, 0.05, ", "case.toml:123", "9 values for 8 rungs"),
    "a deployment without effort": ("case.toml", "effort = [0.0, 0.143, 0.286, 0.429, 0.571, 0.714",
                                    "effort = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0", "case.toml:121", "takes no effort"),
    "one name twice": ("case.toml", '"aid"', '"mediation"', "case.toml:120", "stands twice"),
    "no deployment": ("case.toml", 'deploys = ["deployment through an organisation", "advisers of its own", "army of its own"]',
                      "deploys = []", "case.toml:125", "no rung is a deployment"),
    "a deployment below help": ("case.toml", 'deploys = ["', 'deploys = ["aid", "', "case.toml:125", "'security assistance' stands"),
    "a top that deploys not": ("case.toml", ', "army of its own"]\nthrough', "]\nthrough", "case.toml:125", "'army of its own' stands"),
    "an unknown rung": ("case.toml", '"advisers of its own", "army of its own"]\nthrough', '"advisors of its own"]\nthrough',
                        "case.toml:125", "did you mean 'advisers of its own'"),
    "two rungs through organisations": ("case.toml", "through_organisation = \"deployment through an organisation\"",
                                        'through_organisation = ["advisers of its own", "army of its own"]', "case.toml:126", "name one rung"),
    "an act through organisations that deploys not": ("case.toml", 'through_organisation = "deployment', 'through_organisation = "aid" # "deployment',
                                                      "case.toml:126", "none of the deployments"),
    "words above help": ("case.toml", "through_organisation =", 'words = ["aid"]\nthrough_organisation =', "case.toml:126", "next to silence"),
    "a response off the ladder": ("responses.csv", "state,7,7,7", "state,8,8,8", "responses.csv:2", "ends at 7"),
    "a band off the ladder": ("responses.csv", "state,7,7,7", "state,7,7,9", "responses.csv:2", "ends at 7"),
    "a rung below silence": ("responses.csv", "state,7,7,7", "state,-1,-1,-1", "responses.csv:2", "greater than or equal to 0"),
    "a vehicle elsewhere": ("responses.csv", "border troops,,two", "border troops,PACT,two", "responses.csv:2", "rung 5 (deployment through"),
    "a claim off the ladder": ("claims.toml", 'crisis = "dalen_2010", at_most = 4', 'crisis = "dalen_2010", at_most = 8',
                               "claims.toml:19", "from 0 to 7"),
    "a claim of half a rung": ("claims.toml", 'crisis = "dalen_2010", at_most = 4', 'crisis = "dalen_2010", equals = 4.5',
                               "claims.toml:19", "valid integer"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_ladder_cannot_be_is_refused_with_its_line(tmp_path, name):
    file, old, new, place, says = REFUSED[name]
    folder = edited(on_ladder(tmp_path / "case", EIGHT, EIGHT_ROLES, TO_EIGHT), file, old, new)
    errors = [str(problem) for problem in check_case(folder).errors]
    assert any(error.startswith(place) and says in error for error in errors), errors


def test_other_names_need_their_roles_said(tmp_path):
    german = ("Schweigen", "Erklärung", "Vermittlung", "Hilfe", "Ausbildung", "Einsatz im Bündnis", "Einsatz allein")
    errors = [str(problem) for problem in check_case(on_ladder(tmp_path / "case", german)).errors]
    assert any("words" in e and "which rungs are words only" in e for e in errors)
    assert any("deploys" in e and "no rung is a deployment" in e for e in errors)
    roles = f'words = ["{german[1]}"]\ndeploys = ["{german[5]}", "{german[6]}"]\nthrough_organisation = "{german[5]}"'
    assert load_case(on_ladder(tmp_path / "said", german, roles)).rungs == SEVEN


def test_a_vehicle_needs_a_rung_to_act_at(tmp_path):
    folder = on_ladder(tmp_path / "case", THREE, ALONE, TO_THREE)
    errors = [str(problem) for problem in check_case(folder).errors]
    assert any("is_vehicle" in e and "through_organisation" in e for e in errors)
    assert any(e.startswith("responses.csv:8") and "no rung through an organisation" in e for e in errors)


def test_the_power_outside_organisations_needs_a_rung_too(tmp_path):
    roles = f'words = ["{THREE[1]}"]\ndeploys = ["troops"]\nthrough_organisation = "troops"'
    errors = [str(problem) for problem in check_case(on_ladder(tmp_path / "case", THREE, roles, TO_THREE)).errors]
    assert any("could not deploy" in e for e in errors)


def test_what_is_forced_is_on_the_ladder(eight, six, three):
    assert parse_overrides(["AAA.force=7", "BBB.force@PACT=5"], eight)[0].value == 7
    for case, text, says in (
        (eight, "AAA.force=8", "outside 0 to 7"),
        (six, "AAA.force=6", "outside 0 to 5"),
        (six, "BBB.force@PACT=5", "outside 4 to 4"),
        (three, "BBB.force@PACT=2", "no vehicle"),
    ):
        with pytest.raises(BadOverride, match=says):
            parse_overrides([text], case)


def test_nobody_is_forced_through_a_vehicle_that_is_not_there(toy):
    off = [o.model_copy(update={"is_vehicle": False}) for o in toy.settings.organisations]
    case = toy.replace(settings=toy.settings.model_copy(update={"organisations": tuple(off)}))
    for text in ("AAA.force=5", "AAA.force@PACT=5"):
        with pytest.raises(BadOverride, match="vehicle"):
            parse_overrides([text], case)


# --- what it can be works: measured, solved, fitted, played on, judged, drawn ----------------------------------------


@pytest.fixture(params=["eight", "six", "three"])
def other(request) -> Case:
    return request.getfixturevalue(request.param)


def test_the_record_is_measured_on_the_whole_ladder(other):
    from buckpass.measured import measure, widened

    found, rungs = measure(other), other.rungs
    assert found.profiles.frame["rung"].unique().sort().to_list() == list(range(rungs.count))
    assert found.profiles.units["rung"] == other.ladder.scale
    deployed = other.responses.filter((pl.col("actor") == "PACT") & (pl.col("rung") >= rungs.deployment)).height
    assert found.activity.frame.filter(pl.col("organisation") == "PACT")["acts"].item() == deployed == 1
    assert widened(other, 12).responses["rung_high"].drop_nulls().unique().to_list() == [rungs.top]
    assert other.deployed_in("AAA") == {"dalen_2005", "dalen_2016"}


@pytest.mark.slow
def test_every_rung_is_an_option_with_its_own_attributes(other):
    from buckpass.game.payoffs import crises_of, plain_coefficients
    from buckpass.game.setting import setting_of

    setting, rungs = setting_of(other), other.rungs
    games = crises_of(setting, plain_coefficients(setting))
    options = setting.names.options
    assert [int(o.split("@")[0]) for o in options] == np.asarray(games.rung)[0, 0].tolist()
    assert sorted({int(o.split("@")[0]) for o in options}) == list(range(rungs.count))
    for rung in rungs.plain:
        at = options.index(str(rung))
        for name, held in (("effort", games.effort_at), ("cost", games.cost_at), ("presence", games.presence_at)):
            np.testing.assert_allclose(np.asarray(held)[..., at], getattr(other.ladder, name)[rung])
        assert (np.asarray(games.deploys_at)[..., at] == (rung >= rungs.deployment)).all()


@pytest.mark.slow
def test_the_likelihood_reaches_the_top_rung(other):
    from buckpass.game import estimands
    from buckpass.game.payoffs import crises_of
    from buckpass.game.setting import setting_of
    from buckpass.game.solver import log_choices, solve
    from buckpass.model.coefficients import coefficients_from
    from buckpass.model.coordinates import coordinates_of
    from buckpass.model.likelihood import log_within
    from buckpass.model.mechanisms import combination
    from buckpass.model.observations import observations

    setting, top = setting_of(other), other.rungs.top
    draw = {k: v[0] for k, v in coordinates_of(setting).from_priors(combination("all"), jax.random.key(0), 1).items()}
    games = crises_of(setting, coefficients_from(setting, draw))
    sigma = log_choices(games)[0]
    seen = observations(other, setting)
    went = (seen.crisis == 0) & (seen.power == 0)
    assert (seen.low[went].item(), seen.high[went].item()) == (top, top)
    rung, chance = np.asarray(games.rung)[seen.crisis, seen.power], jnp.exp(sigma)[seen.crisis, seen.power]
    weight = jnp.stack([jnp.sum(jnp.where(rung == r, chance, 0.0), axis=1) for r in range(top + 1)])
    each = [log_within(weight, jnp.array(r), jnp.array(r)) for r in range(top + 1)]
    np.testing.assert_allclose(np.exp(np.asarray(each)).sum(0), 1.0, rtol=1e-6)
    found = solve(games)
    response = np.asarray(estimands.response(games, found.strategy))
    assert response.shape[-1] == other.rungs.count
    np.testing.assert_allclose(response[seen.crisis, seen.power], np.exp(np.asarray(each)).T, atol=1e-6)
    np.testing.assert_allclose(
        np.asarray(estimands.p_deploys(games, found)), response[..., other.rungs.deployment :].sum(-1), rtol=1e-9
    )
    quiet = response[..., : other.rungs.beyond_words].sum(-1).prod(-1)
    np.testing.assert_allclose(np.asarray(estimands.p_nobody(games, found)), quiet, rtol=1e-9)
    assert np.asarray(draw["rung.payoff"]).size == top


def made(case: Case):
    from buckpass.evidence.studies.prior_predictive import prior_draws
    from buckpass.fitting.posterior import Diagnostics
    from buckpass.game.setting import setting_of

    drawn = prior_draws(case, setting_of(case), "FR", 16, 1)
    return dataclasses.replace(drawn, diagnostics=Diagnostics(1.0, 2000.0, 2000.0, 0, "kappa"))


@pytest.mark.slow
def test_a_power_held_at_the_top_is_there_in_answers_and_charts(eight):
    from buckpass.ask.solve import solve_crisis
    from buckpass.ask.whatif import whatif

    posterior, rungs = made(eight), eight.rungs
    held = parse_overrides([f"BBB.force={rungs.top}"], eight)
    solution = solve_crisis(eight, posterior, "dalen_2016", held, branch="all")
    (bergmark,) = [p for p in solution.powers if p.id == "BBB"]
    assert len(bergmark.response) == rungs.count
    assert bergmark.response[-1] == pytest.approx(1.0)
    assert (bergmark.expected_rung.mean, bergmark.p_deploy.mean) == (pytest.approx(rungs.top), pytest.approx(1.0))
    assert solution.table().units["expected_rung"] == f"rung 0–{rungs.top}"
    assert solution.table().units["p_deploy"] == f"P(rung ≥ {rungs.deployment})"
    assert solution.path is not None
    assert solution.path.plot().to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, rungs.top]
    assert whatif(eight, posterior, "dalen_2016", held).as_dict()["units"]["expected_rung"] == f"rung 0–{rungs.top}"


@pytest.mark.slow
def test_years_ahead_count_deployments_by_the_ladder(eight):
    from buckpass.years.run import Plan, simulate

    def years(rung: int):
        plan = Plan(years=8, histories=256, workers=1)
        return simulate(eight, {"FR": made(eight)}, [f"BBB.force={rung}"], plan).summary.sel(
            run="scenario", power="BBB"
        )

    at_top, below = years(eight.rungs.top), years(eight.rungs.deployment - 1)
    assert float(at_top["rung"].sel(quantile=0.95).max()) == pytest.approx(eight.rungs.top, rel=0.03)
    assert float(at_top["deployed_by_mean"].max()) > 0.5
    assert float(below["deployed_by_mean"].max()) == 0.0


@pytest.mark.slow
def test_claims_and_the_page_stand_on_the_same_ladder(other):
    from buckpass.ledger import assess
    from buckpass.page.figures import record_heat_map
    from buckpass.page.page import render_page
    from buckpass.page.results import gather

    verdict = assess(other.replace(claims=other.claims[:1]), None)["C1"]
    assert verdict.verdict == "supported"
    results = gather(other)
    figure = record_heat_map(other, results.record, [other.settings.focus.theatre])
    assert f"0 to {other.rungs.top}" in figure.note
    page = render_page(other, results)
    for name in other.ladder.names:
        assert f"</span>{name}</li>" in page


def test_events_need_a_mapping_of_their_own(eight, tmp_path):
    from buckpass.events.coding.ladder import mapping
    from buckpass.events.errors import BadMapping, OtherLadder

    with pytest.raises(OtherLadder, match="--mapping"):
        mapping(None, eight.ladder.names)
    own = tmp_path / "own.csv"
    own.write_text("prefix,rung,domain,scope,reason\n074,7,military,help,army\n", encoding="utf-8")
    assert [entry.rung for entry in mapping(own, eight.ladder.names)] == [7]
    with pytest.raises(BadMapping, match="is not 0 to 6"):
        mapping(own)


@pytest.mark.slow
def test_a_ladder_of_eight_rungs_is_fitted(eight):
    from buckpass.fitting.fitting import FitPlan, fit_explanation
    from buckpass.fitting.sampling import NutsSettings

    posterior = fit_explanation(eight, "FR", FitPlan(nuts=NutsSettings(chains=2, warmup=100, draws=100)))
    assert posterior.draws["rung.payoff"].shape[-1] == 7
    assert jnp.isfinite(jnp.asarray(posterior.log_likelihood.values)).all()


def test_a_ladder_made_in_code_is_checked_alike():
    attributes = dict.fromkeys(("effort", "cost", "presence", "influence"), tuple(evenly(3)))
    with pytest.raises(ValueError, match="no rung is a deployment"):
        Ladder(names=("a", "b", "c"), words=("b",), label="assumed", **attributes)
