#!/usr/bin/env bash
# DuckDB 2.0.0 writes its progress bar to standard output of `python -c`, also where that is a pipe.
#
# Guess: a progress bar goes to the terminal, or nowhere; a program run as `python -c …` behaves as the same program in a file.
# Seen: without a __main__.__file__ DuckDB takes Python for interactive and turns enable_progress_bar on; a query of more than
# two seconds then puts the bar into the piped output (here before a JSON object, which no longer parses). From a file: none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" duckdb==2.0.0
cat > "$folder/program.py" <<'PY'
import json
import time
import duckdb

connection, size, took = duckdb.connect(), 5000, 0.0
while took < 3:  # the bar comes after two seconds
    size, began = 2 * size, time.perf_counter()
    connection.execute(f"SELECT sum(sqrt(a.range * b.range)) FROM range({size}) a, range({size}) b").fetchall()
    took = time.perf_counter() - began
print(json.dumps({"version": duckdb.__version__}))
PY
export PYTHONPATH="$folder"
python3 -c "$(cat "$folder/program.py")" > "$folder/as_text.out" 2> /dev/null
python3 "$folder/program.py" > "$folder/as_file.out" 2> /dev/null
echo "from a file: $(wc -c < "$folder/as_file.out") bytes: $(cat "$folder/as_file.out")"
echo "by python -c: $(wc -c < "$folder/as_text.out") bytes, the first of them: $(head -c 7 "$folder/as_text.out" | tr '\r' ' ')"
[ "$(wc -c < "$folder/as_text.out")" -gt "$(wc -c < "$folder/as_file.out")" ]
