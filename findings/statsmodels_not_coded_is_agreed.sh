#!/usr/bin/env bash
# statsmodels 0.15.0 takes "not coded" for a category of its own: two coders who both left a case out agree on it.
#
# Guess: aggregate_raters, which prepares codes for fleiss_kappa, leaves NaN out of the counts, or refuses it.
# Seen: six cases have a kappa of 0.47; the same six and four that neither coder coded have 0.72. NaN stands last among the categories.
# With one coder missing the case counts as a disagreement. Nothing is said, here or by fleiss_kappa, which gets whole counts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" statsmodels==0.15.0 pandas==3.1.1 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" python3 -W error - <<'PY'
import sys
import numpy as np
import statsmodels
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

both = np.array([[0, 0], [1, 1], [2, 1], [0, 1], [1, 1], [2, 2]], dtype=float)
codes = {"both coded": both, "four by neither": np.vstack([both, np.full((4, 2), np.nan)]), "four by one": np.vstack([both, [[1, np.nan]] * 4])}
kappa, categories = {}, {}
for name, table in codes.items():
    counts, categories[name] = aggregate_raters(table)
    kappa[name] = float(fleiss_kappa(counts))
print("statsmodels", statsmodels.__version__, {name: round(value, 2) for name, value in kappa.items()})
print("categories", {name: kinds.tolist() for name, kinds in categories.items()})
is_so = np.isnan(categories["four by neither"][-1]) and kappa["four by neither"] > kappa["both coded"] + 0.2
sys.exit(0 if is_so and kappa["four by one"] < kappa["both coded"] - 0.2 else 1)
PY
