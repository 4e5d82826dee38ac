"""Claims that the model assumes and so cannot test: what carries them, what is known of it, where conclusions turn."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from buckpass.case import Case, Quantity, UnknownName
from buckpass.case.provenance import setting_place
from buckpass.case.reading.reach import eligible_crises
from buckpass.changes.in_case import without_consent_of
from buckpass.game.setting import chance_to_pass
from buckpass.ledger.finding import CannotCompute, Finding, Question, figures_beside, in_short
from buckpass.results.words import and_join

__all__ = ["consent", "parameter"]


def parameter(question: Question) -> Finding:
    """The number of the case that carries the claim, with its range, label and reason."""
    given = question.parameters
    quantity, where, path, earlier = _quantity(question.case, given)
    beside = _beside(question)
    ends = "" if quantity.low is None else f", plausible from {quantity.low:g} to {quantity.high:g}"
    return Finding(
        value=quantity.value,
        low=quantity.low,
        high=quantity.high,
        unit=quantity.unit or where,
        n=None,
        reason=f"the model takes {where} = {quantity.value:g} ({quantity.label}{ends}): {quantity.reason}{earlier}"
        + (f". Beside it: {in_short(beside)}" if beside else ""),
        turns_on=f"on {where}: vary it over its range and see which conclusions move",
        sources=tuple(quantity.sources),
        places=setting_place(question.case, path),
        detail={"label": quantity.label, "reason": quantity.reason, "where": where, "beside": beside},
    )


def consent(question: Question) -> Finding:
    """How far a member's consent holds an organisation back: by its rule and the alignments, which the case assumes."""
    case, given = question.case, question.parameters
    name, power = given["organisation"], given["of"]
    crises = [case.crisis(c) for c in eligible_crises(case, name)]
    rule = case.organisation(name).consent.rule
    if not crises:
        raise CannotCompute(f"the mandate of {name} reaches no crisis of the record")

    def mean(changed: Case) -> float:
        return float(np.mean([chance_to_pass(changed, crisis, name) for crisis in crises]))

    members = [p for p in case.powers if any(p in case.members(name, crisis["start"]) for crisis in crises)]
    if power not in members:
        raise CannotCompute(f"{power} was no member of {name} in a crisis that its mandate reached")
    if rule not in ("consensus", "keys"):
        raise CannotCompute(f"{name} decides by {rule}: no single member's consent holds it back")
    of_all = mean(case)
    without = {member: mean(without_consent_of(case, name, member)) for member in members}
    said = ", ".join(f"{chance:.2f} without that of {member}" for member, chance in without.items())
    return Finding(
        value=of_all,
        unit=f"chance that the members of {name} that are powers here let it act",
        n=len(crises),
        reason=f"{name} decides by {rule}, and the case assumes who is aligned with whom: {of_all:.2f} with the "
        f"consent of each of {and_join(members)}, {said}; mean over the crises that its mandate reaches. Members that are no powers "
        f"of the case are not asked. That {power} held it back follows from rule and alignments, and so would it of any other of them",
        turns_on=f"on the rule ({rule}) and on the alignment of each member with the hosts",
        sources=tuple(case.organisation(name).sources),
        places=setting_place(case, ("organisations", case.organisations.index(name))),
        detail={"rule": rule, "without": without, "crises": [crisis["crisis_id"] for crisis in crises]},
    )


def _beside(question: Question) -> list[dict[str, Any]]:
    """What the claim asks to be shown beside the number: series of the two that it is about."""
    given = question.parameters
    about = [given[name] for name in ("of", "with") if name in given]
    rows = figures_beside(question.case, given.get("beside", ()), about)
    return [row for row in rows if len(about) < 2 or row["partner"] in about]


def _quantity(case: Case, given: dict) -> tuple[Quantity, str, tuple[str | int, ...], str]:
    """The number, what it is of, its place in case.toml, and what it was in earlier periods."""
    if given["parameter"] != "alignment":
        return case.quantity(given["parameter"]), given["parameter"], ("parameters", given["parameter"]), ""
    periods = sorted(case.alignments(given["theatre"], given["of"], given["with"]), key=lambda a: a.from_ or date.min)
    if periods:
        *before, found = periods
        where = f"alignment of {found.of} with {found.with_} in {found.theatre}"
        since = f" since {found.from_}" if found.from_ else ""
        earlier = "".join(f"; until {one.to} it takes {one.value:g}: {one.reason}" for one in before)
        return found, where + since, ("alignments", case.settings.alignments.index(found)), earlier
    raise UnknownName("alignment", f"{given['of']} with {given['with']}", [f"{a.of} with {a.with_}" for a in
                                                                          case.settings.alignments])  # fmt: skip
