#!/usr/bin/env bash
# girth 0.8.0 takes a vote that goes the other way for one that tells next to nothing, and misplaces its threshold.
#
# Guess: the discrimination of an item may be negative, as in the scaling of roll calls, where a yes is now of the one side and now of the other.
# Seen: it may not be less than 0.2. Six votes of 800 members, on two of which yes is of the other side (slopes of -1.4 and -1.0), have slopes of 1.7,
# 1.0, 0.2, 1.5, 0.2 and 0.9. With these two recoded theirs are 1.6 and 0.9, and the members' places go with the true ones by 0.79 instead of
# 0.71. Nothing says that a bound was met.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" girth==0.8.0 numpy==2.2.6 scipy==1.15.3
PYTHONPATH="$folder" python3 -W ignore - <<'PY'
import sys
from importlib.metadata import version
import numpy as np
from girth import ability_eap, twopl_mml

draw = np.random.default_rng(1)
slopes, thresholds = np.array([1.5, 1.2, -1.4, 1.8, -1.0, 0.9]), np.array([0, 0.5, 0.2, -0.5, 0, 1])
places = draw.normal(size=800)
votes = (draw.random((6, 800)) < 1 / (1 + np.exp(-slopes[:, None] * (places - thresholds[:, None])))).astype(int)
recoded = np.where(slopes[:, None] < 0, 1 - votes, votes)
print("girth", version("girth"), "slopes given", slopes.tolist())
found = {}
for name, table in {"as voted": votes, "recoded": recoded}.items():
    fit = twopl_mml(table)
    told = ability_eap(table, fit["Difficulty"], fit["Discrimination"])
    found[name] = fit["Discrimination"], float(np.corrcoef(told, places)[0, 1])
    items = {part: fit[part].round(2).tolist() for part in ("Discrimination", "Difficulty")}
    print(name, items, "places by", round(found[name][1], 2))
(bound, worse), (free, better) = found["as voted"], found["recoded"]
turned = slopes < 0
sys.exit(0 if np.all(bound[turned] < 0.3) and np.all(np.abs(free[turned] + slopes[turned]) < 0.4) and better > worse + 0.03 else 1)
PY
