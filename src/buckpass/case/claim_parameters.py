"""What a claim may write as a parameter of its estimand, and as what it expects: kinds, each checked before anything is computed.

What it leaves out comes from the pair of which it speaks: its own, else the case's focus.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from buckpass.case.catalogue import (
    EstimandKind,
    explanation_parts,
    known_estimands,
    mechanism_ids,
    state_codes,
    world_code,
)
from buckpass.case.checking.case_wording import keys_at, say
from buckpass.case.coded import Phase
from buckpass.case.names import Names
from buckpass.case.problems import clip, repeated, spelling_hint
from buckpass.case.reading.rows import CrisisRow, Scope, Stance
from buckpass.case.reading.toml_lines import Path
from buckpass.case.schema import Claim, Focus

__all__ = [
    "KINDS",
    "Expectation",
    "Kind",
    "Statement",
    "decided_before",
    "expectations",
    "parameters_of",
    "problems_of",
    "theatre_of",
]

CRISIS_NUMBERS = tuple(n for n, f in CrisisRow.model_fields.items() if f.annotation in (int, float, float | None))


def _among(what: str, known: Callable[[Names], Collection[str]]) -> AfterValidator:
    """Refuses a name that the case (the context of the validation) does not have; without a case every name will do."""

    def look(name: str, about: ValidationInfo) -> str:
        if about.context is not None and name not in (there := known(about.context)):
            raise _refused(f"{clip(name)!r} is not {what}", spelling_hint(name, there))
        return name

    return AfterValidator(look)


def _refused(message: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


def _on_the_ladder(rung: int, about: ValidationInfo) -> int:
    """Refuses a height beyond the top of the ladder, or of the steps of acts against where the act (or the estimand) is one."""
    if about.context is None:
        return rung
    towards = about.context.direction if about.field_name is None else about.data.get("direction") or "for"
    if rung > (top := about.context.top(towards)):
        is_step = towards == "against"
        seen = f"{clip(rung)} is {'no step of acts against' if is_step else 'not on the ladder'}"
        what = "step of [against]" if is_step else "rung of the ladder"
        raise _refused(seen, f"give a {what} in case.toml, a whole number from 0 to {top}")
    return rung


def _fitted(name: str, about: ValidationInfo) -> str:
    for one in explanation_parts(name):
        if one not in mechanism_ids():
            hint = f"{spelling_hint(one, mechanism_ids())} Combinations: base, FR, FR+BL, all, all-FR"
            raise _refused(f"{clip(name)!r} names the mechanism {clip(one)!r}, which does not exist", hint)
    if name == "argument" and about.context is not None and not about.context.argument:
        hint = 'write argument = ["FR", "BL"] in it, or name the mechanisms, as in FR+BL'
        raise _refused("'argument' is what case.toml does not declare", hint)
    return name


def _first_to_last(years: tuple[int, int]) -> tuple[int, int]:
    if years[0] > years[1]:
        raise _refused(f"{list(years)}: the first year lies after the last", f"write {[years[1], years[0]]}")
    return years


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _series(names: Names) -> Collection[str]:
    return Anything() if names.series is None else names.series


class Anything(tuple[str, ...]):
    """What holds every name: of a table that could not be read, or is not there, nothing is known."""

    def __contains__(self, name: object) -> bool:
        return True


Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Rung = Annotated[int, Field(ge=0, strict=True), AfterValidator(_on_the_ladder)]
Year = Annotated[int, Field(ge=1000, le=2999, strict=True)]
Years = Annotated[tuple[Year, Year], AfterValidator(_first_to_last)]
Bound = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Truth = Annotated[bool, Field(strict=True)]
Power = Annotated[Name, _among("a power", lambda n: n.powers)]
Party = Annotated[Name, _among("a party of [arrangement] in case.toml", lambda n: n.parties)]
State = Annotated[
    Name,
    _among("a state or theatre", lambda n: (*n.states, *n.theatres, world_code(), *sorted(state_codes()))),
]
Actor = Annotated[Name, _among("a state or organisation of this case", lambda n: (*n.actors, *sorted(state_codes())))]
Organisation = Annotated[Name, _among("an organisation", lambda n: n.organisations)]
Theatre = Annotated[Name, _among("a theatre", lambda n: n.theatres)]
Crisis = Annotated[Name, _among("a crisis of crises.csv", lambda n: n.crises or Anything())]
Series = Annotated[Name, _among("a series of series.csv", _series)]
Shown = Annotated[
    Name,
    _among("a series of series.csv or a number of crises.csv",
           lambda n: Anything() if n.series is None else (*n.series, *CRISIS_NUMBERS)),
]  # fmt: skip
Parameter = Annotated[Name, _among("a parameter of case.toml", lambda n: ("alignment", *n.parameters))]
Explanation = Annotated[Name, AfterValidator(_fitted)]
Host = Annotated[Name, _among("a host", lambda n: n.hosts)]
Domain = Literal["economic", "security"]
Direction = Literal["for", "against"]
ASKED = "at_least, at_most, equals, stance, scope, before or closed"


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


class AlsoOfPower(Entry):
    """A second thing that must hold, of another power's number: exactly one bound."""

    power: Power
    above: Bound | None = None
    below: Bound | None = None

    @model_validator(mode="after")
    def _one(self) -> AlsoOfPower:
        if (self.above is None) == (self.below is None):
            raise ValueError("one of above and below is needed")
        return self


class Also(AlsoOfPower):
    """A second thing that must hold: of another power's response, or of the buck that a power passes."""

    power: Power | None = None  # type: ignore[assignment]
    buck_passed_by: Power | None = None

    @model_validator(mode="after")
    def _of_whom(self) -> Also:
        if (self.power is None) == (self.buck_passed_by is None):
            raise ValueError("one of power and buck_passed_by is needed")
        return self


class Act(Entry):
    """What an actor did in a crisis: its rung, what the act was for and towards whom, and before whose act it came."""

    direction: Direction | None = None  # first, since heights are held to where its acts end
    at_least: Rung | None = None
    at_most: Rung | None = None
    equals: Rung | None = None
    stance: Stance | None = None
    scope: Scope | None = None
    before: Actor | None = None
    closed: Truth | None = None
    phase: Phase | None = None

    @property
    def asked(self) -> bool:
        """Whether anything is asked of the act."""
        return any(getattr(self, name) is not None for name in Act.model_fields if name not in ("phase", "direction"))

    def hold_closed_to_powers(self, actors: Iterable[str], about: ValidationInfo) -> None:
        """Refuses `closed` of actors of which one is no power: hosts are closed to powers, so that it could only be false."""
        others = [a for a in actors if about.context is not None and a not in about.context.powers]
        if self.closed is not None and others:
            raise ValueError(f"a host is open or closed to powers alone, and {others[0]} is none: leave out closed")

    @model_validator(mode="after")
    def _can_be(self) -> Act:
        if self.equals is not None and (self.at_least is not None or self.at_most is not None):
            raise ValueError("equals stands alone, without at_least and at_most")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"no rung is at least {self.at_least} and at most {self.at_most}: it cannot hold")
        return self


class Condition(Act):
    """What an actor did in a crisis that counts: "where France did less than 5" is at_most = 4."""

    actor: Actor | None = None

    @model_validator(mode="after")
    def _says_something(self, about: ValidationInfo) -> Condition:
        if self.actor is None:
            raise ValueError('the condition names no actor: say whose act it is about, actor = "…"')
        if not self.asked:
            raise ValueError(f"a condition says what the actor did: give {ASKED}")
        if self.before == self.actor:
            raise ValueError(f"{self.actor} cannot act before itself: name another in before")
        self.hold_closed_to_powers([self.actor], about)
        return self


class Statement(Act):
    """One statement of a conjunction: about a coded response, a figure of a series, or a sourced fact.

    One about a theatre is made of each of its crises that `years`, `hosts` and `where` leave. A figure is that of `year`, by
    default the last; it is more than a number, or than another actor's of the same year.
    """

    actor: Actor | None = None
    any_of: Annotated[tuple[Actor, ...], Field(min_length=1)] | None = None
    crisis: Crisis | None = None
    theatre: Theatre | None = None
    years: Years | None = None
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)] | None = None
    where: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None
    series: Series | None = None
    partner: State | None = None
    year: Year | None = None
    more_than: Bound | Actor | None = None
    fact: Name | None = None
    holds: Literal[True, False, "doubt"] | None = None
    sources: tuple[Name, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _says_something(self, about: ValidationInfo) -> Statement:
        where = [n for n in ("crisis", "theatre") if getattr(self, n) is not None]
        who = [n for n in ("actor", "any_of") if getattr(self, n) is not None]
        which = [n for n in ("years", "hosts", "where") if getattr(self, n) is not None]
        if self.fact is not None:
            if who or where or which or self.asked:
                raise ValueError("a statement is a fact, or about an actor in a crisis: not both")
            return self
        if self.series is not None:
            if who != ["actor"] or where or which or self.asked or self.more_than is None:
                raise ValueError("a statement about a figure names series, actor and more_than, and no crisis or rung")
            return self
        if len(who) != 1 or len(where) != 1:
            raise ValueError("a statement names one of actor and any_of, and one of crisis and theatre")
        if which and self.crisis is not None:
            raise ValueError(f"{which[0]} chooses among the crises of a theatre, and the statement names one crisis")
        if not self.asked:
            raise ValueError(f"a statement without a condition says nothing: give {ASKED}")
        self.hold_closed_to_powers(self.any_of or [self.actor or ""], about)
        return self


class Reading(Entry):
    """Another reading of the sentence, as statements of its own."""

    label: Name
    atoms: Annotated[tuple[Statement, ...], Field(min_length=1)]


class ScenarioOfClaim(Entry):
    """One change of a what-if: paths set, or a member whose consent is not needed."""

    label: Name
    set: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    consent_without: Power | None = None

    @model_validator(mode="after")
    def _one(self) -> ScenarioOfClaim:
        if (self.set is None) == (self.consent_without is None):
            raise ValueError("a scenario gives one of set and consent_without")
        return self


class Records(Entry):
    """Yearly records of one actor that count as acts; of one partner or year where these are given."""

    series: Series
    actor: Actor
    partner: State | None = None
    year: Year | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of parameter: in words, and how it is read; the names of a case are the context of the reading."""

    words: str
    adapter: TypeAdapter


def _kind(words: str, of: Any) -> Kind:
    return Kind(words, TypeAdapter(of))


def _each_once(entries: tuple[Any, ...]) -> tuple[Any, ...]:
    for position, entry in repeated(entries):
        what = clip(repr(entry)) if isinstance(entry, str) else f"entry {position + 1}"
        raise _refused(f"{what} stands twice in the list", "keep one: what stands twice would count twice")
    return entries


def _some(of: Any) -> Any:
    return Annotated[tuple[of, ...], Field(min_length=1), AfterValidator(_each_once)]


def _one_or_more(of: Any) -> Any:
    return Annotated[_some(of), BeforeValidator(_listed, json_schema_input_type=of | _some(of))]


KINDS: Mapping[str, Kind] = {
    "power": _kind("a power", Power),
    "powers": _kind("a list of powers", _some(Power)),
    "hosts": _kind("a host, or a list of them", _one_or_more(Host)),
    "direction": _kind("for or against", Direction),
    "what is counted": _kind("crises or hosts", Literal["crises", "hosts"]),
    "parties": _kind("a list of parties of [arrangement]", _some(Party)),
    "actor": _kind("a state or organisation", Actor),
    "actors": _kind("a list of states or organisations", _some(Actor)),
    "organisation": _kind("an organisation", Organisation),
    "organisations": _kind("a list of organisations", _some(Organisation)),
    "one or more organisations": _kind("an organisation, or a list of them", _one_or_more(Organisation)),
    "years by state": _kind("a table of state = [year, year it is set against]", dict[State, tuple[Year, Year]]),
    "theatres": _kind("a theatre, or a list of them", _one_or_more(Theatre)),
    "crises": _kind("a list of crises", _some(Crisis)),
    "states": _kind("a list of states", _some(State)),
    "series": _kind("the name of a series", Series),
    "list of series": _kind("a list of series", _some(Series)),
    "series or numbers of crises": _kind("a list of series, or of numbers of crises.csv", _some(Shown)),
    "labelled series": _kind("a table of label = series", dict[Name, Series]),
    "leaders": _kind("a table of domain = power", dict[Domain, Power]),
    "domains": _kind("a list of domains", _some(Domain)),
    "domain": _kind("a domain: economic or security", Domain),
    "rung": _kind("a rung", Rung),
    "scope": _kind("a scope of acts, as host_support", Scope),
    "year": _kind("a year", Year),
    "years": _kind("a first and a last year", Years),
    "periods": _kind("a list of pairs of years", _some(Years)),
    "truths": _kind("a list of true and false", _some(Truth)),
    "yearly": _kind('the word "yearly"', Literal["yearly"]),
    "explanation": _kind("an explanation, as FR, FR+BL or all", Explanation),
    "explanations": _kind("a list of explanations", _some(Explanation)),
    "mechanism of a gap": _kind(
        "stake, cost, backlash, norm, influence or others",
        Literal["stake", "cost", "backlash", "norm", "influence", "others"],
    ),
    "parameter": _kind('a parameter of case.toml, or "alignment"', Parameter),
    "backlash": _kind('the word "backlash"', Literal["backlash"]),
    "probability": _kind(
        "p_power_deploys or p_organisation_deploys", Literal["p_power_deploys", "p_organisation_deploys"]
    ),
    "held": _kind("a list of stake and severity", tuple[Literal["stake", "severity"], ...]),
    "statements": _kind("a list of statements", _some(Statement)),
    "conditions": _kind("a list of conditions, each of an actor in the same crisis", _some(Condition)),
    "readings": _kind("a list of readings", tuple[Reading, ...]),
    "records": _kind("a list of series and actor, with a partner or year where only those count", _some(Records)),
    "scenarios": _kind("a list of scenarios", _some(ScenarioOfClaim)),
    "also": _kind("a second expectation", Also),
    "also of a power": _kind("a second expectation, of another power", AlsoOfPower),
}
# What an estimand's number can be asked: where it stands to a bound, whether something is so, that all statements hold; or nothing.
EXPECTED = {"bound": ("above", "below"), "truth": ("equals",), "all hold": ("equals",), "nothing": ()}


def problems_of(kind: Kind, value: Any, names: Names | None = None) -> Iterator[tuple[Path, str, str]]:
    """Where in a parameter's value something is wrong, what, and what to do; nothing where it can be read.

    names : those of the case; without them a name is any text.
    """
    try:
        kind.adapter.validate_python(_as_tuples(value), context=names)
    except ValidationError as error:
        found = [(tuple(s for s in e["loc"] if s in _steps(value)), e) for e in error.errors(include_url=False)]
        for where, one in found:
            if one["type"] == "too_short" and any(at[: len(where)] == where != at for at, _ in found):
                continue  # an entry that cannot be read counts for none: said of the entry, not of the list
            message, hint = say(one, keys_at(kind.adapter, one["loc"]) if one["type"] == "extra_forbidden" else ())
            yield where, message if where else f"{message} (wanted: {kind.words})", hint


def _steps(value: Any) -> set[Any]:
    """Every key and position inside a value; what else stands in a validator's path are names of its own."""
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()
    return {step for key, inner in pairs for step in (key, *_steps(inner))}


def expectations(asked: str, expect: Mapping[str, Any], within: tuple[float, float] | None = None) -> Iterator[str]:
    """What is wrong with what a claim expects of an estimand whose number can be asked `asked`, and lies `within` what."""
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
    yield from decided_before(expect, within)


def decided_before(expect: Mapping[str, Any], within: tuple[float, float] | None) -> Iterator[str]:
    """What is wrong with a bound (above, below) on a number that lies `within` what: it holds, or fails, whatever comes out."""
    low, high = within or (-inf, inf)
    span = f"between {low:g} and {high:g}" if high < inf else f"at {low:g} or above"
    given = ((how, expect[how]) for how in ("above", "below") if type(expect.get(how)) in (int, float))
    for how, bound in given:
        always = bound < low if how == "above" else bound > high
        if always or (bound >= high if how == "above" else bound <= low):
            so = "holds whatever comes out" if always else "can never hold"
            yield f"expects {how} {bound:g}, which {so}: its number lies {span}"


def _as_tuples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_tuples(inner) for key, inner in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list | tuple) else value


def theatre_of(claim: Claim, focus: Focus) -> str:
    """The theatre of a claim that names none to its estimand: that of its own pair, else the case's."""
    return (claim.pair and claim.pair.theatre) or focus.theatre


def parameters_of(claim: Claim, focus: Focus) -> dict[str, Any]:
    """What a claim gives to its estimand, with what it leaves out filled in from its pair.

    A power or theatre that has to be there comes from the claim's pair, else from the case's focus; one that may be left out
    (a theatre, where all count) only from a pair of the claim's own. Crises that are listed need no theatre.
    """
    if claim.estimand is None:
        return {}
    given, kind = claim.estimand.parameters, known_estimands().get(claim.estimand.name)
    if kind is None:
        return given
    for parameter, role in kind.from_pair.items():
        if parameter not in given and (name := _named(claim, focus, kind, given, role, parameter)):
            given[parameter] = name
    return given


def _named(
    claim: Claim, focus: Focus, kind: EstimandKind, given: Mapping[str, Any], role: str, parameter: str
) -> str | None:
    if role == "theatre" and "crises" in given:
        return None
    own = getattr(claim.pair, role) if claim.pair is not None else None
    lacking = {name for one in kind.lacking(given) for name in one.split(" or ")}
    return own or (getattr(focus, role) if parameter in lacking else None)
