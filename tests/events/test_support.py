"""External support and violence by year: what they say in a coded record, its evidence and a profile."""

from datetime import date

import polars as pl
import pytest
from made_files import write
from made_tables import GED, POLECAT, SUPPORT, acled, as_csv, ged_event, polecat_event, support
from test_coding import MadeCase

from buckpass.events import code, errors, evidence_rows, load, profile
from buckpass.events.coding.support import supports
from buckpass.events.drafting.draft_case import template_ladder
from buckpass.events.store import reading


def store_of(tmp_path, *contents):
    store = tmp_path / "s.duckdb"
    load(store, [write(tmp_path / f"{k}.csv", content) for k, content in enumerate(contents)])
    return store


def a_case(start=date(1993, 3, 1), end=date(1993, 5, 1)):
    crises = pl.DataFrame({"crisis_id": ["war"], "host": [["TJK"]], "start": [start], "end": [end]})
    return MadeCase(crises, pl.DataFrame(), ("RUS", "UZB", "IRN", "CHN"), (), template_ladder())


def given(store, years=(1993, 1993)):
    with reading(store) as connection:
        return supports(connection, ["TJK"], years)


def test_rows_repeated_over_dyads_are_one(tmp_path):
    rows = [support(id=k, dyad_id=800 + k) for k in (1, 2, 3)] + [support(id=4, dyad_id=900, ext_t=0, ext_x=1)]
    (one,) = given(store_of(tmp_path, as_csv(SUPPORT, rows)))
    assert (one.supporter, one.host, one.year, one.kinds, one.rung) == ("RUS", "TJK", 1993, ("x", "w", "t"), 6)


@pytest.mark.parametrize(
    ("changes", "rung", "is_firm"),
    [
        ({}, 4, True),
        ({"ext_f": 1, "ext_w": 0, "ext_t": 0}, 3, True),
        ({"ext_x": 1}, 6, True),
        ({"ext_x": 1, "ext_coalition": 1, "ext_coalition_name": "Coalition forces"}, 5, True),
        ({"ext_u": 1, "ext_w": 0, "ext_t": 0}, None, True),
        ({"ext_alleged": 1}, 4, False),
    ],
)
def test_kinds_of_support_on_the_ladder(tmp_path, changes, rung, is_firm):
    (one,) = given(store_of(tmp_path, as_csv(SUPPORT, [support(**changes)])))
    assert (one.rung, not one.is_alleged) == (rung, is_firm)


def test_members_of_a_coalition_stay_apart_and_no_states_are_left_out(tmp_path):
    rows = [
        support(id=1, ext_coalition=1, ext_coalition_name="A/B", ext_x=1),
        support(
            id=2, ext_coalition=1, ext_coalition_name="A/B", ext_x=1, ext_id=9, ext_name="Government of Uzbekistan"
        ),
        support(id=3, ext_id=10, ext_name="Russian elements", ext_elements=1),
        support(id=4, ext_id=11, ext_name="A party", ext_nonstate=1),
        support(id=5, year=1985, ext_id=57),
    ]
    store = store_of(tmp_path, as_csv(SUPPORT, rows))
    assert [one.supporter for one in given(store)] == ["RUS", "UZB"]
    assert [one.supporter for one in given(store, (1985, 1985))] == ["SUN"]


def test_support_sets_the_rung_and_the_upper_end_not_the_lower(tmp_path):
    rows = [
        support(id=1),
        support(id=2, ext_id=9, ext_name="Government of Uzbekistan", ext_alleged=1),
        support(id=3, ext_id=8, ext_name="Government of Iran", actor_name="UTO", actor_nonstate=1, actor_id=359,
                oppo_name="Government of Tajikistan"),
    ]  # fmt: skip
    store = store_of(tmp_path, as_csv(SUPPORT, rows))
    record = code(store, a_case())
    assert record.coded.select("actor", "low", "rung", "high").rows() == [("RUS", 0, 4, 4)]
    against = record.rows.filter(pl.col("actor") == "IRN").row(0, named=True)
    assert (against["status"], against["n_coercive"]) == ("thin", 1)
    keys = record.coded["evidence"][0]
    shown = evidence_rows(store, keys).row(0, named=True)
    assert (shown["source"], shown["code"], shown["day"].year) == (
        "Government of Russia (Soviet Union)",
        "support w t",
        1993,
    )
    with pytest.raises(errors.BadKey):
        evidence_rows(store, ["1:ucdp_support.99"])
    assert code(store, a_case(date(1994, 3, 1), date(1994, 4, 1))).coded.is_empty()


def test_what_is_only_alleged_widens_a_band_that_events_give(tmp_path):
    talk = [
        polecat_event(Event_ID=f"{d}-{k}", Event_Date=str(date(2022, 9, 1 + d)), Event_Type="CONSULT", Event_Mode="visit",
                      Actor_Name=f"{a} {k}", Actor_Country=a, Recipient_Name="x", Recipient_Country=b, Contexts="")
        for d in range(30) for k in range(4) for a, b in (("RUS", "TJK"), ("TJK", "CHN"), ("CHN", "IRN"))
    ]  # fmt: skip
    alleged = support(id=1, year=2022, ext_alleged=1, ext_x=1)
    case = a_case(date(2022, 9, 1), date(2022, 8, 31))
    store = store_of(tmp_path, as_csv(POLECAT, talk, "\t"))
    (alone,) = code(store, case).coded.filter(pl.col("actor") == "RUS").select("low", "rung", "high").rows()
    load(store, [write(tmp_path / "given.csv", as_csv(SUPPORT, [alleged]))])
    (both,) = code(store, case).coded.filter(pl.col("actor") == "RUS").select("low", "rung", "high").rows()
    assert (alone, both) == ((1, 1, 1), (1, 1, 6))


def test_a_profile_shows_support_and_violence_also_without_news(tmp_path):
    store = store_of(
        tmp_path, as_csv(SUPPORT, [support(), support(id=2, year=1994, ext_alleged=1)]),
        as_csv(GED, [ged_event(), ged_event(id=2, best=1, low=0, high=3)]), acled("2022", {"fatalities": 9}),
    )  # fmt: skip
    drawn = profile(store, ["RUS"], ["TJK", "KGZ"])
    assert drawn.rows.is_empty()
    assert drawn.support.rows() == [
        ("RUS", "TJK", 1993, "government", "weapons, training"),
        ("RUS", "TJK", 1994, "government", "weapons, training (alleged)"),
    ]
    assert drawn.violence.rows() == [("KGZ", 2022, "ACLED", 1, 9, None, None), ("KGZ", 2022, "UCDP GED", 2, 25, 20, 33)]
    assert [table.title for table in drawn.tables()[1:]] == [
        "External support by year (UCDP)",
        "Violence in the hosts by year",
    ]
    assert drawn.as_dict()["violence"][1]["deaths"] == 25


def test_real_support_has_a_supporter_a_recipient_and_a_year_once(shared_data, tmp_path):
    from buckpass.events.actors import iso3_codes

    store = tmp_path / "s.duckdb"
    file = load(store, [shared_data / "external_support" / "ucdp-esd-ty-181.csv"]).files[0]
    assert (file.rows_read, file.rows_rejected) == (10_852, 0)
    with reading(store) as connection:
        found = supports(connection, sorted(iso3_codes()), (1975, 2017))
        firm = connection.execute(
            "SELECT count(DISTINCT (ext_id, actor_id, year)) FROM ucdp_support WHERE ext_sup = 1 AND ext_alleged = 0"
        ).fetchall()[0][0]
    assert firm == 6644
    tjk = {
        (one.supporter, one.year)
        for one in found
        if one.host == "TJK" and not one.is_alleged and not one.is_against_host
    }
    assert {("RUS", 1993), ("UZB", 1993)} <= tjk
    keys = [(one.supporter, one.host, one.year, one.is_alleged, one.is_against_host, one.key) for one in found]
    assert len(keys) == len(set(keys))
