"""What a record like this one can tell apart: simulate it from each explanation, refit all, count who wins (model §4)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from buckpass.case import BuckpassError, Case
from buckpass.case.files import read_inside
from buckpass.case.problems import FileRefused
from buckpass.case.strangers_files import JSON_LIMIT, StrangersRecord, as_record, parsed_json, read_json, read_plain
from buckpass.fit.decisive_cases import splitting_cases
from buckpass.fit.explanations import UnknownExplanation, explanation
from buckpass.fit.laplace import NotAMode, QuickFit
from buckpass.fit.observations import Coding, Observations, observe
from buckpass.fit.posterior import Posterior
from buckpass.fit.requests import requests_of
from buckpass.fit.scoring import compare_fits, rankable, score_of
from buckpass.fit.simulating import simulated_record
from buckpass.fit.stamp import stamp_hash, stamp_of
from buckpass.game.setting import setting_of
from buckpass.predict.rung_probabilities import rung_probabilities
from buckpass.predict.which_fits import refuse_in_order
from buckpass.results.files import made_folder, write_json
from buckpass.results.table import ResultTable, ShowsItself

__all__ = [
    "BUNDLED",
    "PowerStudy",
    "PowerStudyError",
    "PowerTask",
    "WithSplits",
    "bundled_power_study",
    "power_study",
    "score_task",
]

BUNDLED = "power_study.json"
SMALL = 3  # replications of the study that ships with a case
Spread = Callable[[Callable[..., Any], Sequence[Any], Sequence[Any]], Iterable[tuple[Any, Any]]]


class PowerStudyError(BuckpassError):
    """A power study cannot be made, resumed or shown; the message says why and what to do."""


@dataclass(frozen=True)
class PowerTask:
    """One fit of the study: the record drawn from `truth` the `replication`-th time, fitted by `fitted`."""

    fitted: str
    truth: str
    replication: int

    @property
    def file(self) -> str:
        return f"{self.truth}-{self.replication:03d}-{self.fitted}.json"


@dataclass(frozen=True)
class PowerStudy(ShowsItself):
    """Scores of every fit: elpd [truth, replication, fitted], NaN where the quick fit found no mode.

    quick, nuts : total score of each explanation on the real record by the quick fit and by NUTS: how far the
    quick fit is to be trusted.
    """

    case_id: str
    case_hash: str
    explanations: tuple[str, ...]
    elpd: np.ndarray
    quick: np.ndarray
    nuts: np.ndarray
    seed: int
    n_crises: int
    models: Mapping[str, str] = field(default_factory=dict)  # hash of the model of each explanation (`Posterior.model`)

    @property
    def replications(self) -> int:
        return self.elpd.shape[1]

    def wins(self) -> np.ndarray:
        """[truth, fitted] share of replications in which the explanation scored best."""
        best = np.argmax(np.nan_to_num(self.elpd, nan=-np.inf), axis=2)
        return np.stack([(best == k).mean(axis=1) for k in range(len(self.explanations))], axis=1)

    def confusion(self) -> ResultTable:
        """Who wins when X is true, with the mean lead of the truth over its best rival."""
        wins, lead = self.wins(), self._lead()
        rows = [
            {"true": e, **{f: float(wins[i, k]) for k, f in enumerate(self.explanations)}, "lead": float(np.nanmean(lead[i])),
             "lead_low": float(np.nanmin(lead[i])), "lead_high": float(np.nanmax(lead[i]))}
            for i, e in enumerate(self.explanations)
        ]  # fmt: skip
        note = (
            f"{self.replications} records drawn from each explanation's posterior (same {self.n_crises} crises, same "
            f"missing rows, same widths of doubt, requests as recorded), each refitted by all. Row: what is true; column: "
            f"share of records that the column's explanation predicts best. lead: elpd of the truth over its best rival, "
            f"mean and range. With {self.replications} records a share of 1 still allows a true one of "
            f"{0.05 ** (1 / self.replications):.2f} (95 %). Quick fits by mode and curvature: on the real record their "
            f"elpd is off NUTS by {np.nanmax(np.abs(self.quick - self.nuts)):.1f} nats at most, rank correlation "
            f"{_rank_correlation(self.quick, self.nuts)}."
        )
        return ResultTable(pl.DataFrame(rows), "Power: who wins when X is true", {"lead": "nats"}, note, (),
                           self.case_hash, self.seed)  # fmt: skip

    def table(self) -> ResultTable:
        return self.confusion()

    def as_dict(self) -> dict[str, Any]:
        return {
            "case_id": self.case_id, "case_hash": self.case_hash, "explanations": list(self.explanations),
            "elpd": _listed(self.elpd), "quick": _listed(self.quick), "nuts": _listed(self.nuts), "seed": self.seed,
            "n_crises": self.n_crises, "models": dict(self.models), "replications": self.replications, "wins": self.wins().tolist(),
        }  # fmt: skip

    def _lead(self) -> np.ndarray:
        found = np.full(self.elpd.shape[:2], np.nan)
        for i in range(len(self.explanations)):
            others = np.delete(self.elpd[i], i, axis=1)
            found[i] = self.elpd[i, :, i] - np.nanmax(others, axis=1)
        return found


@dataclass(frozen=True)
class WithSplits(ShowsItself):
    """A power study with the further crisis that would best split each pair that the real record cannot tell apart."""

    study: PowerStudy
    splits: ResultTable

    @classmethod
    def of(cls, case: Case, posteriors: Mapping[str, Posterior], study: PowerStudy) -> WithSplits:
        """The study of a case with its splitting crises, by the same posteriors."""
        passed = _usable(posteriors)
        pairs = compare_fits(passed).indistinguishable
        return cls(study, splitting_cases(case, passed, pairs))

    def table(self) -> ResultTable:
        return self.study.table()

    def tables(self) -> tuple[ResultTable, ...]:
        return self.study.table(), self.splits

    def as_dict(self) -> dict[str, Any]:
        return {**self.study.as_dict(), "splits": self.splits.rows()}


def power_study(
    case: Case, posteriors: Mapping[str, Posterior], folder: Path, *, replications: int = SMALL, seed: int = 0,
    spread: Spread | None = None, told: Callable[[int, int], None] = lambda done, total: None,
) -> PowerStudy:  # fmt: skip
    """Simulate the record from each explanation's posterior, refit every explanation, and say who wins.

    Every fit is one file in `folder`, written at once: whatever ends the run, the same call goes on from there, to the
    same bytes. `spread` hands the fits to other machines (`buckpass.futures.cluster.spread` bound to a client); by
    default they are made here one by one. `told` hears how many are done.

    Raises
    ------
    PowerStudyError
        Fewer than two fits passed, or the folder holds another study.
    """
    passed = _usable(posteriors)
    _claim_folder(case, passed, folder, seed)
    tasks = [PowerTask(f, t, r) for f in passed for t in ("", *passed) for r in (range(replications) if t else (0,))]
    missing = [task for task in tasks if not (folder / task.file).exists()]
    done = len(tasks) - len(missing)
    told(done, len(tasks))
    for task, scores in (spread or _here)(score_task, (case, passed, seed, {}), missing):
        write_json(folder / task.file, {**asdict(task), "elpd": scores}, indent=None)
        done += 1
        told(done, len(tasks))
    study = _gathered(case, passed, folder, replications, seed)
    write_json(folder / BUNDLED, study.as_dict(), indent=None)
    return study


def score_task(
    case: Case, posteriors: Mapping[str, Posterior], seed: int, kept: dict, task: PowerTask
) -> list[float] | None:
    """Leave-one-crisis-out scores of one fit of the study; the record drawn depends on seed, truth and replication alone.

    An empty truth means the real record. `kept` holds what was compiled for the explanation last fitted.
    """
    if "setting" not in kept:
        kept["setting"] = setting_of(case)
        kept["seen"] = observe(case, kept["setting"])
        kept["requests"] = requests_of(case, kept["setting"])
    setting, seen = kept["setting"], kept["seen"]
    if kept.get("fitted") != task.fitted:
        kept["fitted"] = task.fitted
        kept["quick"] = QuickFit(explanation(task.fitted), setting, seen, kept["requests"])
    record = _drawn(posteriors[task.truth], setting, seen, seed, task, kept) if task.truth else seen
    try:
        return kept["quick"].scores(record).elpd.tolist()
    except NotAMode:
        return None


def bundled_power_study(case: Case) -> PowerStudy:
    """The small study that ships with the case; raises `PowerStudyError` where there is none or it is stale."""
    path = case.folder / BUNDLED
    how = f"buckpass compare {case.folder.name} --power -o FOLDER"
    if not path.exists():
        raise PowerStudyError(f"no power study ships with {case.id}; make one with: {how}")
    study = _kept_study(case, how)
    if study.case_hash != case.record_hash:
        raise PowerStudyError(
            f"the power study of {case.id} was made for another version of its record ({study.case_hash[:12]}, now "
            f"{case.record_hash[:12]}), so it says nothing of this one; make it again with: {how}"
        )
    installed = {e: stamp_hash(stamp_of(case, e, Coding()))[:16] for e in study.explanations}
    if other := [e for e in study.explanations if study.models.get(e) != installed[e]]:
        raise PowerStudyError(
            f"the power study of {case.id} was made with another model of {', '.join(other)} than the one installed; make it "
            f"again with: {how}"
        )
    return study


class StudyFile(StrangersRecord):
    """What a kept study holds: scores by explanation, in nats, null where the quick fit found no mode."""

    case_id: str
    case_hash: str
    explanations: Annotated[list[str], Field(min_length=2, max_length=50)]
    elpd: list[list[list[float | None]]]
    quick: list[float | None]
    nuts: list[float | None]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    n_crises: Annotated[int, Field(ge=1)]
    models: dict[str, str] = Field(default_factory=dict)
    replications: int = 0
    wins: list[list[float]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_whole(self) -> StudyFile:
        count, replications = len(self.explanations), len(self.elpd[0]) if self.elpd else 0
        rows = [row for truth in self.elpd for row in truth]
        if len(self.elpd) != count or replications < 1 or any(len(truth) != replications for truth in self.elpd):
            raise ValueError("elpd has not the same number of replications for every explanation")
        if any(len(row) != count for row in (*rows, self.quick, self.nuts)) or len(set(self.explanations)) != count:
            raise ValueError("a list of scores has not one number for each explanation")
        return self


class ScoreFile(StrangersRecord):
    """What a finished task leaves: the score of every crisis, or null where the quick fit found no mode."""

    fitted: str
    truth: str
    replication: int
    elpd: list[float] | None


def _kept_study(case: Case, how: str) -> PowerStudy:
    try:
        found = as_record(parsed_json(read_inside(case.folder, BUNDLED)), StudyFile)
        for one in found.explanations:
            explanation(one)
    except (FileRefused, UnknownExplanation) as refused:
        raise PowerStudyError(f"{BUNDLED} of {case.id} cannot be used ({refused}); make it again with: {how}") from None
    return _from_dict(found.model_dump())


def _drawn(posterior: Posterior, setting, seen: Observations, seed: int, task: PowerTask, kept: dict) -> Observations:
    key = ("rungs", task.truth)
    if key not in kept:
        kept[key] = rung_probabilities(setting, posterior, posterior.n_draws)
    words = [seed, *task.truth.encode(), task.replication]
    rng = np.random.default_rng(words)
    return simulated_record(kept[key][rng.integers(posterior.n_draws)], seen, rng)


def _here(work: Callable[..., Any], shared: Sequence[Any], tasks: Sequence[PowerTask]) -> Iterator[tuple[Any, Any]]:
    for task in tasks:
        yield task, work(*shared, task)


def _usable(posteriors: Mapping[str, Posterior]) -> dict[str, Posterior]:
    passed = {e: p for e, p in rankable(posteriors)[0].items() if not explanation(e).is_bound}
    refuse_in_order(passed, "a simulated record")
    if len(passed) < 2:
        raise PowerStudyError("a power study needs at least two explanations whose fits can be ranked")
    return passed


def _claim_folder(case: Case, passed: Mapping[str, Posterior], folder: Path, seed: int) -> None:
    fits = {e: hashlib.sha256(_bytes(p) + p.model.encode()).hexdigest()[:16] for e, p in passed.items()}
    mine = {
        "case": case.id,
        "record_hash": case.record_hash,
        "seed": seed,
        "fits": fits,
        "buckpass": version("buckpass"),
    }
    made_folder(folder)
    path = folder / "study.json"
    if os.path.lexists(path) and _claimed(path) != mine:
        raise PowerStudyError(
            f"{folder} holds a study of another record, seed or set of fits: give an empty folder, or the same call as before"
        )
    write_json(path, mine, indent=None)


def _claimed(path: Path) -> Any:
    try:
        return parsed_json(read_plain(path, JSON_LIMIT))
    except FileRefused:
        return None


def _bytes(posterior: Posterior) -> bytes:
    return b"".join(np.ascontiguousarray(v.values).tobytes() for _, v in sorted(posterior.draws.data_vars.items()))


def _gathered(case: Case, passed: Mapping[str, Posterior], folder: Path, replications: int, seed: int) -> PowerStudy:
    names = tuple(passed)
    total = {
        (f, t, r): _total(folder, PowerTask(f, t, r))
        for f in names for t in ("", *names) for r in (range(replications) if t else (0,))
    }  # fmt: skip
    elpd = np.array([[[total[f, t, r] for f in names] for r in range(replications)] for t in names])
    scores = {e: score_of(p) for e, p in passed.items()}
    return PowerStudy(
        case.id, case.record_hash, names, elpd, np.array([total[f, "", 0] for f in names]),
        np.array([scores[e].total for e in names]), seed, len(next(iter(scores.values())).crises),
        {e: p.model for e, p in passed.items()},
    )  # fmt: skip


def _total(folder: Path, task: PowerTask) -> float:
    try:
        found = read_json(folder / task.file, ScoreFile)
        if PowerTask(found.fitted, found.truth, found.replication) != task:
            raise FileRefused("it holds another task's scores")
    except FileRefused as refused:
        raise PowerStudyError(
            f"{folder / task.file} is damaged ({refused}): delete it and run the same call again"
        ) from None
    scores = found.elpd
    return float(np.sum(scores)) if scores is not None else np.nan


def _from_dict(content: Mapping[str, Any]) -> PowerStudy:
    arrays = {k: np.array(content[k], dtype=float) for k in ("elpd", "quick", "nuts")}
    return PowerStudy(content["case_id"], content["case_hash"], tuple(content["explanations"]), **arrays,
                      seed=content["seed"], n_crises=content["n_crises"], models=content.get("models", {}))  # fmt: skip


def _listed(values: np.ndarray) -> Any:
    """Nested lists, rounded to what the quick fit is worth; None where there is no score."""
    if values.ndim:
        return [_listed(v) for v in values]
    return None if np.isnan(values) else round(float(values), 3)


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> str:
    """Spearman's, in two decimals; said to be undefined where one side does not vary."""
    from scipy.stats import rankdata

    keep = np.isfinite(a) & np.isfinite(b)
    if keep.sum() < 3 or np.ptp(a[keep]) == 0 or np.ptp(b[keep]) == 0:
        return "undefined"
    return f"{np.corrcoef(rankdata(a[keep]), rankdata(b[keep]))[0, 1]:.2f}"
