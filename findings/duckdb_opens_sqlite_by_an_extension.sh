#!/usr/bin/env bash
# DuckDB 2.0.0 loads an extension from the home folder when it is given a SQLite file, whatever autoloading is set to.
#
# Guess: with autoload_known_extensions and autoinstall_known_extensions off, connect() loads no extension; a file of another
# engine is refused as no DuckDB database.
# Seen: the kind of file is told by its first bytes, and connect() goes to load `sqlite_scanner` from ~/.duckdb: it fails here
# only because the extension is not there. Who must not load code has to look at the first bytes before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" duckdb==2.0.0
HOME="$folder" PYTHONPATH="$folder" python3 - "$folder/notes.db" <<'PY'
import sqlite3
import sys
import duckdb

path = sys.argv[1]
connection = sqlite3.connect(path)
connection.execute("CREATE TABLE a(x)")
connection.commit()
connection.close()
off = {"autoload_known_extensions": False, "autoinstall_known_extensions": False, "allow_community_extensions": False}
print("duckdb", duckdb.__version__)
try:
    duckdb.connect(path, config=off)
except duckdb.Error as error:
    said = str(error).splitlines()[0]
    print(f"connect(SQLite file, autoloading off): {type(error).__name__}: {said.replace(path.rsplit('/', 1)[0], '~')}")
    sys.exit(0 if "sqlite_scanner" in said else 1)
print("it was opened: the behaviour has changed")
sys.exit(1)
PY
