#!/usr/bin/env bash
# ArviZ 0.23.4 gives importance weights that are all alike, the best there can be, the worst diagnosis: a Pareto k of infinity.
#
# Guess: an observation that every draw explains equally well has weights of 1/S when it is left out, and psislw() reports a small k.
# Seen: the weights are 1/S and the score is exact, but k is infinite, and loo() warns that the estimate is not to be relied upon. An answer
# that is certain at every draw (a band over a whole scale, a masked one) is so listed among the observations that ought to be refitted.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" arviz==0.23.4 xarray==2026.9.0 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" MPLCONFIGDIR="$folder" python3 -W ignore - <<'PY'
import sys
import arviz
import numpy as np

draw = np.random.default_rng(1)
scores = draw.normal(-1.0, 0.1, (4, 500, 6))
scores[..., 2] = 0.0
weights, k = arviz.psislw(-scores[..., 2].reshape(-1), reff=1.0)
parts = {"posterior": {"stake": draw.normal(size=(4, 500))}, "log_likelihood": {"rung": scores}}
found = arviz.loo(arviz.from_dict(**parts), pointwise=True, reff=1.0)
alike = np.allclose(np.exp(weights), 1 / 2000)
print(f"arviz {arviz.__version__}: weights all 1/2000 {alike}, k {float(k)}; loo: k {np.round(found.pareto_k.values, 2).tolist()},",
      f"score of the third {float(found.loo_i[2]):.3f}, warning {found.warning}")
is_so = alike and np.isinf(float(k)) and np.isinf(found.pareto_k.values[2]) and abs(float(found.loo_i[2])) < 1e-9
sys.exit(0 if is_so and bool(found.warning) else 1)
PY
