#!/usr/bin/env bash
# IDCeMPy 0.1.1: the Vuong test of an inflated multinomial logit leaves out every case that chose the second of the three categories.
#
# Guess: vuong_gimnl() compares two fits case by case, so that the order in which the two other categories are named changes nothing.
# Seen: both fits have the same likelihood in either order, but the test says -1.55 (p = 0.12: they do not differ) in one and -3.07 (p = 0.002: the
# inflated one is better) in the other; by each case's chances it is -2.64 in both. Cases of the second category count as though both models
# gave them the same chance, yet are in the number of cases. No error, no warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" idcempy==0.1.1 pandas==2.3.3 numpy==2.2.6 scipy==1.15.3
PYTHONPATH="$folder" python3 -W ignore - <<'PY'
import contextlib
import io
import sys
from importlib.metadata import version
import numpy as np
import pandas as pd
from idcempy import gimnl
from scipy.stats import norm

CASES = 250
draw = np.random.default_rng(2)
tie, stake = draw.normal(size=(2, CASES))
utility = np.column_stack([np.zeros(CASES), 0.5 + 0.8 * tie, 0.2 - 0.6 * tie]) + draw.gumbel(size=(CASES, 3))
chosen = np.where(draw.random(CASES) < 1 / (1 + np.exp(-0.5 - stake)), utility.argmax(1), 0)
data = pd.DataFrame({"chosen": chosen, "tie": tie, "stake": stake})


def chances(weights):
    scores = np.exp(np.column_stack([np.zeros(CASES), weights[0] + weights[1] * tie, weights[2] + weights[3] * tie]))
    return scores / scores.sum(1, keepdims=True)


found = {}
for order in ([0, 1, 2], [0, 2, 1]):
    with contextlib.redirect_stdout(io.StringIO()):
        plain = gimnl.mnlmod(data, ["tie"], ["chosen"], order)
        inflated = gimnl.gimnlmod(data, ["tie"], ["chosen"], ["stake"], order, "baseline")
    by_package = float(gimnl.vuong_gimnl(plain, inflated))
    open_to_all = 1 / (1 + np.exp(-inflated.split[0] - inflated.split[1] * stake))
    by_inflated = open_to_all[:, None] * chances(inflated.multinom)
    by_inflated[:, 0] += 1 - open_to_all
    ahead = np.log(chances(plain.multinom) / by_inflated)[np.arange(CASES), [order.index(one) for one in chosen]]
    assert abs(ahead.sum() - (plain.llik - inflated.llik)) < 1e-6
    found[tuple(order)] = by_package, float(np.sqrt(CASES) * ahead.mean() / ahead.std())
print("idcempy", version("idcempy"), "order of categories: Vuong's z and p by the package, z by each case's chances")
for order, (by_package, by_case) in found.items():
    print(order, round(by_package, 2), round(2 * norm.sf(abs(by_package)), 3), round(by_case, 2))
(one, right), (other, again) = found.values()
sys.exit(0 if abs(right - again) < 0.01 and one > -1.96 > right > other + 0.1 else 1)
PY
