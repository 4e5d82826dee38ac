"""Responses edited cell by cell: other rows keep their text, the second of two writers is told, what check refuses is not saved."""

import dataclasses
import re
from pathlib import Path

import pytest

from buckpass.case import load_case
from buckpass.case.coding_sheet import FILE, ChangedMeanwhile, NotSaved, load_sheet, rung_lines

MANUAL = Path(__file__).parent.parent.parent / "docs" / "coding-manual.md"
OWN = {"crisis_id": "dalen_2016", "actor": "BBB", "coder": ""}


def rungs(folder):
    return load_case(folder).responses.filter(crisis_id="dalen_2016", actor="BBB")["rung"].to_list()


def test_one_cell_is_changed_and_nothing_else(folder):
    before = (folder / FILE).read_text("utf-8").splitlines()
    load_sheet(folder).save({**OWN, "rung": "2"})
    after = (folder / FILE).read_text("utf-8").splitlines()
    assert [n for n, (a, b) in enumerate(zip(before, after, strict=True), 1) if a != b] == [9]
    assert load_sheet(folder).cell("dalen_2016", "BBB", "")["detail"] == "statement; contested report of an offer"
    assert rungs(folder) == [2]


def test_a_second_coder_gets_a_row_and_a_column_of_its_own(folder):
    row = {**OWN, "coder": "ana", "kind": "state", "rung": "2", "basis": "seen", "source_id": "example2019"}
    load_sheet(folder).save(row)
    assert rungs(folder) == [1, 2]
    assert load_case(folder).responses["coder"].to_list()[-1] == "ana"


def test_the_second_writer_is_told_and_nothing_is_lost(folder):
    first, second = load_sheet(folder), load_sheet(folder)
    first.save({**OWN, "rung": "2"})
    saved = (folder / FILE).read_bytes()
    with pytest.raises(ChangedMeanwhile, match="somebody else"):
        second.save({"crisis_id": "dalen_2005", "actor": "AAA", "coder": "", "rung_low": "5"})
    assert (folder / FILE).read_bytes() == saved
    load_sheet(folder).save({"crisis_id": "dalen_2005", "actor": "AAA", "coder": "", "rung_low": "5"})
    assert rungs(folder) == [2]  # theirs is still there


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"rung": "5", "rung_high": "2"}, "leaves out the rung"),
        ({"rung": "9", "rung_high": "9"}, "not on the ladder"),
        ({"vehicle": "PCT"}, "is not an organisation"),
        ({"date": "31.12.16"}, "two digits"),
    ],
)
def test_what_check_refuses_is_not_saved(folder, cells, said):
    before = (folder / FILE).read_bytes()
    with pytest.raises(NotSaved, match=said):
        load_sheet(folder).save({**OWN, **cells})
    assert (folder / FILE).read_bytes() == before


def test_phases_and_acts_against_are_rows_of_their_own(folder):
    more = {**OWN, "kind": "state", "basis": "seen", "source_id": "example2019"}
    sheet = load_sheet(folder).save(more | {"rung": "2", "direction": "against"})
    sheet = sheet.save(more | {"rung": "4", "phase": "2", "from": "2016-01-08"})
    assert (sheet.phases("dalen_2016", "BBB", ""), sheet.phases("dalen_2016", "BBB", "", "against")) == (
        ["1", "2"],
        ["1"],
    )
    sheet = sheet.save({**OWN, "phase": "2", "rung": "5"}).save({**OWN, "direction": "against", "rung": "3"})
    assert [sheet.cell("dalen_2016", "BBB", "", *of)["rung"] for of in ((), ("for", "2"), ("against",))] == [
        "1",
        "5",
        "3",
    ]
    assert rungs(folder) == [1, 3, 5]


def test_numbers_that_a_data_frame_wrote_as_fractions_are_whole_and_in_their_order(folder):
    more = "state,{phase}.0,{from_},{rung}.0,,,seen,example2019"
    rows = [
        f"dalen_2016,BBB,{more.format(phase=n, from_=day, rung=n)}"
        for n, day in ((1, ""), (2, "2016-01-08"), (3, "2016-01-09"))
    ]
    head = "crisis_id,actor,kind,phase,from,rung,rung_low,rung_high,basis,source_id"
    (folder / FILE).write_text("\n".join([head, rows[0], rows[2], rows[1].replace("2.0,", "02,", 1)]) + "\n", "utf-8")
    sheet = load_sheet(folder)
    assert sheet.phases("dalen_2016", "BBB", "") == ["1", "2", "3"]
    assert [sheet.cell("dalen_2016", "BBB", "", "for", phase)["rung"] for phase in "123"] == ["1", "2", "3"]
    sheet = sheet.save({**OWN, "phase": "3", "rung": "4"})
    assert rungs(folder) == [1, 4, 2]
    sheet.delete("dalen_2016", "BBB", "", "for", "3")
    assert rungs(folder) == [1, 2]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"phase": "3", "from": "2016-01-08", "rung": "4"}, "not 1 to 3"),
        ({"phase": "2", "rung": "4"}, "has no first day"),
        ({"phase": "2", "from": "2016-05-01", "rung": "4"}, "outside its crisis"),
        ({"direction": "against", "rung": "9"}, "no step of acts against"),
        ({"direction": "against", "rung": "2", "vehicle": "PACT"}, "has no vehicle"),
    ],
)
def test_a_phase_or_an_act_against_that_check_refuses_is_not_saved(folder, cells, said):
    before = (folder / FILE).read_bytes()
    with pytest.raises(NotSaved, match=said):
        load_sheet(folder).save({**OWN, "kind": "state", "basis": "seen", "source_id": "example2019", **cells})
    assert (folder / FILE).read_bytes() == before


def test_two_who_add_a_phase_at_once_lose_neither(folder):
    first, second = load_sheet(folder), load_sheet(folder)
    row = {**OWN, "kind": "state", "basis": "seen", "source_id": "example2019", "rung": "4"}
    first.save(row | {"phase": "2", "from": "2016-01-08"})
    with pytest.raises(ChangedMeanwhile):
        second.save(row | {"direction": "against", "rung": "2"})
    load_sheet(folder).save(row | {"direction": "against", "rung": "2"})
    assert rungs(folder) == [1, 4, 2]


def test_one_row_is_deleted_and_nothing_else(folder):
    before = (folder / FILE).read_text("utf-8").splitlines()
    sheet = load_sheet(folder).delete("dalen_2016", "BBB", "")
    after = (folder / FILE).read_text("utf-8").splitlines()
    assert (len(before) - len(after), [line for line in before if line not in after]) == (1, [before[8]])
    assert rungs(folder) == []
    with pytest.raises(NotSaved, match="no such row"):
        sheet.delete("dalen_2016", "BBB", "")


def test_whoever_deletes_second_is_told_and_nothing_is_lost(folder):
    first, second = load_sheet(folder), load_sheet(folder)
    first.save({**OWN, "rung": "2"})
    with pytest.raises(ChangedMeanwhile, match="somebody else"):
        second.delete("dalen_2016", "BBB", "")
    assert rungs(folder) == [2]


def test_a_first_phase_stays_while_there_is_a_second(folder):
    more = {**OWN, "kind": "state", "basis": "seen", "source_id": "example2019", "rung": "4"}
    sheet = load_sheet(folder).save(more | {"phase": "2", "from": "2016-01-08"})
    with pytest.raises(NotSaved, match="not 1 to 2"):
        sheet.delete("dalen_2016", "BBB", "")
    sheet.delete("dalen_2016", "BBB", "", "for", "2")
    assert rungs(folder) == [1]


def test_the_last_row_stays_since_a_case_without_rows_is_none(folder):
    sheet = load_sheet(folder)
    sheet = dataclasses.replace(sheet, text="\n".join(sheet.text.splitlines()[:2]) + "\n")
    (folder / FILE).write_text(sheet.text, "utf-8")
    with pytest.raises(NotSaved, match="a header and no row"):
        load_sheet(folder).delete("dalen_2005", "AAA", "")
    assert (folder / FILE).read_text("utf-8") == sheet.text


def test_the_separator_of_the_file_is_kept(folder):
    text = (folder / FILE).read_text("utf-8")
    (folder / FILE).write_text(text.replace(",", "\t"), "utf-8")
    load_sheet(folder).save({**OWN, "rung": "2"})
    assert (folder / FILE).read_text("utf-8").splitlines()[0].count("\t") == text.splitlines()[0].count(",")


def test_the_lines_of_the_rungs_are_those_of_the_manual(toy):
    text = MANUAL.read_text("utf-8")
    table = re.findall(r"^\| (\d) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text[text.index("### The ladder\n") : text.index("### A ladder of your own")], re.MULTILINE)  # fmt: skip
    lines = rung_lines(toy.ladder.names)
    assert [(f"{n} {name}", counts, no) for n, name, counts, no in table] == [tuple(one.values()) for one in lines]
    assert rung_lines(("silence", "mine"))[1] == {"rung": "1 mine", "counts": "", "not": ""}
