"""Files as publishers publish them and users save them: each kind of fault with its right value."""

from datetime import date

import pytest
from made_files import GDELT2, ICEWS_HEADER, gdelt_file, gdelt_row, icews_row, many_gdelt, write
from made_tables import (
    ACLED,
    CONFLICTS,
    GED,
    MILEX_SHEETS,
    POLECAT,
    REDUCED,
    SUPPORT,
    acled,
    as_csv,
    conflict_year,
    deal,
    ged_event,
    polecat_event,
    reduced_event,
    register_of_deals,
    support,
    workbook,
)

from buckpass.events import errors, load
from buckpass.events.loading import repeats
from buckpass.events.store import frame, reading


def query(store, sql):
    with reading(store) as connection:
        return frame(connection, sql)


def loaded(tmp_path, content, **options):
    """The report of a load of one file with some content, and the store."""
    store = tmp_path / "s.duckdb"
    return load(store, [write(tmp_path / "file", content)], **options).files[0], store


# --- lists, NA, numbers
# --------------------------------------------------------------------------------------------------


def test_several_intervening_states_are_a_list(tmp_path):
    rows = [conflict_year(gwno_a_2nd="365, 704", side_a_2nd="Government of Russia, Government of Uzbekistan"),
            conflict_year(year=1998, gwno_a_2nd="365,  704"), conflict_year(year=1999, gwno_a_2nd="365.0")]  # fmt: skip
    file, store = loaded(tmp_path, as_csv(CONFLICTS, rows))
    assert (file.layout, file.rows_loaded, file.rows_rejected) == ("ucdp_conflicts", 3, 0)
    helpers = query(store, "SELECT gwno_a_2nd FROM ucdp_conflicts ORDER BY year")["gwno_a_2nd"].to_list()
    assert helpers == [[365, 704], [365, 704], [365]]
    wrong = as_csv(CONFLICTS, [conflict_year(gwno_a_2nd="365, Russia")])
    with pytest.raises(errors.TooManyRejects, match="gwno_a_2nd: not a list of integers"):
        loaded(tmp_path, wrong)


def test_the_types_of_two_releases_are_one(tmp_path):
    rows = [
        conflict_year(year=1990 + k, type_of_conflict=kind)
        for k, kind in enumerate(["intrastate", "II", 3, "4", "2.0"])
    ]
    _, store = loaded(tmp_path, as_csv(CONFLICTS, rows))
    kinds = query(store, "SELECT type_of_conflict AS kind FROM ucdp_conflicts ORDER BY year")["kind"].to_list()
    assert kinds == [3, 4, 3, 4, 2]


TROOPS = "countryname,ccode,iso3c,year,troops,army,navy,air_force,marine_corps,region\n"


@pytest.mark.parametrize("missing", ["NA", "", "NULL", "NaN", "nan", "N/A", "\\N", ".", " "])
def test_what_programs_write_for_missing_is_missing(tmp_path, missing):
    rows = f"{TROOPS}Norway,385,NOR,2000,100,{missing},1,2,3,{missing}\n"
    file, store = loaded(tmp_path, rows.encode())
    assert (file.rows_loaded, file.rows_rejected) == (1, 0)
    assert query(store, "SELECT troops, army, navy FROM us_troops").row(0) == (100, None, 1)


def test_more_than_a_tenth_rejected_is_refused_and_a_tenth_is_not(tmp_path):
    store = tmp_path / "s.duckdb"
    rows = many_gdelt(40)
    for k in range(4):
        rows[k][1] = "20220231"
    assert load(store, [gdelt_file(tmp_path / "a.csv", rows)]).files[0].rows_rejected == 4
    rows[4][1] = "20220231"
    worse = gdelt_file(tmp_path / "b.csv", rows)
    with pytest.raises(errors.TooManyRejects, match=r"5 of 40 rows cannot be used, first of all: SQLDATE: not a day"):
        load(store, [worse])
    assert query(store, "SELECT count(*) AS n FROM event_rows")["n"][0] == 40
    assert query(store, "SELECT count(*) AS n FROM rejects")["n"][0] == 4
    assert load(store, [worse], allow_rejects=True).files[0].rows_loaded == 35


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1,234.5", 1234.5), (" 7 ", 7.0), ("1e3", 1000.0), ("-1,000", -1000.0), ("", None), ("NA", None)],
)
def test_cells_of_wide_tables_are_numbers_or_missing(tmp_path, cell, value):
    header = ["Reporter", "Partner", "Product categories", "Indicator Type", "Indicator", 2003, 2002]
    content = as_csv(header, [["Norway", "Sweden", "All", "Export", "Exports", cell, 5]])
    _, store = loaded(tmp_path, content)
    assert query(store, "SELECT value FROM wits ORDER BY year").to_series().to_list() == [5.0, value]


@pytest.mark.parametrize("cell", ["abc", "1,23", "12 34", "1_000", "0x10", "inf", "1e400"])
def test_other_cells_of_wide_tables_are_rejects(tmp_path, cell):
    header = ["Reporter", "Partner", "Product categories", "Indicator Type", "Indicator", 2003, 2002]
    content = as_csv(header, [["Norway", "Sweden", "All", "Export", "Exports", cell, 5]])
    file, store = loaded(tmp_path, content, allow_rejects=True)
    assert (file.rows_read, file.rows_rejected) == (1, 1)
    assert query(store, "SELECT reason FROM rejects")["reason"].to_list() == [f"2003: not a number: {cell}"]


@pytest.mark.parametrize(
    ("cell", "is_right"), [("2", True), ("2.0", True), ("2.7", False), ("1_0", False), ("0x10", False)]
)
def test_an_integer_is_not_rounded_and_not_a_programmers(tmp_path, cell, is_right):
    header = "ccode,styear,stmonth,stday,endyear,endmonth,endday,version\n"
    file, _ = loaded(tmp_path, f"{header}{cell},1990,1,1,2016,12,31,2016\n".encode(), allow_rejects=True)
    assert file.rows_loaded == is_right


def test_years_25_and_2125_are_no_days(tmp_path):
    quads = "".join(f"Russia\tConsult\tTajikistan\t{day}\n" for day in ("0025-09-16", "2125-09-16", "2018-09-16"))
    _, store = loaded(tmp_path, quads.encode(), allow_rejects=True)
    assert query(store, "SELECT day FROM events")["day"].to_list() == [date(2018, 9, 16)]


# --- headers and what stands under them
# --------------------------------------------------------------------------------------------------


def described(names=GDELT2):
    """GDELT's columns as gdeltPy gives them: a 62nd one, the code in words, in the middle."""
    at = names.index("EventCode") + 1
    return [*names[:at], "CAMEOCodeDescription", *names[at:]], at


def test_a_header_is_obeyed_where_a_column_stands_in_the_middle(tmp_path):
    header, at = described()
    rows = [
        gdelt_row(GDELT2, GLOBALEVENTID=str(k), EventCode="190", EventRootCode="19", GoldsteinScale="-10.0")
        for k in (1, 2)
    ]
    content = as_csv(header, [[*row[:at], "Use force", *row[at:]] for row in rows])
    file, store = loaded(tmp_path, content)
    assert (file.rows_loaded, file.rows_rejected) == (2, 0)
    assert query(store, "SELECT code, goldstein, mentions FROM events").unique().row(0) == ("190", -10.0, 4)


def test_the_same_without_its_header_is_not_taken_for_gdelt(tmp_path):
    _, at = described()
    rows = [gdelt_row(GDELT2, GLOBALEVENTID=str(k), GoldsteinScale="3.4") for k in (1, 2)]
    shifted = "".join("\t".join([*row[:at], "Make statement", *row[at:]]) + "\n" for row in rows)
    with pytest.raises(errors.UnrecognisedFile):
        loaded(tmp_path, shifted.encode())


def test_chosen_columns_an_index_and_days_as_floats_load(tmp_path):
    chosen = ["GLOBALEVENTID", "SQLDATE", "Actor1CountryCode", "Actor2CountryCode", "IsRootEvent", "EventCode",
              "EventRootCode", "GoldsteinScale", "NumMentions"]  # fmt: skip
    row = dict(zip(GDELT2, gdelt_row(GDELT2, EventCode="043", EventRootCode="04"), strict=True))
    floats = row | {
        "SQLDATE": "20220103.0",
        "EventCode": "43.0",
        "EventRootCode": "4.0",
        "NumMentions": "4.0",
        "IsRootEvent": "1.0",
    }
    content = as_csv(["", *chosen], [[0, *(floats[name] for name in chosen)]])
    file, store = loaded(tmp_path, content)
    assert file.lacks[:2] == ("Actor1Code", "Actor1KnownGroupCode")
    found = query(store, "SELECT day, source_id, target_id, code, place FROM events").row(0)
    assert found == (date(2022, 1, 3), "RUS", "KAZ", "043", None)


def test_a_header_that_contradicts_its_cells_is_refused(tmp_path):
    moved = [*GDELT2[3:], *GDELT2[:3]]
    content = as_csv(moved, [gdelt_row(GDELT2, GLOBALEVENTID=str(k)) for k in range(5)])
    with pytest.raises(
        errors.TooManyRejects, match=r"5 of 5 rows.* What stands in its columns is not what they are called"
    ):
        loaded(tmp_path, content)


def test_a_column_that_cannot_be_missed_is_named(tmp_path):
    header = [name for name in CONFLICTS if name != "type_of_conflict"]
    rows = [[cell for name, cell in zip(CONFLICTS, conflict_year(), strict=True) if name != "type_of_conflict"]]
    with pytest.raises(errors.LacksColumns, match="without the column type_of_conflict"):
        loaded(tmp_path, as_csv(header, rows))


def test_a_column_that_can_be_missed_is_said(tmp_path):
    header = ICEWS_HEADER.split("\t")
    row = icews_row(1, "Consult", "040").split("\t")
    kept = [k for k, name in enumerate(header) if name not in ("Country", "CAMEO Code")]
    lines = ["\t".join(header[k] for k in kept), "\t".join(row[k] for k in kept)]
    file, store = loaded(tmp_path, "\n".join(lines).encode())
    assert file.lacks == ("Country", "CAMEO Code")
    assert "without Country, CAMEO Code" in file.note
    assert query(store, "SELECT code, place FROM events").row(0) == ("040", None)


FOREIGN = {
    "GDP": b"Country,index,"
    + b",".join(b"%d" % y for y in range(1980, 2000))
    + b"\nNorway,GDPNO,"
    + b"1," * 19
    + b"2\n",
    "defaults": b"Country," + b",".join(b"%d" % y for y in range(1960, 1995)) + b"\nNorway," + b"0," * 34 + b"2\n",
    "merged": b"stateabb,ccode,year,milex,milper,cinc,democ,polity,cgdppc,atwar,initiator,mid.pres,disputes\n"
    b"NOR,385,1990,1,2,0.1,1,1,1,1,1,1,1\n",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_tables_of_another_field_are_not_taken_for_ours(tmp_path, name):
    with pytest.raises(errors.UnrecognisedFile, match=r"without a mark of its publisher|a table made from it"):
        loaded(tmp_path, FOREIGN[name])


NAMED = {
    "V-Dem": b"country_name,country_text_id,country_id,year,v2x_polyarchy\nNorway,NOR,186,1990,0.9\n",
    "Stata": b"<stata_dta><header><release>118</release>",
    "SPSS": b"$FL2@(#) SPSS DATA FILE",
    "SQLite": b"SQLite format 3\x00",
    "web page": b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>",
    "Parquet": b"PAR1\x15\x04",
    "Excel 97": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "External Support of 2011": b"external_id,ywp_id,ywp_year,ywp_name,conflictID,external_exists,external_name\n1,2,1990,x,3,1,y\n",
    "Global Terrorism": b"eventid,iyear,imonth,iday,gname,attacktype1\n1,2000,1,1,x,2\n",
}


@pytest.mark.parametrize("name", NAMED)
def test_what_is_known_and_not_read_is_named(tmp_path, name):
    with pytest.raises(errors.NotRead, match=f"looks like .*{name}.*; buckpass does not read it"):
        loaded(tmp_path, NAMED[name])


def test_r_data_are_named_also_behind_their_own_compression(tmp_path):
    import gzip

    with pytest.raises(errors.NotRead, match="R data"):
        loaded(tmp_path, gzip.compress(b"RDX3\nX\n\x00\x00"))


# --- ICEWS
# --------------------------------------------------------------------------------------------------


def test_icews_of_2017_days_in_american_order_no_code_quoted_names(tmp_path):
    header = ICEWS_HEADER.replace("\tCAMEO Code", "")
    rows = [
        '7\t12/1/2017\t"Citizen (Taiwan, Province of China)"\tx\tTaiwan\tConsult\t1.0\t"Foreign Affairs (Russia)"\tx\tRussia'
        + "\t1\t2\tNews\tAstana\t\t\tKazakhstan\t51.1\t71.4",
    ]
    file, store = loaded(tmp_path, "\n".join([header, *rows]).encode())
    assert (file.rows_loaded, file.lacks) == (1, ("CAMEO Code",))
    found = query(store, "SELECT day, source, target_id, code FROM events").row(0)
    assert found == (date(2017, 12, 1), "Citizen (Taiwan, Province of China)", "RUS", "040")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be-with-mark", "utf-32"])
def test_a_mark_at_the_start_says_how_letters_are_written(tmp_path, encoding):
    text = f"{ICEWS_HEADER}\n{icews_row(7, 'Consult', '040')}\n".replace("News", "Ñews")
    content = b"\xfe\xff" + text.encode("utf-16-be") if encoding.endswith("mark") else text.encode(encoding)
    file, store = loaded(tmp_path, content)
    assert (file.layout, file.rows_loaded) == ("icews", 1)
    assert query(store, "SELECT event_id FROM events")["event_id"].to_list() == [7]


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_lines_may_end_as_on_other_machines(tmp_path, line_end):
    text = f"{ICEWS_HEADER}\n{icews_row(7, 'Consult', '040')}\n{icews_row(8, 'Consult', '040')}\n"
    file, _ = loaded(tmp_path, text.replace("\n", line_end).encode())
    assert (file.rows_read, file.rows_loaded) == (2, 2)


# --- SIPRI
# --------------------------------------------------------------------------------------------------


def test_each_sheet_of_the_workbook_keeps_its_unit(tmp_path):
    store = tmp_path / "s.duckdb"
    file = load(store, [workbook(tmp_path / "milex.xlsx", MILEX_SHEETS)]).files[0]
    assert (file.layout, file.rows_read, file.rows_rejected) == ("sipri_milex", 4, 0)
    assert file.lacks == ()  # one of the sheets has the column Currency
    found = dict(query(store, "SELECT title, milex FROM sipri_milex WHERE year = 1989").iter_rows())
    assert found == {
        "million US$, constant prices of 2022": 7750.4357,
        "share of GDP": 0.0197,
        "local currency, calendar years": 68054000000.0,
        "US$ per head, current prices": 1342.97,
    }
    blanks = query(store, "SELECT count(*) AS n FROM sipri_milex WHERE milex IS NULL")["n"][0]
    assert blanks == 6  # "...", "xxx", ". ." and a hole


def test_a_sheet_saved_as_csv_is_the_same(tmp_path):
    header, *rows = MILEX_SHEETS["Share of GDP"]
    content = as_csv(header, [["" if cell is None else cell for cell in row] for row in rows])
    file, store = loaded(tmp_path, content)
    assert (file.layout, file.rows_read) == ("sipri_milex", 1)
    assert query(store, "SELECT title, milex FROM sipri_milex WHERE year = 1989").row(0) == ("share of GDP", 0.0197)


def test_another_workbook_is_refused_with_the_names_of_its_sheets(tmp_path):
    path = workbook(tmp_path / "book.xlsx", {"Cover": [["x"]], "Table 1": [["a", "b"], [1, 2]]})
    with pytest.raises(errors.UnrecognisedFile, match="a workbook with the sheets Cover, Table 1"):
        load(tmp_path / "s.duckdb", [path])


def test_nothing_that_a_workbook_points_to_is_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]><sst><si><t>&e;</t></si></sst>'
    extra = {"xl/vbaProject.bin": "macros", "xl/externalLinks/externalLink1.xml": "<externalLink/>"}
    store = tmp_path / "s.duckdb"
    assert load(store, [workbook(tmp_path / "macros.xlsm", MILEX_SHEETS, extra)]).rows_loaded == 4
    hostile = workbook(tmp_path / "entity.xlsx", MILEX_SHEETS, {"xl/worksheets/sheet9.xml": "<worksheet/>"})
    import zipfile

    with zipfile.ZipFile(hostile, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/sharedStrings.xml", entity)
    with pytest.raises(errors.DamagedArchive, match="declares entities"):
        load(store, [hostile])


def test_the_register_by_deal_in_latin1(tmp_path):
    deals = [deal("Türkiye", "Russia", "2001; 2002", 20), deal("Bosnia-Herzegovina", "Cote d'Ivoire", "1996", 5)]
    file, store = loaded(tmp_path, register_of_deals(*deals))
    assert (file.layout, file.rows_loaded, file.rows_rejected) == ("sipri_deals", 2, 0)
    assert (
        query(store, "SELECT recipient FROM sipri_deals ORDER BY year_of_order")["recipient"].to_list()[1] == "Türkiye"
    )


# --- the new formats
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_header", [True, False])
def test_georeferenced_and_candidate_events(tmp_path, has_header):
    rows = [ged_event(), ged_event(id=401002, best=1, low=0, high=2, gwnob="702, 704")]
    content = as_csv(GED, rows)
    file, store = loaded(tmp_path, content if has_header else content.split(b"\n", 1)[1])
    assert (file.layout, file.rows_loaded, file.rows_rejected) == ("ucdp_ged", 2, 0)
    found = query(store, "SELECT date_start, best, country_id, gwnoa, gwnob FROM ucdp_ged ORDER BY id").rows()
    assert found == [(date(2022, 9, 16), 24, 703, [703], [702]), (date(2022, 9, 16), 1, 703, [703], [702, 704])]


def test_an_event_in_two_candidate_releases_is_one(tmp_path):
    store = tmp_path / "s.duckdb"
    early = write(tmp_path / "early.csv", as_csv(GED, [ged_event(best=20)]))
    late = write(
        tmp_path / "late.csv",
        as_csv(GED, [ged_event(), ged_event(id=9, date_end="2022-10-01", date_start="2022-10-01")]),
    )
    report = load(store, [late, early])
    assert [file.rows_repeated for file in report.files] == [0, 1]
    assert query(store, "SELECT id, best FROM ucdp_ged ORDER BY id").rows() == [(9, 24), (401001, 24)]


def test_external_support_in_triad_years(tmp_path):
    file, store = loaded(
        tmp_path,
        as_csv(
            SUPPORT,
            [support(), support(id=2, dyad_id=801), support(id=3, ext_id="", ext_name="", ext_sup=0, ext_w=0, ext_t=0)],
        ),
    )
    assert (file.layout, file.rows_loaded) == ("ucdp_support", 3)
    assert query(store, "SELECT count(*) AS n FROM ucdp_support WHERE ext_sup = 1")["n"][0] == 2


@pytest.mark.parametrize("kind", ACLED)
def test_four_layouts_of_acled_are_one_table(tmp_path, kind):
    file, store = loaded(tmp_path, acled(kind))
    assert (file.layout, file.rows_loaded, file.rows_rejected) == ("acled", 1, 0)
    found = query(store, "SELECT event_id_cnty, event_date, event_type, country, fatalities, latitude FROM acled").row(
        0
    )
    assert found == ("KGZ12", date(2022, 9, 16), "Battles", "Kyrgyzstan", 7, 40.06)


def test_an_event_of_acled_in_two_layouts_counts_once(tmp_path):
    store = tmp_path / "s.duckdb"
    old = write(tmp_path / "old.csv", acled("africa 2016"))
    new = write(tmp_path / "new.csv", acled("2022", {"fatalities": 9, "timestamp": 1675102875}))
    assert [file.rows_repeated for file in load(store, [old, new]).files] == [0, 1]
    assert query(store, "SELECT fatalities FROM acled")["fatalities"].to_list() == [9]


def test_polecat_events_have_types_with_what_tells_them_apart(tmp_path):
    rows = [
        polecat_event(),
        polecat_event(Event_ID="x2", Event_Type="consult", Event_Mode="visit", Contexts="diplomatic"),
        polecat_event(
            Event_ID="x3", Event_Type="COOPERATE", Contexts="", Actor_Name="United Nations", Actor_Country=""
        ),
        polecat_event(Event_ID="x4", Event_Type="AID", Event_Mode="military", Contexts=""),
        polecat_event(Event_ID="x5", Event_Type="ASSAULT", Event_Mode="aerial", Contexts="military"),
    ]
    file, store = loaded(tmp_path, as_csv(POLECAT, rows, "\t"))
    assert (file.layout, file.rows_loaded, file.rows_rejected) == ("polecat", 5, 0)
    found = query(store, "SELECT source_id, target_id, code FROM event_rows ORDER BY code").rows()
    assert found == [
        ("CHN", "TJK", "AID:military"), ("CHN", "TJK", "AID:military"), ("CHN", "TJK", "ASSAULT:aerial"),
        ("CHN", "TJK", "CONSULT:visit"), ("UN", "TJK", "COOPERATE"),
    ]  # fmt: skip
    with pytest.raises(errors.TooManyRejects, match="no PLOVER code: WAVE"):
        loaded(tmp_path, as_csv(POLECAT, [polecat_event(Event_Type="WAVE")], "\t"))


@pytest.mark.parametrize("has_header", [True, False])
def test_gdelt_reduced(tmp_path, has_header):
    rows = [reduced_event(), reduced_event(Source="IGOEUREEC", Target="USAGOV", CAMEOCode="10", QuadClass=3),
            reduced_event(CAMEOCode="43", Source="SEP", Target="XXX")]  # fmt: skip
    content = as_csv(REDUCED, rows, "\t")
    file, store = loaded(tmp_path, content if has_header else content.split(b"\n", 1)[1])
    assert (file.layout, file.rows_loaded, file.rows_rejected) == ("gdelt_reduced", 3, 0)
    found = query(store, "SELECT source_id, target_id, code FROM events ORDER BY event_id").rows()
    assert found == [("RUS", "KAZ", "010"), ("EU", "USA", "10"), (None, None, "043")]


WARS = (
    b"WarNum,WarName,WarType,ccode,StateName,Side,StartMonth1,StartDay1,StartYear1,EndMonth1,EndDay1,EndYear1,StartMonth2,"
    b"StartDay2,StartYear2,EndMonth2,EndDay2,EndYear2,TransFrom,WhereFought,Initiator,Outcome,TransTo,BatDeath,Version\n"
    b"1,War,1,230,Spain,2,4,7,1823,11,13,1823,-8,-8,-8,-8,-8,-8,503,2,2,2,-8,-9,4\n"
)
CIVIL_WARS = (
    b'"WarNum","WarName","WarType","CcodeA","SideA","CcodeB","SideB","Intnl","StartMonth1","StartDay1","StartYear1",'
    b'"EndMonth1","EndDay1","EndYear1","Initiator","Outcome","SideADeaths","SideBDeaths","Version"\n'
    b'500,"A war",5,365,"Russia",-8,"Rebels, others",0,6,10,1818,-9,-9,1822,"Rebels, others",1,5000,-9,4.1\n'
)
CONTIGUITY = (
    b"dyad,statelno,statelab,statehno,statehab,conttype,begin,end,notes,version\r"
    b'2020,2,"USA",20,"CAN",1,192001,200612,"Begins with CAN system entry",3.1\r'
)
DISPUTES_OLD = (
    b'"DispNum3","DispNum4","StDay","StMon","StYear","EndDay","EndMon","EndYear","Outcome","Settle","Fatality","FatalPre",'
    b'"MaxDur","MinDur","HiAct","HostLev","Recip","NumA","NumB","Ongo2010","Version"\n'
    b"2,-9,-9,7,1902,24,1,1903,6,1,0,0,208,178,7,3,0,1,1,0,4.01\n"
)


@pytest.mark.parametrize(
    ("content", "table", "sql", "value"),
    [
        (WARS, "cow_interstate_participants", "ccode, startyear2, batdeath", (230, None, None)),
        (
            CIVIL_WARS,
            "cow_intrastate_participants",
            "ccodea, ccodeb, sideb, sidebdeaths",
            (365, None, "Rebels, others", None),
        ),
        (CONTIGUITY, "cow_contiguity", "statelno, statehno, conttype, begin", (2, 20, 1, 192001)),
        (DISPUTES_OLD, "mid_disputes", "dispnum, stday, stmon", (2, None, 7)),
    ],
)
def test_files_of_correlates_of_war_in_their_own_columns(tmp_path, content, table, sql, value):
    file, store = loaded(tmp_path, content)
    assert (file.layout, file.rows_loaded) == (table, 1)
    assert query(store, f"SELECT {sql} FROM {table}").row(0) == value


# --- what is there twice
# --------------------------------------------------------------------------------------------------


def icews(*events: tuple[int, str]) -> bytes:
    return "\n".join([ICEWS_HEADER, *(icews_row(number, text, "040") for number, text in events)]).encode()


def test_a_row_that_stands_twice_in_a_file_is_one_event(tmp_path):
    file, store = loaded(tmp_path, icews((1, "Consult"), (2, "Consult"), (1, "Consult"), (1, "Consult")))
    assert (file.rows_loaded, file.rows_rejected, file.rows_repeated) == (4, 0, 2)
    assert query(store, "SELECT event_id FROM events ORDER BY 1")["event_id"].to_list() == [1, 2]


def test_two_events_may_bear_one_number(tmp_path):
    file, store = loaded(tmp_path, icews((1, "Consult"), (1, "Make a visit")))
    assert file.rows_repeated == 0
    assert query(store, "SELECT count(*) AS n FROM events")["n"][0] == 2


@pytest.mark.parametrize(("first", "last"), [
    (-(2**63), 1 - 2**63), (2**63 - 2, 2**63 - 1), (-(2**63), 2**63 - 1), (1, 2), (1, 10**18), (0, repeats.MOST_BITS + 1),
])  # fmt: skip
@pytest.mark.parametrize("spread", [repeats.SPREAD, 10**12])
def test_a_row_stands_twice_however_far_ids_lie_apart(tmp_path, monkeypatch, first, last, spread):
    monkeypatch.setattr(repeats, "SPREAD", spread)
    file, store = loaded(tmp_path, icews((first, "Consult"), (last, "Consult"), (last, "Consult")))
    assert (file.rows_loaded, file.rows_rejected, file.rows_repeated) == (3, 0, 1)
    assert query(store, "SELECT event_id FROM events ORDER BY 1")["event_id"].to_list() == [first, last]
    (tmp_path / "once").mkdir()
    assert loaded(tmp_path / "once", icews((first, "Consult"), (last, "Consult")))[0].rows_repeated == 0


def test_a_week_beside_the_year_changes_no_count(tmp_path):
    from buckpass.events import profile

    year = write(tmp_path / "year.tab", icews(*((k, "Consult") for k in range(1, 30))))
    week = write(tmp_path / "week.tab", icews(*((k, "Consult") for k in range(20, 33))))
    rates = []
    for name, files in (("one", [year, week]), ("other", [week, year])):
        store = tmp_path / f"{name}.duckdb"
        report = load(store, files)
        assert [file.rows_repeated for file in report.files] == [0, 10]
        assert query(store, "SELECT count(*) AS n FROM events")["n"][0] == 32
        rates.append(profile(store, ["RUS"], ["KAZ"]).rows)
    assert rates[0].equals(rates[1])
    assert rates[0]["total"].to_list() == [32]


def test_two_vintages_of_a_table_give_each_year_once(tmp_path):
    from buckpass.events import top_partner_trade

    store = tmp_path / "s.duckdb"
    header = ["Reporter", "Partner", "Product categories", "Indicator Type", "Indicator"]
    row = ["Norway", "Sweden", "All", "Export", "Exports"]
    old = write(tmp_path / "old.csv", as_csv([*header, 2001, 2000], [[*row, 11, 10]]))
    new = write(tmp_path / "new.csv", as_csv([*header, 2002, 2001], [[*row, 22, 21]]))
    for files in ([old, new], [new, old]):
        store.unlink(missing_ok=True)
        load(store, files)
        found = top_partner_trade(store, "Norway", "Sweden", "Exports", [2000, 2001, 2002])
        assert found["value"].to_list() == [10.0, 21.0, 22.0]


def test_what_most_rows_fit_is_the_layout_of_a_table_without_a_header(tmp_path):
    """A row of GDELT 2.0 with blanks for places may fit 1.0's columns too."""
    bare = [gdelt_row(GDELT2, GLOBALEVENTID=str(k), ActionGeo_CountryCode="") for k in range(3)]
    for row in bare:
        row[GDELT2.index("ActionGeo_FeatureID")] = "20220103"  # stands where 1.0 has DATEADDED
    placed = [
        gdelt_row(GDELT2, GLOBALEVENTID=str(10 + k), ActionGeo_Type="4", Actor2Geo_Type="4", Actor2Geo_ADM2Code="7")
        for k in range(20)
    ]
    report = load(tmp_path / "s.duckdb", [gdelt_file(tmp_path / "a.csv", [*bare, *placed])])
    assert (report.files[0].layout, report.rows_loaded) == ("gdelt2", 23)
