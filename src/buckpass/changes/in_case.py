"""Changes of a case: of crises of its record, its organisations, alignments, parameters and arrangement."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import polars as pl

from buckpass.case import Case, Organisation, Quantity
from buckpass.case.reading.cells import FIRST_YEAR
from buckpass.case.schema import Access, Alignment, Arrangement, Mandate, Member, in_force
from buckpass.changes.overrides import Override, Unusable, check_range
from buckpass.changes.paths import OverridePath

__all__ = ["changed_case", "present_value", "quantity_of", "why_nobody_decides", "without_consent_of"]

Crisis = dict[str, Any]
OF_ORGANISATION = ("legitimacy", "cost_share")


def changed_case(case: Case, crises: Sequence[Crisis], overrides: Sequence[Override]) -> Case:
    """The case after those of the changes that bite in it: the crises (rows), their theatres, and what is of no crisis.

    Raises `Unusable` for the first change that cannot be made. The hash is that of the case as it was.
    """
    theatres = list({crisis["theatre"]: crisis for crisis in crises}.values())
    for override in overrides:
        for crisis in crises if override.attribute in BY_CRISIS else theatres:
            case = _changed(case, crisis, override)
            if override.attribute not in (*BY_CRISIS, "alignment"):
                break  # what is of no crisis and no theatre is changed once
    return case


def present_value(case: Case, crisis: Crisis, path: OverridePath) -> Any:
    """What the case has at a path in a crisis, in the path's own terms; None for what only a fit knows.

    A number that is added starts from 0; whom the host asked is a tuple of ids.
    """
    if path.attribute in ("severity", "request"):
        return crisis["severity"] if path.attribute == "severity" else tuple(crisis["asked"])
    if path.attribute == "access":
        return "closed" if case.closed_to(path.subject, [path.target], crisis["start"]) else "open"
    if path.attribute == "consent":
        return case.organisation(path.subject).consent.rule
    if path.operation == "add":
        return 0.0
    quantity = quantity_of(case, path, crisis["theatre"], crisis["start"])
    return None if quantity is None else quantity.value


def quantity_of(case: Case, path: OverridePath, theatre: str, on: date) -> Quantity | None:
    """The number of case.toml, with its range, that a path sets in a theatre on a day; None where it sets none."""
    if path.sets:
        return case.quantity(path.sets)
    if path.attribute in OF_ORGANISATION:
        return getattr(case.organisation(path.subject), path.attribute)
    if path.attribute == "alignment":
        return in_force(_alignments(case, path, theatre), on)
    arrangement = case.settings.arrangement
    if arrangement is None or path.attribute not in (*ARRANGEMENT, "transfer"):
        return None
    if path.attribute == "arrangement.rent":
        return next(term.rent for term in arrangement.terms if term.party == path.target)
    return getattr(arrangement if path.attribute == "transfer" else arrangement.breakdown, _name(path))


def without_consent_of(case: Case, organisation_id: str, member: str) -> Case:
    """The case in which an organisation needs no consent of one member; the others keep theirs.

    Raises `Unusable` where no single member's consent counts.
    """
    case.power(member)
    organisation = case.organisation(organisation_id)
    rule = organisation.consent
    if rule.rule not in ("consensus", "keys"):
        raise Unusable(f"{organisation_id} decides by {rule.rule}: no single member's consent can be taken out")
    if rule.rule == "keys":
        needed: Sequence[str] = rule.keys
    else:
        needed = [m.state for m in _without(organisation.members, member, (*case.powers, *case.hosts))]
    left = tuple(state for state in dict.fromkeys(needed) if state != member)
    consent = rule.model_copy(update={"rule": "keys" if left else "lead", "keys": left})
    return _with_organisation(case, organisation.model_copy(update={"consent": consent}))


def _changed(case: Case, crisis: Crisis, override: Override) -> Case:
    if override.attribute in BY_CRISIS:
        return BY_CRISIS[override.attribute](case, crisis, override)
    if override.attribute in OF_RULES:
        organisation = case.organisation(override.subject)
        return _with_organisation(case, OF_RULES[override.attribute](case, organisation, override))
    if override.attribute == "alignment":
        return _with_alignments(case, override, crisis["theatre"])
    if override.attribute == "access":
        return _with_access(case, override)
    if (quantity := quantity_of(case, override.of, crisis["theatre"], crisis["start"])) is not None:
        return _with_quantity(case, override, quantity)
    return case


def why_nobody_decides(organisation: Organisation) -> str | None:
    """Whose leaving left an organisation without anybody whose word its rule of consent asks for; None where somebody is left."""
    rule, keys = organisation.consent.rule, organisation.consent.keys
    if rule == "lead" and organisation.lead is None:
        gone = "its lead, whose word is enough there"
    elif rule == "keys" and not {m.state for m in organisation.members} & {*keys, "*"}:
        gone = f"a member that holds a key ({', '.join(keys)})"
    else:
        return None
    path = f"{organisation.id}.consent"
    return f"leaves {organisation.id} without {gone}: set {path}=majority or {path}=consensus beside it"


def _with_settings(case: Case, **changes: Any) -> Case:
    return dataclasses.replace(case, settings=case.settings.model_copy(update=changes))


# --- numbers of case.toml -----------------------------------------------------------------------------------------


def _with_quantity(case: Case, override: Override, quantity: Quantity) -> Case:
    """The case with one number changed."""
    fixed = _fixed(quantity, override)
    if override.sets:
        return _with_settings(case, parameters={**case.settings.parameters, override.sets: fixed})
    if override.attribute in OF_ORGANISATION:
        changed = case.organisation(override.subject).model_copy(update={override.attribute: fixed})
        return _with_organisation(case, changed)
    assert case.settings.arrangement is not None
    return _with_settings(case, arrangement=_with_term(case.settings.arrangement, override.of, fixed))


def _fixed(quantity: Quantity, override: Override) -> Any:
    """The quantity at another number; what is set has no range any more."""
    number = override.on(quantity.value)
    check_range(override.of, number)
    return quantity.model_copy(update={"value": number, "low": None, "high": None})


def _with_alignments(case: Case, override: Override, theatre: str) -> Case:
    """The case with one pair's alignment in a theatre changed, in each of its periods."""
    key = (theatre, override.subject, override.target)
    others = (a for a in case.settings.alignments if (a.theatre, a.of, a.with_) != key)
    changed = (_fixed(entry, override) for entry in _alignments(case, override.of, theatre))
    return _with_settings(case, alignments=(*others, *changed))


def _with_access(case: Case, override: Override) -> Case:
    """The case with a host closed to a power on every day, or on none."""
    others = (
        a for a in case.settings.access if not a.closes or (a.power, a.host) != (override.subject, override.target)
    )
    shut = {"power": override.subject, "host": override.target, "act": "closed", "from": date(FIRST_YEAR, 1, 1)}
    entries = (*others, *([Access.model_validate(shut)] if override.value == "closed" else ()))
    return _with_settings(case, access=entries)


def _alignments(case: Case, path: OverridePath, theatre: str) -> list[Alignment]:
    """The entries of a pair in a theatre; those of every host for a host without its own; 0 where the case has none."""
    own = case.alignments(theatre, path.subject, path.target)
    if not own and path.subject not in case.powers:
        own = [a.model_copy(update={"of": path.subject}) for a in case.alignments(theatre, "*", path.target)]
    nothing = {"theatre": theatre, "of": path.subject, "with": path.target, "value": 0.0, "label": "assumed"}
    return own or [Alignment.model_validate(nothing)]


def _with_term(arrangement: Arrangement, path: OverridePath, fixed: Quantity) -> Arrangement:
    if path.attribute == "transfer":
        return arrangement.model_copy(update={"transfer": fixed})
    if path.attribute != "arrangement.rent":
        breakdown = arrangement.breakdown.model_copy(update={_name(path): fixed})
        return arrangement.model_copy(update={"breakdown": breakdown})
    terms = tuple(t.model_copy(update={"rent": fixed}) if t.party == path.target else t for t in arrangement.terms)
    return arrangement.model_copy(update={"terms": terms})


def _name(path: OverridePath) -> str:
    return path.attribute.removeprefix("arrangement.")


ARRANGEMENT = tuple(f"arrangement.{name}" for name in ("rent", "alignment", "punishment_years", "obstruction_cost"))


# --- crises of the record -----------------------------------------------------------------------------------------


def _with_crisis(case: Case, crisis: str, **columns: pl.Expr) -> Case:
    is_it = pl.col("crisis_id") == crisis
    changed = [pl.when(is_it).then(value).otherwise(pl.col(name)).alias(name) for name, value in columns.items()]
    return dataclasses.replace(case, crises=case.crises.with_columns(changed))


def _request(case: Case, crisis: Crisis, override: Override) -> Case:
    asked = pl.lit(list(override.ids), pl.List(pl.String))
    return _with_crisis(case, crisis["crisis_id"], asked=asked, help_requested=pl.lit(bool(override.ids)))


def _severity(case: Case, crisis: Crisis, override: Override) -> Case:
    code = override.on(crisis["severity"])
    try:
        check_range(override.of, code)
    except Unusable as reason:
        raise Unusable(f"{reason} in {crisis['crisis_id']}") from None
    return _with_crisis(case, crisis["crisis_id"], severity=pl.lit(code))


BY_CRISIS: dict[str, Callable[[Case, Crisis, Override], Case]] = {"request": _request, "severity": _severity}


# --- rules of organisations ---------------------------------------------------------------------------------------


def _with_organisation(case: Case, changed: Organisation) -> Case:
    entries = case.settings.organisations
    return _with_settings(case, organisations=tuple(changed if o.id == changed.id else o for o in entries))


def _consent(case: Case, organisation: Organisation, override: Override) -> Organisation:
    rule = override.value
    if rule == "lead" and organisation.lead is None:
        raise Unusable(f"{organisation.id} has no lead whose word could be enough")
    if rule == "keys" and not organisation.consent.keys:
        raise Unusable(f"{organisation.id} names no members that hold a key (consent.keys in case.toml)")
    return organisation.model_copy(update={"consent": organisation.consent.model_copy(update={"rule": rule})})


def _mandate(case: Case, organisation: Organisation, override: Override) -> Organisation:
    """`any` opens every host and every kind of crisis; `members` limits the hosts and leaves the kinds as they are."""
    if override.value == "any":
        opened = (Mandate.model_validate({"hosts": "any", "types": "any"}),)
    else:
        opened = tuple(mandate.model_copy(update={"hosts": override.value}) for mandate in organisation.mandates)
    return organisation.model_copy(update={"mandates": opened})


def _members(case: Case, organisation: Organisation, override: Override) -> Organisation:
    """Who joins is a member from the founding on, which changes nothing on the days on which it was one; a lead that leaves
    leads no longer (`why_nobody_decides` says where it had to stay).
    """
    members = list(organisation.members)
    for sign, state in ((change[0], change[1:]) for change in override.ids):
        if sign == "+":
            members.append(Member.model_validate({"state": state, "from": organisation.founded}))
        else:
            members = _without(members, state, (*case.powers, *case.hosts))
    lead = organisation.lead if {m.state for m in members} & {organisation.lead, "*"} else None
    return organisation.model_copy(update={"members": tuple(members), "lead": lead})


def _without(members: Iterable[Member], state: str, known: Sequence[str]) -> list[Member]:
    """Members without one state; an entry for every state becomes one for each other state of the case."""
    left: list[Member] = []
    for member in members:
        if member.state == "*":
            left += [member.model_copy(update={"state": s}) for s in dict.fromkeys(known) if s != state]
        elif member.state != state:
            left.append(member)
    return left


OF_RULES: dict[str, Callable[[Case, Organisation, Override], Organisation]] = {
    "consent": _consent,
    "mandate": _mandate,
    "members": _members,
}
