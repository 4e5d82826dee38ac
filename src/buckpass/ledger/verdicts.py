"""The verdict of a claim, and the rule that makes one from a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import polars as pl

from buckpass.case import Claim, UnknownName
from buckpass.evidence.verdict_policy import CONTRADICTED, SUPPORTED, agreed
from buckpass.ledger.finding import Finding, in_short
from buckpass.results.table import ResultTable, ShowsItself, plain
from buckpass.results.words import minus

__all__ = ["WORDS", "Verdict", "VerdictWord", "Verdicts", "judge"]

VerdictWord = Literal["supported", "partly", "contradicted", "undecided", "premise", "not_computed"]
WORDS: tuple[VerdictWord, ...] = get_args(VerdictWord)
NOTE = (
    f"Supported: P ≥ {SUPPORTED} however doubts are resolved; contradicted: P ≤ {CONTRADICTED}; else undecided. Of the model: in "
    "every fit in which the quantity is free, and only where the record of the claim's theatre informs what carries it. Conjunctions of "
    "statements: supported where all hold, partly where some do and some do not, contradicted where some do not and none "
    "is known to hold, else undecided. An absence is a band from nothing to words. A premise is assumed by the model, which cannot test it. 90 % "
    "intervals."
)


@dataclass(frozen=True)
class Verdict:
    """What can be said of one sentence, with its number, interval, n, rival and sources, and what would change it.

    expects : the bound that the claim puts on its number, in words; empty where it is true or false.
    by_fit, p_all, p_low, p_high, contraction : of a claim about the model, what each fit says of it, P under all mechanisms, its
    range over every fit in which the quantity is free, and how far the claim's theatre informs what carries it (1 − posterior
    variance over prior variance).
    """

    id: str
    text: str
    short: str
    verdict: VerdictWord
    value: float | None
    low: float | None
    high: float | None
    unit: str
    n: int | None
    probability: float | None
    rival: str
    sources: tuple[str, ...]
    places: tuple[str, ...]  # file:line of the claim, of the rows that its number is made of, and of its sources
    correction: str
    reason: str
    turns_on: str
    kind: str
    family: str
    part: str
    estimand: str
    expects: str = ""
    by_fit: tuple[Mapping[str, Any], ...] = ()
    p_all: float | None = None
    p_low: float | None = None
    p_high: float | None = None
    contraction: float | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def statements(self) -> tuple[Mapping[str, Any], ...]:
        """What the claim was taken apart into, each with text, truth (true, false, doubt) and what was seen."""
        return tuple(self.detail.get("atoms", ()))

    @property
    def readings(self) -> tuple[Mapping[str, Any], ...]:
        """The same sentence read more strictly or more widely: label, verdict, how many of n statements are true."""
        return tuple(self.detail.get("readings", ()))

    @property
    def beside(self) -> str:
        """What is shown beside the number and never mixed into it: first and last figure of each series."""
        return in_short([row for row in self.detail.get("beside", ()) if "series" in row])

    def as_dict(self) -> dict[str, Any]:
        """The verdict as plain values, fit for JSON."""
        return plain(dict(self.__dict__))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Verdict:
        """The verdict that `as_dict` gave as plain values."""
        fields: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in content.items()}
        return cls(**fields)


@dataclass(frozen=True)
class Verdicts(ShowsItself):
    """The ledger of a case: one verdict per claim, in the case's order."""

    verdicts: tuple[Verdict, ...]
    case_id: str
    case_hash: str
    seed: int

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __getitem__(self, claim_id: str) -> Verdict:
        for one in self.verdicts:
            if one.id == claim_id:
                return one
        raise UnknownName("claim", claim_id, [v.id for v in self.verdicts])

    def counts(self) -> dict[str, int]:
        """How many claims got each verdict."""
        return {word: sum(v.verdict == word for v in self.verdicts) for word in WORDS}

    def as_dict(self) -> dict[str, Any]:
        """The ledger as plain values, fit for JSON."""
        return {
            "case": self.case_id, "case_hash": self.case_hash, "seed": self.seed, "counts": self.counts(),
            "claims": [v.as_dict() for v in self.verdicts],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Verdicts:
        """The ledger that `as_dict` gave as plain values."""
        claims = tuple(Verdict.from_dict(one) for one in content["claims"])
        return cls(claims, content["case"], content["case_hash"], content["seed"])

    def table(self) -> ResultTable:
        """The ledger as a table for print."""
        columns = ("id", "short", "verdict", "value", "low", "high", "unit", "n", "probability", "rival", "correction")
        rows = [{c: getattr(v, c) for c in columns} for v in self.verdicts]
        return ResultTable(
            pl.DataFrame(rows, schema=None if rows else columns, infer_schema_length=None), "What the record says of each claim",
            {"probability": "P(as the claim expects)"}, NOTE,
            tuple(dict.fromkeys(s for v in self.verdicts for s in v.sources)), self.case_hash, self.seed,
        )  # fmt: skip


def judge(claim: Claim, finding: Finding) -> Verdict:
    """The verdict on a claim from what was found.

    A premise stays a premise whatever its number. A probability supports only if it does so with every doubt resolved
    against the claim, and contradicts only if it does so with every doubt resolved for it.
    """
    return blank(claim, _word(claim, finding), finding.reason, finding)


def blank(claim: Claim, word: VerdictWord, reason: str, finding: Finding | None = None) -> Verdict:
    """A verdict with the claim's own texts; without a finding it has no number."""
    found = finding or Finding()
    said = found.decision.as_dict() if found.decision is not None else {}
    return Verdict(
        id=claim.id, text=claim.text, short=claim.short, verdict=word,
        value=found.value, low=found.low, high=found.high, unit=found.unit, n=found.n, probability=found.probability,
        rival=claim.rival, sources=tuple(dict.fromkeys([*claim.sources, *found.sources])), correction=claim.correction,
        places=found.places, reason=reason, turns_on=found.turns_on, kind=claim.kind, family=claim.family, part=claim.part,
        estimand=claim.estimand.name if claim.estimand else "", detail=found.detail, expects=_bound(claim),
        **{name: said[name] for name in ("by_fit", "p_all", "p_low", "p_high", "contraction") if said},
    )  # fmt: skip


def _bound(claim: Claim) -> str:
    """What the claim expects of its number where that is a bound: "below −0.05"."""
    return " ".join(
        f"{how} {minus(f'{at:g}')}" for how, at in claim.expect.items() if how != "equals" and not isinstance(at, str)
    )


def _word(claim: Claim, found: Finding) -> VerdictWord:
    if claim.family == "premise":
        return "premise"
    if found.decided is not None:
        return found.decided
    if found.probability is None:
        return "not_computed"
    least, most = found.doubt or (found.probability, found.probability)
    return agreed(min(least, found.probability), max(most, found.probability))
