"""The inputs that a claim's what-if changes: those of `--set`, and a member whose consent is not needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from buckpass.case import Case
from buckpass.case.overrides import Override, parse_overrides
from buckpass.claims.finding import CannotCompute

__all__ = ["Change", "changed", "without_consent_of"]


@dataclass(frozen=True)
class Change:
    """A change of inputs in some crises; the others' games are as they were. `name` tells changes apart."""

    case: Case
    name: str
    crises: tuple[str, ...]
    overrides: tuple[Override, ...] = ()


def changed(case: Case, texts: Sequence[str], crises: Sequence[str]) -> Change:
    """The change that `PATH=VALUE` texts ask for in some crises.

    Raises `BadOverride` for texts that the case does not allow.
    """
    return Change(case, f"{' '.join(texts)} in {' '.join(crises)}", tuple(crises), parse_overrides(list(texts), case))


def without_consent_of(case: Case, organisation_id: str, member: str, crises: Sequence[str]) -> Change:
    """The case in which an organisation needs no consent of one member in some crises; the others keep theirs."""
    case.power(member)
    organisation = case.organisation(organisation_id)
    rule = organisation.consent
    if rule.rule not in ("consensus", "keys"):
        raise CannotCompute(f"{organisation_id} decides by {rule.rule}: no single member's consent can be taken out")
    needed = rule.keys if rule.rule == "keys" else tuple(m.state for m in organisation.members)
    left = tuple(state for state in dict.fromkeys(needed) if state != member)
    consent = rule.model_copy(update={"rule": "keys" if left else "lead", "keys": left})
    replaced = tuple(
        o.model_copy(update={"consent": consent}) if o.id == organisation_id else o for o in case.settings.organisations
    )
    settings = case.settings.model_copy(update={"organisations": replaced})
    name = f"{organisation_id} without the consent of {member} in {' '.join(crises)}"
    return Change(case.replace(settings=settings), name, tuple(crises))
