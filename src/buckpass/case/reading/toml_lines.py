"""Where in a TOML text each key stands; the standard parser gives values without lines."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Mapping

Path = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[^\s,\]\}#]+(?: [\d:.Zz+-]+)?")
_KEY_PART = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*""")
_STRINGS = (
    re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'(?!''))*'{3,5}"),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


class _Scanner:
    """One pass over a text that the standard parser has already accepted."""

    def __init__(self, text: str):
        self.text = text
        self.at = 0
        self.line_starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}
        self.tables: list[tuple[int, Path]] = []

    def line_here(self) -> int:
        return bisect.bisect_right(self.line_starts, self.at)

    def note(self, path: Path) -> None:
        self.lines.setdefault(path, self.line_here())

    def skip(self, pattern: re.Pattern[str]) -> None:
        if found := pattern.match(self.text, self.at):
            self.at = found.end()

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def keys(self) -> Path:
        """A dotted key."""
        parts: list[str | int] = []
        while found := _KEY_PART.match(self.text, self.at):
            self.at = found.end()
            parts.append(found[1].strip("\"'"))
            if self.peek() != ".":
                break
            self.at += 1
        return tuple(parts)

    def header(self) -> Path:
        """`[table]` or `[[entry]]`: the path of what follows, the entry's number included."""
        is_entry = self.text.startswith("[[", self.at)
        self.at += 2 if is_entry else 1
        start = self.at
        path = self.through_entries(self.keys(), is_entry)
        end, self.at = self.at, start
        for length in range(1, len(path) + 1):
            self.note(path[:length])
        self.tables.append((self.line_here(), path))
        self.at = end + (2 if is_entry else 1)
        return path

    def through_entries(self, keys: Path, is_entry: bool) -> Path:
        path: Path = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            is_last = position == len(keys) - 1
            if is_last and is_entry:
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def assignment(self, table: Path) -> None:
        start = self.at
        path = (*table, *self.keys())
        end, self.at = self.at, start
        for length in range(len(table) + 1, len(path) + 1):
            self.note(path[:length])
        self.at = end + 1
        self.skip(_BLANK)
        self.value(path)

    def value(self, path: Path) -> None:
        opening = self.peek()
        if opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline_table(path)
        else:
            self.scalar()

    def array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while True:
            self.skip(_GAP)
            if self.peek() in ("]", ""):
                self.at += 1
                return
            if self.peek() == ",":
                self.at += 1
                continue
            self.note((*path, index))
            self.value((*path, index))
            index += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        while True:
            self.skip(_GAP)
            if self.peek() in ("}", ""):
                self.at += 1
                return
            if self.peek() == ",":
                self.at += 1
                continue
            before = self.at
            self.assignment(path)
            self.at = max(self.at, before + 1)

    def scalar(self) -> None:
        for pattern in (*_STRINGS, _BARE):
            if found := pattern.match(self.text, self.at):
                self.at = found.end()
                return
        self.at += 1

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self.skip(_GAP)
            if not self.peek():
                return self.lines
            before = self.at
            if self.peek() == "[":
                table = self.header()
            else:
                self.assignment(table)
            self.at = max(self.at, before + 1)


def key_lines(text: str) -> dict[Path, int]:
    """The line of every key, array entry and table of a valid TOML text, by path such as ("powers", 1, "id")."""
    return _Scanner(text).scan()


def table_lines(text: str) -> list[tuple[int, Path]]:
    """The line of each `[table]` and `[[entry]]` of a valid TOML text, in its order, with its path."""
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.tables


def line_of(lines: Mapping[Path, int], path: Iterable[str | int]) -> int | None:
    """The line of a path, or of the nearest thing around it that has one."""
    path = tuple(path)
    for length in range(len(path), 0, -1):
        if (line := lines.get(path[:length])) is not None:
            return line
    return None
