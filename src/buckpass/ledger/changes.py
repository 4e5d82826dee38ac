"""The inputs that a claim's what-if changes: those of `--set`, and a member whose consent is not needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from buckpass.case import Case
from buckpass.changes import in_case
from buckpass.changes.overrides import BadOverride, Override, Unusable
from buckpass.changes.scenario import check_usable
from buckpass.changes.together import parse_overrides
from buckpass.ledger.finding import CannotCompute

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

    Raises `CannotCompute` for texts that the case, or a game of these crises, does not allow.
    """
    try:
        overrides = parse_overrides(texts, case)
        check_usable(case, crises, overrides)
    except BadOverride as reason:
        raise CannotCompute(str(reason)) from reason
    return Change(case, f"{' '.join(texts)} in {' '.join(crises)}", tuple(crises), overrides)


def without_consent_of(case: Case, organisation: str, member: str, crises: Sequence[str]) -> Change:
    """The case in which an organisation needs no consent of one member in some crises; the others keep theirs.

    Raises `CannotCompute` where no single member's consent counts.
    """
    try:
        without = in_case.without_consent_of(case, organisation, member)
    except Unusable as reason:
        raise CannotCompute(str(reason)) from reason
    return Change(without, f"{organisation} without the consent of {member} in {' '.join(crises)}", tuple(crises))
