"""Loading: files in, rows in the store, and an account of every row."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.events.errors import NoFile, NotAFile, TooManyRejects, UnrecognisedFile, UnusableFile
from buckpass.events.files.recognise import Recognised, recognise
from buckpass.events.files.source_file import SourceFile, Text, opened
from buckpass.events.loading.insert import account, insert, remove
from buckpass.events.loading.repeats import reach
from buckpass.events.store import workshop, writing
from buckpass.results.table import ResultTable

if TYPE_CHECKING:
    import duckdb

MOST_REJECTED = 0.1


@dataclass(frozen=True)
class LoadedFile:
    """What became of one file.

    Rows read = loaded + rejected. Of those loaded, `rows_repeated` stood in the store (or earlier in the file) already and
    do not count again. `lacks` names columns that the layout has and the file has not; `refusal` says why nothing of it was
    loaded; `was_known` that the same file is in the store.
    """

    name: str
    file_id: int | None = None
    sha256: str = ""
    publisher: str = ""
    layout: str = ""
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_repeated: int = 0
    lacks: tuple[str, ...] = ()
    seconds: float = 0.0
    was_known: bool = False
    refusal: str = ""

    @property
    def note(self) -> str:
        """What is to be said of the file beside its counts."""
        if self.was_known:
            return "known"
        return f"without {', '.join(self.lacks)}" if self.lacks else ""


@dataclass(frozen=True)
class LoadReport:
    """What a load did, file by file; `rejected` counts the rejected rows by file and reason."""

    files: tuple[LoadedFile, ...]
    rejected: pl.DataFrame

    @property
    def rows_loaded(self) -> int:
        """Rows that this load added."""
        return sum(file.rows_loaded for file in self.files if not file.was_known)

    @property
    def refused(self) -> tuple[LoadedFile, ...]:
        """The files of which nothing was loaded."""
        return tuple(file for file in self.files if file.refusal)

    def table(self) -> ResultTable:
        """What became of the files: the first of `tables`."""
        return self.tables()[0]

    def tables(self) -> tuple[ResultTable, ...]:
        """What was refused and why, then file by file what became of the others, and the rejected rows by reason."""
        found = []
        if self.refused:
            rows = [(file.name, file.refusal.removeprefix(f"{file.name}: ")) for file in self.refused]
            refused = pl.DataFrame(rows, schema=["file", "why"], orient="row")
            found.append(ResultTable(refused, f"{_files(len(rows))} not loaded"))
        known = sum(file.was_known for file in self.files)
        names = ["file", "as", "read", "rejected", "repeated", "note"]
        rows = [
            (f.name, f.layout, f.rows_read, f.rows_rejected, f.rows_repeated, f.note)
            for f in self.files
            if not f.refusal
        ]
        if rows:
            note = f"{self.rows_loaded:,} rows added" + (f"; {_files(known)} in the store already" if known else "")
            found.append(ResultTable(pl.DataFrame(rows, schema=names, orient="row"), "Files", note=note + "."))
        if not self.rejected.is_empty():
            why = "Each of them stands in the table `rejects` of the store with its text."
            # the parallel reader numbers no rows: a column without a value says nothing
            shown = self.rejected.select(column for column in self.rejected if column.null_count() < len(column))
            found.append(ResultTable(shown, "Rejected rows, by file and reason", note=why))
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return {"files": [asdict(file) for file in self.files], "rejected": self.rejected.to_dicts()}


def _files(count: int) -> str:
    return f"{count} file was" if count == 1 else f"{count} files were"


def load(store: Path, files: Iterable[Path], *, all_columns: bool = False, allow_rejects: bool = False) -> LoadReport:
    """Load event files and data tables into a store, each file once, and account for every row.

    Each file is recognised by its content (plain, .gz or .zip, SIPRI's workbook). Rows read = rows loaded + rows rejected;
    the rejected ones stand in the table `rejects` with their reason. A file that cannot be used is refused with the reason
    and the others are loaded. The whole call is one transaction: on any other error, or when it is killed, the store is as
    before.

    Parameters
    ----------
    store : the DuckDB file; made when absent.
    files : the files to load.
    all_columns : also keep every column as text, in the table `raw_<layout>` (several times slower, and larger).
    allow_rejects : load also files of which more than a tenth of the rows cannot be used.

    Returns
    -------
    LoadReport

    Raises
    ------
    NoFile, StoreBusy, NewerStore, OlderStore, NotAStore, StoreNotWritten; and where no file can be used the first one's
    UnusableFile: UnrecognisedFile, NotRead, LacksColumns, TooManyRejects, DamagedArchive, FileChanged, NotAFile.

    Examples
    --------
    >>> report = load(Path("store.duckdb"), [Path("20160728.export.CSV")])  # doctest: +SKIP
    >>> report.rows_loaded  # doctest: +SKIP
    710
    """
    store = Path(store)
    with workshop(store) as folder, writing(store, folder) as connection:
        loaded = _load_each(connection, folder, map(Path, files), all_columns, allow_rejects)
        return LoadReport(tuple(loaded), _rejected(connection, loaded))


def _load_each(
    connection: duckdb.DuckDBPyConnection, folder: Path, files: Iterable[Path], all_columns: bool, allow_rejects: bool
) -> list[LoadedFile]:
    """Each file loaded or refused by itself; the first reason is raised where none can be used."""
    loaded, reasons = [], []
    for path in files:
        if not path.exists():
            raise NoFile(path)
        try:
            loaded.append(_load_one(connection, folder, path, all_columns, allow_rejects))
        except UnusableFile as reason:
            reasons.append(reason)
            loaded.append(LoadedFile(path.name, refusal=str(reason)))
    if reasons and len(reasons) == len(loaded):
        raise reasons[0]
    return loaded


def _load_one(
    connection: duckdb.DuckDBPyConnection, folder: Path, path: Path, all_columns: bool, allow_rejects: bool
) -> LoadedFile:
    if not path.is_file():
        raise NotAFile(path, "a folder" if path.is_dir() else "a pipe or a device")
    began = time.perf_counter()
    with opened(path, folder) as source:
        known = _known(connection, source, path)
        if known is not None:
            return known
        tables = _recognised(source)
        file_id = connection.execute("SELECT coalesce(max(file_id), 0) + 1 FROM files").fetchall()[0][0]
        layout = tables[0][1].layout
        try:
            read = sum(insert(connection, file_id, text, found, all_columns) for text, found in tables)
            rejected, repeated = account(connection, file_id, layout)
            if rejected > MOST_REJECTED * read and not allow_rejects:
                raise TooManyRejects(path, layout.says, read, rejected, _first_reason(connection, file_id))
            source.check_unchanged()
        except UnusableFile:
            remove(connection, file_id, layout)
            raise
        entry = LoadedFile(
            path.name, file_id, source.sha256, layout.publisher, layout.id, read, read - rejected, rejected, repeated,
            tuple(column for column in tables[0][1].lacks if all(column in found.lacks for _, found in tables)),
        )  # fmt: skip
        reached = None if layout.event else reach(connection, file_id, layout)
        entry = replace(entry, seconds=time.perf_counter() - began)
        _enter(connection, entry, source, tables[0][1], reached)
    return entry


def _recognised(source: SourceFile) -> list[tuple[Text, Recognised]]:
    """The tables of a file and what they are; of a workbook those of its sheets that are known."""
    if not source.texts:
        raise UnrecognisedFile(source.given, "a workbook without a sheet of rows")
    if not source.is_workbook:
        return [(source.texts[0], recognise(source.texts[0], source.given))]
    known = []
    for text in source.texts:
        try:
            known.append((text, recognise(text, source.given)))
        except UnusableFile:
            continue
    if not known or len({found.layout.id for _, found in known}) > 1:
        names = ", ".join(text.sheet for text in source.texts)
        raise UnrecognisedFile(
            source.given, f"a workbook with the sheets {names}", "save the sheet that you need as CSV"
        )
    return known


def _first_reason(connection: duckdb.DuckDBPyConnection, file_id: int) -> str:
    rows = connection.execute(
        "SELECT regexp_replace(reason, ': [^:]*$', '') AS kind, min(reason), count(*) AS n FROM rejects "
        "WHERE file_id = ? GROUP BY kind ORDER BY n DESC, kind LIMIT 1",
        [file_id],
    ).fetchall()
    return f"{rows[0][1]} ({rows[0][2]:,} rows)"


def _known(connection: duckdb.DuckDBPyConnection, source: SourceFile, path: Path) -> LoadedFile | None:
    # no file of this length, no file of this content: its hash need not be waited for
    if not connection.execute("SELECT 1 FROM files WHERE bytes = ? LIMIT 1", [source.size]).fetchall():
        return None
    rows = connection.execute(
        "SELECT file_id, sha256, publisher, layout, rows_read, rows_loaded, rows_rejected, rows_repeated FROM files "
        "WHERE content_sha256 = ?",
        [source.content],
    ).fetchall()
    return LoadedFile(path.name, *rows[0], was_known=True) if rows else None


def _enter(
    connection: duckdb.DuckDBPyConnection,
    entry: LoadedFile,
    source: SourceFile,
    found: Recognised,
    reached: float | None,
) -> None:
    connection.execute(
        "INSERT INTO files SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, min(day), max(day), min(event_id), max(event_id), "
        "?, ? FROM event_rows WHERE file_id = ? AND problem IS NULL",
        [
            entry.file_id, entry.name, entry.sha256, source.content, entry.publisher, entry.layout, found.encoding,
            source.size, entry.rows_read, entry.rows_loaded, entry.rows_rejected, entry.rows_repeated,
            ";".join(entry.lacks), reached, datetime.now(UTC).replace(tzinfo=None), entry.seconds, entry.file_id,
        ],
    )  # fmt: skip


def _rejected(connection: duckdb.DuckDBPyConnection, loaded: Sequence[LoadedFile]) -> pl.DataFrame:
    ids = [file.file_id for file in loaded if not file.was_known and file.file_id is not None]
    # read as plain rows: Arrow would be loaded for nothing else
    rows = connection.execute(
        "SELECT f.name, regexp_replace(r.reason, ': [^:]*$', '') AS reason, count(*) AS rows, min(r.row) AS first_row "
        "FROM rejects r JOIN files f USING (file_id) WHERE list_contains(?::INTEGER[], r.file_id) "
        "GROUP BY ALL ORDER BY rows DESC, name, reason",
        [ids],
    ).fetchall()
    schema = {"name": pl.String, "reason": pl.String, "rows": pl.Int64, "first_row": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")
