"""How long fits of the flagship take, compile included, and effective draws per second beside NumPyro's own NUTS.

cold_s : a process that fits one combination with an empty compile cache, import to file, without other readings of the record;
others_cold_s : the same with another build's source beside this one (--beside PATH), in the same run; fit_ratio : theirs over ours.
ess_ratio_numpyro : least bulk effective size per second of the processor, warm-up included, ours over `numpyro.infer.NUTS` by
default settings (diagonal metric, target 0.8, depth 10) on the same log density in units of the priors, both with as many chains,
iterations of warm-up and draws; theirs with its compiling, which takes minutes. all_s : every combination of the nested tests with
exact refits. --quick leaves both out; --effective times effective draws alone. --gradient : only the time of one evaluation of
density and gradient of *all*, median and least of 300 (ms); with --beside that of the other build too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gradient import by_source

CASE = "central-asia"
ONE_FIT = (
    "import sys; from buckpass.cli.main import main; sys.argv = ['buckpass', 'fit', sys.argv[1], '--explanation', "
    "sys.argv[2], '--no-readings', '-o', sys.argv[3]]; main()"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--combination", default="FR")
    parser.add_argument("--beside", type=Path, help="source folder (src) of another build to time in turn")
    parser.add_argument("--gradient", action="store_true")
    parser.add_argument("--effective", action="store_true")
    arguments = parser.parse_args()
    if arguments.gradient:
        builds = {"ours": Path(__file__).parents[1] / "src"} | (
            {"theirs": arguments.beside} if arguments.beside else {}
        )
        print(json.dumps({build: gradient_of(source) for build, source in builds.items()}))
        return
    if arguments.effective:
        print(json.dumps(effective_draws(arguments.combination)))
        return
    results = {"cold_s": cold(arguments.combination)}
    if arguments.beside:
        results["others_cold_s"] = cold(arguments.combination, arguments.beside)
        results["fit_ratio"] = round(results["others_cold_s"] / results["cold_s"], 2)
    if not arguments.quick:
        results |= effective_draws(arguments.combination) | everything()
    print(json.dumps(results))


def gradient_of(source: Path) -> dict[str, float]:
    """`gradient` in a process of its own, by a build's source."""
    return by_source(source, "import fit, json; print(json.dumps(fit.gradient()))")


def gradient() -> dict[str, float]:
    """Milliseconds of log density and gradient of *all* at the priors' middle, its own answer as the guess."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from buckpass.case import load_case
    from buckpass.fitting.program import Program
    from buckpass.game.setting import setting_of
    from buckpass.model.mechanisms import combination
    from buckpass.model.observations import observations
    from buckpass.model.readings import reading_of
    from buckpass.model.requests import requests_of

    case = load_case(CASE)
    setting = setting_of(case)
    seen = observations(case, setting)
    program = Program(setting, seen, True, requests=requests_of(case, setting))
    x, whole, bare = jnp.zeros(program.coordinates.size), reading_of(seen), program.frame(combination("all", case))
    frame = bare._replace(guess=jnp.asarray(program.told(np.asarray(x)[None], bare, whole, 1).guess[0], jnp.float32))
    call = jax.jit(jax.value_and_grad(program.energy))
    jax.block_until_ready(call(x, frame, whole))  # compiles
    taken = []
    for _ in range(300):
        started = time.perf_counter()
        jax.block_until_ready(call(x, frame, whole))
        taken.append(1e3 * (time.perf_counter() - started))
    return {"median": round(float(np.median(taken)), 2), "least": round(min(taken), 2)}


def cold(name: str, source: Path | None = None) -> float:
    """Seconds of a whole process that fits one combination with nothing compiled before."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": f"{folder}/cache"}
        if source is not None:
            environment["PYTHONPATH"] = str(source)
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", ONE_FIT, CASE, name, f"{folder}/fits"], env=environment, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        return round(time.perf_counter() - started, 1)


def effective_draws(name: str) -> dict:
    """Least bulk effective size per second of the processor, ours and that of NumPyro's NUTS on the same density."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    from numpyro.infer import MCMC, NUTS

    from buckpass.case import load_case
    from buckpass.fitting.posterior import diagnose, quiet_arviz
    from buckpass.fitting.program import Program
    from buckpass.fitting.sampling import NutsSettings, Sampling
    from buckpass.game.setting import setting_of
    from buckpass.model.mechanisms import combination
    from buckpass.model.observations import observations

    case, settings = load_case(CASE), NutsSettings()
    setting = setting_of(case)
    one = combination(name, case)
    program = Program(setting, observations(case, setting), one.interacts)
    sampling = Sampling(one, program, settings)
    program.compile_ahead(one)
    began = time.process_time()
    draws = sampling.run()
    ours_s, told = time.process_time() - began, diagnose(draws.sites, draws.diverging, draws.moved)

    plain, free = program.frame(one), np.flatnonzero(program.coordinates.free(one))
    plain = plain._replace(guess=sampling.frame.guess)
    start, whole = jnp.zeros(program.coordinates.size), sampling.whole
    kernel = NUTS(potential_fn=lambda u: program.energy(start.at[free].set(u), plain, whole))
    chains = MCMC(kernel, num_warmup=settings.warmup, num_samples=settings.draws, num_chains=settings.chains,
                  chain_method="sequential", progress_bar=False)  # fmt: skip
    began = time.process_time()
    chains.run(
        jax.random.PRNGKey(settings.seed), init_params=jnp.tile(sampling.frame.centre[free], (settings.chains, 1))
    )
    u = np.asarray(chains.get_samples(group_by_chain=True))
    theirs_s = time.process_time() - began
    theirs = quiet_arviz().convert_to_dataset({"u": u})
    least = float(quiet_arviz().ess(theirs)["u"].min())
    return {
        "cpu_s": round(ours_s), "ess": round(told.ess_bulk_min), "rhat_max": round(told.rhat_max, 4),
        "divergences": told.divergences, "cpu_s_numpyro": round(theirs_s), "ess_numpyro": round(least),
        "rhat_max_numpyro": round(float(quiet_arviz().rhat(theirs)["u"].max()), 4),
        "ess_ratio_numpyro": round(told.ess_bulk_min / ours_s / (least / theirs_s), 2),
    }  # fmt: skip


def everything() -> dict:
    """Seconds for every combination of the nested tests, exact refits included, compiled once."""
    from buckpass.case import load_case
    from buckpass.fitting.fitting import FitPlan, fit

    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        fits = fit(load_case(CASE), folder, FitPlan())
    return {
        "all_s": round(time.perf_counter() - started, 1),
        "failed": [p.explanation for p in fits.values() if not p.diagnostics.passed],
    }


if __name__ == "__main__":
    main()
