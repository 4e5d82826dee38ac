"""The rows of a CSV text with the line on which each starts, whatever spreadsheet wrote it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t")
# A check of a full table stays under five seconds; the flagship has 94, 934, 32 and 3,074 rows.
MOST_ROWS = {
    "crises.csv": 3_000,
    "responses.csv": 20_000,
    "own_operations.csv": 5_000,
    "series.csv": 80_000,
    "alignments.csv": 10_000,
    "requests.csv": 6_000,
}


@dataclass(frozen=True)
class Row:
    """The cells of one row and the line on which it starts."""

    line: int
    cells: list[str]


class Unreadable(ValueError):
    """The text cannot be read beyond `line`."""

    def __init__(self, line: int, message: str, hint: str):
        super().__init__(message)
        self.line, self.message, self.hint = line, message, hint


def read_rows(text: str, known_columns: Sequence[str], most: int) -> Iterator[Row]:
    """The rows of a text, the header first; empty rows are left out.

    The separator is the one of `,`, `;` and tab under which most words of the header are known columns. Excel's own
    first line `sep=;` is skipped. Raises `Unreadable` at a quotation mark that does not close and beyond `most` rows.
    """
    skipped = 0
    first_line = _first_line(text)
    if first_line.lower().startswith("sep="):
        text, skipped = text.lstrip("\r\n")[len(first_line) :].lstrip("\r").removeprefix("\n"), 1
        first_line = _first_line(text)
    yield from _split(text, _delimiter(first_line, known_columns), skipped, most)


def delimiter_of(text: str, known_columns: Sequence[str]) -> str:
    """The separator of a text, as `read_rows` finds it."""
    lines = (line for line in text[:10_000].splitlines() if line.strip() and not line.lower().startswith("sep="))
    return _delimiter(next(lines, ""), known_columns)


def _first_line(text: str) -> str:
    return text[:10_000].lstrip("\r\n").split("\n", 1)[0].rstrip("\r")


def _delimiter(header: str, known_columns: Sequence[str]) -> str:
    def recognised(delimiter: str) -> int:
        return sum(word.strip().strip('"') in known_columns for word in header.split(delimiter))

    return max(DELIMITERS, key=recognised)


def _split(text: str, delimiter: str, skipped: int, most: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count = 0
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = 'close every quotation mark; inside a quoted cell write " as ""'
            raise Unreadable(line, f"the row that starts here cannot be read: {error}", hint) from None
        if any(cell.strip() for cell in cells):
            count += 1
            yield Row(line, cells)
        if count > most:
            raise Unreadable(line, f"more than {most:,} rows: the rest is not read", "keep the rows that the case uses")
