"""The coded rows as the tables use them: one row per crisis and actor, missing kept missing, doubt kept as a band."""

from __future__ import annotations

import polars as pl

from buckpass.case import Case

__all__ = ["coded", "in_theatre", "widened", "without_recalled"]

TOP_RUNG = 6
WEAKNESS = ("seen", "machine", "recalled", "absence", "unsearched")
KEEP = ("stance", "scope", "vehicle", "kind", "detail", "acting_body", "date")


def coded(case: Case) -> pl.DataFrame:
    """One row per crisis and actor: rung, low, high (null where nobody looked), basis, stance, scope, sources, line.

    Where several coders coded the same response, the rung is their lower median, the band runs from the lowest to the
    highest of theirs, and the basis is the weakest.
    """
    rows = case.responses.with_columns(
        pl.col("basis").replace_strict({b: i for i, b in enumerate(WEAKNESS)}, default=0).alias("weakness"),
        pl.col("rung_low").fill_null(pl.col("rung")),
        pl.col("rung_high").fill_null(pl.col("rung")),
    )
    joined = rows.group_by("crisis_id", "actor", maintain_order=True).agg(
        pl.col("rung").quantile(0.5, "lower").cast(pl.Int8),
        pl.col("rung_low").min().alias("low"),
        pl.col("rung_high").max().alias("high"),
        pl.col("basis").sort_by("weakness").last(),
        pl.col("source_id").explode(empty_as_null=True).drop_nulls().unique(maintain_order=True).alias("sources"),
        pl.col("line").first(),
        *(pl.col(name).first() for name in KEEP),
    )
    about = case.crises.select("crisis_id", "theatre", "start")
    return joined.join(about, on="crisis_id", how="left", maintain_order="left").rename({"crisis_id": "crisis"})


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
    """The case with every band wider by so many rungs on both sides, within the ladder; missing stays missing."""
    wider = case.responses.with_columns(
        (pl.col("rung_low").cast(pl.Int16) - rungs).clip(0, TOP_RUNG).cast(pl.Int8),
        (pl.col("rung_high").cast(pl.Int16) + rungs).clip(0, TOP_RUNG).cast(pl.Int8),
    )
    return case.replace(responses=wider)
