"""What a claim may write as a parameter of its estimand, and as what it expects: kinds, each checked before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from buckpass.case.names import Names

__all__ = ["KINDS", "Expectation", "Kind", "Statement", "expectations", "problems_of"]

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Rung = Annotated[int, Field(ge=0, strict=True)]
Year = Annotated[int, Field(ge=1000, le=2999, strict=True)]
Bound = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Truth = Annotated[bool, Field(strict=True)]


class Entry(BaseModel):
    """A table inside a claim; what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Expectation(Entry):
    """What a claim expects of its number: exactly one bound, or a truth."""

    above: Bound | None = None
    below: Bound | None = None
    equals: Truth | None = None

    @model_validator(mode="after")
    def _one(self) -> Expectation:
        given = [name for name in ("above", "below", "equals") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"one of above, below and equals is needed, not {' and '.join(given) or 'none'}")
        return self


class Also(Expectation):
    """A second thing that must hold: of another power's response, or of the buck that a power passes."""

    power: Name | None = None
    buck_passed_by: Name | None = None


class Statement(Entry):
    """One statement of a conjunction: about a coded response, a figure of a series, or a sourced fact.

    A figure is that of `year`, by default the last; it is more than a number, or than another actor's of the same year.
    """

    actor: Name | None = None
    any_of: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    crisis: Name | None = None
    theatre: Name | None = None
    at_least: Rung | None = None
    at_most: Rung | None = None
    equals: Rung | None = None
    stance: Name | None = None
    scope: Name | None = None
    series: Name | None = None
    partner: Name | None = None
    year: int | None = None
    more_than: float | Name | None = None
    fact: Name | None = None
    holds: Literal[True, False, "doubt"] | None = None
    sources: tuple[Name, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> Statement:
        where = [n for n in ("crisis", "theatre") if getattr(self, n) is not None]
        who = [n for n in ("actor", "any_of") if getattr(self, n) is not None]
        asked = [n for n in ("at_least", "at_most", "equals", "stance", "scope") if getattr(self, n) is not None]
        if self.fact is not None:
            if who or where or asked:
                raise ValueError("a statement is a fact, or about an actor in a crisis: not both")
            return self
        if self.series is not None:
            if who != ["actor"] or where or asked or self.more_than is None:
                raise ValueError("a statement about a figure names series, actor and more_than, and no crisis or rung")
            return self
        if len(who) != 1 or len(where) != 1:
            raise ValueError("a statement names one of actor and any_of, and one of crisis and theatre")
        if not asked:
            raise ValueError(
                "a statement without a condition says nothing: give at_least, at_most, equals, stance or scope"
            )
        if self.equals is not None and (self.at_least is not None or self.at_most is not None):
            raise ValueError("equals stands alone, without at_least and at_most")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(
                f"no rung is at least {self.at_least} and at most {self.at_most}: the statement cannot hold"
            )
        return self


class Reading(Entry):
    """Another reading of the sentence, as statements of its own."""

    label: Name
    atoms: Annotated[tuple[Statement, ...], Field(min_length=1)]


class Scenario(Entry):
    """One change of a what-if: paths set, or a member whose consent is not needed."""

    label: Name
    set: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    consent_without: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> Scenario:
        if (self.set is None) == (self.consent_without is None):
            raise ValueError("a scenario gives one of set and consent_without")
        return self


class Records(Entry):
    """Yearly records of one actor that count as acts."""

    series: Name
    actor: Name


@dataclass(frozen=True)
class Kind:
    """A kind of parameter: in words, how it is read, and of which of the case's names it must be (None: no names)."""

    words: str
    adapter: TypeAdapter
    names: Callable[[Names], Sequence[str]] | None = None


def _kind(words: str, of: Any, names: Callable[[Names], Sequence[str]] | None = None) -> Kind:
    return Kind(words, TypeAdapter(of), names)


Names_ = Annotated[tuple[Name, ...], Field(min_length=1)]
KINDS: Mapping[str, Kind] = {
    "power": _kind("a power", Name, lambda n: n.powers),
    "powers": _kind("a list of powers", Names_, lambda n: n.powers),
    "actor": _kind("a state or organisation", Name),
    "actors": _kind("a list of states or organisations", Names_),
    "organisation": _kind("an organisation", Name, lambda n: n.organisations),
    "organisations": _kind("a list of organisations", Names_, lambda n: n.organisations),
    "one or more organisations": _kind("an organisation, or a list of them", Name | Names_, lambda n: n.organisations),
    "years by state": _kind("a table of state = [year, year it is set against]", dict[Name, tuple[Year, Year]]),
    "theatres": _kind("a theatre, or a list of them", Name | Names_, lambda n: n.theatres),
    "crises": _kind("a list of crises", Names_, lambda n: n.crises),
    "states": _kind("a list of states", Names_),
    "series": _kind("the name of a series", Name),
    "list of series": _kind("a list of series", Names_),
    "labelled series": _kind("a table of label = series", dict[Name, Name]),
    "leaders": _kind("a table of domain = power", dict[Literal["economic", "security"], Name]),
    "domains": _kind("a list of domains", Annotated[tuple[Literal["economic", "security"], ...], Field(min_length=1)]),
    "domain": _kind("a domain: economic or security", Literal["economic", "security"]),
    "rung": _kind("a rung", Rung),
    "year": _kind("a year", Year),
    "years": _kind("a first and a last year", tuple[Year, Year]),
    "periods": _kind("a list of pairs of years", Annotated[tuple[tuple[Year, Year], ...], Field(min_length=1)]),
    "truths": _kind("a list of true and false", Annotated[tuple[Truth, ...], Field(min_length=1)]),
    "yearly": _kind('the word "yearly"', Literal["yearly"]),
    "word": _kind("a word", Name),
    "words": _kind("a list of words", Names_),
    "probability": _kind(
        "p_power_deploys or p_organisation_deploys", Literal["p_power_deploys", "p_organisation_deploys"]
    ),
    "held": _kind("a list of stake and severity", tuple[Literal["stake", "severity"], ...]),
    "statements": _kind("a list of statements", Annotated[tuple[Statement, ...], Field(min_length=1)]),
    "readings": _kind("a list of readings", tuple[Reading, ...]),
    "records": _kind("a list of series and actor", Annotated[tuple[Records, ...], Field(min_length=1)]),
    "scenarios": _kind("a list of scenarios", Annotated[tuple[Scenario, ...], Field(min_length=1)]),
    "also": _kind("a second expectation", Also),
}
# What an estimand's number can be asked: where it stands to a bound, whether something is so, that all statements hold; or nothing.
EXPECTED = {"bound": ("above", "below"), "truth": ("equals",), "all hold": ("equals",), "nothing": ()}


def problems_of(kind: Kind, value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where in a parameter's value something is wrong, and what; nothing where it can be read."""
    try:
        kind.adapter.validate_python(_as_tuples(value))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            where = tuple(p for p in one["loc"] if isinstance(p, int) or str(p).isidentifier())
            yield where, f"{one['msg'].removeprefix('Value error, ')} (wanted: {kind.words})"


def expectations(asked: str, expect: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with what a claim expects of an estimand whose number can be asked `asked`."""
    allowed = EXPECTED[asked]
    if not expect and not allowed:
        return
    if extra := sorted(set(expect) - set(allowed)):
        can = " or ".join(allowed) or "nothing: it is a premise"
        yield f"expects {', '.join(extra)}; of this estimand a claim can expect {can}"
        return
    try:
        found = Expectation.model_validate(dict(expect))
    except ValidationError as error:
        yield "; ".join(
            e["msg"].removeprefix("Value error, ") for e in error.errors(include_url=False, include_input=False)
        )
        return
    if asked == "all hold" and found.equals is False:
        yield "expects its statements not to hold; write the statements that the sentence makes, and expect equals = true"


def _as_tuples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_tuples(inner) for key, inner in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list | tuple) else value
