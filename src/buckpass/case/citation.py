"""How a source is cited, as a style of pybtex's own engine: Author (year). Title. Where it appeared.

The engine takes a fifth of a second to load, so only what cites imports this module, not what reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from pybtex.backends.plaintext import Backend
from pybtex.bibtex.utils import split_name_list
from pybtex.database import Entry, InvalidNameString, Person
from pybtex.richtext import Text
from pybtex.style.formatting import BaseStyle
from pybtex.style.template import field, first_of, join, node, optional, optional_field, sentence

__all__ = ["cited", "named"]

OTHERS = "others"
PERCENT = re.compile(r"(?<!\\)%")  # inside a field a letter like others, and to the engine the beginning of a comment
ROLES = ("author", "editor")


@node
def makers(children, context, role: str) -> Text:
    """Those who made it, family name first, in their order; what BibTeX calls others is et al."""
    persons = context["entry"].persons.get(role, [])
    known = [context["style"].format_name(person) for person in persons if str(person) != OTHERS]
    listed = join(sep=", ")[known]
    return join(sep=" ")[listed, "et al." if 0 < len(known) < len(persons) else ""].format_data(context)


class AuthorYear(BaseStyle):
    """The names as a reader looks them up, then when, what and where, each a sentence."""

    default_name_style = "lastfirst"
    default_label_style = "number"
    default_sorting_style = "none"
    names = first_of[makers("author"), makers("editor")]
    published = tuple(map(optional_field, ("organization", "institution", "school", "publisher")))
    whole = join(sep=" ")[
        sentence[join(sep=" ")[names, join["(", optional_field("year"), ")"]]],
        sentence[optional_field("title")],
        sentence[first_of[optional_field("journaltitle"), optional_field("journal")]],
        sentence[optional_field("booktitle")],
        sentence[optional_field("howpublished")],
        sentence[(*published, first_of[optional_field("location"), optional_field("address")])],
        sentence[optional["Read on ", field("accessed")]],
    ]


def cited(fields: Mapping[str, str]) -> str:
    """The citation of an entry with its fields as BibTeX has them, as plain text; a $ keeps its backslash."""
    return _rendered(AuthorYear.whole, fields)


def named(fields: Mapping[str, str]) -> str:
    """Its authors, else its editors, family names first; a name in braces is one name, whatever words it has."""
    return _rendered(AuthorYear.names, fields)


def _rendered(template, fields: Mapping[str, str]) -> str:
    said = {name: PERCENT.sub(r"\\%", value) for name, value in fields.items() if value}
    persons = {role: _persons(said[role]) for role in ROLES if role in said}
    given = {name: value for name, value in said.items() if name not in ROLES}
    style, backend = _engine()
    text = template.format_data({"entry": Entry("misc", given, persons), "style": style})
    return " ".join(text.render(backend).split())


def _persons(text: str) -> list[Person]:
    return [_person(name) for name in split_name_list(text)]


def _person(name: str) -> Person:
    """One name; of a form that BibTeX does not know (four commas, say), all of it is the family name."""
    try:
        return Person(name)
    except InvalidNameString:
        return Person(f"{{{name}}}")


@cache
def _engine() -> tuple[AuthorYear, Backend]:
    return AuthorYear(), Backend()
