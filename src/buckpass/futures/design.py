"""What a sweep varies and what it looks at: design.toml, read and checked against the case."""

from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from buckpass.case import Case
from buckpass.case.problems import clip, spelling_hint
from buckpass.changes.in_case import quantity_of
from buckpass.changes.paths import override_paths
from buckpass.futures.observe import BY_POWER
from buckpass.futures.problems import BadDesign
from buckpass.futures.scenario import questions_of

__all__ = ["METHODS", "Design", "Input", "Outcome", "assumed_inputs", "read_design", "sample_points"]

METHODS = ("sobol", "morris", "lhs")
KEYS = {"method", "samples", "seed", "years", "histories", "first_year", "foresight", "overrides", "input", "outcome"}


@dataclass(frozen=True)
class Input:
    """A path of `--set` and the range over which it is varied."""

    path: str
    low: float
    high: float


@dataclass(frozen=True)
class Outcome:
    """Mean over histories of a measure of a power in a year; `above` or `below` says which values are of interest."""

    measure: str
    power: str
    year: int
    above: float | None = None
    below: float | None = None

    @property
    def text(self) -> str:
        """Measure, power and year in words."""
        return f"{self.measure} {self.power} {self.year}"


@dataclass(frozen=True)
class Design:
    """A checked design."""

    method: str
    samples: int
    seed: int
    years: int
    histories: int
    inputs: tuple[Input, ...]
    outcomes: tuple[Outcome, ...]
    overrides: tuple[str, ...] = ()
    foresight: str = "myopic"
    first_year: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for the manifest."""
        return asdict(self)


def read_design(case: Case, path: Path) -> Design:
    """A design file; without [[input]] everything labelled assumed is varied. Raises `BadDesign` with every problem."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadDesign(f"{path.name} cannot be read as TOML: {error}") from error
    problems = [f"unknown key {clip(k)!r} — {spelling_hint(k, KEYS)}" for k in table if k not in KEYS]
    method = table.get("method", "sobol")
    if method not in METHODS:
        problems.append(f"method {clip(str(method))!r} is not one of {', '.join(METHODS)}")
    counts = {k: table.get(k, d) for k, d in (("samples", 64), ("seed", 0), ("years", 25), ("histories", 2048))}
    problems += [f"{k} = {v!r} is not a whole number" for k, v in counts.items() if type(v) is not int]
    problems += [f"{k} = {v} must be at least 1" for k, v in counts.items() if type(v) is int and k != "seed" and v < 1]
    foresight, first_year = table.get("foresight", "myopic"), table.get("first_year")
    if first_year is not None and (type(first_year) is not int or not 1 <= first_year <= 9999):
        problems.append(f"first_year = {first_year!r} is not a year")
        first_year = None
    inputs, wrong = _inputs(case, table.get("input"), foresight, first_year)
    outcomes, bad = _outcomes(case, table.get("outcome"))
    problems += wrong + bad
    if problems:
        raise BadDesign(f"{path.name}: nothing was computed:\n  " + "\n  ".join(problems))
    return Design(
        method=method, **counts, inputs=inputs, outcomes=outcomes, overrides=tuple(table.get("overrides", ())),
        foresight=foresight, first_year=first_year,
    )  # fmt: skip


def assumed_inputs(case: Case, first_year: int | None = None) -> tuple[Input, ...]:
    """Every number of the years ahead that is labelled assumed and has a range: parameters, vehicles, alignments."""
    settings, theatre, paths = case.settings, case.settings.focus.theatre, override_paths(case)
    day = date(first_year or settings.years[1] + 1, 1, 1)
    vehicles = (o.id for o in settings.organisations if o.is_vehicle and case.members(o.id, day))
    names = [*settings.parameters, *(f"{v}.{name}" for v in vehicles for name in ("cost_share", "legitimacy"))]
    names += [f"{a.of}.alignment@{a.with_}" for a in settings.alignments if a.theatre == theatre]
    found = {n: quantity_of(case, paths[n], theatre) for n in names if n in paths and "years" in paths[n].honoured}
    return tuple(
        Input(name, float(q.low), float(q.high))
        for name, q in found.items()
        if q is not None and q.label == "assumed" and q.low is not None and q.high is not None and q.low < q.high
    )


def sample_points(design: Design) -> Float[np.ndarray, "n k"]:
    """The points of the design, in the order that its analysis expects."""
    problem = problem_of(design)
    if design.method == "sobol":
        from SALib.sample import sobol

        size = 1 << max(design.samples - 1, 1).bit_length()  # Sobol' sequences balance at powers of two
        return sobol.sample(problem, size, calc_second_order=False, seed=design.seed)
    if design.method == "morris":
        from SALib.sample import morris

        return morris.sample(problem, design.samples, num_levels=4, seed=design.seed)
    from SALib.sample import latin

    return latin.sample(problem, design.samples, seed=design.seed)


def problem_of(design: Design) -> dict[str, Any]:
    """The design's inputs as SALib names them."""
    return {
        "num_vars": len(design.inputs),
        "names": [i.path for i in design.inputs],
        "bounds": [[i.low, i.high] for i in design.inputs],
    }


def _inputs(case: Case, entries: Any, foresight: str, first_year: int | None) -> tuple[tuple[Input, ...], list[str]]:
    if entries is None:
        return assumed_inputs(case, first_year), []
    paths, ranges = override_paths(case), {i.path: i for i in assumed_inputs(case, first_year)}
    found, problems = [], []
    for entry in entries:
        name = str(entry.get("path"))
        known = ranges.get(name)
        low, high = entry.get("low", known and known.low), entry.get("high", known and known.high)
        if name not in paths or paths[name].value != "number":
            problems.append(f"input {clip(name)!r} is not a number that can be changed — {spelling_hint(name, paths)}")
        elif why := paths[name].why_not(*questions_of(foresight)):
            problems.append(f"input {name}: {why}")
        elif not all(isinstance(x, (int, float)) and math.isfinite(x) for x in (low, high)) or not low < high:
            problems.append(f"input {name}: give low and high, low below high (seen: {low}, {high})")
        else:
            found.append(Input(name, float(low), float(high)))
    return tuple(found), problems


def _outcomes(case: Case, entries: Any) -> tuple[tuple[Outcome, ...], list[str]]:
    last = case.settings.years[1]
    entries = entries or [
        {"measure": "deployed_by", "power": case.settings.focus.rider, "year": last + 15, "above": 0.5}
    ]
    found, problems = [], []
    for entry in entries:
        unknown = sorted(set(entry) - {"measure", "power", "year", "above", "below"})
        measure, power, year = entry.get("measure"), entry.get("power"), entry.get("year")
        problems += [f"outcome has an unknown key {clip(k)!r}" for k in unknown]
        if measure not in BY_POWER:
            problems.append(f"outcome measure {measure!r} is not known — {spelling_hint(str(measure), BY_POWER)}")
        elif power not in case.powers:
            problems.append(f"outcome power {power!r} is not of this case — {spelling_hint(str(power), case.powers)}")
        elif type(year) is not int:
            problems.append(f"outcome year {year!r} is not a year")
        elif not unknown:
            found.append(Outcome(measure, power, year, entry.get("above"), entry.get("below")))
    return tuple(found), problems
