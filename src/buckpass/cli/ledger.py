"""The ledger of claims as a terminal shows it: a line a claim by verdict, or a few lines a claim in the case's order."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from buckpass.case.catalogue import estimands
from buckpass.ledger import Verdicts
from buckpass.ledger.sensitivity import Sensitivity
from buckpass.ledger.verdicts import Verdict
from buckpass.page.wording import grouped_places, with_interval
from buckpass.results.words import and_join, count_of, sentence

__all__ = ["brief_lines", "ledger_lines"]

INDENT = " " * 5
NO_CLAIMS = "The case makes no claims: its claims.toml has no [[claim]]."
MOST_SOURCES = 4
LONGEST_PLACES = 140
NUMBERS = 25  # columns: −0.031 (−0.056 to −0.007)
UNITS = 13  # columns: of statements
TURNING = ("supported", "contradicted", "undecided")  # of what holds in part the statements say it
MARKS = {"true": "+", "false": "−", "doubt": "?"}
WORDS = {"premise": "premise of the model", "not_computed": "not computed"}


def brief_lines(verdicts: Verdicts, under: Sequence[Sensitivity], width: int) -> Iterator[str]:
    """Verdict by verdict a line for each claim with its number; a star where another coding changes the verdict."""
    if not len(verdicts):
        yield NO_CLAIMS
        return
    changed = {change.id for condition in under for change in condition.changed}
    for word, n in verdicts.counts().items():
        if n:
            yield f"{WORDS.get(word, word)}: {n}"
        for one in (v for v in verdicts if v.verdict == word):
            number = "" if one.value is None else with_interval(one.value, one.low, one.high)
            start, room = (
                f"  {one.id}{'*' if one.id in changed else ' '} ",
                width - max(NUMBERS, len(number)) - UNITS - 2,
            )
            name = start + textwrap.shorten(one.short, max(room - len(start), 8), placeholder="…")
            yield f"{name:<{room}} {number:>{NUMBERS}} {_unit(one) if number else ''}".rstrip()
    yield from _total(verdicts, under, width)
    star = "A star: another coding of the record changes the verdict. " if changed else ""
    yield from textwrap.wrap(f"{star}Each with its whole unit, n, reasons, rival and sources: --long.", width)


def _unit(one: Verdict) -> str:
    """The unit of a claim's number, short: as its estimand has it, else the beginning of the whole one."""
    short = estimands().get(one.estimand, {}).get("unit", "")
    return short or textwrap.shorten(one.unit, UNITS, placeholder="…")


def ledger_lines(verdicts: Verdicts, under: Sequence[Sensitivity], width: int) -> Iterator[str]:
    """Claim by claim: verdict, number with interval and n, rival, sources, and what another coding would change."""
    if not len(verdicts):
        yield NO_CLAIMS
        return
    for one in verdicts:
        yield from _claim(one, under, width)
        yield ""
    yield from _total(verdicts, under, width)


def _total(verdicts: Verdicts, under: Sequence[Sensitivity], width: int) -> Iterator[str]:
    counts = {word: n for word, n in verdicts.counts().items() if n}
    total = and_join(f"{n} {WORDS.get(word, word)}" for word, n in counts.items())
    yield from textwrap.wrap(f"{count_of(len(verdicts), 'claim')}: {total}. Intervals hold 90 %.", width)
    for condition in under:
        yield from textwrap.wrap(_change_words(condition), width)


def _claim(one: Verdict, under: Sequence[Sensitivity], width: int) -> Iterator[str]:
    yield from textwrap.wrap(
        f"{one.id}  {WORDS.get(one.verdict, one.verdict).upper()}: {one.short}", width, subsequent_indent=INDENT
    )
    for text in (
        _number(one),
        _why(one),
        _turns_on(one) if one.verdict in TURNING else "",
        *_statements(one),
        *(f"Read as {r['label']}: {r['true']} of {r['n']}, {r['verdict']}" for r in one.readings),
        *_changes(one, under),
        f"Rival: {one.rival}" if one.rival else "",
        _sources(one),
        _places(one),
    ):
        yield from textwrap.wrap(text, width, initial_indent=INDENT, subsequent_indent=INDENT)


def _number(one: Verdict) -> str:
    if one.value is None:
        return one.reason
    parts = [f"{with_interval(one.value, one.low, one.high)} {one.unit}".strip()]
    parts += [f"claimed: {one.expects}"] if one.expects else []
    parts += [f"n = {one.n}"] if one.n is not None else []
    parts += (
        [f"P(as claimed) = {one.probability:.2f} as coded"] if one.probability is not None and not one.by_fit else []
    )
    return ", ".join(parts)


def _why(one: Verdict) -> str:
    """The sentence that says what the verdict rests on: counts, P and its range over fits, what informs it."""
    is_said = one.value is None or one.verdict == "partly"  # by the number's place, by the statements
    starts_with_an_id = "_" in one.reason.partition(" ")[0]
    return "" if is_said else one.reason if starts_with_an_id else sentence(one.reason)


def _turns_on(one: Verdict) -> str:
    """What would decide it."""
    return f"Turns {'' if one.turns_on.startswith('on ') else 'on: '}{one.turns_on}" if one.turns_on else ""


def _statements(one: Verdict) -> Iterator[str]:
    """Each statement of a claim that holds in part, with what was seen."""
    if one.verdict == "partly":
        yield from (f"{MARKS[s['truth']]} {s['text']} ({s['seen']})" for s in one.statements)


def _changes(one: Verdict, under: Sequence[Sensitivity]) -> Iterator[str]:
    for condition in under:
        for change in condition.changed:
            if change.id == one.id:
                yield f"With {condition.condition}: {WORDS.get(change.after, change.after)}"


def _sources(one: Verdict) -> str:
    if not one.sources:
        return ""
    rest = len(one.sources) - MOST_SOURCES
    return f"Sources: {', '.join(one.sources[:MOST_SOURCES])}{f' and {rest} more' if rest > 0 else ''}"


def _places(one: Verdict) -> str:
    """Where the claim and its number stand in the case's files; the sources' own lines are in `--json`."""
    rows = grouped_places(place for place in one.places if not place.startswith("sources.bib"))
    return f"In the case: {textwrap.shorten(rows, LONGEST_PLACES, placeholder=' …')}" if rows else ""


def _change_words(condition: Sensitivity) -> str:
    ids = [c.id for c in condition.changed]
    change = f"{and_join(ids)} {'changes' if len(ids) == 1 else 'change'}" if ids else "none changes"
    tested = count_of(len(condition.verdicts), "claim that needs", "claims that need")
    return f"With {condition.condition}, of the {tested} no fit {change}; the others need a new fit."
