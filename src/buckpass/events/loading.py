"""Loading: files in, rows in the store, and an account of every row."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.events.insert import insert
from buckpass.events.recognise import Recognised, recognise
from buckpass.events.source_file import SourceFile, opened
from buckpass.events.store import frame, writing
from buckpass.results.table import ResultTable

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class LoadedFile:
    """What became of one file: recognised as what, rows read = loaded + rejected, or already in the store."""

    file_id: int
    name: str
    sha256: str
    publisher: str
    layout: str
    rows_read: int
    rows_loaded: int
    rows_rejected: int
    seconds: float
    was_known: bool


@dataclass(frozen=True)
class LoadReport:
    """What a load did, file by file; `rejected` counts the rejected rows by file and reason."""

    files: tuple[LoadedFile, ...]
    rejected: pl.DataFrame

    @property
    def rows_loaded(self) -> int:
        """Rows that this load added."""
        return sum(file.rows_loaded for file in self.files if not file.was_known)

    def table(self) -> ResultTable:
        """File by file what became of it."""
        known = sum(file.was_known for file in self.files)
        rows = [
            (file.name, file.layout, file.rows_read, file.rows_loaded, file.rows_rejected, _how(file))
            for file in self.files
        ]
        names = ["file", "as", "read", "loaded", "rejected", "seconds"]
        note = f"{self.rows_loaded:,} rows added" + (f"; {_files(known)} in the store already" if known else "")
        return ResultTable(pl.DataFrame(rows, schema=names, orient="row"), "Files", note=note + ".")

    def tables(self) -> tuple[ResultTable, ...]:
        """File by file what became of it, and the rejected rows by reason where there are any."""
        if self.rejected.is_empty():
            return (self.table(),)
        why = "Each of them stands in the table `rejects` of the store with its text."
        # the parallel reader numbers no rows: a column without a value says nothing
        shown = self.rejected.select(column for column in self.rejected if column.null_count() < len(column))
        return self.table(), ResultTable(shown, "Rejected rows, by file and reason", note=why)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return {"files": [asdict(file) for file in self.files], "rejected": self.rejected.to_dicts()}


def _files(count: int) -> str:
    return f"{count} file was" if count == 1 else f"{count} files were"


def _how(file: LoadedFile) -> str:
    return "known" if file.was_known else f"{file.seconds:.1f}"


def load(store: Path, files: Iterable[Path], *, all_columns: bool = False) -> LoadReport:
    """Load event files and data tables into a store, each file once, and account for every row.

    Each file is recognised by its content (plain, .gz or .zip). Rows read = rows loaded + rows rejected; the
    rejected ones
    stand in the table `rejects` with their reason. The whole call is one transaction: on any error the store is as
    before.

    Parameters
    ----------
    store : the DuckDB file; made when absent.
    files : the files to load.
    all_columns : also keep every column as text, in the table `raw_<layout>` (several times slower, and larger).

    Raises
    ------
    UnrecognisedFile, DamagedArchive, FileChanged, StoreBusy, NewerStore, NotAStore, StoreNotWritten.

    Examples
    --------
    >>> report = load(Path("store.duckdb"), [Path("20160728.export.CSV")])  # doctest: +SKIP
    >>> report.rows_loaded  # doctest: +SKIP
    710
    """
    store = Path(store)
    with writing(store) as connection:
        loaded = tuple(_load_one(connection, store, Path(path), all_columns) for path in files)
        rejected = _rejected(connection, loaded)
    return LoadReport(loaded, rejected)


def _load_one(connection: duckdb.DuckDBPyConnection, store: Path, path: Path, all_columns: bool) -> LoadedFile:
    began = time.perf_counter()
    with opened(path, store.resolve().parent) as source:
        known = _known(connection, source, path)
        if known is not None:
            return known
        found = recognise(source)
        file_id = connection.execute("SELECT nextval('file_ids')").fetchall()[0][0]
        read, loaded = insert(connection, file_id, source, found, all_columns)
        source.check_unchanged()
    return _entered(connection, file_id, source, found, (read, loaded, time.perf_counter() - began))


def _known(connection: duckdb.DuckDBPyConnection, source: SourceFile, path: Path) -> LoadedFile | None:
    # no file of this length, no file of this content: its hash need not be waited for
    if not connection.execute("SELECT 1 FROM files WHERE bytes = ? LIMIT 1", [source.size]).fetchall():
        return None
    rows = connection.execute(
        "SELECT file_id, sha256, publisher, layout, rows_read, rows_loaded, rows_rejected FROM files WHERE "
        "content_sha256 = ?",
        [source.content],
    ).fetchall()
    if not rows:
        return None
    return LoadedFile(rows[0][0], path.name, *rows[0][1:], seconds=0.0, was_known=True)


def _entered(
    connection: duckdb.DuckDBPyConnection,
    file_id: int,
    source: SourceFile,
    found: Recognised,
    outcome: tuple[int, int, float],
) -> LoadedFile:
    read, loaded, seconds = outcome
    entry = LoadedFile(
        file_id, source.given.name, source.sha256, found.layout.publisher, found.layout.id,
        read, loaded, read - loaded, seconds, was_known=False,
    )  # fmt: skip
    connection.execute(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file_id, entry.name, source.sha256, source.content, entry.publisher, entry.layout, found.encoding,
            source.size, read, loaded, read - loaded, datetime.now(UTC).replace(tzinfo=None), seconds,
        ],
    )  # fmt: skip
    return entry


def _rejected(connection: duckdb.DuckDBPyConnection, loaded: Sequence[LoadedFile]) -> pl.DataFrame:
    ids = [file.file_id for file in loaded if not file.was_known]
    return frame(
        connection,
        "SELECT f.name, regexp_replace(r.reason, ': [^:]*$', '') AS reason, count(*) AS rows, min(r.row) AS first_row "
        "FROM rejects r JOIN files f USING (file_id) WHERE list_contains(?::INTEGER[], r.file_id) "
        "GROUP BY ALL ORDER BY rows DESC, name, reason",
        [ids],
    )
