#!/usr/bin/env bash
# linearmodels 7.1: cov_type="clustered" without a word of which clusters gives the errors of no clusters at all.
#
# Guess: clustered errors of a panel are clustered by its entities, as Stata's xtreg and most tables of dyads have them; or, since nothing
# was named, it is an error, as it is in statsmodels.
# Seen: PooledOLS, PanelOLS and RandomEffects each return the errors of cov_type="robust" and call them "Clustered" in the summary. In forty
# states of twenty years, where what is left out stays with the state, the error of a slope that stays with it too is 0.05; by
# cluster_entity=True it is 0.11. No warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" linearmodels==7.1 statsmodels==0.15.0 pandas==3.1.1 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" python3 -W error - <<'PY'
import sys
import linearmodels
import numpy as np
import pandas as pd
import statsmodels.api as sm
from linearmodels.panel import PanelOLS, PooledOLS, RandomEffects

draw, states, years = np.random.default_rng(1), 40, 20
index = pd.MultiIndex.from_product([range(states), range(1990, 1990 + years)], names=["state", "year"])
slow = lambda of_state, of_year: np.repeat(draw.normal(size=states), years) * of_state + draw.normal(size=states * years) * of_year
panel = pd.DataFrame({"one": 1.0, "x": slow(1, 0.3), "left_out": slow(1, 1)}, index=index)
panel["y"] = 0.2 * panel["x"] + panel["left_out"]

errors, called = {}, set()
for name, model in {
    "pooled": PooledOLS(panel["y"], panel[["one", "x"]]),
    "fixed years": PanelOLS(panel["y"], panel[["x"]], time_effects=True),
    "random": RandomEffects(panel["y"], panel[["one", "x"]]),
}.items():
    robust, clustered, by_state = (model.fit(cov_type=kind, **by) for kind, by in (
        ("robust", {}), ("clustered", {}), ("clustered", {"cluster_entity": True})))  # fmt: skip
    errors[name] = [float(fit.std_errors["x"]) for fit in (robust, clustered, by_state)]
    called.add("Clustered" in str(clustered.summary))
try:
    sm.OLS(panel["y"], panel[["one", "x"]]).fit(cov_type="cluster")
    refused = False
except (KeyError, TypeError, ValueError):
    refused = True
print("linearmodels", linearmodels.__version__, "errors of the slope: robust, clustered, clustered by state")
for name, three in errors.items():
    print(f"{name}: {[round(value, 4) for value in three]}")
print("called clustered:", called, "refused by statsmodels:", refused)
alike = all(np.isclose(robust, clustered, rtol=1e-9) for robust, clustered, _ in errors.values())
sys.exit(0 if alike and called == {True} and refused and errors["pooled"][2] > 2 * errors["pooled"][1] else 1)
PY
