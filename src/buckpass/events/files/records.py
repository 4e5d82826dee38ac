"""Records of a table one batch at a time, for every table that the parallel parser cannot take as it is.

A record that cannot be split into the right number of cells, or that holds bytes that are no text, comes back as a
reject with its number and its reason: nothing is dropped.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from buckpass.events.files.recognise import Recognised
from buckpass.events.files.source_file import Text

BATCH = 50_000
LONGEST_CELL = 1 << 24
SHOWN = 500


@dataclass(frozen=True)
class Reject:
    """One record that was not loaded: its number in the file (header not counted), why, and what it looked like."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True)
class Batch:
    """Up to `BATCH` records as cells, with their numbers, and the rejects among them."""

    rows: list[int]
    cells: list[list[str]]
    rejects: list[Reject]

    @property
    def read(self) -> int:
        """How many records of the file the batch accounts for."""
        return len(self.rows) + len(self.rejects)


def batches(text: Text, found: Recognised) -> Iterator[Batch]:
    """The records of a file, in its order."""
    records = _quoted(text, found) if found.is_quoted else _unquoted(text, found)
    rows: list[int] = []
    cells: list[list[str]] = []
    rejects: list[Reject] = []
    for row, record in records:
        if isinstance(record, Reject):
            rejects.append(record)
        else:
            rows.append(row)
            cells.append(record)
        if len(rows) + len(rejects) >= BATCH:
            yield Batch(rows, cells, rejects)
            rows, cells, rejects = [], [], []
    if rows or rejects:
        yield Batch(rows, cells, rejects)


Records = Iterator[tuple[int, "list[str] | Reject"]]


def _unquoted(text: Text, found: Recognised) -> Records:
    width = len(found.columns)
    # GDELT 1.0 rows of before 2013 end one column earlier
    shortest = width - 1 if found.layout.id == "gdelt1" and found.is_machine_written else width
    row = 0
    with text.path.open("rb") as file:
        for number, raw in enumerate(file):
            line = raw.rstrip(b"\n").removesuffix(b"\r")
            if number < found.skipped or not line:
                continue
            row += 1
            yield row, _split(row, line, found, shortest)


def _split(row: int, line: bytes, found: Recognised, shortest: int) -> list[str] | Reject:
    try:
        text = line.decode(found.encoding).removeprefix("\ufeff" if row == 1 else "")
    except UnicodeDecodeError as error:
        return Reject(row, f"not {found.encoding}: byte {error.object[error.start]:#x}", repr(line[:SHOWN]))
    if "\0" in text:
        return Reject(row, "a null byte", repr(line[:SHOWN]))
    return _right_width(row, text.split(found.separator), found, shortest)


def _right_width(row: int, cells: list[str], found: Recognised, shortest: int) -> list[str] | Reject:
    width = len(found.columns)
    if len(cells) == width + 1 and not cells[-1]:
        cells = cells[:-1]  # a separator at the end of the line adds no cell
    if not shortest <= len(cells) <= width:
        return Reject(row, f"{len(cells)} cells where {width} are expected", found.separator.join(cells)[:SHOWN])
    return cells + [""] * (width - len(cells))


def _quoted(text: Text, found: Recognised) -> Records:
    with _long_cells(), text.path.open(encoding=found.encoding, errors="surrogateescape", newline="") as file:
        for _ in range(found.skipped):
            file.readline()
        reader, row = csv.reader(file, delimiter=found.separator), 0
        while True:
            row += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield row, Reject(row, str(error), "")
                continue
            if not cells or (found.layout.unpivot and not any(cells[1:])):
                row -= 1  # a blank line, or the heading of a group of countries
            else:
                yield row, _checked(row, cells, found)


@contextmanager
def _long_cells() -> Iterator[None]:
    """Longer cells than Python's reader takes by itself; its limit is the process's, so it is put back."""
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _checked(row: int, cells: list[str], found: Recognised) -> list[str] | Reject:
    text = found.separator.join(cells)
    if not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text):
        return Reject(row, f"not {found.encoding}", repr(text[:SHOWN]))
    if "\0" in text:
        return Reject(row, "a null byte", repr(text[:SHOWN]))
    return _right_width(row, cells, found, len(found.columns))
