"""The codebook of a case, and the JSON Schema of its files: both made from the schema that reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from buckpass.case.case import Case
from buckpass.case.catalogue import EstimandKind, known_estimands, mechanism_ids, parameter_kinds
from buckpass.case.claim_parameters import KINDS
from buckpass.case.entries import Entry
from buckpass.case.problems import UnknownName
from buckpass.case.reading.rows import ROW_MODELS
from buckpass.case.schema import ClaimFile, Scenario, Settings
from buckpass.results.table import ResultTable

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE_MODELS: dict[str, type[Entry]] = {
    "case.toml": Settings,
    "claims.toml": ClaimFile,
    "scenarios/*.toml": Scenario,
    **ROW_MODELS,
}
SCHEMA = {
    "file": pl.String,
    "column": pl.String,
    "kind": pl.String,
    "unit": pl.String,
    "meaning": pl.String,
    "rows": pl.Int64,
    "filled": pl.Int64,
    "coverage": pl.Float64,
    "values": pl.String,
    "basis": pl.String,
}


def codebook(case: Case) -> ResultTable:
    """Every column of every table, every series, every parameter: unit, meaning, how much is filled, on what basis.

    Parameters
    ----------
    case : the case that is described.

    Returns
    -------
    ResultTable
        One row per column, series and parameter. `coverage` is `filled` of `rows`, 0 to 1; `values` is the range, or the words
        with their counts; `basis` counts the filled rows that are seen, recalled, absence, unsearched or machine (for
        parameters: the label).
    """
    entries = [*_columns(case), *_series(case), *_parameters(case)]
    frame = pl.DataFrame([_entry(*entry) for entry in entries], schema=SCHEMA, orient="row")
    return ResultTable(frame, f"Codebook of {case.id}", {"coverage": "filled of rows, 0 to 1"}, case_hash=case.hash)


def _entry(file: str, words: tuple[str, str, str, str], count: tuple[int, int], values: str, basis: str) -> tuple:
    rows, filled = count
    return file, *words, rows, filled, filled / rows if rows else None, values, basis


def _columns(case: Case) -> Iterator[tuple[Any, ...]]:
    for file, frame in tables(case).items():
        for name, info in ROW_MODELS[file].columns().items():
            extra = info.json_schema_extra
            unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
            words = (name, _kind(frame.schema[name]), unit, info.description or "")
            filled = frame.filter(_is_filled(name, frame.schema[name]))
            basis = _counts(filled["basis"]) if "basis" in frame.columns else ""
            yield file, words, (len(frame), len(filled)), _values(frame[name]), basis


def _series(case: Case) -> Iterator[tuple[Any, ...]]:
    for (name,), rows in case.series.sort("series", "year").group_by("series", maintain_order=True):
        actors, partners = (rows.filter(pl.col(side) != "")[side].n_unique() for side in ("actor", "partner"))
        cover = f"{rows['year'].min()}-{rows['year'].max()}, {actors} actors, {partners} partners"
        words = (f"series = {name}", "series", " | ".join(sorted(set(rows["unit"]))), "")
        yield "series.csv", words, (len(rows), len(rows)), cover, ""


def _parameters(case: Case) -> Iterator[tuple[Any, ...]]:
    for name, quantity in case.settings.parameters.items():
        span = f"{quantity.value:g}"
        if quantity.low is not None and quantity.high is not None:
            span = f"{quantity.value:g} ({quantity.low:g} to {quantity.high:g})"
        yield "case.toml", (name, "parameter", quantity.unit, quantity.reason), (1, 1), span, quantity.label


def brief_codebook(book: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The codebook by file, narrow enough for a terminal: what a column means and what it holds in one cell."""
    kind = pl.concat_str("kind", pl.when(pl.col("unit") != "").then(pl.format(", {}", "unit")).otherwise(pl.lit("")))
    basis = pl.when(pl.col("basis") != "").then(pl.format("basis: {}", "basis"))
    told = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in ("meaning", "values")]
    shown = book.select(
        "file",
        pl.col("column").str.strip_prefix("series = "),
        kind.alias("kind, unit"),
        pl.format("{} of {}", "filled", "rows").alias("filled"),
        pl.concat_str(*told, basis, separator="; ", ignore_nulls=True).alias("meaning; values"),
    )
    return {str(file): rows.drop("file") for (file,), rows in shown.group_by("file", maintain_order=True)}


def tables(case: Case) -> dict[str, pl.DataFrame]:
    """The tables of a case by file name."""
    return {
        "crises.csv": case.crises,
        "responses.csv": case.responses,
        "own_operations.csv": case.own_operations,
        "series.csv": case.series,
        "requests.csv": case.requests,
    }


def _kind(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List):
        return "list joined by ;"
    names = {pl.Date: "date", pl.Boolean: "yes/no", pl.String: "text", pl.Float64: "number"}
    return next((name for kind, name in names.items() if dtype == kind), "whole number")


def _is_filled(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.List):
        return pl.col(name).list.len() > 0
    return pl.col(name) != "" if dtype == pl.String else pl.col(name).is_not_null()


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
    """The JSON Schema (2020-12) of one file of a case (of a table: of its row), or of all files by name.

    It lists what the model and the ledger allow: the estimands with their parameters, the parameters' ids, the mechanisms.
    """
    if file is not None:
        if file not in FILE_MODELS:
            raise UnknownName("file", file, FILE_MODELS)
        return _with_allowed({"$schema": DIALECT, **FILE_MODELS[file].model_json_schema()})
    models = dict.fromkeys(FILE_MODELS.values())
    refs, schema = models_json_schema([(model, "validation") for model in models], title="A buckpass case")
    files = {name: refs[(model, "validation")] for name, model in FILE_MODELS.items()}
    return _with_allowed({"$schema": DIALECT, **schema, "type": "object", "properties": files})


def _with_allowed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the lists of `catalogue` in the places that are checked against them."""
    tables = schema.get("$defs", {})
    for settings in (one for one in (schema, tables.get("Settings", {})) if one.get("title") == "Settings"):
        forms = [re.escape(name).replace(re.escape("<POWER>"), "[A-Z]{3}") for name in parameter_kinds(["<POWER>"])]
        settings["properties"]["parameters"]["propertyNames"] = {"pattern": f"^({'|'.join(forms)})$"}
        settings["properties"]["argument"]["items"] = {"enum": list(mechanism_ids())}
    if "Estimand" in tables:
        asked: list[Any] = [(kind, "validation", one.adapter) for kind, one in KINDS.items()]
        of_kind, inside = TypeAdapter.json_schemas(asked, ref_template="#/$defs/{model}")
        tables |= inside.get("$defs", {})
        tables["Estimand"] = {
            "title": "Estimand",
            "description": tables["Estimand"].get("description", ""),
            "oneOf": [_estimand(one, of_kind) for one in known_estimands().values()],
        }
    return schema


def _estimand(kind: EstimandKind, of_kind: Mapping[Any, Any]) -> dict[str, Any]:
    """One estimand as a table of its own: its name and what it may be given."""
    given = {name: of_kind[(one, "validation")] for name, one in kind.parameters.items()}
    return {
        "title": kind.name, "type": "object", "additionalProperties": False, "required": ["name", *sorted(kind.required)],
        "properties": {"name": {"const": kind.name}, **given},
    }  # fmt: skip
