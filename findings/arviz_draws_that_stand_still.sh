#!/usr/bin/env bash
# ArviZ 0.23.4 gives a parameter that never moved as many effective draws as there are draws, an error of 0, and no R-hat.
#
# Guess: a parameter that stands still in every chain has an effective sample size of one, or none, and no check of both passes.
# Seen: bulk and tail size are 4,000 of 4,000, the Monte Carlo error is 0, and R-hat is NaN, which xarray's max() passes over: of a
# term with such an element the largest R-hat is that of the others. (NumPyro 0.22.0 says NaN of both; not repeated here.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" arviz==0.23.4 xarray==2026.9.0 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" MPLCONFIGDIR="$folder" python3 -W ignore - <<'PY'
import sys
import arviz
import numpy as np

draws = {"moves": np.random.default_rng(1).normal(size=(4, 1000)), "stands": np.full((4, 1000), 0.3)}
data = arviz.convert_to_dataset({"both": np.stack(list(draws.values()), axis=-1)})
bulk, tail = (arviz.ess(data, method=method)["both"].values for method in ("bulk", "tail"))
rhat, error = arviz.rhat(data)["both"], arviz.mcse(data)["both"].values
print("arviz", arviz.__version__, "of", list(draws))
print("ess bulk", bulk.round(), "tail", tail.round(), "mcse", error.round(4), "R-hat", rhat.values.round(4))
print("largest R-hat by xarray:", round(float(rhat.max()), 4))
is_so = bulk[1] == tail[1] == 4000 and error[1] < 1e-12 and np.isnan(rhat.values[1])
sys.exit(0 if is_so and float(rhat.max()) < 1.01 else 1)
PY
