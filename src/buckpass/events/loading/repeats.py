"""What the store holds already: an event counts once, whatever files it came in; of a table the newest figures count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from buckpass.events.files.layouts import Layout, layout
from buckpass.events.loading.typed import SQL_TYPES, quoted

if TYPE_CHECKING:
    import duckdb

SAME = ("day", "source", "target", "code")
WHOLE = (*SAME, "goldstein", "mentions", "place")
SPREAD = 16  # ids of a file that are no further apart than this on the average are looked up in a table of bits
MOST_BITS = 999_999_999  # and no longer ones, which DuckDB does not make


def mark_repeated_events(connection: duckdb.DuckDBPyConnection, file_id: int, own: Layout) -> int:
    """Note with each event of a file in which files it stood before, its own included; how many stood somewhere.

    Two rows are one event where publisher, day, source, target and code are the same, and the publisher's id where both
    files have one: an id alone repeats. The rows stay, since which of two files may count depends on what is asked.
    """
    for other, columns in _others(connection, file_id, own):
        alike = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in columns)
        _mark(
            connection, file_id, other,
            f"SELECT a.rowid FROM event_rows a SEMI JOIN (SELECT * FROM event_rows WHERE file_id = {other} AND problem "
            f"IS NULL) b ON ({alike}) WHERE a.file_id = {file_id} AND a.problem IS NULL",
        )  # fmt: skip
    columns = _identity(own, own)
    if columns == WHOLE or _ids_repeat(connection, file_id):
        _mark(
            connection, file_id, file_id,
            f"SELECT rowid FROM event_rows WHERE file_id = {file_id} AND problem IS NULL "
            f"QUALIFY row_number() OVER (PARTITION BY {', '.join(columns)} ORDER BY rowid) > 1",
        )  # fmt: skip
    connection.execute(
        "INSERT INTO repeats SELECT file_id, year(day), earlier, count(*) FROM event_rows "
        "WHERE file_id = ? AND earlier IS NOT NULL AND problem IS NULL GROUP BY ALL",
        [file_id],
    )
    found = connection.execute("SELECT sum(events)::BIGINT FROM repeats WHERE file_id = ?", [file_id]).fetchall()
    return found[0][0] or 0


def _mark(connection: duckdb.DuckDBPyConnection, file_id: int, other: int, rows: str) -> None:
    connection.execute(
        f"UPDATE event_rows SET earlier = list_append(coalesce(earlier, []), {other}) "
        f"WHERE file_id = {file_id} AND rowid IN ({rows})"
    )


def _identity(one: Layout, other: Layout) -> tuple[str, ...]:
    """The columns that say whether rows of two layouts are one event."""
    has_ids = [known.event["event_id"] != "row" for known in (one, other)]
    if all(has_ids):
        return ("event_id", *SAME)
    return WHOLE if one.id == other.id else SAME


def _others(connection: duckdb.DuckDBPyConnection, file_id: int, own: Layout) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Files of the same publisher whose days, and ids where both have them, overlap with this file's."""
    rows = connection.execute(
        "SELECT f.file_id, f.layout, f.first_id <= o.last_id AND f.last_id >= o.first_id FROM files f, "
        "(SELECT min(day) AS first_day, max(day) AS last_day, min(event_id) AS first_id, max(event_id) AS last_id "
        "FROM event_rows WHERE file_id = $1 AND problem IS NULL) o WHERE f.file_id <> $1 AND f.publisher = $2 "
        "AND f.first_day <= o.last_day AND f.last_day >= o.first_day ORDER BY f.file_id",
        [file_id, own.publisher],
    ).fetchall()
    for other, kind, ids_overlap in rows:
        columns = _identity(own, layout(kind))
        if ids_overlap or columns[0] != "event_id":
            yield other, columns


def _ids_repeat(connection: duckdb.DuckDBPyConnection, file_id: int) -> bool:
    """Whether some id stands twice in a file; most files number their events without large gaps."""
    where = f"FROM event_rows WHERE file_id = {file_id} AND problem IS NULL"
    first, last, count = connection.execute(f"SELECT min(event_id), max(event_id), count(*) {where}").fetchall()[0]
    if not count:
        return False
    if last - first > min(SPREAD * count, MOST_BITS):
        distinct = connection.execute(f"SELECT count(DISTINCT event_id) {where}").fetchall()[0][0]
    else:  # the engine sets the bits where the rows lie: many times as fast as handing each id over
        bits = f"SELECT bit_count(bitstring_agg(event_id, ?::BIGINT, ?::BIGINT)) {where}"
        distinct = connection.execute(bits, [first, last]).fetchall()[0][0]
    return distinct < count


def make_table(connection: duckdb.DuckDBPyConnection, own: Layout, rows: str) -> None:
    """Make, where they are not there, a layout's table of all rows and its view of those that count.

    Of rows that say the same of the same in several files, the file that reaches furthest in time counts; where they reach
    equally far, the one loaded first. A row that stands twice in one file stands twice in the view.
    """
    name, all_rows = quoted(own.table), quoted(f"{own.table}_rows")
    connection.execute(f"CREATE TABLE IF NOT EXISTS {all_rows} AS {rows} LIMIT 0")
    connection.execute(
        f"CREATE VIEW IF NOT EXISTS {name} AS SELECT * EXCLUDE (nth, reach) FROM ({_numbered(own)}) "
        f"LEFT JOIN (SELECT file_id, reach FROM files) USING (file_id) QUALIFY row_number() OVER "
        f"(PARTITION BY {', '.join(own.identity)}, nth ORDER BY reach DESC NULLS LAST, file_id) = 1"
    )


def no_rows(own: Layout) -> str:
    """A query without rows that has the columns of a layout's table, as `insert` fills them."""
    kinds = {"file_id": "INTEGER", "row": "BIGINT"} | {c.name: SQL_TYPES.get(c.kind, "VARCHAR") for c in own.columns}
    kinds |= {"title": "VARCHAR"} if own.titles else {}
    kinds |= dict(zip(own.unpivot, ("INTEGER", "DOUBLE"), strict=True)) if own.unpivot else {}
    return f"SELECT {', '.join(f'NULL::{kind} AS {quoted(name)}' for name, kind in kinds.items())}"


def _numbered(own: Layout) -> str:
    """All rows of a layout's table, each with the place that it has among its likes in its own file."""
    keys = ", ".join(own.identity)
    return (
        f"SELECT *, row_number() OVER (PARTITION BY file_id, {keys} ORDER BY row) AS nth "
        f"FROM {quoted(f'{own.table}_rows')}"
    )


def repeated_rows(connection: duckdb.DuckDBPyConnection, file_id: int, own: Layout) -> int:
    """How many of a file's rows other files of the store have too.

    Where a layout says that no row may stand twice (merges of state-system lists double those of successor states),
    second ones are taken out and counted.
    """
    doubled = 0
    if own.is_once:
        doubles = f"SELECT row FROM ({_numbered(own)}) WHERE file_id = {file_id} AND nth > 1"
        removed = f"DELETE FROM {quoted(f'{own.table}_rows')} WHERE file_id = {file_id} AND row IN ({doubles})"
        doubled = connection.execute(removed).fetchall()[0][0]
    alike = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in (*own.identity, "nth"))
    found = connection.execute(
        f"WITH numbered AS ({_numbered(own)}) SELECT count(*) FROM (SELECT * FROM numbered WHERE file_id = {file_id}) a "
        f"SEMI JOIN (SELECT * FROM numbered WHERE file_id <> {file_id}) b ON ({alike})"
    ).fetchall()[0][0]
    return doubled + found


def reach(connection: duckdb.DuckDBPyConnection, file_id: int, own: Layout) -> float | None:
    """How far a file's rows reach in time: its last year with a figure, or what the layout says of its version."""
    names = {column.name for column in own.columns} | set(own.unpivot or ())
    filled = f" FILTER (WHERE {own.unpivot[1]} IS NOT NULL)" if own.unpivot else ""
    asked = own.vintage or (f"max(year){filled}" if "year" in names else "")
    if not asked:
        return None
    table = quoted(f"{own.table}_rows")
    return connection.execute(f"SELECT ({asked})::DOUBLE FROM {table} WHERE file_id = ?", [file_id]).fetchall()[0][0]
