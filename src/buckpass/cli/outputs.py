"""What a verb writes: refused before anything is computed where it cannot be written, and then written whole or not at all."""

from __future__ import annotations

import io
import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["Archive", "FigureFile", "Page", "write_figure"]

ENTRIES = re.compile(rb"(?:\n *+/[A-Za-z0-9.+-]++ \d++ 0 R){2,}")  # of a dictionary of a PDF
REFERENCE = re.compile(rb"\b(\d++) 0 R\b")
FIGURES = (".html", ".svg", ".png", ".pdf", ".json")


def _writable(*endings: str):
    """A check of an output file: its ending is one of these, and its folder is there and no file stands for it."""

    def check(file: Path | None) -> Path | None:
        if file is None:
            return None
        if file.suffix.lower() not in endings:
            raise typer.BadParameter(f"{file.name}: it is written as {' or '.join(endings)}")
        if not file.absolute().parent.is_dir():
            raise typer.BadParameter(f"{file}: there is no folder {file.parent}; make it first")
        if file.is_dir():
            raise typer.BadParameter(f"{file} is a folder: give a file name")
        return file

    return check


FigureFile = Annotated[
    Path | None,
    typer.Option(
        "--figure", metavar="FILE", callback=_writable(*FIGURES),
        help="Also write the figure: .html (loads nothing from the network), .svg, .png, .pdf or .json.",
    ),
]  # fmt: skip
Page = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="FILE.html", callback=_writable(".html", ".htm"), help="The page to write."),
]
Archive = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE.zip", callback=_writable(".zip"), help="The archive to write."),
]


def write_figure(figure: Any, file: Path) -> None:
    """A chart, or a figure with its title and notes, as a file of the kind that its ending says; what was there is replaced."""
    from buckpass.results.files import write_whole

    chart, kind = figure.whole() if hasattr(figure, "whole") else figure, file.suffix.lower().lstrip(".")
    drawn = io.BytesIO() if kind in ("png", "pdf") else io.StringIO()
    chart.save(drawn, format=kind, **({"inline": True} if kind == "html" else {}))
    content = drawn.getvalue()
    write_whole(file, in_one_order(content) if isinstance(content, bytes) and kind == "pdf" else content)


def in_one_order(pdf: bytes) -> bytes:
    """The same PDF with its objects numbered as they are met from the first: the program that writes it draws lots.

    The entries of a dictionary that name objects stand by name; the table of places at the end is made anew.
    """
    table = pdf[int(pdf.rsplit(b"startxref", 1)[1].split()[0]) :]
    places = [int(at) for at in re.findall(rb"(\d{10}) \d{5} n", table)]
    ends = sorted([*places, len(pdf) - len(table)])
    heads, streams = {}, {}
    for start, end in pairwise(ends):
        number, body = pdf[start:end].split(b" 0 obj", 1)
        head, *stream = re.split(rb"(?=\nstream\r?\n)", body, maxsplit=1)
        heads[int(number)], streams[int(number)] = ENTRIES.sub(_by_name, head), b"".join(stream)
    trailer = ENTRIES.sub(_by_name, table[table.index(b"trailer") : table.index(b"startxref")])
    numbers: dict[int, int] = {}
    waiting = [int(n) for n in REFERENCE.findall(trailer)]
    while waiting:
        if (old := waiting.pop(0)) not in numbers:
            numbers[old] = len(numbers) + 1
            waiting += [int(n) for n in REFERENCE.findall(heads[old])]

    def renumbered(text: bytes) -> bytes:
        return REFERENCE.sub(lambda found: b"%d 0 R" % numbers[int(found[1])], text)

    made, found_at = pdf[: ends[0]], []
    for old, new in numbers.items():
        found_at.append(b"%010d 00000 n\r\n" % len(made))
        made += b"%d 0 obj" % new + renumbered(heads[old]) + streams[old]
    size = len(numbers) + 1
    trailer = re.sub(rb"/Size \d+", b"/Size %d" % size, renumbered(trailer))
    listed = b"xref\n0 %d\n0000000000 65535 f\r\n" % size + b"".join(found_at)
    return made + listed + trailer + b"startxref\n%d\n%%%%EOF" % len(made)


def _by_name(entries: re.Match[bytes]) -> bytes:
    return b"\n".join([b"", *sorted(entries[0].split(b"\n")[1:])])
