"""Who names and codes stand for, and when."""

from datetime import date

import pytest

from buckpass.events.actors import by_code, resolve, state_or_organisation


@pytest.mark.parametrize(
    ("name", "actor"),
    [
        ("Russia", "RUS"),
        ("Foreign Affairs (Russia)", "RUS"),
        ("Cabinet / Council of Ministers / Advisors (United States)", "USA"),
        ("Kyrgyz Republic", "KGZ"),
        ("Cote d'Ivoire", "CIV"),
        ("Côte d'Ivoire", "CIV"),
        ("Turkiye", "TUR"),
        ("Namibia", "NAM"),
        ("Peacekeeping Troop (European Union)", "EU"),
        ("North Atlantic Treaty Organization", "NATO"),
        ("UN Security Council", "UN"),
    ],
)
def test_states_their_parts_and_organisations(name, actor):
    assert [named.actor for named in resolve(name)] == [actor]


@pytest.mark.parametrize("name", ["Bank of China", "Boko Haram", "Citizen (International)", "", "Middle East", "()"])
def test_others_are_nobody(name):
    assert resolve(name) == ()


def test_leaders_count_while_in_office():
    terms = resolve("Barack Obama")
    assert [term.actor for term in terms] == ["USA"]
    assert terms[0].since == date(2009, 1, 20)
    assert terms[0].until == date(2017, 1, 20)


@pytest.mark.parametrize(
    ("code", "system", "year", "actor"),
    [
        (365, "cow", 1980, "SUN"),
        (365, "cow", 2020, "RUS"),
        ("365.0", "gw", 2020, "RUS"),
        (705, "cow", 2000, "KAZ"),
        (260, "gw", 2000, "DEU"),
        (255, "cow", 2000, "DEU"),
        (345, "cow", 2000, "SCG"),
        (340, "gw", 2010, "SRB"),
        ("KZ", "fips", None, "KAZ"),
        ("CH", "fips", None, "CHN"),
        ("TI", "fips", None, "TJK"),
        ("TX", "fips", None, "TKM"),
        ("ROM", "cameo", None, "ROU"),
        ("KAZ", "cameo", None, "KAZ"),
        ("NAM", "iso3", None, "NAM"),
        (99999, "cow", None, None),
        ("QQ", "fips", None, None),
    ],
)
def test_codes_with_their_years(code, system, year, actor):
    assert by_code(code, system, year) == actor


def test_unknown_system_is_said():
    with pytest.raises(ValueError, match="none of iso3, cow"):
        by_code(1, "iso2")


def test_every_actor_of_the_tables_is_known():
    from buckpass.events.actors import _data

    organisations = {row["actor"] for row in _data("organisations.csv")}
    for row in _data("leaders.csv"):
        assert row["actor"] in organisations or by_code(row["actor"], "iso3") == row["actor"], row


def test_state_names_in_trade_and_arms_files_resolve():
    assert state_or_organisation("Russian Federation") == "RUS"
    assert state_or_organisation("Nowhere") is None
