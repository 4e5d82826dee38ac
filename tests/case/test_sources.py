"""A bibliography is read as BibTeX and BibLaTeX read it."""

import polars as pl
import pytest

from buckpass.case import load_case
from buckpass.case.sources import keys_of, read_sources


def the(text: str):
    sources, problems = read_sources("sources.bib", text)
    assert not problems
    return next(iter(sources.values()))


def test_a_body_in_braces_is_one_author_and_biblatex_fields_are_read():
    source = the(
        r"@article{a, author={{Ministry of Roads and Bridges} and M{\"u}ller, Anna}, date={2022-01-05}, title={T}, "
        r"journaltitle={J}, url={https://example.org/a{\_}b}}"
    )
    assert source.citation == "Ministry of Roads and Bridges, Müller, Anna (2022). T. J."
    assert source.url == "https://example.org/a_b"


@pytest.mark.parametrize(
    ("author", "said"),
    [
        ("{Mail and Guardian}", "Mail and Guardian"),
        ("{Air and Space Forces Magazine}", "Air and Space Forces Magazine"),
        ("Smith, Jane and others", "Smith, Jane et al."),
        ("Smith, Jane AND Jones, Li", "Smith, Jane, Jones, Li"),
        ("Smith, Jane and de la Cruz, Ana and others", "Smith, Jane, de la Cruz, Ana et al."),
        ("Nobody, Sr., A, B, C", "Nobody, Sr., A, B, C"),
        ("{Office of X} and {Y and Z}", "Office of X, Y and Z"),
        ("Sandy Holland", "Holland, Sandy"),
        ("Armand, Andrew", "Armand, Andrew"),
    ],
)
def test_names_are_split_where_bibtex_splits_them(author, said):
    assert the(f"@misc{{a, author = {{{author}}}, year = 2011}}").authors == said


@pytest.mark.parametrize(
    ("date", "year"), [("1999-10", "1999"), ("2001/2003", "2001"), ("", "n.d."), ("2004~", "2004")]
)
def test_the_year_of_a_date(date, year):
    assert the(f"@misc{{a, title = {{T}}, date = {{{date}}}}}").year == year


def test_who_published_it_and_where():
    source = the("@report{a, title={T}, year=2020, institution={I}, location={Vienna}}")
    assert source.citation == "(2020). T. I, Vienna."
    assert the("@manual{a, title={T}, year=2020, organization={O}}").citation == "(2020). T. O."


def test_what_is_commented_out_does_not_count():
    text = "% @misc{gone,\n%  title={x}}\n@misc{kept, title={50 % and\n% more},\n% year = 1990,\n  note = {seen}}\n  % @misc{gone2, title={y}}\n"
    sources, problems = read_sources("sources.bib", text)
    assert not problems
    assert set(sources) == keys_of(text) == {"kept"}
    assert sources["kept"].field("title") == "50 % and % more"
    assert sources["kept"].line == 3
    assert sources["kept"].year == "n.d."


@pytest.mark.parametrize(
    ("title", "said"),
    [
        (r"Trade \& War: 40\% of US\$ 3", "Trade & War: 40% of US$ 3"),
        ("{Down by 6 %, up by 7%}", "Down by 6 %, up by 7%."),
        ("{SCO}: What Now?", "SCO: What Now?"),
        (r"{\"O}stliche Gesellschaft", "Östliche Gesellschaft."),
        ("An {un{even}} one", "An uneven one."),
    ],
)
def test_a_title_is_what_latex_would_print(title, said):
    said = said if said.endswith(("?", ".")) else f"{said}."
    assert the(f"@misc{{a, title = {{{title}}}, year = 2011}}").citation == f"(2011). {said}"


def test_a_source_without_a_date_says_when_it_was_read():
    page = "@misc{a, author={{Page}}, title={T}, urldate={2026-11-29}%s}"
    assert the(page % "").citation == "Page (n.d.). T. Read on 2026-11-29."
    assert the(page % ", year={1999}").citation == "Page (1999). T."


@pytest.mark.parametrize("name", ["central-asia", "western-balkans"])
def test_every_source_of_a_seen_row_opens_with_author_date_and_title(name):
    """The day on which it was read stands for the date only where the source has none, and the entry says so."""
    case = load_case(name)
    keys = case.responses.filter(pl.col("basis") == "seen")["source_id"]
    assert keys.list.len().min() > 0
    seen = keys.explode().unique()
    for source in (case.sources[key] for key in seen):
        assert source.authors, source.key
        assert source.field("title"), source.key
        assert source.year.isdecimal() or (source.accessed and "no date" in source.field("note")), source.key
        assert source.citation.startswith(f"{source.authors} ({source.year}). "), source.key
