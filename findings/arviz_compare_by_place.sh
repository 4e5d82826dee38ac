#!/usr/bin/env bash
# ArviZ 0.23.4 compares two models crisis by crisis by the place of a row, not by the name that xarray keeps with it.
#
# Guess: compare() subtracts the score of a crisis by one model from the score of the same crisis by the other: both are xarray tables with
# the crises as labels, and arithmetic of xarray goes by labels.
# Seen: one model, its crises written in two orders, differs from itself by 0 with an error of 7.4, where the same order gives 0; a model that is
# better by a quarter of a nat at every single crisis is 5 better with an error of 0 in the same order, and of 7.4 in the other.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" arviz==0.23.4 xarray==2026.9.0 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" MPLCONFIGDIR="$folder" python3 -W ignore - <<'PY'
import sys
import arviz
import numpy as np

draw, crises = np.random.default_rng(1), np.array([f"crisis {k}" for k in range(20)])
hard = draw.uniform(-4, -0.2, 20) + 0.05 * draw.normal(size=(4, 500, 20))


def model(scores, order):
    parts = {"posterior": {"stake": draw.normal(size=(4, 500))}, "log_likelihood": {"rung": scores[:, :, order]}}
    return arviz.from_dict(**parts, coords={"crisis": crises[order]}, dims={"rung": ["crisis"]})


def compared(order, ahead):
    table = arviz.compare({"a": model(hard + ahead, np.arange(20)), "b": model(hard, order)})
    return round(float(table["elpd_diff"].max()), 2), round(float(table["dse"].max()), 2)


same, other = np.arange(20), np.arange(20)[::-1]
found = {("one model" if not ahead else "a better one", name): compared(order, ahead) for ahead in (0, 0.25) for name, order in (("in one order", same), ("in two", other))}
print("arviz", arviz.__version__, "difference and its error:")
for names, values in found.items():
    print(*names, values)
errors = {names: error for names, (_, error) in found.items()}
is_so = max(errors["one model", "in one order"], errors["a better one", "in one order"]) < 0.2
sys.exit(0 if is_so and min(errors["one model", "in two"], errors["a better one", "in two"]) > 3 else 1)
PY
