#!/usr/bin/env bash
# DuckDB 2.0.0 casts texts to integers that are none: TRY_CAST rounds 2.7, and reads Python's and C's ways of writing numbers.
#
# Guess: TRY_CAST(text AS BIGINT) gives NULL where the text is not a whole number, so that it tells which cells of a table are.
# Seen: '2.7' is 3, '1_000' is 1000, '0x10' is 16, '1e3' is 1000; a cell that is damaged or of another column passes as a count.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" duckdb==2.0.0
PYTHONPATH="$folder" python3 - <<'PY'
import sys
import duckdb

texts = ["2.7", "1_000", "0x10", "1e3", "x"]
given = [duckdb.execute("SELECT TRY_CAST(? AS BIGINT)", [text]).fetchone()[0] for text in texts]
print("duckdb", duckdb.__version__, dict(zip(texts, given)))
sys.exit(0 if given == [3, 1000, 16, 1000, None] else 1)
PY
