#!/usr/bin/env bash
# nashpy 0.0.43 finds other equilibria of a game when its payoffs are in dollars, or have one number added to all.
#
# Guess: equilibria do not change with the unit or the zero of the payoffs; what vertex_enumeration gives are equilibria.
# Seen: of a game of coordination with three, it gives none when the payoffs are times 10^9, and nine when 10^6 is added to each: all pairs
# of the three mixtures, six of them no equilibria. No error, no warning. support_enumeration gives the three each time.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" nashpy==0.0.43 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" python3 -W error - <<'PY'
import sys
from importlib.metadata import version
import nashpy
import numpy as np

a, b = np.array([[2.0, 0], [0, 1]]), np.array([[1.0, 0], [0, 2]])
found = {}
for name, game in {"as given": (a, b), "times 10^9": (a * 1e9, b * 1e9), "10^6 added": (a + 1e6, b + 1e6)}.items():
    by_vertices = [(x.round(2) + 0.0, y.round(2) + 0.0) for x, y in nashpy.Game(*game).vertex_enumeration()]
    loss = [max((a @ y).max() - x @ a @ y, (x @ b).max() - x @ b @ y) for x, y in by_vertices]
    found[name] = len(by_vertices), sum(value > 0.1 for value in loss), len(list(nashpy.Game(*game).support_enumeration()))
print("nashpy", version("nashpy"), "by vertices, of them with something to gain by leaving, and by supports:", found)
sys.exit(0 if found == {"as given": (3, 0, 3), "times 10^9": (0, 0, 3), "10^6 added": (9, 6, 3)} else 1)
PY
