"""The codebook of a case, and the JSON Schema of its files: both made from the schema that reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from pydantic.json_schema import models_json_schema

from buckpass.case.case import Case
from buckpass.case.problems import UnknownName
from buckpass.case.rows import ROW_MODELS
from buckpass.case.schema import ClaimFile, Entry, Scenario, Settings

FILE_MODELS: dict[str, type[Entry]] = {
    "case.toml": Settings,
    "claims.toml": ClaimFile,
    "scenarios/*.toml": Scenario,
    **ROW_MODELS,
}
COLUMNS = ("file", "column", "kind", "unit", "meaning", "rows", "filled", "values", "basis")


def codebook(case: Case) -> pl.DataFrame:
    """Every column of every table and every series: kind, unit, meaning, how much is filled, which values, on what basis.

    `filled` counts rows with a value of `rows`; `values` is the range, or the commonest words with their counts; `basis`
    counts seen, recalled, absence, unsearched and machine rows where the table has a basis.
    """
    entries = [*_columns(case), *_series(case), *_parameters(case)]
    schema = {name: pl.Int64 if name in {"rows", "filled"} else pl.String for name in COLUMNS}
    return pl.DataFrame(entries, schema=schema, orient="row")


def _columns(case: Case) -> Iterator[tuple[Any, ...]]:
    for file, frame in tables(case).items():
        basis = _counts(frame["basis"]) if "basis" in frame.columns else ""
        for name, info in ROW_MODELS[file].model_fields.items():
            extra = info.json_schema_extra
            unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
            column = frame[name]
            kind = _kind(column.dtype)
            values = _values(column)
            yield file, name, kind, unit, info.description or "", len(frame), _filled(column), values, basis


def _series(case: Case) -> Iterator[tuple[Any, ...]]:
    groups = case.series.group_by("series").agg(
        pl.col("unit").unique().sort(), pl.len(), pl.col("year").min().alias("first"), pl.col("year").max().alias("last"),
        pl.col("actor").filter(pl.col("actor") != "").n_unique().alias("actors"),
        pl.col("partner").filter(pl.col("partner") != "").n_unique().alias("partners"),
    )  # fmt: skip
    for row in groups.sort("series").iter_rows(named=True):
        cover = f"{row['first']}-{row['last']}, {row['actors']} actors, {row['partners']} partners"
        unit = " | ".join(row["unit"])
        yield "series.csv", f"series = {row['series']}", "series", unit, "", row["len"], row["len"], cover, ""


def _parameters(case: Case) -> Iterator[tuple[Any, ...]]:
    for name, quantity in case.settings.parameters.items():
        span = f"{quantity.value:g}"
        if quantity.low is not None and quantity.high is not None:
            span = f"{quantity.value:g} ({quantity.low:g} to {quantity.high:g})"
        yield "case.toml", name, "parameter", quantity.unit, quantity.reason, 1, 1, span, quantity.label


def tables(case: Case) -> dict[str, pl.DataFrame]:
    """The tables of a case by file name."""
    return {
        "crises.csv": case.crises,
        "responses.csv": case.responses,
        "own_operations.csv": case.own_operations,
        "series.csv": case.series,
    }


def _kind(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List):
        return "list joined by ;"
    names = {pl.Date: "date", pl.Boolean: "yes/no", pl.String: "text", pl.Float64: "number"}
    return next((name for kind, name in names.items() if dtype == kind), "whole number")


def _filled(column: pl.Series) -> int:
    if isinstance(column.dtype, pl.List):
        return int((column.list.len() > 0).sum())
    return int((column != "").sum()) if column.dtype == pl.String else len(column) - column.null_count()


def _values(column: pl.Series) -> str:
    if isinstance(column.dtype, pl.List):
        column = column.explode()
    column = column.drop_nulls()
    if column.is_empty():
        return ""
    if column.dtype in (pl.String, pl.Boolean):
        words = column.cast(pl.String)
        return _counts(words.filter(words != "")) if words.n_unique() <= 12 else f"{words.n_unique()} different"
    low, high = column.min(), column.max()
    return f"{low} to {high}" if column.dtype == pl.Date else f"{low:g} to {high:g}"


def _counts(column: pl.Series) -> str:
    counts = column.value_counts(sort=True, name="count")
    ordered = counts.sort(["count", column.name], descending=[True, False])
    return ", ".join(f"{value} {count}" for value, count in ordered.iter_rows())


def json_schema(file: str | None = None) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one file of a case (`case.toml`, `crises.csv`, …: a row), or of all of them by name."""
    if file is not None:
        if file not in FILE_MODELS:
            raise UnknownName("file", file, FILE_MODELS)
        return {"$schema": DIALECT, **FILE_MODELS[file].model_json_schema()}
    models = dict.fromkeys(FILE_MODELS.values())
    refs, schema = models_json_schema([(model, "validation") for model in models], title="A buckpass case")
    files = {name: refs[(model, "validation")] for name, model in FILE_MODELS.items()}
    return {"$schema": DIALECT, **schema, "type": "object", "properties": files}


DIALECT = "https://json-schema.org/draft/2020-12/schema"
