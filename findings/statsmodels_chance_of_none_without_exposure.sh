#!/usr/bin/env bash
# statsmodels 0.15.0: the probabilities of counts of a zero-inflated model leave the exposure out, though its means have it.
#
# Guess: after ZeroInflatedPoisson(events, x, exposure=months) predict(which="prob") is the chance of none, one, two … events in those months,
# and its first column is what which="prob-zero" says.
# Seen: of a sample 36 % have no event; "prob-zero" says 36 %, the first column of "prob" 77 %: that of a single month. The same fit with
# offset=log(months) says 36 % by both, and the means by exposure are right. No error, no warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" statsmodels==0.15.0 pandas==3.1.1 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" python3 -W ignore - <<'PY'
import sys
import numpy as np
import statsmodels
from statsmodels.api import ZeroInflatedPoisson

draw, n = np.random.default_rng(1), 3000
x, months = draw.normal(size=n), draw.integers(1, 25, n).astype(float)
events = np.where(draw.random(n) < 0.3, 0, draw.poisson(months * np.exp(-1 + 0.4 * x)))
design = np.column_stack([np.ones(n), x])

found = {}
for name, given in {"exposure": months, "offset": np.log(months)}.items():
    fit = ZeroInflatedPoisson(events, design, **{name: given}).fit(disp=0, method="bfgs", maxiter=500)
    first, zero, mean = (fit.predict(which=which) for which in ("prob", "prob-zero", "mean"))
    found[name] = float(first[:, 0].mean()), float(zero.mean()), float(mean.mean())
print("statsmodels", statsmodels.__version__, "drawn: none in", (events == 0).mean(), "mean", events.mean())
for who, (first, zero, mean) in found.items():
    print(who, "prob[0]", round(first, 3), "prob-zero", round(zero, 3), "mean", round(mean, 2))
by_exposure, by_offset = found["exposure"], found["offset"]
same_fit = np.allclose(by_exposure[1:], by_offset[1:], rtol=1e-3)
sys.exit(0 if same_fit and by_exposure[0] - by_exposure[1] > 0.3 and abs(by_offset[0] - by_offset[1]) < 0.01 else 1)
PY
