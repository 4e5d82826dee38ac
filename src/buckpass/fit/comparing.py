"""Which explanation the record prefers, which pairs it cannot tell apart, and by which crises (model §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.fit.explanations import explanation
from buckpass.fit.identification import correlated_pairs
from buckpass.fit.posterior import Posterior
from buckpass.fit.scoring import Comparison, LeaveOneOut, compare_scores, score_of
from buckpass.record.results import ResultTable, ShowsItself

__all__ = ["Compared", "NothingToCompare", "best_passed", "compare"]


class NothingToCompare(ValueError):
    """No fitted explanation passed its diagnostics; the message says why each failed."""


@dataclass(frozen=True)
class Compared(ShowsItself):
    """Explanations of one case ranked by leave-one-crisis-out elpd; those that failed diagnostics are named, not ranked."""

    case_hash: str
    comparison: Comparison
    scores: Mapping[str, LeaveOneOut]
    posteriors: Mapping[str, Posterior]
    failed: Mapping[str, tuple[str, ...]]

    def ranking(self) -> ResultTable:
        """The ranking: elpd, its difference from the best with the standard error of the difference, stacking weight."""
        c = self.comparison
        frame = pl.DataFrame({
            "id": c.ids, "explanation": [explanation(i).name for i in c.ids], "elpd": c.elpd, "difference": c.difference,
            "se_difference": c.se_difference, "weight": c.weight,
            "refitted": [int(self.scores[i].is_exact.sum()) for i in c.ids],
        })  # fmt: skip
        n = len(next(iter(self.scores.values())).crises)
        note = (
            f"n = {n} crises left out one at a time; elpd in nats, higher is better; refitted: crises left out by "
            "fitting again because importance weights were not trusted. A difference within two standard errors is none."
        )
        return ResultTable(frame, "Explanations ranked by how well they predict a crisis they have not seen",
                           {"elpd": "nats", "difference": "nats", "se_difference": "nats"}, note, (), self.case_hash)  # fmt: skip

    def indistinguishable(self) -> ResultTable:
        """Pairs of explanations that this record cannot tell apart."""
        gaps = [self.scores[a].elpd - self.scores[b].elpd for a, b in self.comparison.indistinguishable]
        frame = pl.DataFrame({
            "a": [a for a, _ in self.comparison.indistinguishable], "b": [b for _, b in self.comparison.indistinguishable],
            "difference": [float(g.sum()) for g in gaps], "se": [float(np.sqrt(len(g)) * g.std()) for g in gaps],
        }, schema={"a": pl.String, "b": pl.String, "difference": pl.Float64, "se": pl.Float64})  # fmt: skip
        return ResultTable(frame, "Pairs that this record cannot tell apart", {"difference": "nats", "se": "nats"},
                           "Within two standard errors of their difference.", (), self.case_hash)  # fmt: skip

    def best_by_crisis(self) -> ResultTable:
        """For each crisis, the explanation that predicted it best and by how much; idle crises look alike to all."""
        ids = [i for i in self.comparison.ids if not explanation(i).is_bound] or list(self.comparison.ids)
        table = np.stack([self.scores[i].elpd for i in ids])
        order = np.argsort(-table, axis=0)
        columns = np.arange(table.shape[1])
        second = table[order[min(1, len(ids) - 1)], columns]
        frame = pl.DataFrame({
            "crisis": self.scores[ids[0]].crises, "best": [ids[i] for i in order[0]], "elpd": table[order[0], columns],
            "lead": table[order[0], columns] - second, "spread": table.max(0) - table.min(0),
        }).sort("spread", descending=True)  # fmt: skip
        note = "lead: over the second best; spread: best minus worst. Where the spread is small, arguing from the crisis is idle."
        return ResultTable(frame, "Which explanation predicted each crisis best",
                           {"elpd": "nats", "lead": "nats", "spread": "nats"}, note, (), self.case_hash)  # fmt: skip

    def shared_variation(self) -> ResultTable:
        """Pairs of mechanisms whose posteriors are tied (|r| > 0.7): the record cannot split them."""
        rows = [(i, *pair) for i in self.comparison.ids for pair in correlated_pairs(self.posteriors[i])]
        frame = pl.DataFrame(rows, schema=["explanation", "a", "b", "correlation"], orient="row")
        return ResultTable(frame, "Mechanisms that share their variation", {}, "Posterior correlation above 0.7.", (),
                           self.case_hash)  # fmt: skip

    def table(self) -> list[ResultTable]:
        tables = [self.ranking(), self.indistinguishable(), self.best_by_crisis()]
        return tables + ([shared] if len(shared := self.shared_variation()) else [])

    def as_dict(self) -> dict:
        rows = [self._row(n, i) for n, i in enumerate(self.comparison.ids)]
        return {
            "case_hash": self.case_hash,
            "explanations": rows,
            "indistinguishable": [list(pair) for pair in self.comparison.indistinguishable],
            "failed": {k: list(v) for k, v in self.failed.items()},
            "best_by_crisis": self.best_by_crisis().rows(),
            "shared_variation": self.shared_variation().rows(),
        }

    def _row(self, n: int, name: str) -> dict:
        c, d = self.comparison, self.posteriors[name].diagnostics
        return {
            "id": name, "name": explanation(name).name, "elpd": float(c.elpd[n]), "se": float(c.se[n]),
            "difference": float(c.difference[n]), "se_difference": float(c.se_difference[n]),
            "weight": float(c.weight[n]), "rhat_max": d.rhat_max, "ess_min": min(d.ess_bulk_min, d.ess_tail_min),
            "divergences": d.divergences, "refitted": int(self.scores[name].is_exact.sum()),
        }  # fmt: skip


def compare(case: Case, posteriors: Mapping[str, Posterior]) -> Compared:
    """Rank the fitted explanations whose diagnostics passed; the others are listed with the reason.

    Raises
    ------
    NothingToCompare
        None passed.
    """
    passed = {i: p for i, p in posteriors.items() if p.diagnostics.passed}
    failed = {i: p.diagnostics.reasons for i, p in posteriors.items() if not p.diagnostics.passed}
    if not passed:
        why = "; ".join(f"{i}: {', '.join(reasons)}" for i, reasons in failed.items())
        raise NothingToCompare(f"no fit of {case.id} passed its diagnostics, so nothing can be ranked ({why})")
    scores = {i: score_of(p) for i, p in passed.items()}
    return Compared(case.record_hash, compare_scores(scores), scores, passed, failed)


def best_passed(compared: Compared) -> str:
    """The best-ranked explanation that is not a bound: what a crisis is solved under unless another is asked for."""
    return next((i for i in compared.comparison.ids if not explanation(i).is_bound), compared.comparison.ids[0])
