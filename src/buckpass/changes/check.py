"""Every problem of a case, also of the changes that its scenarios and its claims ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from buckpass.case import Case, Check, Problem, UnknownName, load
from buckpass.case.provenance import claim_lines
from buckpass.changes.overrides import BadOverride, parse_overrides

__all__ = ["check_case"]

Asked = tuple[str, int | None, Sequence[str], str | None]  # file, line, the changes, in which crisis


def check_case(ref: str | Path) -> Check:
    """Every problem of a case at once, with file, line and what to do; the case itself if it has no error.

    Its files are read by `buckpass.case.load.check_case`, which knows of no changes: what a scenario or a claim may change
    is the business of the rooms that change it.
    """
    check = load.check_case(ref)
    if check.case is None:
        return check
    problems = tuple(
        p for asked in (*_by_scenarios(check.case), *_by_claims(check.case)) for p in _wrong(check.case, *asked)
    )
    return Check(False, (*problems, *check.problems)) if problems else check


def _by_scenarios(case: Case) -> Iterator[Asked]:
    for name, scenario in case.scenarios.items():
        yield f"scenarios/{name}.toml", None, scenario.set, scenario.crisis


def _by_claims(case: Case) -> Iterator[Asked]:
    lines = claim_lines(case)
    for claim in case.claims:
        given = claim.estimand.parameters.get("scenarios") if claim.estimand is not None else None
        for scenario in given if isinstance(given, list) else ():
            if isinstance(scenario, dict) and isinstance(texts := scenario.get("set"), list):
                yield "claims.toml", lines.get(claim.id), [str(text) for text in texts], None


def _wrong(case: Case, file: str, line: int | None, texts: Sequence[str], crisis: str | None) -> Iterator[Problem]:
    try:
        parse_overrides(texts, case, crisis)
    except UnknownName as unknown:
        yield Problem(file, line, "crisis", str(unknown))
    except BadOverride as bad:
        yield from (Problem(file, line, "set", reason) for reason in bad.problems)
