#!/usr/bin/env bash
# statsmodels 0.15.0 reports the marginal effect of a column of the design, not of the variable: with an interaction even its sign can be wrong.
#
# Guess: get_margeff() of logit("onset ~ tie * rival") says how much the chance of onset moves with the tie, averaged over the cases; the
# formula says that the tie is in the product too, as R's margins and Stata's margins know.
# Seen: ties lower the chance by 0.04 (by the fit's own predictions), and the table says that they raise it by 0.07, with p < 0.001. The
# product has a row of its own, the effect of moving it while both its parts stand still. Of a term and its square the same. No warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" statsmodels==0.15.0 pandas==3.1.1 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" python3 -W error - <<'PY'
import sys
import numpy as np
import pandas as pd
import statsmodels
import statsmodels.formula.api as smf

draw, n = np.random.default_rng(1), 3000
tie, rival = draw.normal(size=n), (draw.random(n) < 0.5) * 1.0
chance = lambda eta: (draw.random(n) < 1 / (1 + np.exp(-eta))) * 1
dyads = pd.DataFrame({"tie": tie, "rival": rival, "onset": chance(-1 + 0.3 * tie - tie * rival + 0.5 * rival),
                      "years": (years := draw.uniform(0, 10, n)), "ended": chance(-1 + 0.6 * years - 0.1 * years**2)})  # fmt: skip


def effects(formula, moved, step=1e-4):
    fit = smf.logit(formula, dyads).fit(disp=0)
    table = fit.get_margeff().summary_frame()
    by_predictions = (fit.predict(dyads.assign(**{moved: dyads[moved] + step})) - fit.predict(dyads.assign(**{moved: dyads[moved] - step}))) / (2 * step)
    return table["dy/dx"].round(3).to_dict(), float(table.loc[moved, "dy/dx"]), float(table.loc[moved, "Pr(>|z|)"]), float(by_predictions.mean())


product, square, plain = (effects(*asked) for asked in (
    ("onset ~ tie * rival", "tie"), ("ended ~ years + I(years ** 2)", "years"), ("onset ~ tie + rival", "tie")))  # fmt: skip
print("statsmodels", statsmodels.__version__, "table, its effect, its p, the effect by the predictions")
for name, told in {"product": product, "square": square, "neither": plain}.items():
    print(name, *told)
wrong = all(told > 0.05 and p < 0.001 and true < -0.02 for _, told, p, true in (product, square))
sys.exit(0 if wrong and np.isclose(plain[1], plain[3], atol=1e-5) else 1)
PY
