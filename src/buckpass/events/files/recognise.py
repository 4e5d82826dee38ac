"""What a table is, told by its content: never by its name."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from buckpass.events.errors import LacksColumns, NotRead, UnrecognisedFile
from buckpass.events.files.layouts import Layout, layouts, tidy
from buckpass.events.files.not_read import looks_like
from buckpass.events.files.source_file import Text

HEAD = 1 << 18
PREAMBLE = 30
SEPARATORS = ("\t", ",", ";", "|")
LOOKED_AT = 50
NEAR = 0.6  # share of a layout's marks from which a table is said to look like it
YEARS = range(1800, 2101)
BLANK = (" ", "\u00a0")


@dataclass(frozen=True)
class Recognised:
    """The layout of a table and how it is written: separator, quotes, encoding, lines before the data, its columns.

    `columns` are the names in the table's own order; `place` gives the position of each kept column that it has, `years`
    those of columns headed by a year, `lacks` the kept columns that it has not, `title` what its title says of the figures.
    """

    layout: Layout
    separator: str
    is_quoted: bool
    encoding: str
    skipped: int
    columns: tuple[str, ...]
    place: dict[str, int]
    years: dict[int, int] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    title: str = ""
    is_trimmed: bool = False  # no cell begins or ends with a blank or a quote

    @property
    def is_machine_written(self) -> bool:
        """Whether the table has no header and tabs, as its publisher writes it: its cells need no trimming."""
        return bool(self.layout.names) and self.separator == "\t" and self.skipped == 0


def recognise(text: Text, given: Path) -> Recognised:
    """The layout of a table from its first lines.

    Raises
    ------
    UnrecognisedFile, NotRead, LacksColumns.
    """
    with text.path.open("rb") as file:
        head = file.read(HEAD)
    if head.count(b"\0") > len(head) // 50:
        raise UnrecognisedFile(given, "binary content")
    found = _by_position(_lines(head, "utf-8"))
    if found is not None and found.is_machine_written:
        return found  # written by a machine, in UTF-8: a line that is not UTF-8 is a damaged line
    encoding = _encoding(text)
    lines = _lines(head, encoding)
    found = _by_header(lines, given) or _by_position(lines)
    if found is None:
        raise _why_not(lines, given)
    return replace(found, encoding=encoding, is_trimmed=not found.is_quoted and _is_trimmed(text.path, found.separator))


def _is_trimmed(path: Path, separator: str) -> bool:
    """Whether no cell of a text without quotes begins or ends with a blank or a quote: looked for once, not in each cell."""
    ends = [edge + other for edge in (separator, "\n") for other in (*BLANK, '"')]
    marks = [mark.encode() for end in ends for mark in (end, end[::-1])]
    kept = b"\n"
    with path.open("rb") as file:
        while chunk := file.read(HEAD):
            looked = kept[-2:] + chunk.replace(b"\r\n", b"\n")
            if any(mark in looked for mark in marks):
                return False
            kept = chunk
    return True


def _lines(head: bytes, encoding: str) -> list[str]:
    """The whole lines at the start of a text."""
    lines = head.decode(encoding, "replace").removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    return lines[:-1] if len(head) == HEAD else lines


def _why_not(lines: list[str], given: Path) -> Exception:
    """What a table that was not recognised looks like, as far as its header says."""
    for header in _headers(lines):
        names = [tidy(cell) for cell in header]
        kind = looks_like(names)
        if kind is not None:
            return NotRead(given, kind.name, kind.advice)
        if len(_years(header)) >= 5:
            return UnrecognisedFile(
                given,
                "one row a country and one column a year, without a mark of its publisher: the figures may be anything",
            )
        near = max((x for x in layouts() if x.signature), key=lambda x: _share(x, names))
        if _share(near, names) == 1:
            return UnrecognisedFile(given, f"the columns of {near.says} among many of others: a table made from it")
        if _share(near, names) >= NEAR:
            return LacksColumns(given, near.says, sorted(near.signature - _known(near, names)))
    if not any(line.strip() for line in lines):
        return UnrecognisedFile(given, "an empty file")
    return UnrecognisedFile(given, f"first line {lines[0][:100]!r}")


def _share(known: Layout, names: Sequence[str]) -> float:
    return len(_known(known, names) & known.signature) / len(known.signature)


def _known(known: Layout, names: Sequence[str]) -> set[str]:
    """The names of a header, and what a layout calls those that go by another name."""
    own = set(names)
    return own | {tidy(c.source) for c in known.columns if own.intersection(c.names)}


def _encoding(text: Text) -> str:
    """UTF-8 unless most lines with accents are not; then Windows' Latin-1 where all its bytes are letters of it."""
    if text.facts.is_utf8:
        return "utf-8"
    valid = invalid = 0
    is_windows = True
    with text.path.open("rb") as file:
        for line in file:
            if not line.isascii():
                if _decodes(line, "utf-8"):
                    valid += 1
                else:
                    invalid += 1
                    is_windows = is_windows and _decodes(line, "cp1252")
    if invalid <= valid:
        return "utf-8"
    return "cp1252" if is_windows else "latin-1"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _cells(line: str, separator: str) -> list[str]:
    if separator == "\t":
        return [cell.strip('"') for cell in line.split("\t")]
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _headers(lines: list[str]) -> Iterator[list[str]]:
    """The first lines as cells, by the separator that gives most of them."""
    for line in lines[:PREAMBLE]:
        cells = max((_cells(line, separator) for separator in SEPARATORS), key=len)
        if len(cells) > 2:
            yield cells


def _by_header(lines: list[str], given: Path) -> Recognised | None:
    known = sorted((x for x in layouts() if x.signature), key=lambda x: -len(x.signature))
    for number, line in enumerate(lines[:PREAMBLE]):
        for separator in SEPARATORS:
            cells = _cells(line, separator)
            names = [tidy(cell) for cell in cells] if len(cells) > 1 else []
            for candidate in known if names else ():
                if candidate.signature <= _known(candidate, names) and _is_its_own(candidate, cells, lines):
                    return _placed(candidate, separator, cells, lines[: number + 1], given)
    return None


def _is_its_own(candidate: Layout, cells: list[str], lines: list[str]) -> bool:
    """Whether a table with a layout's columns is the publisher's: it has a mark of it, or few columns of anybody else."""
    if candidate.marks:
        text = "\n".join(lines)
        return any(re.search(mark, text, re.DOTALL) for mark in candidate.marks)
    if not candidate.is_generic:
        return True
    own = {name for column in candidate.columns for name in column.names} | candidate.signature | set(candidate.also)
    foreign = [cell for cell in cells if cell.strip() and tidy(cell) not in own]
    return 2 * len(foreign) <= len(cells) - len(foreign)


def _placed(found: Layout, separator: str, cells: list[str], before: list[str], given: Path) -> Recognised:
    """A table with a header: where each kept column stands in it."""
    names = [tidy(cell) for cell in cells]
    place = {}
    for column in found.columns:
        at = next((names.index(name) for name in column.names if name in names), None)
        if at is not None:
            place[column.name] = at
    lacks = [column for column in found.columns if column.name not in place]
    if required := [column.source for column in lacks if column.is_required]:
        raise LacksColumns(given, found.says, required)
    preamble = "\n".join(before[:-1])
    title = next(
        (m.expand(says) for mark, says in found.titles.items() if (m := re.search(mark, preamble, re.DOTALL))), ""
    )
    return Recognised(
        found, separator, separator != "\t", "utf-8", len(before), tuple(cells), place,
        _years(cells) if found.unpivot else {}, tuple(column.source for column in lacks), (title or "not stated") if found.titles else "",
    )  # fmt: skip


def _years(cells: Sequence[str]) -> dict[int, int]:
    """Positions of the columns that are headed by a year; a year that stands twice is read once."""
    found: dict[int, int] = {}
    for at, cell in enumerate(cells):
        if re.fullmatch(r"[0-9]{4}(\.0)?", cell.strip()) and int(cell.strip()[:4]) in YEARS:
            found.setdefault(int(cell.strip()[:4]), at)
    return found


def _by_position(lines: list[str]) -> Recognised | None:
    """A table without the publisher's header: some row must have in each column what a layout has there, types and ranges.

    Where rows of it fit several layouts, the one that most of them fit.
    """
    best: tuple[int, Recognised] | None = None
    for separator in SEPARATORS:
        rows = [_cells(line, separator) for line in lines[: LOOKED_AT + 1] if line]
        for candidate in (x for x in layouts() if x.names):
            fitting = [_fits(candidate, row) for row in rows]
            if sum(fitting) > (best[0] if best else 0):
                skipped = 0 if fitting[0] or not _is_header(rows[0]) else 1
                best = sum(fitting), _ordered(candidate, separator, skipped, len(rows[0]))
    return best[1] if best else None


def _ordered(found: Layout, separator: str, skipped: int, width: int) -> Recognised:
    """A table whose columns stand in the layout's order, perhaps behind a header of somebody else's with more of them."""
    extra = tuple(f"extra_{k}" for k in range(width - len(found.names) if skipped else 0))
    place = {column.name: found.names.index(column.source) for column in found.columns}
    return Recognised(found, separator, separator != "\t", "utf-8", skipped, found.names + extra, place)


def _fits(candidate: Layout, cells: list[str]) -> bool:
    if not cells or len(cells) < len(candidate.names) - 1:
        return False
    here = dict(zip(candidate.names, cells, strict=False))
    return all(re.fullmatch(pattern, here.get(name, "")) for name, pattern in candidate.patterns.items())


def _is_header(cells: list[str]) -> bool:
    return len(cells) > 3 and not any(cell.strip().isdigit() for cell in cells[:4])
