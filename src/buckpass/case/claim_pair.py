"""Of which pair a claim speaks, and what that fills in: its own, else the case's focus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buckpass.case.catalogue import EstimandKind, known_estimands
from buckpass.case.schema import Claim, Focus

__all__ = ["parameters_of", "theatre_of"]


def theatre_of(claim: Claim, focus: Focus) -> str:
    """The theatre of a claim that names none to its estimand: that of its own pair, else the case's."""
    return (claim.pair and claim.pair.theatre) or focus.theatre


def parameters_of(claim: Claim, focus: Focus) -> dict[str, Any]:
    """What a claim gives to its estimand, with what it leaves out filled in from its pair.

    A power or theatre that has to be there comes from the claim's pair, else from the case's focus; one that may be left out
    (a theatre, where all count) only from a pair of the claim's own. Crises that are listed need no theatre.
    """
    if claim.estimand is None:
        return {}
    given, kind = claim.estimand.parameters, known_estimands().get(claim.estimand.name)
    if kind is None:
        return given
    for parameter, role in kind.from_pair.items():
        if parameter not in given and (name := _named(claim, focus, kind, given, role, parameter)):
            given[parameter] = name
    return given


def _named(
    claim: Claim, focus: Focus, kind: EstimandKind, given: Mapping[str, Any], role: str, parameter: str
) -> str | None:
    if role == "theatre" and "crises" in given:
        return None
    own = getattr(claim.pair, role) if claim.pair is not None else None
    lacking = {name for one in kind.lacking(given) for name in one.split(" or ")}
    return own or (getattr(focus, role) if parameter in lacking else None)
