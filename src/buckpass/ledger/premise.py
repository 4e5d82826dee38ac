"""Claims that the model assumes and so cannot test: what carries them, what is known of it, where conclusions turn."""

from __future__ import annotations

from typing import Any

from buckpass.case import Case, Quantity, UnknownName
from buckpass.case.provenance import setting_place
from buckpass.ledger.finding import Finding, Question, figures_beside, in_short

__all__ = ["parameter"]


def parameter(question: Question) -> Finding:
    """The number of the case that carries the claim, with its range, label and reason."""
    given = question.parameters
    quantity, where, path = _quantity(question.case, given)
    beside = _beside(question)
    ends = "" if quantity.low is None else f", plausible from {quantity.low:g} to {quantity.high:g}"
    return Finding(
        value=quantity.value,
        low=quantity.low,
        high=quantity.high,
        unit=quantity.unit or where,
        n=None,
        reason=f"the model takes {where} = {quantity.value:g} ({quantity.label}{ends}): {quantity.reason}"
        + (f". Beside it: {in_short(beside)}" if beside else ""),
        turns_on=f"on {where}: vary it over its range and see which conclusions move",
        sources=tuple(quantity.sources),
        places=setting_place(question.case, path),
        detail={"label": quantity.label, "reason": quantity.reason, "where": where, "beside": beside},
    )


def _beside(question: Question) -> list[dict[str, Any]]:
    """What the claim asks to be shown beside the number: series of the two that it is about."""
    given = question.parameters
    about = [given[name] for name in ("of", "with") if name in given]
    rows = figures_beside(question.case, given.get("beside", ()), about)
    return [row for row in rows if len(about) < 2 or row["partner"] in about]


def _quantity(case: Case, given: dict) -> tuple[Quantity, str, tuple[str | int, ...]]:
    if given["parameter"] != "alignment":
        return case.quantity(given["parameter"]), given["parameter"], ("parameters", given["parameter"])
    for n, found in enumerate(case.settings.alignments):
        if (found.theatre, found.of, found.with_) == (given["theatre"], given["of"], given["with"]):
            return found, f"alignment of {found.of} with {found.with_} in {found.theatre}", ("alignments", n)
    raise UnknownName("alignment", f"{given['of']} with {given['with']}", [f"{a.of} with {a.with_}" for a in
                                                                          case.settings.alignments])  # fmt: skip
