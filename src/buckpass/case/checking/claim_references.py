"""Whether each claim asks for something that can be computed, of things that the case has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from buckpass.case.catalogue import EstimandKind, known_estimands, state_codes
from buckpass.case.claim_parameters import KINDS, expectations, problems_of
from buckpass.case.names import Names, missing, twice, unknown
from buckpass.case.problems import Problem, clip
from buckpass.case.reading.toml_reading import TomlFile
from buckpass.case.schema import Claim, ClaimFile

Path = tuple[str | int, ...]
RUNG_PARAMETERS = ("at_least", "at_most", "among_at_least", "crises_at_least", "rung")


def check_claims(file: TomlFile[ClaimFile] | None, names: Names) -> Iterator[Problem]:
    """Claims of the same id, unknown estimands and parameters, and names that lead nowhere."""
    if file is None or file.content is None:
        return
    yield from twice(file, "claim", [claim.id for claim in file.content.claim])
    estimands = known_estimands()
    for position, claim in enumerate(file.content.claim):
        if claim.estimand is None:
            continue
        path = ("claim", position, "estimand")
        yield from _named(file, path, claim.estimand.parameters, names)
        if claim.estimand.name in estimands:
            yield from _asked(file, path, claim, estimands[claim.estimand.name], names)
            for wrong in expectations(estimands[claim.estimand.name].expects, {**claim.expect}):
                yield file.problem(("claim", position, "expect"), wrong, "mend expect, or ask for something else")
        else:
            yield unknown(file, (*path, "name"), "an estimand", claim.estimand.name, tuple(estimands))


def _asked(file: TomlFile, path: Path, claim: Claim, kind: EstimandKind, names: Names) -> Iterator[Problem]:
    assert claim.estimand is not None
    if kind.family is not None and claim.family not in {kind.family, "not_computed"}:
        hint = f'write family = "{kind.family}", or ask for something else'
        yield file.problem(path, f"{kind.name} belongs to the family {kind.family}, the claim to {claim.family}", hint)
    given = claim.estimand.parameters
    for parameter, value in given.items():
        if parameter not in kind.parameters:
            allowed = sorted(kind.parameters)
            yield unknown(file, (*path, parameter), f"a parameter of {kind.name}", parameter, allowed)
            continue
        wanted = KINDS[kind.parameters[parameter]]
        wrong = list(problems_of(wanted, value))
        for where, message in wrong:
            yield file.problem((*path, parameter, *where), message, f"see what {kind.name} takes in the reference")
        if wanted.names is not None and not wrong and parameter not in NAMED_ANYWHERE:
            yield from missing(file, (*path, parameter), wanted.words, value, wanted.names(names))
    for parameter in kind.lacking(given):
        yield file.problem(path, f"{kind.name} needs {parameter}", f"give {parameter} = …")


def _named(file: TomlFile, path: Path, value: Any, names: Names) -> Iterator[Problem]:
    """Powers, crises, organisations and theatres that the parameters name, at any depth."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            kind, known = _kind_of(key, names)
            if known and _is_text(inner):
                yield from missing(file, (*path, key), kind, inner, known)
            elif _is_rung(key, value) and type(inner) is int and inner > names.rungs.top:
                hint = f"give a rung of the ladder in case.toml, a whole number from 0 to {names.rungs.top}"
                yield file.problem((*path, key), f"{clip(inner)} is not on the ladder", hint)
            else:
                yield from _named(file, (*path, key), inner, names)
    elif isinstance(value, (list, tuple)):
        for position, inner in enumerate(value):
            yield from _named(file, (*path, position), inner, names)


NAMED_ANYWHERE = ("crisis", "crises", "power", "organisation", "theatre", "actor")  # checked at any depth, by `_named`


def _kind_of(key: str, names: Names) -> tuple[str, Sequence[str]]:
    kinds: dict[str, tuple[str, Sequence[str]]] = {
        "crisis": ("a crisis of crises.csv", names.crises),
        "crises": ("a crisis of crises.csv", names.crises),
        "power": ("a power", names.powers),
        "organisation": ("an organisation", names.organisations),
        "theatre": ("a theatre", names.theatres),
        "actor": ("a state or organisation of this case", (*names.actors, *sorted(state_codes()))),
    }
    return kinds.get(key, ("", ()))


def _is_rung(key: str, beside: Mapping[str, Any]) -> bool:
    """Whether a parameter is a rung; `equals` is one in a statement about an actor."""
    return key in RUNG_PARAMETERS or (key == "equals" and bool({"actor", "any_of"} & beside.keys()))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value))
