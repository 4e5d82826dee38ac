"""What was worked out of a folder of fits and is kept beside them: baselines, other codings, theatres by themselves.

Only reading is here: a verb that asks what is known loads no sampler (`gathering` works it out).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from buckpass.case import Case
from buckpass.case.problems import FileRefused
from buckpass.case.strangers_files import StrangersRecord, read_json
from buckpass.evidence.chances import cells_of
from buckpass.evidence.contraction import Moments
from buckpass.evidence.influence import CellScores
from buckpass.fitting.posterior import Diagnostics, Posterior
from buckpass.fitting.scoring import LeaveOneOut
from buckpass.fitting.stamp import coding_in, plain_coding
from buckpass.game.setting import setting_of
from buckpass.model.observations import observations

__all__ = [
    "GATHERED",
    "BaselineScore",
    "Gathered",
    "coding_of",
    "gathered",
    "holds",
    "read_kept",
    "score_digest",
]

GATHERED = "evidence.json"


@dataclass(frozen=True)
class BaselineScore:
    """A baseline as it is kept: what it is, its leave-one-crisis-out scores, and whether its draws can be trusted."""

    id: str
    name: str
    says: str
    scores: LeaveOneOut
    diagnostics: Diagnostics


@dataclass(frozen=True)
class Gathered:
    """What was worked out of the fits of one folder; what is missing was not, and a comparison says so.

    cells : scores under other codings of single cells, by fit. theatres : moments of each term by one theatre's record
    alone, by fit, theatre and term.
    """

    baselines: Mapping[str, BaselineScore] = field(default_factory=dict)
    cells: Mapping[str, CellScores] = field(default_factory=dict)
    theatres: Mapping[str, Mapping[str, Mapping[str, Moments]]] = field(default_factory=dict)


def gathered(case: Case, posteriors: Mapping[str, Posterior], folder: Path) -> Gathered:
    """What is kept in a folder and still holds for these fits of this record; nothing is computed."""
    kept = read_kept(folder, case)
    setting = setting_of(case)
    cells = cells_of(setting, observations(case, setting, coding_of(posteriors)))
    fits = {name: kept["fits"][name] for name, p in posteriors.items() if holds(kept, name, p)}
    return Gathered(
        {row["id"]: _baseline(row) for row in kept["baselines"] if kept["coding"] == plain_coding(coding_of(posteriors))},
        {name: CellScores(cells, np.array(one["cells"]["elpd"], float), np.array(one["cells"]["is_trusted"], bool))
         for name, one in fits.items() if one.get("cells") and {*map(len, one["cells"].values())} == {len(cells)}},
        {name: _theatres(one["theatres"]) for name, one in fits.items()
         if one.get("theatres") and _are_of(one["theatres"], case, posteriors[name])},
    )  # fmt: skip


def coding_of(posteriors: Mapping[str, Posterior]):
    return coding_in(next(iter(posteriors.values())).settings if posteriors else {})


def score_digest(posterior: Posterior) -> str:
    """Of the scores of a fit: another fit has others."""
    return hashlib.sha256(np.ascontiguousarray(posterior.score("elpd"), "<f8").tobytes()).hexdigest()[:16]


def holds(kept: Mapping[str, Any], name: str, posterior: Posterior) -> bool:
    return kept["fits"].get(name, {}).get("scores") == score_digest(posterior)


class _Health(StrangersRecord):
    rhat_max: float | None
    ess_bulk_min: float | None
    ess_tail_min: float | None
    divergences: Annotated[int, Field(ge=0)]
    worst: str
    least_moved: float | None = None


class _Row(StrangersRecord):
    """A baseline: a score for each of its crises."""

    id: str
    name: str
    says: str
    crises: list[str]
    elpd: list[float]
    pareto_k: list[float | None]
    is_exact: list[bool]
    seconds: float | None = None  # of files of older days
    diagnostics: _Health

    @model_validator(mode="after")
    def _score_for_each_crisis(self) -> _Row:
        if len({*self.crises}) != len(self.crises) or {len(self.elpd), len(self.pareto_k), len(self.is_exact)} != {
            len(self.crises)
        }:
            raise ValueError("its scores are not one a crisis")
        return self


class _Cells(StrangersRecord):
    elpd: list[float]
    is_trusted: list[bool]


Number = float | None | list[float | None] | list[list[float | None]]  # null: a fit of one theatre alone that failed


class _Moments(StrangersRecord):
    mean: Number
    sd: Number
    how: str


class _Fit(StrangersRecord):
    scores: str
    cells: _Cells | None = None
    theatres: dict[str, dict[str, _Moments]] | None = None


class _Kept(StrangersRecord):
    case_hash: str
    coding: dict[str, Any] | None
    baselines: list[_Row]
    fits: dict[str, _Fit]


def read_kept(folder: Path, case: Case) -> dict[str, Any]:
    """The content of the file, empty where there is none, it is damaged or of another record."""
    try:
        kept = read_json(folder / GATHERED, _Kept)
    except FileRefused:
        kept = None
    known = {*case.crises["crisis_id"]}
    if (
        kept is None
        or kept.case_hash != case.record_hash
        or not all(known.issuperset(row.crises) for row in kept.baselines)
    ):
        return {"case_hash": case.record_hash, "coding": None, "baselines": [], "fits": {}}
    return kept.model_dump(exclude_unset=True)


def _baseline(row: Mapping[str, Any]) -> BaselineScore:
    k = np.nan_to_num(np.array(row["pareto_k"], float), nan=np.inf)  # JSON has no infinity
    scores = LeaveOneOut(tuple(row["crises"]), np.array(row["elpd"], float), k, np.array(row["is_exact"], bool))
    health: dict[str, Any] = {name: np.nan if value is None else value for name, value in row["diagnostics"].items()}
    return BaselineScore(row["id"], row["name"], row["says"], scores, Diagnostics(**health))


def _are_of(theatres: Mapping[str, Any], case: Case, posterior: Posterior) -> bool:
    """Whether moments are of theatres of a case and of terms of a fit, each of its term's shape."""
    shapes = {name: draws.shape[2:] for name, draws in posterior.groups.arrays("posterior").items()}
    return {*theatres} <= {*case.theatres} and all(
        name in shapes and {np.shape(m["mean"]), np.shape(m["sd"])} == {shapes[name]}
        for by_term in theatres.values() for name, m in by_term.items()
    )  # fmt: skip


def _theatres(content: Mapping[str, Any]) -> dict[str, dict[str, Moments]]:
    return {
        where: {
            name: Moments(np.array(m["mean"], float), np.array(m["sd"], float), m["how"]) for name, m in by_term.items()
        }
        for where, by_term in content.items()
    }
