#!/usr/bin/env bash
# DuckDB 2.0.0: bitstring_agg, which counts distinct integers fast, refuses ids that lie 10^9 or more apart, however few they are.
#
# Guess: a table of bits over event ids works for any BIGINT; two ids are two bits.
# Seen: max - min = 999,999,999 counts; one more is an error of the whole query (ids of event data sets with the date in front, as
# 20240101000001, are far more than that apart), so a load needs count(DISTINCT) beside it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" duckdb==2.0.0
PYTHONPATH="$folder" python3 - <<'PY'
import sys
import duckdb


def counted(apart):
    query = f"SELECT bit_count(bitstring_agg(id, 0::BIGINT, {apart}::BIGINT)) FROM (VALUES (0::BIGINT), ({apart}::BIGINT)) t(id)"
    try:
        return duckdb.execute(query).fetchone()[0]
    except duckdb.Error as error:
        return type(error).__name__


found = {apart: counted(apart) for apart in (1, 999_999_999, 1_000_000_000)}
print("duckdb", duckdb.__version__, found)
sys.exit(0 if found[1] == 2 and isinstance(found[1_000_000_000], str) else 1)
PY
