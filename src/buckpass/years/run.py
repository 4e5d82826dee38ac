"""Many years of a theatre: the baseline, and what a scenario changes in it, under common random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.changes.idle import idle_changes, idle_note
from buckpass.changes.overrides import Changes, Override, as_changes
from buckpass.predict.which_fits import Basis, Fits, basis_of
from buckpass.results.progress import Along, in_order
from buckpass.results.summary import ENDS, normal_interval
from buckpass.results.table import ResultTable, ShowsItself
from buckpass.years.foresight import with_foresight
from buckpass.years.indicators import BY_HOST, BY_POWER, MEASURES, Measure, Tally
from buckpass.years.kept_histories import HistoryWriter, manifest_of
from buckpass.years.play import inputs_of
from buckpass.years.scenario import Scenario, scenario_alone, scenario_of
from buckpass.years.spells import spells_of
from buckpass.years.tiles import TILE, play_tiles
from buckpass.years.world import Labels, World, world_of
from buckpass.years.year_problems import NoHistories

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Futures", "Plan", "check_plan", "simulate"]

QUANTILES = (ENDS[0], 0.25, 0.5, 0.75, ENDS[1])
MOST_HISTORIES = 2**31 - 4096
MOST_YEARS = 500
RUNS = ("baseline", "scenario", "difference")


@dataclass(frozen=True)
class Plan:
    """How the years are played; none of `chunk` and `workers` changes a number.

    foresight : "myopic" or "one-step".
    first_year : None is the year after the record.
    """

    years: int = 25
    histories: int = 10_000
    seed: int = 0
    first_year: int | None = None
    foresight: str = "myopic"
    chunk: int = 65_536
    workers: int = 2


@dataclass(frozen=True)
class Futures(ShowsItself):
    """Summaries over histories.

    summary : xarray Dataset; <measure>_mean, <measure>_se [run, year, power], <measure> [run, quantile, year, power];
    crises, nobody, unstable (per year), nobody_by (probability) [run, year, host]. run = baseline, and with overrides
    scenario and difference (scenario minus baseline of the same history).
    """

    summary: xr.Dataset
    manifest: Mapping[str, Any]
    labels: Labels
    unsolved: int
    folder: Path | None = None
    notes: tuple[str, ...] = field(default=())

    def table(self, year: int | None = None) -> ResultTable:
        """The last (or given) year by measure and power: mean, and 5 and 95 % of histories (not of a probability); with a scenario also its mean and the difference (scenario - baseline, of the
        same history) with the 90 % interval of its mean.
        """
        at = self._year(year)
        rows = [
            {"measure": m.name, "power": str(power), "mean": float(at[f"{m.name}_mean"].sel(run="baseline", power=power)),
             **_band(at, m, power), **_difference(at, m.name, power)}
            for m in MEASURES for power in at["power"].values if m.name != "economic_share" or power in self.labels.traders
        ]  # fmt: skip
        said = "; ".join(f"{m.name}: {m.meaning} ({m.unit})" for m in MEASURES)
        return ResultTable(pl.DataFrame(rows), f"By power in {int(at['year'])}", {}, f"{said}.")

    def by_host(self, year: int | None = None) -> ResultTable:
        """The last (or given) year by host and run: crises, and how many found nobody or were not stabilised."""
        at = self._year(year)
        rows = [
            {"host": str(host), "run": str(run), **{name: float(at[name].sel(run=run, host=host)) for name in BY_HOST}}
            for host in at["host"].values for run in at["run"].values
        ]  # fmt: skip
        return ResultTable(pl.DataFrame(rows), f"By host in {int(at['year'])}", {"nobody_by": "probability"})

    def tables(self) -> tuple[ResultTable, ...]:
        """The last year by power and by host."""
        return self.table(), self.by_host()

    def _year(self, year: int | None) -> xr.Dataset:
        return self.summary.sel(year=int(self.summary["year"][-1]) if year is None else year)

    def as_dict(self) -> dict[str, Any]:
        """The summary and the manifest as plain data."""
        plain = {"manifest": dict(self.manifest), "unsolved": self.unsolved, "notes": list(self.notes)}
        return {**plain, "summary": self.summary.to_dict()}

    def plot(self, measure: str = "burden"):
        """Fan chart by power, the baseline in grey (an Altair chart)."""
        from buckpass.years.charts import fan_chart

        return fan_chart(self.summary, measure)


def _band(at: xr.Dataset, measure: Measure, power: str) -> dict[str, float | None]:
    if measure.unit == "probability":
        return {"low": None, "high": None}
    of = at[measure.name].sel(run="baseline", power=power)
    return {"low": float(of.sel(quantile=QUANTILES[0])), "high": float(of.sel(quantile=QUANTILES[-1]))}


def _difference(at: xr.Dataset, measure: str, power: str) -> dict[str, float]:
    if "difference" not in at["run"]:
        return {}
    of = at.sel(run="difference", power=power)
    mean = float(of[f"{measure}_mean"])
    low, high = normal_interval(mean, float(of[f"{measure}_se"]))
    scenario = float(at[f"{measure}_mean"].sel(run="scenario", power=power))
    return {"scenario": scenario, "difference": mean, "difference_low": low, "difference_high": high}


def simulate(
    case: Case, posteriors: Fits, overrides: Changes = (), plan: Plan = Plan(),
    out: str | Path | None = None, along: Along = in_order,
) -> Futures:  # fmt: skip
    """Play the years ahead of the case's focus theatre, with and without the overrides.

    Every history lives under a posterior draw of its own and a draw of the assumed parameters from their ranges. Baseline
    and scenario share every random number, which belongs to (history, year, host, power, purpose). With `out`, one
    Parquet part per chunk of histories and a manifest are written there.

    Parameters
    ----------
    case, posteriors, overrides : as `solve_crisis` takes them.
    plan : years, histories, foresight and seed.
    out : folder of the parts and the manifest (None: none are written).
    along : hands on the tiles, of 2,048 histories each, for a caller that shows how far it is.

    Returns
    -------
    Futures
        By year, power and host: the baseline, and with overrides the scenario and their difference.

    Raises
    ------
    NoHistories, GrowthOverflows, NoUsablePosterior, NotPosteriors, OrderNotPlayed, BadOverride, ManifestMismatch
    """
    check_plan(plan)
    basis, folder = basis_of(case, posteriors), None if out is None else Path(out)
    first = plan.first_year or case.settings.years[1] + 1
    asked = as_changes(overrides)
    texts = [(), asked] if asked else [()]
    scenarios = [scenario_of(case, t, first, plan.foresight) for t in texts]
    made = [world_of(scenario, basis, plan.years, plan.seed) for scenario in scenarios]
    labels = made[0][1]
    notes = _notes(case, basis, scenarios[-1], plan, [world for world, _ in made])
    worlds = [with_foresight(plan.foresight, world, plan, case) for world, _ in made]
    manifest = _manifest(case, basis, [*map(str, asked)], plan, labels)
    writer = HistoryWriter(folder, manifest, plan.chunk) if folder is not None else None
    tallies = _tallied(worlds, plan, writer, along)
    return Futures(_summary(tallies, labels, plan), manifest, labels, int(tallies[0].unsolved), folder, notes)


def _tallied(worlds: Sequence[World], plan: Plan, writer: HistoryWriter | None, along: Along) -> list[Tally]:
    """Every tile of histories played, counted and written."""
    tallies = [Tally(is_difference=name == "difference") for name in RUNS[: 1 if len(worlds) == 1 else 3]]
    tiles = play_tiles(worlds, plan.seed, plan.years, plan.histories, plan.workers)
    for tile in along(tiles, -(-plan.histories // TILE)):
        _count(tallies, tile)
        if writer is not None:
            writer.add(tile)
    if writer is not None:
        writer.finish()
    return tallies


def _notes(case: Case, basis: Basis, scenario: Scenario, plan: Plan, worlds: Sequence[World]) -> tuple[str, ...]:
    """In which years other relations begin to hold; which changes by themselves move no game, no first state and no growth."""
    later = spells_of(scenario.case, scenario.first_year, plan.years)[1:]
    dated = (f"Other dated relations hold from {', '.join(map(str, later))} on.",) if later else ()
    if not scenario.overrides:
        return dated

    def inputs(override: Override) -> Any:
        if len(scenario.overrides) == 1:
            return inputs_of(worlds[-1])
        one = scenario_alone(case, override, scenario.first_year)
        return inputs_of(world_of(one, basis, plan.years, plan.seed)[0])

    # what next year weighs shows in no input
    asked = [o for o in scenario.overrides if o.of.honoured != ("foresight",)]
    return *dated, *idle_note(idle_changes(case, asked, inputs_of(worlds[0]), inputs, worlds[0].setting.vehicles))


def check_plan(plan: Plan) -> None:
    """Raise `NoHistories` where histories or years are out of range."""
    if not 1 <= plan.histories <= MOST_HISTORIES:
        raise NoHistories(f"{plan.histories} histories were asked for: give a number from 1 to {MOST_HISTORIES}")
    if not 1 <= plan.years <= MOST_YEARS:
        raise NoHistories(f"{plan.years} years were asked for: give a number from 1 to {MOST_YEARS}")


def _count(tallies: list[Tally], tile) -> None:
    for tally, by_power, by_host in zip(tallies, tile.by_power, tile.by_host, strict=False):
        tally.add(by_power, by_host, tile.unsolved)
    if len(tallies) == len(RUNS):
        base, changed = tile.by_power
        by_power, by_host = zip(base, changed, strict=True), zip(*tile.by_host, strict=True)
        tallies[2].add([b - a for a, b in by_power], [b - a for a, b in by_host], tile.unsolved)


def _manifest(case: Case, basis: Basis, overrides, plan: Plan, labels: Labels) -> dict[str, Any]:
    fit = basis.fit
    identity = {
        "case": case.id, "case_hash": case.hash, "record_hash": case.record_hash, "seed": plan.seed, "years": plan.years,
        "histories": plan.histories, "overrides": list(overrides), "foresight": plan.foresight,
        "first_year": labels.first_year, "weights": basis.weights,
        "posteriors": {basis.name: [fit.case_hash, fit.seed, fit.n_draws]}, "models": {basis.name: fit.model},
    }  # fmt: skip
    parameters = {
        "powers": list(labels.powers), "hosts": list(labels.hosts), "first_year": labels.first_year,
        "values": {k: q.model_dump(exclude={"reason", "sources"}) for k, q in case.settings.parameters.items()},
    }  # fmt: skip
    return manifest_of(identity, parameters)


def _summary(tallies: list[Tally], labels: Labels, plan: Plan) -> xr.Dataset:
    import xarray as xr

    mean = np.stack([t.mean() for t in tallies])
    error = np.stack([t.standard_error() for t in tallies])
    quantiles = np.stack([t.quantiles(QUANTILES) for t in tallies])
    hosts = np.stack([t.hosts / t.count for t in tallies if t.hosts is not None])
    data: dict[str, Any] = {}
    for m, name in enumerate(BY_POWER):
        data[f"{name}_mean"] = (("run", "year", "power"), mean[:, m])
        data[f"{name}_se"] = (("run", "year", "power"), error[:, m])
        data[name] = (("run", "quantile", "year", "power"), quantiles[:, :, m])
    data |= {name: (("run", "year", "host"), hosts[:, m]) for m, name in enumerate(BY_HOST)}
    years = labels.first_year + np.arange(plan.years)
    coords = {"run": list(RUNS[: len(tallies)]), "quantile": list(QUANTILES), "year": years,
              "power": list(labels.powers), "host": list(labels.hosts)}  # fmt: skip
    return xr.Dataset(data, coords, attrs={m.name: f"{m.meaning} ({m.unit})" for m in MEASURES})
