"""Workbooks as tables of text: the values that were saved in each sheet, and nothing that a workbook can point to."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from buckpass.events.errors import DamagedArchive

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
LARGEST = 1 << 29  # bytes of a part, unpacked
WIDEST = 16_384  # columns of a sheet, which is also the format's own limit


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
            shared = [_text(item) for item in _part(archive, "xl/sharedStrings.xml")] if _has(archive) else []
            links = {link.get("Id"): link.get("Target", "") for link in _part(archive, "xl/_rels/workbook.xml.rels")}
            listed = [s for s in _part(archive, "xl/workbook.xml").iter(f"{MAIN}sheet") if s.get(LINK) in links]
            for number, sheet in enumerate(listed):
                target = links[sheet.get(LINK)].lstrip("/").removeprefix("xl/")
                if not target.startswith("worksheets/"):
                    continue  # a chart
                written = folder / f"sheet{number}.csv"
                rows = list(_rows(_part(archive, f"xl/{target}"), shared))
                width = max(map(len, rows), default=0)  # a row ends with its last filled cell
                with written.open("w", encoding="utf-8", newline="") as file:
                    lines = csv.writer(file, lineterminator="\n")
                    lines.writerows([*row, *[""] * (width - len(row))] for row in rows)
                yield sheet.get("name", f"sheet {number + 1}"), written
        except (ElementTree.ParseError, KeyError, IndexError, ValueError) as error:
            raise DamagedArchive(path, f"not a readable workbook: {error}") from error


def _has(archive: zipfile.ZipFile) -> bool:
    return "xl/sharedStrings.xml" in archive.namelist()


def _part(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if archive.getinfo(name).file_size > LARGEST:
        raise ValueError(f"{name} unpacks to more than {LARGEST >> 20} MB")
    content = archive.read(name)
    if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content[:4096]:
        raise ValueError(f"{name} declares entities")
    return ElementTree.fromstring(content)


def _rows(sheet: ElementTree.Element, shared: list[str]) -> Iterator[list[str]]:
    for row in sheet.iter(f"{MAIN}row"):
        cells: list[str] = []
        for cell in row.iter(f"{MAIN}c"):
            place = _column(cell.get("r", ""), len(cells))
            cells += [""] * (place - len(cells))
            cells[place:] = [_value(cell, shared)]
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
