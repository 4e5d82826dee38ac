"""Run every benchmark and keep the results: writes benchmarks/results.json with the machine described.

A benchmark is a script benchmarks/NAME.py that prints one JSON object last when called with --json.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from machine import machine

HERE = Path(__file__).parent
NAMES = ("solver", "fit", "cli", "events", "futures", "app")


def run(name: str) -> dict:
    done = subprocess.run(
        [sys.executable, str(HERE / f"{name}.py"), "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    wanted = sys.argv[1:] or [n for n in NAMES if (HERE / f"{n}.py").exists()]
    path = HERE / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    for name in wanted:
        results[name] = {**run(name), "machine": machine()}
        print(name, json.dumps(results[name]), flush=True)
        path.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
