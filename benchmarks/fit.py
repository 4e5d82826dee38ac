"""How long fits take on the flagship, compile included.

one_explanation_s, interacting_explanation_s : one without and one with interaction, 4 chains × (1000 + 1000);
short_s, short_interacting_s : the same as `buckpass fit` does them by default; all_explanations_s : all thirteen
by default; exact_loo_s : one explanation fitted, then refitted without each crisis in turn. --quick leaves the last two out.
"""

from __future__ import annotations

import argparse
import json
import time

import jax

from buckpass.case import load_case
from buckpass.fit.fitting import FitPlan, fit_explanation
from buckpass.fit.sampling import NutsSettings, Sampling
from buckpass.fit.scoring import refit_score
from buckpass.game.setting import setting_of
from buckpass.model.mechanisms import combination, nested
from buckpass.model.observations import observations

CASE = "central-asia"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    case = load_case(CASE)
    results = {}
    long = FitPlan(nuts=NutsSettings(warmup=1000, draws=1000))
    for name, key, plan in (
        ("LS", "one_explanation_s", long), ("FR", "interacting_explanation_s", long),
        ("LS", "short_s", FitPlan()), ("FR", "short_interacting_s", FitPlan()),
    ):  # fmt: skip
        jax.clear_caches()
        started = time.perf_counter()
        posterior = fit_explanation(case, name, plan)
        results[key] = round(time.perf_counter() - started, 1)
        results["rhat_max"] = max(results.get("rhat_max", 0.0), round(posterior.diagnostics.rhat_max, 4))
        results["divergences"] = results.get("divergences", 0) + posterior.diagnostics.divergences
    if not arguments.quick:
        results |= all_and_left_out(case)
    print(json.dumps(results))


def all_and_left_out(case) -> dict:
    started = time.perf_counter()
    for one in nested():
        fit_explanation(case, one.id, FitPlan())
    all_s = time.perf_counter() - started
    setting = setting_of(case)
    seen = observations(case, setting)
    started = time.perf_counter()
    sampling = Sampling(combination("LS"), setting, seen, NutsSettings())
    sampling.run()
    for crisis in sorted(set(seen.crisis.tolist())):
        refit_score(sampling, crisis)
    return {"all_explanations_s": round(all_s, 1), "exact_loo_s": round(time.perf_counter() - started, 1)}


if __name__ == "__main__":
    main()
