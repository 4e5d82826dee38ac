"""What another coding of the same record changes in what the model was fitted for: the ranking and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from buckpass.case import Case
from buckpass.evidence.comparing import Compared, NothingToCompare, compare
from buckpass.evidence.gathered import Gathered, gathered
from buckpass.fitting.files import load_posteriors
from buckpass.fitting.posterior import Posterior, PosteriorFileError
from buckpass.ledger.ledger import assess
from buckpass.ledger.predictions import POSTERIORS
from buckpass.ledger.verdicts import Verdict, Verdicts
from buckpass.results.table import ResultTable

__all__ = ["FittedChanges", "fitted_changes"]

RANKING = {"id": pl.String, "rank_before": pl.Int64, "rank_after": pl.Int64, "difference_before": pl.Float64,
           "difference_after": pl.Float64, "weight_before": pl.Float64, "weight_after": pl.Float64}  # fmt: skip
VERDICTS = {"id": pl.String, "short": pl.String, "before": pl.String, "after": pl.String, "value_before": pl.Float64,
            "value_after": pl.Float64, "change": pl.Float64}  # fmt: skip


@dataclass(frozen=True)
class FittedChanges:
    """The ranking and the claims under two codings.

    ranking : explanations under both codings; no row where one of them has no usable fit.
    verdicts : claims whose verdict or number differs; without fits of both codings those about the model are left out.
    missing : what must be fitted first, and how; empty where everything was compared.
    n_claims : claims that both codings have and that were compared.
    """

    ranking: ResultTable
    verdicts: ResultTable
    missing: tuple[str, ...]
    n_claims: int

    def as_dict(self) -> dict[str, Any]:
        """As plain values, fit for JSON."""
        return {
            "ranking": self.ranking.rows(), "claims": self.verdicts.rows(), "claims_compared": self.n_claims,
            "missing": list(self.missing),
        }  # fmt: skip


def fitted_changes(
    before: Case, after: Case, folders: tuple[Path | None, Path | None] = (None, None), seed: int = 0
) -> FittedChanges:
    """Ranking and verdicts before and after a recoding, from the posteriors of both cases.

    folders : where the posteriors of the first and of the second case are; by default beside each case.

    Nothing is fitted here. Where a case has no posteriors, or those of another version of it, `missing` says so, the
    ranking is empty, and only claims that need no model are compared.
    """
    fit_before, no_before = _fits(before, folders[0])
    fit_after, no_after = _fits(after, folders[1])
    missing = tuple(reason for reason in (no_before, no_after) if reason)
    ranking = _table([], RANKING, "The ranking of the explanations under both codings", after)
    if fit_before is None or fit_after is None:
        fit_before = fit_after = None  # verdicts are compared on the same footing
    else:
        ranking = _ranking(fit_before, fit_after, after)
    ledgers = _ledger(before, fit_before, seed), _ledger(after, fit_after, seed)
    verdicts, count = _verdicts(*ledgers, after, has_model=not missing)
    return FittedChanges(ranking, verdicts, missing, count)


_Fit = tuple[dict[str, Posterior], Compared, Gathered]


def _fits(case: Case, folder: Path | None) -> tuple[_Fit | None, str]:
    try:
        posteriors = load_posteriors(case, folder)
        kept = gathered(case, posteriors, folder or case.folder / POSTERIORS)
        return (posteriors, compare(case, posteriors, kept=kept), kept), ""
    except (PosteriorFileError, NothingToCompare) as reason:
        if folder is not None and not folder.is_dir():
            raise
        return None, str(reason)


def _ledger(case: Case, fit: _Fit | None, seed: int) -> Verdicts:
    if fit is None:
        return assess(case, None, seed=seed)
    return assess(case, fit[0], kept=fit[2], seed=seed)


def _ranking(before: _Fit, after: _Fit, case: Case) -> ResultTable:
    sides = [_placed(fit[1]) for fit in (before, after)]
    rows = [
        {"id": name} | {f"{what}_{when}": side.get(name, {}).get(what)
         for when, side in zip(("before", "after"), sides, strict=True) for what in ("rank", "difference", "weight")}
        for name in dict.fromkeys([*sides[0], *sides[1]])
    ]  # fmt: skip
    return _table(rows, RANKING, "The ranking of the explanations under both codings", case)


def _placed(compared: Compared) -> dict[str, dict[str, float]]:
    c = compared.comparison
    return {
        name: {"rank": n + 1, "difference": float(c.difference[n]), "weight": float(c.weight[n])}
        for n, name in enumerate(c.ids)
    }


def _verdicts(before: Verdicts, after: Verdicts, case: Case, has_model: bool) -> tuple[ResultTable, int]:
    later = {one.id: one for one in after}
    pairs = [(one, later[one.id]) for one in before if one.id in later]
    if not has_model:
        pairs = [(a, b) for a, b in pairs if "model" not in (a.family, b.family)]
    rows = [_verdict_row(a, b) for a, b in pairs if (a.verdict, a.value) != (b.verdict, b.value)]
    return _table(rows, VERDICTS, "Claims whose verdict or number the other coding changes", case), len(pairs)


def _verdict_row(before: Verdict, after: Verdict) -> Mapping[str, Any]:
    change = None if before.value is None or after.value is None else after.value - before.value
    return {
        "id": before.id, "short": after.short, "before": before.verdict, "after": after.verdict,
        "value_before": before.value, "value_after": after.value, "change": change,
    }  # fmt: skip


def _table(rows: list, schema: dict, title: str, case: Case) -> ResultTable:
    note = "difference: elpd behind the best explanation of that coding, in nats; weight: stacking weight."
    frame = pl.DataFrame(rows, schema=schema)
    return ResultTable(frame, title, {}, note if schema is RANKING else "", (), case.hash)
