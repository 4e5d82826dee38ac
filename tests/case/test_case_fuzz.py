"""Whatever is done to the files of a case, it is read or refused: no exception, no hang, no file touched."""

import csv
import io
import resource
import shutil
import signal
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckpass.case import codebook, diff_cases, json_schema
from buckpass.case.start import TEMPLATE
from buckpass.changes import override_paths
from buckpass.changes.check import check_case

FILES = ("case.toml", "crises.csv", "responses.csv", "series.csv", "claims.toml", "sources.bib")
TABLES = FILES[1:4]
ORIGINAL = {name: (TEMPLATE / name).read_bytes() for name in FILES}
ROWS = {name: list(csv.reader(io.StringIO(ORIGINAL[name].decode()))) for name in TABLES}
LONGEST = 5.0  # seconds of this process, however busy the machine
WAITING = 120  # seconds by the clock: what waits for something takes no time of its own
MOST_MEMORY = 1_000_000  # KB
FAST, SLOW, ALL = 40, 1_000, 2_500

TOKENS = (
    b'\x00', b'\xff\xfe', b'\xef\xbb\xbf', b'\r', b'\r\n', b'\n\n', b'"', b"'", b'"""', b"'''", b',', b';', b'\t',
    b'[', b']', b'[[', b'{', b'}', b'=', b'#', b'@', b'@string{a=a#a}', b'@comment{', b'\\', b'\\u0000',
    b'\\UFFFFFFFF', b'../../etc/passwd', b'=1+1', b"9" * 400, b'-1', b'1e999', b'nan', b'0000-00-00', b'9999-12-31',
    b'1,2', b'<script>', b'!!python/object', b'${HOME}', b'*', b'[powers]', b'[[powers]]', b'schema_version = 2',
    b'a.b.c.d.e = 1', b'\xe2\x80\xae', b'\xc3', b"x" * 3000, b'((((((((', b"{" * 60,
)  # fmt: skip
CELLS = (
    '', ' ', '=1+1', '=HYPERLINK("http://x","y")', '@SUM(A1)', '+1', '-1', '7', '1e400', 'nan', '0,5', '1,234',
    '31.12.2021', '05/04/2021', '2021-02-30', '9999-12', 'AAA;BBB', ';;;', 'AAA;', 'AAB', 'yes', 'unknown', 'None',
    '*', '../x', '<b>x</b>', 'line\nbreak', 'a "b" c', '\u202eabc', '\ud7ff', "0" * 5000, '2020/2019', 'true',
    '\x07',
)  # fmt: skip


@st.composite
def spoiled_bytes(draw) -> tuple[str, bytes]:
    """One file with some bytes cut out, doubled, flipped, moved or replaced by something awkward."""
    name = draw(st.sampled_from(FILES))
    content = ORIGINAL[name]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        stop = start + draw(st.integers(0, 60))
        middle = content[start:stop]
        how = draw(st.sampled_from(("cut", "double", "flip", "token", "random", "truncate")))
        if how == "cut":
            middle = b""
        elif how == "double":
            middle = middle * draw(st.integers(2, 30))
        elif how == "flip":
            middle = bytes(byte ^ (1 << draw(st.integers(0, 7))) for byte in middle[:4]) + middle[4:]
        elif how == "token":
            middle = draw(st.sampled_from(TOKENS)) * draw(st.sampled_from((1, 1, 1, 2, 50)))
        elif how == "random":
            middle = draw(st.binary(max_size=20))
        content = content[:start] + middle + (b"" if how == "truncate" else content[stop:])
    return name, content


@st.composite
def spoiled_cells(draw) -> tuple[str, bytes]:
    """One table with some cells, rows or columns replaced, doubled or lost, as a spreadsheet might save it."""
    name = draw(st.sampled_from(TABLES))
    rows = [list(row) for row in ROWS[name]]
    for _ in range(draw(st.integers(1, 5))):
        row = draw(st.integers(0, len(rows) - 1))
        column = draw(st.integers(0, max(0, len(rows[row]) - 1)))
        how = draw(st.sampled_from(("cell", "cell", "cell", "text", "swap", "double row", "lose row", "lose cell")))
        if how == "cell" and rows[row]:
            rows[row][column] = draw(st.sampled_from(CELLS))
        elif how == "text" and rows[row]:
            rows[row][column] = draw(st.text(max_size=12))
        elif how == "swap" and rows[row]:
            other = draw(st.integers(0, len(rows[row]) - 1))
            rows[row][column], rows[row][other] = rows[row][other], rows[row][column]
        elif how == "double row":
            rows.insert(row, list(rows[row]))
        elif how == "lose row" and len(rows) > 1:
            rows.pop(row)
        elif how == "lose cell" and rows[row]:
            rows[row].pop(column)
    out = io.StringIO()
    csv.writer(out, delimiter=draw(st.sampled_from(",;\t"))).writerows(rows)
    return name, out.getvalue().encode(draw(st.sampled_from(("utf-8", "utf-8-sig", "utf-16"))), errors="replace")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory) -> Path:
    return shutil.copytree(TEMPLATE, tmp_path_factory.mktemp("fuzz") / "case")


def _waited(*_):
    raise TimeoutError(f"a case was not read within {WAITING} s: it waits for something")


def read_or_refused(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    before = set(folder.parent.rglob("*"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.signal(signal.SIGALRM, _waited)
    signal.alarm(WAITING)
    start = time.process_time()
    check = check_case(folder)
    lines = [str(problem) for problem in check.problems]
    if check.case is not None:
        assert len(codebook(check.case)) > 0
        assert diff_cases(check.case, check.case).is_same
        assert override_paths(check.case)
    took = time.process_time() - start
    signal.alarm(0)
    (folder / name).write_bytes(ORIGINAL[name])
    assert took < LONGEST
    assert check.ok == (check.case is not None) == (not check.errors)
    assert all(len(line) < 2000 and "\n" not in line and line.isprintable() for line in lines), lines
    assert set(folder.parent.rglob("*")) == before
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MOST_MEMORY


def tries(number):
    return settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck))


many = pytest.mark.parametrize(
    "number",
    [
        pytest.param(SLOW, marks=[pytest.mark.slow, pytest.mark.hostile]),
        pytest.param(ALL, marks=pytest.mark.exhaustive),
    ],
)


@pytest.mark.slow
@tries(FAST)
@given(spoiled_bytes())
def test_spoiled_bytes(fuzzed, spoiled):
    read_or_refused(fuzzed, *spoiled)


@tries(FAST)
@given(spoiled_cells())
def test_spoiled_cells(fuzzed, spoiled):
    read_or_refused(fuzzed, *spoiled)


@many
@pytest.mark.parametrize("spoiling", [spoiled_bytes(), spoiled_cells()], ids=["bytes", "cells"])
def test_spoiled_many(fuzzed, spoiling, number, tried):
    tries(number)(given(spoiling)(lambda spoiled: read_or_refused(fuzzed, *spoiled)))()
    tried("cases", number)


def test_the_schema_needs_no_case():
    assert json_schema("case.toml")["title"] == "Settings"
