"""Refresh the numbers of the page "The decades ahead": writes docs/decades.json, which the documentation reads.

python benchmarks/decades.py                # everything, about five minutes on two idle cores
python benchmarks/decades.py --points 0     # without the sweep: its numbers in docs/decades.json stay as they are
python benchmarks/decades.py --sobol 64     # only the Sobol' indices, into the same file; build/sobol resumes
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine
from scipy.stats import norm, spearmanr

from buckpass.bargain import agreement
from buckpass.case import Case, load_case
from buckpass.changes.paths import override_paths
from buckpass.fitting.files import load_posteriors
from buckpass.sweeps import sweep
from buckpass.sweeps.design import Design, Outcome, assumed_inputs, sample_points
from buckpass.years import Plan, backtest, simulate
from buckpass.years.indicators import BY_POWER
from buckpass.years.scenario import scenario_of
from buckpass.years.tiles import TILE, play_tiles
from buckpass.years.world import world_of

ROOT = Path(__file__).parent.parent
CASE = "central-asia"
HISTORIES, YEARS = 20_000, 25
SWEEP_YEARS, SIGN_POINTS = 15, 24
SHOWN = ("burden", "deployed_by", "first_by", "capacity_free", "security_share")
FORESIGHT = ("myopic", "one-step")
BARGAINS = (
    (), ("transfer=0.1",), ("arrangement.punishment_years=1",),
    ("arrangement.punishment_years=1", "transfer=0.1"),
)  # fmt: skip


def scenarios(case: Case, posteriors) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Per scenario file the last year's differences from the baseline, and the figures that show them."""
    rows, figures = [], {}
    for name, scenario in case.scenarios.items():
        found = simulate(case, posteriors, scenario.set, Plan(YEARS, HISTORIES))
        figures[name] = found.plot("burden")
        by_power, by_host = (table.frame.to_dicts() for table in found.tables())
        rows.append(
            {"name": name, "title": scenario.title, "set": list(scenario.set), "unsolved": found.unsolved,
             "by_power": [r for r in by_power if r["measure"] in SHOWN], "by_host": by_host}
        )  # fmt: skip
    return rows, figures


def foresight(case: Case, posteriors) -> list[dict[str, Any]]:
    """Means of the last year under myopic powers and under powers that look one year ahead."""
    found = {f: simulate(case, posteriors, (), Plan(YEARS, HISTORIES, foresight=f)).table().frame for f in FORESIGHT}
    return [
        {"measure": a["measure"], "power": a["power"], "myopic": a["mean"], "one_step": b["mean"]}
        for a, b in zip(*(frame.to_dicts() for frame in found.values()), strict=True)
        if a["measure"] in SHOWN
    ]


def bargains(case: Case, posteriors) -> list[dict[str, Any]]:
    """The agreement as the case has it, and with its terms changed."""
    out = []
    for texts in BARGAINS:
        found = agreement(case, posteriors, texts, years_ahead=(0, 25))
        out.append(
            {"set": list(texts), "p_self_enforcing": found.p_self_enforcing, "explanation": found.explanation,
             "fee": found.fee, "transfer": found.transfer, "break_year": found.break_year,
             "parties": found.table().frame.to_dicts(), "statements": list(found.statements())}
        )  # fmt: skip
    return out


def outcomes_of(case: Case) -> tuple[Outcome, ...]:
    """What the sweep looks at: the rider deploys, is first, and the provider's burden, at the end of its years."""
    rider, provider = case.settings.focus.rider, case.settings.focus.provider
    last = case.settings.years[1] + SWEEP_YEARS
    return (
        Outcome("deployed_by", rider, last, above=0.5), Outcome("first_by", rider, last, above=0.9),
        Outcome("burden", provider, last, above=1.0),
    )  # fmt: skip


def survives(case: Case, posteriors, points: int) -> dict[str, Any]:
    """A Latin hypercube over everything assumed: spread, what each outcome turns on, boxes, and signs of scenarios."""
    design = Design("lhs", points, 0, SWEEP_YEARS, TILE, assumed_inputs(case), outcomes_of(case))
    with tempfile.TemporaryDirectory() as folder:
        found = sweep(case, posteriors, design, Path(folder) / "sweep")
    names = [i.path for i in design.inputs]
    least = float(norm.isf(0.025 / len(names)) / np.sqrt(points - 1))  # 5 % for all inputs together (Bonferroni)
    rows = []
    for o, outcome in enumerate(design.outcomes):
        values = found.outcomes[:, o]
        rho = {n: float(spearmanr(found.inputs[:, k], values)[0]) for k, n in enumerate(names)}
        strong = sorted((n for n in names if abs(rho[n]) >= least), key=lambda n: -abs(rho[n]))
        rows.append(
            {"measure": outcome.measure, "power": outcome.power, "year": outcome.year, "above": outcome.above,
             "least": float(values.min()), "median": float(np.median(values)), "most": float(values.max()),
             "turns_on": {n: rho[n] for n in strong}, "box": found.boxes[o]}
        )  # fmt: skip
    return {"points": points, "inputs": len(names), "years": SWEEP_YEARS, "histories": TILE, "least_rho": least,
            "outcomes": rows, "signs": signs(case, posteriors, design)}  # fmt: skip


def sobol_indices(case: Case, posteriors, samples: int) -> dict[str, Any]:
    """First-order and total indices of each outcome over everything assumed; an interrupted run goes on from its files."""
    design = Design("sobol", samples, 0, SWEEP_YEARS, TILE, assumed_inputs(case), outcomes_of(case))
    folder = ROOT / "build" / "sobol"
    started = time.perf_counter()
    found = sweep(case, posteriors, design, folder)
    rows = [
        {"measure": o.measure, "power": o.power, "year": o.year, "indices": told_from_zero(indices)}
        for o, indices in zip(design.outcomes, found.indices, strict=True)
    ]
    return {"record_hash": case.record_hash, "points": len(found.inputs), "inputs": len(design.inputs), "samples": samples,
            "years": SWEEP_YEARS, "histories": TILE, "outcomes": rows, "machine": machine(),
            "seconds": time.perf_counter() - started}  # fmt: skip


def told_from_zero(indices: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Inputs whose total index is told from 0 by its 95 % interval."""
    return {name: found for name, found in indices.items() if found and found["ST"] > found["ST_conf"]}


def signs(case: Case, posteriors, design: Design) -> list[dict[str, Any]]:
    """In how many points of the design each scenario raises the burden of the provider, and of the rider."""
    powers = (case.settings.focus.provider, case.settings.focus.rider)
    pairs = {name: np.zeros((SIGN_POINTS, len(powers))) for name in case.scenarios}
    for k, point in enumerate(sample_points(design)[:SIGN_POINTS]):
        texts = [f"{i.path}={v:.17g}" for i, v in zip(design.inputs, point, strict=True)]
        kept: dict = {}
        base = burdens(case, posteriors, texts, kept)
        for name, scenario in case.scenarios.items():
            changed = burdens(case, posteriors, without_repeats(case, scenario.set, texts), kept)
            pairs[name][k] = [changed[case.powers.index(p)] - base[case.powers.index(p)] for p in powers]
    return [
        {"scenario": name, "title": case.scenarios[name].title, "power": p, "points": SIGN_POINTS,
         "raised": int((d[:, i] > 0).sum()), "lowered": int((d[:, i] < 0).sum()), "median": float(np.median(d[:, i]))}
        for name, d in pairs.items() for i, p in enumerate(powers)
    ]  # fmt: skip


def without_repeats(case: Case, changes: Sequence[str], texts: Sequence[str]) -> list[str]:
    """The point's values, but the scenario's own where both set the same thing, under whichever of its names."""
    paths = override_paths(case)

    def thing(text: str) -> str:
        path = text.partition("=")[0].strip()
        return (paths[path].sets or path) if path in paths else path

    taken = {thing(text) for text in changes}
    return [*(t for t in texts if thing(t) not in taken), *changes]


def burdens(case: Case, posteriors, texts: list[str], kept: dict) -> np.ndarray:
    """Mean yearly burden of each power over the years, one tile of histories with the same random numbers."""
    world, _ = world_of(scenario_of(case, texts), posteriors, SWEEP_YEARS, 0, kept)
    tile = next(play_tiles([world], 0, SWEEP_YEARS, TILE))
    return tile.by_power[0][BY_POWER.index("burden")].mean(axis=(0, 1), dtype=float)


def write(path: Path, numbers: dict[str, Any]) -> None:
    path.write_text(json.dumps(numbers, indent=1, sort_keys=True) + "\n", "utf-8")


def main() -> None:
    """Write docs/decades.json, and with --figures each scenario's figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=64, help="points of the sweep; 0 leaves the kept sweep alone")
    parser.add_argument("--figures", type=Path, help="also write each scenario's figure into this folder")
    parser.add_argument("--sobol", type=int, default=0, help="base samples of the Sobol' indices, and nothing else")
    given = parser.parse_args()
    started = time.perf_counter()
    case = load_case(CASE)
    posteriors = load_posteriors(case)
    path = ROOT / "docs" / "decades.json"
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if given.sobol:
        write(path, {**kept, "sobol": sobol_indices(case, posteriors, given.sobol)})
        return
    rows, figures = scenarios(case, posteriors)
    numbers = {
        "case": case.id, "record_hash": case.record_hash, "years": YEARS, "histories": HISTORIES, "scenarios": rows,
        "foresight": foresight(case, posteriors), "backtest": backtest(case, posteriors).as_dict(),
        "agreement": bargains(case, posteriors),
        "sweep": survives(case, posteriors, given.points) if given.points else kept.get("sweep"),
        "sobol": kept.get("sobol"), "machine": machine(), "seconds": time.perf_counter() - started,
    }  # fmt: skip
    write(path, numbers)
    if given.figures is not None:
        given.figures.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            figure.save(given.figures / f"decades-{name}.svg")
    print(f"docs/decades.json written in {numbers['seconds']:.0f} s")


if __name__ == "__main__":
    main()
