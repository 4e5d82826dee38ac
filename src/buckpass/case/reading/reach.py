"""In which crises an organisation could have acted (it existed, its mandate reached host and type), and where nobody looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from buckpass.case.case import Case

__all__ = ["Reach", "eligible_crises", "without_row"]

Reach = Literal["mandate", "membership"]


def eligible_crises(case: Case, organisation_id: str, reach: Reach = "mandate") -> tuple[str, ...]:
    """The crises in which the organisation existed and covered the host as they began, in the order of the record.

    That is the day on which the game opens a vehicle: what came together later is there for later crises.

    "mandate" follows the case: the hosts (members, any, or a list) and types of crisis of the mandate of that day.
    "membership" asks only that a host was a member, whatever the mandate says of types.
    """
    key = f"eligible for {organisation_id} by {reach}"
    if key not in case.derived:
        case.derived[key] = _eligible(case, organisation_id, reach)
    return case.derived[key]


def _eligible(case: Case, organisation_id: str, reach: Reach) -> tuple[str, ...]:
    def reaches(crisis: Mapping[str, Any]) -> bool:
        if reach == "membership":
            return bool({*case.members(organisation_id, crisis["start"])} & {*crisis["host"]})
        return case.why_out_of_reach(organisation_id, crisis) is None

    case.organisation(organisation_id)
    return tuple(crisis["crisis_id"] for crisis in case.crises.iter_rows(named=True) if reaches(crisis))


def without_row(case: Case, crises: Sequence[str], actors: Sequence[str]) -> list[tuple[str, str]]:
    """The crises and actors of which the record has no row though the actor could have acted: nobody looked there either.

    It could not in its own crisis and, of an organisation, where its mandate does not reach.
    """
    known = set(case.coded.select("crisis", "actor").iter_rows())
    reach = {a: set(eligible_crises(case, a)) for a in actors if a in case.organisations}
    return [
        (crisis, actor) for crisis in crises for actor in actors
        if (crisis, actor) not in known and actor not in case.crisis(crisis)["host"] and crisis in reach.get(actor, {crisis})
    ]  # fmt: skip
