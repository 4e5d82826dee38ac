#!/usr/bin/env bash
# irrCAC 0.4.4 weights the steps between rungs by their alphabet: of "low", "medium", "high" the first rung is "high".
#
# Guess: weights="quadratic" of codes that are texts needs their order, or is refused, as Krippendorff's alpha of the package krippendorff is;
# an ordered categorical column of pandas brings the order along.
# Seen: two coders of sixty cases, who seldom differ by two rungs, have an AC2 of -0.05 by texts and by ordered categories, 0.65 by numbers or with
# categories=["low", "medium", "high"]; alpha and the kappas fall alike. Unweighted coefficients are the same each way, and nothing is said.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" irrCAC==0.4.4 pandas==2.3.3 scipy==1.12.0 numpy==1.26.4
PYTHONPATH="$folder" python3 -W ignore - <<'PY'
import sys
from importlib.metadata import version
import numpy as np
import pandas as pd
from irrCAC.raw import CAC

draw, rungs = np.random.default_rng(1), ["low", "medium", "high"]
true = draw.integers(0, 3, 60)
numbers = pd.DataFrame({"a": np.clip(true + draw.integers(-1, 2, 60), 0, 2), "b": np.clip(true + (draw.random(60) < 0.2), 0, 2)})
texts = numbers.apply(lambda column: column.map(rungs.__getitem__))
ordered = texts.astype(pd.CategoricalDtype(rungs, ordered=True))


def found(codes, **said):
    made = CAC(codes, **said)
    return [float(of()["est"]["coefficient_value"]) for of in (made.gwet, made.krippendorff, made.conger)]


quadratic = {"weights": "quadratic"}
given = {
    "numbers": found(numbers, **quadratic),
    "texts": found(texts, **quadratic),
    "ordered categories": found(ordered, **quadratic),
    "texts and their order": found(texts, categories=rungs, **quadratic),
}
print("irrCAC", version("irrCAC"), "AC2, alpha and Conger's kappa by")
for name, values in given.items():
    print(f"{name}: {values}")
wrong = given["texts"] == given["ordered categories"] and max(given["texts"]) < 0
right = given["numbers"] == given["texts and their order"] and min(given["numbers"]) > 0.6
sys.exit(0 if wrong and right and found(texts) == found(numbers) else 1)
PY
