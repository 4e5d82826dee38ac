"""What is left to look up in a case that passes every check: rows nobody looked for, nobody found, nobody read again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from buckpass.case.case import Case
from buckpass.case.catalogue import parameter_kinds, world_code
from buckpass.case.checking.acts import acts_outside_their_crisis
from buckpass.case.checking.weak_spots import wholes_left_out
from buckpass.case.codebook import tables
from buckpass.case.figures import amounts
from buckpass.case.problems import Problem, at_lines
from buckpass.case.reading.reach import without_row
from buckpass.case.reading.toml_lines import Path
from buckpass.case.schema import default_of
from buckpass.results.words import and_join, count_of

__all__ = ["remaining"]

LEFT = {
    "unsearched": ("nobody looked", "look, and write seen with the source, or absence with where you looked"),
    "recalled": ("known from memory alone", "read a source and write seen, or leave the row out"),
    "absence": ("looked for and not found: weak evidence of silence", "look again, in the language of the actor"),
}
BIB = "sources.bib"
HOME_PAGE = re.compile(r"https?://[^/?#]+/?(index\.\w+)?")
MOST_NAMED = 8
PLACEHOLDER = "placeholder"  # how a text begins that a machine wrote to be replaced


def remaining(case: Case) -> list[Problem]:
    """One line for each theatre and kind of row that no read source stands behind, and one for each thing a seen source lacks."""
    return [
        *_placeholders(case), *_borders(case), *_rows(case), *_cells(case), *_sources(case), *_without_whole(case),
        *_undated(case), *acts_outside_their_crisis(case), *_defaults(case),
    ]  # fmt: skip


def _placeholders(case: Case) -> Iterator[Problem]:
    """What a machine wrote to be replaced: in case.toml, in claims.toml and in the tables."""
    for file, content in (("case.toml", case.settings.model_dump(by_alias=True)),
                          ("claims.toml", {"claim": [claim.model_dump() for claim in case.claims]})):  # fmt: skip
        places = [_place(case, file, path) for path in _texts(content)]
        for where in dict.fromkeys(name for name, _ in places):
            if lines := [line for name, line in places if name == where and line is not None]:
                yield _left(where, lines, "")
    for file, frame in tables(case).items():
        texts = [pl.col(name).str.starts_with(PLACEHOLDER) for name, kind in frame.schema.items() if kind == pl.String]
        lines = frame.filter(pl.any_horizontal(texts))["line"].to_list()
        if lines:
            yield _left(file, lines, "")


def _left(file: str, lines: list[int], field: str) -> Problem:
    seen = f"{count_of(len(lines), 'place', 'places')} still to be set: {at_lines(lines)}"
    return Problem(
        file, min(lines), field, seen, "put your own in place of each placeholder, with its reason", "warning"
    )


def _texts(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, str) and PLACEHOLDER in value:
        yield path
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()
    for step, inner in pairs:
        yield from _texts(inner, (*path, step))


def _borders(case: Case) -> Iterator[Problem]:
    if not any(host.borders for host in case.settings.hosts):
        place = _place(case, "case.toml", ("hosts", 0))
        seen = "no host borders a power: borders and what spills over them count for nothing"
        yield Problem(*place, "hosts", seen, 'fill borders = ["…"] of the hosts that do', "warning")


def _rows(case: Case) -> Iterator[Problem]:
    theatre_of = dict(case.crises.select("crisis_id", "theatre").iter_rows())
    rows = case.responses.with_columns(pl.col("crisis_id").replace_strict(theatre_of).alias("theatre"))
    for basis, (what, hint) in LEFT.items():
        for (theatre,), left in rows.filter(pl.col("basis") == basis).group_by("theatre", maintain_order=True):
            lines = left["line"].to_list()
            seen = f"{count_of(len(lines), 'row', 'rows')} {basis} in {theatre}, {what}: {at_lines(lines)}"
            yield Problem("responses.csv", lines[0], "basis", seen, hint, "warning")


def _cells(case: Case) -> Iterator[Problem]:
    """Crises of the focus's theatre and actors (powers, and organisations with rows there) without a row: nobody looked there either."""
    theatre = case.settings.focus.theatre
    crises = case.crises.filter(pl.col("theatre") == theatre)["crisis_id"].to_list()
    there = {*case.coded.filter(pl.col("theatre") == theatre)["actor"]}
    actors = [*case.powers, *(body for body in case.organisations if body in there)]
    by_actor = Counter(actor for _, actor in without_row(case, crises, actors))
    if by_actor:
        cells = count_of(by_actor.total(), "cell", "cells")
        said = and_join([f"{actor} {n}" for actor, n in by_actor.most_common()])
        seen = f"{cells} of {len(crises)} crises in {theatre} and {len(actors)} powers and organisations {'has' if by_actor.total() == 1 else 'have'} no row, nobody looked: {said}"
        hint = "add a row for each: seen with the source, or absence with where you looked; what has no row is missing, not silence"
        yield Problem("responses.csv", None, "crisis_id", seen, hint, "warning")


def _sources(case: Case) -> Iterator[Problem]:
    """What sources of seen rows lack that a reader would need to open them; one line for each kind of gap."""
    seen = (
        case.responses.filter(pl.col("basis") == "seen")["source_id"]
        .explode(empty_as_null=True)
        .drop_nulls()
        .unique()
        .sort()
    )
    cited = [case.sources[key] for key in seen if key in case.sources]
    for field, name, lacks, hint in (
        ("author", "no author", [s for s in cited if not s.has_makers], "add the author that the source gives"),
        ("date", "no date but the day of reading", [s for s in cited if not s.year.isdecimal()], "add the date that the source gives"),
        ("title", "no title", [s for s in cited if not s.field("title")], "add the title that the source gives"),
        ("url", "no address", [s for s in cited if not s.url], "add the url at which it was read, or the doi"),
        ("url", "a bare home page for an address", [s for s in cited if HOME_PAGE.fullmatch(s.url)], "add the address of the page that was read"),
        ("note", "a note that says recalled", [s for s in cited if s.basis == "recalled"], "read it and write seen, or write recalled in the rows too"),
    ):  # fmt: skip
        if lacks:
            keys = ", ".join(s.key for s in lacks)
            words = f"{len(lacks)} of {len(cited)} sources of seen rows {'has' if len(lacks) == 1 else 'have'} {name}: {keys}"
            yield Problem(BIB, lacks[0].line, field, words, hint, "warning")


def _without_whole(case: Case) -> Iterator[Problem]:
    """Series of a measure in amounts of its powers alone, without any total: a share is of the powers compared, not of everything."""
    told = {series for series, _ in wholes_left_out(case)}
    rows = amounts(case.series.filter(pl.col("series").is_in([*case.settings.measures.shared - told])))
    rows = rows.filter(~(pl.col("actor") == world_code()).any().over("series")).sort("line")
    if rows.height:
        named = ", ".join(rows["series"].unique(maintain_order=True))
        seen = f"no whole ({world_code()}) of {named}: shares are of the powers compared, not of everything"
        hint = f"add rows with actor {world_code()}: all partners or suppliers together"
        yield Problem("series.csv", rows["line"][0], "actor", seen, hint, "warning")


def _undated(case: Case) -> Iterator[Problem]:
    """Mandates and alignments that stand for all years: what changed meanwhile is coded as it is now."""
    settings, (first, last) = case.settings, case.settings.years
    for table, name, entries in (
        ("organisations", "mandate", {o.id: [*o.mandates] for o in settings.chartered if o.is_vehicle}),
        ("alignments", "alignment", {f"{a.of} with {a.with_} in {a.theatre}": [a] for a in settings.alignments}),
    ):
        undated = [of for of, periods in entries.items() if all(p.from_ is None and p.to is None for p in periods)]
        if undated:
            named = f": {', '.join(undated)}" if len(undated) <= MOST_NAMED else ""
            have = "has no dates and holds" if len(undated) == 1 else "have no dates and hold"
            seen = f"{len(undated)} of {count_of(len(entries), name)} {have} from {first} to {last}{named}"
            hint = "where it changed, write one entry for each period, with `from` and `to`"
            yield Problem(*_place(case, "case.toml", (table, 0)), table, seen, hint, "warning")


def _defaults(case: Case) -> Iterator[Problem]:
    """Parameters of which the case says nothing of its own."""
    given = case.settings.parameters
    left = [name for name, kind in parameter_kinds(case.powers).items() if given[name] == default_of(kind)]
    if left:
        seen = f"{len(left)} of {count_of(len(given), 'parameter', 'parameters')} left at the model's default: {', '.join(left)}"
        hint = (
            "where you know better, add the number with its range and reason; `buckpass help columns` says what each is"
        )
        file, line = _place(case, "case.toml", ("parameters",))
        yield Problem(file, line or 1, "parameters", seen, hint, "warning")


def _place(case: Case, file: str, path: Path) -> tuple[str, int | None]:
    """Where an entry of a TOML file stands; without a line where the case was changed since it was read."""
    return case.derived["files"][file].place(path) if "files" in case.derived else (file, None)
