"""How fast years are played, in how much memory, and what common random numbers save; `--json` ends with one object.

python benchmarks/futures.py --json            # a sample, scaled to a million histories
python benchmarks/futures.py --json --full     # all of the million histories are played
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import sys
import time
from pathlib import Path

import jax
import numpy as np

from buckpass.case import load_case
from buckpass.years.indicators import BY_POWER, Tally
from buckpass.years.scenario import scenario_of
from buckpass.years.tiles import TILE, play_tiles
from buckpass.years.world import World, world_of

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "futures"))
from made import made_posterior  # noqa: E402  the tests' made posterior: all powers interact, the harder case

POWERS, YEARS, FLAGSHIP_YEARS = 8, 35, 25


def widened(world: World, powers: int) -> World:
    """The world with more powers, copies of the first ones: every axis as long as its power axis is the power axis."""
    own = world.own_stake.shape[0]
    index = np.arange(powers) % own

    def wider(leaf):
        for axis, size in enumerate(leaf.shape):
            if size == own:
                leaf = leaf.take(index, axis=axis)
        return leaf

    return jax.tree.map(wider, world)


def seconds(world: World, years: int, tiles: int) -> float:
    """Wall time to play and tally so many tiles, compiled before."""
    tally = Tally()
    started = time.perf_counter()
    for tile in play_tiles([world], 1, years, tiles * TILE):
        tally.add(tile.by_power[0], tile.by_host[0], tile.unsolved)
    return time.perf_counter() - started


def variance_ratio(case, posteriors) -> float:
    """Variance of the difference in the provider's burden: independent seeds over common numbers (5 % dearer to act)."""
    provider = case.settings.focus.provider
    m, i = BY_POWER.index("burden"), case.powers.index(provider)

    def totals(texts, seed):
        world, _ = world_of(scenario_of(case, texts, 2026), posteriors, 15, 1)
        return next(play_tiles([world], seed, 15, TILE)).by_power[0][m][:, :, i].sum(0)

    changed = [f"{provider}.cost=0.95x"]
    base = totals((), 1)
    return float(np.var(totals(changed, 2) - base) / np.var(totals(changed, 1) - base))


def every_power(world: World) -> World:
    """The world with what options bring written out for every power, as agents look it up."""
    names = ("effort_at", "cost_share_at", "presence_at", "influence_at", "deploys_at", "rung")
    wide = {n: np.broadcast_to(getattr(world.setting, n), world.setting.is_open.shape) for n in names}
    return dataclasses.replace(world, setting=dataclasses.replace(world.setting, **wide))


def mesa_histories_per_s(world: World, years: int, budget: float) -> tuple[float | None, str | None]:
    """Histories a second of the same year-step as a Mesa model, or why there are none: which import failed."""
    try:
        from mesa_peer import Theatre
    except ImportError as error:
        return None, f"Mesa cannot be imported ({error}): install the extra peer"

    numbers = every_power(jax.tree.map(np.asarray, world))
    Theatre(numbers, 0).run(2)
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < budget:
        Theatre(numbers, count + 1).run(years)
        count += 1
    return count / (time.perf_counter() - started), None


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--full", action="store_true", help="play the whole million")
    parser.add_argument("--tiles", type=int, default=8)
    given = parser.parse_args()
    case = load_case("central-asia")
    posteriors = {"FR": made_posterior(case)}
    flagship, labels = world_of(scenario_of(case, (), 2026), posteriors, FLAGSHIP_YEARS, 1)
    large = widened(flagship, POWERS)
    seconds(large, YEARS, 2)
    wide = seconds(large, YEARS, given.tiles)
    seconds(flagship, FLAGSHIP_YEARS, 2)
    tiles = -(-1_000_000 // TILE) if given.full else given.tiles
    took = seconds(flagship, FLAGSHIP_YEARS, tiles)
    rate, (peer, missing) = given.tiles * TILE / wide, mesa_histories_per_s(large, YEARS, 10.0)
    result = {
        "histories_per_s": rate,
        "mesa_histories_per_s": peer,
        "mesa_ratio": rate / peer if peer else None,
        "mesa_missing": missing,
        "million_s": took * 1_000_000 / (tiles * TILE),
        "million_is_measured": given.full,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "crn_variance_ratio": variance_ratio(case, posteriors),
        "powers": POWERS, "hosts": len(labels.hosts), "years": YEARS, "cpu_share": _cpu_share(),
    }  # fmt: skip
    print(json.dumps(result) if given.json else "\n".join(f"{k}: {v}" for k, v in result.items()))


def _cpu_share() -> float:
    """Share of one core that a busy loop of this process gets: below 1 the machine is shared and rates are too low."""
    wall, own = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < 1.0:
        pass
    return time.process_time() - own


if __name__ == "__main__":
    main()
