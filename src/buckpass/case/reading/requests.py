"""Requests of several governments in one crisis, requests.csv, of which crises.csv says whose counts."""

from __future__ import annotations

import polars as pl

__all__ = ["FILE", "with_counting"]

FILE = "requests.csv"
TOLD = ("asked_text", "request_date", "request_answer")


def with_counting(crises: pl.DataFrame, requests: pl.DataFrame) -> pl.DataFrame:
    """The crises with the request of the government that `asked_by` names, where requests.csv has it."""
    if requests.is_empty():
        return crises
    made = requests.select("crisis_id", "asked", *TOLD, asked_by="government")
    rows = crises.join(made, on=["crisis_id", "asked_by"], how="left", maintain_order="left", suffix="_made")
    has, asked_somebody = pl.col("asked_made").is_not_null(), pl.col("asked_made").list.len() > 0
    told = [pl.when(has & (pl.col(f"{n}_made") != "")).then(f"{n}_made").otherwise(n).alias(n) for n in TOLD]
    known = pl.when(asked_somebody).then(True).otherwise(pl.col("help_requested").fill_null(False))
    return rows.with_columns(
        pl.when(has).then("asked_made").otherwise("asked").alias("asked"),
        pl.when(has).then(known).otherwise("help_requested").alias("help_requested"),
        *told,
    ).select(crises.columns)
