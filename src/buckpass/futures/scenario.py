"""A scenario: what is changed in the case before its years are played, and what is changed in every game."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from buckpass.case import Case
from buckpass.case.overrides import Override, parse_overrides
from buckpass.case.schema import Consent, Member
from buckpass.futures.problems import NotAFuturesChange

__all__ = ["Scenario", "scenario_of"]

LEVELS = ("stake", "cost", "backlash", "influence", "norm")


@dataclass(frozen=True)
class Scenario:
    """A changed case, and the changes that its games or its first year carry.

    levels : per (quantity, power) the override of stake, cost, backlash, influence or norm. starts : overrides of
    capacity and opinion in the first year. fixed : parameters that no longer vary over their range.
    """

    case: Case
    texts: tuple[str, ...] = ()
    levels: tuple[Override, ...] = ()
    starts: tuple[Override, ...] = ()
    forced: tuple[Override, ...] = ()
    absent: tuple[str, ...] = ()
    fixed: frozenset[str] = frozenset()
    severity: tuple[Override, ...] = ()
    request: tuple[str, ...] | None = None
    bargain: dict[str, float] = field(default_factory=dict)  # what only the agreement reads: `transfer`


def scenario_of(case: Case, texts: Sequence[str] = ()) -> Scenario:
    """The scenario that `PATH=VALUE` texts ask for.

    Raises `BadOverride` with every problem of the texts, `NotAFuturesChange` for a rung forced through an organisation.
    """
    scenario = Scenario(case, tuple(texts))
    for override in parse_overrides(list(texts), case):
        scenario = _with(scenario, override)
    if scenario.case is case:
        return scenario
    return dataclasses.replace(scenario, case=case.replace(settings=scenario.case.settings))


def _with(scenario: Scenario, override: Override) -> Scenario:
    simple = {"capacity": "starts", "opinion": "starts", "severity": "severity"} | dict.fromkeys(LEVELS, "levels")
    if override.sets:
        return _with_parameter(scenario, override)
    if override.attribute in simple:
        place = simple[override.attribute]
        return dataclasses.replace(scenario, **{place: (*getattr(scenario, place), override)})
    if override.attribute == "force":
        if override.target:
            raise NotAFuturesChange(
                f"{override.text}: a vehicle cannot be forced over years, where mandates and members differ by crisis; "
                f"force the rung alone ({override.subject}.force={override.value})"
            )
        return dataclasses.replace(scenario, forced=(*scenario.forced, override))
    if override.attribute == "absent":
        return dataclasses.replace(scenario, absent=_ids(override))
    if override.attribute == "request":
        return dataclasses.replace(scenario, request=_ids(override))
    if override.attribute == "transfer":
        return dataclasses.replace(scenario, bargain={**scenario.bargain, "transfer": override.on(0.0)})
    if override.attribute == "alignment":
        return dataclasses.replace(scenario, case=_with_alignment(scenario.case, override))
    return dataclasses.replace(scenario, case=_with_organisation(scenario.case, override))


def _ids(override: Override) -> tuple[str, ...]:
    return override.value if isinstance(override.value, tuple) else ()


def _settings(case: Case, **update: Any) -> Case:
    """The case with other settings, for now under its old hash: a new one for each of many changes took half a sweep's time."""
    return dataclasses.replace(case, settings=case.settings.model_copy(update=update))


def _with_parameter(scenario: Scenario, override: Override) -> Scenario:
    known = scenario.case.settings.parameters
    old = known[override.sets]
    changed = old.model_copy(update={"value": override.on(old.value), "low": None, "high": None})
    case = _settings(scenario.case, parameters={**known, override.sets: changed})
    return dataclasses.replace(scenario, case=case, fixed=scenario.fixed | {override.sets})


def _with_alignment(case: Case, override: Override) -> Case:
    """Both a power's and a host government's alignment with a power, in the focus theatre."""
    theatre = case.settings.focus.theatre
    value = override.on(case.alignment(theatre, override.subject, override.target))
    mine = (theatre, override.subject, override.target)
    kept = tuple(a for a in case.settings.alignments if (a.theatre, a.of, a.with_) != mine)
    pattern = case.settings.alignments[0].model_copy(
        update={"theatre": theatre, "of": override.subject, "with_": override.target, "value": value, "low": None,
                "high": None, "reason": override.text, "sources": ()}
    )  # fmt: skip
    return _settings(case, alignments=(*kept, pattern))


def _with_organisation(case: Case, override: Override) -> Case:
    organisation = case.organisation(override.subject)
    changed = organisation.model_copy(update=_entry(organisation, override))
    return _settings(
        case, organisations=tuple(changed if o.id == changed.id else o for o in case.settings.organisations)
    )


def _entry(organisation, override: Override) -> dict[str, Any]:
    name, value = override.attribute, override.value
    if name == "members":
        return {"members": _members(organisation, _ids(override))}
    if name == "mandate":
        return {"mandate": organisation.mandate.model_copy(update={"hosts": value})}
    if name == "consent":
        return {"consent": Consent.model_construct(rule=value, keys=organisation.consent.keys, reason=override.text)}
    quantity = getattr(organisation, name)
    return {name: quantity.model_copy(update={"value": override.on(quantity.value), "low": None, "high": None})}


def _members(organisation, changes: tuple[str, ...]) -> tuple[Member, ...]:
    members = organisation.members
    for change in changes:
        sign, state = change[0], change[1:]
        members = tuple(m for m in members if m.state != state)
        if sign == "+":
            members = (*members, Member.model_validate({"state": state, "from": organisation.founded}))
    return members
