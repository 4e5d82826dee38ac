"""A citation is what a style of pybtex's own engine says, letter by letter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pybtex.backends.plaintext import Backend
from pybtex.bibtex.utils import split_name_list
from pybtex.database import Entry, InvalidNameString, Person
from pybtex.richtext import Text
from pybtex.style.formatting import BaseStyle
from pybtex.style.template import field, first_of, join, node, optional, optional_field, sentence

from buckpass.case import bundled_cases, load_case
from buckpass.case.citation import LATEX, PERCENT, cited, named

ROLES = ("author", "editor")
FIELDS = ("year", "title", "journaltitle", "journal", "booktitle", "howpublished", "organization", "institution", "school",
          "publisher", "location", "address", "accessed")  # fmt: skip


@node
def makers(children, context, role: str) -> Text:
    persons = context["entry"].persons.get(role, [])
    known = [context["style"].format_name(person) for person in persons if str(person) != "others"]
    listed = join(sep=", ")[known]
    return join(sep=" ")[listed, "et al." if 0 < len(known) < len(persons) else ""].format_data(context)


class AuthorYear(BaseStyle):
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


STYLE, BACKEND = AuthorYear(), Backend()


def by_the_engine(template, fields) -> str:
    said = {name: PERCENT.sub(r"\\%", value) for name, value in fields.items() if value}
    persons = {role: [_person(name) for name in split_name_list(said[role])] for role in ROLES if role in said}
    entry = Entry("misc", {name: value for name, value in said.items() if name not in ROLES}, persons)
    return " ".join(template.format_data({"entry": entry, "style": STYLE}).render(BACKEND).split())


def _person(name: str) -> Person:
    try:
        return Person(name)
    except InvalidNameString:
        return Person(f"{{{name}}}")


def both(fields) -> tuple[str, str]:
    return by_the_engine(AuthorYear.whole, fields), by_the_engine(AuthorYear.names, fields)


@pytest.mark.parametrize("name", bundled_cases())
def test_every_bundled_source_is_cited_as_by_the_engine(name):
    for source in load_case(name).sources.values():
        fields = {**source.fields, "year": source.year, "accessed": source.accessed}
        assert (cited(fields), named(fields)) == both(fields), source.key


SIGNS = st.sampled_from(
    [*"aBé1 .,;:?!'`\"-–~$%^_#&()/|<>\t\n\xa0", "--", "``", "''", ",,", "?`", "\\&", "\\%", '\\"o', "{\\'e}"]
)
plain = st.lists(SIGNS | st.characters(exclude_characters="\\{}", exclude_categories=["Cs"]), max_size=8).map("".join)
texts = st.recursive(plain, lambda inner: st.builds("{}{{{}}}{}".format, plain, inner, plain), max_leaves=3)
names = st.lists(
    texts | st.sampled_from(["others", "de la Cruz, Jr, Ana", "{Mail and Guardian}", "Li Wei"]), max_size=3
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, texts) | dict.fromkeys(ROLES, names.map(" and ".join))))
def test_whatever_an_entry_says_is_cited_as_by_the_engine(fields):
    try:
        asked = both(fields)
    except Exception as error:  # an accent on nothing, and the like
        with pytest.raises(type(error)):
            cited(fields), named(fields)
    else:
        assert (cited(fields), named(fields)) == asked


@settings(max_examples=500, deadline=None)
@given(plain)
def test_latex_prints_as_it_stands_what_is_not_read_as_latex(text):
    if not LATEX.search(text):
        assert str(Text.from_latex(text)) == text
