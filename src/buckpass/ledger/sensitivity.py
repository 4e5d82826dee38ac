"""Which verdicts lean on recalled rows, and which on bands being as narrow as they are (no model involved)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from buckpass.case import BuckpassError, Case, Claim
from buckpass.ledger.finding import Question
from buckpass.ledger.ledger import assess, assess_question
from buckpass.ledger.verdicts import Verdict, Verdicts
from buckpass.measured import widened, without_recalled
from buckpass.results.table import ResultTable, ShowsItself

if TYPE_CHECKING:
    from buckpass.evidence.gathered import Gathered

__all__ = ["BadCondition", "Judged", "Sensitivity", "VerdictChange", "assess_under", "judged"]

FAMILIES = ("record", "measured")


class BadCondition(BuckpassError):
    """The conditions under which claims should be assessed again make no sense."""


@dataclass(frozen=True)
class VerdictChange:
    """A claim whose verdict differs under the condition."""

    id: str
    short: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class Sensitivity(ShowsItself):
    """The claims about the record under a condition, and which verdicts it changes."""

    condition: str
    verdicts: Verdicts
    changed: tuple[VerdictChange, ...]

    def table(self) -> ResultTable:
        """One row per claim whose verdict changes: id, short, before, after, why."""
        rows = [tuple(asdict(one).values()) for one in self.changed]
        frame = pl.DataFrame(rows, dict.fromkeys(("id", "short", "before", "after", "reason"), pl.String), orient="row")
        title = f"Verdicts that change: {self.condition}"
        return ResultTable(frame, title, case_hash=self.verdicts.case_hash, seed=self.verdicts.seed)

    def as_dict(self) -> dict[str, Any]:
        """As plain values, fit for JSON."""
        return {
            "condition": self.condition,
            "changed": [c.__dict__ for c in self.changed],
            "claims": self.verdicts.as_dict()["claims"],
        }


@dataclass(frozen=True)
class Judged:
    """The ledger of a case, and what a stricter and a looser coding of its record would change in it."""

    verdicts: Verdicts
    under: tuple[Sensitivity, ...]

    def as_dict(self) -> dict[str, Any]:
        """As plain values, fit for JSON."""
        return {"ledger": self.verdicts.as_dict(), "under": [
            {"condition": one.condition, "ledger": one.verdicts.as_dict(), "changed": [asdict(c) for c in one.changed]}
            for one in self.under
        ]}  # fmt: skip

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Judged:
        """What `as_dict` gave as plain values."""
        under = (
            Sensitivity(one["condition"], Verdicts.from_dict(one["ledger"]), tuple(VerdictChange(**c) for c in one["changed"]))
            for one in content["under"]
        )  # fmt: skip
        return cls(Verdicts.from_dict(content["ledger"]), tuple(under))


def judged(
    case: Case, posteriors: Mapping[str, Any] | None = None, *, kept: Gathered | None = None, seed: int = 0,
    along: Callable[[Sequence[Claim]], Iterable[Claim]] = iter,
) -> Judged:  # fmt: skip
    """A verdict on every claim (`assess`); and those that need no fit without recalled rows, and with every band a rung wider."""
    verdicts = assess(case, posteriors, kept=kept, seed=seed, along=along)
    under = (
        assess_under(case, basis="seen", seed=seed, before=verdicts),
        assess_under(case, doubt=1, seed=seed, before=verdicts),
    )
    return Judged(verdicts, under)


def assess_under(
    case: Case, *, basis: Literal["all", "seen"] = "all", doubt: int = 0, seed: int = 0, before: Verdicts | None = None
) -> Sensitivity:
    """Verdicts on the claims about the record when recalled rows are dropped (`basis="seen"`) or bands widened.

    Claims about the model need a new fit under the condition and are left out.

    Parameters
    ----------
    case : the case with its claims.
    basis : "seen" drops recalled rows, "all" keeps them.
    doubt : rungs by which every band is widened on both sides.
    seed : for the draws; each claim has its own.
    before : the case's ledger with the same seed, if it is there.

    Returns
    -------
    Sensitivity
        The verdicts under the condition, and which of them it changes.

    Raises
    ------
    BadCondition
        Neither `basis="seen"` nor a doubt of 1 or more.
    """
    if basis not in ("all", "seen") or doubt < 0 or (basis == "all" and doubt == 0):
        raise BadCondition('give basis="seen", or doubt=1 or more (rungs by which the bands are widened), or both')
    changed = without_recalled(case) if basis == "seen" else case
    changed = widened(changed, doubt) if doubt else changed
    claims = tuple(c for c in case.claims if c.family in FAMILIES)
    whole = before or assess(case.replace(claims=claims), seed=seed)
    now = tuple(whole[c.id] for c in claims)
    after = Verdicts(
        tuple(assess_question(Question(c, changed, None, seed)) for c in claims), case.id, changed.hash, seed
    )
    return Sensitivity(_condition(basis, doubt), after, _changes(now, after.verdicts))


def _condition(basis: str, doubt: int) -> str:
    parts = ["recalled rows dropped"] if basis == "seen" else []
    parts += [f"bands widened by {doubt} rung{'s' if doubt > 1 else ''}"] if doubt else []
    return " and ".join(parts)


def _changes(before: tuple[Verdict, ...], after: tuple[Verdict, ...]) -> tuple[VerdictChange, ...]:
    pairs = zip(before, after, strict=True)
    return tuple(
        VerdictChange(b.id, b.short, b.verdict, a.verdict, a.reason) for b, a in pairs if b.verdict != a.verdict
    )
