"""SQL that turns the cells of a table into typed columns and says what is wrong with a row.

Every cell is read as text first: `c0`, `c1`, … by its position. A cell that is filled but is not of its kind, a required
cell that is empty and a number out of its range are problems: the first of them becomes the row's reason for rejection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from buckpass.events.files.layouts import Column
from buckpass.events.files.recognise import Recognised

if TYPE_CHECKING:
    import duckdb

TAB = "\t"
BLANKS = " \t\u00a0"
# what R, Stata, spreadsheets, databases and Python write for "not known"
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "\\N")
NO_NUMBER = (".", "..", "-", "None")
KIND_IN_WORDS = {
    "day_number": "day", "truth": "0 or 1", "integers": "list of integers", "integer": "integer", "number": "number",
    "date": "date", "year": "year",
}  # fmt: skip
THOUSANDS = r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"
WHOLE = r"[-+]?[0-9]+(\.0*)?"
ISO_DAY = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
ISO_TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.+Z-]*"
PARTS = {"%Y": "[0-9]{4}", "%B": "[A-Za-z]+", "%b": "[A-Za-z]+", "%p": "[AaPp][Mm]"}
EARLIEST = "DATE '1600-01-01'"
LATEST = "current_date + 1"
EARLIEST_YEAR, LATEST_YEAR = 1400, 2100
SQL_TYPES = {
    "integer": "BIGINT", "year": "BIGINT", "number": "DOUBLE", "date": "DATE", "day_number": "DATE", "truth": "BOOLEAN",
    "integers": "BIGINT[]",
}  # fmt: skip


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A string as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def trimmed(at: int, found: Recognised) -> str:
    """The cell at a position without the blanks, and in tab files the quotes, around it."""
    # machines write no blanks around what they write, and millions of their cells are read
    if found.is_machine_written or found.is_trimmed:
        return f"c{at}"
    return f"{'unquoted' if found.separator == TAB else 'trimmed'}(c{at})"


def known(text: str, found: Recognised, is_text: bool = False) -> str:
    """A trimmed cell; NULL where it is blank or stands for 'not known'."""
    if found.is_machine_written:
        return text
    tokens = (*MISSING, *found.layout.missing, *(() if is_text else NO_NUMBER))
    return f"CASE {text} {' '.join(f'WHEN {literal(token)} THEN NULL' for token in tokens)} ELSE {text} END"


def define_cells(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the SQL functions with which cells are read; few cells need trimming, and asking costs a fifth of doing it."""
    ends = " OR ".join(f"ends_with(cell, '{blank}')" for blank in BLANKS)
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO trimmed(cell) AS CASE WHEN cell < '!' OR starts_with(cell, '{BLANKS[-1]}') OR {ends} "
        f"THEN trim(cell, '{BLANKS}') ELSE cell END"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP MACRO unquoted(cell) AS CASE WHEN starts_with(trimmed(cell), '\"') AND "
        "ends_with(trimmed(cell), '\"') AND length(trimmed(cell)) > 1 "
        "THEN trimmed(replace(trimmed(cell)[2:-2], '\"\"', '\"')) ELSE trimmed(cell) END"
    )


def text_of(column: Column, found: Recognised, text: str) -> str:
    """The text of a kept column, given its trimmed cell, with what its publisher's other versions write for the same."""
    text = known(text, found, is_text=column.kind in ("text", "code"))
    if column.recode:
        branches = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in column.recode.items())
        return f"CASE {text} {branches} ELSE {text} END"
    return text


def value(column: Column, found: Recognised, text: str) -> str:
    """The typed value of a column, given its text; NULL where that is empty or not of the column's kind."""
    match column.kind:
        case "integer" | "year":
            return whole(text)
        case "number":
            return number(text, may_be_grouped=not found.is_machine_written)
        case "integers":  # one number, or several separated by commas
            parts = f"list_transform(string_split({text}, ','), lambda part: {whole('trim(part)')})"
            return f"CASE WHEN len(list_filter({parts}, lambda part: part IS NULL)) = 0 THEN {parts} END"
        case "date":
            ways = [f"WHEN regexp_full_match({text}, '{ISO_DAY}') THEN TRY_CAST({text} AS DATE)"]
            ways += [f"WHEN regexp_full_match({text}, '{ISO_TIME}') THEN TRY_CAST({text}[:10] AS DATE)"]
            for form in found.layout.dates:
                read = f"TRY_CAST(try_strptime({text}, {literal(form)}) AS DATE)"
                ways.append(f"WHEN regexp_full_match({text}, '{_looks_like(form)}') THEN {read}")
            return f"CASE {' '.join(ways)} END"
        case "day_number":
            day = text if found.is_machine_written else f"regexp_replace({text}, '\\.0$', '')"
            return f"CASE WHEN length({day}) = 8 THEN TRY_CAST(try_strptime({day}, '%Y%m%d') AS DATE) END"
        case "truth":
            words = (
                ("1", "0") if found.is_machine_written else ("1", "0", "1.0", "0.0", "TRUE", "FALSE", "True", "False")
            )
            said = " ".join(f"WHEN '{word}' THEN {str(k % 2 == 0).lower()}" for k, word in enumerate(words))
            return f"CASE {text} {said} END"
        case "code":  # digits that a spreadsheet may have made a number of
            return text if found.is_machine_written else f"regexp_replace({text}, '\\.0$', '')"
    return text


def _looks_like(form: str) -> str:
    """A regular expression for texts that a date format may fit: asking costs a tenth of a vain try."""
    return re.sub("%[A-Za-z]", lambda part: PARTS.get(part.group(), "[0-9]{1,2}"), form)


def whole(text: str) -> str:
    """A whole number: 2 and 2.0, not 2.7, which a cast alone would round, nor 1_000 or 0x10, which it would take."""
    is_whole = f"regexp_full_match({text}, '-?[0-9]+') OR regexp_full_match({text}, '{WHOLE}')"
    return f"CASE WHEN {is_whole} THEN TRY_CAST({text} AS BIGINT) END"


def number(text: str, may_be_grouped: bool = True) -> str:
    """A finite number, with thousands separators (1,234.5) or without; a lone comma is left alone, it may be a decimal one."""
    grouped = (
        f"WHEN contains({text}, ',') AND regexp_full_match({text}, {literal(THOUSANDS)}) THEN replace({text}, ',', '')"
    )
    plain = (
        f"TRY_CAST(CASE {grouped if may_be_grouped else ''} WHEN NOT contains({text}, '_') THEN {text} END AS DOUBLE)"
    )
    return f"CASE WHEN isfinite({plain}) THEN {plain} END"


def problem(found: Recognised) -> str:
    """The first thing wrong with a row, or NULL; over the typed columns and the cells beside them."""
    cases = ["WHEN beyond IS NOT NULL THEN 'a cell beyond the last column'"]
    cases += [case for column in found.layout.columns if column.name in found.place for case in _problems(column)]
    cases += [f"WHEN NOT ({holds}) THEN {literal(reason)}" for reason, holds in found.layout.checks]
    return f"CASE {' '.join(cases)} END"


def _problems(column: Column) -> Iterable[str]:
    name, raw = quoted(column.name), quoted(f"text_{column.name}")
    if column.kind in KIND_IN_WORDS:
        unfit = literal(f"{column.source}: not a {KIND_IN_WORDS[column.kind]}: ")
        yield f"WHEN {raw} IS NOT NULL AND {name} IS NULL THEN {unfit} || {raw}"
    if column.is_filled:
        yield f"WHEN {name} IS NULL THEN {literal(f'{column.source}: empty')}"
    if column.kind in ("date", "day_number"):
        yield f"WHEN {name} < {EARLIEST} OR {name} > {LATEST} THEN {literal(f'{column.source}: before 1600 or in the future: ')} || {raw}"
    if column.kind == "year":
        yield f"WHEN {name} NOT BETWEEN {EARLIEST_YEAR} AND {LATEST_YEAR} THEN {literal(f'{column.source}: outside {EARLIEST_YEAR} to {LATEST_YEAR}: ')} || {raw}"
    if column.low is not None and column.high is not None:
        outside = literal(f"{column.source}: outside {column.low:g} to {column.high:g}: ")
        yield f"WHEN {name} NOT BETWEEN {column.low} AND {column.high} THEN {outside} || {raw}"


def typed(found: Recognised, stage: str) -> str:
    """A query over `stage` with every kept column typed, and beside it its text, which a problem may quote.

    `stage` has the cells as text, the record's number `row` and, where a line has a cell too many, that as `beyond`. One query
    inside the other: what a step needs twice is worked out once.
    """
    cells, texts, values = [], [], []
    for column in found.layout.columns:
        cell, text = quoted(f"cell_{column.name}"), quoted(f"text_{column.name}")
        at = found.place.get(column.name)
        cells.append(f"{'NULL::VARCHAR' if at is None else trimmed(at, found)} AS {cell}")
        texts.append(f"{text_of(column, found, cell)} AS {text}")
        values.append(f"{value(column, found, text)} AS {quoted(column.name)}")
    inner = f"SELECT row, beyond, {', '.join(cells)} FROM {stage}"
    return f"SELECT *, {', '.join(values)} FROM (SELECT row, beyond, {', '.join(texts)} FROM ({inner}))"


def judged(found: Recognised, stage: str) -> str:
    """The typed query with one more column, `problem`."""
    return f"SELECT *, {problem(found)} AS problem FROM ({typed(found, stage)})"


def by_year(found: Recognised, stage: str) -> str:
    """A query over `stage` (record, year, cell `c0`) with the text of each cell, and its number or NULL.

    A blank stays, as NULL: what it means is the publisher's matter.
    """
    inner = f"SELECT row, year, {trimmed(0, found)} AS c0 FROM {stage}"
    return f"SELECT row, year, cell, {number('cell')} AS number FROM (SELECT row, year, {known('c0', found)} AS cell FROM ({inner}))"
