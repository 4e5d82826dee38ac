#!/usr/bin/env bash
# statsmodels 0.15.0 prints thresholds of an ordered model that are none: from the second on they are logarithms of gaps.
#
# Guess: the rows 0/1, 1/2 and 2/3 of OrderedModel's summary are the cut points between the rungs, as R's polr prints them.
# Seen: only the first is. Rungs cut at -1, 1 and 4 print as about -1.05, 0.68 and 1.11, with errors, z and p of the logarithms: a
# table copied from there puts the rungs elsewhere. The cut points have to be asked for: model.transform_threshold_params(params).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" statsmodels==0.15.0 pandas==3.1.1 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" python3 -W ignore - <<'PY'
import sys
import numpy as np
import statsmodels
from statsmodels.miscmodels.ordinal_model import OrderedModel

draw = np.random.default_rng(1)
x = draw.normal(size=4000)
rung = np.digitize(x + draw.logistic(size=4000), [-1.0, 1.0, 4.0])
found = OrderedModel(rung, x[:, None], distr="logit").fit(method="bfgs", disp=False)
printed = [float(line.split()[1]) for line in str(found.summary()).splitlines() if "/" in line.split(" ")[0]]
cuts = found.model.transform_threshold_params(found.params)[1:-1]
print("statsmodels", statsmodels.__version__, "printed", printed, "cut points", cuts.round(2), "drawn with -1, 1, 4")
is_so = np.allclose(cuts, [-1, 1, 4], atol=0.2) and np.allclose(printed[1:], np.log(np.diff(cuts)), atol=1e-3)
sys.exit(0 if is_so and abs(printed[2] - 4) > 2 else 1)
PY
