#!/usr/bin/env bash
# nltk 3.10.4: the weighted kappa of two coders falls below -1 when the greatest distance between codes is named, as its argument asks for.
#
# Guess: weighted_kappa(max_distance=9) of four rungs by squared distance is Cohen's: distances are divided by the greatest one, seen and expected
# alike, so that the argument cancels.
# Seen: only the expected ones are divided. Coders with a kappa of 0.80 (so scikit-learn's quadratic one, and nltk's by the default of 1) have
# -0.82 with 9, the greatest squared distance of four rungs, and -2.23 with 16, that of five of which one was never used. No error, no warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" nltk==3.10.4 scikit-learn==1.7.2 numpy==2.2.6 scipy==1.15.3
PYTHONPATH="$folder" python3 -W error - <<'PY'
import sys
import nltk
import numpy as np
from nltk.metrics import interval_distance
from nltk.metrics.agreement import AnnotationTask
from sklearn.metrics import cohen_kappa_score

draw = np.random.default_rng(1)
first = draw.integers(0, 4, 40)
second = np.clip(first + draw.integers(-1, 2, 40), 0, 3)
codes = [(coder, crisis, int(rung)) for coder, rungs in (("A", first), ("B", second)) for crisis, rung in enumerate(rungs)]
task = AnnotationTask(codes, distance=interval_distance)
quadratic = float(cohen_kappa_score(first, second, weights="quadratic"))
kappa = {greatest: task.weighted_kappa(max_distance=float(greatest)) for greatest in (1, 9, 16)}
by_greatest = {greatest: round(value, 2) for greatest, value in kappa.items()}
print("nltk", nltk.__version__, "kappa by max_distance", by_greatest, "scikit-learn's", round(quadratic, 2))
as_divided_once = all(abs(value - (1 - greatest * (1 - quadratic))) < 1e-9 for greatest, value in kappa.items())
sys.exit(0 if as_divided_once and kappa[16] < -1 and kappa[9] < 0 < 0.7 < quadratic else 1)
PY
