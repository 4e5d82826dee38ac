"""A stranger's store: whatever is in it, no verb reads another file, loads an extension, waits or breaks; it is read or refused."""

import os
import random
import shutil
import time
from pathlib import Path

import duckdb
import pytest
from made_files import gdelt_file, many_gdelt, quads, write
from made_tables import GED, as_csv, ged_event
from made_world import made, small, traps

from buckpass.case import BuckpassError, load_case
from buckpass.events import code, draft, evidence_rows, load, profile
from buckpass.events.coding.agreement import agree
from buckpass.events.drafting.skeleton import Skeleton, write_skeleton
from buckpass.events.errors import NotAStore
from buckpass.events.store import reading
from buckpass.worldwide.record import world_record

LONGEST = 5.0  # seconds of this process
SECRET = "what nobody else may read"
ODD = (
    "NULL", "''", "'x'", "'\x1b[2J'", "'\u202e'", "-1", "0", "1e308", "'nan'::DOUBLE", "'-inf'::DOUBLE", "9223372036854775807", "[]",
    "[NULL]", "[1, NULL, 99]", "DATE '290000-01-01'", "DATE 'infinity'", "DATE '4000-01-01 (BC)'", "repeat('y', 100000)", "true",
    "'RUS'", "'ZZZ'", "'0'", "chr(0)", "'gdelt1'", "'../../x'", "'https://example.org/a.csv'", "1.5", "'1,2'", "INTERVAL 3 DAY",
)  # fmt: skip
OUTSIDE = (
    "read_text('{secret}')", "read_csv('{secret}')", "read_blob('/etc/hostname')", "glob('{folder}/*')", "'{secret}'",
    "range(100000000000)", "(WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r)", "sqlite_scan('x', 'y')",
    "read_parquet('https://example.org/a.parquet')", "duckdb_secrets()", "(SELECT error('stop'))",
)  # fmt: skip
MACROS = (
    "count(a) AS 7", "year(a) AS (SELECT content FROM read_text('{secret}'))", "concat_ws(a, b) AS (SELECT content FROM read_text('{secret}'))",
    "coalesce(a, b) AS 1", "list_contains(a, b) AS (SELECT content FROM read_text('{secret}')) = ''", "starts_with(a, b) AS (SELECT max(n) FROM range(1000000000000) t(n)) > 0",
    "trim(a) AS error('stop')", "regexp_full_match(a, b) AS true", "events_of(a) AS TABLE SELECT * FROM read_csv('{secret}')", "length(a) AS -1",
    "max(a) AS (SELECT content FROM read_text('{secret}'))", "min(a) AS error('stop')", "duckdb_functions() AS TABLE SELECT 'x' AS function_name, true AS internal", "lower(a) AS (SELECT content FROM read_text('{secret}'))",
)  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> bytes:
    """A store with events of three publishers, deaths, and the tables of the world's record."""
    folder = tmp_path_factory.mktemp("store")
    store = made(folder, traps())
    load(store, [gdelt_file(folder / "g.csv", many_gdelt(40)), write(folder / "q.tsv", quads(is_cut=False, days=5)),
                 write(folder / "d.csv", as_csv(GED, [ged_event(id=n) for n in range(5)]))])  # fmt: skip
    return store.read_bytes()


def spoiled_tables(dice: random.Random, path: Path, secret: Path) -> str:
    """One thing changed in a store, as whoever has DuckDB can change it; what it was."""
    with duckdb.connect(str(path)) as connection:
        kinds = dict(connection.execute("SELECT table_name, table_type FROM information_schema.tables").fetchall())
        columns = connection.execute("SELECT table_name, column_name FROM information_schema.columns").fetchall()
        tables = [name for name, kind in kinds.items() if kind == "BASE TABLE"]
        views = [name for name, kind in kinds.items() if kind == "VIEW"]
        name, column = dice.choice([c for c in columns if c[0] in tables])
        table, field = f'"{name}"', f'"{column}"'
        outside = dice.choice(OUTSIDE).format(secret=secret, folder=secret.parent)
        view = f'"{dice.choice(views)}"'
        ways = [
            f"DROP TABLE {table}", f"DROP VIEW {view}", f"ALTER TABLE {table} DROP {field}", f"ALTER TABLE {table} RENAME {field} TO other",
            f"ALTER TABLE {table} ALTER {field} TYPE VARCHAR", f"ALTER TABLE {table} ADD COLUMN more INTEGER", f"DELETE FROM {table}",
            f"DELETE FROM files WHERE file_id = {dice.randrange(1, 9)}", f"UPDATE files SET file_id = {dice.choice((-1, 0, 2**31 - 1))} WHERE file_id = 1",
            f"INSERT INTO {table} SELECT * FROM {table}", f"CREATE TABLE kept AS FROM {table}; DROP TABLE {table}; CREATE VIEW {table} AS FROM {outside}",
            f"CREATE TABLE kept AS FROM {table}; DROP TABLE {table}; CREATE VIEW {table} AS FROM kept, {outside}",
            f"CREATE OR REPLACE VIEW {view} AS FROM {outside}", f"CREATE VIEW raw_more AS FROM {outside}", f"ALTER TABLE {table} RENAME TO elsewhere",
            f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {table}", f"ALTER TABLE {table} ALTER {field} SET DEFAULT (SELECT content FROM read_text('{secret}'))",
            f"CREATE SCHEMA second; CREATE TABLE second.{table} AS FROM {table}; SET schema = 'second'", "DROP SEQUENCE file_ids", "CREATE TYPE mood AS ENUM ('a')",
            f"CREATE OR REPLACE SEQUENCE file_ids START {dice.choice((1, 2**62, 3))}", "CREATE TABLE cow_capabilities(a INTEGER)",
            f"CREATE VIEW cow_capabilities AS FROM {outside}", f"UPDATE store_version SET version = {dice.choice((1, 3, -1, 2**31 - 1))}",
        ]  # fmt: skip
        kind = dice.random()
        if kind < 0.45:
            said = f"UPDATE {table} SET {field} = {dice.choice(ODD)}" + dice.choice(("", " WHERE rowid = 0"))
        elif kind < 0.6:
            said = f"CREATE OR REPLACE MACRO {dice.choice(MACROS).format(secret=secret)}"
        else:
            said = dice.choice(ways)
        for statement in said.split("; "):
            try:
                connection.execute(statement)
            except duckdb.Error:
                return f"nothing: {said}"
        return said


def spoiled_bytes(dice: random.Random, path: Path) -> str:
    """A store cut, flipped or swapped, or with another program's leavings beside it."""
    content, how = bytearray(path.read_bytes()), dice.choice(("cut", "flip", "head", "zero", "swap", "wal", "tmp"))
    at = dice.randrange(len(content))
    if how == "cut":
        del content[at:]
    elif how == "flip":
        for _ in range(dice.randrange(1, 40)):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    elif how == "head":
        for _ in range(dice.randrange(1, 6)):
            content[dice.randrange(12_288)] = dice.randrange(256)
    elif how == "zero":
        content[at : at + 5_000] = bytes(5_000)
    elif how == "swap":
        content = content[at:] + content[:at]
    elif how == "wal":
        Path(f"{path}.wal").write_bytes(dice.choice((b"", b"x", content[:4096], dice.randbytes(5_000))))
    else:
        Path(f"{path}.tmp").write_bytes(b"x")
    path.write_bytes(content)
    return f"{how} at {at}"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A case of two powers and hosts that the store knows."""
    return load_case(
        write_skeleton(tmp_path_factory.mktemp("case") / "own", Skeleton.of("RUS,USA", "TJK,KAZ", "", "2012-2014"))
    )


def uses(store: Path, case, place: Path):
    """Every verb that takes a store, as a function."""
    more = gdelt_file(place / "more.csv", many_gdelt(7))
    yield lambda: code(store, case).as_dict()
    yield lambda: agree(store, case).as_dict()
    yield lambda: evidence_rows(store, ["6:1001"]).to_dicts()
    yield lambda: profile(store, ["RUS"], ["KAZ"]).as_dict()
    yield lambda: draft(store, ["TJK"], 1990, place / "drafted")
    yield lambda: world_record(store, ["USA", "RUS"], small())
    yield lambda: load(store, [more], all_columns=True).as_dict()


def read_or_refused(store: Path, case, place: Path, said: str) -> int:
    """Every verb on one store: how many answered; what the others say is said to a person."""
    answered = 0
    for use in uses(store, case, place):
        begun = time.process_time()
        try:
            found = str(use())
            answered += 1
        except (BuckpassError, OSError) as refusal:
            found = str(refusal)
        assert SECRET not in found, said
        assert len(found) < 3_000_000, said
        assert time.process_time() - begun < LONGEST, said
    return answered


@pytest.fixture
def place(tmp_path, good):
    """A store, a secret beside it, and where a verb may write."""
    (tmp_path / "s.duckdb").write_bytes(good)
    (tmp_path / "secret.csv").write_text(f"content\n{SECRET}\n")
    (tmp_path / "work").mkdir()
    return tmp_path


def fresh(place: Path, good: bytes) -> Path:
    for path in place.glob("s.duckdb*"):
        path.unlink()
    shutil.rmtree(place / "work")
    (place / "work").mkdir()
    (place / "s.duckdb").write_bytes(good)
    return place / "s.duckdb"


@pytest.mark.parametrize(
    "count",
    [
        6,
        pytest.param(60, marks=[pytest.mark.slow, pytest.mark.hostile]),
        pytest.param(150, marks=pytest.mark.exhaustive),
    ],
)
def test_no_store_does_harm(place, good, case, count, tried):
    dice, answered = random.Random(count), 0
    for n in range(count):
        store = fresh(place, good)
        said = spoiled_tables(dice, store, place / "secret.csv") if n % 3 else spoiled_bytes(dice, store)
        answered += read_or_refused(store, case, place / "work", f"{n}: {said}")
        assert SECRET.encode() not in store.read_bytes(), said
        assert sorted(p.name for p in place.iterdir() if not p.name.startswith("s.duckdb")) == ["secret.csv", "work"]
    assert 0 < answered < 7 * count
    tried("stores", count)


def test_no_function_of_a_store_is_overlooked_whatever_its_name(tmp_path, good):
    """Also one named as what this program asks the engine with."""
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    for n, made_of in enumerate(MACROS):
        store = tmp_path / f"{n}.duckdb"
        store.write_bytes(good)
        with duckdb.connect(str(store)) as connection:
            connection.execute(f"CREATE MACRO {made_of.format(secret=secret)}")
        with pytest.raises(NotAStore, match="a function of its own"), reading(store):
            pass


def test_a_good_store_answers_every_verb(place, good, case):
    assert read_or_refused(fresh(place, good), case, place / "work", "good") >= 6


@pytest.mark.parametrize("kind", ["pipe", "device", "wal is a pipe", "link to itself"])
def test_what_is_no_plain_file_never_hangs(place, case, kind):
    store = place / "s.duckdb"
    if kind == "wal is a pipe":
        os.mkfifo(f"{store}.wal")
    else:
        store.unlink()
        {"pipe": lambda: os.mkfifo(store), "device": lambda: store.symlink_to("/dev/zero"), "link to itself": lambda: store.symlink_to(store)}[kind]()  # fmt: skip
    assert read_or_refused(store, case, place / "work", kind) == 0
