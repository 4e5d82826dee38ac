"""The sources of a case: BibTeX in, citations out."""

from __future__ import annotations

import bisect
import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from buckpass.case.problems import Problem, clip, control_character

MOST_PROBLEMS = 200
MOST_SOURCES = 10_000
_ENTRY = re.compile(r"^[ \t]*@(\w+)\s*[{(]\s*([^\s,}]*)", re.MULTILINE)
_ESCAPED = re.compile(r"\\([$%&#_{}])")
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
        address = self.fields.get("url", "").strip()
        return address if re.fullmatch(r"https?://\S+", address) else ""

    @property
    def citation(self) -> str:
        """Author (year). Title. Where it appeared."""
        authors = re.sub(r"\s+and\s+", ", ", self.field("author") or self.field("editor"))
        year = self.field("year") or "n.d."
        head = f"{authors} ({year})" if authors else f"({year})"
        place = [self.field(name) for name in ("journal", "booktitle", "howpublished", "institution", "publisher")]
        return ". ".join(part.rstrip(".") for part in [head, self.field("title"), *place] if part) + "."


def plain_text(value: str) -> str:
    """The text of a BibTeX field without braces; LaTeX accents become letters."""
    if "\\" in value:
        import latexcodec  # noqa: F401  registers the codec

        try:
            value = codecs.decode(value, "ulatex")
        except (ValueError, LookupError):  # an accent on nothing, and the like
            value = value.replace("\\", "")
    value = _ESCAPED.sub(r"\1", _BRACES.sub("", value))
    return re.sub(r"\s+", " ", value).strip()


def read_sources(name: str, text: str) -> tuple[dict[str, Source], list[Problem]]:
    """The sources by key, and the file's problems.

    `@string` is refused: its expansion can grow without bound. Nothing in the file is executed or followed.
    """
    if found := control_character(text):
        line = text.count("\n", 0, found.start()) + 1
        return {}, [Problem(name, line, "", f"holds the control character {found[0]!r}", "remove it")]
    first_line = _first_lines(text)
    sources: dict[str, Source] = {}
    problems: list[Problem] = []
    for kind, body in _commands(name, text, problems):
        if kind in {"string", "preamble"}:
            hint = "write the text out in each entry"
            problems.append(Problem(name, None, "", f"@{kind} is not read: it can expand without bound", hint))
            break
        if len(problems) >= MOST_PROBLEMS:
            break
        if len(sources) >= MOST_SOURCES:
            problems.append(Problem(name, None, "", f"more than {MOST_SOURCES:,} sources: the rest is not read"))
            break
        _add(name, kind, body, sources, problems, first_line)
    if not sources and not problems:
        problems.append(Problem(name, None, "", "has no entry", "each entry reads @type{key, field = {text}, …}"))
    return sources, problems


def _first_lines(text: str) -> dict[str, int]:
    """The line on which each key first stands, by the key in lower case."""
    ends = [found.start() for found in re.finditer("\n", text)]
    lines: dict[str, int] = {}
    for found in _entries(text):
        lines.setdefault(found[2].lower(), bisect.bisect_left(ends, found.start(2)) + 1)
    return lines


def keys_of(text: str) -> frozenset[str]:
    """The keys of all entries, also of those that are not valid otherwise."""
    return frozenset(found[2] for found in islice(_entries(text), MOST_SOURCES))


def _entries(text: str):
    return (found for found in _ENTRY.finditer(text) if found[1].lower() not in {"comment", "string", "preamble"})


def _commands(name: str, text: str, problems: list[Problem]):
    from pybtex.database.input.bibtex import LowLevelParser, month_names
    from pybtex.exceptions import PybtexError
    from pybtex.utils import CaseInsensitiveDict

    def note(error: Exception) -> None:
        if len(problems) >= MOST_PROBLEMS:
            raise error
        line = getattr(error, "lineno", None)
        hint = "each entry reads @type{key, field = {text}, …}"
        problems.append(Problem(name, line, "", f"is not valid BibTeX: {clip(error, 200)}", hint))

    parser = LowLevelParser(text, macros=CaseInsensitiveDict(month_names), handle_error=note)
    try:
        for kind, body in parser:
            yield kind.lower(), body
    except PybtexError as error:
        if len(problems) < MOST_PROBLEMS:
            note(error)


def _add(name, kind, body, sources, problems, first_line) -> None:
    key, fields = body
    if key is None:
        return
    line = first_line.get(key.lower())
    if key in sources:
        hint = "rename one of the entries, or merge them"
        problems.append(Problem(name, line, clip(key), "the key stands on this line and again further down", hint))
        return
    values: dict[str, str] = {}
    for field, parts in fields:
        if field.lower() in values:
            problems.append(Problem(name, line, clip(key), f"the field {clip(field)} stands twice", "keep one"))
        values[field.lower()] = re.sub(r"\s+", " ", "".join(parts)).strip()
    sources[key] = Source(key, kind, values, line)
