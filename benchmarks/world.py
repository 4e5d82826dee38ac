"""The world's record: what each rule does to its counts, and the fit of the yardstick that the product ships.

buckpass events load world.duckdb ucdp-esd-ty-181.csv ucdp_prio_acd.csv atop_dyad_years.csv contdir.csv rivalries.csv
python benchmarks/world.py world.duckdb            # counts, for docs/world.md
python benchmarks/world.py world.duckdb --fit      # also fits, and replaces src/buckpass/worldwide/data/yardstick.json
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import polars as pl

from buckpass.worldwide.fit import KEPT, fit_world, write_yardstick
from buckpass.worldwide.record import WorldRecord, counted, read_world, without
from buckpass.worldwide.rules import rules

POWERS = ("USA", "RUS", "CHN", "FRA", "GBR")
SET_ASIDE = ("not_hosts", "only_active", "bridged_years", "rebels")
SHIPPED = Path(__file__).parent.parent / "src/buckpass/worldwide/data" / KEPT
SHOWN = ("conflict_years", "cells_of_years", "none_of_years", "support_after_support", "support_after_none", "episodes",
         "cells", "none_of_cells", "weight_of_cells")  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("store", type=Path)
    asked.add_argument("--fit", action="store_true")
    given = asked.parse_args()
    the = rules()
    record = counted(read_world(given.store, the), POWERS, the)
    tell(given.store, record)
    if given.fit:
        began = time.perf_counter()
        found = fit_world(record.cells, {"powers": POWERS, "counts": record.counts, "files": record.files})
        scores = found.scores | {"seconds": time.perf_counter() - began}
        write_yardstick(SHIPPED, replace(found, scores=scores), force=True)
        print(f"\n{scores}\n{found.reasons or 'passed its diagnostics'}")


def tell(store: Path, record: WorldRecord) -> None:
    """The counts by the rules and with each rule set aside, and the record's table."""
    rows = [("as ruled", record.counts)]
    for name in SET_ASIDE:
        the = without(record.rules, name)
        rows.append((f"without {name}", counted(read_world(store, the), POWERS, the).counts))
    table = pl.DataFrame([{"rule": name, **{k: round(counts[k], 3) for k in SHOWN}} for name, counts in rows])
    with pl.Config(tbl_cols=-1, tbl_rows=-1, tbl_width_chars=220, tbl_hide_column_data_types=True):
        print(table, record.table().frame, sep="\n")


if __name__ == "__main__":
    main()
