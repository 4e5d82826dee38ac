"""One language of conditions: which crises a claim counts, in every estimand of the record."""

import dataclasses

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckpass.case import Claim
from buckpass.case.reading.which_crises import truth_of
from buckpass.ledger.ledger import assess_claim


def asked(case, family, estimand, expect):
    given = {"id": "T1", "text": "t", "short": "s", "kind": "fact", "family": family}
    return assess_claim(case, Claim.model_validate(given | {"estimand": estimand, "expect": expect}))


def counted(case, above=0, **given):
    return asked(case, "measured", {"name": "measured.count", **given}, {"above": above})


def borne(case, above=0.5, **given):
    return asked(case, "measured", {"name": "measured.burden_share", **given}, {"above": above})


def stated(case, *atoms):
    return asked(case, "record", {"name": "record.atoms", "atoms": list(atoms)}, {"equals": True})


def dated(case, crisis, **dates):
    date = pl.col("date")
    for actor, text in dates.items():
        date = pl.when((pl.col("crisis_id") == crisis) & (pl.col("actor") == actor)).then(pl.lit(text)).otherwise(date)
    return dataclasses.replace(case, responses=case.responses.with_columns(date.alias("date")))


def test_acts_are_counted_by_crisis_and_by_host(toy):
    crises = counted(toy, actor="AAA", at_least=5)
    assert (crises.value, crises.low, crises.high, crises.verdict) == (2, 2, 2, "supported")
    assert crises.detail["counted"] == ["dalen_2005", "dalen_2016"]
    hosts = counted(toy, actor="AAA", at_least=5, by="hosts", above=1)
    assert (hosts.value, hosts.verdict) == (1, "contradicted")
    assert hosts.places == crises.places != ()


@given(named=st.sets(st.sampled_from(["DDD", "EEE", "FFF"]), min_size=1))
def test_hosts_are_counted_among_those_that_the_claim_names(toy, named):
    """dalen_2005 has two hosts, dalen_2010 one, dalen_2016 three; AAA acted in the first and the last."""
    hosts = {"dalen_2005": ["DDD", "EEE"], "dalen_2010": ["DDD"], "dalen_2016": ["DDD", "EEE", "FFF"]}
    crises = toy.crises.with_columns(host=pl.Series([hosts[c] for c in toy.crises["crisis_id"]]))
    more = tuple(toy.settings.hosts[0].model_copy(update={"id": host}) for host in ("DDD", "EEE", "FFF"))
    case = toy.replace(crises=crises, settings=toy.settings.model_copy(update={"hosts": more}))
    found = counted(case, actor="AAA", at_least=5, by="hosts", hosts=sorted(named))
    assert (found.value, found.detail["counted"]) == (len(named), sorted(named))
    assert f"of {len(named)} as coded" in found.reason


def test_what_nobody_looked_for_is_in_the_most_of_a_count(toy):
    found = counted(toy, actor="PACT", at_least=5, above=1)
    assert (found.value, found.low, found.high, found.verdict) == (1, 1, 2, "undecided")
    assert found.detail["unsearched"] == ["dalen_2010"]
    assert "dalen_2010" in found.turns_on


def test_a_count_is_of_the_years_hosts_and_conditions_alone(toy):
    assert counted(toy, actor="AAA", at_least=5, years=[2010, 2020]).value == 1
    assert counted(toy, actor="AAA", at_least=5, hosts="DDD").value == 2
    found = counted(toy, actor="AAA", at_least=5, where=[{"actor": "BBB", "at_most": 1}])
    assert (found.value, found.low, found.high) == (1, 0, 1)  # dalen_2016: BBB 1, band 1 to 2
    assert "where BBB rung at most 1" in found.unit


OF_NOTHING = (
    {"years": [1990, 1991]},
    {"hosts": ["AAA"]},
    {"where": [{"actor": "AAA", "at_least": 6}, {"actor": "AAA", "at_most": 0}]},
)


@pytest.mark.parametrize("which", OF_NOTHING)
@pytest.mark.parametrize("expect", [{"above": -1}, {"below": 0.999}])
def test_of_no_crisis_there_is_no_verdict(toy, which, expect):
    for name in ("measured.count", "measured.rate"):
        found = asked(toy, "measured", {"name": name, "actor": "AAA", "at_least": 5, **which}, expect)
        assert (found.verdict, found.n) == ("not_computed", None)
        assert "no crisis counts in which somebody looked for the response of AAA" in found.reason
    atom = {"actor": "AAA", "theatre": "valley", "at_least": 1, **which}
    sure = {"actor": "AAA", "crisis": "dalen_2005", "at_least": 5}
    for atoms in ([atom], [sure, atom]):
        found = stated(toy, *atoms)
        assert found.verdict == "not_computed"
        assert "no crisis of valley" in found.reason
        assert "by a fault of this program" not in found.reason


def test_a_rate_of_crises_that_count_only_in_doubt_is_no_number(toy):
    only_in_doubt = [{"actor": "PACT", "at_least": 6}]  # nobody looked in dalen_2010, and it did less in the others
    found = asked(
        toy,
        "measured",
        {"name": "measured.rate", "actor": "AAA", "at_least": 2, "where": only_in_doubt},
        {"below": 0.99},
    )
    assert (found.verdict, found.n) == ("not_computed", None)  # was supported by the prior alone
    assert "no crisis counts as coded" in found.reason


def test_what_nobody_looked_for_anywhere_is_not_counted_as_nothing(toy):
    found = counted(toy, actor="FRA", at_least=5, above=-1)
    assert (found.verdict, found.value) == ("not_computed", None)
    statement = stated(toy, {"actor": "FRA", "theatre": "valley", "at_most": 4})
    assert (statement.verdict, statement.n, statement.high) == ("undecided", 3, 1.0)


@given(st.sets(st.sampled_from(["dalen_2005", "dalen_2010", "dalen_2016"])))
def test_a_statement_about_a_theatre_is_of_every_crisis_searched_or_not(toy, unsearched):
    rows = toy.responses.filter(~((pl.col("actor") == "BBB") & pl.col("crisis_id").is_in(list(unsearched))))
    found = stated(toy.replace(responses=rows), {"actor": "BBB", "theatre": "valley", "at_most": 6})
    in_doubt = {one["text"].split()[2].rstrip(":") for one in found.statements if one["truth"] == "doubt"}
    assert (found.n, in_doubt) == (3, unsearched)
    assert found.verdict == ("undecided" if unsearched else "supported")


def test_one_of_several_who_could_not_act_leaves_the_others_statement_standing(toy):
    outside = toy.settings.organisations[0].model_copy(update={"members": ()})
    case = toy.replace(settings=toy.settings.model_copy(update={"organisations": (outside,)}))
    assert stated(case, {"any_of": ["AAA", "PACT"], "theatre": "valley", "at_least": 5}).n == 3
    assert stated(case, {"actor": "PACT", "theatre": "valley", "at_most": 6}).verdict == "not_computed"


def test_statements_of_acts_against_are_of_the_crises_of_such_acts(toy):
    sanctions = toy.responses.filter((pl.col("crisis_id") == "dalen_2016") & (pl.col("actor") == "AAA")).with_columns(
        direction=pl.lit("against"), actor=pl.lit("FRA"), rung=pl.lit(2, pl.Int8), rung_low=pl.lit(2, pl.Int8), rung_high=pl.lit(3, pl.Int8),
    )  # fmt: skip
    case = toy.replace(responses=pl.concat([toy.responses, sanctions]))
    statement = {"actor": "FRA", "theatre": "valley", "direction": "against", "at_least": 2}
    found = {one["text"].split()[2].rstrip(":"): one["truth"] for one in stated(case, statement).statements}
    assert found == {"dalen_2005": "doubt", "dalen_2010": "doubt", "dalen_2016": "true"}
    assert stated(case, {**statement, "years": [2016, 2016]}).verdict == "supported"


def test_a_share_of_the_burden_is_of_crises_in_which_all_were_looked_up(toy):
    cost = toy.ladder.cost
    found = borne(toy, power="AAA")
    assert found.value == pytest.approx(
        (cost[6] + cost[1] + cost[5]) / (cost[6] + cost[1] + cost[5] + cost[3] + cost[1])
    )
    least = (cost[6] + cost[1] + cost[5]) / (cost[6] + cost[1] + cost[5] + cost[3] + cost[1] + cost[2])
    assert found.low == pytest.approx(least)
    assert (found.n, found.verdict) == (3, "supported")
    unseen = toy.replace(
        responses=toy.responses.filter(~((pl.col("crisis_id") == "dalen_2005") & (pl.col("actor") == "BBB")))
    )
    fewer = borne(unseen, power="AAA")
    assert (fewer.n, fewer.detail["left_out"]) == (2, 1)
    fights = toy.responses.with_columns(
        pl.when(pl.col("rung") == 6).then(pl.lit("belligerent")).otherwise("scope").alias("scope")
    )
    assert borne(toy.replace(responses=fights), power="AAA").value == pytest.approx(
        1 - (cost[3] + cost[1]) / (cost[1] + cost[5] + cost[3] + cost[1])
    )


def test_crises_in_doubt_push_a_share_both_ways(toy):
    where = [{"actor": "BBB", "at_most": 1}]  # dalen_2005 not, dalen_2010 certainly, dalen_2016 in doubt
    found, cost = borne(toy, power="AAA", where=where), toy.ladder.cost
    assert found.value == pytest.approx((cost[1] + cost[5]) / (cost[1] + cost[5] + cost[1]))
    assert found.low == pytest.approx(cost[1] / (cost[1] + cost[1]))  # without dalen_2016, BBB at the top of its band
    assert found.high == pytest.approx(1.0)


def test_who_is_named_twice_bears_once(toy):
    once, twice = (borne(toy, power="AAA", among=among) for among in (["AAA", "BBB"], ["BBB", "AAA", "BBB"]))
    assert (twice.value, twice.n) == (pytest.approx(once.value), 3)


def test_nobody_bore_anything_is_no_share(toy):
    assert borne(toy, power="AAA", years=[2018, 2019]).verdict == "not_computed"


def test_a_statement_about_a_theatre_is_of_the_crises_that_it_names(toy):
    base = {"actor": "AAA", "theatre": "valley", "at_least": 5}
    assert stated(toy, base).n == 3
    assert stated(toy, {**base, "years": [2005, 2005]}).verdict == "supported"
    quiet = stated(toy, {**base, "where": [{"actor": "BBB", "at_most": 0}]})
    assert (quiet.n, quiet.verdict) == (
        1,
        "undecided",
    )  # dalen_2010: false where the crisis counts, and that is in doubt
    assert stated(toy, {**base, "where": [{"actor": "BBB", "at_least": 2}], "years": [2000, 2009]}).n == 1


@pytest.mark.parametrize(
    ("dates", "truth"),
    [
        ({"AAA": "2016-01-07/2016-01-17", "BBB": "2016-01-09"}, "true"),
        ({"AAA": "2016-01-09", "BBB": "2016-01-09"}, "false"),
        ({"AAA": "2016-01", "BBB": "2016-01-09"}, "doubt"),
        ({"AAA": "2016-01-10", "BBB": "2016-01-09/2016-03"}, "false"),
        ({"AAA": None, "BBB": "2016-01-09"}, "doubt"),
    ],
)
def test_who_acted_before_whom(toy, dates, truth):
    case = dated(toy, "dalen_2016", **dates)
    assert truth_of(case, {"before": "BBB"}, "AAA", "dalen_2016") == truth
    assert stated(case, {"actor": "AAA", "crisis": "dalen_2016", "before": "BBB"}).statements[0]["truth"] == truth


def test_who_did_nothing_came_after_everybody_who_did_something(toy):
    silence = pl.when(pl.col("rung") == 0).then(0).otherwise("rung_high").cast(pl.Int8)
    silent = toy.replace(responses=toy.responses.with_columns(rung_high=silence))
    assert truth_of(silent, {"before": "BBB"}, "AAA", "dalen_2010") == "true"
    assert truth_of(silent, {"before": "AAA"}, "BBB", "dalen_2010") == "false"
    assert truth_of(toy, {"before": "BBB"}, "AAA", "dalen_2010") == "doubt"  # BBB may have spoken, nobody knows when
    assert truth_of(toy, {"before": "AAA"}, "PACT", "dalen_2010") == "doubt"  # nobody looked


def test_the_order_of_acts_is_a_condition_of_every_number(toy):
    case = dated(toy, "dalen_2016", AAA="2016-01-07", BBB="2016-01-09")
    assert counted(case, actor="AAA", at_least=5, where=[{"actor": "AAA", "before": "BBB"}]).detail["counted"] == [
        "dalen_2005", "dalen_2016"]  # fmt: skip
    assert counted(case, actor="AAA", at_least=5, where=[{"actor": "BBB", "before": "AAA"}]).value == 0


def test_organisations_are_compared_and_shares_taken_over_the_counted_crises(flagship):
    given = {"name": "measured.rates_compared", "organisation": "SCO", "others": ["CSTO"], "at_least": 1}
    whole = asked(flagship, "measured", given, {"above": 0.5})
    recent = asked(flagship, "measured", given | {"years": [2017, 2025]}, {"above": 0.5})
    assert recent.n in range(1, whole.n or 0)
    none = asked(
        flagship,
        "measured",
        given | {"where": [{"actor": "RUS", "at_least": 6}, {"actor": "RUS", "at_most": 0}]},
        {"above": 0.5},
    )
    assert none.verdict == "not_computed"
