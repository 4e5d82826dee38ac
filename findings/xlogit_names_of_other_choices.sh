#!/usr/bin/env bash
# xlogit 0.2.7 gives an alternative's intercept, and its place among the predictions, the name of another one, unless the rows are sorted by name.
#
# Guess: `alts` names the alternative of each row, so the order in which a crisis lists its alternatives, the same in each, changes nothing.
# Seen: rows and probabilities go as listed, names by the alphabet. War is chosen in 6 % of the crises, less than aid: its intercept beside aid is
# -1.65 with rows as aid, talk, war, and 1.65, p < 0.001, with the same rows as war, talk, aid; predictions then name war in 18 % and are right
# less often. No warning, though an order that differs between crises is an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" xlogit==0.2.7 numpy==2.2.6 scipy==1.15.3
PYTHONPATH="$folder" python3 -W error - <<'PY'
import sys
from importlib.metadata import version
import numpy as np
from xlogit import MultinomialLogit

names, crises = np.array(["war", "talk", "aid"]), 600
draw = np.random.default_rng(1)
tie = draw.normal(size=(crises, 3))
chosen = (np.array([-1.5, 1.0, 0.0]) + 0.8 * tie + draw.gumbel(size=(crises, 3))).argmax(1)
share = float((chosen == 0).mean())
found = {}
for order in ([2, 1, 0], [0, 1, 2]):
    rows = {
        "X": tie[:, order].reshape(-1, 1),
        "varnames": ["tie"],
        "alts": np.tile(names[order], crises),
        "ids": np.repeat(np.arange(crises), 3),
    }
    model = MultinomialLogit()
    model.fit(**rows, y=(chosen[:, None] == np.array(order)).ravel().astype(float), fit_intercept=True, verbose=0)
    place = list(model.coeff_names).index("_intercept.war")
    told, by_row = model.predict(**rows, return_proba=True)
    right = float((told == names[chosen]).mean())
    found[tuple(names[order])] = float(model.coeff_[place]), float(model.pvalues[place]), float((told == "war").mean()), right
    print(names[order].tolist(), "mean chance by place", by_row.mean(0).round(3).tolist())
print(f"xlogit {version('xlogit')}, war chosen in {share:.1%}: intercept of war beside aid, its p, share foretold as war, share right")
for order, values in found.items():
    print(*order, np.round(values, 3).tolist())
(sorted_by_name, _, _, more), (reversed_names, p, wars, less) = found.values()
is_so = sorted_by_name < -1 and reversed_names > 1 and p < 0.001
sys.exit(0 if is_so and wars > 0.1 > share and more > less else 1)
PY
