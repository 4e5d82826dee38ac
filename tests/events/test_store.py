"""Stores: never half made, never of another engine, never reaching anything else."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import duckdb
import pytest
from made_files import gdelt_file, many_gdelt, write
from typer.main import get_command
from typer.testing import CliRunner

from buckpass.case.start import TEMPLATE
from buckpass.cli.main import app
from buckpass.events import errors, load
from buckpass.events.store import TABLES, VERSION, frame, reading, workshop, writing

POSIX = pytest.mark.skipif(os.name != "posix", reason="kills by signal, locks files")


def small(tmp_path):
    return gdelt_file(tmp_path / "a.csv", many_gdelt(5))


def a_store(tmp_path, version=VERSION, tables=TABLES):
    path = tmp_path / "s.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(tables)
        if version is not None:
            connection.execute("INSERT INTO store_version VALUES (?)", [version])
    return path


def cut(path, share):
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def sqlite(tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "s.duckdb") as connection:
        connection.execute("CREATE TABLE store_version(version)")
    connection.close()
    return tmp_path / "s.duckdb"


def truncated(tmp_path):
    path = a_store(tmp_path)
    cut(path, 0.5)
    return path


def flipped(tmp_path):
    path = a_store(tmp_path)
    content = bytearray(path.read_bytes())
    for at in (4096, 8192):  # both headers
        content[at] ^= 0xFF
    path.write_bytes(content)
    return path


def text_version(tmp_path):
    return a_store(tmp_path, "two", TABLES.replace("store_version(version INTEGER)", "store_version(version VARCHAR)"))


def two_versions(tmp_path):
    path = a_store(tmp_path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO store_version VALUES (1)")
    return path


def hostile_view(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    path = a_store(tmp_path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE OR REPLACE VIEW events AS SELECT * FROM read_csv('{secret}')")
    return path


BROKEN = {
    "empty": (lambda folder: write(folder / "s.duckdb", b""), "no DuckDB database"),
    "text": (lambda folder: write(folder / "s.duckdb", b"notes " * 5000), "no DuckDB database"),
    "SQLite": (sqlite, "a SQLite database"),
    "truncated": (truncated, "cut short or damaged"),
    "flipped": (flipped, "cut short or damaged"),
    "no version": (lambda folder: a_store(folder, None), "its version is missing"),
    "text for a version": (text_version, "its version is 'two'"),
    "two versions": (two_versions, "its version is"),
    "no events": (lambda folder: a_store(folder, tables=TABLES.split("CREATE TABLE coverage")[0]), "its table coverage is missing"),
    "another's tables": (lambda folder: a_store(folder, None, "CREATE TABLE mine(a INTEGER)"), "without this program's tables"),
    "another view": (hostile_view, "its table events is another"),
    "a folder": (lambda folder: (folder / "s.duckdb").mkdir() or folder / "s.duckdb", "a folder"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_store_is_said_and_left_alone(tmp_path, kind):
    make, said = BROKEN[kind]
    path = make(tmp_path)
    before = path.read_bytes() if path.is_file() else None
    for use in (lambda: load(path, [small(tmp_path)]), lambda: reading(path).__enter__()):
        with pytest.raises(errors.NotAStore, match=said) as refusal:
            use()
        assert "Free some space" not in str(refusal.value)
    assert before is None or path.read_bytes() == before
    assert not list(tmp_path.glob(".buckpass-*"))


# How each verb that takes a store is called; what it asks is in place, so that the store alone is what is wrong.
CALLS = {
    "load": ("events", "load", "{store}", "{file}"),
    "code": ("events", "code", "{store}", "{case}"),
    "agree": ("events", "agree", "{store}", "{case}"),
    "evidence": ("events", "evidence", "{store}", "1:1"),
    "profile": ("events", "profile", "{store}", "--actors", "RUS", "--hosts", "KAZ"),
    "new": ("new", "{new}", "--from", "{store}", "--hosts", "KAZ"),
}  # fmt: skip


def test_every_verb_that_takes_a_store_is_called_here():
    groups = (app, *(group.typer_instance for group in app.registered_groups))
    commands = {name: one for of in map(get_command, groups) for name, one in getattr(of, "commands", {}).items()}
    assert {name for name, one in commands.items() if any(p.metavar == "STORE" for p in one.params)} == set(CALLS)


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("verb", CALLS)
def test_a_store_that_is_none_ends_every_verb_with_two(tmp_path, verb, kind):
    """As a damaged posterior, archive or design does: 1 is for an answer that is no."""
    path, said = BROKEN[kind][0](tmp_path), BROKEN[kind][1]
    words = {"case": TEMPLATE, "store": path, "file": small(tmp_path), "new": tmp_path / "drafted"}
    done = CliRunner().invoke(app, [word.format(**words) for word in CALLS[verb]])
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert said in done.stderr
    assert not (tmp_path / "drafted").exists()


BLOCK, FIRST_BLOCK = 262_144, 12_288  # of DuckDB's files


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    load(folder / "s.duckdb", [gdelt_file(folder / "a.csv", many_gdelt(3_000))])
    return (folder / "s.duckdb").read_bytes()


def with_block_lost(content: bytes, block: int) -> bytes:
    start = FIRST_BLOCK + block * BLOCK
    return content[:start] + bytes(100) + content[start + 100 :]


@pytest.mark.parametrize("use", [reading, writing])
def test_damage_deep_in_a_store_is_said_wherever_it_is_met(tmp_path, filled, use):
    path, met = tmp_path / "s.duckdb", 0
    blocks = range((len(filled) - FIRST_BLOCK) // BLOCK)
    damaged = [with_block_lost(filled, n) for n in blocks] + [filled[: FIRST_BLOCK + n * BLOCK + 900] for n in blocks]
    for content in damaged:
        path.write_bytes(content)
        try:
            with use(path) as connection:
                for table in ("files", "event_rows", "coverage", "rejects"):
                    connection.execute(f"SELECT * FROM {table}").fetchall()
        except errors.NotAStore as refusal:
            assert "cut short or damaged" in str(refusal)  # noqa: PT017  (some blocks hold nothing that is read)
            met += 1
    assert met > len(blocks)


@pytest.mark.parametrize(
    "address",
    [":memory:", "md:mine", "http://example.org/s.duckdb", "s3://bucket/s", "postgres:dbname=x", "sqlite:x.db"],
)
def test_an_address_is_no_store(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    for use in (lambda: load(address, [small(tmp_path)]), lambda: reading(address).__enter__()):
        with pytest.raises(errors.NotAStore, match="not an address"):
            use()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv"]


def test_an_older_store_is_left_alone(tmp_path):
    path = a_store(tmp_path, VERSION - 1)
    with pytest.raises(errors.OlderStore, match="Load the files into a new store"):
        load(path, [small(tmp_path)])


def test_no_extension_is_loaded_or_fetched(tmp_path):
    store = tmp_path / "s.duckdb"
    load(store, [small(tmp_path)])
    with reading(store) as connection:
        settings = dict(connection.execute("SELECT name, value FROM duckdb_settings()").fetchall())
        for name in ("autoinstall_known_extensions", "autoload_known_extensions", "enable_external_access"):
            assert settings[name] == "false", name
        for statement in ("INSTALL httpfs", "LOAD sqlite", f"SELECT * FROM read_csv('{tmp_path / 'a.csv'}')"):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)


def test_a_database_without_any_table_is_filled(tmp_path):
    path = tmp_path / "s.duckdb"
    duckdb.connect(str(path)).close()  # what a killed first load left until now
    assert load(path, [small(tmp_path)]).rows_loaded == 5


def test_a_folder_that_is_missing_is_said(tmp_path):
    with pytest.raises(errors.NotAStore, match="there is no folder"):
        load(tmp_path / "absent" / "s.duckdb", [small(tmp_path)])


@POSIX
def test_leftovers_of_a_dead_load_are_removed_those_of_a_living_one_stay(tmp_path):
    dead = tmp_path / ".buckpass-dead"
    dead.mkdir()
    (dead / "plain").write_bytes(b"x" * 1000)
    with workshop(tmp_path / "other.duckdb") as alive:
        load(tmp_path / "s.duckdb", [small(tmp_path)])
        assert alive.is_dir()
    assert not list(tmp_path.glob(".buckpass-*"))


def test_two_first_loads_do_not_overwrite_each_other(tmp_path):
    store = tmp_path / "s.duckdb"
    with pytest.raises(errors.StoreBusy), writing(store):
        load(store, [small(tmp_path)])
    with reading(store) as connection:
        assert frame(connection, "SELECT count(*) AS n FROM events")["n"][0] == 5


LOAD = """
    import sys
    from pathlib import Path
    from buckpass.events import load
    print("ready", flush=True)
    sys.stdin.readline()
    load(Path({store!r}), [Path(name) for name in {files!r}])
"""


@POSIX
@pytest.mark.parametrize(
    "moments", [pytest.param(5, marks=pytest.mark.slow), pytest.param(20, marks=pytest.mark.exhaustive)]
)
@pytest.mark.parametrize("is_first", [True, False])
def test_killed_at_any_moment_the_store_is_whole_or_not_there(tmp_path, is_first, moments):
    """Moments over the length of a load, the first into a new store or a second one into a filled store."""
    store = tmp_path / "s.duckdb"
    big = gdelt_file(tmp_path / "big.csv.gz", many_gdelt(60_000))
    script = textwrap.dedent(LOAD).format(store=str(store), files=[str(big)])
    outcomes = set()
    length = None
    for moment in range(moments + 1):
        for path in tmp_path.glob("s.duckdb*"):
            path.unlink()
        if not is_first:
            load(store, [small(tmp_path)])
        process = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "ready\n"
        began = time.perf_counter()
        process.stdin.write("go\n")
        process.stdin.flush()
        if length is None:  # the first is let live, to know how long a load takes
            process.wait()
            length = time.perf_counter() - began
        else:
            time.sleep(length * moment / moments)
            process.send_signal(signal.SIGKILL)
            process.wait()
        process.stdout.close()
        process.stdin.close()
        rows = 0
        if store.exists():
            with reading(store) as connection:
                rows = frame(connection, "SELECT count(*) AS n FROM event_rows")["n"][0]
        outcomes.add(rows)
        assert rows in ({0, 60_000} if is_first else {5, 60_005})
        assert load(store, [big]).files[0].rows_loaded == 60_000  # never refused
        assert not list(tmp_path.glob(".buckpass-*"))
    assert len(outcomes) == 2


@pytest.mark.slow
@POSIX
@pytest.mark.parametrize("opened", [reading, writing])
def test_ctrl_c_in_a_long_query_is_a_persons_stop(tmp_path, opened):
    store, was = a_store(tmp_path), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        stop = ["sh", "-c", f"sleep 0.3; kill -INT {os.getpid()}"]
        with pytest.raises(KeyboardInterrupt), opened(store) as connection, subprocess.Popen(stop):
            connection.execute("SELECT sum(hash(range)) FROM range(3_000_000_000)").fetchall()
    finally:
        signal.signal(signal.SIGINT, was)
    with reading(store) as connection:
        assert connection.execute("SELECT count(*) FROM store_version").fetchall() == [(1,)]
