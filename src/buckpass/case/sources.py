"""The sources of a case: BibTeX in, citations out."""

from __future__ import annotations

import bisect
import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from buckpass.case.problems import MOST_PROBLEMS, Problem, clip, control_character

UNDATED = "n.d."
MOST_SOURCES = 5_000
ENTRY_FORM = "each entry reads @type{key, field = {text}, …}"
_ENTRY = re.compile(r"^[ \t]*@(\w+)\s*[{(]\s*([^\s,}]*)", re.MULTILINE)
_ESCAPED = re.compile(r"\\([$%&#_{}])")
_COMMENT = re.compile(r"^[^\S\n]*%", re.MULTILINE)
_MARKS = re.compile(r'(?<!\\)[{}"]')
_BRACES = re.compile(r"(?<!\\)[{}]")


@dataclass(frozen=True)
class Source:
    """One entry of sources.bib."""

    key: str
    type: str
    fields: Mapping[str, str]
    line: int | None = None

    def field(self, name: str) -> str:
        """A field as plain text, empty where the entry lacks it."""
        return plain_text(self.fields.get(name, ""))

    @property
    def basis(self) -> str:
        """How the source is known: the first word of its note (seen, recalled, …); `unstated` without one."""
        found = re.match(r"[a-z]+", self.field("note").strip().lower())
        return found[0] if found else "unstated"

    @property
    def url(self) -> str:
        """The web address, only where it is http or https."""
        address = _unescaped(self.fields.get("url", "")).replace("\\textasciitilde", "~").strip()
        return address if re.fullmatch(r"https?://\S+", address) else ""

    @property
    def authors(self) -> str:
        """Its authors, else its editors, family names first; a name in braces is one name, whatever words it has."""
        from buckpass.case.citation import named

        return _unescaped(named(self.fields))

    @property
    def has_makers(self) -> bool:
        """Whether an author or editor is named: its citation then begins with them."""
        return any(self.field(role) for role in ("author", "editor"))

    @property
    def year(self) -> str:
        """Its year, of `year` or of BibLaTeX's `date`; n.d. where neither is given."""
        dated = re.match(r"\s*(\d{4})", self.field("date"))
        return self.field("year") or (dated[1] if dated else UNDATED)

    @property
    def accessed(self) -> str:
        """When it was read, of a source that bears no date; empty where it has one, or where nobody noted it."""
        return "" if self.year != UNDATED else self.field("urldate")

    @cached_property
    def citation(self) -> str:
        """Author (year). Title. Where it appeared."""
        from buckpass.case.citation import cited

        return _unescaped(cited({**self.fields, "year": self.year, "accessed": self.accessed}))


def plain_text(value: str) -> str:
    """The text of a BibTeX field without braces; LaTeX accents become letters."""
    if "\\" in value:
        import latexcodec  # noqa: F401  registers the codec

        try:
            value = codecs.getdecoder("ulatex")(value)[0]  # type: ignore[arg-type]  this codec goes from text to text
        except (ValueError, LookupError):  # an accent on nothing, and the like
            value = value.replace("\\", "")
    return re.sub(r"\s+", " ", _unescaped(value)).strip()


def _unescaped(value: str) -> str:
    """A text without braces, and without the backslash before signs that LaTeX reads otherwise."""
    return _ESCAPED.sub(r"\1", _BRACES.sub("", value))


def _without_comments(text: str) -> str:
    """The file with lines that begin with % left empty, so that what is commented out does not count.

    Inside a field % is a letter like others; the lines keep their numbers.
    """
    if not _COMMENT.search(text):
        return text
    depth, in_quotes, kept = 0, False, []
    for line in text.split("\n"):
        if depth < 2 and not in_quotes and line.lstrip().startswith("%"):
            kept.append("")
            continue
        kept.append(line)
        if depth or line.lstrip().startswith("@"):
            for mark in _MARKS.findall(line):
                if mark == '"':
                    in_quotes ^= depth == 1
                else:
                    depth = max(0, depth + (1 if mark == "{" else -1))
    return "\n".join(kept)


def read_sources(name: str, text: str) -> tuple[dict[str, Source], list[Problem]]:
    """The sources by key, and the file's problems.

    `@string` is refused: its expansion can grow without bound. Nothing in the file is executed or followed.
    """
    if found := control_character(text):
        line = text.count("\n", 0, found.start()) + 1
        return {}, [Problem(name, line, "", f"holds the control character {found[0]!r}", "remove it")]
    text = _without_comments(text)
    reading = _Reading(name, _first_lines(text))
    reading.read(text)
    if not reading.sources and not reading.problems:
        reading.note(None, "", "has no entry", ENTRY_FORM)
    return reading.sources, reading.problems


@dataclass
class _Reading:
    """What has been read of a bibliography so far."""

    name: str
    first_line: Mapping[str, int]
    sources: dict[str, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def note(self, line: int | None, key: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.name, line, clip(key), message, hint))

    def read(self, text: str) -> None:
        for kind, body in self.commands(text):
            if kind in {"string", "preamble"}:
                self.note(
                    None, "", f"@{kind} is not read: it can expand without bound", "write the text out in each entry"
                )
                return
            if len(self.sources) >= MOST_SOURCES:
                self.note(None, "", f"more than {MOST_SOURCES:,} sources: the rest is not read")
                return
            if len(self.problems) >= MOST_PROBLEMS:
                return
            key, fields = body
            if key is not None:
                self.add(kind, key, fields)

    def commands(self, text: str) -> Iterator[tuple[str, Any]]:
        from pybtex.database.input.bibtex import LowLevelParser, month_names
        from pybtex.exceptions import PybtexError
        from pybtex.utils import CaseInsensitiveDict

        parser = LowLevelParser(text, macros=CaseInsensitiveDict(month_names), handle_error=self.syntax_error)
        commands: Any = parser  # its own annotations leave out the kind of command
        try:
            for kind, body in commands:
                yield kind.lower(), body
        except PybtexError as error:
            if len(self.problems) < MOST_PROBLEMS:
                self.syntax_error(error)

    def syntax_error(self, error: Exception) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            raise error
        self.note(getattr(error, "lineno", None), "", f"is not valid BibTeX: {clip(error, 200)}", ENTRY_FORM)

    def add(self, kind: str, key: str, fields: Iterable[tuple[str, list[str]]]) -> None:
        line = self.first_line.get(key.lower())
        if key in self.sources:
            hint = "rename one of the entries, or merge them"
            self.note(line, key, "the key stands on this line and again further down", hint)
            return
        values: dict[str, str] = {}
        for name, parts in fields:
            if name.lower() in values:
                self.note(line, key, f"the field {clip(name)} stands twice", "keep one")
            values[name.lower()] = re.sub(r"\s+", " ", "".join(parts)).strip()
        self.sources[key] = Source(key, kind, values, line)


def _first_lines(text: str) -> dict[str, int]:
    """The line on which each key first stands, by the key in lower case."""
    ends = [found.start() for found in re.finditer("\n", text)]
    lines: dict[str, int] = {}
    for found in _entries(text):
        lines.setdefault(found[2].lower(), bisect.bisect_left(ends, found.start(2)) + 1)
    return lines


def keys_of(text: str) -> frozenset[str]:
    """The keys of all entries, also of those that are not valid otherwise."""
    return frozenset(found[2] for found in islice(_entries(_without_comments(text)), MOST_SOURCES))


def _entries(text: str) -> Iterator[re.Match[str]]:
    return (found for found in _ENTRY.finditer(text) if found[1].lower() not in {"comment", "string", "preamble"})
