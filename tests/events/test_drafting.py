"""Crises of a draft: wars with their true days on their true hosts, outbreaks, and who supports whom."""

from datetime import date

import polars as pl
import pytest
from made_files import write
from made_tables import (
    CONFLICTS,
    GED,
    SUPPORT,
    acled,
    as_csv,
    conflict_year,
    deal,
    ged_event,
    register_of_deals,
    support,
)

from buckpass.case import check_case
from buckpass.events import draft, load
from buckpass.events.drafting.conflicts import conflicts
from buckpass.events.drafting.outbreaks import outbreaks
from buckpass.events.store import reading


def store_of(tmp_path, *contents):
    store = tmp_path / "s.duckdb"
    load(store, [write(tmp_path / f"{k}.csv", content) for k, content in enumerate(contents)])
    return store


def found(tmp_path, rows, hosts, from_year=1990):
    with reading(store_of(tmp_path, as_csv(CONFLICTS, rows))) as connection:
        return conflicts(connection, hosts, from_year)


def days(crises):
    return [(one.start, one.end) for one in crises]


def test_an_internationalised_year_after_a_civil_one_is_the_same_crisis(tmp_path):
    rows = [
        conflict_year(year=1992, type_of_conflict=4, start_date2="1992-05-10", gwno_a_2nd="365"),
        conflict_year(year=1993, type_of_conflict=4, start_date2="1992-05-10", gwno_a_2nd="365, 704"),
        conflict_year(year=1997, type_of_conflict=3),
        conflict_year(year=1998, type_of_conflict=4, ep_end=1, ep_end_date="1998-11-16"),
    ]
    assert days(found(tmp_path, rows, ["TJK"], 1995)) == [(date(1997, 4, 2), date(1998, 11, 16))]


def test_older_wars_keep_their_first_day_and_running_ones_have_no_last(tmp_path):
    rows = [conflict_year(year=year, start_date2="1986-03-01") for year in range(1986, 1999)]
    rows += [conflict_year(conflict_id=7, year=1987, start_date2="1987-01-01", ep_end=1, ep_end_date="1987-02-01")]
    (war,) = found(tmp_path, rows, ["TJK"], 1990)
    assert (war.start, war.end, war.last) == (date(1986, 3, 1), None, date(1998, 12, 31))


def test_a_war_between_states_is_a_crisis_of_each_host_in_it(tmp_path):
    own = {"conflict_id": 13324, "type_of_conflict": 2, "territory_name": "Common Border", "start_date2": "2021-05-01",
           "gwno_a": 703, "gwno_b": 702, "gwno_loc": "702, 703"}  # fmt: skip
    rows = [conflict_year(**own, year=2021), conflict_year(**own, year=2022)]
    (war,) = found(tmp_path, rows, ["KGZ", "TJK", "UZB"])
    assert (war.hosts, war.kind, war.start) == (("KGZ", "TJK"), "interstate_war", date(2021, 5, 1))
    (tmp_path / "s.duckdb").unlink()
    assert [one.hosts for one in found(tmp_path, rows, ["TJK"])] == [("TJK",)]


@pytest.mark.parametrize(
    ("changes", "host"),
    [
        ({"year": 1998, "gwno_a": 345, "gwno_loc": 345, "territory_name": "Kosovo"}, "SRB"),
        ({"year": 1998, "gwno_a": 345, "gwno_loc": 345, "territory_name": "Kosovo"}, "XKX"),
        ({"year": 2012, "gwno_a": 345, "gwno_loc": 345}, "SRB"),
        ({"year": 1990, "gwno_a": 365, "gwno_loc": 365, "territory_name": "Azerbaijan"}, "AZE"),
        ({"year": 1990, "gwno_a": 690, "gwno_b": 645, "gwno_loc": "645, 690", "type_of_conflict": 2}, "KWT"),
        ({"year": 2022, "gwno_a": 365, "gwno_b": 369, "gwno_loc": "365, 369", "type_of_conflict": 2}, "UKR"),
    ],
)
def test_successors_and_territories_are_hosts(tmp_path, changes, host):
    row = conflict_year(conflict_id=1, start_date2="1985-01-01", **changes)
    assert [one.hosts for one in found(tmp_path, [row], [host], 1980)] == [(host,)]


def test_a_named_territory_is_preferred_to_the_state_around_it(tmp_path):
    row = conflict_year(year=1998, gwno_a=345, gwno_loc=345, territory_name="Kosovo", start_date2="1998-03-06")
    assert [one.hosts for one in found(tmp_path, [row], ["SRB", "XKX"])] == [("XKX",)]


def test_georeferenced_events_add_what_the_table_has_not(tmp_path):
    events = [
        ged_event(id=1, best=30, high=40, date_start="2022-09-14", date_end="2022-09-15"),
        ged_event(id=2, best=1, low=1, date_start="2022-09-20", date_end="2022-09-20"),
        ged_event(id=3, best=20, conflict_new_id=99, date_start="2022-01-05", date_end="2022-01-05"),
        ged_event(
            id=4,
            best=100,
            high=100,
            country_id=705,
            gwnob="",
            conflict_new_id=98,
            date_start="2024-01-05",
            date_end="2024-01-06",
        ),
    ]
    known = conflict_year(
        conflict_id=98,
        year=2024,
        gwno_a=705,
        gwno_loc=705,
        start_date2="2024-01-05",
        ep_end=1,
        ep_end_date="2024-01-06",
    )
    with reading(store_of(tmp_path, as_csv(GED, events), as_csv(CONFLICTS, [known]))) as connection:
        crises = conflicts(connection, ["KGZ", "KAZ"], 2020)
    # the third cost too few lives, the fourth stands in the table already
    assert [(one.hosts, one.kind, one.start, one.end) for one in crises] == [
        (("KAZ",), "civil_war", date(2024, 1, 5), date(2024, 1, 6)),
        (("KGZ",), "interstate_war", date(2022, 9, 14), date(2022, 9, 20)),
    ]


def test_weeks_of_unusual_violence_in_acled(tmp_path):
    quiet = [{"event_id_cnty": f"Q{k}", "event_date": f"2022-0{1 + k % 6}-1{k % 9}"} for k in range(20)]
    busy = [{"event_id_cnty": f"B{k}", "event_date": "2022-09-16"} for k in range(12)]
    with reading(store_of(tmp_path, acled("interface 2016", *quiet, *busy))) as connection:
        (outbreak,) = outbreaks(connection, ["KGZ"], 2020)
    assert (outbreak.start, outbreak.end) == (date(2022, 9, 12), date(2022, 9, 18))
    assert outbreak.why.startswith("12 events of ACLED in 1 week")


def test_a_draft_without_any_news_takes_its_powers_from_who_supports_the_host(tmp_path):
    given = [
        support(id=1, year=1997),
        support(id=2, year=1998, ext_x=1),
        support(id=3, year=1998, ext_id=9, ext_name="Government of Uzbekistan", ext_w=0),
        support(id=4, year=1998, ext_id=8, ext_name="Government of Iran", actor_name="UTO", actor_nonstate=1, actor_id=359,
                oppo_name="Government of Tajikistan"),
    ]  # fmt: skip
    wars = [conflict_year(year=1997), conflict_year(year=1998, ep_end=1, ep_end_date="1998-11-16")]
    arms = register_of_deals(
        deal("Tajikistan", "Russia", "1997; 1998", 10), deal("Tajikistan", "unknown supplier(s)", "1998", 3)
    )
    store = store_of(tmp_path, as_csv(CONFLICTS, wars), as_csv(SUPPORT, given), arms)
    made = draft(store, ["TJK"], 1995, tmp_path / "draft")
    rungs = dict(made.responses.select("actor", "rung").iter_rows())
    assert rungs == {"RUS": 6, "UZB": 4}
    case = check_case(tmp_path / "draft").case
    assert case.settings.years == (1997, 1998)
    delivered = case.series.filter(pl.col("series") == "arms").select("actor", "year", "value").rows()
    assert delivered == [("RUS", 1997, 5.0), ("RUS", 1998, 5.0)]
    assert "unknown supplier(s)" in (tmp_path / "draft" / "README.md").read_text()


def test_a_running_war_is_written_without_a_last_day(tmp_path):
    given = [support(id=1, year=1998), support(id=2, year=1998, ext_id=9, ext_name="Government of Uzbekistan")]
    store = store_of(tmp_path, as_csv(CONFLICTS, [conflict_year(year=1998)]), as_csv(SUPPORT, given))
    draft(store, ["TJK"], 1998, tmp_path / "draft")
    case = check_case(tmp_path / "draft").case
    assert case.crises.select("start", "end").row(0) == (date(1997, 4, 2), None)


def test_real_wars_of_hosts_that_had_none(shared_data, tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [shared_data / "published" / "ucdp_prio_acd_v23_1_full.csv"])
    with reading(store) as connection:
        crises = {host: conflicts(connection, [host], 1990) for host in ("KGZ", "TJK", "UKR", "KWT", "XKX", "SRB")}
    assert (date(2021, 5, 1), None) in days(crises["KGZ"])
    assert (date(2022, 2, 24), None) in days(crises["UKR"])
    assert (date(1990, 8, 2), date(1991, 3, 1)) in days(crises["KWT"])
    assert days(crises["XKX"]) == [(date(1998, 3, 6), date(1999, 11, 21))]
    assert (date(1998, 3, 6), date(1999, 11, 21)) in days(crises["SRB"])
    assert (date(1992, 5, 10), date(1998, 11, 16)) in days(crises["TJK"])
