"""Other readings of the same record: without what is only recalled, or with every band wider."""

from __future__ import annotations

import polars as pl

from buckpass.case import Case

__all__ = ["in_theatre", "widened", "without_recalled"]


def in_theatre(rows: pl.DataFrame, theatre: str | list[str] | None) -> pl.DataFrame:
    """The rows of one theatre, of several, or (None) all."""
    if theatre is None:
        return rows
    return rows.filter(pl.col("theatre").is_in([theatre] if isinstance(theatre, str) else theatre))


def without_recalled(case: Case) -> Case:
    """The case as far as its sources were read: rows and sources that are only recalled are taken out.

    A recalled row becomes missing, not zero. Series rows go where none of their sources was read.
    """
    read = {key: source for key, source in case.sources.items() if source.basis != "recalled"}
    known = pl.col("source_id").list.eval(pl.element().is_in(list(read))).list.any()
    return case.replace(
        responses=case.responses.filter(pl.col("basis") != "recalled"),
        own_operations=case.own_operations.filter(pl.col("basis") != "recalled"),
        series=case.series.filter(known | (pl.col("source_id").list.len() == 0)),
        sources=read,
    )


def widened(case: Case, rungs: int) -> Case:
    """The case with every band wider by so many rungs on both sides, within the ladder, or the steps of acts against; missing stays
    missing."""
    steps = len(case.settings.against.names) - 1
    top = pl.when(pl.col("direction") == "against").then(steps).otherwise(case.rungs.top)
    low, high = (pl.col(f"rung_{end}").fill_null(pl.col("rung")).cast(pl.Int16) for end in ("low", "high"))
    wider = ((end + by).clip(0, top).cast(pl.Int8) for end, by in ((low, -rungs), (high, rungs)))
    return case.replace(responses=case.responses.with_columns(wider))
