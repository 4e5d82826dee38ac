"""A stranger's event files: whatever is in them, a load says what became of each, soon, and the store is whole."""

import gzip
import io
import os
import random
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_files import GDELT2, MILEX_LATIN1, SIPRI_REGISTER, WITS, dyad_months, gdelt_row, many_gdelt, quads
from made_tables import CONFLICTS as CONFLICT
from made_tables import GED, SUPPORT, acled, as_csv, conflict_year, ged_event, support, workbook

from buckpass.case import BuckpassError
from buckpass.events import load
from buckpass.events.errors import DamagedArchive
from buckpass.events.store import frame, reading

LONGEST = 5.0  # seconds of this process
MOST_MEMORY = 1_500_000  # KB
SEPARATORS, QUOTES = (b",", b"\t", b";", b"|", b"\x1f"), (b'"', b"'", b"")
TOKENS = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\r\n", b"\n\n", b'"', b'""', b'"\n', b"\t", b",", b";", b"\x1a", b"\\N", b"=1+1",
    b"1e400", b"9" * 400, b"nan", b"2022-02-30", b"<script>", b"\x1b[2J", b"\xe2\x80\xae", b"x" * 20_000, b"\xe2\x80\xa8", b"'", b"-9",
    b"'); DROP TABLE files; --", b"../../x", b"${HOME}", b"\x85", b"file_id", b"row",
)  # fmt: skip
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "latin-1", "cp1251", "shift_jis", "utf-7", "cp037")


def tables() -> dict[str, bytes]:
    """Small good files of every kind of publisher."""
    return {
        "gdelt": "".join("\t".join(row) + "\n" for row in many_gdelt(30)).encode(),
        "gdelt2": "".join("\t".join(gdelt_row(GDELT2, GLOBALEVENTID=str(n))) + "\n" for n in range(20)).encode(),
        "quads": quads(is_cut=False, days=3), "months": dyad_months({1: 3, 2: 4}), "milex": MILEX_LATIN1, "register": SIPRI_REGISTER,
        "wits": WITS, "ged": as_csv(GED, [ged_event(id=n) for n in range(20)]), "support": as_csv(SUPPORT, [support(id=n) for n in range(20)]),
        "conflicts": as_csv(CONFLICT, [conflict_year(year=1990 + n) for n in range(20)]),
        "acled": acled("africa 2016", *({"event_id_cnty": f"X{n}"} for n in range(20))),
    }  # fmt: skip


def spoiled(dice: random.Random, text: bytes) -> bytes:
    """A table with a few things wrong with it, as text."""
    for _ in range(dice.randrange(1, 4)):
        lines = text.split(b"\n")
        how, at = dice.randrange(10), dice.randrange(len(text) or 1)
        row = dice.randrange(len(lines))
        if how == 0:
            text = text[:at] + dice.choice(TOKENS) * dice.choice((1, 1, 3, 200)) + text[at:]
        elif how == 1:
            text = text[:at]
        elif how == 2:
            text = text.replace(dice.choice(SEPARATORS), dice.choice(SEPARATORS))
        elif how == 3:
            cells = lines[row].split(dice.choice(SEPARATORS))
            cells[dice.randrange(len(cells))] = dice.choice(TOKENS)
            lines[row] = b",".join(cells)
            text = b"\n".join(lines)
        elif how == 4:
            lines[row] += dice.choice(SEPARATORS) * dice.randrange(1, 300)
            text = b"\n".join(lines)
        elif how == 5:
            text = text.decode("latin-1").encode(dice.choice(ENCODINGS), "replace")
        elif how == 6:
            lines.insert(row, dice.choice(lines) * dice.choice((1, 2, 50)))
            text = b"\n".join(lines)
        elif how == 7:
            damaged = bytearray(text or b"x")
            for _ in range(dice.randrange(1, 30)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            text = bytes(damaged)
        elif how == 8:
            text = text.replace(b"\n", dice.choice((b"\r", b"\r\n", b"", b"\n\n", b"\x85", b'"\n')))
        else:
            lines[0] = dice.choice(
                (b"", b",".join(lines[0].split(b",")[::-1]), lines[0].upper(), lines[0] * 40, b"a,b,c", b'"')
            )
            text = b"\n".join(lines)
    return text


def packed(dice: random.Random, text: bytes) -> bytes:
    """A table as it is, or packed, and the archive perhaps damaged."""
    how, made = dice.randrange(8), io.BytesIO()
    if how == 0:
        made.write(gzip.compress(text))
    elif how == 1:
        with zipfile.ZipFile(
            made, "w", dice.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2))
        ) as archive:
            for name in dice.choice((("a.csv",), ("a.csv", "b.csv"), ("../a.csv",), ("/etc/x",), (".hidden",), ())):
                archive.writestr(name, text)
    else:
        return text
    content = bytearray(made.getvalue())
    for _ in range(dice.choice((0, 0, 1, 9)) if content else 0):
        content[dice.randrange(len(content))] = dice.randrange(256)
    return bytes(content[: dice.randrange(len(content))] if content and dice.random() < 0.15 else content)


def loaded_or_refused(store: Path, file: Path, said) -> bool:
    """Load one file; every row of it is accounted for, or it is said why none was loaded."""
    begun = time.process_time()
    try:
        report = load(store, [file], allow_rejects=True, all_columns=len(said) % 2 == 0)
        found, shown = report.files[0], str(report.as_dict())
        [str(one) for one in report.tables()]
    except (BuckpassError, OSError) as refusal:
        found, shown = None, str(refusal)
    assert time.process_time() - begun < LONGEST, said
    assert len(shown) < 100_000, said
    if found is None or found.was_known:
        return False
    assert found.rows_read == found.rows_loaded + found.rows_rejected, said
    with reading(store) as connection:
        rows = frame(connection, "SELECT count(*) AS n FROM rejects WHERE file_id = ?", [found.file_id])["n"][0]
    assert rows == found.rows_rejected, said
    return True


@pytest.mark.parametrize(
    "count",
    [
        10,
        pytest.param(150, marks=[pytest.mark.slow, pytest.mark.hostile]),
        pytest.param(500, marks=pytest.mark.exhaustive),
    ],
)
def test_no_file_does_harm(tmp_path, count, tried):
    dice, good, used = random.Random(count), tables(), 0
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    folder, store = tmp_path / "files", tmp_path / "s.duckdb"
    folder.mkdir()
    file = folder / "a.csv"
    for n in range(count):
        name = dice.choice(list(good))
        file.write_bytes(packed(dice, spoiled(dice, good[name])))
        used += loaded_or_refused(store, file, f"{count}, {n}: {name}")
        assert sorted(p.name for p in tmp_path.iterdir()) in (["files"], ["files", "s.duckdb"])
        assert [p.name for p in folder.iterdir()] == ["a.csv"]
    assert 0 < used < count
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MOST_MEMORY
    tried("event files", count)


@pytest.mark.slow
def test_good_files_of_every_kind_are_loaded(tmp_path):
    for name, content in tables().items():
        (tmp_path / "a.csv").write_bytes(content)
        assert loaded_or_refused(tmp_path / "s.duckdb", tmp_path / "a.csv", name), name


@pytest.mark.slow
def test_a_file_that_ends_after_its_header_has_no_rows(tmp_path):
    """Of one sheet a year over columns nothing had made the table that its rows are counted in."""
    for name, content in tables().items():
        lines = content.splitlines(keepends=True)
        for cut in range(1, 5):
            (tmp_path / "a.csv").write_bytes(b"".join(lines[:cut]))
            loaded_or_refused(tmp_path / f"{name}{cut}.duckdb", tmp_path / "a.csv", f"{name}{cut}")


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
BOMBS = {  # of each what is repeated, how often, and what stands before and after
    "wide rows": ("", '<row r="{n}"><c r="A{n}"><v>1</v></c></row>', 100_000, '<row r="100001"><c r="XFD100001"><v>1</v></c></row>'),
    "many rows": ("", "<row/>", 20_000_000, ""), "many cells": ("<row>", "<c/>", 30_000_000, "</row>"),
    "deep": ("", "<row>", 20_000_000, ""), "long cell": ('<row><c r="A1"><v>', "9", 120_000_000, "</v></c></row>"),
    "too large": ("", " ", 140_000_000, ""), "many columns": ("", '<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>', 20_000, ""),
}  # fmt: skip


def grown(kind: str) -> Iterator[bytes]:
    """The sheet of a bomb, piece by piece: tests hold none of them whole."""
    before, part, times, after = BOMBS[kind]
    yield (SHEET.partition("{}")[0] + before).encode()
    for begun in range(0, times, 100_000):
        pieces = range(begun + 1, min(begun + 100_000, times) + 1)
        yield ("".join(part.format(n=n) for n in pieces) if "{n}" in part else part * len(pieces)).encode()
    yield (after + SHEET.partition("{}")[2]).encode()


@pytest.mark.parametrize("kind", [pytest.param(k, marks=pytest.mark.slow) for k in BOMBS])
def test_a_workbook_that_grows_is_refused_before_it_has_grown(tmp_path, kind):
    """The same sheet of some kilobytes as a spreadsheet program, or whoever writes XML, can pack it."""
    file = workbook(tmp_path / "a.xlsx", {"first": [["a"]]}, {})
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            with archive.open(name, "w") as part:
                part.writelines(grown(kind) if name == "xl/worksheets/sheet1.xml" else [content])
    code = (
        "import sys, pathlib\nfrom buckpass.events import load\nfrom buckpass.events.errors import UnusableFile\n"
        "try: load(pathlib.Path(sys.argv[1]), [pathlib.Path(sys.argv[2])])\nexcept UnusableFile as refusal: print(refusal)\n"
        # of this program alone: getrusage counts what the one that started it held
        "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "s.duckdb", file], capture_output=True, text=True, timeout=600, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    refusal, kilobytes = done.stdout.splitlines()[0], int(done.stdout.splitlines()[-1])
    assert "a.xlsx" in refusal
    assert kilobytes < MOST_MEMORY


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["gz", "zip"])
def test_an_archive_that_grows_without_end_is_refused(tmp_path, ending):
    file, plain = tmp_path / f"a.{ending}", bytes(1 << 20)
    if ending == "gz":
        with gzip.open(file, "wb") as packed:
            for _ in range(300):
                packed.write(plain)
    else:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as packed:
            for _ in range(300):
                packed.write(plain)
    with pytest.raises(DamagedArchive, match="200 times"):
        load(tmp_path / "s.duckdb", [file])


def test_every_column_is_kept_of_files_that_differ_in_them(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_bytes(as_csv(CONFLICT, [conflict_year()]))
    second.write_bytes(as_csv((*CONFLICT, "file_id", "Row"), [[*conflict_year(year=1998), 7, 8]]))
    load(tmp_path / "s.duckdb", [first, second], all_columns=True)
    with reading(tmp_path / "s.duckdb") as connection:
        kept = frame(connection, "SELECT year, column_28, column_29 FROM raw_ucdp_conflicts ORDER BY year").rows()
    assert kept == [("1997", None, None), ("1998", "7", "8")]


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop"])
def test_what_is_no_plain_file_is_refused_unread(tmp_path, kind):
    file = tmp_path / "a.csv"
    {"pipe": lambda: os.mkfifo(file), "device": lambda: file.symlink_to("/dev/zero"), "folder": file.mkdir,
     "loop": lambda: file.symlink_to(file)}[kind]()  # fmt: skip
    assert not loaded_or_refused(tmp_path / "s.duckdb", file, kind)
