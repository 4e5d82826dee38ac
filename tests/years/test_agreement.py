"""The agreement: limits that it must obey, and words where no number would do."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from made import made_posterior

from buckpass.bargain import theatre_year
from buckpass.bargain.agreement import agreement
from buckpass.bargain.arrangement import StageValues, critical_discount_factor, transfer_range
from buckpass.changes import BadOverride
from buckpass.game.solver import NoEquilibriumFound
from buckpass.predict.which_fits import NoUsablePosterior
from buckpass.results.files import json_text
from buckpass.years.indicators import MEASURES
from buckpass.years.year_problems import GrowthOverflows, NoArrangement
from made_posteriors import posterior_of, prior_sites


@pytest.fixture(scope="module")
def base(toy, posteriors):
    return agreement(toy, posteriors, n_draws=60)


def test_a_case_without_an_arrangement_is_told_so(toy, posteriors):
    bare = toy.replace(settings=toy.settings.model_copy(update={"arrangement": None}))
    with pytest.raises(NoArrangement, match=r"\[arrangement\]"):
        agreement(bare, posteriors)


def test_probabilities_and_slack_agree(base):
    for party in base.parties:
        assert 0 <= party.p_keeps <= 1
        assert (party.slack is None) == (party.p_has_bargain == 0)
    assert base.p_self_enforcing <= min(p.p_keeps for p in base.parties)
    assert len(base.table()) == len(base.parties)
    assert base.as_dict()["explanation"] == "FR"
    assert base.plot().to_dict()


def test_larger_rents_keep_and_no_rent_with_friendly_breakdown_leaves_nothing(toy, posteriors):
    party = toy.settings.arrangement.parties
    rich = agreement(toy, posteriors, [f"arrangement.rent@{p}=5" for p in party], n_draws=60)
    assert rich.p_self_enforcing == 1.0
    none = [f"arrangement.rent@{p}=0" for p in party] + ["arrangement.obstruction_cost=0", "arrangement.alignment=1"]
    poor = agreement(toy, posteriors, none, n_draws=60)
    forgoing = next(p for p in poor.parties if "deployment" in p.forgoes)
    assert forgoing.p_has_bargain == 0
    assert "no bargain to keep" in forgoing.verdict
    assert forgoing.critical is None


def test_a_fee_without_bound_is_null_with_its_reason(toy, posteriors):
    found = agreement(toy, posteriors, ["agreement.discount=1"], n_draws=20)
    said = json.loads(json_text(found.as_dict()), parse_constant=pytest.fail)
    assert None in [*said["transfer"], *said["fee"]]
    assert "No fee can be named" in said["notes"][0]
    assert not any("nan" in line or "inf" in line for line in found.statements())
    assert agreement(toy, posteriors, n_draws=20).as_dict()["notes"] == []


def test_longer_punishment_never_raises_the_critical_factor(toy, posteriors):
    terms = [f"arrangement.rent@{p}=0.02" for p in toy.settings.arrangement.parties]
    short, long = (agreement(toy, posteriors, [*terms, f"arrangement.punishment_years={t}"], 60) for t in (1, 30))
    for a, b in zip(short.parties, long.parties, strict=True):
        if a.critical and b.critical:
            assert b.critical[0] <= a.critical[0] + 1e-12
            assert b.critical_grim[0] == pytest.approx(a.critical_grim[0])


@pytest.mark.slow
def test_the_punishment_is_not_counted_twice(toy):
    """The fitted price of enforcement is taken out of the stage values: they are as without that price."""
    plain = {"FR": made_posterior(toy, "FR")}
    priced = {"FR+DL": made_posterior(toy, "FR+DL")}
    a, b = agreement(toy, plain, n_draws=40), agreement(toy, priced, n_draws=40)
    assert b.explanation == "FR+DL"
    assert np.allclose([p.critical or 0 for p in a.parties], [p.critical or 0 for p in b.parties])


def test_bad_terms_are_named(toy, posteriors):
    with pytest.raises(BadOverride, match=r"did you mean 'arrangement\.punishment_years'"):
        agreement(toy, posteriors, ["arrangement.punishment_year=3"])
    with pytest.raises(BadOverride, match="outside"):
        agreement(toy, posteriors, ["arrangement.alignment=3"])
    with pytest.raises(NoUsablePosterior, match="κ"):
        agreement(toy, {})


def test_a_fee_at_the_edge_leaves_the_payer_just_patient_enough():
    """At the most that it pays, the discount factor that the payer needs is the one that it has."""
    rng = np.random.default_rng(8)
    cooperate, deviate = rng.uniform(1, 2, (40, 2)), rng.uniform(2, 3, (40, 2))
    stage = StageValues(*(jnp.asarray(v) for v in (cooperate, deviate, rng.uniform(-2, 0, (40, 2)))))
    discount, periods = jnp.asarray(rng.uniform(0.3, 0.95, (40, 1)).repeat(2, 1)), 6
    for t in (None, periods):
        least, most = transfer_range(stage, discount, 0, 1, t)
        paid = stage.cooperate + jnp.stack([-most, -most], axis=1) * jnp.array([1.0, 0.0])
        paid = paid.at[:, 1].add(least)
        needed = critical_discount_factor(StageValues(paid, stage.deviate, stage.punished), t)
        assert np.allclose(needed, discount, atol=1e-6)


def test_what_the_agreement_says_in_words(base):
    lines = " ".join(base.statements())
    assert f"in {100 * base.p_self_enforcing:.0f} % of {base.n_draws} draws" in lines
    assert "rents and patience are assumed" in lines
    assert all(p.party in lines for p in base.parties)
    assert base.path_table().frame["year"].is_sorted()
    assert base.fee[1] <= base.fee[0] <= base.fee[2]


def test_an_answer_says_which_fit_it_is_of_and_why_no_better_one_answers(toy):
    fits = {name: posterior_of(toy, name, prior_sites(toy, name, 4), elpd=elpd) for name, elpd in
            (("BL", -0.5), ("RE", -0.6), ("FR", -0.9))}  # fmt: skip
    found = agreement(toy, fits, n_draws=4, years_ahead=(0,))
    assert "FR (free riding), number 3 of 3" in found.speaks_from
    assert "BL, RE predict better" in found.speaks_from
    assert found.speaks_from in found.statements()
    best = {**fits, "FR": posterior_of(toy, "FR", prior_sites(toy, "FR", 4), elpd=-0.1)}
    assert "predicts best" in agreement(toy, best, n_draws=4, years_ahead=(0,)).speaks_from


def test_a_fit_whose_name_says_what_it_is_is_named_once(toy):
    found = agreement(toy, posterior_of(toy, "all", prior_sites(toy, "all", 4)), n_draws=4, years_ahead=(0,))
    assert found.speaks_from.startswith("This speaks from all, ")


def test_what_years_and_record_call_security_differs():
    titles = [measure.title for measure in MEASURES]
    assert "influence in security" in titles
    assert "security share" not in titles
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("AAA.capacity.growth=-1", "loss of everything"),
        ("BBB.trade.growth=-1", "loss of everything"),
        ("AAA.capacity.growth=-0.9", "range of numbers"),
    ],
)
def test_growth_that_leaves_the_range_of_numbers_is_refused_before_anything_is_solved(toy, posteriors, text, why):
    with pytest.raises(GrowthOverflows, match=why):
        agreement(toy, posteriors, [text], n_draws=4)


def test_games_without_an_equilibrium_are_named_with_the_year_and_the_change(toy, posteriors, monkeypatch):
    def lost(*given):
        raise NoEquilibriumFound("position 0 (error nan)", (0, 1))

    monkeypatch.setattr(theatre_year, "stage_payoffs", lost)
    first = toy.settings.years[1] + 1
    with pytest.raises(
        theatre_year.OutOfReach, match=f"the agreement in {first}: .* in 2 of .* AAA.stake=2x leads too far"
    ) as told:
        agreement(toy, posteriors, ["AAA.stake=2x"], n_draws=4)
    assert any(crisis in str(told.value) for crisis in toy.crises["crisis_id"])
    assert "position" not in str(told.value)
