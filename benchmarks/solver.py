"""How fast and how exactly crises are solved; `--json` ends with one JSON object, `--plot` writes the scaling figure.

python benchmarks/solver.py --json
python benchmarks/solver.py --json --plot --peer-python PATH   # an interpreter that has pygambit, for the ratio
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from buckpass.game.solver import solve, solve_strategies
from buckpass.game.throughput import solve_batch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "game"))
from normal_form import as_nfg, normal_form  # noqa: E402
from random_games import crisis_of, random_crises  # noqa: E402  the tests' random games are the benchmark's

POWERS = (2, 3, 4, 6, 8, 12, 16, 24)
PYGAMBIT_TWELVE_S = 13.74  # pygambit 16.7.0 on `twelve_powers` as an action graph, its best form; idle 2-core machine


def best_seconds(call, repeats: int = 5) -> float:
    """Least wall time of a call that has been compiled."""
    jax.block_until_ready(call())
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - started)
    return min(times)


def throughput(powers: int, crises: int = 200_000) -> tuple[float, float, float]:
    """Crises per second, share not converged, largest error of those that converged; float32, tolerance 1e-5.

    `solve_batch` spreads blocks of crises over one thread per core; XLA releases the interpreter, so both cores work.
    """
    batch = jax.block_until_ready(random_crises(crises=crises, powers=powers, dtype="float32"))
    seconds = best_seconds(lambda: solve_batch(batch), repeats=10)
    solved = solve_batch(batch)
    good = np.asarray(solved.converged)
    return crises / seconds, float(1 - good.mean()), float(np.asarray(solved.error)[good].max())


def gradient_ms(powers: int = 6) -> float:
    """Value and gradient of all strategies of 1,000 crises by all payoff parameters, float64."""
    crises = random_crises(crises=1000, powers=powers)
    numbers, rest = eqx.partition(crises, eqx.is_inexact_array)
    weight = jnp.asarray(np.random.default_rng(0).standard_normal(crises.effort_at.shape))

    def value(numbers):
        return jnp.sum(weight * solve_strategies(eqx.combine(numbers, rest)).strategy)

    step = jax.jit(jax.value_and_grad(value))
    return 1e3 * best_seconds(lambda: step(numbers), repeats=20)


def single_ms(powers: int, dtype: str = "float64") -> float:
    """One crisis of so many powers × 7 options, after compilation."""
    crises = random_crises(crises=1, powers=powers, dtype=dtype)
    step = jax.jit(lambda c: solve_strategies(c).strategy)
    return 1e3 * best_seconds(lambda: step(crises), repeats=30)


def twelve_powers() -> dict:
    """Twelve powers × 7 efforts, u_i = v_i (1 - exp(-E/2)) - c_i e_i at rationality 5, against pygambit's recorded time."""
    i = np.arange(12) / 11
    game = crisis_of(1 + 0.3 * (1 - i), 0.15 + 0.1 * i, np.arange(7.0), severity=2.0, rationality=5.0)
    seconds = best_seconds(lambda: solve(game).strategy, repeats=20)
    return {
        "n12_game_seconds": seconds,
        "n12_game_error": float(solve(game).error[0]),
        "n12_gambit_seconds_recorded": PYGAMBIT_TWELVE_S,
        "n12_gambit_ratio": PYGAMBIT_TWELVE_S / seconds,
    }


def growth(rows: list[dict]) -> float:
    """Exponent b of cost ∝ powers^b from 4 powers on, by least squares in logs: at most 2 where the claim n² · A holds."""
    large = [r for r in rows if r["powers"] >= 4]
    return float(np.polyfit(*(np.log([r[key] for r in large]) for key in ("powers", "microseconds")), 1)[0])


def scaling() -> list[dict]:
    """Microseconds per crisis in a batch of 256, float64, against the number of powers."""
    rows = []
    step = jax.jit(lambda c: solve_strategies(c).sweeps)
    for powers in POWERS:
        crises = random_crises(crises=256, powers=powers, aligned=0.5 / powers)
        seconds = best_seconds(lambda c=crises: step(c), repeats=3)
        rows.append({"powers": powers, "microseconds": 1e6 * seconds / 256, "sweeps": int(step(crises).max())})
    return rows


def gambit(python: str | None) -> dict:
    """The same 4 × 7 game through pygambit: ratio of times and largest difference of probabilities."""
    if python is None:
        return {"gambit_ratio": None, "gambit_reason": "no interpreter with pygambit was given (--peer-python)"}
    crises = random_crises(seed=3, crises=1, powers=4, options=7, stake=3.0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "crisis.nfg"
        file.write_text(as_nfg(normal_form(crises)))
        done = subprocess.run(
            [python, str(HERE / "gambit_peer.py"), str(file)], capture_output=True, text=True, check=True
        )
    peer, ours = json.loads(done.stdout.splitlines()[-1]), np.asarray(solve(crises).strategy[0])
    mine = best_seconds(lambda: solve(crises), repeats=20)
    return {
        "gambit_ratio": peer["seconds"] / mine,
        "gambit_game": "4 powers x 7 options, strategic form, rationality 1",
        "gambit_version": peer["version"],
        "gambit_seconds": peer["seconds"],
        "buckpass_seconds": mine,
        "gambit_rationality_returned": peer["rationality"],
        "gambit_largest_difference": float(np.abs(np.array(peer["strategy"]) - ours).max()),
    }


def machine() -> dict:
    """What this was measured on."""
    model = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load_at_start": os.getloadavg()[0],
        "device": jax.default_backend(),
        "jax": jax.__version__,
        "python": platform.python_version(),
    }


def plot(rows: list[dict]) -> None:
    """Time per crisis against the number of powers, with the n² line through the middle of the range."""
    import altair as alt

    anchor = next(r for r in rows if r["powers"] == 8)
    lines = [{"powers": r["powers"], "µs per crisis": r["microseconds"], "line": "measured"} for r in rows]
    lines += [
        {
            "powers": r["powers"],
            "µs per crisis": anchor["microseconds"] * (r["powers"] / 8) ** 2,
            "line": "n² × options",
        }
        for r in rows
    ]
    ticks = {"values": list(POWERS)}
    chart = (
        alt.Chart(alt.Data(values=lines), title="Cost of a crisis grows like the square of its powers, not like 7ⁿ")
        .mark_line(point=True)
        .encode(
            x=alt.X("powers:Q", scale=alt.Scale(type="log"), axis=alt.Axis(**ticks), title="powers (7 options each)"),
            y=alt.Y("µs per crisis:Q", scale=alt.Scale(type="log"), title="microseconds per crisis, batch of 256"),
            color=alt.Color("line:N", title=None),
        )
        .properties(width=420, height=300)
    )
    chart.save(str(HERE / "solver_scaling.svg"))


def measure(peer_python: str | None) -> dict:
    where, rows = machine(), scaling()
    per_s = {powers: throughput(powers) for powers in (4, 6)}
    return {
        "n4_per_s": per_s[4][0],
        "n6_per_s": per_s[6][0],
        "not_converged_share": max(share for _, share, _ in per_s.values()),
        "largest_error_of_converged": max(error for *_, error in per_s.values()),
        "gradient_1000_ms": gradient_ms(),
        "n12_ms": single_ms(12),
        **gambit(peer_python),
        **twelve_powers(),
        "scaling": rows,
        "scaling_exponent": growth(rows),
        "machine": where,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="end with one JSON object on one line")
    parser.add_argument("--plot", action="store_true", help="write benchmarks/solver_scaling.svg")
    parser.add_argument("--peer-python", help="an interpreter that has pygambit")
    arguments = parser.parse_args()
    report = measure(arguments.peer_python)
    if arguments.plot:
        plot(report["scaling"])
    print(json.dumps(report) if arguments.json else json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
