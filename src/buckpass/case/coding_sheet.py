"""Responses edited one cell at a time: the grid of crises and actors, and a file that is saved whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buckpass.case.load import OTHER_FILES, RECORD_FILES, check_case
from buckpass.case.reading.cells import parse_integer
from buckpass.case.reading.csv_rows import MOST_ROWS, delimiter_of, read_rows
from buckpass.case.reading.files import decode_text, read_inside
from buckpass.case.reading.rows import ResponseRow
from buckpass.results.errors import BuckpassError
from buckpass.results.files import locked, write_whole

__all__ = ["FILE", "KEY", "ChangedMeanwhile", "NotSaved", "Sheet", "load_sheet", "rung_lines"]

FILE = "responses.csv"
KEY = {"crisis_id": "", "actor": "", "coder": "", "direction": "for", "phase": "1"}  # and what an empty cell of it says
NUMBERS = ("phase", "rung", "rung_low", "rung_high")  # that a spreadsheet or a data frame may have written as 2.0


class NotSaved(BuckpassError):
    """The row cannot stand in responses.csv as it is; nothing was written."""


class ChangedMeanwhile(NotSaved):
    """Somebody else has saved responses.csv since it was read; their file was left as it is."""


@dataclass(frozen=True)
class Sheet:
    """responses.csv as it was read: its rows as texts by column, and the hash of the file."""

    folder: Path
    text: str
    hash: str

    @property
    def rows(self) -> tuple[dict[str, str], ...]:
        """Every row, by the names of the columns; a column that the file lacks is not in it."""
        header, *rows = read_rows(self.text, list(ResponseRow.columns()), MOST_ROWS[FILE])
        names = [cell.strip() for cell in header.cells]
        return tuple(dict(zip(names, row.cells, strict=False)) for row in rows)

    def cell(self, crisis: str, actor: str, coder: str, direction: str = "for", phase: str = "1") -> dict[str, str]:
        """A coder's row of what an actor did in a crisis, for its host or against, in one phase; empty where there is none."""
        wanted = (crisis, actor, coder, direction, phase)
        found = next((row for row in self.rows if _key(row) == wanted), {})
        return {name: _whole(cell) if name in NUMBERS else cell for name, cell in found.items()}

    def phases(self, crisis: str, actor: str, coder: str, direction: str = "for") -> list[str]:
        """The phases that a coder has of what an actor did in a crisis, in their order."""
        wanted = (crisis, actor, coder, direction)
        found = (phase for *of, phase in map(_key, self.rows) if (*of,) == wanted)
        return sorted(found, key=lambda phase: (len(phase), phase))

    def save(self, cells: Mapping[str, str]) -> Sheet:
        """The sheet with one row put in the place of its own, or added, and written to the folder.

        cells : by column; `crisis_id`, `actor`, `coder`, and where they are given `direction` and `phase`, say which row, and
        other columns of that row stay as they are.

        Raises
        ------
        ChangedMeanwhile
            The file is no longer the one that was read: read it again and enter the row anew.
        NotSaved
            `check` would refuse the row; the message has what is wrong with it.
        """
        return self._write(self._with(cells), "enter this row once more if theirs leaves it to you")

    def delete(self, crisis: str, actor: str, coder: str, direction: str = "for", phase: str = "1") -> Sheet:
        """The sheet without one row, written to the folder; the other rows keep their places.

        Raises
        ------
        ChangedMeanwhile
            The file is no longer the one that was read.
        NotSaved
            There is no such row, or `check` would refuse the case without it (a second phase would have no first).
        """
        gone = (crisis, actor, coder, direction, phase)
        if not self.cell(*gone):
            raise NotSaved(f"{FILE} has no such row: there is nothing to delete")
        rows = self.rows
        left = self._text(list(rows[0]), (row for row in rows if _key(row) != gone))
        return self._write(left, "delete this row then if you still want it gone")

    def _write(self, text: str, then: str) -> Sheet:
        """The sheet of a new text, checked and written while nobody else writes; `then`: what whoever comes second can do."""
        with locked(self.folder / FILE, waiting=True):  # the second of two who save at once finds a new file
            if _hash(read_inside(self.folder, FILE)) != self.hash:
                raise ChangedMeanwhile(
                    f"{FILE} has been saved by somebody else since you opened it. Nothing was written: read it again, and {then}"
                )
            _refuse_wrong(self.folder, text)
            write_whole(self.folder / FILE, text)
        return load_sheet(self.folder)

    def _with(self, cells: Mapping[str, str]) -> str:
        """The text with one row changed or added; the other rows keep their places."""
        rows, wanted = [*self.rows], _key(cells)
        own = self.cell(*wanted)
        columns = list(dict.fromkeys([*(rows[0] if rows else ()), *(name for name, cell in cells.items() if cell)]))
        changed = {**own, **cells}
        at = next((n for n, row in enumerate(rows) if _key(row) == wanted), None)
        rows = [*rows, changed] if at is None else [*rows[:at], changed, *rows[at + 1 :]]
        return self._text(columns, rows)

    def _text(self, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
        """Rows as a file, separated as this one is."""
        out = io.StringIO()
        writer = csv.DictWriter(
            out,
            columns,
            restval="",
            extrasaction="ignore",
            delimiter=delimiter_of(self.text, list(ResponseRow.columns())),
            lineterminator="\n",
        )
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    """Which row it is: whose act, in which crisis, by which coder, for or against, in which phase."""
    cells = {name: (row.get(name) or "").strip() or before for name, before in KEY.items()}
    return (*(cells | {"phase": _whole(cells["phase"])}).values(),)


def _whole(text: str) -> str:
    """A whole number as the form writes it; another text as it is."""
    try:
        return str(parse_integer(text))
    except ValueError:
        return text


def load_sheet(folder: Path) -> Sheet:
    """The sheet of a case's folder as it stands there now; raises `FileRefused` where it cannot be read."""
    content = read_inside(folder, FILE)
    return Sheet(folder, decode_text(content), _hash(content))


def rung_lines(names: tuple[str, ...]) -> list[dict[str, str]]:
    """What the coding manual says of each rung of a ladder; nothing of rungs that the standard ladder does not have."""
    known = tomllib.loads((Path(__file__).parent / "rung_lines.toml").read_text(encoding="utf-8"))
    return [{"rung": f"{n} {name}", **known.get(name, {"counts": "", "not": ""})} for n, name in enumerate(names)]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _refuse_wrong(folder: Path, text: str) -> None:
    """Raise `NotSaved` where a case with these responses would have errors in them."""
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise NotSaved("a letter in it is half of one: type the text anew") from None
    with tempfile.TemporaryDirectory(prefix="buckpass-row-") as draft:
        for name in (*RECORD_FILES, *OTHER_FILES):
            if name != FILE and (folder / name).is_file():
                (Path(draft) / name).write_bytes(read_inside(folder, name))
        (Path(draft) / FILE).write_bytes(content)
        wrong = [p for p in check_case(draft).errors if p.file == FILE]
    if wrong:
        raise NotSaved(
            "\n".join(
                f"{p.field + ': ' if p.field else ''}{p.message}{' — ' + p.hint if p.hint else ''}" for p in wrong[:5]
            )
        )
