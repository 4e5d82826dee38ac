"""A CSV file of a case to a table, every problem with the line on which its row starts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args, get_origin

import polars as pl
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from buckpass.case.problems import Problem, clip, spelling_hint
from buckpass.case.rows import ROW_MODELS
from buckpass.case.schema import Entry
from buckpass.case.wording import say

MOST_PROBLEMS = 200
MOST_ROWS = 300_000
DELIMITERS = (",", ";", "\t")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Row:
    """The cells of one row and the line on which it starts."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """A table as far as it could be read; rows with a problem are left out and their crises named in `broken_ids`."""

    frame: pl.DataFrame
    is_whole: bool
    broken_ids: frozenset[str] = frozenset()


def read_table(name: str, text: str) -> tuple[Table, list[Problem]]:
    """The table of one file (`name` tells which columns) with a `line` column, and its problems.

    The separator may be `,`, `;` or a tab (the header decides). Rows with a problem are left out of the table.
    """
    model = ROW_MODELS[name]
    problems: list[Problem] = []
    rows = _rows(name, text, problems)
    header = next(rows, None)
    columns = _columns(name, header, model, problems)
    records: list[dict[str, Any]] = []
    broken: set[str] = set()
    is_whole = bool(columns)
    if columns:
        for row in rows:
            if len(problems) >= MOST_PROBLEMS:
                problems.append(Problem(name, row.line, "", f"stopped reading after {MOST_PROBLEMS} problems"))
                is_whole = False
                break
            record = _record(name, row, columns, model, problems)
            if record is None:
                broken.update(cell.strip() for cell in row.cells[:1])
            else:
                records.append(record)
    return Table(_frame(records, model), is_whole, frozenset(broken)), problems


def empty_table(name: str) -> Table:
    """A table without rows, with the columns of the file."""
    return Table(_frame([], ROW_MODELS[name]), is_whole=False)


def delimiter_of(header: str, known: set[str]) -> str:
    """The separator under which most of the header's words are known columns."""

    def recognised(delimiter: str) -> int:
        return sum(word.strip().strip('"') in known for word in header.split(delimiter))

    return max(DELIMITERS, key=recognised)


def _rows(name: str, text: str, problems: list[Problem]) -> Iterator[Row]:
    known = set(ROW_MODELS[name].model_fields)
    first_line = text[:10_000].lstrip().split("\n", 1)[0]
    if first_line.lower().startswith("sep="):
        text = text.lstrip()[len(first_line) :].replace("\n", "", 1)
        first_line = text[:10_000].split("\n", 1)[0]
        # Excel's own hint line: the table starts one line later
        yield from _csv_rows(name, text, delimiter_of(first_line, known), 1, problems)
    else:
        yield from _csv_rows(name, text, delimiter_of(first_line, known), 0, problems)


def _csv_rows(name: str, text: str, delimiter: str, skipped: int, problems: list[Problem]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count = 0
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = 'close every quotation mark; inside a quoted cell write " as ""'
            problems.append(Problem(name, line, "", f"the row that starts here cannot be read: {error}", hint))
            return
        count += 1
        if count > MOST_ROWS:
            problems.append(
                Problem(name, line, "", f"more than {MOST_ROWS:,} rows: not read", "keep the rows the case uses")
            )
            return
        if any(cell.strip() for cell in cells):
            yield Row(line, cells)


def _columns(name: str, header: Row | None, model: type[Entry], problems: list[Problem]) -> list[str]:
    if header is None:
        problems.append(Problem(name, 1, "", "has no header row", f"first row: {','.join(model.model_fields)}"))
        return []
    columns = [cell.strip() for cell in header.cells]
    while columns and not columns[-1]:
        columns.pop()
    before = len(problems)
    for column in sorted(set(columns)):
        if column not in model.model_fields:
            hint = spelling_hint(column, [field for field in model.model_fields if field not in columns])
            problems.append(Problem(name, header.line, clip(column), "is not a known column", hint))
        elif columns.count(column) > 1:
            problems.append(Problem(name, header.line, column, "stands twice in the header", "keep one"))
    for field, info in model.model_fields.items():
        if info.is_required() and field not in columns:
            problems.append(Problem(name, header.line, field, "the column is missing", "add it to the header row"))
    return columns if len(problems) == before else []


def _record(
    name: str, row: Row, columns: list[str], model: type[Entry], problems: list[Problem]
) -> dict[str, Any] | None:
    extra = [cell for cell in row.cells[len(columns) :] if cell.strip()]
    if extra or len(row.cells) < len(columns):
        seen = f"{len(row.cells)} cells under {len(columns)} columns"
        hint = "an unquoted separator in a text? Put the text in quotation marks" if extra else "a separator is missing"
        problems.append(Problem(name, row.line, "", seen, hint))
        return None
    values = {column: cell for column, cell in zip(columns, row.cells, strict=False) if cell.strip()}
    before = len(problems)
    for column, cell in values.items():
        if found := _CONTROL.search(cell):
            problems.append(Problem(name, row.line, column, f"holds the control character {found[0]!r}", "remove it"))
    try:
        record = model.model_validate(values)
    except ValidationError as invalid:
        problems += [_problem(name, row.line, error) for error in invalid.errors(include_url=False)[:20]]
        return None
    return {**record.__dict__, "line": row.line} if len(problems) == before else None


def _problem(name: str, line: int, error: Any) -> Problem:
    field = str(error["loc"][0]) if error["loc"] else ""
    return Problem(name, line, field, *say(error))


def _frame(records: list[dict[str, Any]], model: type[Entry]) -> pl.DataFrame:
    schema = {name: _dtype(name, info) for name, info in model.model_fields.items()} | {"line": pl.Int32}
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
