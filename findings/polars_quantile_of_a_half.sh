#!/usr/bin/env bash
# Polars 2.1.0: the quantile of one half is not the median, and no bound of an interval is NumPy's.
#
# Guess: quantile(q) interpolates between draws, as NumPy's and pandas' do by default; quantile(0.5) is median().
# Seen: of 1, 2, 3, 4 quantile(0.5) is 3.0 and median() 2.5: by default the nearest value is taken, here the upper of two that are as
# near. Of 20 forecasts the bounds of the middle 90 % are others than NumPy's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" polars==2.1.0 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'PY'
import sys
import numpy as np
import polars

few, many = polars.Series([1.0, 2.0, 3.0, 4.0]), polars.Series([k * k / 1.0 for k in range(20)])
half, middle = few.quantile(0.5), few.median()
bounds = [many.quantile(q) for q in (0.05, 0.95)]
theirs = np.quantile(many.to_numpy(), [0.05, 0.95]).round(2).tolist()
print("polars", polars.__version__, "quantile(0.5)", half, "median", middle, "bounds", bounds, "NumPy's", theirs)
sys.exit(0 if (half, middle) == (3.0, 2.5) and bounds != theirs else 1)
PY
