"""How a source is cited: Author (year). Title. Where it appeared. BibTeX's names and LaTeX's signs are read by pybtex.

A style of pybtex's engine says the same, letter by letter, and takes a dozen times as long over the sources of a page: it is what
the tests compare with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pybtex.bibtex.utils import split_name_list
from pybtex.database import InvalidNameString, Person
from pybtex.richtext import Text

__all__ = ["cited", "named"]

OTHERS = "others"
PERCENT = re.compile(r"(?<!\\)%")  # inside a field a letter like others, and to LaTeX the beginning of a comment
LATEX = re.compile(r"[\\{}~%$^_#&`]|--|''|,,|^\s|\s\s|[^\S ]")  # what LaTeX may print as something else
WHOLE = re.compile(r"\{([^{}]*)\}")  # a name that is one whatever words it has
ROLES = ("author", "editor")
PUBLISHED = ("organization", "institution", "school", "publisher")


def cited(fields: Mapping[str, str]) -> str:
    """The citation of an entry with its fields as BibTeX has them, as plain text; a $ keeps its backslash."""
    said = _said(fields)
    whole = [
        _joined(" ", (_makers(said), f"({_printed(said.get('year', ''))})")),
        _printed(said.get("title", "")),
        _first(said, "journaltitle", "journal"),
        *(_printed(said.get(name, "")) for name in ("booktitle", "howpublished")),
        _joined(", ", (*(_printed(said.get(name, "")) for name in PUBLISHED), _first(said, "location", "address"))),
        f"Read on {_printed(said['accessed'])}" if "accessed" in said else "",
    ]
    return _tidy(_joined(" ", map(_ended, whole)))


def named(fields: Mapping[str, str]) -> str:
    """Its authors, else its editors, family names first; a name in braces is one name, whatever words it has."""
    return _tidy(_makers(_said(fields)))


def _said(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: PERCENT.sub(r"\\%", value) for name, value in fields.items() if value}


def _makers(said: Mapping[str, str]) -> str:
    """Those who made it, family name first, in their order; what BibTeX calls others is et al."""
    persons = ([_person(name) for name in split_name_list(said[role]) or ()] for role in ROLES if role in said)
    return next(filter(None, map(_listed, persons)), "")


def _listed(persons: list[Person]) -> str:
    known = [_name(person) for person in persons if str(person) != OTHERS]
    return _joined(" ", (_joined(", ", known), "et al." if 0 < len(known) < len(persons) else ""))


def _person(name: str) -> Person:
    """One name; of a form that BibTeX does not know (four commas, say), all of it is the family name."""
    try:
        return Person(name)
    except InvalidNameString:
        return Person(f"{{{name}}}")


def _name(person: Person) -> str:
    """Family name first: de la Cruz, Jr, Ana."""
    parts = (person.prelast_names, person.last_names, person.lineage_names, person.bibtex_first_names)
    before, family, lineage, given = (_joined(" ", map(_printed, part or ())) for part in parts)
    return f"{before and f'{before} '}{family}{lineage and f', {lineage}'}{given and f', {given}'}"


def _printed(text: str) -> str:
    """What LaTeX prints of a text; most are what they say, and need no reading."""
    inner = whole[1] if (whole := WHOLE.fullmatch(text)) else text
    return str(Text.from_latex(text)) if LATEX.search(inner) else inner


def _first(said: Mapping[str, str], *names: str) -> str:
    """The first of the fields that has a text."""
    return next(filter(None, (_printed(said[name]) for name in names if name in said)), "")


def _joined(between: str, parts: Iterable[str]) -> str:
    return between.join(filter(None, parts))


def _ended(text: str) -> str:
    return f"{text}." if text and not text.endswith((".", "?", "!")) else text


def _tidy(text: str) -> str:
    return " ".join(text.split())
