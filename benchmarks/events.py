"""How fast event files load and how fast profiles are drawn, beside pandas on the same file.

python benchmarks/events.py --json [--rows 5000000] [--most-rows 20000000] [--against SRC]

Makes one file in the layout of GDELT 1.0 (58 columns, about 350 bytes a row as real files have, one row in 10,000
damaged) and loads its first million, its first `--rows` and all of its rows, each into a store of its own in a process
of its own; draws a profile over the largest; and lets pandas read the same `--rows`. Prints one JSON object:

rows_per_s      rows loaded into the store per second, of `--rows`
peak_mb         peak memory of that load; peak_mb_1m and peak_mb_20m of the shortest and the longest
pandas_ratio    how many times longer pandas takes to read the same file (all columns, nothing checked, nothing stored)
pandas_job_ratio    the same for pandas doing what a load does but for storing and hashing: the needed columns, typed,
                every row judged, bad rows apart
pandas_needed_ratio the same for pandas only reading the needed columns, which fails on a damaged cell if it is typed
ceiling_ratio   pandas_ratio of DuckDB alone copying the stored columns, typed, into a table of a file: nothing hashed, no row
                judged, no actor named, bad rows skipped unseen; what a load into such a store can come near and not pass
profile_20m_s   a profile over all rows, the better of two
folder_s        seconds for a folder of 40 files of 300 MB in all, half of it GDELT, the rest ICEWS, POLECAT, GED, ACLED, external
                support and tables, into one store
against_ratio   with --against, the `src` of another build: how many times longer that build takes for `--rows`, the best of
                four each, first and second in turn; against_peak_ratio the same for peak memory (ours over theirs)
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
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
)
STATES = (*STATES, "")
ACTORS, HOSTS = STATES[:3], STATES[3:8]
CODES = ("010", "020", "036", "040", "042", "043", "046", "051", "057")
CODES = (*CODES, "061", "0211", "071", "072", "073", "111", "112", "173", "190")
BLOCK = 500_000
DAMAGED_EVERY = 10_000
SHORT = 1_000_000
# what coding needs, by position in GDELT 1.0
ID, DAY, SOURCE, SOURCE_STATE, SOURCE_GROUP, TARGET, TARGET_STATE, TARGET_GROUP = 0, 1, 5, 7, 8, 15, 17, 18
IS_ROOT, CODE, ROOT, GOLDSTEIN, MENTIONS, PLACE, ADDED = 25, 26, 28, 30, 31, 51, 56
NEEDED = (ID, DAY, SOURCE, SOURCE_STATE, SOURCE_GROUP, TARGET, TARGET_STATE, TARGET_GROUP)
NEEDED = (*NEEDED, IS_ROOT, CODE, ROOT, GOLDSTEIN, MENTIONS, PLACE, ADDED)


def make_file(path: Path, rows: int, seed: int = 0) -> None:
    """A file of `rows` events from 1995 on, in the layout of GDELT 1.0."""
    rng = np.random.default_rng(seed)
    with path.open("wb") as file:
        for first in range(0, rows, BLOCK):
            _block(rng, first, min(BLOCK, rows - first)).write_csv(
                file, separator="\t", include_header=False, quote_style="never"
            )


def _block(rng: np.random.Generator, first: int, count: int):
    import polars as pl

    number = np.arange(first, first + count)
    codes, mentions = rng.integers(0, len(CODES), count), rng.integers(1, 40, count)
    days = pl.Series(np.datetime64("1995-01-01") + rng.integers(0, 9_000, count)).dt.strftime("%Y%m%d")
    sources, targets = (pl.Series(STATES).gather(rng.integers(0, len(STATES), count)) for _ in range(2))
    drawn = pl.DataFrame(
        {
            "id": number + 1, "damaged": number % DAMAGED_EVERY == 7, "day": days, "source": sources, "target": targets,
            "code": pl.Series(CODES).gather(codes), "goldstein": -2.0 + codes % 7, "mentions": mentions,
            "tone": rng.normal(0, 4, count).round(13), "place": number % 97,
        }
    )  # fmt: skip
    day = pl.when("damaged").then(pl.lit("19951399")).otherwise("day")
    year = day.str.head(4)
    source, target, code, mentions = pl.col("source"), pl.col("target"), pl.col("code"), pl.col("mentions")
    where = [1, "Kazakhstan", "KZ", "KZ", 48.0, 68.0, pl.format("KZ{}", "place")]
    report = "https://news.example.org/world/{}/{}/officials-meet-to-discuss-border-and-trade-report.html"
    cells = [
        "id", day, day.str.head(6), year, year + ".5",
        source + "GOV", source + " GOVERNMENT", source, "", "", "", "", "GOV", "", "",
        target + "MIL", target + " ARMY", target, "", "", "", "", "MIL", "", "",
        1, code, code.str.head(3), code.str.head(2), 1, "goldstein", mentions, 1, mentions, "tone",
        *where, *where, *where, day, pl.format(report, year, "id"),
    ]  # fmt: skip
    return drawn.select(_cell(cell).alias(str(k)) for k, cell in enumerate(cells))


def _cell(cell):
    import polars as pl

    names = ("id", "goldstein", "tone")
    return cell if isinstance(cell, pl.Expr) else pl.col(cell) if cell in names else pl.lit(cell)


# files of a folder of downloads: layout, how many, rows of each, separator, what each row has beside one that is always the same
FOLDER = (
    ("gdelt1", 8, 56_000, "\t", {}),
    ("icews", 6, 62_000, "\t", {"Event Text": "Consult", "Source Name": "Foreign Affairs (Russia)", "Target Name": "Kazakhstan",
                                "Country": "Kazakhstan", "Publisher": "Some News Agency", "Source Sectors": "Government,Executive,Elite"}),
    ("polecat", 4, 36_000, "\t", {"Event Type": "AID", "Contexts": "military", "Actor Name": "China", "Actor Country": "CHN",
                                  "Recipient Country": "TJK", "Story People": "a person; another person; a third person",
                                  "Story Locations": "a town; a district; a province", "Wikipedia Actor ID": "Government of China"}),
    ("ucdp_ged", 4, 18_000, ",", {"country_id": "703", "best": "2", "high": "3", "low": "1", "type_of_violence": "1", "gwnoa": "703",
                                  "latitude": "40.1", "longitude": "70.8", "date_end": "2019-12-31",
                                  "source_article": "Paper, 2018-01-01, clash at the border near the river; Agency, 2018-01-02, more",
                                  "where_description": "a village, some way from the town"}),
    ("acled", 4, 16_000, ",", {"event_type": "Battles", "country": "Kyrgyzstan", "fatalities": "1", "event_date": "16 September 2018",
                               "year": "2018", "notes": "On that day, shots were exchanged near the border. " * 6}),
    ("ucdp_support", 2, 15_000, ",", {"ext_name": "Government of Russia (Soviet Union)", "actor_name": "Government of Tajikistan"}),
    ("sipri_register", 2, 25_000, ",", {"Supplier": "Russia", "Recipient": "Kazakhstan", "Designation": "BTR-80"}),
    ("cow_capabilities", 3, 16_000, ",", {}),
    ("us_troops", 3, 15_000, ",", {"countryname": "Norway"}),
    ("mid_participants", 2, 6_000, ",", {}),
    ("ucdp_conflicts", 2, 3_000, ",", {"type_of_conflict": "3", "intensity_level": "1", "location": "Tajikistan"}),
)  # fmt: skip
BESIDE = {
    "icews": ("Source Sectors", "Target Sectors", "Story ID", "Sentence Number", "Publisher", "City", "District", "Province",
              "Latitude", "Longitude"),
    "polecat": ("Quad Code", "Actor COW", "Primary Actor Sector", "Actor Title", "Actor Name Raw", "Wikipedia Actor ID",
                "Recipient COW", "Primary Recipient Sector", "Placename", "City", "District", "Province", "GeoNames ID", "Source",
                "Publication Date", "Story People", "Story Organizations", "Story Locations", "Language", "Version"),
    "acled": ("civilian_targeting", "region", "source", "source_scale", "notes", "tags"),
}  # fmt: skip
USUAL = {
    "integer": "1",
    "year": "2001",
    "number": "1.5",
    "text": "x",
    "code": "040",
    "date": "2018-09-16",
    "truth": "1",
    "integers": "2",
}
VARIED = {"ucdp_ged": "id", "acled": "event_id_cnty", "icews": "Event ID", "polecat": "Event ID", "ucdp_support": "id"}


def make_folder(folder: Path) -> list[Path]:
    """The files of a folder of downloads, each with ids of its own."""
    made = []
    for layout_id, count, rows, separator, cells in FOLDER:
        for k in range(count):
            made.append(folder / f"{layout_id}_{k}.txt")
            if layout_id == "gdelt1":
                with made[-1].open("wb") as file:
                    _block(np.random.default_rng(k), k * rows, rows).write_csv(
                        file, separator="\t", include_header=False, quote_style="never"
                    )
            else:
                _table(layout_id, k, rows, cells).write_csv(made[-1], separator=separator)
    return made


def _table(layout_id: str, number: int, rows: int, cells: dict[str, str]):
    """Rows of one layout under its own header, the first column (or the publisher's id) different in each."""
    import polars as pl

    from buckpass.events.files.layouts import layout

    known = layout(layout_id)
    usual = {column.source: USUAL[column.kind] for column in known.columns}
    names = known.names or (*usual, *BESIDE.get(layout_id, ()))
    first = VARIED.get(layout_id, names[0])
    ids = pl.int_range(number * rows, (number + 1) * rows, eager=True).cast(pl.String)
    constant = [pl.lit((usual | cells).get(name), dtype=pl.String).alias(name) for name in names if name != first]
    return pl.DataFrame({first: ids}).with_columns(constant).select(names)


def load_folder(store: Path, files: list[Path]) -> dict:
    """Seconds and peak memory of one load of many files."""
    from buckpass.events import load

    began = time.perf_counter()
    report = load(store, files)
    seconds = time.perf_counter() - began
    assert not report.refused
    assert all(file.rows_rejected <= 0.001 * file.rows_read for file in report.files)
    return {
        "seconds": seconds,
        "files": len(files),
        "mb": sum(f.stat().st_size for f in files) / 1e6,
        "peak_mb": _peak_mb(),
    }


OTHER = """
import json, resource, sys, time
from pathlib import Path
from buckpass.events import load
began = time.perf_counter()
load(Path(sys.argv[1]), [Path(sys.argv[2])])
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def against(other: Path, folder: Path, file: Path) -> dict:
    """Another build's time and memory for the same load, beside ours: each four times, first and second in turn, the best counts."""
    runs: dict[str, list[dict]] = {"ours": [], "theirs": []}
    own = Path(__file__).parent.parent / "src"
    builds = [("ours", own), ("theirs", other)]
    for turn in range(4):
        for who, src in builds if turn % 2 else reversed(builds):
            store = folder / f"{who}{turn}.duckdb"
            done = subprocess.run(
                [sys.executable, "-c", OTHER, str(store), str(file)], env=os.environ | {"PYTHONPATH": str(src)},
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            runs[who].append(json.loads(done.stdout.splitlines()[-1]))
            store.unlink()
    seconds = {who: min(run["seconds"] for run in found) for who, found in runs.items()}
    peaks = {who: min(run["peak_mb"] for run in found) for who, found in runs.items()}
    return {
        "against_ratio": round(seconds["theirs"] / seconds["ours"], 2),
        "against_peak_ratio": round(peaks["ours"] / peaks["theirs"], 2),
    }


def first_rows(source: Path, target: Path, rows: int) -> None:
    """The first `rows` lines of a file as a file of their own."""
    left = rows
    with source.open("rb") as given, target.open("wb") as out:
        while left and (chunk := given.read(1 << 20)):
            ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n"))
            out.write(chunk if len(ends) <= left else chunk[: ends[left - 1] + 1])
            left -= min(left, len(ends))


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
    rows = {"read": loaded.rows_read, "rejected": loaded.rows_rejected}
    return rows | {"seconds": seconds, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": _peak_mb()}


def pandas_all(file: Path) -> dict:
    """Seconds and peak memory of pandas reading the file as it is usually read."""
    import pandas as pd

    began = time.perf_counter()
    text = {CODE: str, CODE + 1: str, ROOT: str}
    pd.read_csv(file, sep="\t", header=None, quoting=3, low_memory=False, dtype=text)
    return {"seconds": time.perf_counter() - began, "peak_mb": _peak_mb()}


def pandas_needed(file: Path) -> dict:
    """Seconds and peak memory of pandas reading only the columns that coding needs."""
    import pandas as pd

    began = time.perf_counter()
    pd.read_csv(file, sep="\t", header=None, quoting=3, usecols=list(NEEDED), dtype={CODE: str, ROOT: str})
    return {"seconds": time.perf_counter() - began, "peak_mb": _peak_mb()}


def pandas_job(file: Path) -> dict:
    """Seconds and peak memory of pandas doing the load's work: typed, each row judged, actors named; nothing stored."""
    import pandas as pd

    from buckpass.events.actors import gdelt_countries, gdelt_groups
    from buckpass.events.coding.ladder import PATTERNS

    began = time.perf_counter()
    read = pd.read_csv(file, sep="\t", header=None, quoting=3, usecols=list(NEEDED), dtype=str)
    day = pd.to_datetime(read[DAY], format="%Y%m%d", errors="coerce")
    numbers = {column: pd.to_numeric(read[column], errors="coerce") for column in (ID, GOLDSTEIN, MENTIONS)}
    lost_zero = (read[ROOT].str.len() == 1) & ~read[CODE].str.startswith("0")
    code = read[CODE].where(~lost_zero, "0" + read[CODE])
    is_right = day.notna() & numbers[ID].notna() & numbers[MENTIONS].between(0, 1e7) & read[ADDED].notna()
    is_right &= read[IS_ROOT].isin(["0", "1"]) & code.str.fullmatch(PATTERNS["CAMEO"]).fillna(False)
    is_right &= numbers[GOLDSTEIN].between(-10, 10) | read[GOLDSTEIN].isna()
    is_right &= code.str[:2] == read[ROOT].str.zfill(2)
    sides = {}
    for side, state, group in (("source", SOURCE_STATE, SOURCE_GROUP), ("target", TARGET_STATE, TARGET_GROUP)):
        known = read[group].map(gdelt_groups())
        sides[side] = known.fillna(read[state].map(gdelt_countries()).fillna(read[state]))
    kept = pd.DataFrame(
        {"day": day, "code": code, "source": read[SOURCE], "target": read[TARGET], "place": read[PLACE]}
        | {f"{side}_id": named for side, named in sides.items()}
        | {str(column): number for column, number in numbers.items()}
    )
    events, rejects = kept[is_right], read[~is_right]
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "peak_mb": _peak_mb(), "loaded": len(events), "rejected": len(rejects)}


def duckdb_copy(file: Path) -> dict:
    """Seconds of DuckDB copying the stored columns of the file into a table, as fast as it can."""
    import duckdb

    typed = {ID: "BIGINT", DAY: "DATE", IS_ROOT: "BOOLEAN", GOLDSTEIN: "FLOAT", MENTIONS: "INTEGER"}
    columns = ", ".join(f"'c{k}': '{typed.get(k, 'VARCHAR')}'" for k in range(58))
    stored = ", ".join(f"c{k}" for k in NEEDED if k not in (SOURCE_GROUP, TARGET_GROUP, ROOT, ADDED))
    began = time.perf_counter()
    with duckdb.connect(str(file.with_suffix(".copy"))) as connection:
        connection.execute("SET preserve_insertion_order = false; SET memory_limit = '1GB'")
        connection.execute(
            f"CREATE TABLE copy AS SELECT {stored} FROM read_csv('{file}', delim='\t', quote='', escape='', header=false, "
            f"auto_detect=false, null_padding=true, ignore_errors=true, dateformat='%Y%m%d', columns={{{columns}}})"
        )
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


def measure(folder: Path, rows: int, most_rows: int, other: Path | None) -> dict:
    """All the numbers, smallest file first."""
    mixed = folder / "mixed"
    mixed.mkdir()
    downloads = _in_process(load_folder, folder / "mixed.duckdb", make_folder(mixed))
    shutil.rmtree(mixed)
    longest, middle, short = (folder / f"{name}.csv" for name in ("longest", "middle", "short"))
    make_file(longest, most_rows)
    first_rows(longest, middle, rows)
    first_rows(longest, short, min(SHORT, rows))
    loads = {
        file.stem: _in_process(load_once, folder / f"{file.stem}.duckdb", file) for file in (short, middle, longest)
    }
    drawn = _in_process(profile_once, folder / "longest.duckdb")
    longest.unlink()
    by_pandas = {job.__name__: _in_process(job, middle) for job in (pandas_all, pandas_needed, pandas_job)}
    copied = _in_process(duckdb_copy, middle)
    beside = against(other, folder, middle) if other else {}
    assert by_pandas["pandas_job"]["rejected"] == loads["middle"]["rejected"], "both must judge alike"
    ours = loads["middle"]
    return {
        "rows_per_s": round(ours["read"] / ours["seconds"]),
        "peak_mb": round(ours["peak_mb"]),
        "pandas_ratio": round(by_pandas["pandas_all"]["seconds"] / ours["seconds"], 2),
        "profile_20m_s": round(drawn["seconds"], 3),
        "pandas_job_ratio": round(by_pandas["pandas_job"]["seconds"] / ours["seconds"], 2),
        "pandas_needed_ratio": round(by_pandas["pandas_needed"]["seconds"] / ours["seconds"], 2),
        **beside,
        "folder_s": round(downloads["seconds"], 1),
        "folder_mb": round(downloads["mb"]),
        "folder_files": downloads["files"],
        "folder_peak_mb": round(downloads["peak_mb"]),
        "ceiling_ratio": round(by_pandas["pandas_all"]["seconds"] / copied["seconds"], 2),
        "pandas_peak_mb": round(by_pandas["pandas_all"]["peak_mb"]),
        "pandas_job_peak_mb": round(by_pandas["pandas_job"]["peak_mb"]),
        "pandas_needed_peak_mb": round(by_pandas["pandas_needed"]["peak_mb"]),
        "peak_mb_1m": round(loads["short"]["peak_mb"]),
        "peak_mb_20m": round(loads["longest"]["peak_mb"]),
        "rows_per_s_20m": round(loads["longest"]["read"] / loads["longest"]["seconds"]),
        "load_cpu_s_per_million": round(ours["cpu_s"] / ours["read"] * 1e6, 2),
        "rows": ours["read"],
        "rows_rejected": ours["rejected"],
        "file_mb": round(middle.stat().st_size / 1e6),
        "profile_rows": loads["longest"]["read"],
        "profile_cold_s": round(drawn["cold"], 3),
        "store_mb": round((folder / "longest.duckdb").stat().st_size / 1e6),
        "cpus": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object (the last line)")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--most-rows", type=int, default=20_000_000)
    parser.add_argument("--against", type=Path, help="the src folder of another build, to be timed beside this one")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="buckpass-bench-"))
    try:
        numbers = measure(folder, options.rows, max(options.rows, options.most_rows), options.against)
    finally:
        shutil.rmtree(folder)
    if options.json:
        print(json.dumps(numbers))
    else:
        for name, number in numbers.items():
            print(f"{name:24} {number}")


if __name__ == "__main__":
    main()
