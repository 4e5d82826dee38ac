"""Guards, each on a small file of our own and on the real extract that shows it."""

import pytest
from made_files import (
    GDELT1,
    GDELT2,
    ICEWS_HEADER,
    MILEX_LATIN1,
    SIPRI_REGISTER,
    WITS,
    gdelt_file,
    gdelt_row,
    icews_row,
    quads,
    write,
)
from made_files import dyad_months as made_dyad_months

from buckpass.events import compare_activity, dyad_months, errors, load, profile, top_partner_trade
from buckpass.events.coding.coverage import coverages
from buckpass.events.coding.guards import base_rates, check_labels
from buckpass.events.store import frame, reading

REGION = ("KAZ", "KGZ", "TJK", "TKM", "UZB")


def query(store, sql):
    with reading(store) as connection:
        return frame(connection, sql)


# --- actor coverage
# ---------------------------------------------------------------------------------------------------------


def test_a_file_without_the_states_themselves_is_refused(tmp_path):
    whole, cut = tmp_path / "whole.duckdb", tmp_path / "cut.duckdb"
    load(whole, [write(tmp_path / "whole.tsv", quads(is_cut=False))])
    load(cut, [write(tmp_path / "cut.tsv", quads(is_cut=True))])
    counts = compare_activity(whole, ["RUS", "CHN"], ["KAZ", "KGZ"])
    assert counts["events"].min() > 0
    with pytest.raises(errors.UncoveredActors, match="never as itself") as refusal:
        compare_activity(cut, ["RUS", "CHN"], ["KAZ", "IRN"])
    assert set(refusal.value.reasons) == {"RUS"}
    assert compare_activity(cut, ["IRN", "CHN"], ["KAZ"])["events"].min() > 0


def test_a_cut_file_is_left_out_where_a_whole_one_is_at_hand(tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [write(tmp_path / "whole.tsv", quads(is_cut=False)), write(tmp_path / "cut.tsv", quads(is_cut=True))])
    drawn = profile(store, ["RUS", "CHN"], ["KAZ"])
    assert drawn.left_out == ("cut.tsv RUS: its own node was cut",)
    assert drawn.left_out[0] in drawn.tables()[0].note


def test_real_benchmark_copies_lack_whole_states(real_events, real_cut_events):
    store, _ = real_events
    found = {}
    for one in (store, real_cut_events):
        with reading(one) as connection:
            found |= {file.name.split("_")[0]: file for file in coverages(connection) if file.name.endswith(".tsv.gz")}
    assert {name: file.is_cut for name, file in found.items()} == {
        "icews05-15": True,
        "icews14": True,
        "icews18": False,
    }
    for actor in ("RUS", "USA", "KGZ", "UZB"):
        assert "never as itself" in found["icews14"].gap(actor)
    for actor in ("CHN", "IRN", "KAZ"):
        assert found["icews14"].gap(actor) == ""
    assert not any(found["icews18"].gap(actor) for actor in ("RUS", "USA", "CHN", *REGION))


def test_real_naive_count_is_refused(real_cut_events):
    store = real_cut_events
    # what a naive reading of the file does: states as they are named, towards states as they are named
    naive = dict(
        query(
            store,
            "SELECT source, count(*) AS n FROM events WHERE source IN ('Russia', 'China') "
            "AND target IN ('Kazakhstan', 'Kyrgyzstan', 'Tajikistan', 'Turkmenistan', 'Uzbekistan') GROUP BY source",
        ).iter_rows()
    )
    assert naive["China"] > 20
    assert "Russia" not in naive
    with pytest.raises(errors.UncoveredActors, match="RUS"):
        compare_activity(store, ["RUS", "CHN", "USA"], REGION)
    with pytest.raises(errors.UncoveredActors, match="RUS"):
        profile(store, ["RUS", "CHN", "USA"], REGION)


def test_real_full_file_has_russia_more_active(real_events):
    store, _ = real_events
    counts = dict(compare_activity(store, ["RUS", "CHN", "USA"], REGION).iter_rows())
    assert counts["RUS"] > counts["CHN"] > counts["USA"]


# --- labels
# -----------------------------------------------------------------------------------------------------------------


def test_scrambled_columns_are_refused_and_plausible_ones_pass(tmp_path):
    right = {int(root): round(10_000 * share) for root, share in base_rates().items()}
    scrambled = {1: right[11], 2: right[10], 3: right[13], 4: right[12], 5: right[15], 6: right[14], 9: right[19]}
    load(tmp_path / "right.duckdb", [write(tmp_path / "r.csv", made_dyad_months(right))])
    load(tmp_path / "wrong.duckdb", [write(tmp_path / "w.csv", made_dyad_months(scrambled))])
    assert dyad_months(tmp_path / "right.duckdb").height == 1
    with pytest.raises(errors.ImplausibleLabels, match="base rates"):
        dyad_months(tmp_path / "wrong.duckdb")


def test_real_dyad_months_are_refused_and_every_event_file_is_plausible(real_events):
    store, _ = real_events
    with pytest.raises(errors.ImplausibleLabels, match="not one event of root 12"):
        dyad_months(store)
    roots = query(store, "SELECT file_id, left(code, 2) AS root, count(*) AS n FROM events GROUP BY ALL")
    for (file_id,), counts in roots.group_by("file_id"):
        if file_id is not None and counts["n"].sum() > 1000:
            check_labels(
                f"file {file_id}", dict.fromkeys(base_rates(), 0.0) | dict(counts.select("root", "n").iter_rows())
            )


def test_real_relabelled_totals_pass(real_events):
    store, _ = real_events
    totals = query(store, "SELECT * EXCLUDE (file_id, row, year) FROM icews_world_years")
    check_labels("world totals", {name.removeprefix("cameo"): float(totals[name].sum()) for name in totals.columns})


# --- leading zeros
# ----------------------------------------------------------------------------------------------------------


def test_lost_zeros_are_restored_from_the_root_or_the_text(tmp_path):
    store = tmp_path / "s.duckdb"
    rows = [
        gdelt_row(GLOBALEVENTID="1", EventCode="10", EventRootCode="1"),
        gdelt_row(GLOBALEVENTID="2", EventCode="100", EventRootCode="10"),
        gdelt_row(GLOBALEVENTID="3", EventCode="43", EventRootCode="4"),
        gdelt_row(GLOBALEVENTID="4", EventCode="010", EventRootCode="1"),
    ]
    icews = f"{ICEWS_HEADER}\n{icews_row(5, 'Consult', '40')}\n{icews_row(6, 'Demand', '100')}\n"
    load(store, [gdelt_file(tmp_path / "a.csv", rows), write(tmp_path / "i.tab", icews.encode())])
    codes = query(store, "SELECT event_id, code FROM events ORDER BY event_id")["code"].to_list()
    assert codes == ["010", "100", "043", "010", "040", "100"]


def test_real_codes_keep_their_zeros(real_events, shared_data):
    store, _ = real_events
    published = {}
    with (shared_data / "events" / "icews_raw_events.2018.sample.tab").open(encoding="utf-8") as file:
        for line in list(file)[1:]:
            cells = line.split("\t")
            published[int(cells[0])] = cells[6]
    loaded = query(store, "SELECT event_id, code FROM events JOIN files USING (file_id) WHERE layout = 'icews'")
    assert dict(loaded.iter_rows()) == published
    saved = query(store, "SELECT code FROM events JOIN files USING (file_id) WHERE name LIKE '%semicolon%'")
    assert saved["code"].str.contains("^(0[1-9]|1[0-9]|20)").all()
    assert saved["code"].str.starts_with("0").mean() > 0.5


# --- sentinels, ranges, blanks
# ----------------------------------------------------------------------------------------------


def test_minus_nine_is_missing_not_a_number(tmp_path):
    header = (
        "dispnum,stday,stmon,styear,endday,endmon,endyear,outcome,settle,fatality,fatalpre,maxdur,mindur,hiact,hostlev"
    )
    path = write(
        tmp_path / "m.csv",
        f"{header},recip,numa,numb,ongo2014,version\n2,-9,7,1902,24,1,1903,6,1,0,0,208,178,7,3,0,1,1,0,5\n".encode(),
    )
    load(tmp_path / "s.duckdb", [path])
    assert query(tmp_path / "s.duckdb", "SELECT stday, stmon FROM mid_disputes").row(0) == (None, 7)


def test_real_minus_nines_are_missing(shared_data, tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [shared_data / "crises_interventions" / "MIDA 5.0.csv", shared_data / "milex" / "NMC-60-abridged.csv"])
    found = query(store, "SELECT min(stday) AS day, count(*) - count(stday) AS missing FROM mid_disputes").row(0)
    assert found[0] >= 1
    assert found[1] > 0
    assert query(store, "SELECT min(milex) AS least FROM cow_capabilities")["least"][0] >= 0


def test_goldstein_out_of_range_is_rejected(tmp_path):
    store = tmp_path / "s.duckdb"
    rows = [gdelt_row(GLOBALEVENTID="1", GoldsteinScale="-999.7"), gdelt_row(GLOBALEVENTID="2", GoldsteinScale="-10")]
    load(store, [gdelt_file(tmp_path / "a.csv", rows)], allow_rejects=True)
    assert query(store, "SELECT event_id FROM events")["event_id"].to_list() == [2]
    header = "MonthYear,Actor2CountryCode,QuadClass,SubEventType,GoldsteinScale,RecordCount"
    sums = f'{header}\n200301,AFG,4,1,"-2,559.10",433\n200301,AFG,4,1,-999.7,1\n'
    report = load(store, [write(tmp_path / "n.csv", sums.encode())], allow_rejects=True)
    assert (report.rows_loaded, report.rejected["reason"].to_list()) == (1, ["GoldsteinScale"])


def test_real_goldstein_sums_are_told_from_scores(real_events):
    store, _ = real_events
    table = query(store, "SELECT goldsteinscale AS total, recordcount AS n FROM gdelt_negative_months")
    assert table.height == 15_004
    assert (table["total"] < -10).sum() > 10_000
    assert (table["total"] / table["n"]).is_between(-10, 0).all()
    scores = query(store, "SELECT min(goldstein) AS low, max(goldstein) AS high FROM events").row(0)
    assert -10 <= scores[0] < scores[1] <= 10


def test_blank_partner_is_not_zero(tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [write(tmp_path / "w.csv", WITS)])
    assert top_partner_trade(store, "Kazakhstan", "China", "Exports", [2002, 2003])["value"].to_list() == [20.0, 30.0]
    with pytest.raises(errors.PartialPartners, match="2001"):
        top_partner_trade(store, "Kazakhstan", "China", "Exports", [2001, 2002, 2003])


def test_real_blank_partners_are_not_zero(shared_data, tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [shared_data / "trade" / "en_KGZ_AllYears_WITS_Trade_Summary.CSV"])
    blanks = query(
        store,
        "SELECT partner, indicator, year FROM wits WHERE indicator LIKE '%Top 5 Export Partner' AND value IS NULL",
    )
    partner, indicator, year = blanks.row(0)
    with pytest.raises(errors.PartialPartners, match="not among the five"):
        top_partner_trade(store, "Kyrgyz Republic", partner, indicator, [year])
    assert query(store, "SELECT count(*) AS n FROM wits WHERE value = 0 AND indicator LIKE '%Top 5%'")["n"][0] == 0


# --- files that someone saved again
# -------------------------------------------------------------------------------------------


def test_semicolons_and_a_header_are_no_obstacle(tmp_path):
    header = [*GDELT2[:38], "", *GDELT2[39:]]  # a header with a hole, as the real one has
    rows = [gdelt_row(GDELT2, GLOBALEVENTID=str(k)) for k in range(1, 4)]
    rows[1][GDELT2.index("SOURCEURL")] = '"https://example.org/a;b"'
    report = load(tmp_path / "s.duckdb", [gdelt_file(tmp_path / "a.csv", rows, ";", header)])
    assert (report.files[0].layout, report.rows_loaded) == ("gdelt2", 3)


def test_real_resaved_files_load(real_events):
    _, report = real_events
    found = {file.name: file for file in report.files}
    # the first has a header without the three names in which the two versions differ
    for name, layout, rows in (
        ("gdelt2_20190121220000.semicolon_with_header.csv", "gdelt1", 1629),
        ("gdelt2_20201113-15_relabelled.csv.gz", "gdelt2", 9354),
    ):
        assert (found[name].layout, found[name].rows_loaded) == (layout, rows)


def test_latin1_and_preambles(tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [write(tmp_path / "m.csv", MILEX_LATIN1), write(tmp_path / "r.csv", SIPRI_REGISTER)])
    milex = query(store, "SELECT country, year, milex FROM sipri_milex ORDER BY country, year")
    assert milex["country"].unique().sort().to_list() == ["Côte d'Ivoire", "Kazakhstan"]
    assert milex["milex"].to_list() == [None, 10.5, 11.0, None, None, 7.0]
    assert query(store, "SELECT count(*) AS n FROM sipri_register")["n"][0] == 2


def test_real_latin1_and_preambles(shared_data, tmp_path):
    store = tmp_path / "s.duckdb"
    report = load(
        store,
        [
            shared_data / "milex" / "sipri-milex_constUSD_1949-2018_wide.csv",
            shared_data / "arms" / "sipri_trade-register_1995-2025_focus-recipients.csv",
        ],
    )
    assert [file.rows_loaded for file in report.files] == [173, 4560]
    assert "Côte d’Ivoire" in query(store, "SELECT DISTINCT country FROM sipri_milex")["country"].to_list()


def test_rows_doubled_by_state_succession_count_once(tmp_path):
    row = made_dyad_months({1: 3}).splitlines()
    doubled = b"\n".join([row[0], row[1], row[1]]) + b"\n"
    report = load(tmp_path / "s.duckdb", [write(tmp_path / "d.csv", doubled)])
    assert (report.files[0].rows_read, report.files[0].rows_repeated) == (2, 1)
    assert query(tmp_path / "s.duckdb", "SELECT count(*) AS n FROM icews_dyad_months")["n"][0] == 1


def test_real_dyad_months_doubled_again_come_out_once(shared_data, tmp_path):
    import gzip

    lines = gzip.decompress(
        (shared_data / "events" / "icews_dyadmonth_hostile_1991-2013_focus_ORIGINAL-LABELS.csv.gz").read_bytes()
    ).splitlines(keepends=True)
    # the extract comes with 8,820 doubles dropped: put doubles of the Russian rows back, as the merge had made them
    doubles = [line for line in lines if line.startswith(b"RUS,")][:500]
    report = load(tmp_path / "s.duckdb", [write(tmp_path / "d.csv", b"".join([*lines, *doubles]))])
    assert (report.files[0].rows_read, report.files[0].rows_repeated) == (17_698 + 500, 500)
    assert query(tmp_path / "s.duckdb", "SELECT count(*) AS n FROM icews_dyad_months")["n"][0] == 17_698


def test_a_row_of_gdelt_by_position(tmp_path):
    assert len(GDELT1) == 58
    assert len(GDELT2) == 61
