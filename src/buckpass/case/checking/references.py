"""Whether everything that a case names is there: powers, hosts, crises, organisations, series, sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from buckpass.case.catalogue import mechanism_ids, parameter_kinds, state_codes, world_code
from buckpass.case.checking.access import check_access
from buckpass.case.checking.claim_references import check_claims
from buckpass.case.checking.kinds_of_actors import check_askers, check_kinds_of_actors
from buckpass.case.checking.lists import check_lists
from buckpass.case.checking.periods import follow_each_other
from buckpass.case.checking.phases import check_phases
from buckpass.case.checking.requests import check_requests
from buckpass.case.coded import SETTLED
from buckpass.case.figures import odd_figures, wrong_wholes
from buckpass.case.ladder import Ladder
from buckpass.case.names import Names, missing, names_of, twice, unknown
from buckpass.case.problems import Problem, clip, nearest, spelling_hint
from buckpass.case.reading.alignments import in_both_forms
from buckpass.case.reading.cells import parse_span
from buckpass.case.reading.requests import FILE as REQUESTS
from buckpass.case.reading.tables import Table
from buckpass.case.reading.toml_reading import TomlFile
from buckpass.case.schema import ClaimFile, Organisation, PositionMeasure, Settings
from buckpass.results.words import and_join

MOST_PROBLEMS = 100
_RESPONSE_FILES = ("responses.csv", "own_operations.csv")


@dataclass(frozen=True)
class Material:
    """All files of a case as far as they could be read; `source_keys` is None where sources.bib has none."""

    settings: TomlFile[Settings]
    claims: TomlFile[ClaimFile] | None
    tables: Mapping[str, Table]
    source_keys: frozenset[str] | None

    @property
    def content(self) -> Settings:
        """The settings, which must have been valid."""
        assert self.settings.content is not None
        return self.settings.content


def check_references(material: Material) -> list[Problem]:
    """Every name that leads nowhere, every key that stands twice, every number out of its parameter's range."""
    crises = material.tables["crises.csv"]
    names = names_of(material.content, (*crises.frame["crisis_id"], *crises.broken_ids), _known_series(material))
    checks = [
        check_lists(material.settings),
        _settings_names(material.settings, material.content, names, material.claims and material.claims.content),
        _organisations(material.settings, material.content, names),
        _relations(material.settings, material.content, names),
        check_kinds_of_actors(material.settings, crises.frame, names),
        check_access(material.settings, crises.frame, material.tables[REQUESTS].frame, names),
        _settled(material, names),
        _requests(material, names),
        _parameters(material.settings, material.content),
        _measures(material, names),
        _arrangement(material.settings, material.content, names),
        _crises(crises.frame, names),
        _theatres_without_crises(material),
        _crisis_years(material),
        _asked_out_of_time(material),
        *(_responses(file, material, names) for file in _RESPONSE_FILES),
        _series(material, names),
        check_claims(material.claims, names, material.content.focus),
        _sources(material),
    ]
    return [problem for check in checks for problem in _capped(check)]


def _known_series(material: Material) -> tuple[str, ...]:
    table = material.tables["series.csv"]
    return (*table.frame["series"], *sorted(table.broken_ids)) if table.is_whole else ()


def _capped(problems: Iterator[Problem]) -> Iterator[Problem]:
    for count, problem in enumerate(problems):
        if count >= MOST_PROBLEMS:
            yield Problem(
                problem.file, None, "", f"more than {MOST_PROBLEMS} problems of this kind; the rest is not shown"
            )
            return
        yield problem


def _settled(material: Material, names: Names) -> Iterator[Problem]:
    """Readings of responses that are not there or have their coders' rows already, and rungs above the ladder."""
    file, table = material.settings, material.tables["responses.csv"].frame
    rows = table.group_by("crisis_id", "actor").agg("coder")
    coders = {(crisis, actor): {*of} - {*SETTLED} for crisis, actor, of in rows.iter_rows()}
    for n, one in enumerate(material.content.settled):
        key, top = (one.crisis, one.actor), len(material.content.ladder.names) - 1
        yield from missing(file, ("settled", n, "crisis"), "a crisis of crises.csv", one.crisis, names.crises)
        if one.crisis in names.crises and coders.get(key) != set():
            has = "has a row of each coder already" if key in coders else "has no row"
            yield file.problem(
                ("settled", n), f"{one.actor} in {one.crisis} {has} in responses.csv", "take it out, or correct it"
            )
        if high := [coder for coder, rung in one.rungs.items() if rung > top]:
            yield file.problem(
                ("settled", n, "rungs"), f"{and_join(high)} above {top}, the ladder's top", "correct the rung"
            )


def _settings_names(file: TomlFile, settings: Settings, names: Names, claims: ClaimFile | None) -> Iterator[Problem]:
    focus = settings.focus
    yield from missing(file, ("focus", "rider"), "a power", focus.rider, names.powers)
    yield from missing(file, ("focus", "provider"), "a power", focus.provider, names.powers)
    yield from missing(file, ("focus", "theatre"), "a theatre", focus.theatre, names.theatres)
    if names.crises:  # an unreadable crises.csv is said once, not here again
        yield from missing(file, ("focus", "crisis"), "a crisis of crises.csv", focus.crisis, names.crises)
    if focus.claim is not None and claims is not None:
        yield from missing(
            file, ("focus", "claim"), "a claim of claims.toml", focus.claim, [c.id for c in claims.claim]
        )
    yield from missing(file, ("focus", "organisations"), "an organisation", focus.organisations, names.organisations)
    yield from missing(file, ("argument",), "a mechanism", settings.argument, mechanism_ids())
    for table in ("powers", "hosts", "theatres", "organisations"):
        yield from twice(file, table, getattr(names, table))
    for position, power in enumerate(settings.powers):
        yield from _state(file, ("powers", position, "main_rival"), power.main_rival, names)
        if power.main_rival == power.id:
            yield file.problem(("powers", position, "main_rival"), f"{power.id} is no rival of its own", "name another")
    for position, host in enumerate(settings.hosts):
        yield from missing(file, ("hosts", position, "borders"), "a power", host.borders, names.powers)
        if host.id in host.borders:
            yield file.problem(("hosts", position, "borders"), f"{host.id} does not border itself", "take it out")
    for position, theatre in enumerate(settings.theatres):
        yield from _state(file, ("theatres", position, "patron"), theatre.patron, names)


def _state(file: TomlFile, path: Sequence[str | int], seen: str | None, names: Names) -> Iterator[Problem]:
    if seen is not None and seen not in names.states and seen not in state_codes():
        yield unknown(file, path, "a state of this case nor an ISO 3166 code", seen, names.states)


def _organisations(file: TomlFile, settings: Settings, names: Names) -> Iterator[Problem]:
    chartered = len(settings.chartered)
    for position, organisation in enumerate(settings.organisations):
        path = ("organisations", position)
        if organisation.id in names.states:
            yield file.problem((*path, "id"), f"{organisation.id} is also a state's id", "give it another id")
        if organisation.is_vehicle and names.rungs.through is None:
            seen = f"{organisation.id} is a vehicle, but no rung of the ladder is one through an organisation"
            hint = 'name that rung in [ladder], through_organisation = "…", or '
            hint += "write is_vehicle = false" if position < chartered else "leave the coalition out"
            yield file.problem((*path, "is_vehicle"), seen, hint)
        if position >= chartered:  # a coalition, of which the rest was looked at by its own name
            continue
        members = {member.state for member in organisation.members}
        yield from _members(file, path, organisation, names)
        for key, seen in (("lead", organisation.lead), ("keys", organisation.consent.keys)):
            where = (*path, key) if key == "lead" else (*path, "consent", key)
            if "*" not in members:
                yield from missing(file, where, f"a member of {organisation.id}", seen, sorted(members))
        for number, mandate in enumerate(organisation.mandates):
            where = (*path, "mandate", number)
            if not isinstance(mandate.hosts, str):
                yield from missing(file, (*where, "hosts"), "a host", mandate.hosts, names.hosts)
            if not isinstance(mandate.types, str):
                yield from missing(file, (*where, "types"), "a crisis type", mandate.types, names.types)
        dated = [((*path, "mandate", n), mandate) for n, mandate in enumerate(organisation.mandates)]
        yield from follow_each_other(file, f"the mandate of {organisation.id}", dated)


def _members(file: TomlFile, path: tuple, organisation: Organisation, names: Names) -> Iterator[Problem]:
    own = (*names.powers, *names.hosts)
    for number, member in enumerate(organisation.members):
        if member.state != "*" and member.state not in own and member.state not in state_codes():
            yield unknown(
                file, (*path, "members", number), "a state of this case nor an ISO 3166 code", member.state, own
            )
    for state in dict.fromkeys(member.state for member in organisation.members):
        dated = [((*path, "members", n), m) for n, m in enumerate(organisation.members) if m.state == state]
        yield from follow_each_other(file, f"{state} in {organisation.id}", dated, may_pause=True)


def _relations(file: TomlFile, settings: Settings, names: Names) -> Iterator[Problem]:
    counting = (*names.powers, *names.hosts, "*")
    for position, entry in enumerate(settings.alignments):
        path = ("alignments", position)
        yield from missing(file, (*path, "theatre"), "a theatre", entry.theatre, names.theatres)
        yield from missing(file, (*path, "of"), "a power or host", entry.of, counting)
        yield from missing(file, (*path, "with"), "a power", entry.with_, names.powers)
        if entry.of == entry.with_:
            yield file.problem(path, f"{entry.of} with itself is always 1", "delete the entry")
    pairs: dict[tuple[str, str, str], list] = {}
    for position, entry in enumerate(settings.alignments):
        pairs.setdefault((entry.theatre, entry.of, entry.with_), []).append((("alignments", position), entry))
    yield from in_both_forms(file)
    for (theatre, of, with_), dated in pairs.items():
        yield from follow_each_other(file, f"{of} with {with_} in {theatre}", dated, is_open_ended=True)
    for position, opinion in enumerate(settings.opinions):
        yield from missing(file, ("opinions", position, "power"), "a power", opinion.power, names.powers)
        yield from missing(file, ("opinions", position, "host"), "a host", opinion.host, names.hosts)
    yield from twice(file, "opinions", [(o.power, o.host, o.year) for o in settings.opinions])


def _parameters(file: TomlFile, settings: Settings) -> Iterator[Problem]:
    kinds = parameter_kinds(power.id for power in settings.powers)
    for name, quantity in settings.parameters.items():
        if name not in kinds:
            level = "error" if nearest(name, kinds, 1) else "warning"  # misspelt, its default would count unseen
            hint = spelling_hint(name, kinds)
            yield file.problem(("parameters", name), "is no parameter of the model; it has no effect", hint, level)
            continue
        kind = kinds[name]
        for key in ("low", "value", "high"):
            number = getattr(quantity, key)
            if number is not None and not kind.low <= number <= kind.high:
                yield file.problem(
                    ("parameters", name, key), f"{number:g} is outside {kind.low:g} to {kind.high:g} ({kind.unit})"
                )


def _measures(material: Material, names: Names) -> Iterator[Problem]:
    file, measures = material.settings, material.content.measures
    if names.series is not None:
        listed = {("events",): measures.events, ("alignment",): measures.alignment,
                  **{(d, n): getattr(m, n) for d, m in measures.positions.items() for n in ("beside", "published")}}  # fmt: skip
        for place, given in listed.items():
            yield from missing(file, ("measures", *place), "a series of series.csv", given, names.series)
        named = material.content.series_names
        yield from missing(file, ("series_names",), "a series of series.csv", named, names.series)
    for domain, measure in {**measures.positions, "capacity": measures.capacity}.items():
        path = ("measures", domain)
        if names.series is not None:
            yield from missing(file, (*path, "series"), "a series of series.csv", measure.series, names.series)
            for position, other in enumerate(measure.alternatives):
                where = (*path, "alternatives", position, "series")
                yield from missing(file, where, "a series of series.csv", other.series, names.series)
                if other.volume:
                    where = (*path, "alternatives", position, "volume", "series")
                    yield from missing(file, where, "a series of series.csv", other.volume.series, names.series)
        if isinstance(measure, PositionMeasure):
            yield from missing(file, (*path, "powers"), "a power", measure.powers, names.powers)
            for position, least in enumerate(measure.least_volumes):
                where = (*path, "least_volumes", position, "series")
                yield from missing(file, where, "a series of the measure", least.series, measure.every_series)
            partners = [p for p in measure.partners if p not in state_codes() and p != world_code()]
            yield from missing(
                file, (*path, "partners"), "a state or theatre", partners, (*names.states, *names.theatres)
            )


def _arrangement(file: TomlFile, settings: Settings, names: Names) -> Iterator[Problem]:
    arrangement = settings.arrangement
    if arrangement is None:
        return
    yield from missing(file, ("arrangement", "parties"), "a power", arrangement.parties, names.powers)
    for position, term in enumerate(arrangement.terms):
        path = ("arrangement", "terms", position, "party")
        yield from missing(file, path, "a party of the arrangement", term.party, arrangement.parties)


@dataclass(frozen=True)
class Allowed:
    """What a cell may name: the case's own ids, of which the nearest is proposed, and others."""

    kind: str
    ids: tuple[str, ...]
    others: frozenset[str] = frozenset()


def _rows(frame: pl.DataFrame, *columns: str) -> Iterator[tuple]:
    """The line and these cells of each row. In a loop: a check of a few thousand rows hands no work to other threads, for
    which it would wait where the machine is busy."""
    return zip(*(frame.get_column(column).to_list() for column in ("line", *columns)), strict=True)


def _cells(file: str, frame: pl.DataFrame, column: str, allowed: Allowed, kind: str | None = None) -> Iterator[Problem]:
    """Cells (single, or lists) that name something unknown; empty cells name nothing. `kind`: only rows of that kind."""
    known = {*allowed.ids, *allowed.others, ""}
    for line, cell, of in _rows(frame, column, column if kind is None else "kind"):
        for seen in (cell or ()) if isinstance(cell, list) else (cell,):
            if seen is not None and seen not in known and kind in (None, of):
                yield Problem(
                    file, line, column, f"{clip(seen)!r} is not {allowed.kind}", spelling_hint(seen, allowed.ids)
                )


def _repeated(file: str, frame: pl.DataFrame, key: list[str]) -> Iterator[Problem]:
    first: dict[tuple, int] = {}
    for line, *values in _rows(frame, *key):
        if first.setdefault(tuple(values), line) != line:
            shown = clip(", ".join(str(value) for value in values if value != ""))
            seen = f"{shown} stands already on line {first[tuple(values)]}"
            yield Problem(file, line, "+".join(key), seen, "keep one of the rows, or merge them")


def _crises(frame: pl.DataFrame, names: Names) -> Iterator[Problem]:
    file = "crises.csv"
    powers = Allowed("a power of case.toml", names.powers)
    yield from _repeated(file, frame, ["crisis_id"])
    yield from _cells(file, frame, "host", Allowed("a host of case.toml", names.hosts))
    yield from _cells(file, frame, "theatre", Allowed("a theatre of case.toml", names.theatres))
    yield from _cells(file, frame, "type", Allowed("a crisis type of case.toml", names.types))
    yield from _asked(file, frame, names)
    yield from _cells(file, frame, "patron", _states(names))
    for column in ("own_stake", "assets", "claimants", "bases"):
        yield from _cells(file, frame, column, powers)


def _theatres_without_crises(material: Material) -> Iterator[Problem]:
    """Theatres that the fit, or the focus, is about and that no crisis has: nothing could be learnt or told of them."""
    table, settings = material.tables["crises.csv"], material.content
    if not table.is_whole or table.broken_ids:
        return  # a crisis that cannot be read may be theirs
    there = {*table.frame["theatre"]}
    for number, theatre in enumerate(settings.theatres):
        if theatre.id not in there and (theatre.in_fit or theatre.id == settings.focus.theatre):
            why = "it is in the fit" if theatre.in_fit else "the focus names it"
            hint = "add its crises, or " + ("write in_fit = false" if theatre.in_fit else "name another under [focus]")
            yield material.settings.problem(
                ("theatres", number), f"{theatre.id} has no row in crises.csv, and {why}", hint
            )


def _asked(file: str, frame: pl.DataFrame, names: Names) -> Iterator[Problem]:
    """Whom a host asked: a state or an organisation; a request to a company would reach no rule of the game."""
    for line, asked in _rows(frame, "asked"):
        for one in (name for name in asked if name in names.others):
            of = {"company": "a company", "armed_group": "an armed group"}[names.others[one]]
            seen = f"{one} is {of}: the game knows requests to states and organisations"
            yield Problem(file, line, "asked", seen, "name its sponsor here, and whom they asked in asked_text")
    others = state_codes() | names.others.keys()
    yield from _cells(
        file,
        frame,
        "asked",
        Allowed(
            "a state or organisation of this case, or an ISO 3166 code", (*names.states, *names.organisations), others
        ),
    )


def _requests(material: Material, names: Names) -> Iterator[Problem]:
    """Rows of requests.csv whose names lead nowhere, and crises that do not say which of them counts."""
    frame, crises = material.tables[REQUESTS].frame, material.tables["crises.csv"]
    yield from _repeated(REQUESTS, frame, ["crisis_id", "government"])
    if crises.is_whole:
        yield from _cells(REQUESTS, frame, "crisis_id", Allowed("a crisis of crises.csv", names.crises))
    yield from _asked(REQUESTS, frame, names)
    askers = frame.select("crisis_id", "line", asked_by="government")
    lasted = crises.frame.select("crisis_id", "host", "start", "end")
    yield from check_askers(REQUESTS, "government", material.content, askers.join(lasted, on="crisis_id"))
    yield from check_requests(crises.frame, frame)


def _crisis_years(material: Material) -> Iterator[Problem]:
    """Crises of a theatre that is fitted that begin in a year of which the case does not speak."""
    first, last = material.content.years
    fitted = {theatre.id for theatre in material.content.theatres if theatre.in_fit}
    hint = "correct the date, widen `years` in case.toml, or take its theatre out of the fit"
    for line, start, theatre in _rows(material.tables["crises.csv"].frame, "start", "theatre"):
        if theatre in fitted and not first <= start.year <= last:
            seen = f"{start} lies outside the years of the case, {first} to {last}"
            yield Problem("crises.csv", line, "start", seen, hint)


def _states(names: Names) -> Allowed:
    return Allowed("a state of this case or an ISO 3166 code", names.states, state_codes())


def _responses(file: str, material: Material, names: Names) -> Iterator[Problem]:
    frame = material.tables[file].frame
    organisations = Allowed("an organisation of case.toml", names.organisations)
    changing = [column for column in ("direction", "phase") if frame[column].n_unique() > 1]
    yield from _repeated(
        file, frame.with_columns(pl.col("phase").fill_null(1)), ["crisis_id", "actor", "coder", *changing]
    )
    yield from check_phases(file, frame, material.tables["crises.csv"].frame)
    if material.tables["crises.csv"].is_whole:
        yield from _cells(file, frame, "crisis_id", Allowed("a crisis of crises.csv", names.crises))
    yield from _cells(file, frame, "actor", _states(names), "state")
    yield from _cells(file, frame, "actor", organisations, "organisation")
    for kind, said in (("company", "a company"), ("armed_group", "an armed group")):
        ids = tuple(name for name, of in names.others.items() if of == kind)
        yield from _cells(file, frame, "actor", Allowed(f"{said} of [[actors]] in case.toml", ids), kind)
    yield from _cells(file, frame, "vehicle", organisations)
    yield from _off_ladder(file, frame.filter(pl.col("direction") == "for"), material.content.ladder)
    yield from _off_steps(file, frame.filter(pl.col("direction") == "against"), material.content.against.names)
    yield from _out_of_time(file, material, "vehicle")
    yield from _out_of_time(file, material, "actor")


def _off_steps(file: str, frame: pl.DataFrame, steps: Sequence[str]) -> Iterator[Problem]:
    """Acts against a government on a step that there is not."""
    columns, last = ("rung", "rung_low", "rung_high"), len(steps) - 1
    for line, *seen in _rows(frame, *columns):
        for column, step in zip(columns, seen, strict=True):
            if step is not None and step > last:
                hint = f"give a step of [against] in case.toml: 0 {steps[0]} to {last} {steps[-1]}"
                yield Problem(file, line, column, f"{step} is no step of acts against, which end at {last}", hint)


def _off_ladder(file: str, frame: pl.DataFrame, ladder: Ladder) -> Iterator[Problem]:
    """Rungs that the ladder lacks, and vehicles of acts whose band leaves out the rung that vehicles belong to."""
    rungs, said = ladder.rungs, f"give a rung of [ladder] in case.toml: {ladder.scale.removeprefix('rung, ')}"
    columns = ("rung", "rung_low", "rung_high")
    for line, *seen in _rows(frame, *columns):
        for column, rung in zip(columns, seen, strict=True):
            if rung is not None and rung > rungs.top:
                yield Problem(file, line, column, f"{rung} is not on the ladder, which ends at {rungs.top}", said)
    for line, vehicle, rung, low, high in _rows(frame, "vehicle", *columns):
        least, most = (rung if end is None else end for end in (low, high))
        if not vehicle or rung is None:
            continue
        if rungs.through is None:
            seen = f"vehicle {vehicle!r}: the ladder has no rung through an organisation"
            hint = "leave the cell empty, or name the rung: through_organisation = …"
            yield Problem(file, line, "vehicle", seen, hint)
        elif not least <= rungs.through <= most:
            seen = f"vehicle {vehicle!r} belongs to rung {rungs.through} ({ladder.names[rungs.through]})"
            yield Problem(file, line, "vehicle", f"{seen}, which the band {least} to {most} leaves out")


def _out_of_time(file: str, material: Material, column: str) -> Iterator[Problem]:
    """Organisations that act, or through which somebody acts, in a crisis before they were founded or after they ended."""
    lifetimes = {o.id: (o.founded, o.ended) for o in material.content.organisations}
    rows = _rows(material.tables["crises.csv"].frame, "crisis_id", "start", "end")
    crises = {crisis: (start, end) for _, crisis, start, end in rows}
    hint = "name the body that there was at the time, or mend its dates in case.toml"
    for line, body, crisis, rung, when in _rows(material.tables[file].frame, column, "crisis_id", "rung", "date"):
        acts = bool(rung) if column == "actor" else body != ""
        if not acts or body not in lifetimes or crisis not in crises:
            continue
        (founded, ended), (first, last) = lifetimes[body], parse_span(when) if when else (None, None)
        if seen := _not_there(body, lifetimes[body], crises[crisis]):
            yield Problem(file, line, column, seen, hint)
        elif last is not None and last < founded:
            yield Problem(file, line, "date", f"{body} was founded on {founded}, after this act ({when})", hint)
        elif first is not None and ended is not None and first > ended:
            yield Problem(file, line, "date", f"{body} ended on {ended}, before this act ({when})", hint)


def _not_there(body: str, lifetime: tuple[date, date | None], crisis: tuple[date, date | None]) -> str:
    """Why an organisation cannot act in a crisis or be asked in it; empty where it can."""
    (start, end), (founded, ended) = crisis, lifetime
    if end is not None and founded > end:
        return f"{body} was founded on {founded}, after the crisis ended ({end})"
    return f"{body} ended on {ended}, before the crisis began ({start})" if ended is not None and ended < start else ""


def _asked_out_of_time(material: Material) -> Iterator[Problem]:
    """Organisations that are asked in a crisis before they were founded or after they ended."""
    lifetimes = {o.id: (o.founded, o.ended) for o in material.content.organisations}
    hint = "name the body that was asked at the time, or mend its dates in case.toml"
    for line, asked, start, end in _rows(material.tables["crises.csv"].frame, "asked", "start", "end"):
        for body in asked:
            if body in lifetimes and (seen := _not_there(body, lifetimes[body], (start, end))):
                yield Problem("crises.csv", line, "asked", seen, hint)


def _series(material: Material, names: Names) -> Iterator[Problem]:
    file, frame = "series.csv", material.tables["series.csv"].frame
    yield from _repeated(file, frame, ["series", "actor", "partner", "year"])
    own = (*names.actors, *names.theatres, world_code())
    for column in ("actor", "partner"):
        yield from _cells(file, frame, column, Allowed("a state, organisation or theatre", own, state_codes()))
    yield from odd_figures(frame, material.content)
    yield from wrong_wholes(frame, material.content)


def _sources(material: Material) -> Iterator[Problem]:
    known = material.source_keys
    if known is None:
        return
    for name, table in material.tables.items():
        yield from _cells(name, table.frame, "source_id", Allowed("a key of sources.bib", tuple(sorted(known))))
    for file in (material.settings, material.claims):
        if file is not None and file.content is not None:
            for path, key in _keys_in(file.content.model_dump(by_alias=True), ()):
                if key not in known:
                    yield unknown(file, path, "a key of sources.bib", key, tuple(known))


def _keys_in(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, Mapping):
        for step, inner in value.items():
            if step == "sources" or (step == "article" and not path and inner is not None):
                listed = (inner,) if isinstance(inner, str) else inner
                yield from (((*path, step, number), key) for number, key in enumerate(listed))
            else:
                yield from _keys_in(inner, (*path, step))
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            yield from _keys_in(inner, (*path, number))
