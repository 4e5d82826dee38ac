#!/usr/bin/env bash
# SALib 1.6.0 gives indices for an outcome that never varies: Sobol's and Morris' are 0 with an interval of 0.
#
# Guess: the share of a variance of zero is refused, or at least warned of.
# Seen: no error (of Sobol's NumPy warns of a division); a table of sensitivities of a constant cannot be told from one in which the inputs do not matter.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" salib==1.6.0
PYTHONPATH="$folder" python3 - <<'PY'
import sys
import warnings
import numpy as np
from importlib.metadata import version
from SALib.analyze import morris, sobol
from SALib.sample import morris as trajectories
from SALib.sample import sobol as points

problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0, 1], [0, 1]]}
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    x = points.sample(problem, 64, calc_second_order=False, seed=1)
    first = sobol.analyze(problem, np.full(len(x), 3.0), calc_second_order=False, seed=1)
    x = trajectories.sample(problem, 10, seed=1)
    effects = morris.analyze(problem, x, np.full(len(x), 3.0), seed=1)
print("SALib", version("SALib"), "S1", first["S1"], first["S1_conf"], "mu*", effects["mu_star"], effects["mu_star_conf"],
      "warnings", [str(w.message)[:60] for w in told])
given = [first["S1"], first["S1_conf"], effects["mu_star"], effects["mu_star_conf"]]
sys.exit(0 if all(list(numbers) == [0, 0] for numbers in given) else 1)
PY
