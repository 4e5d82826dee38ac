"""Damaged rows: no crash, and every row either loaded right or rejected."""

import datetime as dt
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_files import GDELT1, gdelt_row

from buckpass.events import load
from buckpass.events.store import frame, reading

INTERESTING = [
    "",
    "-9",
    "0",
    "1e400",
    "nan",
    "20220230",
    "99999999",
    "\u00e9",
    "'",
    '"',
    "; DROP TABLE events",
    "10",
    "0" * 400,
]
# each example is a file: shrinking one would take minutes
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
HARD_BYTES = [b"\xff", b"\x00", b"\r", b"\t", b'"', b"\\N", b"\xef\xbb\xbf", b"\xe2\x80\xa8"]

mutation = st.one_of(
    st.tuples(st.just("cell"), st.integers(0, 57), st.one_of(st.sampled_from(INTERESTING), st.text(max_size=6))),
    st.tuples(st.just("bytes"), st.integers(0, 300), st.one_of(st.sampled_from(HARD_BYTES), st.binary(max_size=3))),
    st.tuples(st.just("cut"), st.integers(1, 300), st.just(b"")),
)


def mutated(event_id: int, how) -> bytes:
    kind, where, what = how
    row = gdelt_row(GLOBALEVENTID=str(event_id))
    if kind == "cell":
        row[where] = what.encode(errors="replace").decode()
    line = "\t".join(row).encode()
    if kind == "bytes":
        line = line[:where] + what + line[where:]
    return line[:where] if kind == "cut" else line


def expected(line: bytes):
    """An independent reading of one line: (id, day, code) when it is right, None when it must be rejected."""
    try:
        cells = line.removesuffix(b"\r").decode().split("\t")
    except UnicodeDecodeError:
        return None
    cells = cells[:-1] if len(cells) == 59 and not cells[-1] else cells
    if "\0" in line.decode() or len(cells) not in (57, 58):
        return None
    cell = dict(zip(GDELT1, [*cells, ""], strict=False))
    try:
        number, mentions = (whole(cell[name]) for name in ("GLOBALEVENTID", "NumMentions"))
        day = (
            dt.datetime.strptime(cell["SQLDATE"], "%Y%m%d").date()
            if re.fullmatch("[0-9]{8}", cell["SQLDATE"])
            else None
        )
        goldstein = number_of(cell["GoldsteinScale"]) if cell["GoldsteinScale"] else 0.0
    except (ValueError, OverflowError):
        return None
    root, code = cell["EventRootCode"], cell["EventCode"]
    right = (
        day
        and 0 <= mentions <= 1e7
        and -10 <= goldstein <= 10
        and cell["IsRootEvent"] in ("0", "1")
        and cell["DATEADDED"]
    )
    two = "0" + root if len(root) == 1 else root
    code = "0" + code if len(root) == 1 and not code.startswith("0") else code
    right = right and re.fullmatch("(0[1-9]|1[0-9]|20)[0-9]{0,2}", code) and root and code.startswith(two)
    return (number, day, code) if right else None


def number_of(text: str) -> float:
    if not text.isascii():  # float() strips every blank of Unicode, which no number of a data file has
        raise ValueError(text)
    return float(text)


def whole(text: str) -> int:
    if not re.fullmatch(r"[-+]?[0-9]+(\.0*)?", text, re.ASCII):
        raise ValueError(text)
    return int(float(text))


def check(mutations) -> None:
    lines = [mutated(1000 + k, how) for k, how in enumerate(mutations)]
    lines = [b"\t".join(c.encode() for c in gdelt_row(GLOBALEVENTID="7")), *lines]
    content = b"".join(line + b"\n" for line in lines)
    records = [line for line in content.split(b"\n") if line.removesuffix(b"\r")]
    with tempfile.TemporaryDirectory() as folder:
        path, store = Path(folder) / "a.csv", Path(folder) / "s.duckdb"
        path.write_bytes(content)
        report = load(store, [path], allow_rejects=True).files[0]
        with reading(store) as connection:
            loaded = frame(connection, "SELECT event_id, day, code FROM event_rows WHERE problem IS NULL").rows()
            rejects = frame(connection, "SELECT count(*) AS n FROM rejects")["n"][0]
    right = [found for record in records if (found := expected(record)) is not None]
    assert report.rows_read == len(records) == len(loaded) + rejects
    wrong = {number for number, _, _ in set(loaded) ^ set(right)}
    assert not [line for line in lines if any(str(number).encode() in line for number in wrong)]
    assert len(loaded) == len(right)


@settings(max_examples=4, phases=NO_SHRINKING, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(mutation, min_size=200, max_size=200))
def test_mutated_rows_are_loaded_right_or_rejected(mutations):
    check(mutations)


@pytest.mark.slow
@settings(max_examples=110, phases=NO_SHRINKING, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(mutation, min_size=100, max_size=100))
def test_ten_thousand_mutated_rows(mutations):
    check(mutations)
