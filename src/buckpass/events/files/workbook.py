"""Workbooks as tables of text: the values that were saved in each sheet, and nothing that a workbook can point to."""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from buckpass.events.errors import DamagedArchive

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
LARGEST = 1 << 27  # bytes of a part, unpacked
WIDEST = 16_384  # columns of a sheet, which is also the format's own limit
LONGEST_CELL = 1 << 17  # letters; a spreadsheet program writes a quarter of it at most
MOST_CELLS = 1 << 27  # of a sheet once its rows are of one length
DEEPEST, MOST_INSIDE = 20, 8 * WIDEST  # elements around one, and in one row or text


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether a zip archive is an Excel workbook."""
    return "xl/workbook.xml" in archive.namelist()


def sheets(path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Each sheet's name and its rows as a CSV file in `folder`.

    Only cells that a sheet holds itself are read: formulas give the value that was last computed; macros, links to
    other workbooks and declared entities are not looked at.

    Raises `DamagedArchive` where a part is missing, too large or not what the format asks for.
    """
    with zipfile.ZipFile(path) as archive:
        try:
            shared = [_text(one) for one in _elements(archive, "xl/sharedStrings.xml", "si")] if _has(archive) else []
            rels = _elements(archive, "xl/_rels/workbook.xml.rels", "Relationship")
            links = {link.get("Id"): link.get("Target", "") for link in rels}
            listed = [s for s in _elements(archive, "xl/workbook.xml", "sheet") if s.get(LINK) in links]
            for number, sheet in enumerate(listed):
                target = links[sheet.get(LINK)].lstrip("/").removeprefix("xl/")
                if not target.startswith("worksheets/"):
                    continue  # a chart
                rows = _rows(_elements(archive, f"xl/{target}", "row"), shared)
                yield sheet.get("name", f"sheet {number + 1}"), _written(rows, folder / f"sheet{number}.csv")
        except (ElementTree.ParseError, KeyError, IndexError, ValueError) as error:
            raise DamagedArchive(path, f"not a readable workbook: {error}") from error


def _written(rows: Iterator[list[str]], place: Path) -> Path:
    """The rows as a CSV file in which all are as long as the longest: a row ends with its last filled cell."""
    ragged, width, count = place.with_suffix(".ragged"), 0, 0
    with ragged.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        for cells in rows:
            lines.writerow(cells)
            width, count = max(width, len(cells)), count + 1
            if width * count > MOST_CELLS:
                raise ValueError(f"{count:,} rows and more of up to {width:,} cells")
    with ragged.open(encoding="utf-8", newline="") as file, place.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out, lineterminator="\n")
        lines.writerows([*cells, *[""] * (width - len(cells))] for cells in csv.reader(file))
    ragged.unlink()
    return place


def _has(archive: zipfile.ZipFile) -> bool:
    return "xl/sharedStrings.xml" in archive.namelist()


def _elements(archive: zipfile.ZipFile, name: str, tag: str) -> Iterator[ElementTree.Element]:
    """The elements of a name in a part, one at a time: a part may be a hundred times as large in memory as in its archive."""
    if archive.getinfo(name).file_size > LARGEST:
        raise ValueError(f"{name} unpacks to more than {LARGEST >> 20} MB")
    with archive.open(name) as start:
        head = start.read(4096)
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head or not head.lstrip().startswith((b"<", codecs.BOM_UTF8)):
        raise ValueError(f"{name} declares entities, or is no XML in UTF-8")
    around: list[ElementTree.Element] = []
    wanted, inside = None, 0
    with archive.open(name) as stream:
        for event, element in ElementTree.iterparse(stream, ("start", "end")):
            if event == "start":
                around.append(element)
                wanted = element if wanted is None and element.tag.rpartition("}")[2] == tag else wanted
                inside = inside + 1 if wanted is not None else 0
                if len(around) > DEEPEST or inside > MOST_INSIDE:
                    raise ValueError(f"{name} holds more inside one {tag} than any table has")
                continue
            around.pop()
            if element is wanted:
                yield element
                wanted = None
            if wanted is None and around:
                around[-1].remove(element)


def _rows(rows: Iterator[ElementTree.Element], shared: list[str]) -> Iterator[list[str]]:
    for row in rows:
        cells: list[str] = []
        for cell in row.iter(f"{MAIN}c"):
            place = _column(cell.get("r", ""), len(cells))
            cells += [""] * (place - len(cells))
            cells[place:] = [value := _value(cell, shared)]
            if len(value) > LONGEST_CELL:
                raise ValueError(f"a cell of {len(value):,} letters")
        if any(cells):
            yield cells


def _column(reference: str, following: int) -> int:
    """Position of a cell from its reference: AB12 is 27."""
    letters = re.match("[A-Z]{1,3}", reference)
    if letters is None:
        return following
    place = 0
    for letter in letters.group():
        place = 26 * place + ord(letter) - ord("A") + 1
    if place > WIDEST or place <= following:
        raise ValueError(f"cell {reference} is out of its order")
    return place - 1


def _value(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _text(cell)
    value = cell.findtext(f"{MAIN}v") or ""
    if cell.get("t") == "s":
        return shared[int(value)] if value else ""
    return value.strip()


def _text(element: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{MAIN}t")).strip()
