#!/usr/bin/env bash
# SALib 1.6.0 analyses a design that is not the one it was given: with three inputs, or seven, nothing tells that.
#
# Guess: indices of points drawn without second order, analysed by the default (with it), are an error: the number of rows is wrong.
# Seen: with three inputs 5 n rows are taken for the 8 n of the other design, since 8 divides them: one first index is -0.8, and the
# total index of an input that does nothing 1.25, give or take 0.1. Morris' effects of points on eight levels, analysed by the default
# of four, are all a seventh too small. The points carry no word of how they were drawn.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" salib==1.6.0 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" python3 -W error::RuntimeWarning - <<'PY'
import sys
from importlib.metadata import version
from SALib.analyze import morris, sobol
from SALib.sample import morris as trajectories
from SALib.sample import sobol as points

problem = {"num_vars": 3, "names": ["a", "b", "idle"], "bounds": [[0, 1]] * 3}
outcome = lambda x: x[:, 0] + 2 * x[:, 1]
x = points.sample(problem, 1024, calc_second_order=False, seed=1)
wrong = sobol.analyze(problem, outcome(x), seed=1)
right = sobol.analyze(problem, outcome(x), calc_second_order=False, seed=1)
x = trajectories.sample(problem, 50, num_levels=8, seed=1)
effects = [morris.analyze(problem, x, outcome(x), seed=1, **said)["mu_star"].round(3) for said in ({}, {"num_levels": 8})]
print("SALib", version("SALib"))
print("by default: S1", wrong["S1"].round(2), "ST", wrong["ST"].round(2), "±", wrong["ST_conf"].round(2))
print("as drawn:   S1", right["S1"].round(2), "ST", right["ST"].round(2))
print("mu* by default", effects[0], "as drawn", effects[1])
is_so = min(wrong["S1"]) < -0.5 and wrong["ST"][2] > 1 and abs(right["ST"][2]) < 0.01
sys.exit(0 if is_so and (effects[0] < 0.9 * effects[1])[:2].all() else 1)
PY
