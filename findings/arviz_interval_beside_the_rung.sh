#!/usr/bin/env bash
# ArviZ 0.23.4 leaves the most probable value out of an interval of whole numbers that may have several parts.
#
# Guess: hdi(draws, hdi_prob=0.94, multimodal=True) of a rung holds at least 94 % of the draws, the most frequent rung first.
# Seen: a rung that is 3 in 97 % of the draws and 0 in 3 % has the interval 0 to 0; one that is 0 and 3 by halves has 0 to 0 for 90 %, and
# one that is 3 in nine of ten has 3 to 3 for 94 %. Values are taken while their sum stays below the share wanted; if the first is too
# much, the lowest value stands in. Without multimodal the interval has the 3 in it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" arviz==0.23.4 xarray==2026.9.0 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" MPLCONFIGDIR="$folder" python3 -W ignore - <<'PY'
import sys
import arviz
import numpy as np

draws = {"3 by 97 %": (np.repeat([0, 3], [120, 3880]), 0.94), "halves": (np.repeat([0, 3], 2000), 0.9), "3 by 90 %": (np.repeat([0, 3], [400, 3600]), 0.94)}
found, held = {}, {}
for name, (rungs, share) in draws.items():
    parts = arviz.hdi(rungs, hdi_prob=share, multimodal=True)
    parts = parts[~np.isnan(parts).any(axis=1)]
    found[name] = parts.tolist()
    held[name] = float(np.mean([any(low <= rung <= high for low, high in parts) for rung in rungs]))
    print(f"arviz {arviz.__version__}, {name}: for {share:.0%} {found[name]}, which holds {held[name]:.0%}; in one part {arviz.hdi(rungs, hdi_prob=share).tolist()}")
is_so = found == {"3 by 97 %": [[0, 0]], "halves": [[0, 0]], "3 by 90 %": [[3, 3]]} and held["3 by 97 %"] < 0.05
sys.exit(0 if is_so else 1)
PY
