"""In which crises an organisation could have acted: it existed, its mandate reached the host and the type of crisis."""

from __future__ import annotations

from typing import Literal

from buckpass.case import Case

__all__ = ["Reach", "eligible_crises"]

Reach = Literal["mandate", "membership"]


def eligible_crises(case: Case, organisation_id: str, reach: Reach = "mandate") -> tuple[str, ...]:
    """The crises in which the organisation existed and covered the host, in the order of the record.

    Asked at the start of the crisis; of one that was founded while the crisis went on, on the day that it was founded.

    "mandate" follows the case: the hosts (members, any, or a list) and types of crisis of the mandate of that day.
    "membership" asks only that a host was a member, whatever the mandate says of types.
    """
    organisation = case.organisation(organisation_id)
    rows = case.crises.select("crisis_id", "host", "type", "start", "end").iter_rows()
    found = []
    for crisis, hosts, kind, start, end in rows:
        is_founded_in_it = start < organisation.founded and (end is None or organisation.founded < end)
        day = organisation.founded if is_founded_in_it else start
        members = case.members(organisation_id, day)
        is_member = bool(set(members) & set(hosts))
        if members and (is_member if reach == "membership" else case.covers(organisation_id, kind, hosts, day)):
            found.append(crisis)
    return tuple(found)
