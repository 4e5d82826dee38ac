"""What a verb writes: refused before anything is computed where it cannot be written, and then written whole or not at all."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["Archive", "FigureFile", "Page", "write_figure"]

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
    """A PDF whose dictionaries name their objects in one order: the program that writes it takes them as they come.

    The lines of a dictionary change places and nothing else, so that every object stays where the file says that it is.
    """
    return re.sub(
        rb"(?:\n *+/[A-Za-z0-9.+-]++ \d++ 0 R){2,}",
        lambda lines: b"\n".join([b"", *sorted(lines[0].split(b"\n")[1:])]),
        pdf,
    )
