"""SQL that turns the cells of a layout into typed columns and says what is wrong with a row.

Every cell is read as text first. A cell that is filled but is not of its kind, a required cell that is empty and a
number out of its range are problems: the first of them becomes the row's reason for rejection.
"""

from __future__ import annotations

from collections.abc import Iterable

from buckpass.events.files.layouts import Column, Layout


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A string as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


KIND_IN_WORDS = {"day_number": "day", "truth": "0 or 1"}
THOUSANDS = r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"


def cell(source: str, layout: Layout) -> str:
    """The cell as text; NULL where it is blank or stands for 'not known'."""
    if layout.names:
        return quoted(
            source
        )  # headerless files are written by machines: their cells need no trimming, and millions are read
    trimmed = f"trim({quoted(source)})"
    tokens = ", ".join(literal(token) for token in ("", *layout.missing))
    return f"CASE WHEN {trimmed} NOT IN ({tokens}) THEN {trimmed} END"


def value(column: Column, layout: Layout) -> str:
    """The typed value of a column; NULL where the cell is empty or not of its kind."""
    text = cell(column.source, layout)
    match column.kind:
        case "integer":
            # 2.0 is an integer, 2.7 is none: a cast alone would round it
            written = f"TRY_CAST({text} AS DOUBLE)"
            whole = f"CASE WHEN {written} = trunc({written}) THEN TRY_CAST({text} AS BIGINT) END"
            return f"CASE WHEN regexp_full_match({text}, '-?[0-9]+') THEN TRY_CAST({text} AS BIGINT) ELSE {whole} END"
        case "number":
            # thousands separators: 1,234.5; a lone comma is left alone, it may be a decimal one
            grouped = f"contains({text}, ',') AND regexp_full_match({text}, {literal(THOUSANDS)})"
            number = f"TRY_CAST(CASE WHEN {grouped} THEN replace({text}, ',', '') ELSE {text} END AS DOUBLE)"
            return f"CASE WHEN isfinite({number}) THEN {number} END"
        case "date":
            return f"TRY_CAST({text} AS DATE)"
        case "day_number":
            return f"CASE WHEN length({text}) = 8 THEN TRY_CAST(try_strptime({text}, '%Y%m%d') AS DATE) END"
        case "truth":
            return f"CASE {text} WHEN '1' THEN true WHEN '0' THEN false END"
    return text


def problem(layout: Layout) -> str:
    """The first thing wrong with a row, or NULL; over the typed columns and the cells beside them."""
    found = ["WHEN beyond IS NOT NULL THEN 'a cell beyond the last column'"]
    found += [case for column in layout.columns for case in _problems(column)]
    found += [f"WHEN NOT ({holds}) THEN {literal(reason)}" for reason, holds in layout.checks]
    return f"CASE {' '.join(found)} END"


def _problems(column: Column) -> Iterable[str]:
    name, raw = quoted(column.name), quoted(f"raw_{column.name}")
    if column.kind != "text":
        unfit = literal(f"{column.source}: not a {KIND_IN_WORDS.get(column.kind, column.kind)}: ")
        yield f"WHEN {raw} IS NOT NULL AND {name} IS NULL THEN {unfit} || {raw}"
    if column.is_required:
        yield f"WHEN {name} IS NULL THEN {literal(f'{column.source}: empty')}"
    if column.low is not None and column.high is not None:
        outside = literal(f"{column.source}: outside {column.low:g} to {column.high:g}: ")
        yield f"WHEN {name} NOT BETWEEN {column.low} AND {column.high} THEN {outside} || {raw}"


def typed(layout: Layout, stage: str) -> str:
    """A query over `stage` with every kept column typed, and its text beside it where a problem may quote it.

    `stage` has the cells as text, the record's number `row` and, where a line has a cell too many, that as `beyond`.
    """
    columns = [f"{value(column, layout)} AS {quoted(column.name)}" for column in layout.columns]
    raws = [
        f"{cell(column.source, layout)} AS {quoted(f'raw_{column.name}')}"
        for column in layout.columns
        if column.kind != "text"
    ]
    return f"SELECT {', '.join(['row', 'beyond', *columns, *raws])} FROM {stage}"


def judged(layout: Layout, stage: str) -> str:
    """The typed query with one more column, `problem`."""
    return f"SELECT *, {problem(layout)} AS problem FROM ({typed(layout, stage)})"
