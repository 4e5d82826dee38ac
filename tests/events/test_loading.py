"""Files into the store: recognised by content, loaded once, every row accounted for, or the store as it was."""

import csv
import hashlib
import os
import subprocess
import sys
import textwrap

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
    many_gdelt,
    quads,
    write,
)

from buckpass.events import errors, load
from buckpass.events.store import VERSION, frame, reading, writing


def query(store, sql):
    with reading(store) as connection:
        return frame(connection, sql)


def test_names_do_not_matter_content_does(tmp_path):
    store = tmp_path / "s.duckdb"
    files = {
        "a.txt": ("gdelt1", b"\t".join(c.encode() for c in gdelt_row()) + b"\n"),
        "b": ("gdelt2", b"\t".join(c.encode() for c in gdelt_row(GDELT2)) + b"\n"),
        "c.csv": ("icews_quads", quads(is_cut=False)),
        "d.gdelt": ("sipri_register", SIPRI_REGISTER),
        "e.dat": ("wits", WITS),
        "f.tab": ("sipri_milex", MILEX_LATIN1),
        "g.csv": ("icews", f"{ICEWS_HEADER}\n{icews_row(7, 'Consult', '040')}\n".encode()),
    }
    report = load(store, [write(tmp_path / name, content) for name, (_, content) in files.items()])
    assert [file.layout for file in report.files] == [layout for layout, _ in files.values()]
    assert all(file.rows_rejected == 0 for file in report.files)


def test_how_long_a_cell_may_be_elsewhere_in_the_process_stays(tmp_path):
    limit = csv.field_size_limit()
    load(
        tmp_path / "s.duckdb",
        [write(tmp_path / "a.csv", MILEX_LATIN1), write(tmp_path / "b.csv", WITS)],
        allow_rejects=True,
    )
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize("name", ["e.csv", "e.csv.gz", "e.csv.zip"])
def test_plain_gz_and_zip_hold_the_same_rows(tmp_path, name):
    store = tmp_path / "s.duckdb"
    report = load(store, [gdelt_file(tmp_path / name, many_gdelt(20))])
    assert report.rows_loaded == 20
    row = query(store, "SELECT * FROM events WHERE event_id = 1005").row(0, named=True)
    assert (row["source_id"], row["target_id"], row["code"], str(row["day"])) == ("RUS", "KAZ", "010", "2022-01-03")


def test_a_file_given_twice_is_one_file_also_when_packed(tmp_path):
    store = tmp_path / "s.duckdb"
    plain, packed = gdelt_file(tmp_path / "a.csv", many_gdelt(5)), gdelt_file(tmp_path / "b.csv.gz", many_gdelt(5))
    first = load(store, [plain, plain])
    second = load(store, [packed])
    assert [file.was_known for file in (*first.files, *second.files)] == [False, True, True]
    assert query(store, "SELECT count(*) AS n FROM events")["n"][0] == 5


def test_bad_rows_are_rejected_with_their_reason(tmp_path):
    store = tmp_path / "s.duckdb"
    rows = many_gdelt(6)
    rows[1][GDELT1.index("SQLDATE")] = "20220231"
    rows[2][GDELT1.index("GoldsteinScale")] = "-999.7"
    rows[3][GDELT1.index("EventCode")] = "---"
    rows[4] = rows[4][:20]
    rows[5] = [*rows[5], "one", "too many"]
    report = load(store, [gdelt_file(tmp_path / "a.csv", rows)], allow_rejects=True)
    assert (report.files[0].rows_read, report.files[0].rows_loaded, report.files[0].rows_rejected) == (6, 1, 5)
    reasons = " ".join(query(store, "SELECT reason FROM rejects")["reason"])
    for expected in ("SQLDATE: not a day", "GoldsteinScale: outside -10 to 10", "no CAMEO code", ": empty", "too many"):
        assert expected in reasons
    assert report.rejected["rows"].sum() == 5


def test_missing_url_of_old_rows_is_no_fault(tmp_path):
    report = load(
        tmp_path / "s.duckdb", [gdelt_file(tmp_path / "a.csv", [gdelt_row(), gdelt_row(GLOBALEVENTID="2")[:57]])]
    )
    assert report.rows_loaded == 2


def test_a_blank_line_is_no_row(tmp_path):
    content = b"\n".join("\t".join(row).encode() for row in many_gdelt(3)).replace(b"\n", b"\n\n") + b"\n"
    report = load(tmp_path / "s.duckdb", [write(tmp_path / "a.csv", content)])
    assert (report.files[0].rows_read, report.rows_loaded) == (3, 3)


def test_the_store_remembers_where_rows_came_from(tmp_path):
    store, path = tmp_path / "s.duckdb", gdelt_file(tmp_path / "a.csv.gz", many_gdelt(3))
    load(store, [path])
    entry = query(store, "SELECT * FROM files").row(0, named=True)
    assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (entry["name"], entry["publisher"], entry["rows_read"], entry["rows_loaded"]) == ("a.csv.gz", "GDELT", 3, 3)
    assert entry["loaded_at"] is not None


def test_all_columns_are_kept_on_request(tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [gdelt_file(tmp_path / "a.csv", many_gdelt(3))], all_columns=True)
    raw = query(store, "SELECT * FROM raw_gdelt1 ORDER BY row")
    assert raw.width == 2 + 58
    assert raw["sourceurl"].to_list() == ["https://example.org/a"] * 3


def broken_gzip(tmp_path):
    path = gdelt_file(tmp_path / "broken.gz", many_gdelt(2000))
    path.write_bytes(path.read_bytes()[:-3000])
    return path


def other_kind(tmp_path):
    return write(tmp_path / "poem.csv", b"roses,are,red\n1,2,3\n")


def binary(tmp_path):
    return write(tmp_path / "image.csv", bytes(range(256)) * 50)


def two_in_one_zip(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a", "1")
        archive.writestr("b", "2")
    return tmp_path / "two.zip"


BAD_FILES = [
    (broken_gzip, errors.DamagedArchive),
    (other_kind, errors.UnrecognisedFile),
    (binary, errors.UnrecognisedFile),
    (two_in_one_zip, errors.UnrecognisedFile),
    (lambda folder: write(folder / "empty", b""), errors.UnrecognisedFile),
    (lambda folder: folder, errors.NotAFile),
]


@pytest.mark.parametrize(("make", "error"), BAD_FILES)
def test_a_bad_file_alone_leaves_the_store_as_it_was(tmp_path, make, error):
    store = tmp_path / "s.duckdb"
    load(store, [gdelt_file(tmp_path / "good.csv", many_gdelt(4))])
    before = store.read_bytes()
    with pytest.raises(error):
        load(store, [make(tmp_path)])
    assert query(store, "SELECT count(*) AS n FROM files")["n"][0] == 1
    assert len(store.read_bytes()) == len(before)
    assert not list(tmp_path.glob(".buckpass-*"))


@pytest.mark.parametrize(("make", "error"), BAD_FILES)
def test_a_bad_file_among_others_is_refused_and_the_others_load(tmp_path, make, error):
    store, good = tmp_path / "s.duckdb", gdelt_file(tmp_path / "good.csv", many_gdelt(4))
    report = load(store, [make(tmp_path), good])
    assert [bool(file.refusal) for file in report.files] == [True, False]
    assert report.refused[0].refusal.startswith(report.refused[0].name)
    assert query(store, "SELECT count(*) AS n FROM events")["n"][0] == 4
    assert "not loaded" in report.tables()[0].title


def test_a_name_without_a_file_stops_the_whole_call(tmp_path):
    store, good = tmp_path / "s.duckdb", gdelt_file(tmp_path / "good.csv", many_gdelt(4))
    with pytest.raises(errors.NoFile):
        load(store, [good, tmp_path / "absent"])
    assert not store.exists()


def test_a_failed_first_load_leaves_no_store(tmp_path):
    with pytest.raises(errors.UnrecognisedFile):
        load(tmp_path / "s.duckdb", [other_kind(tmp_path)])
    assert not (tmp_path / "s.duckdb").exists()


def test_a_file_that_changes_while_read_is_refused(tmp_path, monkeypatch):
    from buckpass.events.loading import load as loading

    store, path = tmp_path / "s.duckdb", gdelt_file(tmp_path / "a.csv", many_gdelt(4))

    def grow_then_recognise(text, given, recognise=loading.recognise):
        with path.open("ab") as file:
            file.write(b"\t".join(c.encode() for c in gdelt_row()) + b"\n")
        return recognise(text, given)

    monkeypatch.setattr(loading, "recognise", grow_then_recognise)
    with pytest.raises(errors.FileChanged):
        load(store, [path])
    assert not store.exists()


def test_a_store_from_a_newer_version_is_left_alone(tmp_path):
    store, path = tmp_path / "s.duckdb", gdelt_file(tmp_path / "a.csv", many_gdelt(2))
    load(store, [path])
    with writing(store) as connection:
        connection.execute("UPDATE store_version SET version = ?", [VERSION + 1])
    before = store.read_bytes()
    with pytest.raises(errors.NewerStore, match=f"version {VERSION + 1}"):
        load(store, [gdelt_file(tmp_path / "b.csv", many_gdelt(3))])
    assert store.read_bytes() == before


@pytest.mark.parametrize("content", [b"this is no database " * 500, b""])
def test_another_file_is_no_store(tmp_path, content):
    store = tmp_path / "notes.txt"
    store.write_bytes(content)
    path = gdelt_file(tmp_path / "a.csv", many_gdelt(2))
    with pytest.raises(errors.NotAStore):
        load(store, [path])
    assert store.read_bytes() == content


@pytest.mark.slow
def test_two_processes_cannot_mix_their_rows(tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [gdelt_file(tmp_path / "a.csv", many_gdelt(2))])
    script = f"""
        from pathlib import Path
        from buckpass.events import errors, load
        try:
            load(Path({str(store)!r}), [Path({str(tmp_path / "a.csv")!r})])
        except errors.StoreBusy as error:
            print("busy:", error)
    """
    with writing(store):
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
        )
    assert done.stdout.startswith("busy: s.duckdb: another process")
    assert query(store, "SELECT count(*) AS n FROM events")["n"][0] == 2


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="limits the size of files as a full disk would")
def test_a_full_disk_leaves_the_store_as_it_was(tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [gdelt_file(tmp_path / "a.csv", many_gdelt(2))])
    place = GDELT1.index("Actor1Code")
    head, tail = ("\t".join(part) for part in (gdelt_row()[1:place], gdelt_row()[place + 1 :]))
    codes = [hashlib.sha256(str(k).encode()).hexdigest() for k in range(40_000)]  # what no store can press together
    big = write(tmp_path / "b.csv", "".join(f"{k}\t{head}\t{code}\t{tail}\n" for k, code in enumerate(codes)).encode())
    before = query(store, "SELECT * FROM events ORDER BY event_id")
    script = f"""
        import resource
        from pathlib import Path
        from buckpass.events import errors, load
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
        try:
            load(Path({str(store)!r}), [Path({str(big)!r})])
        except errors.StoreNotWritten as error:
            print("full:", error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    assert done.stdout.startswith("full: s.duckdb: could not be written"), done.stdout + done.stderr
    assert query(store, "SELECT * FROM events ORDER BY event_id").equals(before)
    assert query(store, "SELECT count(*) AS n FROM files")["n"][0] == 1
    assert not list(tmp_path.glob(".buckpass-*"))
    assert load(store, [gdelt_file(tmp_path / "c.csv", many_gdelt(3))]).rows_loaded == 3
    assert query(store, "SELECT count(*) AS n FROM events")["n"][0] == 3  # two of them stood there before


def test_the_parallel_reader_and_the_careful_one_load_the_same(tmp_path, monkeypatch):
    from buckpass.events.loading import insert

    rows = many_gdelt(500)
    rows[3][GDELT1.index("SQLDATE")] = "20221301"
    rows[9] = rows[9][:30]
    path = gdelt_file(tmp_path / "a.csv", rows)
    load(tmp_path / "fast.duckdb", [path])
    monkeypatch.setattr(insert, "_insert_parallel", lambda *arguments: None)
    load(tmp_path / "careful.duckdb", [path])
    fast, careful = (
        query(tmp_path / f"{n}.duckdb", "SELECT * FROM events ORDER BY event_id") for n in ("fast", "careful")
    )
    assert fast.equals(careful)
