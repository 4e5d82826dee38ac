"""What may stand in a row of each table: the columns, with their meaning and unit."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from buckpass.case.entries import FOR_READERS, Entry, Label
from buckpass.case.ladder import MOST_RUNGS
from buckpass.case.problems import repeated
from buckpass.case.reading.cells import parse_date, parse_integer, parse_list, parse_number, parse_span, parse_yes_no

LONGEST_CRISIS = 100  # years
MOST_OF_ABSENCE = 1  # rung of who was looked for and not found


def _cell(parse):
    """A validator for the text of a cell; empty cells of optional columns never reach it."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


def _words(value: Any) -> Any:
    return parse_list(value) if isinstance(value, str) else value


def _word(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _each_once(words: tuple[str, ...]) -> tuple[str, ...]:
    for _, word in repeated(words):
        raise ValueError(f"{word} stands in it twice: keep one of them")
    return words


def _span_text(text: str) -> str:
    parse_span(text)
    return text.strip()


Word = Annotated[str, BeforeValidator(_word), Field(max_length=200)]
Prose = Annotated[str, Field(max_length=20_000), FOR_READERS]
Id = Annotated[str, BeforeValidator(_word), Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Listed = Annotated[tuple[Word, ...], BeforeValidator(_words)]
Words = Annotated[Listed, AfterValidator(_each_once)]
Shown = Annotated[Word, FOR_READERS]
Keys = Annotated[Listed, FOR_READERS]
Start = Annotated[date, _cell(lambda text: parse_date(text)[0])]
MaybeStart = Annotated[date | None, _cell(lambda text: parse_date(text)[0])]
End = Annotated[date | None, _cell(lambda text: parse_date(text)[1])]
Span = Annotated[str | None, _cell(_span_text)]
YesNo = Annotated[bool | None, _cell(parse_yes_no)]
MANKIND = 1e10  # people: no count of them is larger
Count = Annotated[float | None, _cell(parse_number), Field(ge=0, le=MANKIND)]
Aligned = Annotated[float, _cell(parse_number), Field(ge=-1, le=1)]
AlignedOrNot = Annotated[float | None, _cell(parse_number), Field(ge=-1, le=1)]
Rung = Annotated[int | None, _cell(parse_integer), Field(ge=0, lt=MOST_RUNGS)]
Stance = Literal["support", "neutral", "critical", "none", "unknown"]
Scope = Literal["host_support", "own_assets", "own_claim", "belligerent", "none", "unknown"]
Confidence = Annotated[Literal["high", "medium", "low", "none"], BeforeValidator(_word), FOR_READERS]


class CrisisRow(Entry):
    """One crisis."""

    crisis_id: Id = Field(description="id, the same in every table")
    name: Annotated[Shown, Field(min_length=1)] = Field(description="what people call it")
    host: Annotated[
        Words, Field(min_length=1, max_length=2, description="state in which it happens, or two joined by ;")
    ]
    theatre: Id = Field(description="a theatre of case.toml")
    type: Id = Field(description="a crisis type of case.toml")
    start: Start = Field(description="first day")
    end: End = Field(None, description="last day; empty while it lasts")
    deaths_best: Count = Field(None, description="best count of the dead", json_schema_extra={"unit": "deaths"})
    deaths_low: Count = Field(None, description="lowest count", json_schema_extra={"unit": "deaths"})
    deaths_high: Count = Field(None, description="highest count", json_schema_extra={"unit": "deaths"})
    deaths_basis: Prose = Field("", description="how the toll is known")
    displaced: Count = Field(None, description="people who fled", json_schema_extra={"unit": "persons"})
    threat_level: Annotated[int, _cell(parse_integer), Field(ge=0, le=4)] = Field(
        description="0 isolated attack, 1 one locality, 2 a province or an army engaged, "
        "3 capital or government lost, 4 state collapse or large war"
    )
    threat_reason: Prose = Field("", description="why this threat level")
    severity: Annotated[float, _cell(parse_number), Field(ge=0, le=1)] = Field(
        description="0.5·min(1, log10(1 + deaths)/5) + 0.5·threat/4; without a toll threat/4",
        json_schema_extra={"unit": "0 to 1"},
    )
    help_requested: YesNo = Field(None, description="whether the host asked for help; empty or unknown: not known")
    asked: Words = Field((), description="who was asked, separated by semicolons; empty: nobody")
    asked_by: Word = Field("", description="which government of the host asked, where it changed", examples=["junta"],
                         json_schema_extra={"needed": "where requests.csv has the crisis"})  # fmt: skip
    asked_text: Prose = Field("", description="who was asked, in words")
    request_date: Prose = Field("", description="when help was asked for, in words")
    request_answer: Prose = Field("", description="what came of the request")
    in_article: YesNo = Field(None, description="whether the article speaks of it")
    patron: Word = Field("", description="outside patron of the host; empty: the theatre's")
    own_stake: Words = Field((), description="powers whose people or assets were hit")
    assets: Words = Field((), description="powers with large investments")
    claimants: Words = Field((), description="powers with an own territorial claim in it")
    bases: Words = Field((), description="powers with forces stationed in the host at the start")
    confidence: Confidence = Field("none", description="the coder's confidence in the row")
    source_id: Keys = Field((), description="keys in sources.bib, joined by ;")
    summary: Prose = Field("", description="what happened, and what is doubtful")

    @model_validator(mode="after")
    def _coherent(self) -> CrisisRow:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"end ({self.end}) lies before start ({self.start})")
        if self.end is not None and self.end.year - self.start.year >= LONGEST_CRISIS:
            raise ValueError(
                f"end ({self.end}) lies {self.end.year - self.start.year} years after start: correct the year"
            )
        tolls = [toll for toll in (self.deaths_low, self.deaths_best, self.deaths_high) if toll is not None]
        if tolls != sorted(tolls):
            raise ValueError(f"deaths are not in the order low ≤ best ≤ high: {', '.join(f'{t:g}' for t in tolls)}")
        if self.asked and self.help_requested is False:
            raise ValueError(f"asked names {';'.join(self.asked)}, but help_requested is no")
        if itself := [one for one in self.asked if one in self.host]:
            raise ValueError(f"asked names {itself[0]}, the host itself: name whom it asked, and leave itself out")
        return self


class ResponseRow(Entry):
    """One actor's highest response in one crisis, by one coder."""

    crisis_id: Id = Field(description="a crisis of crises.csv")
    actor: Annotated[Word, Field(min_length=1)] = Field(
        description="ISO3 code, or id of an organisation, company or armed group"
    )
    kind: Annotated[Literal["state", "organisation", "company", "armed_group"], BeforeValidator(_word)] = Field(
        description="what the actor is"
    )
    rung: Rung = Field(
        None,
        description="a rung of the ladder in case.toml, 0 silence; empty: not known, never zero",
        json_schema_extra={"needed": "unless basis is unsearched"},
    )
    rung_low: Rung = Field(None, description="lowest rung that the sources allow")
    rung_high: Rung = Field(None, description="highest rung that the sources allow")
    date: Span = Field(None, description="ISO date or span")
    phase: Annotated[int | None, _cell(parse_integer), Field(ge=1, le=9)] = Field(
        None, description="1, 2, … where the response changed during the crisis; empty: it did not", examples=["2"]
    )
    from_: MaybeStart = Field(
        None,
        alias="from",
        description="first day of a phase after the first",
        examples=["2022-02-17"],
        json_schema_extra={"needed": "from phase 2 on"},
    )
    direction: Annotated[Literal["for", "against"], BeforeValidator(_word)] = Field(
        "for",
        description="for the host, on the ladder; against its government, on the steps of [against] in case.toml",
        examples=["against"],
    )
    stance: Annotated[Stance, BeforeValidator(_word)] = Field("unknown", description="towards the host's government")
    scope: Annotated[Scope, BeforeValidator(_word)] = Field(
        "unknown", description="what the act was for: the ladder alone mixes help with coercion"
    )
    acting_body: Prose = Field("", description="who acted for the actor")
    vehicle: Word = Field("", description="organisation through which a deployment ran")
    detail: Prose = Field("", description="what was done, and what speaks for another rung")
    confidence: Confidence = Field("none", description="the coder's confidence in the row")
    basis: Annotated[Literal["seen", "recalled", "absence", "unsearched", "machine"], BeforeValidator(_word)] = Field(
        description="seen: source read; recalled: cited, not reopened; absence: looked for, nothing found (band 0-1); "
        "unsearched: rung empty, missing; machine: coded from event data"
    )
    origin: Word = Field("", description="whether the article names the act (article, independent, or both)")
    source_id: Keys = Field((), description="keys in sources.bib, joined by ;")
    coder: Word = Field(
        "", description="who coded the row; of several, the row without one is what was settled between them"
    )

    @model_validator(mode="after")
    def _coherent(self) -> ResponseRow:
        band = (self.rung_low, self.rung, self.rung_high)
        if (self.phase or 1) > 1 and self.from_ is None:
            raise ValueError(f"phase {self.phase} has no first day: give from")
        if self.direction == "against" and self.vehicle:
            raise ValueError("an act against the government has no vehicle: leave the cell empty")
        if self.basis == "unsearched":
            if any(rung is not None for rung in band):
                raise ValueError("basis is unsearched, so rung, rung_low and rung_high stay empty: missing is not zero")
            return self
        if self.basis == "absence" and (self.rung or 0) > MOST_OF_ABSENCE:
            seen = f"basis is absence, so nothing was found, but rung is {self.rung}"
            raise ValueError(f"{seen}: give 0 or {MOST_OF_ABSENCE}, or write seen with the source of the act")
        if self.rung is None:
            raise ValueError("rung is empty: give the rung, or basis = unsearched where nobody has looked")
        low, high = (self.rung if end is None else end for end in (self.rung_low, self.rung_high))
        if not low <= self.rung <= high:
            raise ValueError(f"the band {low} to {high} leaves out the rung {self.rung}: widen it or correct the rung")
        return self


class RequestRow(Entry):
    """Whom one government asked in a crisis in which several did; `asked_by` in crises.csv says whose request counts."""

    crisis_id: Id = Field(description="a crisis of crises.csv", examples=["dalen_2016"])
    government: Annotated[Word, Field(min_length=1)] = Field(
        description="who asked: a government of the host, as in case.toml", examples=["junta"]
    )
    asked: Words = Field((), description="who was asked, separated by semicolons; empty: nobody", examples=["AAA;PACT"])
    asked_text: Prose = Field("", description="who was asked, in words", examples=["the council asked Altland"])
    request_date: Prose = Field("", description="when help was asked for, in words", examples=["2016-01-09"])
    request_answer: Prose = Field("", description="what came of the request", examples=["declined"])
    source_id: Keys = Field((), description="keys in sources.bib, joined by ;", examples=["example2019"])


class AlignmentRow(Entry):
    """How `of` counts the effort of `with` in a theatre; a pair that changed has a row for each period."""

    theatre: Id = Field(description="a theatre of case.toml")
    of: Annotated[Word, Field(pattern=r"^([A-Z]{3}|\*)$")] = Field(description="a power, a host, or * for every host")
    with_: Annotated[Word, Field(pattern=r"^[A-Z]{3}$")] = Field(alias="with", description="a power")
    from_: MaybeStart = Field(
        None, alias="from", description="first day; empty: from the beginning", examples=["2012-01-01"]
    )
    to: End = Field(None, description="last day; empty: to the end", examples=["2020-08-17"])
    value: Aligned = Field(description="1 as its own, 0 not at all, -1 as undoing it")
    low: AlignedOrNot = Field(None, description="lowest plausible value")
    high: AlignedOrNot = Field(None, description="highest plausible value")
    label: Annotated[Label, BeforeValidator(_word)] = Field(
        "assumed", description="measured: from data; estimated: by a fit; assumed: a judgement"
    )
    unit: Word = Field("", description="unit of the figure")
    reason: Prose = Field("", description="why this value")
    source_id: Keys = Field((), description="keys in sources.bib, joined by ;")

    @model_validator(mode="after")
    def _coherent(self) -> AlignmentRow:
        for first, last in (("from_", "to"), ("low", "value"), ("value", "high")):
            a, b, word = getattr(self, first), getattr(self, last), "before" if last == "to" else "below"
            if a is not None and b is not None and b < a:
                raise ValueError(f"{last} = {b} lies {word} {first.strip('_')} = {a}: mend the one that is wrong")
        return self


class SeriesRow(Entry):
    """One yearly figure."""

    series: Annotated[Word, Field(min_length=1)] = Field(description="which series")
    actor: Word = Field("", description="ISO3, organisation, theatre, WLD, or empty")
    partner: Word = Field("", description="ISO3, organisation, theatre, WLD, or empty")
    year: Annotated[int, _cell(parse_integer), Field(ge=1800, le=2200)] = Field(description="calendar year")
    value: Annotated[float, _cell(parse_number)] = Field(description="the figure, in `unit`")
    unit: Shown = Field("", description="unit of the figure")
    source_id: Keys = Field((), description="keys in sources.bib, joined by ;")
    confidence: Confidence = Field("none", description="the coder's confidence in the row")
    note: Prose = Field("", description="what the reader should know of the figure")


ROW_MODELS: dict[str, type[Entry]] = {
    "crises.csv": CrisisRow,
    "responses.csv": ResponseRow,
    "own_operations.csv": ResponseRow,
    "series.csv": SeriesRow,
    "alignments.csv": AlignmentRow,
    "requests.csv": RequestRow,
}
