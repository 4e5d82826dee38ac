"""At how many crises like these would a mechanism be told from none: simulate, ask again, compare posteriors (model §4)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import jax.numpy as jnp
import numpy as np
import polars as pl
from pydantic import Field, model_validator

from buckpass.case import BuckpassError, Case
from buckpass.case.problems import FileRefused
from buckpass.case.reading.files import read_inside
from buckpass.case.strangers_files import JSON_LIMIT, StrangersRecord, as_record, parsed_json, read_json, read_plain
from buckpass.evidence.simulating import chances_with_new_effects, simulated_record
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.profile import Profile
from buckpass.fitting.program import Program
from buckpass.fitting.stamp import stamp_hash, stamp_of
from buckpass.game.setting import CrisisSetting, setting_of
from buckpass.model.mechanisms import ALL, UnknownExplanation, combination
from buckpass.model.observations import Coding, Observations, observations
from buckpass.model.readings import reading_of
from buckpass.model.terms import entering
from buckpass.predict.which_fits import basis_of, refuse_in_order
from buckpass.results.files import made_folder, write_json
from buckpass.results.summary import summary
from buckpass.results.table import ResultTable, ShowsItself

__all__ = [
    "BUNDLED",
    "WHOLE",
    "PowerStudy",
    "PowerStudyError",
    "PowerTask",
    "bundled_power_study",
    "power_study",
    "profiled",
]

BUNDLED = "power_study.json"
WHOLE = ALL  # the fit that records are drawn from, unless another is given
TERM, VALUES = entering("kappa.aligned"), (0.0, 0.6)
TIMES = (1, 2, 4, 8)  # the record, and records so many times as long
TOLD = (
    0.95  # chance that the record with the mechanism gives the larger posterior mean, from which the two are told apart
)
Spread = Callable[[Callable[..., Any], Sequence[Any], Sequence[Any]], Iterable[tuple[Any, Any]]]


class PowerStudyError(BuckpassError):
    """A power study cannot be made, resumed or shown; the message says why and what to do."""


@dataclass(frozen=True)
class PowerTask:
    """One record of the study: `times` as long as the real one, drawn with the term at `value`, for the
    `replication`-th time; records of one replication and length differ in nothing but the term."""

    times: int
    value: float
    replication: int

    @property
    def file(self) -> str:
        return f"{self.times:02d}-{self.value:g}-{self.replication:03d}.json"


@dataclass(frozen=True)
class PowerStudy(ShowsItself):
    """What each record says of the term: rows with times, value, replication, mean, sd, low, high, reasons.

    model : hash of the model of the fit that records are drawn from. n_crises : of the real record. seed : of the records drawn.
    """

    case_id: str
    case_hash: str
    explanation: str
    model: str
    term: str
    n_crises: int
    seed: int
    rows: tuple[Mapping[str, Any], ...]

    @property
    def values(self) -> tuple[float, float]:
        """The two values that are to be told apart, the smaller first."""
        least, *_, most = sorted({row["value"] for row in self.rows})
        return least, most

    def told_apart(self) -> ResultTable:
        """Per length of record: posterior means under either truth, and the chance that they are in the right order."""
        rows = [self._at(times) for times in sorted({row["times"] for row in self.rows})]
        least, most = self.values
        note = (
            f"Records of so many crises drawn from the posterior of {self.explanation} with {self.term} at {least:g} and at "
            f"{most:g}: crises, powers, missing rows and widths of doubt of the real record drawn again, effects of crises new, requests "
            f"as recorded and no evidence. mean, sd: of the posterior of {self.term}, averaged over records. in order: chance "
            f"that the record with {most:g} has the larger posterior mean, with its standard error; told apart from {TOLD:g}. "
            f"Posteriors are profiles: at each value of {self.term} every other term is at its most probable value. failed: records of which a game was not "
            "solved; they do not count."
        )
        return ResultTable(pl.DataFrame(rows), f"At how many crises like these {self.term} would be told from {least:g}", {}, note,
                           (), self.case_hash, self.seed)  # fmt: skip

    @property
    def crises_needed(self) -> int | None:
        """The shortest record studied from which the two are told apart; None where not even the longest tells."""
        table = self.told_apart().frame.filter(pl.col("in_order") >= TOLD)
        return int(table["crises"].min()) if len(table) else None  # pyright: ignore[reportArgumentType]

    def table(self) -> ResultTable:
        """At how many crises the two values are told apart."""
        return self.told_apart()

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, fit for JSON."""
        return {
            "case_id": self.case_id, "case_hash": self.case_hash, "explanation": self.explanation, "model": self.model, "term": self.term,
            "n_crises": self.n_crises, "seed": self.seed, "values": list(self.values), "crises_needed": self.crises_needed,
            "told_apart": self.told_apart().rows(), "rows": [dict(row) for row in self.rows],
        }  # fmt: skip

    def _at(self, times: int) -> dict[str, Any]:
        here = [row for row in self.rows if row["times"] == times]
        passed = [row for row in here if not row["reasons"]]
        arms = [[row for row in passed if row["value"] == value] for value in self.values]
        found: dict[str, Any] = {"crises": times * self.n_crises, "records": len(passed)}
        for name, arm in zip(("without", "with"), arms, strict=True):
            for what in ("mean", "sd"):
                found[f"{what}_{name}"] = float(np.mean([row[what] for row in arm])) if arm else None
        means = [np.array([row["mean"] for row in arm]) for arm in arms]
        found |= _in_order(*means) if min(map(len, means)) > 1 else {"in_order": None, "in_order_se": None}
        return found | {"failed": len(here) - len(passed)}


def power_study(
    case: Case, posteriors: Posterior | Mapping[str, Posterior], folder: str | Path, *, times: Sequence[int] = TIMES, values: tuple[float, float] = VALUES,
    replications: int = 20, seed: int = 0, term: str = TERM, spread: Spread | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> PowerStudy:  # fmt: skip
    """Draw records with a term at two values, ask each for the term, and say at what length they are told apart.

    What a record says is its profile posterior (`fitting.profile`), some seconds where drawing would take a quarter of an hour.

    Parameters
    ----------
    case, posteriors : the fit that records are drawn from and whose terms are asked again; of all posteriors, as `solve_crisis`.
    folder : one file a record, written at once: whatever ends the run, the same call goes on from there, and with more
        replications or lengths it adds to what is there.
    times, replications : lengths, in records like this one, and records of each length and value.
    term, values : what is asked for, and the two values at which records are drawn.
    seed : of the records.
    spread : hands the records to other machines (`buckpass.sweeps.cluster.spread` bound to a client).
    told : hears how many are done, of how many.

    Returns
    -------
    PowerStudy
        Posterior mean and sd of the term by record, and from which length on its two values are told apart.

    Raises
    ------
    PowerStudyError, NoUsablePosterior, NotPosteriors, OrderNotPlayed
        The fit failed its diagnostics, has no such term, or is of another record; the folder holds another study.
    """
    posterior, folder = basis_of(case, posteriors).fit, Path(folder)
    _usable(posterior, term)
    _claim_folder(case, posterior, made_folder(folder), seed, term)
    tasks = [PowerTask(t, v, r) for t in times for r in range(replications) for v in values]
    for done in _asked(tasks, folder, (case, posterior, seed, term, {}), spread or _here):
        told(done, len(tasks))
    n, rows = len(setting_of(case).names.crises), tuple(_row(folder, task) for task in tasks)
    study = PowerStudy(case.id, case.record_hash, posterior.explanation, posterior.model, term, n, seed, rows)
    write_json(folder / BUNDLED, study.as_dict())
    return study


def _asked(tasks: Sequence[PowerTask], folder: Path, of: Sequence[Any], spread: Spread) -> Iterator[int]:
    """How many records are there, after each that was asked and written."""
    missing = [task for task in tasks if not (folder / task.file).exists()]
    done = len(tasks) - len(missing)
    yield done
    for task, row in spread(profiled, of, missing):
        write_json(folder / task.file, {**asdict(task), **row})
        done += 1
        yield done


def profiled(
    case: Case, posterior: Posterior, seed: int, term: str, kept: dict, task: PowerTask
) -> dict[str, Any]:  # fmt: skip
    """What the profile posterior of one record says of the term; the record depends on seed, length, value and replication alone.

    `kept` holds what was compiled for records of one length.
    """
    if kept.get("times") != task.times:
        setting, seen = lengthened(setting_of(case), observations(case, setting_of(case)), task.times)
        one = combination(posterior.explanation)
        # Without requests: those of the real record, eight times over, would say eight times too much.
        program = Program(setting, seen, one.interacts)
        draws = posterior.flat()
        near = {name: draws[name][None] for name in one.free_terms}
        kept |= {"times": task.times, "program": program, "profile": Profile(one, program, term, near), "truth": near}
    program, truth = kept["program"], kept["truth"]
    rng = np.random.default_rng([seed, task.times, task.replication])
    at = rng.integers(truth[term].shape[1])
    values = {name: jnp.asarray(draws[0, at]) for name, draws in truth.items()}
    record = drawn_record(program.setting, program.seen, values | {term: jnp.asarray(task.value)}, rng)
    mine = kept["profile"].draws(reading_of(record))
    if not np.isfinite(mine).all():
        return dict.fromkeys(("mean", "sd", "low", "high")) | {"reasons": ["a game was not solved"]}
    return {**summary(mine).as_dict(), "sd": float(mine.std()), "reasons": []}


def lengthened(setting: CrisisSetting, seen: Observations, times: int) -> tuple[CrisisSetting, Observations]:
    """A record so many times as long: every crisis again with its rows, missing rows and widths of doubt."""
    n = len(setting.names.crises)
    again = setting.select(np.tile(np.arange(n), times).tolist())
    copies = [replace(seen, crisis=seen.crisis + n * k, n_crises=n * times) for k in range(times)]
    joined = {f: np.concatenate([getattr(c, f) for c in copies]) for f in ("crisis", "power", "low", "high", "weight")}
    return again, Observations(**joined, n_crises=n * times)


def drawn_record(
    setting: CrisisSetting, seen: Observations, values: Mapping[str, Any], rng: np.random.Generator
) -> Observations:
    """Responses drawn from the model at values of its terms, the effects of the crises drawn anew."""
    return simulated_record(chances_with_new_effects(setting, values, rng), seen, rng)


def bundled_power_study(case: Case) -> PowerStudy:
    """The study that ships with the case; raises `PowerStudyError` where there is none or it is stale."""
    path = case.folder / BUNDLED
    how = f"buckpass compare {case.folder.name} --power -o FOLDER"
    if not path.exists():
        raise PowerStudyError(f"no power study ships with {case.id}; make one with: {how}")
    try:
        found = as_record(parsed_json(read_inside(case.folder, BUNDLED)), StudyFile)
        installed = stamp_hash(stamp_of(case, combination(found.explanation, case).id, Coding()))[:16]
    except (FileRefused, UnknownExplanation) as refused:
        raise PowerStudyError(f"{BUNDLED} of {case.id} cannot be used ({refused}); make it again with: {how}") from None
    if found.case_hash != case.record_hash:
        raise PowerStudyError(f"the power study of {case.id} was made for another version of its record, so it says nothing of "
                              f"this one; make it again with: {how}")  # fmt: skip
    if found.model != installed:
        raise PowerStudyError(f"the power study of {case.id} was made with another model than the one installed; make it again "
                              f"with: {how}")  # fmt: skip
    names = ("case_id", "case_hash", "explanation", "model", "term", "n_crises", "seed")
    return PowerStudy(
        **{name: getattr(found, name) for name in names}, rows=tuple(row.model_dump() for row in found.rows)
    )


class RowFile(StrangersRecord):
    """What a finished record leaves: which it was, and what it says of the term (None where a game was not solved)."""

    times: Annotated[int, Field(ge=1, le=1000)]
    value: float
    replication: Annotated[int, Field(ge=0, lt=10**6)]
    mean: float | None
    sd: Annotated[float, Field(ge=0)] | None
    low: float | None
    high: float | None
    reasons: list[str]


class StudyFile(StrangersRecord):
    """What a kept study holds; what was worked out of its rows is worked out again."""

    case_id: str
    case_hash: str
    explanation: str
    model: str
    term: str
    n_crises: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    rows: Annotated[list[RowFile], Field(min_length=2)]
    values: list[float] = Field(default_factory=list)
    crises_needed: int | None = None
    told_apart: list[dict[str, Any]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_whole(self) -> StudyFile:
        values = {row.value for row in self.rows}
        arms = {(row.times, row.value) for row in self.rows}
        if len(values) != 2 or len(arms) != 2 * len({row.times for row in self.rows}):
            raise ValueError("rows have not two values of the term at every length of the record")
        return self


def _in_order(without: np.ndarray, having: np.ndarray) -> dict[str, float]:
    """Share of pairs of records, one of either truth, whose means are in the right order, and its standard error (DeLong et al. 1988)."""
    right = having[:, None] > without
    error = sum(np.var(right.mean(axis=axis), ddof=1) / right.shape[1 - axis] for axis in (0, 1))
    return {"in_order": float(right.mean()), "in_order_se": float(np.sqrt(error))}


def _here(work: Callable[..., Any], shared: Sequence[Any], tasks: Sequence[PowerTask]) -> Iterator[tuple[Any, Any]]:
    for task in tasks:
        yield task, work(*shared, task)


def _usable(posterior: Posterior, term: str) -> None:
    refuse_in_order({posterior.explanation: posterior}, "simulated records")
    if not posterior.diagnostics.passed:
        raise PowerStudyError(f"the fit of {posterior.explanation} failed its diagnostics ({posterior.diagnostics.reasons[0]}), so "
                              "no record is drawn from it; fit it again")  # fmt: skip
    if not combination(posterior.explanation).frees(term):
        raise PowerStudyError(f"{posterior.explanation} does not estimate {term}; study a fit that does, as all")


def _claim_folder(case: Case, posterior: Posterior, folder: Path, seed: int, term: str) -> None:
    mine = {
        "case": case.id, "record_hash": case.record_hash, "seed": seed, "term": term, "fit": posterior.explanation,
        "model": posterior.model, "elpd": round(posterior.elpd, 6), "buckpass": version("buckpass"),
    }  # fmt: skip
    path = folder / "study.json"
    if os.path.lexists(path) and _claimed(path) != mine:
        raise PowerStudyError(f"{folder} holds a study of another record, seed, term or fit: give an empty folder, or the same "
                              "call as before")  # fmt: skip
    write_json(path, mine)


def _claimed(path: Path) -> Any:
    try:
        return parsed_json(read_plain(path, JSON_LIMIT))
    except FileRefused:
        return None


def _row(folder: Path, task: PowerTask) -> dict[str, Any]:
    try:
        found = read_json(folder / task.file, RowFile)
        if PowerTask(found.times, found.value, found.replication) != task:
            raise FileRefused("it holds another record")
    except FileRefused as refused:
        raise PowerStudyError(
            f"{folder / task.file} is damaged ({refused}): delete it and run the same call again"
        ) from None
    return found.model_dump()
