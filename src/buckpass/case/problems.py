"""What can be wrong with a case, said so that it can be mended."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from buckpass.results.errors import BuckpassError, SaysNo

Level = Literal["error", "warning"]
MOST_PROBLEMS = 200  # told of one file, or by one check
MOST_COMPARED = 1000
LONGEST_MESSAGE = 900  # letters of what was seen, and of what to do
# The last four end a line or a document in the programs that draw: one in a name, and no figure with it is drawn.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ufffe\uffff]")


@dataclass(frozen=True)
class Problem:
    """One thing wrong (or weak) in a case: the file, the line, the field, what was seen, what to do about it."""

    file: str
    line: int | None
    field: str
    message: str
    hint: str = ""
    level: Level = "error"

    def __post_init__(self) -> None:
        for name in ("message", "hint"):  # however many entries a case has
            object.__setattr__(self, name, clip(getattr(self, name), LONGEST_MESSAGE))

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        field = f" [{self.field}]" if self.field else ""
        hint = f" — {self.hint}" if self.hint else ""
        return f"{place}{field} {self.level}: {self.message}{hint}"


class CaseProblems(SaysNo):
    """The case has errors; `.problems` lists all of them."""

    def __init__(self, ref: str, problems: Iterable[Problem]):
        self.ref = ref
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{ref}: {count} problem{'s' if count != 1 else ''}; nothing was computed"
        super().__init__("\n".join([head, *(f"  {p}" for p in self.problems)]))


class CaseNotFound(CaseProblems):
    """There is no such case: neither a bundled name nor a folder with a case.toml."""


class UnknownName(BuckpassError, LookupError):
    """An id that the case does not have; `.nearest` lists the closest spellings."""

    def __init__(self, kind: str, seen: str, known: Iterable[str]):
        self.kind, self.seen = kind, seen
        self.known = tuple(sorted(set(known)))
        self.nearest = nearest(seen, self.known)
        article = "an" if kind[:1] in "aeiou" else "a"
        super().__init__(f"{clip(seen)!r} is not {article} {kind} of this case — {spelling_hint(seen, self.known)}")

    def __str__(self) -> str:
        return str(self.args[0])


class FileRefused(BuckpassError):
    """A file of the case was not read: it is missing, too large, not a plain file, or outside the folder."""

    def __init__(self, message: str, line: int | None = None):
        super().__init__(message)
        self.line = line


def nearest(seen: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """The known names closest in spelling, best first (case does not count)."""
    wanted = clip(seen).casefold()
    by_fold = {name.casefold(): name for name in known}
    if len(by_fold) > MOST_COMPARED:  # a comparison costs microseconds, and a broken file has hundreds of them to make
        alike = [name for name in by_fold if name[:1] == wanted[:1]][:MOST_COMPARED]
        by_fold = {name: by_fold[name] for name in alike}
    close = difflib.get_close_matches(wanted, list(by_fold), n=count, cutoff=0.6)
    return tuple(by_fold[fold] for fold in close)


def spelling_hint(seen: str, known: Iterable[str]) -> str:
    """A sentence for a misspelt name: the nearest spelling, or what there is to choose from."""
    known = tuple(known)
    close = nearest(seen, known)
    if close:
        return f"did you mean {' or '.join(repr(clip(name)) for name in close)}?"
    if not known:
        return "none is defined yet"
    shown = ", ".join(clip(name, 40) for name in known[:12])
    return f"known: {shown}{f' and {len(known) - 12} more' if len(known) > 12 else ''}"


def control_character(text: str) -> re.Match[str] | None:
    """The first character that no text of a case has a use for: they hide things in terminals and break outputs."""
    return _CONTROL.search(text)


def clip(text: object, width: int = 60) -> str:
    """The text on one line, cut to a width that fits a message, control characters made visible."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text)[: width + 1])
    return line if len(line) <= width else line[: width - 1] + "…"


def line_ranges(lines: Iterable[int]) -> list[str]:
    """Numbers of lines in order, neighbours as one range.

    >>> line_ranges([3, 4, 9, 5])
    ['3–5', '9']
    """
    given = set(lines)
    starts, ends = (sorted(line for line in given if line + step not in given) for step in (-1, 1))
    return [str(a) if a == b else f"{a}–{b}" for a, b in zip(starts, ends, strict=True)]


def repeated(entries: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Entries of a list that stood in it before, with their positions; a stranger's list of words may be long."""
    seen: set[Any] = set()
    unhashable: list[Any] = []
    for position, entry in enumerate(entries):
        try:
            is_known = entry in seen
            seen.add(entry)
        except TypeError:
            is_known = entry in unhashable
            unhashable.append(entry)
        if is_known:
            yield position, entry


def at_lines(lines: Iterable[int]) -> str:
    """Lines of a file in words: `line 3`, `lines 3–5, 9`."""
    given = {*lines}
    return f"{'line' if len(given) == 1 else 'lines'} {', '.join(line_ranges(given))}"
