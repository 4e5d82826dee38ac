"""How fast event files load and how fast profiles are drawn, beside pandas on the same file.

python benchmarks/events.py --json [--rows 5000000] [--profile-rows 20000000]

Makes a file in the layout of GDELT 1.0 (58 columns, about 355 bytes a row as real files have, one row in 10,000
damaged), loads it in a process of
its own, and prints one JSON object: rows_per_s, peak_mb, pandas_ratio, profile_20m_s, and what they were measured on.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

STATES = (
    "RUS",
    "CHN",
    "USA",
    "KAZ",
    "KGZ",
    "TJK",
    "TKM",
    "UZB",
    "IRN",
    "TUR",
    "IND",
    "AFG",
    "GBR",
    "FRA",
    "DEU",
    "JPN",
    "",
)
ACTORS, HOSTS = STATES[:3], STATES[3:8]
CODES = (
    "010",
    "020",
    "036",
    "040",
    "042",
    "043",
    "046",
    "051",
    "057",
    "061",
    "0211",
    "071",
    "072",
    "073",
    "111",
    "112",
    "173",
    "190",
)
BLOCK = 100_000
DAMAGED_EVERY = 10_000


def make_file(path: Path, rows: int, seed: int = 0) -> None:
    """A file of `rows` events from 1995 on, in the layout of GDELT 1.0."""
    rng = np.random.default_rng(seed)
    with path.open("w", encoding="utf-8") as file:
        for first in range(0, rows, BLOCK):
            file.write("".join(_lines(rng, first, min(BLOCK, rows - first))))


def _lines(rng: np.random.Generator, first: int, count: int):
    days = np.datetime64("1995-01-01") + rng.integers(0, 9_000, count)
    sources, targets = rng.integers(0, len(STATES), (2, count))
    codes, mentions = rng.integers(0, len(CODES), count), rng.integers(1, 40, count)
    tone = rng.normal(0, 4, count).round(13)
    for k in range(count):
        code, source, target = CODES[codes[k]], STATES[sources[k]], STATES[targets[k]]
        day = "19951399" if (first + k) % DAMAGED_EVERY == 7 else str(days[k]).replace("-", "")
        where = f"1\tKazakhstan\tKZ\tKZ\t48.0\t68.0\tKZ{k % 97}"
        yield (
            f"{first + k + 1}\t{day}\t{day[:6]}\t{day[:4]}\t{day[:4]}.5\t{source}GOV\t{source} GOVERNMENT\t{source}"
            f"\t\t\t\t\tGOV\t\t\t{target}MIL\t{target} ARMY"
            f"\t{target}\t\t\t\t\tMIL\t\t\t1\t{code}\t{code[:3]}\t{code[:2]}\t1"
            f"\t{-2.0 + codes[k] % 7}\t{mentions[k]}\t1\t{mentions[k]}\t{tone[k]}\t{where}\t{where}\t{where}\t{day}"
            f"\thttps://news.example.org/world/{day[:4]}/{first + k}/"
            f"officials-meet-to-discuss-border-and-trade-report.html\n"
        )


def _in_process(function, *arguments) -> dict:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(function, arguments)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def load_once(store: Path, file: Path) -> dict:
    """Seconds, rows and peak memory of one load."""
    from buckpass.events import load

    began = time.perf_counter()
    report = load(store, [file])
    seconds = time.perf_counter() - began
    loaded = report.files[0]
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    rows = {"read": loaded.rows_read, "rejected": loaded.rows_rejected}
    return rows | {"seconds": seconds, "cpu_s": cpu, "peak_mb": _peak_mb()}


def pandas_once(file: Path, rows: int) -> dict:
    """Seconds and peak memory of pandas reading the columns that coding needs, as users do it."""
    import pandas as pd

    began = time.perf_counter()
    pd.read_csv(file, sep="\t", header=None, nrows=rows, quoting=3, low_memory=False, dtype={26: str, 27: str, 28: str})
    return {"seconds": time.perf_counter() - began, "peak_mb": _peak_mb()}


def profile_once(store: Path) -> dict:
    """Seconds of a profile over the store: the better of two, the first of which warms the file cache."""
    from buckpass.events import profile

    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        profile(store, ACTORS, HOSTS)
        seconds.append(time.perf_counter() - began)
    return {"seconds": min(seconds), "cold": seconds[0], "peak_mb": _peak_mb()}


def measure(folder: Path, rows: int, profile_rows: int, pandas_rows: int) -> dict:
    """All the numbers; `profile_rows` are reached by loading further files of `rows`."""
    store, file = folder / "store.duckdb", folder / "events.csv"
    make_file(file, rows)
    first = _in_process(load_once, store, file)
    by_pandas = _in_process(pandas_once, file, min(rows, pandas_rows))
    size_mb = file.stat().st_size / 1e6
    last = first
    for number in range(1, max(1, -(-profile_rows // rows))):
        make_file(file, rows, seed=number)
        last = _in_process(load_once, store, file)
    drawn = _in_process(profile_once, store)
    ours, theirs = first["read"] / first["seconds"], min(rows, pandas_rows) / by_pandas["seconds"]
    return {
        "rows_per_s": round(ours),
        "peak_mb": round(first["peak_mb"]),
        "pandas_ratio": round(ours / theirs, 2),
        "profile_20m_s": round(drawn["seconds"], 3),
        "load_cpu_s": round(first["cpu_s"], 2),
        "rows": rows,
        "rows_rejected": first["rejected"],
        "file_mb": round(size_mb),
        "peak_mb_of_last_load": round(last["peak_mb"]),
        "pandas_rows": min(rows, pandas_rows),
        "pandas_peak_mb": round(by_pandas["peak_mb"]),
        "profile_rows": rows * max(1, -(-profile_rows // rows)),
        "profile_cold_s": round(drawn["cold"], 3),
        "store_mb": round(store.stat().st_size / 1e6),
        "cpus": os.cpu_count(),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object (the last line)")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--profile-rows", type=int, default=20_000_000)
    parser.add_argument("--pandas-rows", type=int, default=5_000_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="buckpass-bench-"))
    try:
        numbers = measure(folder, options.rows, options.profile_rows, options.pandas_rows)
    finally:
        shutil.rmtree(folder)
    if options.json:
        print(json.dumps(numbers))
    else:
        for name, number in numbers.items():
            print(f"{name:22} {number}")


if __name__ == "__main__":
    main()
