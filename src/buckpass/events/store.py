"""The store: one DuckDB file with the events, the tables, the files they came from and the rows that were rejected."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.case.problems import FileRefused, clip
from buckpass.case.reading.files import open_plain
from buckpass.events.errors import EventsExtraMissing, NewerStore, NotAStore, OlderStore, StoreBusy, StoreNotWritten
from buckpass.events.files.layouts import Layout, layouts
from buckpass.events.loading.repeats import make_table, no_rows
from buckpass.results import files

if TYPE_CHECKING:
    import duckdb

VERSION = 2
MEMORY = "1GB"
MOST_FILES = 2**30
TABLES = """
CREATE TABLE store_version(version INTEGER);
CREATE TABLE files(
    file_id INTEGER PRIMARY KEY, name VARCHAR, sha256 VARCHAR, content_sha256 VARCHAR UNIQUE, publisher VARCHAR,
    layout VARCHAR, encoding VARCHAR, bytes BIGINT, rows_read BIGINT, rows_loaded BIGINT, rows_rejected BIGINT,
    rows_repeated BIGINT, lacks VARCHAR, reach DOUBLE, first_day DATE, last_day DATE, first_id BIGINT, last_id BIGINT,
    loaded_at TIMESTAMP, seconds DOUBLE);
CREATE TABLE rejects(file_id INTEGER, "row" BIGINT, reason VARCHAR, "text" VARCHAR);
CREATE TABLE event_rows(
    file_id INTEGER, event_id BIGINT, day DATE, source VARCHAR, source_id VARCHAR, target VARCHAR, target_id VARCHAR,
    code VARCHAR, goldstein FLOAT, mentions INTEGER, is_root BOOLEAN, place VARCHAR, problem VARCHAR, earlier INTEGER[]);
CREATE VIEW events AS SELECT
    file_id, event_id, day, source, source_id, target, target_id, code, goldstein, mentions, is_root, place
    FROM event_rows WHERE problem IS NULL AND earlier IS NULL;
CREATE TABLE coverage(
    file_id INTEGER, year INTEGER, actor VARCHAR, as_itself BIGINT, through_parts BIGINT, events BIGINT);
CREATE TABLE repeats(file_id INTEGER, year INTEGER, earlier INTEGER[], events BIGINT);
"""
# the events of some files of the store, each once
OF_FILES = """
CREATE OR REPLACE TEMP MACRO events_of(files) AS TABLE SELECT * FROM event_rows WHERE problem IS NULL AND
    list_contains(files::INTEGER[], file_id) AND (earlier IS NULL OR NOT list_has_any(earlier, files::INTEGER[]))
"""
# What would run when a store is read or filled, and stands in none that this program made: functions first, and asked of the
# engine's own list by its whole name, since a macro may have the name of any function that is called without one.
FOREIGN = {
    "a function": "SELECT function_name FROM system.main.duckdb_functions() WHERE NOT internal",
    "a type": "SELECT type_name FROM duckdb_types() WHERE NOT internal",
    "a trigger": "SELECT trigger_name FROM duckdb_triggers()",
    "a check": "SELECT constraint_text FROM duckdb_constraints() WHERE constraint_type = 'CHECK'",
}
EXCLUDED = re.compile(r"(?<=EXCLUDE \()[a-z, ]+")
DAMAGE = re.compile("enough bytes|corrupt|checksum", re.IGNORECASE)  # in what DuckDB says of a file


def engine():
    """The DuckDB module; `EventsExtraMissing` where the extra is not installed."""
    try:
        import duckdb
    except ImportError as error:
        raise EventsExtraMissing from error
    return duckdb


@contextmanager
def _ctrl_c() -> Iterator[None]:
    """Ctrl-C while a query runs, of which DuckDB makes a RuntimeError, as what it is everywhere else."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise


@contextmanager
def workshop(store: Path) -> Iterator[Path]:
    """A folder beside the store for what a load unpacks and makes; removed at the end, or by the next load where this
    one is killed."""
    parent = _file(store).parent
    if not parent.is_dir():
        raise NotAStore(store, f"there is no folder {parent}")
    with _disk_errors(store), files.workshop(parent) as folder:
        yield folder


@contextmanager
def reading(store: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can neither write nor reach any other file."""
    path = _file(store)
    if not path.exists():
        raise NotAStore(store, "there is no such file")
    connection = _connect(path, is_read_only=True)
    try:
        with _in_plain_terms(store):
            _refuse_foreign(connection, store)
            _check(connection, store)
            connection.execute(OF_FILES)
            yield connection
    finally:
        connection.close()


@contextmanager
def writing(store: Path, folder: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection inside one transaction: everything is kept, or the store is as it was.

    A new store is made in `folder` (see `workshop`) and given its name when it is whole, so that none is ever half made.
    """
    path = _file(store)
    if folder is None:
        with workshop(store) as made, writing(store, made) as connection:
            yield connection
        return
    is_new = not path.exists()
    place = folder / "new.duckdb" if is_new else path
    connection = _connect(place, is_read_only=False, spill=folder / "spill")
    try:
        with _disk_errors(store), _in_plain_terms(store):
            connection.execute("BEGIN")
            _refuse_foreign(connection, store)
            if not is_new and tables(connection):
                _check(connection, store)
            else:  # new, or an empty database: what a killed load of older days left behind
                connection.execute(TABLES)
                connection.execute("INSERT INTO store_version VALUES (?)", [VERSION])
            yield connection
            connection.execute("COMMIT")
    except BaseException:
        _close(connection)
        raise
    _close(connection)
    if is_new:
        _name(place, path)


def _name(made: Path, store: Path) -> None:
    """Give a finished store its name, unless another load has made one of that name meanwhile."""
    if Path(f"{made}.wal").exists():
        raise StoreNotWritten(store, "the last of it did not reach the disk")
    with _disk_errors(store):
        try:
            os.link(made, store)
        except FileExistsError:
            raise StoreBusy(store) from None
        except OSError:  # a file system without links
            if store.exists():
                raise StoreBusy(store) from None
            made.replace(store)


def _file(store: Path) -> Path:
    """The store's absolute path; an address of another engine or of the network is none."""
    store = Path(store)
    if re.match(r":|[A-Za-z][A-Za-z0-9+.-]+:", str(store)):
        raise NotAStore(store, "a store is a file on this machine, not an address and not memory")
    path = store.absolute()
    if path.is_dir():
        raise NotAStore(store, "a folder")
    return path


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    # closing rolls an open transaction back; after a full disk DuckDB may refuse the last checkpoint, and the rows
    # are safe
    with suppress(engine().Error):
        connection.close()


def _connect(path: Path, is_read_only: bool, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    duckdb = engine()
    _check_engine(path)
    # every row carries its number: keeping the order of rows in the file would cost time and memory for nothing
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": os.cpu_count() or 1,
        "temp_directory": str(spill or f"{path}.tmp"),
        "preserve_insertion_order": False,
        "write_buffer_row_group_count": 1,  # a block is written when it is full: a sixth less memory, no slower
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    try:
        connection = duckdb.connect(str(path), read_only=is_read_only, config=settings)
    except duckdb.Error as error:
        raise _unusable(path, str(error)) from error
    with _ctrl_c():
        connection.execute("SET enable_progress_bar = false")
        if is_read_only:  # a stranger's store may hold views that read other files
            connection.execute("SET enable_external_access = false")
    return connection


def _check_engine(path: Path) -> None:
    """Refuse a file of another engine before DuckDB sees it: for SQLite's it would load an extension, whatever is set."""
    if not os.path.lexists(path):
        return
    try:
        with open_plain(path.resolve(strict=True), path.name) as file:
            start = file.read(16)
        if (log := Path(f"{path}.wal")).exists() and not log.is_file():
            raise NotAStore(path, f"{log.name} beside it is no plain file")
    except (OSError, RuntimeError, FileRefused) as error:
        raise NotAStore(path, getattr(error, "strerror", None) or str(error)) from error
    if start.startswith(b"SQLite format 3"):
        raise NotAStore(path, "a SQLite database")
    if start[8:12] != b"DUCK":
        raise NotAStore(path, "the file is no DuckDB database")


def _unusable(path: Path, reason: str) -> Exception:
    """What DuckDB's refusal to open a file means."""
    first = reason.splitlines()[0]
    if "could not set lock" in reason.lower():
        return StoreBusy(path)
    if "newer version" in reason.lower():
        return NewerStore(path, VERSION + 1, VERSION)
    if DAMAGE.search(reason) or "wal" in reason.lower():  # a full disk speaks of its WAL too, but not on opening
        return _damaged(path, first)
    return NotAStore(path, first)


def _damaged(path: Path, reason: str) -> NotAStore:
    return NotAStore(path, f"the file is cut short or damaged: {reason}")


@contextmanager
def _in_plain_terms(store: Path) -> Iterator[None]:
    """Damage deep in a store, which DuckDB meets only when it reads that part, in the words of a store that cannot be opened."""
    try:
        with _ctrl_c():
            yield
    except engine().Error as error:
        first = str(error).splitlines()[0]
        if DAMAGE.search(first):
            raise _damaged(store, first) from error
        raise


def _refuse_foreign(connection: duckdb.DuckDBPyConnection, store: Path) -> None:
    """Before anything else is asked: a macro named as one of the engine's functions would be called in its place."""
    for kind, listed in FOREIGN.items():
        if foreign := connection.execute(listed).fetchall():
            raise NotAStore(store, f"it holds {kind} of its own, {clip(foreign[0][0])}")


def _check(connection: duckdb.DuckDBPyConnection, store: Path) -> None:
    """Refuse a database that has not this program's tables, or another version of them."""
    found = _all_tables(connection)
    if "store_version" not in found:
        raise NotAStore(store, "a DuckDB database without this program's tables")
    rows = connection.execute("SELECT * FROM store_version").fetchall()
    if len(rows) != 1 or not isinstance(rows[0][0], int):
        raise NotAStore(store, f"its version is {clip(repr(rows[0][0]))}" if rows else "its version is missing")
    if rows[0][0] > VERSION:
        raise NewerStore(store, rows[0][0], VERSION)
    if rows[0][0] < VERSION:
        raise OlderStore(store, rows[0][0], VERSION)
    given = frozenset(known.table for known in _tabled() if {known.table, f"{known.table}_rows"} & found.keys())
    for name, wanted in _wanted(given).items():
        if found.get(name) not in wanted:
            raise NotAStore(store, f"its table {name} is {'another' if name in found else 'missing'}")
    if odd := [name for name, said in found.items() if name.startswith("raw_") and said.startswith("CREATE")]:
        raise NotAStore(store, f"its table {clip(odd[0])} is another")
    known = connection.execute("SELECT file_id, layout, publisher FROM files").fetchall()
    if odd := [row for row in known if not 0 < row[0] < MOST_FILES or row[1:] not in _publishers()]:
        raise NotAStore(store, f"it lists a file {clip(odd[0])} that no load has written")


def _all_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Every table and view of a database, each with its columns and defaults, or of a view its query, as one text."""
    found = connection.execute(
        "SELECT table_name, string_agg(concat_ws(' ', column_name, data_type, column_default), ', ' ORDER BY column_name) "
        "FROM duckdb_columns() WHERE NOT internal AND table_name NOT IN (SELECT view_name FROM duckdb_views()) GROUP BY ALL"
    ).fetchall()
    views = connection.execute("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal").fetchall()
    return dict(found) | {name: EXCLUDED.sub(_in_order, query) for name, query in views}


def _in_order(excluded: re.Match[str]) -> str:
    return ", ".join(sorted(excluded[0].split(", ")))  # the engine says them in any order


@cache
def _publishers() -> frozenset[tuple[str, str]]:
    return frozenset((known.id, known.publisher) for known in layouts())


@cache
def _tabled() -> tuple[Layout, ...]:
    return tuple(known for known in layouts() if not known.event)


@cache
def _wanted(given: frozenset[str]) -> dict[str, set[str]]:
    """What stands in every store and, of these tables of publishers, in one that has them: as `_all_tables` says it."""
    found: dict[str, set[str]] = {}
    waiting = [known for known in _tabled() if known.table in given]
    while waiting or not found:
        now = {known.table: known for known in waiting}  # of several layouts of one table each in its turn
        waiting = [known for known in waiting if now[known.table] is not known]
        with _ctrl_c(), engine().connect() as connection:
            connection.execute(TABLES)
            for known in now.values():
                make_table(connection, known, no_rows(known))
            for name, said in _all_tables(connection).items():
                found.setdefault(name, set()).add(said)
    return found


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
    """Names of the tables and views in the store."""
    return set(_all_tables(connection))
