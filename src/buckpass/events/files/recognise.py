"""What a file is, told by its content: never by its name."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace

from buckpass.events.errors import UnrecognisedFile
from buckpass.events.files.layouts import Layout, layout, layouts
from buckpass.events.files.source_file import SourceFile

HEAD = 1 << 18
PREAMBLE = 30
SEPARATORS = ("\t", ",", ";", "|")


@dataclass(frozen=True)
class Recognised:
    """The layout of a file and how it is written: separator, quotes, encoding, lines before the data, its columns."""

    layout: Layout
    separator: str
    is_quoted: bool
    encoding: str
    skipped: int
    columns: tuple[str, ...]

    @property
    def is_publishers_own(self) -> bool:
        """Whether this is GDELT as GDELT writes it: tabs, no header, UTF-8 - what the parallel parser can read."""
        return bool(self.layout.names) and self.separator == "\t" and self.skipped == 0 and self.encoding == "utf-8"


def recognise(source: SourceFile) -> Recognised:
    """The layout of a file from its first lines; `UnrecognisedFile` where none fits."""
    with source.plain.open("rb") as file:
        head = file.read(HEAD)
    if head.count(b"\0") > len(head) // 50:
        raise UnrecognisedFile(source.given, "binary content", _kinds())
    encoding = _encoding(source)
    lines = head.decode(encoding, "replace").removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if len(head) == HEAD:
        lines = lines[:-1]
    found = _by_header(lines) or _by_position(lines)
    if found is None:
        raise UnrecognisedFile(source.given, _seen(lines), _kinds())
    # files without a header are written by machines, in UTF-8: a line that is not UTF-8 is a damaged line
    return replace(found, encoding="utf-8" if found.layout.names else encoding)


def _kinds() -> list[str]:
    return sorted({known.publisher for known in layouts()})


def _seen(lines: list[str]) -> str:
    if not lines:
        return "an empty file"
    return f"first line {lines[0][:100]!r}"


def _encoding(source: SourceFile) -> str:
    """UTF-8 unless most lines with accents are not; then Windows' Latin-1 where all its bytes are letters of it."""
    if source.is_utf8:
        return "utf-8"
    valid = invalid = 0
    is_windows = True
    with source.plain.open("rb") as file:
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
        return line.split("\t")
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _by_header(lines: list[str]) -> Recognised | None:
    known = sorted((x for x in layouts() if x.has_header), key=lambda x: -len(x.signature))
    for number, line in enumerate(lines[:PREAMBLE]):
        for separator in SEPARATORS:
            cells = _cells(line, separator)
            for candidate in known if len(cells) > 1 else ():
                if candidate.signature <= set(cells):
                    return Recognised(candidate, separator, separator != "\t", "", number + 1, tuple(cells))
    return None


def _by_position(lines: list[str]) -> Recognised | None:
    for number, line in enumerate(lines[:PREAMBLE]):
        for separator in SEPARATORS:
            found = _positional_layout(_cells(line, separator), separator)
            if found is None:
                continue
            skipped = 1 if number > 0 and _is_header(_cells(lines[0], separator)) else 0
            width = len(_cells(lines[0], separator)) if skipped else len(found.names)
            extra = tuple(f"extra_{k}" for k in range(width - len(found.names)))
            return Recognised(found, separator, separator != "\t", "", skipped, found.names + extra)
    return None


def _positional_layout(cells: list[str], separator: str) -> Layout | None:
    if len(cells) == 4 and separator == "\t" and _is_iso_day(cells[3]):
        return layout("icews_quads")
    if len(cells) < 57 or not _is_gdelt(cells):
        return None
    return layout("gdelt2") if len(cells) > 58 else layout("gdelt1")


def _is_gdelt(cells: list[str]) -> bool:
    day, month, year = cells[1], cells[2], cells[3]
    return len(day) == 8 and day.isdigit() and cells[0].isdigit() and day.startswith(month) and month.startswith(year)


def _is_iso_day(cell: str) -> bool:
    return len(cell) == 10 and cell[4] == cell[7] == "-" and cell.replace("-", "").isdigit()


def _is_header(cells: list[str]) -> bool:
    return len(cells) > 4 and not any(cell.strip().isdigit() for cell in cells[:4]) and cells[0].strip() != ""
