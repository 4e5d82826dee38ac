"""Files are read without being hurt by them, and written whole or not at all."""

import csv
import io
import os
import shutil
from pathlib import Path

import polars as pl
import pytest

from buckpass.case import check_case, csv_bytes, load_case, safe_cell
from buckpass.case.load import OPTIONAL_FILES
from buckpass.case.reading.files import SIZE_LIMITS

DATA_FILES = ("case.toml", "crises.csv", "responses.csv", "series.csv", "claims.toml", "sources.bib")
TABLES = ("crises.csv", "responses.csv", "series.csv")
SAVED = Path(__file__).parent / "libreoffice"  # made by save.sh there


def test_whatever_editor_saved_it_the_case_is_the_same(folder):
    """UTF-8 with and without mark, UTF-16, CRLF: same rows, same hash."""
    original = load_case(folder)
    for encoding in ("utf-8-sig", "utf-16", "utf-8"):
        for newline in ("\r\n", "\n"):
            for name in DATA_FILES:
                text = (folder / name).read_text(
                    encoding="utf-8" if name == "README.md" else _encoding_of(folder / name)
                )
                (folder / name).write_bytes(text.replace("\r\n", "\n").replace("\n", newline).encode(encoding))
            again = load_case(folder)
            assert (again.hash, again.record_hash) == (original.hash, original.record_hash)
            assert again.crises.equals(original.crises)


def _encoding_of(path):
    return "utf-16" if path.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


@pytest.mark.parametrize("how", ["semicolons", "quoted_from_xlsx", "utf16_tabs"])
def test_tables_opened_and_saved_in_libreoffice_are_the_same(folder, how):
    original = load_case(folder)
    shutil.copytree(SAVED / how, folder, dirs_exist_ok=True)
    again = load_case(folder)
    assert again.crises.equals(original.crises)
    assert again.responses.equals(original.responses)


@pytest.mark.parametrize("how", ["typed_german", "typed_british"])
def test_dates_that_libreoffice_cut_to_two_digits_are_refused_with_what_to_do(folder, how):
    shutil.copytree(SAVED / how, folder, dirs_exist_ok=True)
    check = check_case(folder)
    assert {(p.file, p.field) for p in check.errors} == {
        ("crises.csv", "start"), ("crises.csv", "end"), ("responses.csv", "date"),
    }  # fmt: skip
    assert all("give the column the format YYYY-MM-DD and save again" in p.message for p in check.errors)


def test_decimal_commas_that_libreoffice_wrote_are_read(folder):
    original = load_case(folder).series
    shutil.copy(SAVED / "typed_german" / "series.csv", folder / "series.csv")
    assert "60,6" in (folder / "series.csv").read_text(encoding="utf-8")
    assert load_case(folder).series.equals(original)


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("first", ["", "sep=;\n"])
def test_other_separators_are_read(folder, delimiter, first):
    original = load_case(folder)
    for name in TABLES:
        rows = list(csv.reader(io.StringIO((folder / name).read_text(encoding="utf-8"))))
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n").writerows(rows)
        (folder / name).write_text(first.replace(";", delimiter) + out.getvalue(), encoding="utf-8-sig", newline="")
    again = load_case(folder)
    for table in ("crises", "responses", "series"):
        assert getattr(again, table).drop("line").equals(getattr(original, table).drop("line"))
    assert again.crises["line"][0] == (3 if first else 2)


def test_dates_as_spreadsheets_write_them(spoiled):
    assert spoiled("crises.csv", "2016-01-12", "01/12/2016").errors[0].line == 4
    check = spoiled("crises.csv", "01/12/2016", "12.01.2016")
    assert check.ok
    assert str(check.case.crises["end"][2]) == "2016-01-12"


def test_other_encodings_say_what_and_where(folder):
    path = folder / "crises.csv"
    path.write_bytes(path.read_text(encoding="utf-8").replace("Protests 2010", "Proteste in Düren").encode("cp1252"))
    (problem,) = check_case(folder).errors
    assert problem.file == "crises.csv"
    assert problem.line == 3
    assert "0xfc" in problem.message
    assert "UTF-8" in problem.message
    path.write_bytes(path.read_bytes().decode("cp1252").encode("utf-16-le"))
    assert "zero byte" in check_case(folder).errors[0].message
    path.write_bytes(b"\xff\xfe\x00\x00" + "x".encode("utf-32-le"))
    assert "UTF-32" in check_case(folder).errors[0].message


@pytest.mark.parametrize("name", DATA_FILES)
def test_missing_and_empty_files_are_one_problem_each(folder, name):
    (folder / name).write_bytes(b" \n")
    problems = [p for p in check_case(folder).errors if p.file == name]
    assert len(problems) == 1
    assert "empty" in problems[0].message
    (folder / name).unlink()
    problems = [p for p in check_case(folder).errors if p.file == name]
    if name in OPTIONAL_FILES:
        assert problems == []
    else:
        assert len(problems) == 1
        assert "missing" in problems[0].message


def test_without_yearly_figures_a_case_loads_and_says_what_is_missing(folder):
    (folder / "series.csv").unlink()
    check = check_case(folder)
    assert check.ok
    (warning,) = [p for p in check.warnings if p.file == "series.csv"]
    assert "capacity, trade and arms of every power are missing" in warning.message


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_file_of_100_mb_is_refused_before_reading(folder, name):
    with open(folder / name, "wb") as stream:
        stream.truncate(100_000_000)
    problems = [p for p in check_case(folder).errors if p.file == name]
    assert len(problems) == 1
    assert "100.0 MB" in problems[0].message
    assert SIZE_LIMITS[name] < 20_000_000


def test_links_and_paths_that_leave_the_folder(folder, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("crisis_id\ntop secret\n", encoding="utf-8")
    (folder / "crises.csv").unlink()
    (folder / "crises.csv").symlink_to(secret)
    problems = [p for p in check_case(folder).errors if p.file == "crises.csv"]
    assert len(problems) == 1
    assert "leads out of the case's folder" in problems[0].message
    assert "top secret" not in str(problems)


def test_a_link_inside_the_folder_is_followed(folder):
    (folder / "crises.csv").rename(folder / "real.csv")
    (folder / "crises.csv").symlink_to("real.csv")
    assert check_case(folder).ok


def test_a_cycle_of_links_ends(folder):
    (folder / "crises.csv").unlink()
    (folder / "crises.csv").symlink_to("again.csv")
    (folder / "again.csv").symlink_to("crises.csv")
    problems = [p for p in check_case(folder).errors if p.file == "crises.csv"]
    assert len(problems) == 1
    assert "loop" in problems[0].message


def test_a_scenario_that_is_a_link_out_is_refused(folder, tmp_path):
    (tmp_path / "outside.toml").write_text('title = "x"\n', encoding="utf-8")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "s.toml").symlink_to(tmp_path / "outside.toml")
    assert "leads out" in check_case(folder).errors[0].message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_hang(folder):
    (folder / "series.csv").unlink()
    os.mkfifo(folder / "series.csv")
    (problem,) = [p for p in check_case(folder).errors if p.file == "series.csv"]
    assert "not a plain file" in problem.message


def test_a_folder_in_place_of_a_file(folder):
    (folder / "series.csv").unlink()
    (folder / "series.csv").mkdir()
    (problem,) = [p for p in check_case(folder).errors if p.file == "series.csv"]
    assert "not a plain file" in problem.message


def test_text_is_kept_as_text(folder):
    """HTML, scripts, formulas and template marks in a cell come back as they were written."""
    nasty = '<script>alert(1)</script> {{7*7}} ${x} =cmd|"/c calc"!A1 ; DROP TABLE'
    path = folder / "crises.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Protests 2010", '"' + nasty.replace('"', '""') + '"', 1),
        encoding="utf-8",
    )
    assert load_case(folder).crises["name"][1] == nasty


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_exports_escape_what_a_spreadsheet_would_compute(start):
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"
    assert safe_cell("plain =1") == "plain =1"


@pytest.mark.parametrize(("file", "old"), [("claims.toml", "Bergmark rides"), ("sources.bib", "survey2015")])
def test_control_characters_are_refused_in_every_file(spoiled, file, old):
    bell = "\\u0007" if file.endswith("toml") else "\x07"
    check = spoiled(file, old, f"x{bell}y")
    assert [p for p in check.errors if p.file == file and "control character" in p.message]
    assert all(str(problem).isprintable() for problem in check.problems)


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\uffff"])
@pytest.mark.parametrize(
    ("file", "old"), [("case.toml", "Bergmark"), ("crises.csv", "Protests 2010"), ("sources.bib", "survey2015")]
)
def test_marks_that_no_figure_can_be_drawn_with_are_refused_in_every_file(spoiled, file, old, mark):
    check = spoiled(file, old, f"{old[:-1]}{mark}{old[-1]}")
    assert [p for p in check.errors if p.file == file and "control character" in p.message]


def test_control_characters_are_refused(spoiled):
    check = spoiled("crises.csv", "Protests 2010", "Protests\x1b[31m 2010")
    assert "control character" in check.errors[0].message
    assert "\x1b" not in str(check.errors[0])


def test_exported_tables_are_harmless_and_complete(folder):
    frame = load_case(folder).responses.with_columns(pl.lit("@SUM(A1)").alias("detail"))
    lines = list(csv.reader(io.StringIO(csv_bytes(frame).decode("utf-8"))))
    assert lines[0] == frame.columns
    assert len(lines) == len(frame) + 1
    assert {row[lines[0].index("detail")] for row in lines[1:]} == {"'@SUM(A1)"}
    assert lines[1][lines[0].index("rung")] == "6"
