"""What may stand in a case.toml: the settings of a case, each with its meaning, range and unit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from buckpass.case.catalogue import ParameterKind, parameter_kinds
from buckpass.case.entries import FOR_READERS, LARGEST, Entry, Label, Line, Number, Share, SourceKeys, Text, Title
from buckpass.case.ladder import Ladder
from buckpass.case.problems import clip, spelling_hint
from buckpass.case.reading.cells import FIRST_YEAR, LAST_YEAR, parse_date

QUANTITY = {"value": 0.8, "low": 0.5, "high": 1.0, "label": "assumed", "unit": "share", "reason": "costs shared in part",
            "sources": ["example2019"]}  # fmt: skip
EXAMPLES: dict[str, list[Any]] = {  # of parts that the starting case has no use for
    "access": [[{"power": "AAA", "host": "DDD", "act": "expelled", "from": "2022-02-17", "to": "2024-12-31",
                 "still_through": ["PACT"], "reason": "told to leave", "sources": ["example2019"]}]],
    "coalitions": [[{"id": "Willing", "name": "Coalition of 2016", "members": ["AAA", "BBB"], "lead": "AAA", "hosts": ["DDD"],
                     "from": "2016-01-01", "to": "2016-12-31", "reason": "announced together", "sources": ["example2019"],
                     "cost_share": QUANTITY, "legitimacy": QUANTITY}]],
    "actors": [[{"id": "Vasten", "name": "Vasten Group", "kind": "company", "sponsor": "BBB", "reason": "flown in by it",
                 "sources": ["example2019"]}]],
    "governments": [[{"id": "junta", "name": "Military council", "from": "2016-01-08", "to": "2018-05-01"}]],
    "against": [{"names": ["nothing", "condemnation", "sanctions", "threat of force", "force"], "reason": "steps of the case"}],
    "pair": [{"rider": "AAA", "provider": "BBB", "theatre": "valley"}],
    "settled": [[{"crisis": "dalen_2005", "actor": "AAA", "rungs": {"first": 1, "second": 0}, "in_text": False}]],
    "sponsored": [{"company": 6, "armed_group": 4}],
}  # fmt: skip
DEFAULT = "default of the model"  # the reason of a parameter that a case leaves out
NEAREST_YEARS = 3  # a yearly figure stands for a crisis at most this far away
StateId = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 3166 alpha-3 code of a state")]
OrganisationId = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{1,31}$", description="short id of an organisation")
]
PlainId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="id in lower case, digits and _")]
Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]


def _first_day(value: Any) -> Any:
    return parse_date(str(value))[0] if isinstance(value, (str, int, date)) and not isinstance(value, bool) else value


def _last_day(value: Any) -> Any:
    return parse_date(str(value))[1] if isinstance(value, (str, int, date)) and not isinstance(value, bool) else value


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, (str, dict)) else value


FirstDay = Annotated[date, BeforeValidator(_first_day)]
LastDay = Annotated[date, BeforeValidator(_last_day)]
Series = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
OneOrMore = Annotated[Series, Field(min_length=1)]


class Quantity(Entry):
    """A number set by hand, with its range and where it comes from."""

    value: Number
    low: Number | None = Field(None, description="lowest plausible value")
    high: Number | None = Field(None, description="highest plausible value")
    label: Label = Field(description="measured: from data; estimated: by a fit; assumed: a judgement")
    unit: Annotated[str, FOR_READERS] = ""
    reason: Text = ""
    sources: SourceKeys = ()

    @model_validator(mode="after")
    def _ordered(self) -> Quantity:
        if self.low is not None and self.low > self.value:
            raise ValueError(f"low = {self.low:g} lies above value = {self.value:g}")
        if self.high is not None and self.high < self.value:
            raise ValueError(f"high = {self.high:g} lies below value = {self.value:g}")
        return self

    @property
    def plausible(self) -> tuple[float, float]:
        """From the lowest to the highest plausible value; the value itself where none is given."""
        return self.value if self.low is None else self.low, self.value if self.high is None else self.high


class Bounded(Quantity):
    """A quantity whose value and range keep within bounds of their own; a subclass gives them by its `value`."""

    @classmethod
    def bounds(cls) -> tuple[float, float]:
        """The least and the largest that the value may be."""
        given = cls.model_fields["value"].metadata
        return max(getattr(b, "ge", -LARGEST) for b in given), min(getattr(b, "le", LARGEST) for b in given)

    @model_validator(mode="after")
    def _range_within_bounds(self) -> Bounded:
        least, most = self.bounds()
        for name in ("low", "high"):
            if (given := getattr(self, name)) is not None and not least <= given <= most:
                raise ValueError(f"{name} = {given:g} lies outside {least:g} to {most:g}")
        return self


def default_of(kind: ParameterKind) -> Quantity:
    """What a parameter of the model is where a case does not say."""
    value, low, high = kind.default
    return Quantity(value=value, low=low, high=high, label="assumed", unit=kind.unit, reason=DEFAULT)


class ShareQuantity(Bounded):
    """A part of a whole."""

    value: Share


class LogitQuantity(Bounded):
    """A price or a rent on the scale of the pay-offs: e¹⁰ to one is as good as certain."""

    value: Annotated[Number, Field(ge=0, le=10)]


class YearsQuantity(Bounded):
    """A number of years."""

    value: Annotated[Number, Field(ge=1, le=200)]


class AlignmentQuantity(Bounded):
    """How one counts another's effort: 1 as its own, 0 not at all, −1 as undoing it."""

    value: Annotated[Number, Field(ge=-1, le=1)]


class Focus(Entry):
    """What the page and the default commands speak about."""

    rider: StateId = Field(description="the power said to ride")
    provider: StateId = Field(description="the power said to provide")
    theatre: PlainId
    crisis: Annotated[PlainId, FOR_READERS]
    claim: Annotated[
        Line | None,
        Field(
            description="the claim that answers `question`, by its id; the page’s answer begins with its verdict",
            examples=["A01"],
        ),
        FOR_READERS,
    ] = None
    organisations: tuple[OrganisationId, ...] = Field(
        (), description="the passive one first, then those it is compared with"
    )

    @model_validator(mode="after")
    def _are_two(self) -> Focus:
        if self.rider == self.provider:
            raise ValueError(f"{self.rider} is rider and provider: one power leaves it to another")
        return self


Coordinates = Annotated[
    tuple[Annotated[Number, Field(ge=-90, le=90)], Annotated[Number, Field(ge=-180, le=180)]],
    Field(description="latitude, longitude in degrees"),
]


class Power(Entry):
    """A state that plays the crisis game."""

    id: StateId
    name: Title
    colour: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$"), FOR_READERS]
    capital: Coordinates
    main_rival: StateId | None = None
    main_rival_reason: Text = ""


class Theatre(Entry):
    """A region in which relations between powers are roughly constant."""

    id: PlainId
    name: Title
    in_fit: bool = Field(description="whether its crises enter the likelihood")
    patron: StateId | None = Field(None, description="the outside patron where crises.csv names none")
    note: Text = ""


class Period(Entry):
    """What holds from one day to another, both included; without a day, as long as there was anything."""

    from_: FirstDay | None = Field(None, alias="from")
    to: LastDay | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.from_ is not None and self.to is not None and self.to < self.from_:
            raise ValueError(f"to = {self.to} lies before from = {self.from_}: mend the one that is wrong")
        return self

    def holds(self, on: date) -> bool:
        """Whether it holds on a day."""
        return (self.from_ is None or self.from_ <= on) and (self.to is None or on <= self.to)


Dated = TypeVar("Dated", bound=Period)


def in_force(periods: Iterable[Dated], on: date) -> Dated | None:
    """The one of some periods that holds on a day; None where none does."""
    return next((period for period in periods if period.holds(on)), None)


class Government(Period):
    """Who governs a host from a day to a day: who asked is one of them."""

    id: PlainId
    name: Title


class Host(Entry):
    """A state in which a crisis of the record happens."""

    id: StateId
    name: Title
    capital: Coordinates
    borders: tuple[StateId, ...] = Field((), description="powers that border it")
    governments: tuple[Government, ...] = Field(
        (), description="who governed it, with dates, where that changed", examples=EXAMPLES["governments"]
    )


class Member(Period):
    """A state's time in an organisation."""

    state: Annotated[str, Field(pattern=r"^([A-Z]{3}|\*)$", description="ISO3, or * for every state")]
    from_: FirstDay = Field(alias="from")


class Mandate(Period):
    """Where and in what an organisation may act; before the first of several, and after the last, in nothing."""

    hosts: Literal["members", "any"] | tuple[StateId, ...]
    types: Literal["any"] | tuple[PlainId, ...]
    reason: Text = ""

    def covers(self, kind: str, hosts: Iterable[str], members: Iterable[str]) -> bool:
        """Whether a type of crisis in some hosts is within it, given who was a member."""
        covers_host = self.hosts == "any" or bool(set(members if self.hosts == "members" else self.hosts) & set(hosts))
        return covers_host and self.covers_type(kind)

    def covers_type(self, kind: str) -> bool:
        """Whether a type of crisis is within it."""
        return self.types == "any" or kind in self.types


class Consent(Entry):
    """Who must agree before an organisation acts."""

    rule: Literal["lead", "keys", "majority", "consensus"]
    keys: tuple[StateId, ...] = Field((), json_schema_extra={"needed": "with rule = keys, and only there"})
    reason: Text = ""

    @model_validator(mode="after")
    def _keys_belong(self) -> Consent:
        if (self.rule == "keys") != bool(self.keys):
            raise ValueError('keys = ["…"] is needed with rule = "keys", and only there')
        return self


class Organisation(Entry):
    """A vehicle through which its members may act."""

    id: OrganisationId
    name: Title
    lead: StateId | None = Field(
        None,
        description="the member whose word is enough under rule = lead",
        json_schema_extra={"needed": "with rule = lead"},
    )
    founded: FirstDay
    ended: LastDay | None = None
    is_vehicle: bool = Field(
        description="whether member powers may deploy through it: an option at the rung of deployments through an organisation"
    )
    mutual_defence: bool = Field(False, description="whether its treaty commits members to defend each other")
    members: tuple[Member, ...]
    mandates: Annotated[tuple[Mandate, ...], BeforeValidator(_as_tuple), Field(min_length=1, alias="mandate")] = Field(
        description="one table, or several with dates that follow each other: [{ to = …, hosts = … }, { from = …, hosts = … }]"
    )
    consent: Consent
    cost_share: ShareQuantity = Field(
        description="share of a deployment's cost that falls on the power acting through it"
    )
    legitimacy: LogitQuantity = Field(description="scales visible presence: smaller is more acceptable")
    sources: SourceKeys = ()
    note: Text = ""

    @model_validator(mode="after")
    def _coherent(self) -> Organisation:
        if self.ended is not None and self.ended < self.founded:
            raise ValueError(f"ended = {self.ended} lies before founded = {self.founded}: mend the one that is wrong")
        if self.consent.rule == "lead" and self.lead is None:
            raise ValueError('consent rule "lead" needs lead = "…"')
        return self

    def mandate(self, on: date) -> Mandate | None:
        """What it may do on a day; None where it has no mandate then."""
        return in_force(self.mandates, on)


class Alignment(AlignmentQuantity, Period):
    """How `of` counts the effort of `with` in a theatre: 1 as its own, 0 not at all, −1 as undoing it. Directed.

    A pair may stand several times, with dates that follow each other.
    """

    theatre: PlainId
    of: Annotated[str, Field(pattern=r"^([A-Z]{3}|\*)$", description="a power, a host, or * for every host")]
    with_: StateId = Field(alias="with", description="a power")


class Access(Period):
    """From when to when a host is closed to a power's forces, because it shut the door or put the power out; or when it left.

    A power that withdrew by itself may come back, so its withdrawal is on record and closes nothing.
    """

    power: StateId
    host: StateId
    act: Literal["closed", "expelled", "withdrew"] = Field(
        description="closed: the host lets no forces in; expelled: it sent those there away; withdrew: they left by themselves"
    )
    from_: FirstDay = Field(alias="from")
    still_through: tuple[OrganisationId, ...] = Field(
        (), description="organisations under whose flag it may come all the same"
    )
    reason: Text = ""
    sources: SourceKeys = ()

    @property
    def closes(self) -> bool:
        """Whether the power has no deployment of its own while it holds."""
        return self.act != "withdrew"


class Opinion(ShareQuantity):
    """Unfavourable opinion of a power among a host's public, as a share; missing stays missing."""

    power: StateId
    host: StateId
    year: Annotated[int, Field(ge=1800, le=2200)]


class OtherActor(Entry):
    """An actor that is neither a state nor an organisation, and the power behind it."""

    id: OrganisationId
    name: Line
    kind: Literal["company", "armed_group"]
    sponsor: StateId | None = Field(
        None,
        description="the power for which it acts, as far as [sponsored] says",
        json_schema_extra={"needed": "of a company"},
    )
    reason: Text = ""
    sources: SourceKeys = ()

    @model_validator(mode="after")
    def _acts_for_somebody(self) -> OtherActor:
        if self.kind == "company" and self.sponsor is None:
            raise ValueError(f'the company {self.id} has no sponsor: name the power for which it acts, sponsor = "…"')
        return self


class Coalition(Period):
    """Powers that act together under no organisation: a vehicle without a charter, a mandate or a vote."""

    id: OrganisationId
    name: Line
    lead: StateId | None = Field(None, description="the member whose word is enough; the first, where left out")
    members: tuple[StateId, ...]
    hosts: tuple[StateId, ...] = Field((), description="where it acts; left out: anywhere")
    from_: FirstDay = Field(alias="from")
    cost_share: ShareQuantity | None = Field(None, description="as of an organisation; left out: 1, each pays its own")
    legitimacy: LogitQuantity | None = Field(None, description="as of an organisation; left out: 1, seen as its own")
    reason: Text = ""
    sources: SourceKeys = ()

    @model_validator(mode="after")
    def _is_somebody(self) -> Coalition:
        if not self.members:
            raise ValueError(f'the coalition {self.id} has no members: name the powers in it, members = ["…"]')
        if self.lead is not None and self.lead not in self.members:
            raise ValueError(f"lead = {self.lead} is no member of the coalition {self.id}")
        return self

    def as_vehicle(self) -> Organisation:
        """What the game and the record read it as: an organisation that its lead decides for."""
        whole = {"value": 1.0, "label": "assumed", "reason": "a coalition under no organisation: as if alone"}
        return Organisation.model_validate({
            "id": self.id, "name": self.name, "lead": self.lead or self.members[0], "founded": self.from_, "ended": self.to,
            "is_vehicle": True, "members": [{"state": m, "from": self.from_, "to": self.to} for m in self.members],
            "mandate": {"hosts": self.hosts or "any", "types": "any", "reason": self.reason}, "consent": {"rule": "lead"},
            "cost_share": self.cost_share or whole, "legitimacy": self.legitimacy or whole, "sources": self.sources,
        })  # fmt: skip


class Against(Entry):
    """The steps of acts against a host's government, from nothing up: an order of their own, not rungs below silence."""

    names: Annotated[tuple[Line, ...], Field(min_length=2, max_length=12)] = (
        "nothing", "condemnation", "sanctions or aid cut", "threat of force", "force",
    )  # fmt: skip
    reason: Text = ""


class CrisisType(Entry):
    """A kind of crisis."""

    domestic: bool = Field(description="unrest at home (true) or attack from outside (false)")
    spills: bool = Field(description="whether the type spills across a border to a neighbour")
    reason: Text = ""


class Volume(Entry):
    """Which series has the amounts that published shares are of, and over how many years up to a share's own they are added."""

    series: PlainId
    years: Annotated[int, Field(ge=1, le=20)] = 1


class AlternativeSeries(Entry):
    """Another count of the same thing, shown beside the first."""

    series: OneOrMore
    label: Title
    volume: Annotated[Volume | None, FOR_READERS] = Field(
        None,
        description="of published shares: the series whose whole, over all partners, they are of, and over how many years",
        examples=[{"series": "arms", "years": 5}],
    )


class LeastVolume(Entry):
    """Below which total of a series, over the years summed, nobody leads."""

    series: str
    value: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(description="in the unit of the series")
    reason: Text


class PositionMeasure(Entry):
    """Which series are a power's position in a domain; never added: each year uses the first that has all powers."""

    series: Series = Field((), description="none while nobody has figures")
    name: Title = Field("", description="what the series count, as a title says it: trade, arms deliveries")
    powers: tuple[StateId, ...] = ()
    partners: tuple[str, ...] = ()
    reason: Text = ""
    alternatives: tuple[AlternativeSeries, ...] = ()
    beside: Annotated[tuple[str, ...], FOR_READERS] = Field(
        (),
        description="further series whose shares are listed, and of which nobody is said to lead: published shares, part years",
        examples=[["trade_share_part_year"]],
    )
    published: Annotated[tuple[str, ...], FOR_READERS] = Field(
        (),
        description="further series of published shares, of whole years and by the host's own statistics: they say who leads with "
        "a host where they reach further than the measure's own series",
        examples=[["trade_share"]],
    )
    years_summed: Annotated[int, Field(ge=1, le=20)] = Field(5, description="last years added up to say who leads")
    least_volumes: tuple[LeastVolume, ...] = ()

    @property
    def every_series(self) -> tuple[str, ...]:
        """Its own series, then the other counts of the same thing."""
        return (*self.series, *(series for other in self.alternatives for series in other.series))

    @property
    def who_leads(self) -> tuple[str, ...]:
        """The series that can say who leads, the preferred first: its own, published shares, other counts."""
        return tuple(dict.fromkeys((*self.series, *self.published, *self.every_series)))

    @property
    def shared(self) -> tuple[str, ...]:
        """The series of which shares are taken, each once: those that can say who leads, then those beside."""
        return tuple(dict.fromkeys((*self.who_leads, *self.beside)))


class CapacityMeasure(Entry):
    """Which series is a power's capacity."""

    series: OneOrMore
    reason: Text = ""
    alternatives: tuple[AlternativeSeries, ...] = ()


class Measures(Entry):
    """The series behind the economic and the security position, and behind capacity (model §7)."""

    economic: PositionMeasure = Field(default_factory=lambda: PositionMeasure.model_validate({}))
    security: PositionMeasure = Field(default_factory=lambda: PositionMeasure.model_validate({}))
    capacity: CapacityMeasure
    events: Annotated[tuple[str, ...], FOR_READERS] = Field(
        (),
        description="series that count events, one of which may stand with several partners: never added over them, "
        "the figure for the theatre is the count",
        examples=[["exercises"]],
    )
    alignment: Annotated[tuple[str, ...], FOR_READERS] = Field(
        (),
        description="series of two states that are shown beside how one is assumed to count the other's effort",
        examples=[["votes_alike"]],
    )

    @property
    def positions(self) -> dict[str, PositionMeasure]:
        """The measures of a power's position by domain."""
        return {"economic": self.economic, "security": self.security}

    @property
    def shared(self) -> set[str]:
        """The series of either domain of which shares are taken."""
        return {series for measure in self.positions.values() for series in measure.shared}


class Term(Entry):
    """What a party of the arrangement forgoes, and the rent that it gets."""

    party: StateId
    forgoes: Literal["deployment", "obstruction"]
    rent: LogitQuantity


class Breakdown(Entry):
    """What follows when the arrangement ends."""

    alignment: AlignmentQuantity
    punishment_years: YearsQuantity
    obstruction_cost: LogitQuantity


class Arrangement(Entry):
    """The unwritten agreement (model §5)."""

    parties: Annotated[tuple[StateId, ...], Field(min_length=2)]
    terms: tuple[Term, ...]
    breakdown: Breakdown
    transfer: Quantity


class Settled(Entry):
    """A response that several coders read and that stands once in responses.csv, as what they settled; no fit reads it twice."""

    crisis: PlainId
    actor: str
    rungs: Annotated[dict[str, Annotated[int, Field(ge=0, strict=True)]], Field(min_length=2)] = Field(
        description="the rung that each coder read, by coder"
    )
    in_text: bool = Field(description="whether each of them read it in a text, and none by finding nothing")


class Settings(Entry):
    """The whole of case.toml."""

    schema_version: Literal[1]
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
    title: Title
    question: Title
    licence: Title
    years: tuple[Year, Year]
    article: Annotated[str | None, FOR_READERS] = Field(
        None, description="key in sources.bib of the text whose claims are checked"
    )
    article_date: LastDay | None = Field(None, description="crises that start later are the out-of-sample set")
    focus: Focus
    powers: Annotated[tuple[Power, ...], Field(min_length=2)]
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)]
    theatres: Annotated[tuple[Theatre, ...], Field(min_length=1)]
    coalitions: tuple[Coalition, ...] = Field((), examples=EXAMPLES["coalitions"])
    actors: tuple[OtherActor, ...] = Field((), description="companies and armed groups", examples=EXAMPLES["actors"])
    sponsored: dict[Literal["company", "armed_group"], Annotated[int, Field(ge=0, strict=True)]] = Field(
        default_factory=dict,
        description="the highest rung up to which acts of a kind count for the sponsor; left out: they do not",
        examples=EXAMPLES["sponsored"],
    )
    organisations: tuple[Organisation, ...] = Field((), validate_default=True)
    alignments: tuple[Alignment, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    access: tuple[Access, ...] = Field((), examples=EXAMPLES["access"])
    ladder: Ladder
    against: Against = Field(
        Against(), description="the steps of acts against a host's government", examples=EXAMPLES["against"]
    )
    crisis_types: dict[PlainId, CrisisType]
    measures: Measures
    series_names: Annotated[dict[str, Line], FOR_READERS] = Field(
        default_factory=dict,
        description="what a reader is told of a series of series.csv, by its id",
        examples=[{"exercises": "joint exercises"}],
    )
    parameters: dict[str, Quantity] = Field(
        default_factory=dict, validate_default=True, description="numbers of the model; one left out has its default"
    )
    arrangement: Arrangement | None = None
    settled: Annotated[tuple[Settled, ...], FOR_READERS] = Field(
        (),
        description="responses whose coders' rows are left out of responses.csv, for how far coders agree",
        examples=EXAMPLES["settled"],
    )
    argument: Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...], FOR_READERS] = Field(
        (), description="mechanisms that the text whose claims are checked names together, as ids: FR, DL, BL"
    )

    @property
    def chartered(self) -> tuple[Organisation, ...]:
        """The organisations without the coalitions, which stand after them as vehicles."""
        return self.organisations[: len(self.organisations) - len(self.coalitions)]

    @field_validator("organisations")
    @classmethod
    def _with_coalitions(cls, given: tuple[Organisation, ...], info: ValidationInfo) -> tuple[Organisation, ...]:
        """Coalitions are vehicles beside the organisations, after them."""
        return (*given, *(coalition.as_vehicle() for coalition in info.data.get("coalitions", ())))

    @field_validator("parameters")
    @classmethod
    def _with_defaults(cls, given: dict[str, Quantity], info: ValidationInfo) -> dict[str, Quantity]:
        """Those that are not given have their default; all stand in the model's order."""
        kinds = parameter_kinds(power.id for power in info.data.get("powers", ()))
        return {name: given.get(name) or default_of(kind) for name, kind in kinds.items()} | given

    @field_validator("years")
    @classmethod
    def _years_in_order(cls, given: tuple[int, int]) -> tuple[int, int]:
        if given[0] > given[1]:
            raise ValueError(f"years = {list(given)}: the first lies after the last")
        return given


class Pair(Entry):
    """Of whom a claim speaks where that is not the case's focus; what it leaves out is the focus's."""

    rider: StateId | None = Field(None, description="the power said to ride")
    provider: StateId | None = Field(None, description="the power said to provide")
    theatre: PlainId | None = None

    @model_validator(mode="after")
    def _are_two(self) -> Pair:
        if self.rider is not None and self.rider == self.provider:
            raise ValueError(f"{self.rider} is rider and provider: a pair is of two powers")
        return self


def _expected(expect: Any) -> Any:
    """Refuses, once for each fault, what is no bound and no truth: the union of its values would say the same of each kind."""
    known = ("above", "below", "equals")
    for name, value in expect.items() if isinstance(expect, dict) else ():
        seen = hint = ""
        if name not in known:
            seen = f"{clip(name)!r} is nothing that a claim can expect"
            hint = "of two bounds make two claims" if isinstance(value, list) else spelling_hint(str(name), known)
        elif not isinstance(value, bool | int | float | str):
            seen, hint = f"{name} = {clip(value)} is no number, truth or word", "write one of them"
        if seen:
            raise PydanticCustomError("refused", "{message}", {"message": seen, "hint": hint})
    return expect


class Claim(Entry):
    """A sentence that an author makes about the order, and how it is tested."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,31}$")]
    text: Text
    short: Line
    kind: Literal["fact", "comparative", "causal", "counterfactual"]
    family: Literal["record", "measured", "model", "premise", "not_computed"]
    part: str = ""
    rival: Text = ""
    correction: Text = Field(
        "", description="what the case's authors say beside the finding: a comment, never computed"
    )
    sources: SourceKeys = ()
    pair: Pair | None = Field(
        None, description="of which powers it speaks, and where; left out: those of [focus] in case.toml",
        examples=EXAMPLES["pair"],
    )  # fmt: skip
    estimand: Estimand | None = Field(None, json_schema_extra={"needed": "but for family not_computed"})
    expect: Annotated[dict[Literal["above", "below", "equals"], bool | Number | str], BeforeValidator(_expected)] = (
        Field(default_factory=dict)
    )
    not_computed: Text = Field(
        "",
        description="which data would decide it; only for family not_computed",
        json_schema_extra={"needed": "of family not_computed"},
    )

    @model_validator(mode="after")
    def _computable(self) -> Claim:
        if (self.family == "not_computed") != bool(self.not_computed.strip()):
            raise ValueError('not_computed = "which data would decide it" is needed with that family, and only there')
        if self.family != "not_computed" and self.estimand is None:
            raise ValueError('estimand = { name = "…" } is missing: without it nothing can be computed')
        return self


class Estimand(BaseModel):
    """What is computed for a claim: a registered name and its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters beside the name."""
        return dict(self.__pydantic_extra__ or {})


class ClaimFile(Entry):
    """The whole of claims.toml."""

    claim: tuple[Claim, ...] = ()


class Scenario(Entry):
    """A file of scenarios/: a what-if kept with the case, as a list of overrides."""

    title: Line
    question: Text = ""
    crisis: PlainId | None = None
    set: tuple[str, ...] = ()
    reason: Text = ""
    sources: SourceKeys = ()


Claim.model_rebuild()
ClaimFile.model_rebuild()
