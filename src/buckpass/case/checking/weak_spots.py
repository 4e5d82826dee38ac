"""Where a case is weaker than its reader may think: nothing here stops it from being used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice, product
from math import log10
from typing import Any

import polars as pl

from buckpass.case.case import Case
from buckpass.case.catalogue import known_estimands, world_code
from buckpass.case.checking.access import deployed_where_closed
from buckpass.case.checking.acts import acts_far_from_their_crisis, acts_for_nothing
from buckpass.case.claim_parameters import parameters_of
from buckpass.case.coded import counted
from buckpass.case.figures import amounts, is_of_nothing
from buckpass.case.problems import MOST_PROBLEMS, Problem, clip
from buckpass.case.reading import which_crises
from buckpass.case.reading.toml_reading import TomlFile
from buckpass.case.schema import NEAREST_YEARS, Claim, ClaimFile, PositionMeasure, Quantity, Settings
from buckpass.results.words import and_join, count_of

SEVERITY_TOLERANCE = 0.011
LONGEST_LIST = 8
ROUNDED = 0.01  # of a figure for a whole theatre beside its parts
LONGEST_ROWS = 20
MOST_YEARS = 2 / 3  # of a series: what it has in so many it lacks in the others


def weak_spots(case: Case, settings: TomlFile[Settings], claims: TomlFile[ClaimFile]) -> list[Problem]:
    """The warnings of a case without errors."""
    checks = [
        _severity(case),
        _unsourced_rungs(case),
        _machine_rows(case),
        acts_for_nothing(case),
        _lonely_crises(case),
        _odd_vehicles(case),
        _vehicles_without_powers(case, settings),
        deployed_where_closed(case),
        acts_far_from_their_crisis(case),
        _unreasoned(settings),
        _missing_alignments(case, settings),
        _capacity_gaps(case, settings),
        _no_series(case),
        _mixed_units(case),
        _wholes(case),
        _wholes_left_out(case),
        _counted_twice(case),
        _parts(case),
        _no_denominators(case),
        _shares_of_nothing(case),
        _before_they_were(case, settings),
        _coverage(case),
        _coverage_beside(case),
        _assumed_claims(case, claims),
        _claims_outside_the_fit(case, claims),
        _claims_about_nothing(case, claims),
        _formulas(case),
    ]
    return [problem for check in checks for problem in islice(check, MOST_PROBLEMS)]


def severity_by_formula(threat: int, deaths: float | None) -> float:
    """The severity code: 0.5·min(1, log10(1 + deaths)/5) + 0.5·threat/4; without a toll threat/4."""
    if deaths is None:
        return threat / 4
    return 0.5 * min(1.0, log10(1 + deaths) / 5) + 0.5 * threat / 4


def _weak(file: str, line: int | None, field: str, message: str, hint: str = "") -> Problem:
    return Problem(file, line, field, message, hint, "warning")


def _at_lines(items: Sequence[str], lines: Sequence[int]) -> str:
    """One warning for many rows: what they are, each with its line unless the first line says it."""
    several = [f"{item} (line {line})" for item, line in zip(items, lines, strict=True)]
    return and_join(several if len(items) > 1 else items, most=LONGEST_ROWS)


def _severity(case: Case) -> Iterator[Problem]:
    for row in case.crises.iter_rows(named=True):
        expected = severity_by_formula(row["threat_level"], row["deaths_best"])
        if abs(row["severity"] - expected) > SEVERITY_TOLERANCE:
            seen = f"{row['severity']:g} differs from the formula's {expected:.2f} (threat {row['threat_level']}, "
            toll = "no toll)" if row["deaths_best"] is None else f"{row['deaths_best']:g} deaths)"
            yield _weak("crises.csv", row["line"], "severity", seen + toll, "correct it, or say why in threat_reason")


def _unsourced_rungs(case: Case) -> Iterator[Problem]:
    for file, frame in (("responses.csv", case.responses), ("own_operations.csv", case.own_operations)):
        bare = frame.filter(pl.col("rung").is_not_null() & (pl.col("source_id").list.len() == 0))
        named = [f"{actor} in {crisis}" for crisis, actor in bare.select("crisis_id", "actor").iter_rows()]
        seen = (
            count_of(len(named), "rung has", "rungs have") + f" no source: {_at_lines(named, bare['line'].to_list())}"
        )
        if named:
            yield _weak(file, bare["line"][0], "source_id", seen, "name one, or unsearched")


def _machine_rows(case: Case) -> Iterator[Problem]:
    rows = case.responses.filter(pl.col("basis") == "machine")
    if rows.height:
        seen = (
            f"{count_of(rows.height, 'row', 'rows')} with basis machine: nothing that is measured or fitted counts them"
        )
        yield _weak("responses.csv", rows["line"][0], "basis", seen, "read a source, correct the row, and write seen")


def _lonely_crises(case: Case) -> Iterator[Problem]:
    known = case.coded.filter(pl.col("rung").is_not_null() & pl.col("actor").is_in(list(case.powers)))
    looked_up = dict(known.group_by("crisis").len().iter_rows())
    played = case.fitted_crises
    for count, words in ((0, "no power was"), (1, "only one power was")):
        rows = [(line, crisis) for line, crisis in played.select("line", "crisis_id").iter_rows()
                if looked_up.get(crisis, 0) == count]  # fmt: skip
        if rows:
            lines, crises = zip(*rows, strict=True)
            seen = f"{words} looked up in {count_of(len(crises), 'crisis', 'crises')}: {_at_lines(crises, lines)}"
            yield _weak("crises.csv", lines[0], "crisis_id", seen, "the game needs others' responses: look for them")


def _odd_vehicles(case: Case) -> Iterator[Problem]:
    is_power = pl.col("actor").is_in(list(case.powers)) & (pl.col("kind") == "state")
    crises = {crisis["crisis_id"]: crisis for crisis in case.crises.iter_rows(named=True)}
    for row in (
        counted(case.responses).filter(is_power & pl.col("rung").is_in([case.rungs.through])).iter_rows(named=True)
    ):
        if doubt := _vehicle_doubt(case, row["actor"], row["vehicle"], crises[row["crisis_id"]]):
            yield _weak("responses.csv", row["line"], "vehicle", *doubt)


def _vehicle_doubt(case: Case, actor: str, vehicle: str, crisis: dict[str, Any]) -> tuple[str, str] | None:
    """Why the model, which asks on the crisis's first day, has no option for a deployment that the record has; None where it has one."""
    if not vehicle:
        return f"{actor} deployed through an organisation that is not named", "fill vehicle"
    if not case.organisation(vehicle).is_vehicle:
        return f"{vehicle} is no vehicle in case.toml, so the model has no such option", "set is_vehicle = true"
    reason = case.why_out_of_reach(vehicle, crisis, actor)
    if reason is None:
        return None
    hint = "correct the vehicle, its dates or its members'; what came together later is an option of later crises"
    if case.why_not_there(vehicle, crisis, actor) is None:
        is_coalition = any(one.id == vehicle for one in case.settings.coalitions)
        hint = "add the host to the coalition's hosts" if is_coalition else "widen mandate, or mend its dates"
    return f"{reason}, so the model has no such option", hint


def _vehicles_without_powers(case: Case, file: TomlFile[Settings]) -> Iterator[Problem]:
    """Vehicles by which no power could reach a crisis of the fit as it began: options that nobody has."""
    crises = case.fitted_crises.to_dicts()
    for number, organisation in enumerate(case.settings.organisations):
        if not organisation.is_vehicle:
            continue
        if all(case.why_out_of_reach(organisation.id, crisis, p) for crisis in crises for p in case.powers):
            seen = f"no power as its member could reach a crisis of the fit through {organisation.id} when it began: nobody can deploy through it"
            hint = "mend its members, its mandate or their dates, or write is_vehicle = false"
            if number >= len(case.settings.chartered):
                hint = "mend the coalition's members or its dates, or leave it out"
            yield file.problem(("organisations", number, "is_vehicle"), seen, hint, "warning")


def _claims_outside_the_fit(case: Case, file: TomlFile[ClaimFile]) -> Iterator[Problem]:
    """Claims about the model in theatres whose crises it never saw."""
    fitted = case.fitted_theatres
    for number, claim in enumerate(case.claims):
        given = parameters_of(claim, case.settings.focus) if claim.family == "model" else {}
        for name in ("crises", "theatre", "against", "into"):
            named = [given[name]] if isinstance(given.get(name), str) else given.get(name, ())
            where = [case.crisis(one)["theatre"] for one in named] if name == "crises" else named
            outside = dict.fromkeys(t for t in where if t in case.theatres and t not in fitted)
            if outside:
                seen = f"claim {claim.id} asks the model of {and_join(list(outside), most=LONGEST_LIST)}, whose crises are not in the fit"
                hint = (
                    "its record informs nothing there: set in_fit = true in case.toml, or ask of a theatre in the fit"
                )
                at = ("claim", number, "estimand", name)
                yield file.problem(at if at in file.lines else at[:-1], seen, hint, "warning")


def _claims_about_nothing(case: Case, file: TomlFile[ClaimFile]) -> Iterator[Problem]:
    """Claims and statements that no crisis of the case meets, or no crisis in which somebody looked for their actor."""
    for number, claim in enumerate(case.claims):
        for at, given in _asked_of_crises(case, claim):
            there = which_crises.counted(case, given)
            place, hint = ("claim", number, "estimand", *at), "mend its theatre, hosts, years or where"
            if not there:
                which = f"{and_join(which_crises.several(given.get('theatre', 'the case')), most=LONGEST_LIST)}{which_crises.in_words(given)}"
                seen = f"claim {claim.id} is about no crisis: none of {which} counts, so it is not computed"
                yield file.problem(place, seen, hint, "warning")
            elif not at and "actor" in given and not any(_looked(case, given, crisis) for crisis in there):
                seen = f"claim {claim.id} is not computed: {which_crises.nobody_looked(given)}"
                yield file.problem(place, seen, "look for it, or " + hint, "warning")


def _asked_of_crises(case: Case, claim: Claim) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """What a claim asks of the crises that it chooses: its estimand, at (), and each statement about a theatre."""
    if claim.estimand is None or claim.family not in ("record", "measured"):
        return
    given = parameters_of(claim, case.settings.focus)
    if "where" in known_estimands()[claim.estimand.name].parameters:
        yield (), given
    readings = [(("readings", n, "atoms"), reading["atoms"]) for n, reading in enumerate(given.get("readings", ()))]
    for at, stated in ((("atoms",), given.get("atoms", ())), *readings):
        yield from (((*at, n), one) for n, one in enumerate(stated) if "theatre" in one)


def _looked(case: Case, given: Mapping[str, Any], crisis: str) -> bool:
    act = which_crises.act_in(case, given["actor"], crisis, direction=given.get("direction", "for"))
    return act is not None


def _unreasoned(file: TomlFile[Settings]) -> Iterator[Problem]:
    settings = file.content
    assert settings is not None
    for path, what, quantity in _quantities(settings):
        if not quantity.reason.strip() and not quantity.sources:
            yield file.problem(path, f"the {what} has neither a reason nor a source", 'add reason = "…"', "warning")


def _quantities(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], str, Quantity]]:
    for n, alignment in enumerate(settings.alignments):
        yield ("alignments", n), f"alignment of {alignment.of} with {alignment.with_}", alignment
    for n, opinion in enumerate(settings.opinions):
        yield ("opinions", n), f"opinion of {opinion.power} in {opinion.host}", opinion
    for name, quantity in settings.parameters.items():
        yield ("parameters", name), f"parameter {name}", quantity
    for n, organisation in enumerate(settings.organisations):
        yield ("organisations", n, "cost_share"), f"cost share of {organisation.id}", organisation.cost_share
        yield ("organisations", n, "legitimacy"), f"legitimacy of {organisation.id}", organisation.legitimacy


def _missing_alignments(case: Case, file: TomlFile[Settings]) -> Iterator[Problem]:
    """One line for each theatre with a part missing; one for all theatres without any, which count nobody's effort."""
    given = {(a.theatre, a.of, a.with_) for a in case.settings.alignments}
    aligned = {theatre for theatre, _, _ in given}
    bare = [t.id for t in case.settings.theatres if not t.in_fit and t.id not in aligned]
    if bare:
        seen = f"no alignments in {and_join(bare, most=LONGEST_LIST)} (measured only, not in the fit): there nobody counts another's effort"
        yield file.problem(("theatres",), seen, "add rows to alignments.csv to solve their crises", "warning")
    rows = case.crises.select("theatre", "host").explode("host").unique().iter_rows()
    hosts: dict[str, list[str]] = {}
    for theatre, host in rows:
        if host not in case.powers:  # of which the pairs of powers are asked
            hosts.setdefault(theatre, []).append(host)
    for number, theatre in enumerate(case.settings.theatres):
        id_ = theatre.id
        pairs = [(i, j) for i, j in product(case.powers, case.powers) if i != j and (id_, i, j) not in given]
        unmet = [
            j
            for j in case.powers
            if (id_, "*", j) not in given and any((id_, host, j) not in given for host in hosts.get(id_, []))
        ]
        missing = [f"{i} with {j}" for i, j in pairs] + [f"* (hosts) with {j}" for j in unmet]
        if missing and (theatre.in_fit or id_ in aligned):
            seen = f"{count_of(len(missing), 'alignment is', 'alignments are')} missing in {id_}, counted as 0: {and_join(missing, most=LONGEST_LIST)}"
            yield file.problem(("theatres", number), seen, "add a row for each to alignments.csv", "warning")


def _capacity_gaps(case: Case, file: TomlFile[Settings]) -> Iterator[Problem]:
    """Crisis years (theatres in the fit) with no capacity of a power near; powers with the same gap share a line."""
    years = sorted(case.fitted_crises["start"].dt.year().unique())
    wanted = case.settings.measures.capacity.series
    rows = case.series.filter(pl.col("series").is_in(list(wanted))).select("actor", "year").iter_rows()
    near = {(actor, year + gap) for actor, year in rows for gap in range(-NEAREST_YEARS, NEAREST_YEARS + 1)}
    gaps: dict[tuple[str, ...], list[str]] = {}
    for power in case.powers:
        gaps.setdefault(tuple(str(year) for year in years if (power, year) not in near), []).append(power)
    for missing, powers in gaps.items():
        if missing and not case.series.is_empty():
            head = f"no capacity ({', '.join(wanted)}) of {', '.join(powers)} within {NEAREST_YEARS} years of"
            seen = f"{head} {len(missing)} of {len(years)} crisis years: {and_join(missing, most=LONGEST_LIST)}"
            hint = "add the years to series.csv; missing counts as the mean"
            yield file.problem(("measures", "capacity"), seen, hint, "warning")


def _no_series(case: Case) -> Iterator[Problem]:
    if case.series.is_empty():
        seen = "no yearly figures: capacity, trade and arms of every power are missing, so no explanation can use them"
        yield _weak("series.csv", None, "", seen, "add the file when you have figures")


def _mixed_units(case: Case) -> Iterator[Problem]:
    measures = case.settings.measures
    used = {*measures.economic.series, *measures.security.series, *measures.capacity.series}
    units = case.series.group_by("series").agg(pl.col("unit").unique().sort(), pl.col("line").min())
    for series, found, line in units.sort("line").iter_rows():
        if len(found) > 1 and series in used:
            seen = f"{series} has {len(found)} units: {clip(' | '.join(found), 120)}"
            yield _weak("series.csv", line, "unit", seen, "the model never converts by guess: one series, one unit")


def _wholes(case: Case) -> Iterator[Problem]:
    """Series of a measure whose total is missing in some years."""
    is_whole, key = pl.col("actor") == world_code(), ["series", "partner", "year"]
    rows = amounts(case.series.filter(pl.col("series").is_in([*case.settings.measures.shared])).drop_nulls("value"))
    rows = rows.filter(pl.col("series").is_in(rows.filter(is_whole)["series"].unique().to_list()))
    parts = rows.filter(~is_whole).group_by(key).agg(pl.col("line").min()).sort("line")
    bare = parts.join(rows.filter(is_whole), on=key, how="anti", maintain_order="left")
    for (series,), without in bare.group_by("series", maintain_order=True):
        places = [f"{p} {y}" for p, y in without.select("partner", "year").iter_rows()]
        seen = f"{series} has no whole ({world_code()}) for {and_join(places, most=LONGEST_LIST)}: shares there are of the powers compared alone"
        yield _weak("series.csv", without["line"][0], "actor", seen, f"add the rows of {world_code()}")


def wholes_left_out(case: Case) -> Iterator[tuple[str, pl.DataFrame]]:
    """Series of a measure in amounts without any whole that have others beside the powers compared, with the rows of those others."""
    for measure in case.settings.measures.positions.values():
        for series in measure.shared:
            rows = amounts(case.series.filter(pl.col("series") == series).drop_nulls("value")).sort("line")
            others = rows.filter(~pl.col("actor").is_in([*measure.powers]))
            if others.height and not rows.filter(pl.col("actor") == world_code()).height:
                yield series, others


def _wholes_left_out(case: Case) -> Iterator[Problem]:
    for series, others in wholes_left_out(case):
        names = and_join(others["actor"].unique(maintain_order=True).to_list(), most=LONGEST_LIST)
        seen = f"{series} has figures of {names} and no whole ({world_code()}): a share there is of the powers compared, without them"
        hint = f"add rows with actor {world_code()}: all partners or suppliers together"
        yield _weak("series.csv", others["line"][0], "actor", seen, hint)


def _counted_twice(case: Case) -> Iterator[Problem]:
    """Series of a measure whose figure for the theatre is less than its partners' sum, so that some of it stands with several."""
    measures, theatre = case.settings.measures, case.settings.focus.theatre
    for measure in measures.positions.values():
        for series in {*measure.every_series} - {*measures.events}:
            rows = amounts(case.series.filter(pl.col("series") == series).drop_nulls("value"))
            region = rows.filter(pl.col("partner") == theatre).select(
                "actor", "year", "line", pl.col("value").alias("region")
            )
            hosts = (
                rows.filter(pl.col("partner").is_in(list(measure.partners)))
                .group_by("actor", "year")
                .agg(pl.col("value").sum())
            )
            less = (
                hosts.join(region, on=["actor", "year"])
                .filter(pl.col("region") < pl.col("value") * (1 - ROUNDED))
                .sort("line")
            )
            for row in less.head(1).iter_rows(named=True):
                seen = f"{series} of {row['actor']} in {row['year']}: {row['region']:g} in {theatre}, {row['value']:g} over its partners"
                hint = f'if one event stands with several of them, write events = ["{series}"] under [measures]; else mend a figure'
                yield _weak("series.csv", row["line"], "value", seen, hint)


def _parts(case: Case) -> Iterator[Problem]:
    """Series of a measure that lack some power somewhere in years that they have otherwise: no share there compares all powers.

    Missing is what a series has in most of its years (with a partner, or for the theatre), and what its year lacks where it has
    most of the rest; a power of which a year has the theatre's figure alone lacks no partner.
    """
    for measure in case.settings.measures.positions.values():
        for series in measure.shared:
            rows = amounts(case.series.filter(pl.col("series") == series)).drop_nulls("value").sort("year", "line")
            lacking: dict[tuple[tuple[str, str], ...], list[tuple[int, int]]] = {}  # what is missing → (year, line)
            for year, line, missing in _lacking(case, measure, rows, series in measure.series):
                lacking.setdefault(missing, []).append((year, line))
            for missing, years in lacking.items():
                whom = and_join(
                    [f"{actor} with {partner}" if partner else actor for actor, partner in missing], most=LONGEST_LIST
                )
                when = and_join([str(year) for year, _ in years], most=LONGEST_LIST)
                seen = (
                    f"{series} of {when} has no figure of {whom}, so no share there compares {and_join(measure.powers)}"
                )
                yield _weak("series.csv", years[0][1], "year", seen, "add the row, with 0 where there was nothing")


def _lacking(
    case: Case, measure: PositionMeasure, rows: pl.DataFrame, is_own: bool
) -> Iterator[tuple[int, int, tuple[tuple[str, str], ...]]]:
    """Year, line and the (power, partner) pairs that each year of one series lacks."""
    theatre = case.settings.focus.theatre
    wanted = set(product(measure.powers, measure.partners or ("",)))
    years = {
        year: ({(actor, partner or "") for actor, partner in of.select("actor", "partner").iter_rows()}, of["line"][0])
        for (year,), of in rows.group_by("year", maintain_order=True)
    }
    often = Counter(pair for there, _ in years.values() for pair in there)
    compared = {place for place in (*measure.partners, theatre, "") if all(often[p, place] for p in measure.powers)}
    usual = {pair for pair in product(measure.powers, compared) if often[pair] >= MOST_YEARS * len(years)}
    without = {
        year: {pair for pair in wanted - there if (pair[0], theatre) not in there} for year, (there, _) in years.items()
    }
    is_whole_in_most = 2 * sum(not missing for missing in without.values()) > len(years)
    for year, (there, line) in years.items():
        few = len(without[year]) < (len(wanted) if is_whole_in_most else len(wanted) / 2)
        alone = {pair[0] for pair in there if pair[1] == theatre} - {pair[0] for pair in there if pair[1] != theatre}
        missing = {pair for pair in usual - there if pair[0] not in alone} | (
            without[year] if few and is_own else set()
        )
        if missing:
            yield year, line, tuple(sorted(missing))


def _no_denominators(case: Case) -> Iterator[Problem]:
    """Partners of whom a measure has figures, and in no year the whole or all of its powers: no share can be taken."""
    for measure in case.settings.measures.positions.values():
        rows = amounts(case.series.filter(pl.col("series").is_in([*measure.series])).drop_nulls("value"))
        rows = rows.filter(pl.col("partner").is_in([*measure.partners])).sort("line")
        for (partner,), of in rows.group_by("partner", maintain_order=True):
            years = [set(each["actor"]) for _, each in of.group_by("series", "year")]
            if not any(world_code() in there or set(measure.powers) <= there for there in years):
                series = and_join(of["series"].unique(maintain_order=True).to_list(), most=LONGEST_LIST)
                seen = f"{series} with {partner}: no year has the whole ({world_code()}) or all of {and_join(measure.powers, most=LONGEST_LIST)}, so a share has no denominator"
                hint = f"add the rows of {world_code()}, or of the power that is missing"
                yield _weak("series.csv", of["line"][0], "actor", seen, hint)


def _shares_of_nothing(case: Case) -> Iterator[Problem]:
    """Published shares of any series whose unit does not say what they are a share of; one line a series and unit."""
    units = [unit for unit in case.series["unit"].unique() if is_of_nothing(unit)]
    found = case.series.filter(pl.col("unit").is_in(units)).sort("line").unique(["series", "unit"], keep="first")
    for series, line, unit in found.sort("line").select("series", "line", "unit").iter_rows():
        share, _, said = unit.partition(",")
        hint = f"write {share.removesuffix('of').strip()} of …{',' if said else ''}{said}: of what it is the share"
        yield _weak(
            "series.csv", line, "unit", f"{series} is a {unit.split()[0].strip(',')} of nothing named ({unit})", hint
        )


def _before_they_were(case: Case, file: TomlFile[Settings]) -> Iterator[Problem]:
    """Organisations that have members, a mandate or figures of what they did before they were founded or after they ended."""
    for position, one in enumerate(case.settings.organisations):
        ended = one.ended or date.max
        early = [m.state for m in one.members if m.from_ < one.founded]
        if early:
            seen = f"{one.id} was founded on {one.founded}, and {and_join(early, most=LONGEST_LIST)} {'is a member' if len(early) == 1 else 'are members'} from before"
            hint = "the days before count for nothing: mend `founded`, or `from`"
            yield file.problem(("organisations", position, "members"), seen, hint, "warning")
        late = [m.state for m in one.members if m.to and m.to > ended]
        if late:
            seen = f"{one.id} ended on {ended}, and {and_join(late, most=LONGEST_LIST)} {'is a member' if len(late) == 1 else 'are members'} until after it"
            hint = "the days after count for nothing: mend `ended`, or `to`; a member to the end needs no `to`"
            yield file.problem(("organisations", position, "members"), seen, hint, "warning")
        for period, mandate in enumerate(one.mandates):
            place = (
                ("organisations", position, "mandate", period)
                if len(one.mandates) > 1
                else ("organisations", position, "mandate")
            )
            if mandate.from_ and mandate.from_ < one.founded:
                seen = f"{one.id} was founded on {one.founded}, and its mandate begins on {mandate.from_}"
                yield file.problem(
                    place, seen, "the days before count for nothing: mend `founded`, or `from`", "warning"
                )
            if mandate.to and mandate.to > ended:
                seen = f"{one.id} ended on {ended}, and its mandate goes on to {mandate.to}"
                yield file.problem(place, seen, "the days after count for nothing: mend `ended`, or `to`", "warning")
        acts = case.series.filter((pl.col("actor") == one.id) & (pl.col("value") > 0)).sort("line")
        for line, series, year in acts.select("line", "series", "year").iter_rows():
            if not one.founded.year <= year <= ended.year:
                when = f"was founded in {one.founded.year}" if year < one.founded.year else f"ended in {ended.year}"
                hint = "name the body that there was at the time, or mend its dates in case.toml"
                yield _weak("series.csv", line, "actor", f"{series} of {year}: {one.id} {when}", hint)


def _coverage(case: Case) -> Iterator[Problem]:
    """Series that one measure joins year by year though they are of other actors or partners: a trend would be of the join."""
    for measure in case.settings.measures.positions.values():
        rows = case.series.filter(pl.col("series").is_in(list(measure.series))).drop_nulls("value")
        rows = rows.filter(pl.col("actor").is_in([*measure.powers, world_code()]))
        pairs = {name: set(of.select("actor", "partner").rows()) for (name,), of in rows.group_by("series")}
        present = [name for name in measure.series if name in pairs]
        for name in present[1:]:
            apart = sorted(pairs[present[0]] ^ pairs[name], key=str)
            if apart:
                said = [f"{actor}{f' with {partner}' if partner else ''}" for actor, partner in apart]
                seen = f"{name} continues {present[0]} and covers other things: only one of them has {and_join(said, most=LONGEST_LIST)}"
                line = rows.filter(pl.col("series") == name)["line"].sort()[0]
                yield _weak("series.csv", line, "series", seen, "compare shares within one series, or add the rows")


def _coverage_beside(case: Case) -> Iterator[Problem]:
    """Other counts of what a measure counts that are of fewer powers or partners; one line a measure, with what each lacks."""
    theatre = case.settings.focus.theatre
    for measure in case.settings.measures.positions.values():
        others = [series for series in measure.shared if series not in measure.series]
        rows = case.series.filter(pl.col("series").is_in(others) & pl.col("actor").is_in([*measure.powers]))
        lacks = {}
        for (series,), of in rows.drop_nulls("value").sort("line").group_by("series", maintain_order=True):
            there = set(of.select("actor", "partner").iter_rows())
            whole = {a for a, p in there if p == theatre} - {a for a, p in there if p in measure.partners}
            there |= set(product(whole, measure.partners))  # the theatre's figure alone is of all partners
            places = {p: [a for a in measure.powers if (a, p) not in there] for p in measure.partners}
            none = [p for p, absent in places.items() if len(absent) == len(measure.powers)]
            some = [f"{and_join(absent)} with {p}" for p, absent in places.items() if absent and p not in none]
            if none or some:
                lacks[series] = (of["line"][0], and_join([*some, *none]))
        if lacks and measure.series:
            said = "; ".join(f"{series} lacks {what}" for series, (_, what) in lacks.items())
            seen = f"other counts beside {and_join(measure.series)} cover less: {said}"
            hint = "add the rows, or compare only what both have: their sums over all partners are of different things"
            yield _weak("series.csv", next(line for line, _ in lacks.values()), "series", seen, hint)


def _assumed_claims(case: Case, file: TomlFile[ClaimFile]) -> Iterator[Problem]:
    if not case.claims:
        hint = "write a [[claim]] for each sentence that is to be checked, or leave it: all else works"
        yield _weak(file.name, None, "", "the case makes no claims, so nothing is judged", hint)
    assumed = [number for number, claim in enumerate(case.claims) if claim.family == "premise"]
    if assumed:
        names = and_join([case.claims[number].id for number in assumed], most=LONGEST_ROWS)
        one = len(assumed) == 1
        seen = f"claim {names} is a premise" if one else f"claims {names} are premises"
        seen += f": the model assumes {'it' if one else 'them'} and cannot test {'it' if one else 'them'}"
        yield file.problem(("claim", assumed[0]), seen, "the verdict will say so", "warning")


def _formulas(case: Case) -> Iterator[Problem]:
    tables = {"crises.csv": case.crises, "responses.csv": case.responses, "series.csv": case.series}
    for file, frame in (*tables.items(), ("own_operations.csv", case.own_operations)):
        begins = frame.select("line", pl.col(pl.String).str.contains(r"^[=@]"))  # at once: most tables have none
        found = begins.select(pl.col(pl.Boolean).any()).unpivot().filter("value")["variable"]
        for column in found:
            for line in begins.filter(column)["line"].head(LONGEST_LIST):
                yield _weak(file, line, column, "begins like a formula; it is kept as text and never computed")
