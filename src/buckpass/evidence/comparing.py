"""Which explanation the record prefers, which pairs it cannot tell apart, and by which crises (model §4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.evidence.chances import transform
from buckpass.evidence.gathered import Gathered, gathered
from buckpass.evidence.identification import correlated_pairs
from buckpass.evidence.nested_answer import NestedAnswer, nested_answer
from buckpass.evidence.predictive_checks import predictive_checks
from buckpass.evidence.rankings import AS_CODED, order_of_moves, rankings, readings_held, scores_under, side_by_side
from buckpass.evidence.transforms import Uniformity
from buckpass.fitting.differences import HOSTS_TOGETHER
from buckpass.fitting.files import fit_command
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.scoring import (
    Comparison,
    LeaveOneOut,
    NothingToCompare,
    comparable,
    compare_scores,
    rankable,
    score_gap,
)
from buckpass.fitting.stamp import coding_in
from buckpass.game.setting import setting_of
from buckpass.model.mechanisms import ALL, BASE, argument_of, combination
from buckpass.model.observations import observations
from buckpass.predict.which_fits import fits_of, refuse_in_order
from buckpass.results.summary import ENDS
from buckpass.results.table import ResultTable, ShowsItself

CHECK_DRAWS = 200
IDLE = 1.0  # nats between the best and the worst explanation below which a crisis looks the same under all

__all__ = ["Compared", "NothingToCompare", "compare"]


@dataclass(frozen=True)
class Compared(ShowsItself):
    """Explanations of one case ranked by leave-one-crisis-out elpd; those that cannot be ranked are named.

    reading : how the record is read in this ranking; led : fits in which the patron moves first, where there are any.
    kept : what was worked out of the fits and kept beside them (`gathering.gather`).
    """

    case: Case
    comparison: Comparison
    scores: Mapping[str, LeaveOneOut]
    posteriors: Mapping[str, Posterior]
    failed: Mapping[str, tuple[str, ...]]
    reading: str = AS_CODED
    led: Mapping[str, Posterior] = field(default_factory=dict)
    kept: Gathered = field(default_factory=Gathered)

    @cached_property
    def nested(self) -> NestedAnswer:
        """What each mechanism adds to the controls, alone and given the rest; raises `BaseNotEstimable`.

        Regressions, and other codings of single cells, were scored on the record as coded, so they stand beside that alone.
        """
        kept = self.kept if self.reading == AS_CODED else replace(self.kept, baselines={}, cells={})
        return nested_answer(self.case, self.scores, self.posteriors, kept)

    @property
    def case_hash(self) -> str:
        """Hash of the case; `record_hash` is that of what was fitted."""
        return self.case.hash

    def ranking(self) -> ResultTable:
        """The ranking: elpd, its difference from the best with the standard error of the difference, stacking weight."""
        c = self.comparison
        frame = pl.DataFrame({
            "id": c.ids, "explanation": [combination(i).name for i in c.ids], "elpd": c.elpd, "difference": c.difference,
            "se_difference": c.se_difference, "weight": np.round(c.weight, 4),
            "refitted": [int(self.scores[i].is_exact.sum()) for i in c.ids],
        })  # fmt: skip
        n = len(next(iter(self.scores.values())).crises)
        note = (
            f"Reading: {self.reading}. n = {n} crises left out one at a time; elpd in nats, higher is better; refitted: crises left out by "
            f"fitting again because importance weights were not trusted. Standard errors: {HOSTS_TOGETHER}. A difference within two is none."
        )
        return ResultTable(frame, "Explanations ranked by how well they predict a crisis they have not seen",
                           {"elpd": "nats", "difference": "nats", "se_difference": "nats"}, note, (), self.case_hash)  # fmt: skip

    def indistinguishable(self) -> ResultTable:
        """Pairs of explanations that this record cannot tell apart."""
        gaps = [score_gap(self.case, self.scores[a], self.scores[b]) for a, b in self.comparison.indistinguishable]
        frame = pl.DataFrame({
            "a": [a for a, _ in self.comparison.indistinguishable], "b": [b for _, b in self.comparison.indistinguishable],
            "difference": [g.diff for g in gaps], "se": [g.se for g in gaps],
        }, schema={"a": pl.String, "b": pl.String, "difference": pl.Float64, "se": pl.Float64})  # fmt: skip
        return ResultTable(frame, "Pairs that this record cannot tell apart", {"difference": "nats", "se": "nats"},
                           f"Within two standard errors of their difference; {HOSTS_TOGETHER}.", (), self.case_hash)  # fmt: skip

    def best_by_crisis(self) -> ResultTable:
        """For each crisis, the explanation that predicted it best and by how much; idle crises look alike to all."""
        ids = list(self.comparison.ids)
        table = np.stack([self.scores[i].elpd for i in ids])
        order = np.argsort(-table, axis=0)
        columns = np.arange(table.shape[1])
        second = table[order[min(1, len(ids) - 1)], columns]
        frame = pl.DataFrame({
            "crisis": self.scores[ids[0]].crises, "best": [ids[i] for i in order[0]], "elpd": table[order[0], columns],
            "lead": table[order[0], columns] - second, "spread": table.max(0) - table.min(0),
            "idle": table.max(0) - table.min(0) < IDLE,
        }).sort("spread", descending=True)  # fmt: skip
        note = (
            f"lead: over the second best; spread: best minus worst. idle: spread below {IDLE:g} nat, so the crisis looks the "
            "same under all explanations and arguing from it is idle."
        )
        return ResultTable(frame, "Which explanation predicted each crisis best",
                           {"elpd": "nats", "lead": "nats", "spread": "nats"}, note, (), self.case_hash)  # fmt: skip

    def shared_variation(self) -> ResultTable:
        """Pairs of mechanisms whose posteriors are tied (|r| > 0.7): the record cannot split them."""
        rows = [(i, *pair) for i in self.comparison.ids for pair in correlated_pairs(self.posteriors[i])]
        frame = pl.DataFrame(rows, schema=["explanation", "a", "b", "correlation"], orient="row")
        return ResultTable(frame, "Mechanisms that share their variation", {}, "Posterior correlation above 0.7.", (),
                           self.case_hash)  # fmt: skip

    def scores_by_crisis(self) -> ResultTable:
        """Score of every crisis under every explanation: what the figure of crises draws."""
        rows = [
            {"crisis": c, "id": i, "elpd": float(self.scores[i].elpd[n])}
            for i in self.comparison.ids for n, c in enumerate(self.scores[i].crises)
        ]  # fmt: skip
        return ResultTable(pl.DataFrame(rows), "How each explanation predicted each crisis", {"elpd": "nats"}, "", (),
                           self.case_hash)  # fmt: skip

    def checks(self, n_draws: int = CHECK_DRAWS, seed: int = 0, of: Iterable[str] = ()) -> ResultTable:
        """Posterior-predictive checks by rung, power and theatre.

        n_draws, seed : replicated records of each fit, and of their draws. of : ids of fits (none: all, base and the argument, or
        what there is).
        """
        shown = [i for i in (*of, *([] if of else self._told)) if i in self.posteriors] or list(self.comparison.ids)
        return predictive_checks(self.case, {i: self.posteriors[i] for i in shown}, n_draws=n_draws, seed=seed)

    def transform(self, n_draws: int = CHECK_DRAWS, seed: int = 0) -> Uniformity | None:
        """Where the responses fell in what all mechanisms predict of them; None where that fit is missing or failed.

        n_draws, seed : draws of the fit, and of the place in a tie (randomised probability integral transform).
        """
        if ALL not in self.posteriors:
            return None
        whole, setting = self.posteriors[ALL], setting_of(self.case)
        seen = observations(self.case, setting, coding_in(whole.settings))
        return transform(setting, whole, seen, min(n_draws, whole.n_draws), seed)

    @property
    def _told(self) -> tuple[str, ...]:
        argument = (argued.id,) if (argued := argument_of(self.case)) else ()
        return tuple(dict.fromkeys((ALL, BASE, *argument)))

    def readings(self) -> ResultTable:
        """The ranking under each reading of the record that the fits hold."""
        return rankings(self.case, self.posteriors)

    def readings_side_by_side(self) -> ResultTable:
        """The same with one row per reading, of which nobody asks the stacking weights."""
        return side_by_side(self.case, self.posteriors)

    def order_of_moves(self) -> ResultTable:
        """Patron first against simultaneous; empty where no fit has the patron move first."""
        return order_of_moves(self.case, self.posteriors, self.led)

    def table(self) -> ResultTable:
        """What each mechanism adds to the controls; where these are not among the fits, the ranking."""
        return self.nested.table() if BASE in self.scores else self.ranking()

    def tables(self) -> tuple[ResultTable, ...]:
        """One screen: what each mechanism adds, baselines, what it hangs on."""
        return self.nested.tables() if BASE in self.scores else (self.ranking(),)

    def everything(self) -> tuple[ResultTable, ...]:
        """The screen, the ranking of all fits under every reading, pairs, checks, crises, what shares variation."""
        checks, screen = self.checks(), self.nested.whole_tables() if BASE in self.scores else ()
        tables = [
            *screen, self.ranking(), self.readings_side_by_side(), self.indistinguishable(), failing(checks), checks,
            self.best_by_crisis(),
        ]  # fmt: skip
        return *tables, *(t for t in (self.order_of_moves(), self.shared_variation()) if len(t))

    def as_dict(self) -> dict:
        """Everything as plain values, fit for JSON."""
        rows = [self._row(n, i) for n, i in enumerate(self.comparison.ids)]
        best = self.best_by_crisis()
        return {
            **(self.nested.as_dict() if BASE in self.scores else {}),
            "case_hash": self.case_hash,
            "record_hash": self.case.record_hash,
            "reading": self.reading,
            "explanations": rows,
            "indistinguishable": [list(pair) for pair in self.comparison.indistinguishable],
            "failed": {k: list(v) for k, v in self.failed.items()},
            "best_by_crisis": best.rows(),
            "idle_crises": best.frame.filter(pl.col("idle"))["crisis"].to_list(),
            "scores_by_crisis": self.scores_by_crisis().rows(),
            "readings": self.readings().rows(),
            "checks": self.checks().rows(),
            "transform": None if (fell := self.transform()) is None else fell.as_dict(),
            "order_of_moves": self.order_of_moves().rows(),
            "shared_variation": self.shared_variation().rows(),
        }

    def _row(self, n: int, name: str) -> dict:
        c, d = self.comparison, self.posteriors[name].diagnostics
        return {
            "id": name, "name": combination(name).name, "elpd": float(c.elpd[n]), "se": float(c.se[n]),
            "difference": float(c.difference[n]), "se_difference": float(c.se_difference[n]),
            "weight": float(c.weight[n]), "rhat_max": d.rhat_max, "ess_min": min(d.ess_bulk_min, d.ess_tail_min),
            "divergences": d.divergences, "refitted": int(self.scores[name].is_exact.sum()),
        }  # fmt: skip


def compare(
    case: Case, posteriors: Mapping[str, Posterior], *, reading: str = AS_CODED,
    led: Mapping[str, Posterior] | None = None, kept: Gathered | None = None,
) -> Compared:  # fmt: skip
    """Rank the fitted explanations that passed their diagnostics on the crises that most were scored on; others are named.

    Parameters
    ----------
    case, posteriors : the case, and posteriors of its explanations by id.
    reading : how the record is read ("as coded", "seen only", "doubt +1", "without THEATRE", …; see `Compared.readings`).
    led : posteriors in which the patron moves first, to set against these.
    kept : what `gather` worked out of them (None: what lies beside the case's own fits and still holds for these).

    Returns
    -------
    Compared
        elpd in nats, its differences with standard errors clustered by host, what each mechanism adds.

    Raises
    ------
    NothingToCompare
        None can be ranked.
    NoSuchReading
        The posteriors were not scored under the reading.
    NoUsablePosterior, NotPosteriors, OrderNotPlayed
        One was fitted to another record, is no posterior, or has the patron move first.
    """
    posteriors = fits_of(case, posteriors)
    refuse_in_order(posteriors, "replicated records")
    scores, failed = _scored(case, posteriors, reading)
    passed = {i: posteriors[i] for i in scores}
    kept = kept or gathered(case, posteriors, case.folder / "posteriors")
    return Compared(case, compare_scores(case, scores), scores, passed, failed, reading, led or {}, kept)


def _scored(
    case: Case, posteriors: Mapping[str, Posterior], reading: str
) -> tuple[dict[str, LeaveOneOut], dict[str, tuple[str, ...]]]:
    """The scores under a reading of those that can be ranked, and why the others cannot; `NothingToCompare` where all are such."""
    passed, failed = rankable(posteriors)
    asked = {i: p for i, p in passed.items() if reading in readings_held({i: p})}
    if passed and not asked:
        scores_under(next(iter(passed.values())), reading)
    scores, apart = comparable({i: scores_under(p, reading) for i, p in asked.items()})
    apart |= {i: f"not scored under {reading!r}" for i in passed if i not in asked}
    failed |= {i: (reason,) for i, reason in apart.items()}
    if not scores:
        why = "; ".join(f"{i}: {', '.join(reasons)}" for i, reasons in failed.items())
        raise NothingToCompare(
            f"no fit of {case.id} can be ranked ({why}): fit again, {fit_command(case, case.folder / 'posteriors')}"
        )
    return scores, failed


def failing(checks: ResultTable) -> ResultTable:
    """What each explanation fails to reproduce: one row per explanation."""
    frame = (
        checks.frame.group_by("explanation", maintain_order=True)
        .agg(pl.len().alias("checks"), pl.col("fails").sum().alias("fails"),
             (pl.col("by") + " " + pl.col("group")).filter(pl.col("fails")).alias("which"))
    )  # fmt: skip
    note = f"fails: p beyond {ENDS[0]} or {ENDS[1]}. {checks.note}"
    return ResultTable(frame, "What each explanation fails to reproduce", {}, note, (), checks.case_hash, checks.seed)
