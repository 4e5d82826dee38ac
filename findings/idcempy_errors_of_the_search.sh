#!/usr/bin/env bash
# IDCeMPy 0.1.1: the standard errors of an ordered probit are those of the search; started at its own estimates, every one of them is 1.
#
# Guess: start values say where the search begins; the errors come from the curvature of the likelihood where it ends.
# Seen: they are taken from what the search (BFGS) learned of the curvature on its way. Of a tie's slope of 0.73 the error is 0.064 (0.062 by
# statsmodels); with the estimates of that fit as start values it is 1, for the cut points too, and p goes from 0.000 to 0.46 at the same
# likelihood. From the six decimals that its table shows it is 0.16. No error, no warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" idcempy==0.1.1 statsmodels==0.14.6 pandas==2.3.3 numpy==2.2.6 scipy==1.15.3
PYTHONPATH="$folder" python3 -W ignore - <<'PY'
import contextlib
import io
import sys
from importlib.metadata import version
import numpy as np
import pandas as pd
from idcempy import zmiopc
from statsmodels.miscmodels.ordinal_model import OrderedModel

draw = np.random.default_rng(2)
tie = draw.normal(size=400)
data = pd.DataFrame({"rung": np.digitize(0.7 * tie + draw.normal(size=400), [-1, 0, 1]), "tie": tie})
peer = OrderedModel(data["rung"], data[["tie"]], distr="probit").fit(disp=False)


def fitted(start=None):
    with contextlib.redirect_stdout(io.StringIO()):
        return zmiopc.opmod(data, ["tie"], ["rung"], pstart=start)


first = fitted()
table = first.coefs["Coef"].to_numpy()
again, shown = fitted(table), fitted(table.round(6))
print("idcempy", version("idcempy"), "statsmodels'", peer.params["tie"].round(3), peer.bse["tie"].round(3), "slope, its error, its p, likelihood:")
for name, fit in {"from the default start": first, "from its estimates": again, "from six decimals of them": shown}.items():
    slope = fit.coefs.loc["tie"]
    print(f"{name}: {slope['Coef']:.3f} {slope['SE']:.3f} {slope['p']:.3f} {fit.llik:.3f}")
is_so = abs(first.coefs["SE"]["tie"] - peer.bse["tie"]) < 0.01 and np.allclose(again.coefs["Coef"], table, atol=1e-4)
sys.exit(0 if is_so and np.allclose(again.coefs["SE"], 1) and first.coefs["p"]["tie"] < 0.001 < 0.4 < again.coefs["p"]["tie"] else 1)
PY
