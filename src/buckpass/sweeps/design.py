"""What a sweep varies and what it looks at: design.toml, read and checked against the case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Bool, Float
from pydantic import Field

from buckpass.case import Case
from buckpass.case.entries import Entry, Line, Number
from buckpass.case.problems import FileRefused, clip, spelling_hint
from buckpass.case.reading.files import decode_text
from buckpass.case.reading.toml_reading import read_toml
from buckpass.case.strangers_files import read_plain
from buckpass.changes.in_case import quantity_of
from buckpass.changes.paths import override_paths
from buckpass.years.indicators import BY_POWER, measure_named
from buckpass.years.scenario import questions_of
from buckpass.years.year_problems import BadDesign

__all__ = ["Design", "Input", "Outcome", "assumed_inputs", "read_design", "sample_points"]

LARGEST_FILE, MOST_POINTS = 100_000, 1_000_000
Count = Annotated[int, Field(strict=True, ge=1, lt=2**31)]
Year = Annotated[int, Field(strict=True, ge=1, le=9999)]


class InputEntry(Entry):
    """`[[input]]`: a path of `--set`, and a range where the case gives none or another is wanted."""

    path: Line
    low: Number | None = None
    high: Number | None = None


class OutcomeEntry(Entry):
    """`[[outcome]]`: what is looked at, and which of its values are of interest."""

    measure: Line
    power: Line
    year: Year
    above: Number | None = None
    below: Number | None = None


class DesignFile(Entry):
    """What may stand in a design file."""

    method: Literal["sobol", "morris", "lhs"] = "sobol"
    samples: Count = 64
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = 0
    years: Count = 25
    histories: Count = 2048
    first_year: Year | None = None
    foresight: Literal["myopic", "one-step"] = "myopic"
    overrides: Annotated[tuple[Line, ...], Field(max_length=200)] = ()
    input: Annotated[tuple[InputEntry, ...], Field(max_length=1000)] | None = None
    outcome: Annotated[tuple[OutcomeEntry, ...], Field(max_length=200)] = ()


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

    def is_of_interest(self, values: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Whether each value lies above `above` and below `below`, as far as they are given; none where neither is."""
        if self.above is None and self.below is None:
            return np.zeros(values.shape, bool)
        low = -np.inf if self.above is None else self.above
        return (values > low) & (values < (np.inf if self.below is None else self.below))

    @property
    def sought(self) -> str:
        """The outcome with what is of interest in it: `burden AAA 2030 above 0.3 and below 0.5`."""
        ends = [f"{word} {end:g}" for word, end in (("above", self.above), ("below", self.below)) if end is not None]
        return " ".join((self.text, " and ".join(ends))).strip()

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


def read_design(case: Case, path: str | Path) -> Design:
    """A design file; without [[input]] everything labelled assumed is varied. Raises `BadDesign` with every problem."""
    path = Path(path)
    try:
        file, found = read_toml(path.name, decode_text(read_plain(path, LARGEST_FILE)), DesignFile)
    except FileRefused as refused:
        raise BadDesign(f"{path.name}: {refused}") from None
    given, problems = file.content, [str(p) for p in found]
    if given is None:
        raise _bad(path, problems)
    inputs, wrong = _inputs(case, given)
    outcomes, bad = _outcomes(case, given)
    if problems := [*wrong, *bad]:
        raise _bad(path, problems)
    kept = {
        k: getattr(given, k)
        for k in ("method", "samples", "seed", "years", "histories", "overrides", "foresight", "first_year")
    }
    design = Design(inputs=inputs, outcomes=outcomes, **kept)
    if (points := count_points(design)) > MOST_POINTS:
        raise _bad(path, [f"samples = {given.samples} asks for {points:,} points, more than {MOST_POINTS:,}"])
    return design


def _bad(path: Path, problems: Sequence[str]) -> BadDesign:
    return BadDesign(f"{path.name}: nothing was computed:\n  " + "\n  ".join(problems))


def assumed_inputs(case: Case, first_year: int | None = None) -> tuple[Input, ...]:
    """Every number of the years ahead that is labelled assumed and has a range: parameters, vehicles, alignments."""
    settings, theatre, paths = case.settings, case.settings.focus.theatre, override_paths(case)
    day = date(first_year or settings.years[1] + 1, 1, 1)
    vehicles = (o.id for o in settings.organisations if o.is_vehicle and case.members(o.id, day))
    names = [*settings.parameters, *(f"{v}.{name}" for v in vehicles for name in ("cost_share", "legitimacy"))]
    names += [f"{a.of}.alignment@{a.with_}" for a in settings.alignments if a.theatre == theatre]
    found = {n: quantity_of(case, paths[n], theatre, day) for n in names if n in paths and "years" in paths[n].honoured}
    return tuple(
        Input(name, float(q.low), float(q.high))
        for name, q in found.items()
        if q is not None and q.label == "assumed" and q.low is not None and q.high is not None and q.low < q.high
    )


def count_points(design: Design) -> int:
    """How many points the design plays."""
    inputs = len(design.inputs)
    return {"sobol": _power_of_two(design.samples) * (inputs + 2), "morris": design.samples * (inputs + 1),
            "lhs": design.samples}[design.method]  # fmt: skip


def _power_of_two(samples: int) -> int:
    return 1 << max(samples - 1, 1).bit_length()  # Sobol' sequences balance at powers of two


def sample_points(design: Design) -> Float[np.ndarray, "n k"]:
    """The points of the design, in the order that its analysis expects."""
    problem = problem_of(design)
    if design.method == "sobol":
        from SALib.sample import sobol

        return sobol.sample(problem, _power_of_two(design.samples), calc_second_order=False, seed=design.seed)
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


def _inputs(case: Case, given: DesignFile) -> tuple[tuple[Input, ...], list[str]]:
    if given.input is None:
        return assumed_inputs(case, given.first_year), []
    paths, ranges = override_paths(case), {i.path: i for i in assumed_inputs(case, given.first_year)}
    found, problems = [], []
    for entry in given.input:
        name, known = entry.path, ranges.get(entry.path)
        low = entry.low if entry.low is not None or known is None else known.low
        high = entry.high if entry.high is not None or known is None else known.high
        if name not in paths or paths[name].value != "number":
            problems.append(f"input {clip(name)!r} is not a number that can be changed — {spelling_hint(name, paths)}")
        elif why := paths[name].why_not(*questions_of(given.foresight)):
            problems.append(f"input {name}: {why}")
        elif low is None or high is None or not low < high:
            problems.append(f"input {name}: give low and high, low below high (seen: {low}, {high})")
        elif name in {i.path for i in found}:
            problems.append(f"input {name} stands twice: give it once")
        else:
            found.append(Input(name, low, high))
    return tuple(found), problems


def _outcomes(case: Case, given: DesignFile) -> tuple[tuple[Outcome, ...], list[str]]:
    if not given.outcome:
        return (Outcome("deployed_by", case.settings.focus.rider, case.settings.years[1] + 15, above=0.5),), []
    found, problems = [], []
    for entry in given.outcome:
        outcome = Outcome(entry.measure, entry.power, entry.year, entry.above, entry.below)
        if entry.measure not in BY_POWER:
            problems.append(
                f"outcome measure {clip(entry.measure)!r} is not known — {spelling_hint(entry.measure, BY_POWER)}"
            )
        elif entry.power not in case.powers:
            problems.append(
                f"outcome power {clip(entry.power)!r} is not of this case — {spelling_hint(entry.power, case.powers)}"
            )
        elif entry.above is not None and entry.below is not None and not entry.above < entry.below:
            problems.append(
                f"outcome {outcome.text}: above = {entry.above:g} and below = {entry.below:g} leave no value between"
            )
        elif measure_named(entry.measure).is_share and _is_never(outcome):
            problems.append(
                f"outcome {outcome.sought}: {entry.measure} lies between 0 and 1, so no value is of interest"
            )
        else:
            found.append(outcome)
    return tuple(found), problems


def _is_never(outcome: Outcome) -> bool:
    """Whether no share, 0 to 1, lies above and below what is sought."""
    return (outcome.above is not None and outcome.above >= 1) or (outcome.below is not None and outcome.below <= 0)
