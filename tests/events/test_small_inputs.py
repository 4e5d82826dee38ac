"""Each small input of `shared/data/small_inputs/events` gives its right value."""

from datetime import date

import pytest
from made_files import write

from buckpass.events import errors, load
from buckpass.events.drafting.conflicts import conflicts
from buckpass.events.store import frame, reading

# three events of ICEWS: a consultation, military aid, a statement
CODES = "SELECT string_agg(code, ' ' ORDER BY event_id) AS said, min(day) AS first, max(day) AS last FROM events"
THREE = ("040 072 010", date(2017, 12, 1), date(2017, 12, 3))
ICEWS = ("icews57_mdY.tab", "icews73_both.tab", "icews74_nocameo.tab", "icews_9cols.tab", "icews_bom.tab",
         "icews_code_nozero.tab", "icews_crlf.tab", "icews_ok.tab", "icews_utf16.tab")  # fmt: skip
BORDER = (401001, date(2022, 9, 16), 703, [703], [702], 24)
GED = "SELECT id, date_start, country_id, gwnoa, gwnob, best FROM ucdp_ged ORDER BY id LIMIT 1"
# file: layout, rows loaded, rows rejected, rows that stood there before; a question, its answer
RIGHT = {
    **dict.fromkeys(ICEWS, ("icews", 3, 0, 0, CODES, THREE)),
    "icews80_dups.tab": (
        "icews", 7, 0, 4, "SELECT string_agg(event_id || ':' || code, ' ' ORDER BY event_id, code) AS said FROM events",
        ("1:040 2:072 3:010",),
    ),
    "icews_NULL.tab": (
        "icews", 4, 0, 0, "SELECT source, source_id, target, target_id FROM events WHERE event_id = 11", (None,) * 4,
    ),
    "icews78_13y.tab": (
        "icews", 2, 1, 0, "SELECT string_agg(code, ' ' ORDER BY event_id) AS said FROM events", ("137 1312",),
    ),
    "GEDEvent_v23_1.csv": ("ucdp_ged", 1, 0, 0, GED, BORDER),
    "GEDEvent_v24_0_1_noheader.csv": ("ucdp_ged", 2, 0, 0, GED, BORDER),
    "ngecEvents.DV.2022.txt": (
        "polecat", 1, 0, 0, "SELECT day, source_id, target_id, code FROM events",
        (date(2022, 9, 17), "RUS", "TJK", "AID:military"),
    ),
    "owid.csv": ("owid_milex", 1, 0, 0, "SELECT entity, year, military_expenditure_share_gdp FROM owid_milex", ("Kazakhstan", 2020, 1.1)),
    "quads_year25.tsv": ("icews_quads", 1, 2, 0, "SELECT day FROM events", (date(2018, 9, 16),)),
    "gdelt_pyr_noindex_head.csv": (
        "gdelt2", 199, 0, 0, "SELECT count(*) FILTER (WHERE code >= '14') > 0, min(goldstein) < -5 FROM events", (True, True),
    ),
    "gdelt_quote.CSV": ("gdelt2", 3, 0, 0, "SELECT string_agg(code, ' ' ORDER BY event_id) FROM events", ("139 040 057",)),
    "gdelt_weird.CSV": ("gdelt2", 2, 3, 0, "SELECT count(*) FROM events", (2,)),
    "ucdp_own.csv": (
        "ucdp_conflicts", 2, 0, 0, "SELECT gwno_a_2nd FROM ucdp_conflicts WHERE year = 1993", ([365, 704],),
    ),
}  # fmt: skip


@pytest.fixture
def small_inputs(shared_data):
    return shared_data / "small_inputs" / "events"


@pytest.mark.parametrize("name", RIGHT)
def test_a_small_input_gives_its_right_value(small_inputs, tmp_path, name):
    layout, loaded, rejected, repeated, question, answer = RIGHT[name]
    store = tmp_path / "s.duckdb"
    if 10 * rejected > loaded + rejected:
        with pytest.raises(errors.TooManyRejects):
            load(store, [small_inputs / name])
    file = load(store, [small_inputs / name], allow_rejects=True).files[0]
    assert (file.layout, file.rows_loaded, file.rows_rejected, file.rows_repeated) == (
        layout,
        loaded,
        rejected,
        repeated,
    )
    with reading(store) as connection:
        assert frame(connection, question).row(0) == answer


def test_no_small_input_is_left_out(small_inputs):
    tables = {path.name for path in small_inputs.iterdir() if path.suffix != ".toml"}
    assert tables == {*RIGHT, "20190309-icews-events.tab", "20190309-icews-events-1.tab"}


def test_two_parts_of_one_week_are_four_events(small_inputs, tmp_path):
    store = tmp_path / "s.duckdb"
    report = load(store, [small_inputs / f"20190309-icews-events{part}.tab" for part in ("", "-1")])
    assert [file.rows_repeated for file in report.files] == [0, 2]
    with reading(store) as connection:
        assert frame(connection, "SELECT count(*) AS n, max(event_id) AS last FROM events").row(0) == (4, 10)


def test_a_civil_year_and_an_internationalised_one_are_one_crisis(small_inputs, tmp_path):
    text = (small_inputs / "ucdp_own.csv").read_text()
    row = text.splitlines()[-1].replace("1992-05-10", "1997-04-02")
    civil = row.replace(",1993,", ",1997,").replace(",1,4,1992", ",1,3,1992")
    ended = row.replace(",1993,", ",1998,").replace(",1,0,,,", ",1,1,1998-11-16,1,")
    assert civil.count(",3,1992") == ended.count("1998-11-16") == 1
    store = tmp_path / "s.duckdb"
    file = load(store, [write(tmp_path / "own.csv", f"{text.rstrip()}\n{civil}\n{ended}\n".encode())]).files[0]
    assert (file.rows_loaded, file.rows_rejected) == (4, 0)
    with reading(store) as connection:
        found = conflicts(connection, ["TJK"], 1995)
    assert [(one.start, one.end) for one in found] == [(date(1997, 4, 2), date(1998, 11, 16))]
