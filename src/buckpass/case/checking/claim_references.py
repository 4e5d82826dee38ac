"""Whether each claim asks for something that can be computed, of things that the case has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from buckpass.case.catalogue import EstimandKind, known_estimands
from buckpass.case.claim_parameters import KINDS, decided_before, expectations, parameters_of, problems_of, theatre_of
from buckpass.case.names import Names, missing, twice, unknown
from buckpass.case.problems import Problem
from buckpass.case.reading.toml_lines import Path
from buckpass.case.reading.toml_reading import TomlFile
from buckpass.case.schema import Claim, ClaimFile, Focus, Pair


def check_claims(file: TomlFile[ClaimFile] | None, names: Names, focus: Focus) -> Iterator[Problem]:
    """Claims of the same id, unknown estimands and parameters, and names that lead nowhere."""
    if file is None or file.content is None:
        return
    yield from twice(file, "claim", [claim.id for claim in file.content.claim])
    estimands = known_estimands()
    for position, claim in enumerate(file.content.claim):
        if claim.estimand is None:
            continue
        path = ("claim", position, "estimand")
        if claim.pair is not None:
            yield from _pair(file, ("claim", position, "pair"), claim.pair, names, focus)
        if claim.estimand.name in estimands:
            yield from _asked(file, path, claim, estimands[claim.estimand.name], names, focus)
            kind = estimands[claim.estimand.name]
            for wrong in expectations(kind.expects, {**claim.expect}, kind.within(names.rungs.top)):
                yield file.problem(("claim", position, "expect"), wrong, "mend expect, or ask for something else")
        else:
            yield unknown(file, (*path, "name"), "an estimand", claim.estimand.name, tuple(estimands))


def _pair(file: TomlFile, path: Path, pair: Pair, names: Names, focus: Focus) -> Iterator[Problem]:
    yield from missing(file, (*path, "rider"), "a power", pair.rider, names.powers)
    yield from missing(file, (*path, "provider"), "a power", pair.provider, names.powers)
    yield from missing(file, (*path, "theatre"), "a theatre", pair.theatre, names.theatres)
    if (pair.rider or focus.rider) == (provider := pair.provider or focus.provider):
        seen = f"{provider} is rider and provider, one of them from [focus]: a pair is of two powers"
        yield file.problem(path, seen, "name the other one as well")


def _asked(
    file: TomlFile, path: Path, claim: Claim, kind: EstimandKind, names: Names, focus: Focus
) -> Iterator[Problem]:
    assert claim.estimand is not None
    if kind.family is not None and claim.family not in {kind.family, "not_computed"}:
        hint = f'write family = "{kind.family}", or ask for something else'
        yield file.problem(path, f"{kind.name} belongs to the family {kind.family}, the claim to {claim.family}", hint)
    given = claim.estimand.parameters
    names = replace(names, direction=str(given.get("direction", "for")))
    for parameter, value in given.items():
        if parameter not in kind.parameters:
            allowed = sorted(kind.parameters)
            yield unknown(file, (*path, parameter), f"a parameter of {kind.name}", parameter, allowed)
            continue
        for where, message, hint in problems_of(KINDS[kind.parameters[parameter]], value, names):
            yield file.problem((*path, parameter, *where), message, hint or _look_up(kind))
    also = given.get("also")
    if isinstance(also, dict) and "power" in also:  # the same number of another power
        for wrong in decided_before(also, kind.within(names.rungs.top)):
            yield file.problem((*path, "also"), wrong, "mend the bound")
    filled = parameters_of(claim, focus)
    for parameter, message in kind.at_odds(filled):
        at = (*path, parameter) if parameter in given else path
        yield file.problem(at, message, f"mend one of them: {_look_up(kind)}")
    if kind.only_in_focus and theatre_of(claim, focus) != focus.theatre:
        seen = f"{kind.name} is played in the case's focus, {focus.theatre}, and nowhere else"
        yield file.problem((*path[:-1], "pair", "theatre"), seen, "leave theatre out of the pair")
    for parameter in kind.lacking(filled):
        yield file.problem(path, f"{kind.name} needs {parameter}", f"give {parameter} = …")


def _look_up(kind: EstimandKind) -> str:
    return f"`buckpass help estimands {kind.name}` says what it takes"
