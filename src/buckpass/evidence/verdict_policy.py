"""When a model quantity decides a claim: one policy for every claim, page and terminal (model §8).

Only fits in which the quantity is free vote. P is that of the fit with all mechanisms; the range is that of every fit in
which the quantity is free. A fit that fixes the quantity assumes what the claim asks, and a fit that failed its diagnostics
cannot carry a verdict: the first is listed, the second can only widen the range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["CONTRADICTED", "LEAST_CONTRACTION", "SUPPORTED", "Carrier", "Decision", "FitSays", "decide"]

SUPPORTED = 0.9
CONTRADICTED = 0.1
LEAST_CONTRACTION = 0.1  # of the prior variance: a standard deviation of 95 % of the prior's tells nothing
Word = Literal["supported", "contradicted", "undecided"]


@dataclass(frozen=True)
class FitSays:
    """What one fit says of a claim.

    p : probability of what the claim expects, None where the fit has no draws to ask. assumed : the value at which the fit
    fixes the quantity ("0"), None where it is free. failed : why its diagnostics failed, empty where they passed.
    """

    id: str
    p: float | None
    assumed: str | None = None
    failed: tuple[str, ...] = ()

    @property
    def votes(self) -> bool:
        """Whether it counts as evidence."""
        return self.assumed is None and not self.failed and self.p is not None

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it: what is assumed has no probability."""
        return {"id": self.id, "p": None if self.assumed is not None else self.p, "assumed": self.assumed,
                "failed": list(self.failed)}  # fmt: skip


@dataclass(frozen=True)
class Carrier:
    """The parameter that carries a claim: its label, the claim's theatre, and its contraction by that theatre's record alone.

    contraction : 1 − posterior variance over prior variance; None where it could not be computed.
    """

    label: str
    theatre: str
    contraction: float | None

    @property
    def is_informed(self) -> bool:
        """Whether the theatre's record tells anything about it."""
        return self.contraction is not None and self.contraction >= LEAST_CONTRACTION


@dataclass(frozen=True)
class Decision:
    """The verdict on a model quantity with what it rests on.

    p_all : under all mechanisms; p_low, p_high : over every fit in which the quantity is free, failed ones included; None
    where there is none.
    """

    verdict: Word
    p_all: float | None
    p_low: float | None
    p_high: float | None
    by_fit: tuple[FitSays, ...]
    contraction: float | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "verdict": self.verdict, "p_all": self.p_all, "p_low": self.p_low, "p_high": self.p_high,
            "by_fit": [one.as_dict() for one in self.by_fit], "contraction": self.contraction, "reason": self.reason,
        }  # fmt: skip


def decide(fits: Sequence[FitSays], carrier: Carrier, whole: str = "all") -> Decision:
    """The verdict that the fits of one record give on a claim.

    Supported or contradicted takes a vote of the fit with all mechanisms, agreement at 0.9 or 0.1 of every fit in which the
    quantity is free, and a parameter that the record of the claim's own theatre informs.

    Parameters
    ----------
    fits : what each fit says, the fit with all mechanisms and that of the case's argument among them. carrier : the
    parameter that the quantity stands or falls with. whole : id of the fit with all mechanisms.
    """
    free = [one for one in fits if one.assumed is None]
    votes = [one for one in free if one.votes]
    low, high = _range(free)
    p_all = next((one.p for one in votes if one.id == whole), None)
    word, why = _verdict(fits, low, high, p_all, carrier, whole)
    return Decision(word, p_all, low, high, tuple(fits), carrier.contraction, why + _asides(fits, word))


def _range(free: Sequence[FitSays]) -> tuple[float | None, float | None]:
    """Least and largest P; a fit without draws to ask could have said anything."""
    if not free:
        return None, None
    said = [0.0 if one.p is None else one.p for one in free], [1.0 if one.p is None else one.p for one in free]
    return min(said[0]), max(said[1])


def _verdict(
    fits: Sequence[FitSays], low: float | None, high: float | None, p_all: float | None, carrier: Carrier, whole: str
) -> tuple[Word, str]:  # fmt: skip
    if low is None or high is None:
        return "undecided", "every fit fixes the quantity, so the record was not asked"
    if p_all is None:
        return "undecided", f"the fit of {whole} {_missing(fits, whole)}, and a verdict is given under it"
    spread = f"P is {p_all:.2f} under {whole} and {low:.2f} to {high:.2f} over the fits in which the quantity is free"
    if CONTRADICTED < low < SUPPORTED or CONTRADICTED < high < SUPPORTED or (low <= CONTRADICTED and high >= SUPPORTED):
        return "undecided", f"{spread}, so they do not agree at {SUPPORTED} or {CONTRADICTED}"
    if carrier.contraction is None:
        return (
            "undecided",
            f"{spread}, but how far the record of {carrier.theatre} informs {carrier.label} is not known",
        )
    informs = f"{carrier.label} (contraction {carrier.contraction:.2f})"
    if not carrier.is_informed:
        return "undecided", f"{spread}, but the record of {carrier.theatre} does not speak about {informs}"
    return (
        "supported" if low >= SUPPORTED else "contradicted",
        f"{spread}; the record of {carrier.theatre} informs {informs}",
    )


def _missing(fits: Sequence[FitSays], whole: str) -> str:
    for one in fits:
        if one.id == whole and one.assumed is not None:
            return f"assumes {one.assumed}"
        if one.id == whole and one.failed:
            return f"failed its diagnostics ({one.failed[0]})"
    return "is missing"


def _asides(fits: Sequence[FitSays], word: Word) -> str:
    """Who assumed what, and what failed, in the same sentence."""
    said = []
    failed = [one.id for one in fits if one.failed and one.assumed is None]
    if failed:
        said.append(f"failed and only widening the range: {', '.join(failed)}")
    by_value: dict[str, list[str]] = {}
    for one in fits:
        if one.assumed is not None:
            by_value.setdefault(one.assumed, []).append(one.id)
    said += [f"assumed {value} by {', '.join(ids)}" for value, ids in by_value.items()]
    return "".join(f"; {part}" for part in said) + "."
