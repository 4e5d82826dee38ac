#!/usr/bin/env bash
# crowd-kit 1.4.2 settles every disagreement of two coders by the alphabet: what comes last in it loses each time.
#
# Guess: MajorityVote leaves a tie open, or draws lots, as its helper for random ties does elsewhere; what a code is called matters to nothing.
# Seen: each of two coders finds war in 38 or 40 % of 400 crises, the vote in 28 %: of the crises on which one says war and the other talk, all are
# talk. With war called "armed conflict" the vote finds it in 50 %. The probabilities, asked for, say a half. No warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" crowd-kit==1.4.2 pandas==2.3.3 numpy==2.2.6
PYTHONPATH="$folder" python3 -W ignore - <<'PY'
import sys
from importlib.metadata import version
import numpy as np
import pandas as pd
from crowdkit.aggregation import MajorityVote

draw = np.random.default_rng(1)
true = draw.random(400) < 0.3
coders = {name: np.where(draw.random(400) < 0.15, ~true, true) for name in "AB"}
found = {}
for war in ("war", "armed conflict"):
    rows = [(crisis, name, war if said else "talk") for name, codes in coders.items() for crisis, said in enumerate(codes)]
    table = pd.DataFrame(rows, columns=["task", "worker", "label"])
    vote = MajorityVote().fit_predict(table)
    ties = coders["A"] != coders["B"]
    said_half = (MajorityVote().fit_predict_proba(table).loc[ties, war] == 0.5).all()
    found[war] = float((vote == war).mean()), float((vote[ties] == war).mean()), bool(said_half)
shares = {name: float(codes.mean()) for name, codes in coders.items()}
print("crowd-kit", version("crowd-kit"), "share of war by coder", shares, "ties", int(ties.sum()))
print("by name: share by vote, share among the ties, probabilities a half:", found)
last, first = found["war"], found["armed conflict"]
is_so = last[1:] == (0.0, True) and first[1:] == (1.0, True)
sys.exit(0 if is_so and last[0] < min(shares.values()) - 0.05 and first[0] > max(shares.values()) + 0.05 else 1)
PY
