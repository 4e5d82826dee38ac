"""The store: one DuckDB file with the events, the tables, the files they came from and the rows that were rejected."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.events.errors import EventsExtraMissing, NewerStore, NotAStore, StoreBusy, StoreNotWritten

if TYPE_CHECKING:
    import duckdb

VERSION = 1
MEMORY = "1GB"
TABLES = """
CREATE TABLE store_version(version INTEGER);
CREATE SEQUENCE file_ids;
CREATE TABLE files(
    file_id INTEGER PRIMARY KEY, name VARCHAR, sha256 VARCHAR, content_sha256 VARCHAR UNIQUE, publisher VARCHAR,
    layout VARCHAR, encoding VARCHAR, bytes BIGINT, rows_read BIGINT, rows_loaded BIGINT, rows_rejected BIGINT,
    loaded_at TIMESTAMP, seconds DOUBLE);
CREATE TABLE rejects(file_id INTEGER, "row" BIGINT, reason VARCHAR, "text" VARCHAR);
CREATE TABLE event_rows(
    file_id INTEGER, event_id BIGINT, day DATE, source VARCHAR, source_id VARCHAR, target VARCHAR, target_id VARCHAR,
    code VARCHAR, goldstein FLOAT, mentions INTEGER, is_root BOOLEAN, place VARCHAR, problem VARCHAR);
CREATE VIEW events AS SELECT * EXCLUDE (problem) FROM event_rows WHERE problem IS NULL;
CREATE TABLE coverage(
    file_id INTEGER, year INTEGER, actor VARCHAR, as_itself BIGINT, through_parts BIGINT, events BIGINT);
"""


def engine():
    """The DuckDB module; `EventsExtraMissing` where the extra is not installed."""
    try:
        import duckdb
    except ImportError as error:
        raise EventsExtraMissing from error
    return duckdb


@contextmanager
def reading(store: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that cannot write."""
    if not store.exists():
        raise NotAStore(store, "there is no such file")
    connection = _connect(store, is_read_only=True)
    try:
        _check_version(connection, store)
        yield connection
    finally:
        connection.close()


@contextmanager
def writing(store: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection inside one transaction: everything is kept, or the store is as it was."""
    is_new = not store.exists()
    connection = _connect(store, is_read_only=False)
    kept = False
    try:
        with _disk_errors(store):
            connection.execute("BEGIN")
            if is_new:
                connection.execute(TABLES)
                connection.execute("INSERT INTO store_version VALUES (?)", [VERSION])
            _check_version(connection, store)
            yield connection
            connection.execute("COMMIT")
            kept = True
    finally:
        _close(connection)
        if is_new and not kept:
            store.unlink(missing_ok=True)
            Path(f"{store}.wal").unlink(missing_ok=True)


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    # closing rolls an open transaction back; after a full disk DuckDB may refuse the last checkpoint, and the rows
    # are safe
    try:
        connection.close()
    except engine().Error:
        pass


def _connect(store: Path, is_read_only: bool) -> duckdb.DuckDBPyConnection:
    duckdb = engine()
    # every row carries its number: keeping the order of rows in the file would cost time and memory for nothing
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": os.cpu_count() or 1,
        "temp_directory": f"{store}.tmp",
        "preserve_insertion_order": False,
    }
    try:
        return duckdb.connect(str(store), read_only=is_read_only, config=settings)
    except duckdb.IOException as error:
        reason = str(error)
        if "lock" in reason.lower():
            raise StoreBusy(store) from error
        if "newer version" in reason.lower():
            raise NewerStore(store, VERSION + 1, VERSION) from error
        if "not a valid DuckDB" in reason:
            raise NotAStore(store, "the file is no DuckDB database") from error
        raise StoreNotWritten(store, reason) from error
    except duckdb.Error as error:
        raise NotAStore(store, str(error).splitlines()[0]) from error


def _check_version(connection: duckdb.DuckDBPyConnection, store: Path) -> None:
    try:
        rows = connection.execute("SELECT version FROM store_version").fetchall()
    except engine().CatalogException as error:
        raise NotAStore(store, "a DuckDB database without this program's tables") from error
    if not rows:
        raise NotAStore(store, "its version is missing")
    if rows[0][0] > VERSION:
        raise NewerStore(store, rows[0][0], VERSION)


@contextmanager
def _disk_errors(store: Path) -> Iterator[None]:
    duckdb = engine()
    try:
        yield
    except (
        duckdb.IOException,
        duckdb.OutOfMemoryException,
        duckdb.FatalException,
        duckdb.TransactionException,  # a disk that fills at the commit
    ) as error:
        raise StoreNotWritten(store, str(error)) from error
    except OSError as error:
        if error.errno is None or isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise StoreNotWritten(store, error.strerror or str(error)) from error


def frame(connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] = ()) -> pl.DataFrame:
    """The result of a query as a polars table."""
    found = pl.from_arrow(connection.sql(query, params=list(values)).to_arrow_table())
    assert isinstance(found, pl.DataFrame)
    return found


def tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Names of the tables in the store."""
    return {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
