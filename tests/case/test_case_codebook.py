"""Codebook, JSON Schema, starting case and difference come from the one schema and the one reader."""

import json
import os

import polars as pl
import pytest

from buckpass.case import OutputExists, UnknownName, check_case, codebook, diff_cases, json_schema, load_case, new_case
from buckpass.case.codebook import tables
from buckpass.case.reading.rows import ROW_MODELS
from buckpass.case.start import TEMPLATE
from buckpass.case.writing.migrate import migrate


@pytest.fixture
def case(folder):
    return load_case(folder)


def test_the_codebook_has_every_column(case):
    book = codebook(case).frame
    for file, frame in tables(case).items():
        listed = book.filter((pl.col("file") == file) & (pl.col("kind") != "series"))["column"].to_list()
        assert listed == [name for name in frame.columns if name != "line"]
    assert (book["meaning"] != "").sum() >= len([f for model in ROW_MODELS.values() for f in model.model_fields])


def test_the_codebook_counts_what_is_filled_and_on_what_basis(case):
    book = codebook(case).frame
    rung = book.filter((pl.col("file") == "responses.csv") & (pl.col("column") == "rung")).row(0, named=True)
    assert (rung["rows"], rung["filled"], rung["coverage"]) == (9, 8, pytest.approx(8 / 9))
    assert rung["basis"] == "seen 7, absence 1"
    assert rung["values"] == "0 to 6"
    series = book.filter(pl.col("column") == "series = milex").row(0, named=True)
    assert series["unit"] == "billion USD (invented)"
    assert series["values"].startswith("2000-2020, 2 actors")


def test_the_json_schema_knows_the_keys_and_the_columns():
    whole = json_schema()
    assert set(whole["properties"]) == {"case.toml", "claims.toml", "scenarios/*.toml", *ROW_MODELS}
    settings = json_schema("case.toml")
    assert settings["additionalProperties"] is False
    assert "with" in settings["$defs"]["Alignment"]["properties"]
    assert json_schema("crises.csv")["properties"]["deaths_best"]["unit"] == "deaths"
    assert json.loads(json.dumps(whole)) == whole
    with pytest.raises(UnknownName, match=r"crises\.csv"):
        json_schema("crisis.csv")


def test_a_new_case_is_valid_and_named_after_its_folder(tmp_path):
    folder = new_case(tmp_path / "My Sahel 2")
    check = check_case(folder)
    assert check.problems == ()
    assert check.case.id == "my-sahel-2"
    assert sorted(os.listdir(tmp_path)) == ["My Sahel 2"]
    assert len(check.case.crises) == 3
    assert (len(check.case.powers), len(check.case.organisations), len(check.case.claims)) == (2, 1, 2)


def test_a_new_case_is_the_starting_one_in_the_shortest_form(tmp_path, case):
    folder = new_case(tmp_path / "my-case")
    assert load_case(folder).record_hash == case.record_hash
    assert "[[alignments]]" not in (folder / "case.toml").read_text("utf-8")
    assert len((folder / "alignments.csv").read_text("utf-8").splitlines()) == 1 + len(case.settings.alignments)
    lines = {
        name: len((where / "case.toml").read_text("utf-8").splitlines())
        for name, where in (("new", folder), ("old", TEMPLATE))
    }
    assert lines["new"] < lines["old"] / 2


def test_a_new_case_overwrites_nothing(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    new_case(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputExists, match="has files in it"):
        new_case(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for taken in (tmp_path / "file", tmp_path / "no" / "where"):
        with pytest.raises(OutputExists):
            new_case(taken)


def test_the_names_of_the_starting_case_are_invented():
    """The template may hold ids, but none of a real case."""
    text = "".join(path.read_text(encoding="utf-8") for path in TEMPLATE.iterdir())
    assert not [code for code in ("RUS", "CHN", "USA", "KAZ", "SRB", "NATO", "CSTO") if code in text]


def test_a_case_does_not_differ_from_itself(case):
    assert diff_cases(case, case).is_same


def test_the_order_of_rows_and_entries_is_no_difference(folder, case):
    path = folder / "responses.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, *reversed(rows)]) + "\n", encoding="utf-8")
    other = load_case(folder)
    assert diff_cases(case, other).is_same
    swapped = case.settings.model_copy(update={"alignments": case.settings.alignments[::-1]})
    assert diff_cases(case, case.replace(settings=swapped)).is_same


DIFFERENCES = [
    ("responses.csv", "state,3,2,3", "state,4,2,4", ("dalen_2005, BBB", "rung", "changed", "3", "4")),
    ("crises.csv", ",0.46,", ",0.47,", ("dalen_2005", "severity", "changed", "0.46", "0.47")),
    ("case.toml", "value = 0.25", "value = 0.3", ("parameters.delivery.capacity", "value", "changed", "0.25", "0.3")),
    ("case.toml", "= 0.3\nlow", "= 0.2\nlow", ("alignments[valley AAA BBB]", "value", "changed", "0.3", "0.2")),
    ("claims.toml", '"C2"', '"C3"', ("C2", "id", "only in a", "C2", "")),
    ("sources.bib", "{2015}", "{2016}", ("survey2015", "year", "changed", "2015", "2016")),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "expected"), DIFFERENCES)
def test_each_difference_is_named(case, spoiled, file, old, new, expected):
    other = spoiled(file, old, new).case
    difference = diff_cases(case, other)
    found = [(d.key, d.field, d.kind, d.a, d.b) for d in difference.differences if d.file == file]
    assert expected in found
    assert set(difference.counts()) == {file}
    assert len(difference.table()) == len(difference.differences)
    back = {(d.key, d.field, d.b, d.a) for d in diff_cases(other, case).differences}
    assert back == {(d.key, d.field, d.a, d.b) for d in difference.differences}


def test_two_codings_of_one_id_are_told_apart_by_their_folders(case, folder):
    other = load_case(folder)
    assert case.id == other.id
    title = diff_cases(case, other).table().title
    assert (str(case.folder) in title, str(folder) in title) == (True, True)


def test_added_and_removed_rows(case, spoiled):
    other = spoiled("responses.csv", "dalen_2016,BBB", "dalen_2016,DDD").case
    kinds = {(d.key, d.kind) for d in diff_cases(case, other).differences}
    assert kinds == {("dalen_2016, BBB", "only in a"), ("dalen_2016, DDD", "only in b")}


def test_an_alignment_that_differs_is_told_of_the_file_in_which_it_stands(folder):
    blocks = load_case(folder)
    migrate(folder)
    table = (folder / "alignments.csv").read_text("utf-8")
    (folder / "alignments.csv").write_text(table.replace(",0.3,0.0,0.6", ",0.4,0.0,0.6", 1), "utf-8")
    rows = load_case(folder)
    (found,) = diff_cases(rows, blocks).differences
    assert (found.file, found.key, found.field, found.a, found.b) == (
        "alignments.csv",
        "alignments[valley AAA BBB]",
        "value",
        "0.4",
        "0.3",
    )
    assert [one.file for one in diff_cases(blocks, rows).differences] == ["case.toml"]
