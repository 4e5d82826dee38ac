"""Every problem of a case, also of the changes that its scenarios and its claims ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from buckpass.case import Case, Check, Problem, UnknownName, load
from buckpass.case.claim_parameters import parameters_of
from buckpass.changes import in_case
from buckpass.changes.overrides import BadOverride, Unusable
from buckpass.changes.together import parse_overrides

__all__ = ["check_case"]

Place = tuple[str, tuple[str | int, ...]]  # file, and the path of keys inside it
FEWEST_TO_VARY = 10  # crises
SEE_PATHS = "`buckpass help paths` says what can be changed"


def check_case(ref: str | Path) -> Check:
    """Every problem of a case at once, with file, line and what to do; the case itself if it has no error.

    Its files are read by `buckpass.case.load.check_case`, which knows of no changes: what a scenario or a claim may change
    is the business of the rooms that change it.

    Parameters
    ----------
    ref : the name of a bundled case, or a folder.

    Returns
    -------
    Check
        Errors and warnings; where there is no such case, that is the error.
    """
    check = load.check_case(ref)
    if check.case is None:
        return check
    problems = (*_by_scenarios(check.case), *_by_claims(check.case))
    if problems:
        return Check(False, (*problems, *check.problems))
    return replace(check, problems=(*check.problems, *_still_covariates(check.case)))


def _still_covariates(case: Case) -> Iterator[Problem]:
    """What the model knows of a crisis and a power that is the same for all of them; of few crises much is."""
    crises = case.fitted_crises.to_dicts()
    if len(crises) < FEWEST_TO_VARY:
        return
    from buckpass.game.covariates import COVARIATES  # loads the games: only for cases of some size

    still = [
        name for name, of in COVARIATES.items() if not _varies(of(case, c, p) for c in crises for p in case.powers)
    ]
    if still:
        seen = f"the same for every power in all {len(crises)} crises of the fit: {', '.join(still)}"
        hint = (
            "the record says nothing of terms of theirs, which stay at their priors: fill what the case knows of them"
        )
        yield Problem("crises.csv", 1, "", seen, hint, "warning")


def _varies(values: Iterable[float | None]) -> bool:
    each = iter(values)
    first = next(each)
    return any(value != first for value in each)


def _by_scenarios(case: Case) -> Iterator[Problem]:
    for name, scenario in case.scenarios.items():
        file = f"scenarios/{name}.toml"
        if scenario.crisis is None:
            yield from _wrong(case, (file, ("set",)), scenario.set, ())
        elif scenario.crisis in set(case.crises["crisis_id"]):
            yield from _wrong(case, (file, ("set",)), scenario.set, (scenario.crisis,))
        else:
            unknown = str(UnknownName("crisis", scenario.crisis, case.crises["crisis_id"]))
            yield _problem(case, (file, ("crisis",)), unknown, "")


def _by_claims(case: Case) -> Iterator[Problem]:
    for number, claim in enumerate(case.claims):
        given = parameters_of(claim, case.settings.focus)
        path = ("claim", number, "estimand")
        if "scenarios" not in given:
            continue
        from buckpass.measured.eligibility import (
            reached_crises,  # loads what measures: only for claims that change things
        )

        crises = reached_crises(case, given)
        if not crises:
            seen = f"the mandate of {given['organisation']} reaches none of the claim's crises"
            yield _problem(case, ("claims.toml", (*path, "organisation")), seen, "name crises that it could act in")
        if given["measure"] == "p_organisation_deploys" and not case.organisation(given["organisation"]).is_vehicle:
            seen = f"{given['organisation']} is no vehicle in this case, so the model never deploys through it"
            yield _problem(case, ("claims.toml", (*path, "organisation")), seen, "set is_vehicle = true in case.toml")
        for count, scenario in enumerate(given["scenarios"]):
            place = ("claims.toml", (*path, "scenarios", count))
            if "consent_without" in scenario:
                yield from _wrong_consent(case, place, given, scenario["consent_without"])
            else:
                yield from _wrong(case, (place[0], (*place[1], "set")), scenario["set"], crises)


def _wrong(case: Case, place: Place, texts: Sequence[str], crises: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with changes that are asked of some crises, or of no crisis that is known yet."""
    try:
        parse_overrides(texts, case)
        if crises and texts:
            from buckpass.changes.scenario import usable_changes  # loads the games: only where a change is made in one

            usable_changes(texts, case, [case.crisis(crisis) for crisis in crises])
    except BadOverride as bad:
        yield from (_problem(case, place, reason.removeprefix("--set "), SEE_PATHS) for reason in bad.problems)


def _wrong_consent(case: Case, place: Place, given: Mapping[str, Any], member: str) -> Iterator[Problem]:
    if "organisation" not in given:
        seen = "takes a consent out, and the claim names no organisation"
        yield _problem(case, place, seen, "give organisation = …")
        return
    try:
        in_case.without_consent_of(case, given["organisation"], member)
    except Unusable as reason:
        yield _problem(case, place, str(reason), 'ask for a change instead: set = ["…"]')


def _problem(case: Case, place: Place, message: str, hint: str) -> Problem:
    file, path = place
    name, line = case.derived["files"][file].place(path)
    return Problem(name, line, str(path[-1]), message, hint)
