"""The verbs as a user calls them: a table, one JSON object, or a message and exit code 1."""

import json

import pytest
from made_files import ICEWS_HEADER, gdelt_file, icews_row, many_gdelt, write
from typer.testing import CliRunner

from buckpass.cli.main import app

runner = CliRunner(env={"COLUMNS": "80"})


def called(*arguments):
    return runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "s.duckdb"
    assert called("events", "load", path, gdelt_file(tmp_path / "a.csv", many_gdelt(30))).exit_code == 0
    return path


def test_load_tells_what_became_of_each_file_within_eighty_columns(store, tmp_path):
    rows = many_gdelt(30)
    rows[1][1] = "20220231"
    shown = called("events", "load", store, gdelt_file(tmp_path / "b.csv", rows), tmp_path / "a.csv")
    assert shown.exit_code == 0
    assert max(len(line) for line in shown.stdout.splitlines()) <= 80
    assert "not a day" in shown.stdout
    assert "1 file was in the store already" in shown.stdout.replace("\n", " ")
    again = json.loads(called("events", "load", store, tmp_path / "b.csv", "--json").stdout)
    assert again["files"][0]["was_known"] is True
    assert len(again["files"][0]["sha256"]) == 64


def test_profile_and_evidence_are_shown_and_given(store):
    table = called("events", "profile", store, "--actors", "RUS", "--hosts", "KAZ")
    assert "verbal" in table.stdout
    given = json.loads(called("events", "profile", store, "--actors", "RUS", "--hosts", "KAZ", "--json").stdout)
    assert given["rows"][0]["share"] == 1.0
    assert "RUSGOV" in called("events", "evidence", store, "1:1003").stdout
    events = json.loads(called("events", "evidence", store, "1:1003", "--json").stdout)["events"]
    assert [event["code"] for event in events] == ["010"]


def broken_gzip(tmp_path):
    path = gdelt_file(tmp_path / "broken.gz", many_gdelt(2000))
    path.write_bytes(path.read_bytes()[:-3000])
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (broken_gzip, "Download it again"),
        (lambda folder: write(folder / "poem.csv", b"roses,are,red\n1,2,3\n"), "not one of the known layouts"),
        (
            lambda folder: write(folder / "i.tab", f"{ICEWS_HEADER[:20]}\n{icews_row(1, 'Consult', '040')}\n".encode()),
            "known",
        ),
    ],
)
def test_a_bad_file_is_said_and_ends_with_one(store, tmp_path, make, said):
    before = store.read_bytes()
    done = called("events", "load", store, make(tmp_path))
    assert done.exit_code == 1
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert store.read_bytes() == before


def test_a_comparison_that_the_files_do_not_cover_ends_with_one(store):
    done = called("events", "profile", store, "--actors", "RUS,CHN", "--hosts", "KAZ")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Refused: the store does not cover CHN" in done.stderr


def test_a_folder_of_downloads_gives_one_line_a_file_and_what_was_refused_first(tmp_path):
    bad = many_gdelt(10)
    for row in bad[:5]:
        row[1] = "20220231"
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    gdelt_file(downloads / "a.csv", many_gdelt(30))
    gdelt_file(downloads / "b.csv", bad)
    write(downloads / "notes.md", b"# What I downloaded\n")
    write(
        downloads / "vdem.csv", b"country_name,country_text_id,country_id,year,v2x_polyarchy\nNorway,NOR,186,1990,0.9\n"
    )
    (downloads / "folder").mkdir()
    store, files = tmp_path / "s.duckdb", sorted(downloads.iterdir())
    done = called("events", "load", store, *files)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "4 files were not loaded"
    told = " ".join(done.stdout.split())
    for said in (
        "5 of 10 rows cannot be used",
        "looks like V-Dem",
        "a folder, not a file",
        "not one of the known layouts",
    ):
        assert said in told
    given = json.loads(called("events", "load", store, *files, "--allow-rejects", "--json").stdout)
    assert [(file["name"], bool(file["refusal"]), file["rows_repeated"]) for file in given["files"]] == [
        ("a.csv", False, 0), ("b.csv", False, 5), ("folder", True, 0), ("notes.md", True, 0), ("vdem.csv", True, 0),
    ]  # fmt: skip
    assert called("events", "load", store, downloads / "a.csv").exit_code == 0


def test_formats_lists_what_is_read_and_what_is_not():
    shown = called("events", "formats")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[1].split() == ["publisher", "file", "versions", "where", "gives"]
    assert "Georeferenced" in shown.stdout
    given = json.loads(called("events", "formats", "--json").stdout)
    assert {"layout", "publisher", "file", "versions", "where", "gives", "citation"} == set(given["read"][0])
    assert any("Stata" in kind["kind"] for kind in given["not_read"])
