"""Every problem of a case, also of the changes that its scenarios and its claims ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from buckpass.case import Case, Check, Problem, UnknownName, load
from buckpass.case.provenance import claim_lines
from buckpass.changes.overrides import BadOverride, parse_overrides

__all__ = ["check_case"]


def check_case(ref: str | Path) -> Check:
    """Every problem of a case at once, with file, line and what to do; the case itself if it has no error.

    Its files are read by `buckpass.case.load.check_case`, which knows of no changes: what a scenario or a claim may change
    is the business of the rooms that change it.
    """
    check = load.check_case(ref)
    if check.case is None:
        return check
    problems = tuple(_of_scenarios(check.case)) + tuple(_of_claims(check.case))
    return Check(False, (*problems, *check.problems)) if problems else check


def _of_scenarios(case: Case) -> Iterator[Problem]:
    for name, scenario in case.scenarios.items():
        yield from _of_texts(case, scenario.set, scenario.crisis, f"scenarios/{name}.toml", None)


def _of_claims(case: Case) -> Iterator[Problem]:
    lines = claim_lines(case)
    for claim in case.claims:
        given = claim.estimand.parameters.get("scenarios", ()) if claim.estimand is not None else ()
        for scenario in given if isinstance(given, (list, tuple)) else ():
            texts = scenario.get("set") if isinstance(scenario, dict) else None
            if isinstance(texts, (list, tuple)):
                yield from _of_texts(case, [str(t) for t in texts], None, "claims.toml", lines.get(claim.id))


def _of_texts(case: Case, texts: Sequence[str], crisis: str | None, file: str, line: int | None) -> Iterator[Problem]:
    try:
        parse_overrides(texts, case, crisis)
    except UnknownName as unknown:
        yield Problem(file, line, "crisis", str(unknown))
    except BadOverride as bad:
        yield from (Problem(file, line, "set", reason) for reason in bad.problems)
