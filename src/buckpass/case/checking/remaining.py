"""What is left to look up in a case that passes every check: rows nobody looked for, nobody found, nobody read again."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from buckpass.case.case import Case
from buckpass.case.problems import Problem, line_ranges
from buckpass.case.reading.toml_lines import line_of

__all__ = ["remaining"]

LEFT = {
    "unsearched": ("nobody looked", "look, and write seen with the source, or absence with where you looked"),
    "recalled": ("known from memory alone", "read a source and write seen, or leave the row out"),
    "absence": ("looked for and not found: weak evidence of silence", "look again, in the language of the actor"),
}
BIB = "sources.bib"
MOST_NAMED = 8


def remaining(case: Case) -> list[Problem]:
    """One line for each theatre and kind of row that no read source stands behind, and one for each thing a seen source lacks."""
    return [*_rows(case), *_sources(case), *_undated(case)]


def _rows(case: Case) -> Iterator[Problem]:
    theatre_of = dict(case.crises.select("crisis_id", "theatre").iter_rows())
    rows = case.responses.with_columns(pl.col("crisis_id").replace_strict(theatre_of).alias("theatre"))
    for basis, (what, hint) in LEFT.items():
        for (theatre,), left in rows.filter(pl.col("basis") == basis).group_by("theatre", maintain_order=True):
            lines = left["line"].to_list()
            seen = f"{_count(len(lines))} {basis} in {theatre}, {what}: lines {', '.join(line_ranges(lines))}"
            yield Problem("responses.csv", lines[0], "basis", seen, hint, "warning")


def _sources(case: Case) -> Iterator[Problem]:
    seen = (
        case.responses.filter(pl.col("basis") == "seen")["source_id"]
        .explode(empty_as_null=True)
        .drop_nulls()
        .unique()
        .sort()
    )
    cited = [case.sources[key] for key in seen if key in case.sources]
    for name, lacks in {
        "author": [s for s in cited if not s.authors],
        "date": [s for s in cited if not s.year.isdecimal()],
        "title": [s for s in cited if not s.field("title")],
    }.items():
        if lacks:
            keys = ", ".join(s.key for s in lacks)
            words = f"{len(lacks)} of {len(cited)} sources of seen rows have no {name}: {keys}"
            yield Problem(BIB, lacks[0].line, name, words, f"add the {name} that the source gives", "warning")


def _undated(case: Case) -> Iterator[Problem]:
    """Mandates and alignments that stand for all years: what changed meanwhile is coded as it is now."""
    settings, lines = case.settings, case.derived.get("lines", {}).get("case.toml", {})
    first, last = settings.years
    for table, name, entries in (
        ("organisations", "mandates", {o.id: [*o.mandates] for o in settings.organisations if o.is_vehicle}),
        ("alignments", "alignments", {f"{a.of} with {a.with_} in {a.theatre}": [a] for a in settings.alignments}),
    ):
        undated = [of for of, periods in entries.items() if all(p.from_ is None and p.to is None for p in periods)]
        if undated:
            named = f": {', '.join(undated)}" if len(undated) <= MOST_NAMED else ""
            seen = f"{len(undated)} of {len(entries)} {name} have no dates and hold from {first} to {last}{named}"
            hint = "where it changed, write one entry for each period, with `from` and `to`"
            yield Problem("case.toml", line_of(lines, (table, 0)), table, seen, hint, "warning")


def _count(number: int) -> str:
    return f"{number} {'row' if number == 1 else 'rows'}"
