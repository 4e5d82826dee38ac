"""Alignments as a table, phases, coalitions, acts of one's own, scenarios, `migrate`, and rows saved by the dashboard's *Code*."""

import csv
import io
import os
import random
import shutil
import time
from pathlib import Path

import pytest
from test_data_files import SQUARE

from buckpass.case import BuckpassError, load_case
from buckpass.case.coding_sheet import load_sheet
from buckpass.case.start import TEMPLATE
from buckpass.case.writing.migrate import migrate
from buckpass.changes.check import check_case
from buckpass.measured import measure
from buckpass.measured.coders import agreement_table
from buckpass.results.files import json_text

LONGEST = 5.0  # seconds of this process
COALITION = """
[[coalitions]]
id = "Willing"
name = "Coalition of 2016"
members = ["AAA", "BBB"]
lead = "AAA"
hosts = ["DDD"]
from = 2016-01-01
to = 2016-12-31
reason = "announced together"
sources = ["example2019"]
cost_share = { value = 1.0, label = "assumed", reason = "none" }
legitimacy = { value = 1.0, label = "assumed", reason = "none" }

[[actors]]
id = "Vasten"
name = "Vasten Group"
kind = "company"
sponsor = "BBB"
reason = "flown in by it"
sources = ["example2019"]
"""
SCENARIO = (
    'title = "Dear"\nquestion = "What then?"\nreason = "a guess"\nset = ["AAA.cost=2x"]\nsources = ["example2019"]\n'
)
WORDS = (
    "", " ", "=1+1", "-1", "0", "7", "9", "10", "1e400", "nan", "1.5", "-1.5", "2005-02-30", "9999-12-31", "0001-01-01", "2016", "2016-05", "AAA", "DDD", "PACT",
    "Willing", "Vasten", "ZZZ", "AAA;BBB", ";;", "against", "for", "unknown", "seen", "machine", "none", "../x", "\x1b[2J", "\u202eabc", "\ud7ff",
    "line\nbreak", 'a "b" c', "y" * 4_000, "valley", "2020/2019", "2005-03-20/2005-04-30", "true", "\x00", "\x85", "=HYPERLINK(1)", "1,5", "dalen_2005",
)  # fmt: skip
TOKENS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"[", b"[[coalitions]]", b"]", b"{", b"}", b"=", b'"', b"'''", b"#", b"-1", b"1e999", b"nan", b"0000-00-00",
    b"9999-12-31", b'"AAA"', b'"ZZZ"', b"[]", b"{}", b"true", b"a.b.c = 1", b"\xe2\x80\xae", b"members = []", b'["AAA", 1]', b"x" * 3_000, b"7", b"0.5",
)  # fmt: skip


@pytest.fixture(scope="module")
def rich(tmp_path_factory) -> dict[str, bytes]:
    """The files of a small case that has every part that came late, by their names."""
    folder = shutil.copytree(TEMPLATE, tmp_path_factory.mktemp("rich") / "case")
    with (folder / "case.toml").open("a", encoding="utf-8") as file:
        file.write(COALITION)
    migrate(folder)
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "dear.toml").write_text(SCENARIO, "utf-8")
    rows = list(csv.DictReader((folder / "responses.csv").read_text("utf-8").splitlines()))
    columns = [*rows[0], "phase", "from", "direction", "coder"]
    acts = [row | {"phase": "", "from": "", "direction": "for", "coder": ""} for row in rows]
    later = acts[0] | {"phase": "2", "from": "2005-04-10", "rung": "5", "rung_low": "5", "rung_high": "5"}
    own = [acts[0] | {"vehicle": "", "scope": "own_assets"}]
    for name, table in (("responses.csv", [{**acts[0], "phase": "1"}, later, *acts[1:]]), ("own_operations.csv", own)):
        names = columns if name == "responses.csv" else columns[:-4]
        out = io.StringIO()
        writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
        (folder / name).write_text(out.getvalue(), "utf-8")
    (folder / "geometry.json").write_text(json_text(SQUARE), "utf-8")
    found = check_case(folder)
    assert found.ok, [str(p) for p in found.errors]
    assert (folder / "alignments.csv").is_file()
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def spoiled(dice: random.Random, name: str, content: bytes) -> bytes:
    """A table with cells, rows or columns changed, or a text with tokens put in, cut out or doubled."""
    if name.endswith(".csv") and dice.random() < 0.8:
        rows = list(csv.reader(io.StringIO(content.decode())))
        for _ in range(dice.randrange(1, 4)):
            row, how = dice.randrange(len(rows)), dice.randrange(8)
            at = dice.randrange(len(rows[row]) or 1)
            if how < 5 and rows[row]:
                rows[row][at] = dice.choice(WORDS)
            elif how == 5:
                rows.insert(row, list(rows[row]))
            elif how == 6 and len(rows) > 1:
                rows.pop(row)
            elif rows[row]:
                rows[row].pop(at)
        out = io.StringIO()
        csv.writer(out, delimiter=dice.choice(",,,;\t"), lineterminator="\n").writerows(rows)
        return out.getvalue().encode(dice.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16")), "replace")
    for _ in range(dice.randrange(1, 3)):
        at = dice.randrange(len(content) + 1)
        how, to = dice.randrange(4), at + dice.randrange(50)
        put = (dice.choice(TOKENS), b"", content[at:to] * dice.choice((2, 3, 40)), dice.choice(TOKENS) + b"\n")[how]
        content = content[: content.rfind(b"\n", 0, at) + 1 if how == 3 else at] + put + content[to if how else at :]
    return content


def in_folder(folder: Path, files: dict[str, bytes]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


SLOW = [pytest.mark.slow, pytest.mark.hostile]


@pytest.mark.slow
@pytest.mark.parametrize("count", [40, pytest.param(300, marks=SLOW)])
def test_a_late_part_is_read_or_refused_and_migrated_or_left(rich, tmp_path, count, tried):
    """Where `check` is content the record can be measured, and `migrate` says the same in the new form, or leaves it."""
    dice, passed, moved = random.Random(count), 0, 0
    names = [
        "alignments.csv",
        "responses.csv",
        "own_operations.csv",
        "case.toml",
        "scenarios/dear.toml",
        "geometry.json",
    ]
    for n in range(count):
        name = names[n % len(names)]
        folder = in_folder(tmp_path / "case", rich | {name: spoiled(dice, name, rich[name])})
        begun, said = time.process_time(), f"{count}, {n}: {name}"
        found = check_case(folder)
        assert all(len(str(p)) < 2_000 and str(p).isprintable() for p in found.problems), said
        if found.ok:
            passed += 1
            measure(found.case).as_dict()
            agreement_table(found.case, 0)
            before = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
            shutil.rmtree(tmp_path / "moved", ignore_errors=True)
            try:
                migrate(folder, tmp_path / "moved")
            except BuckpassError:
                assert not (tmp_path / "moved").exists(), said
            else:
                moved += 1
                assert load_case(tmp_path / "moved").settings == found.case.settings, said
            assert {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before, said
        assert time.process_time() - begun < LONGEST, said
        assert {p.name for p in tmp_path.iterdir()} <= {"case", "moved"}, said
    assert 0 < moved <= passed < count
    tried("late parts of a case, and migrate", count)


def test_a_migration_that_ended_between_its_files_is_gone_on_with(tmp_path, monkeypatch):
    """Both forms stand in the folder then, which every verb refuses; `migrate` again finishes what it had begun."""
    from buckpass.case.writing import migrate as module

    folder = shutil.copytree(TEMPLATE, tmp_path / "case")
    before, write = load_case(folder).settings, module.write_whole

    def killed(path, text):
        if path.name == "case.toml":
            raise KeyboardInterrupt
        write(path, text)

    monkeypatch.setattr(module, "write_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        migrate(folder)
    monkeypatch.undo()
    assert not check_case(folder).ok
    migrate(folder)
    assert load_case(folder).settings == before


def test_migrate_takes_no_link_and_no_pipe_along(rich, tmp_path):
    """A stranger's folder: what its links lead to would stand in a copy that its user may hand on."""
    folder = in_folder(tmp_path / "case", rich)
    (tmp_path / "secret").write_text("not to be handed on")
    (folder / "notes.txt").symlink_to(tmp_path / "secret")
    (folder / "endless").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    migrate(folder, tmp_path / "moved")
    moved = tmp_path / "moved"
    assert {p.name for p in moved.iterdir() if p.is_symlink()} == {"notes.txt", "endless", "loop"}
    assert not (moved / "pipe").exists()
    assert all(
        "not to be handed on" not in p.read_text("utf-8", "replace")
        for p in moved.rglob("*")
        if not p.is_symlink() and p.is_file()
    )


def cells_of(dice: random.Random) -> dict[str, str]:
    """What a form, or whoever speaks to the server in its place, sends for one row."""
    own = {"crisis_id": "dalen_2005", "actor": "AAA", "coder": "", "kind": "state", "rung": "4", "rung_low": "4", "rung_high": "5", "date": "2005-04",
           "stance": "support", "scope": "host_support", "basis": "seen", "source_id": "example2019", "detail": "Café, “two” lines"}  # fmt: skip
    for _ in range(dice.randrange(1, 4)):
        own[dice.choice([*own, "phase", "from", "direction", "vehicle", "nothing", "\x00"])] = dice.choice(
            (*WORDS, "\ud800", "a\r\nb,c")
        )
    return own


@pytest.mark.slow
@pytest.mark.parametrize("count", [30, pytest.param(200, marks=SLOW)])
def test_a_row_of_any_content_is_saved_whole_or_refused(rich, tmp_path, count, tried):
    """What is saved passes `check` and is read back; what is refused leaves the file as it was."""
    dice, saved = random.Random(count), 0
    folder = in_folder(tmp_path / "case", rich)
    for n in range(count):
        if n % 20 == 0:
            in_folder(folder, rich)
        before, given = (folder / "responses.csv").read_bytes(), cells_of(dice)
        begun = time.process_time()
        try:
            now = load_sheet(folder).save(given)
        except BuckpassError as reason:
            now, refused = None, str(reason)
        if now is None:
            assert (folder / "responses.csv").read_bytes() == before, given
            assert len(refused) < 6_000, given
        else:
            saved += 1
            assert check_case(folder).ok, given
            assert now.text == load_sheet(folder).text, given
        assert time.process_time() - begun < LONGEST, given
        assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()) == sorted(rich), given
    assert 0 < saved < count
    tried("rows saved by Code", count)


@pytest.mark.parametrize("what", ["pipe", "folder", "gone", "read-only", "a pipe of our name"])
def test_a_folder_that_changed_under_the_form_is_said(rich, tmp_path, what):
    folder = in_folder(tmp_path / "case", rich)
    sheet, file = load_sheet(folder), folder / "responses.csv"
    if what == "a pipe of our name":
        os.mkfifo(folder / ".buckpass-left")
    elif what == "read-only":
        folder.chmod(0o500)
    else:
        file.unlink()
        {"pipe": lambda: os.mkfifo(file), "folder": file.mkdir, "gone": lambda: None}[what]()
    cells = {"crisis_id": "dalen_2005", "actor": "AAA", "coder": "", "phase": "1", "detail": "anew"}
    is_fine = what == "a pipe of our name" or (what == "read-only" and os.geteuid() == 0)
    try:
        sheet.save(cells)
    except BuckpassError:
        assert not is_fine
    else:
        assert is_fine
    folder.chmod(0o700)
