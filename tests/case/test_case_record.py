"""The record of a case answers what other rooms ask of it, and its hashes tell when a fit no longer belongs to it."""

from datetime import date

import polars as pl
import pytest

from buckpass.case import UnknownName, load_case
from buckpass.case.sources import plain_text, read_sources

DAY = date(2010, 1, 1)


@pytest.fixture
def case(folder):
    return load_case(folder)


def test_columns_have_the_types_of_the_contract(case):
    crises, responses, series = case.crises.schema, case.responses.schema, case.series.schema
    for name in ("host", "asked", "own_stake", "assets", "claimants", "bases", "source_id"):
        assert crises[name] == pl.List(pl.String)
    assert (crises["start"], crises["end"], crises["severity"]) == (pl.Date, pl.Date, pl.Float64)
    assert (crises["deaths_best"], crises["help_requested"]) == (pl.Float64, pl.Boolean)
    assert [responses[name] for name in ("rung", "rung_low", "rung_high")] == [pl.Int8] * 3
    assert (series["year"], series["value"]) == (pl.Int32, pl.Float64)
    assert case.own_operations.schema == case.responses.schema


def test_missing_stays_missing(case):
    rows = case.responses.filter(pl.col("basis") == "unsearched")
    assert rows["rung"].to_list() == [None]
    assert rows["rung_low"].to_list() == [None]


def test_a_rung_without_a_band_is_its_own_band(spoiled):
    rows = spoiled("responses.csv", "state,6,6,6", "state,6,,").case.responses
    assert (rows["rung_low"][0], rows["rung_high"][0]) == (6, 6)


def test_members_on_a_day(case):
    assert case.members("PACT", date(2002, 4, 30)) == ()
    assert case.members("PACT", date(2002, 5, 1)) == ("AAA", "DDD")
    assert case.members("PACT", date(2004, 1, 1)) == ("AAA", "BBB", "DDD")
    with pytest.raises(UnknownName, match="PACT"):
        case.members("PACTT", date(2004, 1, 1))


def test_members_leave_and_organisations_end(spoiled):
    spoiled("case.toml", 'state = "BBB", from = 2004-01-01', 'state = "BBB", from = 2004-01-01, to = 2006-06-30')
    case = spoiled("case.toml", "founded = 2002-05-01", "founded = 2002-05-01\nended = 2018").case
    assert "BBB" in case.members("PACT", date(2006, 6, 30))
    assert "BBB" not in case.members("PACT", date(2006, 7, 1))
    assert case.members("PACT", date(2018, 12, 31))
    assert case.members("PACT", date(2019, 1, 1)) == ()


def test_every_state_may_be_a_member(spoiled):
    case = spoiled("case.toml", '{ state = "BBB", from', '{ state = "*", from').case
    assert case.members("PACT", date(2010, 1, 1)) == ("AAA", "BBB", "DDD")


def test_alignment(case):
    assert case.alignment("valley", "AAA", "AAA", DAY) == 1
    assert case.alignment("valley", "AAA", "BBB", DAY) == 0.3
    assert case.alignment("valley", "BBB", "AAA", DAY) == 0.6
    assert case.alignment("valley", "DDD", "AAA", DAY) == 0.6, "hosts without an entry take that of *"
    assert case.alignment("elsewhere", "AAA", "BBB", DAY) == 0


def test_a_power_does_not_take_the_hosts_alignment(spoiled):
    case = spoiled("case.toml", 'of = "BBB"\nwith = "AAA"', 'of = "DDD"\nwith = "AAA"').case
    assert case.alignment("valley", "BBB", "AAA", DAY) == 0


def test_the_hash_follows_the_content(case, spoiled):
    claims = spoiled("claims.toml", "Bergmark rides on", "Bergmark leans on").case
    assert claims.hash != case.hash
    assert claims.record_hash == case.record_hash, "a reworded claim needs no new fit"
    record = spoiled("responses.csv", "state,3,2,3", "state,3,3,3").case
    assert record.record_hash != case.record_hash


def test_replacing_changes_the_hash_only_where_something_changes(case):
    assert case.replace() == case
    assert case.replace(claims=case.claims).hash == case.hash
    fewer = case.replace(responses=case.responses.head(4))
    assert fewer.record_hash != case.record_hash
    assert len(case.responses) == 9
    claims = case.replace(claims=case.claims[:1])
    assert claims.record_hash == case.record_hash
    assert claims.hash != case.hash


def test_sources_read_as_citations(case):
    source = case.sources["example2019"]
    assert source.citation == "A. N. Author (2019). An invented article about the valley. Example Quarterly."
    assert (source.basis, source.url) == ("seen", "https://example.org/valley")
    assert case.sources["survey2015"].basis == "recalled"


def test_bibtex_text_becomes_plain():
    assert plain_text(r"{\"O}stliche {Gesellschaft} f\"ur  {\ss}") == "Östliche Gesellschaft für ß"


def test_only_web_addresses_are_addresses():
    text = "@misc{a, title={t}, url={javascript:alert(1)}}\n@misc{b, title={t}, url={file:///etc/passwd}}"
    sources, problems = read_sources("sources.bib", text)
    assert problems == []
    assert [source.url for source in sources.values()] == ["", ""]


def test_macros_that_would_grow_without_bound_are_refused():
    laughs = '@string{a0 = "lol"}\n' + "".join(
        f"@string{{a{n + 1} = {' # '.join([f'a{n}'] * 10)}}}\n" for n in range(9)
    )
    sources, problems = read_sources("sources.bib", laughs + "@misc{k, title = a9}")
    assert sources == {}
    assert len(problems) == 1


def test_parameters_and_unknown_names(case):
    assert case.parameter("delivery.capacity") == 0.25
    with pytest.raises(UnknownName, match=r"delivery\.capacity"):
        case.parameter("delivery.capacty")
    for ask in (case.power, case.host, case.theatre, case.organisation):
        with pytest.raises(UnknownName):
            ask("nowhere")
