"""Who names and codes stand for, and when."""

from datetime import date

import pytest

from buckpass.events.actors import by_code, government, heirs, on, resolve, state_or_organisation


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
        (345, "gw", 2015, "SRB"),
        (345, "gw", 1998, "SCG"),
        (345, "cow", 1980, "YUG"),
        (316, "gw", 2000, "CZE"),
        (316, "cow", 2000, "CZE"),
        (315, "gw", 1980, "CSK"),
        (817, "gw", 1965, "RVN"),
        (816, "gw", 1965, "VNM"),
        (680, "gw", 1980, "YMD"),
        (678, "gw", 2015, "YEM"),
        (679, "cow", 2015, "YEM"),
        (970, "gw", 2015, "KIR"),
        (970, "cow", 2015, "NRU"),
        (365, "cow", None, "RUS"),
        (255, "cow", 1960, None),
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
    from buckpass.events.own_tables import own_rows

    organisations = {row["actor"] for row in own_rows("organisations.csv")}
    for row in own_rows("leaders.csv"):
        assert row["actor"] in organisations or by_code(row["actor"], "iso3") == row["actor"], row


@pytest.mark.parametrize(
    ("name", "actor"),
    [
        ("Russian Federation", "RUS"),
        ("Bosnia-Herzegovina", "BIH"),
        ("Bosnia & Herzegovina", "BIH"),
        ("East Germany (GDR)", "DDR"),
        ("South Yemen", "YMD"),
        ("Yemen Arab Republic (North Yemen)", "YEM"),
        ("Korea, North", "PRK"),
        ("Korea, Rep.", "KOR"),
        ("Congo, Dem. Rep.", "COD"),
        ("Congo - Brazzaville", "COG"),
        ("Bahamas, The", "BHS"),
        ("St. Vincent & Grenadines", "VCT"),
        ("São Tomé & Príncipe", "STP"),
        ("Myanmar (Burma)", "MMR"),
        ("Russia (Soviet Union)", "RUS"),
        ("Egypt, Arab Rep.", "EGY"),
        ("Türkiye", "TUR"),
        ("Nowhere", None),
        ("unknown supplier(s)", None),
        ("Hezbollah (Lebanon)*", None),
        ("Northern Alliance (Afghanistan)*", None),
        ("World", None),
    ],
)
def test_names_as_publishers_write_them(name, actor):
    assert state_or_organisation(name) == actor


def test_governments_heirs_and_seats():
    assert government("Government of Serbia (Yugoslavia)") == "SRB"
    assert government("Rebels of Serbia") is None
    assert heirs("SCG") == ("SCG", "SRB")
    assert (on("RUS", 1985), on("RUS", 1992), on("VNM", 1970)) == ("SUN", "RUS", "VNM")


def test_every_state_that_sipri_and_ucdp_name_is_known(shared_data):
    import csv

    lines = (shared_data / "published" / "sipri_trade-register_2025.csv").read_text("latin-1").splitlines()[11:]
    rows = [row for row in csv.reader(lines[1:]) if len(row) == 16]
    unknown = {name for row in rows for name in row[:2] if state_or_organisation(name) is None}
    # rebels have one star, organisations two
    assert {name for name in unknown if not name.endswith("*")} == {
        "Biafra", "Katanga", "Northern Cyprus", "unknown recipient(s)", "unknown supplier(s)",
    }  # fmt: skip
    with (shared_data / "published" / "ucdp_prio_acd_v23_1_full.csv").open(encoding="utf-8") as file:
        conflicts = list(csv.DictReader(file))
    numbers = {(n.strip(), int(row["year"])) for row in conflicts for n in row["gwno_loc"].split(",")}
    assert {n for n, year in numbers if by_code(n, "gw", year) is None} == {"751"}  # Hyderabad, 1948
