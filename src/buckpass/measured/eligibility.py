"""In which crises an organisation could have acted: it existed, its mandate reached the host and the type of crisis."""

from __future__ import annotations

from typing import Literal

from buckpass.case import Case

__all__ = ["Reach", "eligible_crises"]

Reach = Literal["mandate", "membership"]


def eligible_crises(case: Case, organisation_id: str, reach: Reach = "mandate") -> tuple[str, ...]:
    """The crises in which the organisation existed and covered the host, in the order of the record.

    Asked at the start of the crisis; of one that was founded while the crisis went on, on the day that it was founded.

    "mandate" follows the case: its hosts (members, any, or a list) and its types of crisis. "membership" asks only
    that a host was a member, whatever the mandate says of types.
    """
    organisation = case.organisation(organisation_id)
    rows = case.crises.select("crisis_id", "host", "type", "start", "end").iter_rows()
    found = []
    for crisis, hosts, kind, start, end in rows:
        is_founded_in_it = start < organisation.founded and (end is None or organisation.founded < end)
        members = case.members(organisation_id, organisation.founded if is_founded_in_it else start)
        if not members:
            continue
        covers_type = reach == "membership" or organisation.mandate.types == "any" or kind in organisation.mandate.types
        if covers_type and _covers_host(organisation.mandate.hosts, members, hosts, reach):
            found.append(crisis)
    return tuple(found)


def _covers_host(mandate: str | tuple[str, ...], members: tuple[str, ...], hosts: list[str], reach: Reach) -> bool:
    if reach == "membership" or mandate == "members":
        return bool(set(members) & set(hosts))
    return mandate == "any" or bool(set(mandate) & set(hosts))
