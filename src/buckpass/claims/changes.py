"""The inputs that a claim's what-if changes: requests, consent rules, forced responses, absent powers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from buckpass.case import Case, Organisation
from buckpass.case.overrides import Override, parse_overrides
from buckpass.case.schema import Consent
from buckpass.claims.finding import CannotCompute
from buckpass.game.crises import Crises
from buckpass.game.overrides import absent, force

__all__ = ["Change", "changed", "without_consent_of"]


@dataclass(frozen=True)
class Change:
    """A case with some of its inputs changed, and what is done to its games: powers held at a rung, powers taken out.

    `name` tells changes apart. `crises` are those whose inputs change: the others' games are as they were.
    """

    case: Case
    name: str
    crises: tuple[str, ...] = ()
    held: tuple[tuple[str, int], ...] = ()
    absent: tuple[str, ...] = ()

    def on(self, crises: Crises) -> Crises:
        """The games with the change."""
        for power, rung in self.held:
            crises = force(crises, self.case.powers.index(power), rung)
        for power in self.absent:
            crises = absent(crises, self.case.powers.index(power))
        return crises


def changed(case: Case, texts: Sequence[str], crises: Sequence[str]) -> Change:
    """The change that `PATH=VALUE` texts ask for in some crises.

    Raises `BadOverride` for texts that the case does not allow, `CannotCompute` for those that claims do not use.
    """
    result = Change(case, f"{' '.join(texts)} in {' '.join(crises)}")
    for override in parse_overrides(list(texts), case):
        result = _with(result, override, tuple(crises))
    return result


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
    name = f"{organisation_id} without the consent of {member} in {' '.join(crises)}"
    return Change(_with_consent(case, organisation, consent), name, tuple(crises))


def _with(change: Change, override: Override, crises: tuple[str, ...]) -> Change:
    case, value = change.case, override.value
    if override.attribute == "request":
        return replace(change, case=_asked(case, value, crises), crises=crises)
    if override.attribute == "consent" and isinstance(value, str):
        organisation = case.organisation(override.subject)
        consent = organisation.consent.model_copy(update={"rule": value})
        return replace(change, case=_with_consent(case, organisation, consent), crises=crises)
    if override.attribute == "force" and not override.target and isinstance(value, int):
        return replace(change, held=(*change.held, (override.subject, value)))
    if override.attribute == "absent" and isinstance(value, tuple):
        return replace(change, absent=(*change.absent, *value))
    raise CannotCompute(f"{override.text}: a claim may change request, consent, force and absent, nothing else yet")


def _asked(case: Case, value: Any, crises: tuple[str, ...]) -> Case:
    actors = list(value) if isinstance(value, tuple) else []
    is_here = pl.col("crisis_id").is_in(list(crises))
    asked = pl.when(is_here).then(pl.lit(actors, pl.List(pl.String))).otherwise(pl.col("asked"))
    requested = pl.when(is_here).then(pl.lit(bool(actors))).otherwise(pl.col("help_requested"))
    return case.replace(crises=case.crises.with_columns(asked.alias("asked"), requested.alias("help_requested")))


def _with_consent(case: Case, organisation: Organisation, consent: Consent) -> Case:
    replaced = tuple(
        o.model_copy(update={"consent": consent}) if o.id == organisation.id else o for o in case.settings.organisations
    )
    return case.replace(settings=case.settings.model_copy(update={"organisations": replaced}))
