"""What the shell offers when a word is completed: bundled cases, and the crises of the case already typed."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import typer

__all__ = ["case_words", "crisis_words"]

PLAIN = re.compile("[A-Za-z0-9_-]{1,100}")  # what the shell puts into its line it would also run


def case_words(incomplete: str) -> list[str]:
    """Bundled cases whose name starts so; folders are the shell's own business."""
    from buckpass.case import bundled_cases

    return [name for name in bundled_cases() if name.startswith(incomplete)]


def crisis_words(context: typer.Context, incomplete: str) -> list[str]:
    """Crises of the case typed before whose id starts so; nothing where its table cannot be read."""
    from importlib.resources import files

    from buckpass.case.problems import FileRefused
    from buckpass.case.reading.files import decode_text, read_inside

    ref = str(context.params.get("case") or "")
    for place in (Path(ref), Path(str(files("buckpass").joinpath("cases", Path(ref).name)))):
        if ref and (place / "crises.csv").is_file():
            try:
                rows = decode_text(read_inside(place, "crises.csv")).splitlines()
                ids = [row.get("crisis_id") or "" for row in csv.DictReader(rows)]
            except (FileRefused, csv.Error):
                return []
            return [one for one in ids if PLAIN.fullmatch(one) and one.startswith(incomplete)]
    return []
