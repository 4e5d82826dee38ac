"""A CSV file of a case to a table, every problem with the line on which its row starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal, get_args, get_origin

import polars as pl
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from buckpass.case.checking.case_wording import say
from buckpass.case.entries import Entry
from buckpass.case.problems import MOST_PROBLEMS, Problem, clip, control_character, spelling_hint
from buckpass.case.reading.csv_rows import MOST_ROWS, Row, Unreadable, read_rows
from buckpass.case.reading.rows import ROW_MODELS
from buckpass.results.words import count_of

MOST_COLUMNS = 100


@dataclass(frozen=True)
class Table:
    """A table as far as it could be read; rows with a problem are left out.

    `is_whole` says whether every row was looked at, `broken_ids` what the first cells of the rows left out are.
    """

    frame: pl.DataFrame
    is_whole: bool
    broken_ids: frozenset[str] = frozenset()


def read_table(name: str, text: str) -> tuple[Table, list[Problem]]:
    """The table of one file (`name` tells which columns) with a `line` column, and its problems.

    Rows with a problem are left out of the table; after `MOST_PROBLEMS` the rest is not read.
    """
    model = ROW_MODELS[name]
    problems: list[Problem] = []
    records: list[dict[str, Any]] = []
    broken: set[str] = set()
    is_whole = False
    try:
        rows = read_rows(text, tuple(model.columns()), MOST_ROWS[name])
        columns = _columns(name, next(rows, None), model, problems)
        for row in rows if columns else ():
            if len(problems) >= MOST_PROBLEMS:
                raise Unreadable(row.line, f"stopped reading after {MOST_PROBLEMS} problems", "mend these first")
            record = _record(name, row, columns, model, problems)
            if record is None:
                broken.update(cell.strip() for cell in row.cells[:1])
            else:
                records.append(record)
        is_whole = bool(columns)
        if columns and not records and not problems:
            hint = "write a row; alignments.csv, own_operations.csv, requests.csv and series.csv may be left out altogether"
            problems.append(Problem(name, 2, "", "has a header and no row", hint))
    except Unreadable as reason:
        problems.append(Problem(name, reason.line, "", reason.message, reason.hint))
    return Table(_frame(records, model), is_whole, frozenset(broken)), problems


def empty_table(name: str) -> Table:
    """A table without rows, with the columns of the file."""
    return Table(_frame([], ROW_MODELS[name]), is_whole=False)


def _columns(name: str, header: Row | None, model: type[Entry], problems: list[Problem]) -> list[str]:
    if header is None:
        problems.append(Problem(name, 1, "", "has no header row", f"first row: {','.join(model.columns())}"))
        return []
    columns = [cell.strip() for cell in header.cells]
    while columns and not columns[-1]:
        columns.pop()
    if len(columns) > MOST_COLUMNS:
        seen = f"has {len(columns)} columns in its header; {len(model.columns())} are known"
        problems.append(Problem(name, header.line, "", seen, f"first row: {','.join(model.columns())}"))
        return []
    before, known = len(problems), model.columns()
    for column in sorted(set(columns)):
        if column not in known:
            hint = spelling_hint(column, [field for field in known if field not in columns])
            problems.append(Problem(name, header.line, clip(column), "is not a known column", hint))
        elif columns.count(column) > 1:
            problems.append(Problem(name, header.line, column, "stands twice in the header", "keep one"))
    for field, info in known.items():
        if info.is_required() and field not in columns:
            problems.append(Problem(name, header.line, field, "the column is missing", "add it to the header row"))
    return columns if len(problems) == before else []


def _record(
    name: str, row: Row, columns: list[str], model: type[Entry], problems: list[Problem]
) -> dict[str, Any] | None:
    extra = [cell for cell in row.cells[len(columns) :] if cell.strip()]
    if extra or len(row.cells) < len(columns):
        seen = f"{count_of(len(row.cells), 'cell')} under {count_of(len(columns), 'column')}"
        hint = "an unquoted separator in a text? Put the text in quotation marks" if extra else "a separator is missing"
        problems.append(Problem(name, row.line, "", seen, hint))
        return None
    values = {column: cell for column, cell in zip(columns, row.cells, strict=False) if cell.strip()}
    before = len(problems)
    for column, cell in values.items():
        if found := control_character(cell):
            problems.append(Problem(name, row.line, column, f"holds the control character {found[0]!r}", "remove it"))
    try:
        record = model.model_validate(values)
    except ValidationError as invalid:
        problems += [_problem(name, row.line, error) for error in invalid.errors(include_url=False)[:20]]
        return None
    if len(problems) > before:
        return None
    return {name: record.__dict__[field] for name, field in _fields(model)} | {"line": row.line}


@cache
def _fields(model: type[Entry]) -> tuple[tuple[str, str], ...]:
    return tuple(zip(model.columns(), model.model_fields, strict=True))


def _problem(name: str, line: int, error: Any) -> Problem:
    field = str(error["loc"][0]) if error["loc"] else ""
    return Problem(name, line, field, *say(error))


def _frame(records: list[dict[str, Any]], model: type[Entry]) -> pl.DataFrame:
    schema = {name: _dtype(name, info) for name, info in model.columns().items()} | {"line": pl.Int32}
    columns = {
        name: pl.Series(name, [_plain(record[name]) for record in records], dtype=dtype, strict=True)
        for name, dtype in schema.items()
    }
    frame = pl.DataFrame(columns)
    if "rung" in schema:
        frame = frame.with_columns(pl.col("rung_low", "rung_high").fill_null(pl.col("rung")))
    return frame


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _dtype(name: str, info: FieldInfo) -> Any:
    kinds = [kind for kind in (get_args(info.annotation) or (info.annotation,)) if kind is not type(None)]
    if get_origin(info.annotation) is tuple:
        return pl.List(pl.String)
    if get_origin(info.annotation) is Literal or str in kinds:
        return pl.String
    if int in kinds:
        return pl.Int32 if name == "year" else pl.Int8
    return {date: pl.Date, float: pl.Float64, bool: pl.Boolean}[kinds[0]]
