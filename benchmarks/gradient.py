"""How long one log density of free riding with its gradient takes on many crises at once, on one core, beside another build.

python benchmarks/gradient.py --crises 299 1654 --beside PATH/src     # no crisis effects, as the build of 27 November had none
python benchmarks/gradient.py --crises 299 1654 --effect              # with them: what a fit asks

The batch is the flagship's crises again and again, with a rung for every power: (crisis + power) modulo 7. Newton starts from
the answer a step before, as it does along a chain. Each build in a process of its own on one core, in turn; milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

CASE, CALLS = "central-asia", 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crises", type=int, nargs="+", default=[299, 1654])
    parser.add_argument("--effect", action="store_true")
    parser.add_argument("--beside", type=Path, metavar="SRC", help="source folder of another build")
    asked = parser.parse_args()
    builds = {"ours": Path(__file__).parents[1] / "src"} | ({"theirs": asked.beside} if asked.beside else {})
    found = {n: {build: apart(source, n, asked.effect) for build, source in builds.items()} for n in asked.crises}
    if asked.beside:
        found = {
            n: of | {"gradient_ratio": round(of["theirs"]["median"] / of["ours"]["median"], 2)}
            for n, of in found.items()
        }
    print(json.dumps(found))


def apart(source: Path, crises: int, effect: bool) -> dict[str, float]:
    """`timed` in a process of its own on one core, by a build's source."""
    on_one_core = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    return by_source(
        source, f"{on_one_core}; import gradient, json; print(json.dumps(gradient.timed({crises}, {effect})))"
    )


def by_source(source: Path, code: str) -> dict[str, float]:
    """What code prints as JSON in a process that has a build's source and these benchmarks at hand."""
    source, here = source.resolve(), f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
    done = subprocess.run([sys.executable, "-c", here + code], env={**os.environ, "PYTHONPATH": str(source)}, cwd=source,
                          check=True, capture_output=True, text=True)  # fmt: skip
    return json.loads(done.stdout)


def timed(crises: int, effect: bool) -> dict[str, float]:
    """Median and least milliseconds of a call."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    house = this_house if find_spec("buckpass.fitting") else house_of_27_november
    energy, size, guess = house(crises, effect)
    call = jax.jit(jax.value_and_grad(energy, has_aux=True))
    x, taken = jnp.zeros(size), []
    for _ in range(3):
        (_, guess), _ = call(x, guess)
    for k in range(CALLS):
        began = time.perf_counter()
        (_, guess), _ = jax.block_until_ready(call(x + 1e-3 * k, guess))
        taken.append(1e3 * (time.perf_counter() - began))
    return {"median": round(float(np.median(taken)), 2), "least": round(min(taken), 2)}


def this_house(crises: int, effect: bool):
    import jax
    import jax.numpy as jnp

    from buckpass.fitting.program import _single
    from buckpass.model.coordinates import coordinates_of
    from buckpass.model.effect import NODES
    from buckpass.model.likelihood import SOLVED, Likelihood
    from buckpass.model.mechanisms import combination
    from buckpass.model.observations import Observations
    from buckpass.model.readings import reading_of

    setting, seen = batch(crises, Observations)
    coordinates = coordinates_of(setting)
    free = jnp.asarray(coordinates.free(combination("FR")))
    nodes, solved = (NODES, SOLVED) if effect else (1, 1)
    likelihood, reading = Likelihood(_single(setting), seen, True, nodes=nodes, solved=solved), reading_of(seen)

    def energy(u, guess):
        told = likelihood(coordinates.values(u, free), reading, jax.lax.stop_gradient(guess))
        return -(coordinates.log_density(u, free) + told.responses.astype(u.dtype).sum()), told.log_residual

    return energy, coordinates.size, _single(likelihood.nowhere())


def house_of_27_november(crises: int, effect: bool):
    """Its rooms by their addresses: a function of the package hides the room `fit`."""
    import jax
    import jax.numpy as jnp

    assert not effect, "that build had no crisis effects"
    room = {name: import_module(f"buckpass.fit.{name}") for name in ("density", "explanations", "likelihood", "observations", "readings")}  # fmt: skip
    setting, seen = batch(crises, room["observations"].Observations)
    one = room["explanations"].explanation("FR")
    coordinates, likelihood = (
        room["density"].coordinates_of(one, setting),
        room["likelihood"].Likelihood(one, setting, seen),
    )
    reading = room["readings"].reading_of(seen)

    def energy(u, guess):
        told = likelihood(coordinates.values(u), reading, jax.lax.stop_gradient(guess))
        return -(coordinates.log_density(u) + told.responses.sum()), told.log_residual

    return energy, coordinates.size, jnp.zeros(setting.log_delivery.shape)


def batch(crises: int, observations):
    """The case's crises again and again, and a response of every power in each."""
    import numpy as np

    from buckpass.case import load_case
    from buckpass.game.setting import setting_of

    setting = setting_of(load_case(CASE))
    powers = len(setting.names.powers)
    crisis, power = np.divmod(np.arange(crises * powers), powers)
    rung = (crisis + power) % 7
    seen = observations(crisis=crisis, power=power, low=rung, high=rung, weight=np.ones(len(rung)), n_crises=crises)
    return setting.select((np.arange(crises) % len(setting.names.crises)).tolist()), seen


if __name__ == "__main__":
    main()
