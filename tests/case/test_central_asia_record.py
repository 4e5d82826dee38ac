"""The first bundled case's record keeps what was checked against a source: dates of organisations, offers, the second reading, wholes."""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from buckpass.case import Case, check_case, load_case
from buckpass.case.reading.cells import parse_span
from buckpass.case.reading.reach import eligible_crises
from buckpass.events.reliability import alpha_interval
from buckpass.measured.coders import agreement_table

ROOT = Path(__file__).parents[2]
FIVE = ["KAZ", "KGZ", "TJK", "TKM", "UZB"]
ADDED = {
    "khudoiberdiev_1997", "khudoiberdiev_1998", "tashkent_1999", "tashkent_2004", "khanabad_2009", "kgtj_jan2014",
    "uzkg_mar2016", "uzkg_aug2016", "danghara_2018", "ishkobod_2019", "koitash_2019", "kordai_2020", "cn_delegation_2000",
    "cn_diplomat_2002", "cn_bus_2003", "aktobe_2016", "tj_attack_nov2024",
}  # fmt: skip
# responses whose highest act, in the texts read, is an offer to mediate, a call or an appeal
OFFERS = {
    ("kgtj_2021", "RUS"), ("kgtj_2021", "CSTO"), ("kgtj_2021", "IRN"), ("kgtj_2021", "TUR"), ("kgtj_2021", "UZB"),
    ("kgtj_2021", "OSCE"), ("kgtj_2021", "UN"), ("kgtj_sep2022", "RUS"), ("kgtj_sep2022", "CSTO"), ("kgtj_sep2022", "IRN"),
    ("kz_jan_2022", "TUR"), ("kz_jan_2022", "CHN"), ("maldives_2018", "UN"), ("cote_divoire_2010", "ECOWAS"),
}  # fmt: skip
# crises that lasted into the life of an organisation that did not exist when they began
LONG = {("tajik_war_1992", "CIS_CPF")}


@pytest.fixture(scope="module")
def case() -> Case:
    return load_case("central-asia")


@pytest.fixture(scope="module")
def readings() -> list[dict[str, str]]:
    with (ROOT / "docs/second-reading.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_agreement_is_over_every_response_that_two_read_also_those_of_which_the_file_has_one_row(case, readings):
    shown = agreement_table(case, 0)
    assert shown.frame["n"].to_list() == [83, 53]
    once = {(s.crisis, s.actor): (s.rungs["first"], s.rungs["second"]) for s in case.settings.settled}
    assert once == {
        (r["crisis_id"], r["actor"]): (int(r["first"]), int(r["second"])) for r in readings
        if (r["crisis_id"], r["actor"]) in once
    }  # fmt: skip
    bare = case.replace(settings=case.settings.model_copy(update={"settled": ()}))
    without = agreement_table(bare, 0).frame.row(0, named=True)
    assert f"Counted in are {len(once)} that" in shown.note
    assert f"{without['alpha']:.2f} over {without['n']}" in shown.note
    assert without["n"] + len(once) == len(readings)
    assert bare.record_hash == case.record_hash


def _row(case: Case, crisis: str, actor: str) -> dict[str, object]:
    found = case.coded.filter((pl.col("crisis") == crisis) & (pl.col("actor") == actor))
    assert found.height == 1, f"{crisis}, {actor}: {found.height} rows"
    return found.row(0, named=True)


@pytest.mark.parametrize("name", ["central-asia", "western-balkans"])
def test_no_organisation_acts_before_it_exists_or_after_it_ended(name: str) -> None:
    case = load_case(name)
    crises = {c["crisis_id"]: c for c in case.crises.iter_rows(named=True)}
    organisations = {o.id: o for o in case.settings.organisations}
    wrong = []
    for row in case.responses.iter_rows(named=True):
        for who in {row["actor"], row["vehicle"]} & set(organisations):
            o, crisis = organisations[who], crises[row["crisis_id"]]
            spell = parse_span(row["date"]) if row["date"] else None
            first = crisis["start"] if (row["crisis_id"], who) not in LONG else crisis["end"]
            day = spell[1] if spell else first
            if o.founded is not None and day < o.founded:
                wrong.append((row["crisis_id"], who, day, o.founded))
            if o.ended is not None and (spell[0] if spell else crisis["start"]) > o.ended:
                wrong.append((row["crisis_id"], who, "ended", o.ended))
    assert wrong == []


def test_the_csto_was_founded_in_2002_and_deployed_once(case: Case) -> None:
    assert case.organisation("CSTO").founded == date(2002, 10, 7)
    rows = case.coded.filter((pl.col("actor") == "CSTO") & (pl.col("rung") >= 5))
    assert rows["crisis"].to_list() == ["kz_jan_2022"]
    assert case.organisation("CST").ended == date(2002, 10, 7)
    assert case.organisation("SCO").founded == date(2001, 6, 15)


def test_the_force_in_the_tajik_war_is_an_organisation_of_its_own(case: Case) -> None:
    assert case.organisation("CIS_CPF").founded == date(1993, 9, 24)
    assert _row(case, "tajik_war_1992", "CIS_CPF")["rung"] == 5
    assert not {"CSTO", "SCO"} & set(case.responses.filter(pl.col("crisis_id") == "tajik_war_1992")["actor"])
    assert _row(case, "tajik_war_1992", "UZB")["rung"] == 6
    for state, began in (("KAZ", "1992"), ("KGZ", "1992-11")):  # on the border, by decisions older than the force
        row = _row(case, "tajik_war_1992", state)
        assert (row["rung"], row["low"], row["high"]) == (5, 5, 5), state
        assert row["dates"] == [f"{began}/1997-06"], state


def test_what_organisations_said_of_khorog_and_danghara_rests_on_their_own_words(case: Case) -> None:
    khorog, danghara = _row(case, "khorog_2012", "CSTO"), _row(case, "danghara_2018", "OSCE")
    assert (khorog["rung"], khorog["high"], khorog["basis"]) == (1, 1, "seen")
    assert "am168_csto2012" in khorog["sources"]
    assert (danghara["rung"], danghara["stance"], danghara["sources"]) == (1, "support", ["ria_osce2018"])


def test_the_sco_and_the_csto_were_looked_up_wherever_a_member_had_a_crisis(case: Case) -> None:
    for organisation in ("SCO", "CSTO"):
        members = eligible_crises(case, organisation, "membership")
        here = {c for c in members if case.crisis(c)["theatre"] == "central_asia"}
        assert len(here) >= 20
        assert here <= {*case.coded.filter(pl.col("actor") == organisation).drop_nulls("rung")["crisis"]}, organisation


def test_what_was_found_of_organisations_names_the_text_that_was_read(case: Case) -> None:
    found = {
        ("kgtj_jan2022", "SCO"): ["sputniktj20220128", "urdupoint20220128"],
        ("tashkent_2004", "UN"): ["unic20040331", "unpress20040330"],
        ("tashkent_2004", "OSCE"): ["osce20040402"],
        ("tashkent_2004", "EU"): ["ria20040330"],
        ("kordai_2020", "UN"): ["adc_cerd2020"],
    }
    for (crisis, actor), sources in found.items():
        row = _row(case, crisis, actor)
        assert (row["rung"], row["high"], row["basis"], row["sources"]) == (1, 1, "seen", sources)
        assert all((case.sources[key].basis, case.sources[key].url[:4]) == ("seen", "http") for key in sources)


def test_an_offer_is_words_and_its_band_reaches_mediation(case: Case) -> None:
    for crisis, actor in OFFERS:
        row = _row(case, crisis, actor)
        assert (row["rung"], row["high"]) == (1, 2), (crisis, actor)


def test_bosnia_joined_the_csce_on_30_april_1992(case: Case) -> None:
    for one in (case, load_case("western-balkans")):
        joined = [m.from_ for m in one.organisation("OSCE").members if m.state == "BIH"]
        assert joined == [date(1992, 4, 30)], one.id


def test_kyrgyzstan_turned_to_the_csto_after_september_2022(case: Case) -> None:
    crisis = case.crises.filter(pl.col("crisis_id") == "kgtj_sep2022").row(0, named=True)
    assert "CSTO" in crisis["asked"]
    assert _row(case, "andijan_2005", "CSTO")["rung"] == 1


def test_bilateral_pacts_have_dates_that_run_forward(case: Case) -> None:
    pacts = [o for o in case.settings.organisations if o.id.startswith("RUS-")]
    assert {o.id[4:] for o in pacts} == set(FIVE)
    for o in case.settings.organisations:
        assert o.founded is None or o.ended is None or o.founded < o.ended, o.id
        for m in o.members:
            assert m.to is None or m.from_ is None or m.from_ < m.to, (o.id, m.state)


def test_the_added_crises_each_have_a_source_and_two_kinds_of_row(case: Case) -> None:
    crises = case.crises.filter(pl.col("crisis_id").is_in(list(ADDED)))
    assert crises.height == len(ADDED) >= 12
    assert all(crises["source_id"].list.len() > 0)
    after = crises.filter(pl.col("crisis_id") == "tj_attack_nov2024").row(0, named=True)
    assert after["in_article"] is False
    assert "out of sample" in after["summary"]


def test_an_absence_says_where_one_looked(case: Case) -> None:
    searched = case.responses.filter(pl.col("source_id").list.contains("s2_search"))
    assert searched.height >= 40
    assert all(re.search("looked|found|search", detail.lower()) for detail in searched["detail"])


def test_every_row_that_was_seen_opens_on_a_dated_page_of_its_own(case: Case) -> None:
    """Author, title, date and a page that is no bare home page; of the two left out no date was found."""
    seen = case.responses.filter(pl.col("basis") == "seen").explode("source_id")["source_id"].unique()
    wrong = set()
    for key in set(seen) - {"s2_dodikhudoev", "ft_scarb"}:
        source = case.sources[key]
        page = re.sub(r"^https?://[^/]+/?$", "", source.url)
        has_date = source.field("date") or source.field("year")
        if not (page and has_date and source.authors and source.field("title")) or "recalled" in source.field("note"):
            wrong.add(key)
    assert wrong == set()


def test_what_the_csto_said_of_rasht_is_settled_and_neither_reading_is_rewritten(case: Case) -> None:
    rows = case.responses.filter((pl.col("crisis_id") == "rasht_2010") & (pl.col("actor") == "CSTO"))
    assert sorted(rows.select("coder", "rung", "basis").iter_rows()) == [
        ("", 1, "seen"), ("first", 0, "absence"), ("second", 0, "absence")]  # fmt: skip
    assert (_row(case, "rasht_2010", "CSTO")["rung"], _row(case, "rasht_2010", "CSTO")["basis"]) == (1, "seen")
    for crisis, actor in (("libya_2011", "SCO"), ("ukraine_2014", "CSTO"), ("taiwan_2022", "SCO")):
        assert (_row(case, crisis, actor)["rung"], _row(case, crisis, actor)["basis"]) == (1, "seen")


def test_the_second_reading_covers_the_regions_old_crises(case: Case, readings: list[dict[str, str]]) -> None:
    twice = {(r["crisis_id"], r["actor"]) for r in readings}
    assert len({crisis for crisis, _ in twice}) >= 20
    assert {actor for _, actor in twice} <= {"RUS", "CHN", "CSTO", "SCO", "CST", "S5"}
    assert not ADDED & {crisis for crisis, _ in twice}
    apart = [r for r in readings if r["first"] != r["second"]]
    assert all(r["reason"] for r in apart)
    assert all(r["adjudicated"] for r in apart)


def test_the_reading_in_the_case_is_the_reading_in_the_list(case: Case, readings: list[dict[str, str]]) -> None:
    rows = {
        (r["crisis_id"], r["actor"], r["coder"]): r["rung"]
        for r in case.responses.filter(pl.col("coder") != "").iter_rows(named=True)
    }
    listed = {(r["crisis_id"], r["actor"], who): int(r[who]) for r in readings for who in ("first", "second")}
    assert {k: v for k, v in rows.items() if listed[k] != v} == {}
    left_out = {(crisis, actor) for crisis, actor, _ in set(listed) - set(rows)}
    assert {r["second_basis"] for r in readings if (r["crisis_id"], r["actor"]) in left_out} == {"absence"}


def test_what_was_settled_stands_in_the_record(case: Case, readings: list[dict[str, str]]) -> None:
    for r in readings:
        if r["adjudicated"]:
            row = _row(case, r["crisis_id"], r["actor"])
            assert row["rung"] == int(r["adjudicated"]), (r["crisis_id"], r["actor"])


def test_the_two_readings_agree_beyond_chance(case: Case, readings: list[dict[str, str]]) -> None:
    found = agreement_table(case, 0).frame.row(0, named=True)
    assert found["coders"] == 2
    assert found["alpha"] > 0.8
    assert found["low"] > 0.6
    codings = np.array([[float(r[who]) for r in readings] for who in ("first", "second")])
    every = alpha_interval(codings, "ordinal", 0, np.array([r["crisis_id"] for r in readings]))
    assert (every.n_units, every.alpha) == (found["n"], pytest.approx(found["alpha"]))
    read = agreement_table(case, 0).frame.row(1, named=True)
    texts = [r for r in readings if "absence" not in (r["first_basis"], r["second_basis"])]
    codings = np.array([[float(r[who]) for r in texts] for who in ("first", "second")])
    alone = alpha_interval(codings, "ordinal", 0, np.array([r["crisis_id"] for r in texts]))
    assert (alone.n_units, alone.alpha) == (read["n"], pytest.approx(read["alpha"]))
    assert read["alpha"] < every.alpha


def test_the_readme_counts_what_the_files_hold(case: Case) -> None:
    readme = (case.folder / "README.md").read_text(encoding="utf-8")
    bases = dict(case.responses["basis"].value_counts().iter_rows())
    for said in (
        f"| crises.csv | {case.crises.height} |",
        f"| responses.csv | {case.responses.height} |",
        f"{case.coded.height} responses |",
        f"| series.csv | {case.series.height:,} |",
        f"| sources.bib | {len(case.sources):,} |",
        f"*seen* ({bases['seen']} rows",
        f"*absence* ({bases['absence']}:",
    ):
        assert said in readme, said
    theatres = dict(case.crises["theatre"].value_counts().iter_rows())
    assert f"`central_asia` ({theatres['central_asia']} crises)" in readme


def test_somebody_looked_for_every_row(case: Case) -> None:
    assert case.responses.filter(pl.col("basis") == "unsearched").is_empty()


def test_arms_add_up_to_the_world(case: Case) -> None:
    arms = case.series.filter(pl.col("series") == "arms_tiv")
    world = {(r["partner"], r["year"]): r["value"] for r in arms.filter(pl.col("actor") == "WLD").iter_rows(named=True)}
    assert set(world) == {(host, year) for host in FIVE for year in range(1995, 2026)}
    parts: dict[tuple[str, int], float] = defaultdict(float)
    for r in arms.filter(pl.col("actor") != "WLD").iter_rows(named=True):
        parts[r["partner"], r["year"]] += r["value"]
    assert all(parts[k] <= v + 1e-6 for k, v in world.items())


@pytest.mark.parametrize(
    ("host", "supplier", "share"),
    [
        ("KAZ", "RUS", 0.86),
        ("KGZ", "BLR", 0.44),
        ("KGZ", "RUS", 0.21),
        ("TKM", "TUR", 0.41),
        ("TKM", "RUS", 0.004),
        ("UZB", "RUS", 0.53),
    ],
)
def test_shares_of_arms_in_2021_to_2025_as_the_register_has_them(
    case: Case, host: str, supplier: str, share: float
) -> None:
    arms = case.series.filter((pl.col("series") == "arms_tiv") & (pl.col("partner") == host) & (pl.col("year") >= 2021))
    part, whole = (arms.filter(pl.col("actor") == who)["value"].sum() for who in (supplier, "WLD"))
    assert part / whole == pytest.approx(share, abs=0.006)


@pytest.mark.parametrize(("year", "agreement"), [(1993, 0.39), (2006, 0.82), (2019, 0.79)])
def test_votes_of_china_and_russia(case: Case, year: int, agreement: float) -> None:
    found = case.series.filter(
        (pl.col("series") == "un_vote_agreement")
        & (pl.col("actor") == "CHN")
        & (pl.col("partner") == "RUS")
        & (pl.col("year") == year)
    )
    assert found["value"].item() == pytest.approx(agreement, abs=0.005)


def test_trade_with_the_world_holds_the_parts(case: Case) -> None:
    for name in ("trade_itpd", "trade_wits", "trade_total_partner_stats", "joint_exercises_mme"):
        rows = case.series.filter(pl.col("series") == name)
        world = {
            (r["partner"], r["year"]): r["value"] for r in rows.filter(pl.col("actor") == "WLD").iter_rows(named=True)
        }
        assert world, name
        for r in rows.filter(pl.col("actor") != "WLD").iter_rows(named=True):
            if (r["partner"], r["year"]) in world:
                assert r["value"] <= world[r["partner"], r["year"]] + 1e-6, (name, r["actor"], r["partner"], r["year"])


def test_institutes_founded_in_a_year_are_the_rise_of_the_total(case: Case) -> None:
    new = case.series.filter(pl.col("series") == "confucius_institutes_new")
    total = case.series.filter(pl.col("series") == "confucius_institutes_cum")
    assert new["value"].min() >= 0
    assert new["value"].sum() == total.filter(pl.col("year") == total["year"].max())["value"].sum()


def test_the_rows_summed_from_whole_files_are_those_sums(shared_data: Path) -> None:
    sys.path.insert(0, str(ROOT / "docs/_build"))
    try:
        import record_series
    finally:
        sys.path.pop(0)
    assert [pair for case in record_series.DERIVED for pair in record_series.wrong_in(case)] == []


def test_series_of_one_measure_that_cover_different_things_are_named():
    warned = [p.message for p in check_case("central-asia").problems if "covers other things" in p.message]
    assert len(warned) == 1
    assert "trade_total_partner_stats continues trade_itpd" in warned[0]
    assert "RUS with TKM" in warned[0]
