#!/usr/bin/env bash
# SALib 1.6.0: the index of an input with few values by RBD-FAST depends on the order of the rows.
#
# Guess: points and outcomes go together row by row, so a table sorted by its outcome has the same indices as before.
# Seen: a yes/no input of which three quarters of the variance come has 0.70 with the rows as drawn, and 1.00 with the same rows sorted by
# the outcome, with an interval of a few hundredths: rows of one value keep the order they came in, and it counts as their doing. The inputs
# that run through an interval keep their indices. No error, no warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" salib==1.6.0 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" MPLCONFIGDIR="$folder" python3 -W error - <<'PY'
import sys
from importlib.metadata import version
import numpy as np
from SALib.analyze import rbd_fast

draw, names = np.random.default_rng(0), ["pact", "stake", "idle"]
points = np.column_stack([draw.integers(0, 2, 1000), draw.random(1000), draw.random(1000)])
outcome = points[:, 0] + points[:, 1]
problem = {"num_vars": 3, "names": names, "bounds": [[0, 1]] * 3}


def indices(rows):
    found = rbd_fast.analyze(problem, points[rows], outcome[rows], seed=1)
    return np.round(found["S1"], 2), np.round(found["S1_conf"], 2)


drawn, sorted_rows = indices(np.arange(1000)), indices(np.argsort(outcome))
print("SALib", version("SALib"), names, "of pact by the variances: 0.75")
print("as drawn", *drawn)
print("sorted by the outcome", *sorted_rows)
is_so = drawn[0][0] < 0.8 and sorted_rows[0][0] > 0.97 and sorted_rows[1][0] < 0.1
sys.exit(0 if is_so and (drawn[0][1:] == sorted_rows[0][1:]).all() else 1)
PY
