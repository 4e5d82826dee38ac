"""What another coding of the same record changes in its measured numbers."""

from __future__ import annotations

import polars as pl

from buckpass.case import Case
from buckpass.measured.measure import measure
from buckpass.results.table import ResultTable

__all__ = ["measured_changes"]


def measured_changes(before: Case, after: Case) -> ResultTable:
    """Powers' mean rungs, organisations' rates and their comparison under both codings, those that moved first."""
    a, b = measure(before), measure(after)
    rows = _moved(a.activity, b.activity, ["organisation"], "rate_mean", "rate of deployment per eligible crisis")
    rows += _moved(a.comparisons, b.comparisons, ["a", "b"], "p_less", "P(first acts less often)")
    rows += _moved(a.profiles, b.profiles, ["power", "theatre"], "mean_rung", "mean rung")
    schema = {"number": pl.String, "of": pl.String, "before": pl.Float64, "after": pl.Float64, "change": pl.Float64}
    frame = pl.DataFrame(rows, schema=schema).sort(pl.col("change").abs(), descending=True, nulls_last=True)
    return ResultTable(frame, "What the other coding changes in the measured numbers", case_hash=after.hash)


def _moved(before: ResultTable, after: ResultTable, key: list[str], value: str, number: str) -> list[dict]:
    one, other = (table.frame.select(*key, value).unique(maintain_order=True) for table in (before, after))
    pair = one.join(other, on=key, how="full", suffix="_after", coalesce=True, maintain_order="left_right")
    return [
        {"number": number, "of": " – ".join(str(row[k]) for k in key), "before": row[value],
         "after": row[f"{value}_after"], "change": _difference(row[value], row[f"{value}_after"])}
        for row in pair.iter_rows(named=True)
    ]  # fmt: skip


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
