"""Rows of one file into the store: by DuckDB's parallel reader where the file allows it, else in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from buckpass.events.actors import name_actors
from buckpass.events.coding.coverage import measure
from buckpass.events.files.layouts import Layout, tidy
from buckpass.events.files.recognise import Recognised
from buckpass.events.files.records import SHOWN, Batch, batches
from buckpass.events.files.source_file import SourceFile
from buckpass.events.loading import typed
from buckpass.events.loading.event_sql import define_functions, event_query

if TYPE_CHECKING:
    import duckdb

EVENT_COLUMNS = (
    "file_id", "event_id", "day", "source", "source_id", "target", "target_id",
    "code", "goldstein", "mentions", "is_root", "place", "problem",
)  # fmt: skip


def insert(
    connection: duckdb.DuckDBPyConnection, file_id: int, source: SourceFile, found: Recognised, all_columns: bool
) -> tuple[int, int]:
    """Put a file's rows into the store; the numbers of rows read and loaded."""
    layout = found.layout
    is_event = bool(layout.event)
    if is_event:
        define_functions(connection)
    read = _insert_parallel(connection, file_id, source, found) if _is_fast(source, found) else None
    if read is None:
        read = _insert_batches(connection, file_id, source, found)
    if all_columns:
        _insert_raw(connection, file_id, source, found)
    if is_event:
        _list_rejects(connection, file_id, layout)
        is_named = layout.publisher != "GDELT"
        if is_named:
            name_actors(connection, file_id)
        measure(connection, file_id, is_named)
    elif layout.keys:
        _reject_repeated(connection, file_id, layout)
    rejected = connection.execute("SELECT count(*) FROM rejects WHERE file_id = ?", [file_id]).fetchall()[0][0]
    return read, read - rejected


def _is_fast(source: SourceFile, found: Recognised) -> bool:
    return found.is_publishers_own and found.layout.publisher == "GDELT" and source.is_regular and source.is_utf8


def _insert_parallel(
    connection: duckdb.DuckDBPyConnection, file_id: int, source: SourceFile, found: Recognised
) -> int | None:
    """Load with the parallel reader and count again; None (and nothing loaded) where the counts do not agree."""
    # with one cell too many DuckDB drops it when the last column is not read, so it is given a column of its own
    columns = ", ".join(f"{typed.literal(name)}: 'VARCHAR'" for name in (*found.columns, "beyond"))
    # GDELT 1.0 rows of before 2013 end one column earlier, so short rows are padded and judged by the required columns
    stage = (
        f"(SELECT NULL::BIGINT AS row, * FROM read_csv({typed.literal(str(source.plain))}, delim='\t', "
        f"quote='', escape='', "
        f"header=false, auto_detect=false, null_padding=true, store_rejects=true, rejects_table='bad_lines', "
        f"rejects_scan='bad_scans', columns={{{columns}}}))"
    )
    _insert_events(connection, file_id, found.layout, stage)
    connection.execute(
        "INSERT INTO rejects SELECT ?, min(line), min(lower(error_type::VARCHAR)) || ': cells', min(left(csv_line, ?)) "
        "FROM bad_lines GROUP BY line_byte_position",
        [file_id, SHOWN],
    )
    connection.execute("DROP TABLE bad_lines; DROP TABLE bad_scans")
    counted = connection.execute(
        "SELECT (SELECT count(*) FROM event_rows WHERE file_id = $1) + (SELECT count(*) FROM rejects WHERE "
        "file_id = $1)",
        [file_id],
    ).fetchall()[0][0]
    if counted == source.lines:
        return source.lines
    connection.execute("DELETE FROM event_rows WHERE file_id = ?", [file_id])
    connection.execute("DELETE FROM rejects WHERE file_id = ?", [file_id])
    return None


def _insert_batches(connection: duckdb.DuckDBPyConnection, file_id: int, source: SourceFile, found: Recognised) -> int:
    read = 0
    for batch in batches(source, found):
        read += batch.read
        _insert_rejects(connection, file_id, batch)
        connection.register("batch", _frame(batch, found.columns))
        if found.layout.event:
            _insert_events(connection, file_id, found.layout, "batch")
        else:
            _insert_rows(connection, file_id, found)
        connection.unregister("batch")
    return read


def _frame(batch: Batch, columns: tuple[str, ...]) -> pl.DataFrame:
    names, seen = [], set()
    for number, name in enumerate(columns):
        # a re-saved header may leave a name out or say it twice
        names.append(name if name.strip() and name.lower() not in seen else f"column_{number}")
        seen.add(name.lower())
    frame = pl.DataFrame(batch.cells, schema=dict.fromkeys(names, pl.String), orient="row")
    frame = frame.with_columns(pl.all().replace("", None))
    frame = frame.with_columns(beyond=pl.lit(None, dtype=pl.String))
    return frame.insert_column(0, pl.Series("row", batch.rows, dtype=pl.Int64))


def _insert_rejects(connection: duckdb.DuckDBPyConnection, file_id: int, batch: Batch) -> None:
    if batch.rejects:
        rows = [(file_id, reject.row, reject.reason, reject.text) for reject in batch.rejects]
        frame = pl.DataFrame(rows, schema=["file_id", "row", "reason", "text"], orient="row")
        connection.register("bad_records", frame)
        connection.execute("INSERT INTO rejects SELECT * FROM bad_records")
        connection.unregister("bad_records")


def _insert_events(connection: duckdb.DuckDBPyConnection, file_id: int, layout: Layout, stage: str) -> None:
    query = event_query(layout, typed.judged(layout, stage), file_id)
    connection.execute(f"INSERT INTO event_rows ({', '.join(EVENT_COLUMNS)}) {query}")


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


def _insert_rows(connection: duckdb.DuckDBPyConnection, file_id: int, found: Recognised) -> None:
    layout = found.layout
    connection.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {typed.judged(layout, 'batch')}")
    named = "concat_ws(' | ', " + ", ".join(typed.quoted(column.name) for column in layout.columns[:6]) + ")"
    connection.execute(
        f"INSERT INTO rejects SELECT ?, row, problem, left({named}, {SHOWN}) FROM judged WHERE problem IS NOT NULL",
        [file_id],
    )
    kept = ", ".join(typed.quoted(column.name) for column in layout.columns)
    rows = f"SELECT {file_id} AS file_id, row, {kept} FROM judged WHERE problem IS NULL"
    if layout.unpivot:
        rows = _long(layout, rows, [name for name in found.columns if name.strip().isdigit()])
    connection.execute(f"CREATE TABLE IF NOT EXISTS {typed.quoted(layout.table)} AS {rows} LIMIT 0")
    connection.execute(f"INSERT INTO {typed.quoted(layout.table)} BY NAME {rows}")


def _long(layout: Layout, rows: str, years: list[str]) -> str:
    """Columns headed by a year become rows; a blank stays, as NULL: what it means is the publisher's matter."""
    assert layout.unpivot is not None
    name, value = layout.unpivot
    cells = ", ".join(typed.quoted(year) for year in years)
    number = typed.cell("cell", layout)
    return (
        f"SELECT r.*, CAST(c.heading AS INTEGER) AS {name}, TRY_CAST({number} AS DOUBLE) AS {value} FROM "
        f"({rows}) r JOIN "
        f"(SELECT * FROM (SELECT row, {cells} FROM batch) UNPIVOT INCLUDE NULLS (cell FOR heading IN "
        f"({cells}))) c USING (row)"
    )


def _reject_repeated(connection: duckdb.DuckDBPyConnection, file_id: int, layout: Layout) -> None:
    """A second row with the same key is rejected: merges of state-system lists double the rows of successor states."""
    table, keys = typed.quoted(layout.table), ", ".join(layout.keys)
    repeated = (
        f"SELECT row FROM {table} WHERE file_id = {file_id} "
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY row) > 1"
    )
    connection.execute(
        f"INSERT INTO rejects SELECT file_id, row, 'repeats an earlier row: same ' || '{keys}', concat_ws(' | "
        f"', {keys}) "
        f"FROM {table} WHERE file_id = {file_id} AND row IN ({repeated})"
    )
    connection.execute(f"DELETE FROM {table} WHERE file_id = {file_id} AND row IN ({repeated})")


def _insert_raw(connection: duckdb.DuckDBPyConnection, file_id: int, source: SourceFile, found: Recognised) -> None:
    table = typed.quoted(f"raw_{found.layout.id}")
    for batch in batches(source, found):
        frame = _frame(batch, found.columns).drop("beyond")
        frame = frame.rename({name: tidy(name) or name for name in frame.columns if name != "row"})
        connection.register("batch", frame)
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table} AS SELECT {file_id} AS file_id, * FROM batch LIMIT 0")
        connection.execute(f"INSERT INTO {table} BY NAME SELECT {file_id} AS file_id, * FROM batch")
        connection.unregister("batch")
