"""Rows of one table into the store: by DuckDB's parallel reader where the text allows it, else in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from buckpass.events.actors import name_actors
from buckpass.events.coding.coverage import measure
from buckpass.events.files.layouts import Layout, tidy
from buckpass.events.files.recognise import Recognised
from buckpass.events.files.records import SHOWN, Batch, batches
from buckpass.events.files.source_file import CHUNK, Text
from buckpass.events.loading import typed
from buckpass.events.loading.event_sql import define_functions, event_query
from buckpass.events.loading.repeats import make_table, mark_repeated_events, no_rows, repeated_rows

if TYPE_CHECKING:
    import duckdb

EVENT_COLUMNS = (
    "file_id", "event_id", "day", "source", "source_id", "target", "target_id",
    "code", "goldstein", "mentions", "is_root", "place", "problem",
)  # fmt: skip


def insert(
    connection: duckdb.DuckDBPyConnection, file_id: int, text: Text, found: Recognised, all_columns: bool
) -> int:
    """Put a table's rows into the store, those that cannot be used among the rejects; the number of rows read."""
    typed.define_cells(connection)
    if found.layout.event:
        define_functions(connection, found.layout)
    else:  # also of a file without a row
        make_table(connection, found.layout, no_rows(found.layout))
    read = _insert_parallel(connection, file_id, text, found)
    if read is None:
        read = _insert_batches(connection, file_id, text, found)
    if all_columns:
        _insert_raw(connection, file_id, text, found)
    return read


def account(connection: duckdb.DuckDBPyConnection, file_id: int, layout: Layout) -> tuple[int, int]:
    """What a file's rows are once they are in: how many are rejected, and how many the store holds already."""
    if layout.event:
        _list_rejects(connection, file_id, layout)
        if layout.publisher != "GDELT":
            name_actors(connection, file_id)
        repeated = mark_repeated_events(connection, file_id, layout)
        measure(connection, file_id, layout.publisher == "ICEWS")
    else:
        repeated = repeated_rows(connection, file_id, layout)
    rejected = connection.execute("SELECT count(*) FROM rejects WHERE file_id = ?", [file_id]).fetchall()[0][0]
    return rejected, repeated


def remove(connection: duckdb.DuckDBPyConnection, file_id: int, layout: Layout) -> None:
    """Take a file's rows out again."""
    own = ("event_rows", "coverage", "repeats") if layout.event else (f"{layout.table}_rows",)
    for table in (*own, "rejects"):
        connection.execute(f"DELETE FROM {typed.quoted(table)} WHERE file_id = ?", [file_id])


def _insert_parallel(connection: duckdb.DuckDBPyConnection, file_id: int, text: Text, found: Recognised) -> int | None:
    """Load with the parallel reader and count again; None (and nothing loaded) where the counts do not agree."""
    facts = text.facts
    if text.sheet or found.layout.unpivot or not (facts.line_end and facts.is_utf8):
        return None
    is_numbered = not found.is_machine_written or found.layout.event.get("event_id") == "row"
    connection.execute(f"SET preserve_insertion_order = {str(is_numbered).lower()}")
    _insert_stage(connection, file_id, found, _reader(text, found, is_numbered))
    connection.execute("SET preserve_insertion_order = false")
    bad = connection.execute("SELECT count(DISTINCT line_byte_position) FROM bad_lines").fetchall()[0][0]
    if not is_numbered:
        connection.execute(
            "INSERT INTO rejects SELECT ?, min(line), min(lower(error_type::VARCHAR)) || ': cells', min(left(csv_line, ?)) "
            "FROM bad_lines GROUP BY line_byte_position",
            [file_id, SHOWN],
        )
    connection.execute("DROP TABLE bad_lines; DROP TABLE bad_scans")
    expected = (_records(text) if found.is_quoted else facts.lines) - found.skipped
    if (bad == 0 or not is_numbered) and _count(connection, file_id, found.layout) == expected:
        return expected
    remove(connection, file_id, found.layout)
    return None


def _reader(text: Text, found: Recognised, is_numbered: bool) -> str:
    """The text as a table expression: cells `c0`, `c1`, …, the record's number `row`, and `beyond` for a cell too many."""
    width = len(found.columns)
    quote, line_end = '"' if found.is_quoted else "", text.facts.line_end.replace("\r", "\\r").replace("\n", "\\n")
    names = [f"c{k}" for k in range(width)]
    row, beyond = "row_number() OVER ()", f"CASE WHEN c{width - 1} = chr(0) THEN c{width - 1} END"
    if not is_numbered:
        # GDELT 1.0 rows of before 2013 end one column earlier, so short rows are padded and judged by the required
        # columns; with one cell too many DuckDB drops it when the last column is not read, so it gets a column of its own
        row, beyond, names = "NULL::BIGINT", "beyond", [*names, "beyond"]
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    cells = ", ".join(names[:width])
    return (
        f"(SELECT {row} AS row, {beyond} AS beyond, {cells} FROM read_csv({typed.literal(str(text.path))}, "
        f"delim={typed.literal(found.separator)}, quote='{quote}', escape='{quote}', header=false, auto_detect=false, "
        f"skip={found.skipped}, new_line='{line_end}', null_padding={str(not is_numbered).lower()}, "
        f"store_rejects=true, rejects_table='bad_lines', rejects_scan='bad_scans', columns={{{columns}}}))"
    )


def _records(text: Text) -> int:
    """How many records a text with quotes has: its newlines that stand outside of quotes."""
    records = inside = 0
    last = b"\n"
    with text.path.open("rb") as file:
        while chunk := file.read(CHUNK):
            letters = np.frombuffer(chunk, np.uint8)
            newlines = letters == ord("\n")
            if b'"' in chunk or inside:
                quotes = np.bitwise_xor.accumulate((letters == ord('"')).view(np.uint8)) ^ inside
                newlines &= quotes == 0
                inside = int(quotes[-1])
            records += int(np.count_nonzero(newlines))
            last = chunk[-1:]
    return records + (last != b"\n")


def _count(connection: duckdb.DuckDBPyConnection, file_id: int, layout: Layout) -> int:
    table = "event_rows" if layout.event else typed.quoted(f"{layout.table}_rows")
    return connection.execute(
        f"SELECT (SELECT count(*) FROM {table} WHERE file_id = $1) + (SELECT count(*) FROM rejects WHERE file_id = $1)",
        [file_id],
    ).fetchall()[0][0]


def _insert_batches(connection: duckdb.DuckDBPyConnection, file_id: int, text: Text, found: Recognised) -> int:
    read = 0
    for batch in batches(text, found):
        read += batch.read
        _insert_rejects(connection, file_id, batch)
        cells = _frame(batch, len(found.columns))
        connection.register("batch", cells)
        if found.years:
            connection.register("batch_years", _by_year(cells, found))
        _insert_stage(connection, file_id, found, "batch")
        connection.unregister("batch")
    return read


def _by_year(cells: pl.DataFrame, found: Recognised) -> pl.DataFrame:
    """The columns headed by a year as rows: record, year, the cell as `c0`."""
    named = {f"c{at}": str(year) for year, at in found.years.items()}
    long = cells.select("row", *named).rename(named).unpivot(index="row", variable_name="year", value_name="c0")
    return long.with_columns(pl.col("year").cast(pl.Int32))


def _frame(batch: Batch, width: int) -> pl.DataFrame:
    cells = zip(*batch.cells, strict=True) if batch.cells else [()] * width
    columns = {f"c{k}": pl.Series(column, dtype=pl.String) for k, column in enumerate(cells)}
    frame = pl.DataFrame(columns).with_columns(pl.all().replace("", None), beyond=pl.lit(None, dtype=pl.String))
    return frame.insert_column(0, pl.Series("row", batch.rows, dtype=pl.Int64))


def _insert_rejects(connection: duckdb.DuckDBPyConnection, file_id: int, batch: Batch) -> None:
    if batch.rejects:
        rows = [(file_id, reject.row, reject.reason, reject.text) for reject in batch.rejects]
        frame = pl.DataFrame(rows, schema=["file_id", "row", "reason", "text"], orient="row")
        connection.register("bad_records", frame)
        connection.execute("INSERT INTO rejects SELECT * FROM bad_records")
        connection.unregister("bad_records")


def _insert_stage(connection: duckdb.DuckDBPyConnection, file_id: int, found: Recognised, stage: str) -> None:
    if found.layout.event:
        query = event_query(found, typed.judged(found, stage), file_id)
        connection.execute(f"INSERT INTO event_rows ({', '.join(EVENT_COLUMNS)}) {query}")
    else:
        _insert_rows(connection, file_id, found, stage)


def _list_rejects(connection: duckdb.DuckDBPyConnection, file_id: int, layout: Layout) -> None:
    """Rows with a problem are listed as rejects, under their record number or the publisher's event id.

    They stay in `event_rows`, where the view `events` leaves them out: deleting a few rows would rewrite millions.
    """
    row, text = ("event_id", "") if layout.event["event_id"] == "row" else ("NULL", "'event ' || event_id, ")
    connection.execute(
        f"INSERT INTO rejects SELECT file_id, {row}, problem, concat_ws(' | ', {text}day, source, code, target) "
        "FROM event_rows WHERE file_id = ? AND problem IS NOT NULL",
        [file_id],
    )


def _insert_rows(connection: duckdb.DuckDBPyConnection, file_id: int, found: Recognised, stage: str) -> None:
    layout = found.layout
    connection.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {typed.judged(found, stage)}")
    if layout.unpivot:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE by_year AS {typed.by_year(found, 'batch_years')}")
        connection.execute(
            "UPDATE judged SET problem = coalesce(problem, b.year || ': not a number: ' || b.cell) FROM "
            "(SELECT row, min(year) AS year, arg_min(cell, year) AS cell FROM by_year WHERE cell IS NOT NULL AND number IS "
            "NULL GROUP BY row) b WHERE b.row = judged.row"
        )
    named = "concat_ws(' | ', " + ", ".join(typed.quoted(column.name) for column in layout.columns[:6]) + ")"
    connection.execute(
        f"INSERT INTO rejects SELECT ?, row, problem, left({named}, {SHOWN}) FROM judged WHERE problem IS NOT NULL",
        [file_id],
    )
    kept = [typed.quoted(column.name) for column in layout.columns]
    kept += [f"{typed.literal(found.title)} AS title"] if layout.titles else []
    rows = f"SELECT {file_id} AS file_id, row, {', '.join(kept)} FROM judged WHERE problem IS NULL"
    if layout.unpivot:
        name, value = layout.unpivot
        rows = f"SELECT r.*, b.year AS {name}, b.number AS {value} FROM ({rows}) r JOIN by_year b USING (row)"
    connection.execute(f"INSERT INTO {typed.quoted(f'{layout.table}_rows')} BY NAME {rows}")


def _insert_raw(connection: duckdb.DuckDBPyConnection, file_id: int, text: Text, found: Recognised) -> None:
    table = typed.quoted(f"raw_{found.layout.id}")
    names, seen = {}, {"row", "file_id"}
    for k, name in enumerate(found.columns):
        # a re-saved header may leave a name out or say it twice
        own = tidy(name) if tidy(name) not in ("", *seen) else f"column_{k}"
        names[f"c{k}"] = own
        seen.add(own)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table}(file_id INTEGER, row BIGINT)")
    for name in names.values():  # a file of the same layout may have others than the one before
        connection.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {typed.quoted(name)} VARCHAR")
    for batch in batches(text, found):
        connection.register("batch", _frame(batch, len(found.columns)).drop("beyond").rename(names))
        connection.execute(f"INSERT INTO {table} BY NAME SELECT {file_id} AS file_id, * FROM batch")
        connection.unregister("batch")
