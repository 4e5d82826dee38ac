"""The years ahead as a table in the dashboard, where a scenario is shown first roughly and then finely."""

from __future__ import annotations

import itertools

import polars as pl

from buckpass.page.chapters.decades import HIGH, LOW
from buckpass.results.table import ResultTable
from buckpass.years.baseline import KeptYears

__all__ = ["ROUGH", "table_of"]

ROUGH = 200  # histories of the first picture of a scenario


def table_of(kept: KeptYears, measure: str, title: str, note: str) -> ResultTable:
    """A measure by run, year and power: its mean over histories, and the band that holds nine of ten histories."""
    axes = ("run", "year", "power")
    parts = {"mean": kept.summary[f"{measure}_mean"], "low": kept.summary[measure].sel(quantile=LOW),
             "high": kept.summary[measure].sel(quantile=HIGH)}  # fmt: skip
    at = itertools.product(*(kept.summary[axis].values.tolist() for axis in axes))
    numbers = zip(*(part.transpose(*axes).values.flat for part in parts.values()), strict=True)
    rows = [
        dict(zip((*axes, *parts), (*where, *map(float, found)), strict=True))
        for where, found in zip(at, numbers, strict=True)
    ]
    return ResultTable(pl.DataFrame(rows), title, dict.fromkeys(parts, str(kept.summary.attrs[measure])), note)
