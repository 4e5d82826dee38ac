#!/usr/bin/env bash
# Altair 6.3.0 with pandas or Polars: naming the type that a column of rungs is given anyway puts the rungs in the order of letters.
#
# Guess: x="rung" of an ordered categorical, or of a Polars Enum, is the same axis as x="rung:O": ordinal, in the order of the categories.
# Seen: both are ordinal; the first has low, medium, high, and the second no order, which vl-convert draws as high, low, medium from left to
# right; alt.X("rung", type="ordinal"), which says the same, keeps the ladder. No warning: a chart made clearer by its types shows another.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" altair==6.3.0 vl-convert-python==1.9.0 polars==2.1.0 pandas==3.1.1 numpy==2.4.6
PYTHONPATH="$folder" python3 -W error - <<'PY'
import re
import sys
import altair as alt
import pandas as pd
import polars as pl
import vl_convert

rungs, coded = ["low", "medium", "high"], ["medium", "high", "low"]
tables = {
    "pandas": pd.DataFrame({"rung": pd.Categorical(coded, rungs, ordered=True), "share": [0.2, 0.5, 0.3]}),
    "polars": pl.DataFrame({"rung": pl.Series(coded, dtype=pl.Enum(rungs)), "share": [0.2, 0.5, 0.3]}),
}
ways = {"rung": alt.X("rung"), "rung:O": alt.X("rung:O"), "type=": alt.X("rung", type="ordinal")}
found, types = {}, set()
for name, table in tables.items():
    for way, x in ways.items():
        chart = alt.Chart(table).mark_bar().encode(x=x, y="share")
        types.add(chart.to_dict()["encoding"]["x"]["type"])
        drawn = vl_convert.vegalite_to_svg(chart.to_json())
        labels = re.findall(r'translate\(([\d.]+),[\d.]+\)[^>]*>(low|medium|high)<', drawn)
        found[name, way] = [word for _, word in sorted(labels, key=lambda at: float(at[0]))]
print("altair", alt.__version__, "vl-convert", vl_convert.__version__, "type", types, "axis from left to right:")
for who, axis in found.items():
    print(*who, axis)
right = all(axis == (sorted(rungs) if way == "rung:O" else rungs) for (_, way), axis in found.items())
sys.exit(0 if right and types == {"ordinal"} else 1)
PY
