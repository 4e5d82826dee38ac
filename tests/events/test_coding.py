"""Events to rungs: what counts, what is refused, how it compares with coding by hand."""

import math
from dataclasses import dataclass
from datetime import date

import polars as pl
import pytest
from made_files import GDELT1, gdelt_file, gdelt_row, quads, write

from buckpass.case import check_case
from buckpass.case.ladder import Ladder, Rungs
from buckpass.events import agree, code, draft, errors, evidence_rows, load, profile
from buckpass.events.coding.agreement import compare
from buckpass.events.coding.ladder import labels, mapping, meaning
from buckpass.events.coding.rungs import CodedRecord
from buckpass.events.drafting.draft_case import template_ladder


@dataclass(frozen=True)
class MadeCase:
    """What the coding reads of a case."""

    crises: pl.DataFrame
    coded: pl.DataFrame
    powers: tuple[str, ...]
    organisations: tuple[str, ...]
    ladder: Ladder

    @property
    def rungs(self) -> Rungs:
        return self.ladder.rungs


def made_case(responses=()) -> MadeCase:
    crises = pl.DataFrame(
        {"crisis_id": ["uprising"], "host": [["KAZ"]], "start": [date(2022, 1, 2)], "end": [date(2022, 1, 11)]},
    )
    columns = ["crisis", "actor", "rung", "low", "high"]
    schema = dict(zip(columns, (pl.String, pl.String, pl.Int8, pl.Int8, pl.Int8), strict=True))
    rows = pl.DataFrame(list(responses), schema=schema, orient="row")
    return MadeCase(crises, rows, ("RUS", "CHN", "USA"), ("CIS",), template_ladder())


def event(number: int, actor: str, cameo: str, day: int, group: str = "") -> list[str]:
    return gdelt_row(
        GLOBALEVENTID=str(number), Actor1CountryCode=actor, Actor1KnownGroupCode=group, EventCode=cameo,
        EventRootCode=cameo[:2], SQLDATE=f"202201{day:02d}", MonthYear="202201",
    )  # fmt: skip


def background(first: int) -> list[list[str]]:
    """Ten events a day between others, and each actor with somebody: the files cover the window."""
    rows = []
    for day in range(42):
        written = date.fromordinal(date(2022, 1, 1).toordinal() + day).strftime("%Y%m%d")
        for k, (a, b) in enumerate([("RUS", "IND"), ("CHN", "IND"), ("IND", "KAZ"), ("FRA", "DEU"), ("", "FRA")] * 2):
            changes = {"Actor1CountryCode": a, "Actor2CountryCode": b, "SQLDATE": written, "MonthYear": written[:6]}
            rows.append(gdelt_row(GLOBALEVENTID=str(first + 100 * day + k), **changes))
    return rows


@pytest.fixture
def store(tmp_path):
    """Russia deploys (two events, one statement), China speaks once, the CIS sends troops, the US is not there."""
    rows = [
        event(1, "RUS", "074", 6), event(2, "RUS", "074", 7), event(3, "RUS", "010", 5), event(4, "RUS", "190", 7),
        event(5, "CHN", "051", 7), event(6, "CHN", "051", 7),
        event(7, "", "074", 6, "CIS"), event(8, "", "074", 7, "CIS"), event(9, "", "074", 8, "CIS"),
        event(10, "", "040", 9, "CIS"), event(11, "", "040", 10, "CIS"),
    ]  # fmt: skip
    path = gdelt_file(tmp_path / "a.csv", rows + background(1000))
    load(tmp_path / "s.duckdb", [path])
    return tmp_path / "s.duckdb"


def coded(record: CodedRecord, actor: str) -> dict:
    return record.rows.filter(pl.col("actor") == actor).row(0, named=True)


def test_rungs_bands_and_evidence(store):
    record = code(store, made_case())
    russia, china, cis = (coded(record, actor) for actor in ("RUS", "CHN", "CIS"))
    assert (russia["low"], russia["rung"], russia["high"]) == (1, 6, 6)
    assert (russia["n_events"], russia["n_coercive"]) == (4, 1)
    assert russia["evidence"][:2] == ["1:1", "1:2"]
    # one event a day per code: two reports of one statement are one statement, which a lone report does not prove
    assert (china["n_events"], china["rung"], china["high"]) == (1, 0, 1)
    assert (cis["low"], cis["rung"], cis["high"]) == (5, 5, 5)
    events = evidence_rows(store, russia["evidence"])
    assert events["file"].unique().to_list() == ["a.csv"]
    assert set(events["code"]) == {"074", "010"}


def test_silence_and_a_gap_are_told_apart(store):
    usa = coded(code(store, made_case()), "USA")
    assert (usa["status"], usa["rung"]) == ("uncovered", None)
    assert "no event with it" in usa["reason"]
    assert usa["gap"] == "no file of the window has both actor and host"


def test_a_window_that_the_files_miss_is_not_silence(tmp_path):
    load(tmp_path / "s.duckdb", [write(tmp_path / "q.tsv", quads(is_cut=False))])
    record = code(tmp_path / "s.duckdb", made_case())
    assert record.coded.is_empty()
    load(tmp_path / "s.duckdb", [gdelt_file(tmp_path / "a.csv", [event(k, "RUS", "010", 6) for k in range(1, 30)])])
    assert "of the 40 days" in coded(code(tmp_path / "s.duckdb", made_case()), "RUS")["reason"]


def test_an_edited_mapping_changes_the_rungs(store, tmp_path):
    from importlib import resources

    text = resources.files("buckpass.events").joinpath("data/ladder.csv").read_text(encoding="utf-8")
    path = tmp_path / "ladder.csv"
    path.write_text(text.replace("074,6,military", "074,4,military"), encoding="utf-8")
    assert coded(code(store, made_case(), path), "RUS")["rung"] == 4
    path.write_text(text.replace("074,6,military", "74,6,military"), encoding="utf-8")
    with pytest.raises(errors.BadMapping, match=r"line 18.*leading zero"):
        code(store, made_case(), path)


def test_every_cameo_code_has_a_meaning():
    table = mapping()
    assert all(meaning(found, table) for found in labels().values())
    assert {entry.rung for entry in table} == {1, 2, 3, 4, 6, None}
    assert labels()["consult"] == "040"  # the code, not the root of the same name


def test_agreement_lists_what_is_worst_and_what_is_refused(store):
    case = made_case(
        [
            ("uprising", "RUS", 6, 6, 6),
            ("uprising", "CHN", 4, 3, 4),
            ("uprising", "CIS", 5, 5, 5),
            ("uprising", "USA", 1, 1, 1),
            ("uprising", "IND", None, None, None),
        ]
    )
    found = agree(store, case, seed=1)
    assert found.alpha.n_units == 3
    assert found.disagreements["actor"].to_list() == ["CHN"]
    assert found.disagreements["evidence"].to_list() == [["1:5"]]
    assert found.refused["actor"].to_list() == ["USA"]
    assert found.confusion.filter(pl.col("hand") == pl.col("machine"))["n"].sum() == 2
    assert "3 of 4" in found.verdict
    assert "too few" in found.verdict
    assert found.as_dict() == agree(store, case, seed=1).as_dict()


def test_agreement_without_pairs_says_so(store):
    found = agree(store, made_case([("uprising", "USA", 1, 1, 1)]))
    assert math.isnan(found.alpha.alpha)
    assert found.verdict.startswith("No agreement can be computed: 0 of 1")
    assert found.as_dict()["alpha"]["alpha"] is None


def test_a_record_agrees_with_itself(store):
    record = code(store, made_case())
    hand = record.coded.select("actor", "rung", "low", "high", crisis="crisis_id")
    found = compare(record, hand)
    assert found.alpha.alpha == 1
    assert found.disagreements.is_empty()


def test_a_store_without_events_says_so(tmp_path):
    from made_files import WITS

    load(tmp_path / "s.duckdb", [write(tmp_path / "w.csv", WITS)])
    for ask in (lambda s: code(s, made_case()), lambda s: profile(s, ["RUS"], ["KAZ"])):
        with pytest.raises(errors.NoEvents):
            ask(tmp_path / "s.duckdb")


def test_profile_counts_each_event_of_a_day_once_and_shares_add_up(store):
    drawn = profile(store, ["RUS", "CHN"], ["KAZ"])
    shares = drawn.rows.group_by("actor", "year").agg(pl.col("share").sum())
    assert shares["share"].to_list() == pytest.approx([1.0] * shares.height)
    china = drawn.rows.filter(pl.col("actor") == "CHN").row(0, named=True)
    assert (china["domain"], china["n_rows"], china["n"], china["total"]) == ("verbal", 2, 1, 431)
    assert china["rate"] == pytest.approx(10_000 / 431)
    assert "facet" in drawn.plot().to_dict()


def test_a_year_of_stray_rows_is_left_out_and_said(tmp_path):
    stray = gdelt_row(GLOBALEVENTID="9", SQLDATE="19820103", MonthYear="198201", Year="1982")
    load(tmp_path / "s.duckdb", [gdelt_file(tmp_path / "a.csv", [*background(1000), event(1, "RUS", "010", 6), stray])])
    drawn = profile(tmp_path / "s.duckdb", ["RUS"], ["KAZ"])
    assert drawn.rows["year"].unique().to_list() == [2022]
    assert drawn.left_out == ("1982, of which the files report 1 events only",)


def test_more_coverage_does_not_change_the_rates(tmp_path):
    rows = [event(1, "RUS", "072", 6), event(2, "RUS", "010", 6), *background(1000)]
    doubled = rows + [[str(int(row[0]) + 50_000), "20210105", "202101", "2021", *row[4:]] for row in rows]
    load(tmp_path / "one.duckdb", [gdelt_file(tmp_path / "a.csv", rows)])
    load(tmp_path / "two.duckdb", [gdelt_file(tmp_path / "b.csv", doubled)])
    one, two = (
        profile(tmp_path / f"{n}.duckdb", ["RUS"], ["KAZ"]).rows.filter(pl.col("year") == 2022) for n in ("one", "two")
    )
    assert one.equals(two)


def test_a_draft_is_marked_machine_and_left_alone_once_written(store, tmp_path):
    from buckpass.case import OutputExists

    violent = [event(k, "FRA", f"19{k % 6}", 5 + k % 4) for k in range(100, 160)]
    load(store, [gdelt_file(tmp_path / "v.csv", violent)])
    folder = tmp_path / "draft"
    made = draft(store, ["KAZ"], 2021, folder)
    assert made.crises["type"].to_list() == ["unrest"]
    assert made.responses.filter(pl.col("actor") == "RUS")["rung"].to_list() == [6]
    case = draft_is_valid_and_marked(folder)
    assert {power.id for power in case.settings.powers} >= {"RUS", "CHN", "FRA"}
    assert set(case.sources) == {"file1", "file2"}
    with pytest.raises(OutputExists):
        draft(store, ["KAZ"], 2021, folder)


def draft_is_valid_and_marked(folder):
    """The case of a draft, which passes `check` and says of every row that a machine proposed it."""
    check = check_case(folder)
    assert check.ok, check.errors
    case = check.case
    assert case.crises["threat_reason"].str.starts_with("machine: ").all()
    assert case.crises["name"].str.ends_with("(machine, confirm)").all()
    assert case.responses.height == case.crises.height * len(case.powers)
    assert (case.responses["coder"] == "machine").all()
    assert set(case.responses["basis"]) <= {"machine", "unsearched"}
    assert (case.responses["rung"].is_null() == (case.responses["basis"] == "unsearched")).all()
    assert case.series["note"].str.starts_with("machine").all()
    return case


@pytest.mark.parametrize("hosts", [[], ["KAZ", "QQQ"]])
def test_a_draft_of_no_state_is_refused(store, tmp_path, hosts):
    with pytest.raises(errors.UnknownHosts):
        draft(store, hosts, 2021, tmp_path / "draft")
    assert not (tmp_path / "draft").exists()


def test_a_draft_from_cut_files_is_refused(tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [write(tmp_path / "cut.tsv", quads(is_cut=True))])
    with pytest.raises(errors.UncoveredActors, match="cut out"):
        draft(store, ["KAZ"], 2013, tmp_path / "draft")


@pytest.mark.slow
def test_a_real_draft_is_valid_and_its_powers_are_not_those_that_cut_files_keep(all_real_events, tmp_path):
    draft(all_real_events, ["KAZ", "KGZ", "TJK", "TKM", "UZB"], 1991, tmp_path / "draft")
    case = draft_is_valid_and_marked(tmp_path / "draft")
    assert case.settings.powers[0].id == "RUS"
    assert {"tjk_civil_war_1992", "uzb_civil_war_1999"} <= set(case.crises["crisis_id"])


@pytest.mark.slow
def test_real_agreement_covers_little_and_says_so(all_real_events):
    from buckpass.case import load_case

    found = agree(all_real_events, load_case("central-asia"))
    assert found.pairs.height < 0.05 * found.refused.height
    assert found.refused.height > 300
    assert not found.pairs["actor"].is_in(["RUS", "USA"]).any()
    assert "too few to judge" in found.verdict
    assert found.refused["gap"].str.len_chars().min() > 0


def test_evidence_of_a_rung_is_found_again_and_another_key_is_said(store):
    record = code(store, made_case())
    assert all(evidence_rows(store, keys).height == len(keys) for keys in record.coded["evidence"])
    assert record.coded["files"].list.len().min() >= 1
    for key in ("seven", "1:999999999", "99:1"):
        with pytest.raises(errors.BadKey, match=f"'{key}' is no key"):
            evidence_rows(store, ["1:1", key])


def test_what_people_read_has_the_verdict_and_the_gaps(store):
    matrix, apart, refused = agree(
        store, made_case([("uprising", "RUS", 6, 6, 6), ("uprising", "USA", 1, 1, 1)])
    ).tables()
    assert "1 of 2 hand-coded" in matrix.note
    assert apart.frame.height == 0
    assert refused.frame["responses"].to_list() == [1]
    coded, gaps = code(store, made_case()).tables()
    assert coded.frame.filter(pl.col("actor") == "RUS")["band"].to_list() == ["1-6"]
    assert gaps.frame["responses"].sum() + coded.frame.height == 4


def test_gdelt_layout_is_read_by_position():
    assert GDELT1[26] == "EventCode"
