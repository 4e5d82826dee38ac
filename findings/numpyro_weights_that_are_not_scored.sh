#!/usr/bin/env bash
# NumPyro 0.22.0 with ArviZ 0.23.4: answers weighted in the fit are scored without their weights, answers masked out are scored as certain.
#
# Guess: log_likelihood(), which ArviZ takes over, is the log-likelihood that was fitted: with handlers.scale each answer's times its weight,
# with handlers.mask without the answers masked.
# Seen: of thirty answers ten are in use. Weighted with next to nothing the other twenty are scored in full all the same: -42 beside -12 of a fit
# to the ten alone, whose mean is the same. Masked, they are scored 0, a chance of one, and loo() counts them as data: -12 of thirty
# answers, with an error of 3.3 where the ten alone have 1.2. No warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" \
  numpyro==0.22.0 jax==0.10.2 jaxlib==0.10.2 arviz==0.23.4 xarray==2026.9.0 numpy==2.4.6 scipy==1.17.1
PYTHONPATH="$folder" MPLCONFIGDIR="$folder" JAX_PLATFORMS=cpu python3 -W ignore - <<'PY'
import sys
import arviz
import jax
import numpy as np
import numpyro
from numpyro import handlers
from numpyro.distributions import Normal
from numpyro.infer import MCMC, NUTS

answers, used = np.random.default_rng(1).normal(1, 1, 30), np.arange(30) < 10
ways = {"weight of 0": handlers.scale(scale=used * 1.0 + ~used * 1e-9), "mask": handlers.mask(mask=used), "the ten alone": handlers.mask(mask=True)}


def model(way):
    mean = numpyro.sample("mean", Normal(0, 10))
    told = answers[used] if way == "the ten alone" else answers
    with numpyro.plate("answer", len(told)), ways[way]:
        numpyro.sample("told", Normal(mean, 1), obs=told)


found = {}
for way in ways:
    chain = MCMC(NUTS(model), num_warmup=300, num_samples=1000, progress_bar=False)
    chain.run(jax.random.key(0), way)
    kept = arviz.from_numpyro(chain)
    score, scores = arviz.loo(kept, pointwise=True), kept.log_likelihood["told"].values[0].mean(axis=0)
    found[way] = float(kept.posterior["mean"].mean()), float(score.elpd_loo), float(score.se), int(score.n_data_points), scores[10:]
print("numpyro", numpyro.__version__, "arviz", arviz.__version__, "mean, score, its error, answers, first scores out of use")
for way, (mean, score, error, count, out) in found.items():
    print(f"{way}: {mean:.2f} {score:.1f} {error:.1f} {count}", out[:3].round(2))
weighted, masked, alone = found.values()
same_fit = max(abs(weighted[0] - alone[0]), abs(masked[0] - alone[0])) < 0.05
sys.exit(0 if same_fit and weighted[1] < alone[1] - 10 and (weighted[4] < -0.5).all() and not masked[4].any() and masked[3] == 30 else 1)
PY
