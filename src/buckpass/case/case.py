"""The record of a case: what is known, with its sources."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from buckpass.case import coded
from buckpass.case.entries import Entry
from buckpass.case.fitted_content import content_digest
from buckpass.case.ladder import Ladder, Rungs
from buckpass.case.problems import UnknownName
from buckpass.case.reading.requests import FILE
from buckpass.case.reading.rows import CrisisRow, ResponseRow, SeriesRow
from buckpass.case.reading.tables import empty_table
from buckpass.case.schema import (
    Access,
    Alignment,
    Claim,
    Host,
    Mandate,
    Organisation,
    Power,
    Quantity,
    Scenario,
    Settings,
    Theatre,
    in_force,
)  # fmt: skip
from buckpass.case.sources import Source

RECORD: dict[str, type[Entry]] = {
    "settings": Settings, "crises": CrisisRow, "responses": ResponseRow, "own_operations": ResponseRow, "series": SeriesRow,
}  # what a fit depends on, and what each row of it is  # fmt: skip
Named = TypeVar("Named", Power, Host, Theatre, Organisation)


@dataclass(frozen=True)
class Case:
    """An argument about a regional order and its record.

    Tables are polars frames with the columns of the case's files and `line`, the line in the file. `hash` identifies
    the whole case, `record_hash` what a fit can read of it. `requests` has those of every government, where a crisis saw
    several; the one that counts stands in `crises`.
    """

    folder: Path
    settings: Settings
    crises: pl.DataFrame
    responses: pl.DataFrame
    own_operations: pl.DataFrame
    series: pl.DataFrame
    claims: tuple[Claim, ...]
    sources: Mapping[str, Source]
    scenarios: Mapping[str, Scenario]
    hash: str
    requests: pl.DataFrame = field(default_factory=lambda: empty_table(FILE).frame)

    @property
    def id(self) -> str:
        """The case's id."""
        return self.settings.id

    @property
    def title(self) -> str:
        """The case's title."""
        return self.settings.title

    @cached_property
    def powers(self) -> tuple[str, ...]:
        """Ids of the powers, in the order of the tables."""
        return tuple(power.id for power in self.settings.powers)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Ids of the hosts."""
        return tuple(host.id for host in self.settings.hosts)

    @property
    def theatres(self) -> tuple[str, ...]:
        """Ids of the theatres."""
        return tuple(theatre.id for theatre in self.settings.theatres)

    @property
    def fitted_theatres(self) -> tuple[str, ...]:
        """Ids of the theatres in the fit."""
        return tuple(theatre.id for theatre in self.settings.theatres if theatre.in_fit)

    @property
    def fitted_crises(self) -> pl.DataFrame:
        """The crises of the theatres in the fit."""
        return self.crises.filter(pl.col("theatre").is_in(self.fitted_theatres))

    @property
    def organisations(self) -> tuple[str, ...]:
        """Ids of the organisations."""
        return tuple(organisation.id for organisation in self.settings.organisations)

    @property
    def vehicles(self) -> tuple[str, ...]:
        """Ids of the organisations through which powers deploy."""
        return tuple(organisation.id for organisation in self.settings.organisations if organisation.is_vehicle)

    @property
    def ladder(self) -> Ladder:
        """The ladder of responses: names and attributes of its rungs."""
        return self.settings.ladder

    @cached_property
    def rungs(self) -> Rungs:
        """The numbers of the ladder's rungs by what they are."""
        return self.ladder.rungs

    @cached_property
    def coded(self) -> pl.DataFrame:
        """What each actor did for the host in each crisis, its furthest act, one row each: `acts`."""
        return self.acts()

    def acts(self, phase: coded.Phase = "furthest", direction: str = "for") -> pl.DataFrame:
        """What each actor did in each crisis in a phase, for the host or against it, one row each: `coded.read`, with theatre and
        start of the crisis. Acts against stand on the steps of [against], not on the ladder.
        """
        about = self.crises.select(pl.col("crisis_id").alias("crisis"), "theatre", "start")
        rows = coded.read(self.attributed, phase, direction)
        return rows.join(about, on="crisis", how="left", maintain_order="left")

    @cached_property
    def attributed(self) -> pl.DataFrame:
        """`responses`, with what companies and armed groups did beside as acts of their sponsors, as far as [sponsored] says."""
        most = self.settings.sponsored
        sponsors = {a.id: (a.sponsor, most[a.kind]) for a in self.settings.actors if a.sponsor and a.kind in most}
        return coded.attributed(self.responses, sponsors)

    def power(self, power_id: str) -> Power:
        """One power's entry; `UnknownName` where the case has no such power."""
        return _named("power", power_id, self.settings.powers)

    def asked_through(self, power_id: str) -> frozenset[str]:
        """The bodies of which a request to any asks the power: itself, and the organisations that it leads."""
        return frozenset({power_id, *(o.id for o in self.settings.organisations if o.lead == power_id)})

    def host(self, host_id: str) -> Host:
        """One host's entry."""
        return _named("host", host_id, self.settings.hosts)

    def theatre(self, theatre_id: str) -> Theatre:
        """One theatre's entry."""
        return _named("theatre", theatre_id, self.settings.theatres)

    def organisation(self, organisation_id: str) -> Organisation:
        """One organisation's entry."""
        return _named("organisation", organisation_id, self.settings.organisations)

    def crisis(self, crisis_id: str) -> dict[str, Any]:
        """One crisis as a dict of its columns; `UnknownName` with the nearest spelling otherwise."""
        if crisis_id not in self._crisis_rows:
            raise UnknownName("crisis", crisis_id, self.crises["crisis_id"])
        return dict(self._crisis_rows[crisis_id])

    def belligerents(self, crisis_id: str) -> frozenset[str]:
        """Actors that fight in a crisis rather than help its host: the record codes their scope so."""
        return self._belligerents.get(crisis_id, frozenset())

    def why_not_playing(self, power: str, crisis: Mapping[str, Any]) -> str | None:
        """Why a power does not play in a crisis: it is the host, or fights there; None where it plays."""
        if power in crisis["host"]:
            return f"{power} is the host of {crisis['crisis_id']}: it does not play as a helper there"
        fights = power in self.belligerents(crisis["crisis_id"])
        return f"{power} is a belligerent in {crisis['crisis_id']}: it does not play there" if fights else None

    def deployed_in(self, actor: str) -> frozenset[str]:
        """The crises in which an actor deployed, as `coded` reads its responses."""
        return self._deployments.get(actor, frozenset())

    def figures(self, series: str, actor: str, partner: str | None = None) -> list[tuple[int, float]]:
        """(year, value) of one yearly series of an actor, missing years left out; `partner` None takes every partner."""
        rows = self._figures.get((series, actor), ())
        return [(year, value) for whom, year, value in rows if partner is None or whom == partner]

    def series_name(self, series: str) -> str:
        """What a reader is told of a series: its name in case.toml, else its id as words."""
        return self.settings.series_names.get(series, series.replace("_", " "))

    def quantity(self, parameter_id: str) -> Quantity:
        """A parameter set by hand, with its range, label and reason."""
        if parameter_id not in self.settings.parameters:
            raise UnknownName("parameter", parameter_id, self.settings.parameters)
        return self.settings.parameters[parameter_id]

    def parameter(self, parameter_id: str) -> float:
        """The value of a parameter set by hand."""
        return self.quantity(parameter_id).value

    def members(self, organisation_id: str, on: date) -> tuple[str, ...]:
        """The members of an organisation on a day, powers first; nobody before it was founded or after it ended."""
        if (organisation_id, on) not in self._memberships:
            self._memberships[organisation_id, on] = self._members(self.organisation(organisation_id), on)
        return self._memberships[organisation_id, on]

    def _members(self, organisation: Organisation, on: date) -> tuple[str, ...]:
        if on < organisation.founded or (organisation.ended is not None and on > organisation.ended):
            return ()
        current = [m.state for m in organisation.members if m.holds(on)]
        if "*" in current:
            current = [*self.powers, *self.hosts, *current]
        powers = [power for power in self.powers if power in current]
        return tuple(dict.fromkeys([*powers, *(state for state in current if state != "*")]))

    def covers(self, organisation_id: str, kind: str, hosts: Sequence[str], on: date) -> bool:
        """Whether a type of crisis in some hosts is within an organisation's mandate on a day, with its members then."""
        mandate = self.organisation(organisation_id).mandate(on)
        return mandate is not None and mandate.covers(kind, hosts, self.members(organisation_id, on))

    def why_not_there(self, organisation_id: str, crisis: Mapping[str, Any], power: str = "") -> str | None:
        """Why an organisation was not there on a crisis's first day, or a power no member of it; None where it was."""
        one, day, began = self.organisation(organisation_id), crisis["start"], f"when {_began(crisis)}"
        if day < one.founded or (one.ended is not None and day > one.ended):
            return f"{one.id} existed from {one.founded}{f' to {one.ended}' if one.ended else ''}, not {began}"
        return (
            f"{power} was no member of {one.id} {began}" if power and power not in self.members(one.id, day) else None
        )

    def why_out_of_reach(self, organisation_id: str, crisis: Mapping[str, Any], power: str = "") -> str | None:
        """Why an organisation, or a power through it, could not act in a crisis as it began; None where it could."""
        day, began = crisis["start"], _began(crisis)
        if reason := self.why_not_there(organisation_id, crisis, power):
            return reason
        if not self.members(organisation_id, day):
            return f"{organisation_id} had no members when {began}"
        is_covered = self.covers(organisation_id, crisis["type"], crisis["host"], day)
        return None if is_covered else f"no mandate of {organisation_id} covered the crisis when {began}"

    def years_of(self, crisis: Mapping[str, Any]) -> tuple[int, int]:
        """First and last calendar year of a crisis; one that still lasts goes on to the end of the case."""
        return crisis["start"].year, crisis["end"].year if crisis["end"] else self.settings.years[1]

    def mandates_of_vehicles(self, on: date) -> list[Mandate]:
        """What the organisations through which powers deploy may do on a day."""
        return [m for o in self.settings.organisations if o.is_vehicle and (m := o.mandate(on)) is not None]

    def closed_to(self, power: str, hosts: Sequence[str], on: date) -> Access | None:
        """The entry that closes these hosts, all of them, to a power's forces on a day; None where one is open to it."""
        found = [self._closures.get((power, host), ()) for host in hosts]
        closures = [in_force(entries, on) for entries in found]
        return closures[0] if closures and None not in closures else None

    def alignment(self, theatre: str, of: str, with_: str, on: date) -> float:
        """How `of` (a power or a host) counts the effort of power `with_` in a theatre on a day, −1 to 1.

        A power counts its own effort fully (1). A host without an entry of its own takes that of `*`. A pair that the
        case leaves out is 0, of which `check_case` warns.
        """
        if of == with_:
            return 1.0
        entry = self.alignment_entry(theatre, of, with_, on)
        if entry is None and of not in self.powers:
            entry = self.alignment_entry(theatre, "*", with_, on)
        return 0.0 if entry is None else entry.value

    def alignment_entry(self, theatre: str, of: str, with_: str, on: date) -> Alignment | None:
        """The entry of a pair in a theatre that holds on a day; None where the case has none."""
        return in_force(self.alignments(theatre, of, with_), on)

    def alignments(self, theatre: str, of: str, with_: str) -> list[Alignment]:
        """The entries of a pair in a theatre, as they stand in case.toml: one, or one for each period."""
        return self._alignments.get((theatre, of, with_), [])

    @cached_property
    def derived(self) -> dict[str, Any]:
        """What other rooms work out of this case once and keep with it; a changed copy starts with none."""
        return {}

    @cached_property
    def _closures(self) -> dict[tuple[str, str], list[Access]]:
        kept: dict[tuple[str, str], list[Access]] = {}
        for entry in self.settings.access:
            if entry.closes:
                kept.setdefault((entry.power, entry.host), []).append(entry)
        return kept

    @cached_property
    def _alignments(self) -> dict[tuple[str, str, str], list[Alignment]]:
        kept: dict[tuple[str, str, str], list[Alignment]] = {}
        for entry in self.settings.alignments:
            kept.setdefault((entry.theatre, entry.of, entry.with_), []).append(entry)
        return kept

    # Looked up for every crisis and power: kept as mappings, since filtering a frame each time took seconds per case.

    @cached_property
    def _memberships(self) -> dict[tuple[str, date], tuple[str, ...]]:
        return {}

    @cached_property
    def _crisis_rows(self) -> dict[str, dict[str, Any]]:
        return {row["crisis_id"]: row for row in self.crises.iter_rows(named=True)}

    @cached_property
    def _belligerents(self) -> dict[str, frozenset[str]]:
        return _grouped(self.coded.filter(pl.col("scope") == "belligerent"), "crisis", "actor")

    @cached_property
    def _deployments(self) -> dict[str, frozenset[str]]:
        return _grouped(self.coded.filter(pl.col("rung") >= self.rungs.deployment), "actor", "crisis")

    @cached_property
    def _figures(self) -> dict[tuple[str, str], list[tuple[str | None, int, float]]]:
        kept: dict[tuple[str, str], list[tuple[str | None, int, float]]] = {}
        columns = self.series.drop_nulls("value").select("series", "actor", "partner", "year", "value")
        for series, actor, partner, year, value in columns.iter_rows():
            kept.setdefault((series, actor), []).append((partner, year, value))
        return kept

    def replace(self, **changes: Any) -> Case:
        """A copy of the case with some parts changed, and hashes of its own where the content differs."""
        changed = dataclasses.replace(self, **changes)
        same = {n: d for n, d in self._digests.items() if getattr(changed, n) is getattr(self, n)}
        digests = {n: same.get(n) or _digest(getattr(changed, n)) for n in RECORD}
        whole_hash = _whole_digest(changed, digests)
        if whole_hash == _whole_digest(self, self._digests):
            whole_hash = self.hash
        return dataclasses.replace(changed, hash=whole_hash)

    @cached_property
    def record_hash(self) -> str:
        """Of what a fit can read: settings, crises, own operations, responses of powers, series behind capacity and trade.

        Names, notes, units and sources are left out (`fitted_content.content_digest`), and so are the crisis that the page speaks of
        and the argument (a fit bears the name of its own terms), acts of organisations and other states, and the series that only
        people and claims read: mending one needs no new fit.
        """
        measures = self.settings.measures
        fitted = pl.col("series").is_in([*measures.capacity.series, *measures.economic.series])
        read = {
            "responses": self.responses.filter(pl.col("actor").is_in(self.powers)),
            "series": self.series.filter(fitted),
        }
        parts = ((read[name] if name in read else getattr(self, name), row) for name, row in RECORD.items())
        return _sha256("".join(content_digest(part, row) for part, row in parts))

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {name: _digest(getattr(self, name)) for name in RECORD}


def _began(crisis: Mapping[str, Any]) -> str:
    """The beginning of a crisis in words: on its day, or on the one to which somebody has moved it to ask about that day."""
    moved = crisis.get("is_moved", False)
    return f"{crisis['crisis_id']} {'is thought to begin' if moved else 'began'} ({crisis['start']})"


def _named(kind: str, wanted: str, entries: Iterable[Named]) -> Named:
    entries = tuple(entries)
    for entry in entries:
        if entry.id == wanted:
            return entry
    raise UnknownName(kind, wanted, [entry.id for entry in entries])


def _grouped(rows: pl.DataFrame, by: str, of: str) -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for key, value in rows.select(by, of).iter_rows():
        groups.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in groups.items()}


def _digest(part: Settings | pl.DataFrame) -> str:
    """Of what a part of the record says, wherever in its file it stands."""
    if isinstance(part, pl.DataFrame):
        return _sha256(part.drop("line").write_json())
    return _sha256(part.model_dump_json(by_alias=True))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _whole_digest(case: Case, digests: Mapping[str, str]) -> str:
    parts = (sorted(digests.items()), case.claims, sorted(case.sources), sorted(case.scenarios.items()))
    return _sha256(repr(parts))
