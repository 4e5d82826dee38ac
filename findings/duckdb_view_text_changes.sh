#!/usr/bin/env bash
# DuckDB 2.0.0 gives the text of one view with the names of EXCLUDE in another order in another session.
#
# Guess: the sql of duckdb_views() is the same text each time a database is opened, so that a program can check that a view is
# its own.
# Seen: `SELECT * EXCLUDE (a, b, …)` comes back in an order that changes between in-memory and stored databases.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" duckdb==2.0.0
PYTHONPATH="$folder" python3 - "$folder" <<'PY'
import sys
import duckdb

names = [f"column_{k}" for k in range(12)]
table = f"CREATE TABLE t({', '.join(f'{name} INTEGER' for name in names)}, kept INTEGER)"
view = f"CREATE VIEW v AS SELECT * EXCLUDE ({', '.join(names)}) FROM t"
texts = []
path = f"{sys.argv[1]}/v.duckdb"
with duckdb.connect(path) as connection:
    connection.execute(table)
    connection.execute(view)
    texts.append(connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'v'").fetchone()[0])
with duckdb.connect(path) as connection:
    texts.append(connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'v'").fetchone()[0])
print("duckdb", duckdb.__version__)
for when, text in zip(("written", "opened again"), texts):
    print(f"{when}: {text[:110]}…")
sys.exit(0 if texts[0] != texts[1] or names != [n for n in texts[0].split("(", 1)[1].split(")")[0].split(", ")] else 1)
PY
