"""What is worked out of a folder of fits once and kept beside them: baselines, other codings, theatres by themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from buckpass.case import Case
from buckpass.evidence.baselines import BASELINES, fit_record
from buckpass.evidence.chances import cells_of, scores_by_cell
from buckpass.evidence.contraction import Moments, theatre_moments
from buckpass.evidence.influence import CellScores
from buckpass.fitting.fitting import draw_until_passed
from buckpass.fitting.layout import EFFECT
from buckpass.fitting.posterior import Diagnostics, Posterior
from buckpass.fitting.program import Program
from buckpass.fitting.sampling import NutsSettings, Sampling
from buckpass.fitting.scoring import LeaveOneOut
from buckpass.fitting.stamp import coding_in
from buckpass.game.setting import setting_of
from buckpass.model.likelihood import Order
from buckpass.model.mechanisms import ALL, ARGUMENT, BASE, combination, mechanisms
from buckpass.model.observations import observations
from buckpass.model.requests import requests_of
from buckpass.predict.which_fits import refuse_in_order
from buckpass.results.files import made_folder, write_json

__all__ = ["GATHERED", "BaselineScore", "Gathered", "gather", "gathered"]

GATHERED = "evidence.json"
CELL_DRAWS = 800  # of each fit, evenly spaced
Told = Callable[[str], None]


@dataclass(frozen=True)
class BaselineScore:
    """A baseline as it is kept: what it is, its scores, and whether its draws can be trusted."""

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
    kept = _read(folder, case)
    setting = setting_of(case)
    cells = cells_of(setting, observations(case, setting, _coding(posteriors)))
    fits = {name: kept["fits"][name] for name, p in posteriors.items() if _holds(kept, name, p)}
    return Gathered(
        {row["id"]: _baseline(row) for row in kept["baselines"] if kept["coding"] == _plain_coding(posteriors)},
        {name: CellScores(cells, np.array(one["cells"]["elpd"], float), np.array(one["cells"]["is_trusted"], bool))
         for name, one in fits.items() if len((one.get("cells") or {"elpd": ()})["elpd"]) == len(cells)},
        {name: _theatres(one["theatres"]) for name, one in fits.items() if one.get("theatres")},
    )  # fmt: skip


def gather(case: Case, posteriors: Mapping[str, Posterior], folder: Path, told: Told = lambda step: None) -> Gathered:
    """Work out what is missing, and keep it beside the fits; each step is kept as it is finished.

    Parameters
    ----------
    posteriors : fits of one record under one reading. folder : where they are kept. told : hears what is worked out next.
    """
    refuse_in_order(posteriors, "other codings of single cells")
    passed = {name: p for name, p in posteriors.items() if p.diagnostics.passed}
    kept = _read(folder, case)
    setting = setting_of(case)
    seen = observations(case, setting, _coding(posteriors))
    if kept["coding"] != _plain_coding(posteriors):
        kept |= {"coding": _plain_coding(posteriors), "baselines": []}
    have = {row["id"] for row in kept["baselines"]}
    for one in BASELINES:
        if one.id not in have:
            told(f"baseline: {one.name}")
            kept["baselines"].append(_baseline_row(fit_record(one, setting, seen)))
            _write(folder, kept)
    whole = {ALL, _argument(case)}
    for name, posterior in passed.items():
        if not _holds(kept, name, posterior):
            kept["fits"][name] = {"scores": _digest(posterior)}
        mine = kept["fits"][name]
        if "cells" not in mine and name in {BASE, *(m.id for m in mechanisms())}:
            told(f"{name}: other codings of single cells")
            found = scores_by_cell(setting, posterior, seen, min(CELL_DRAWS, posterior.n_draws))
            mine["cells"] = {"elpd": found.elpd.round(4).tolist(), "is_trusted": found.is_trusted.tolist()}
            _write(folder, kept)
        if "theatres" not in mine and name in whole:
            mine["theatres"] = _theatre_rows(case, posterior, told)
            _write(folder, kept)
    return gathered(case, posteriors, folder)


def _theatre_rows(case: Case, posterior: Posterior, told: Told) -> dict[str, Any]:
    """Moments of the mechanisms' terms by one theatre's record alone; those of the controls are not asked for."""
    crises = [str(c) for c in posterior.score("crisis")]
    theatre = [case.crisis(c)["theatre"] for c in crises]
    added = {t for m in mechanisms() if m.id in combination(posterior.explanation).mechanisms for t in m.terms}
    draws = {name: values for name, values in posterior.flat().items() if name in added and name != EFFECT}
    likelihood = posterior.log_likelihood
    if posterior.request_log_likelihood is not None:
        likelihood = likelihood + posterior.request_log_likelihood
    flat = likelihood.transpose("chain", "draw", "crisis").values.reshape(-1, len(crises))
    found = theatre_moments(draws, flat, theatre, _Alone(case, posterior, crises, told))
    return {
        where: {name: {"mean": m.mean.tolist(), "sd": m.sd.tolist(), "how": m.how} for name, m in by_term.items()}
        for where, by_term in found.items()
    }


class _Alone:
    """Fits of one combination by the record of some crises alone: a game of a theatre's crises costs what they are of all."""

    def __init__(self, case: Case, posterior: Posterior, crises: Sequence[str], told: Told):
        self.case, self.posterior, self.crises, self.told = case, posterior, crises, told
        self.whole = setting_of(case)

    def __call__(self, kept: np.ndarray) -> dict[str, np.ndarray] | None:
        names = [c for c, keep in zip(self.crises, kept, strict=True) if keep]
        where = self.case.crisis(names[0])["theatre"]
        self.told(f"{self.posterior.explanation}: {where} by itself ({len(names)} crises)")
        draws, diagnostics = draw_until_passed(self._sampling(names))
        if not diagnostics.passed:
            self.told(f"{self.posterior.explanation}: {where} by itself failed: {'; '.join(diagnostics.reasons)}")
            return None
        return {name: values.reshape(-1, *values.shape[2:]) for name, values in draws.sites.items()}

    def _sampling(self, names: Sequence[str]) -> Sampling:
        one, coding = combination(self.posterior.explanation), coding_in(self.posterior.settings)
        setting = self.whole.select([self.whole.names.crises.index(c) for c in names])
        program = Program(
            setting, observations(self.case, setting, coding), one.interacts, cast(Order, self.posterior.order),
            requests_of(self.case, setting),
        )  # fmt: skip
        return Sampling(one, program, NutsSettings(seed=self.posterior.seed))


def _argument(case: Case) -> str | None:
    return combination(ARGUMENT, case).id if case.settings.argument else None


def _coding(posteriors: Mapping[str, Posterior]):
    return coding_in(next(iter(posteriors.values())).settings if posteriors else {})


def _plain_coding(posteriors: Mapping[str, Posterior]) -> dict[str, Any]:
    coding = _coding(posteriors)
    return {"bases": sorted(coding.bases), "doubt": coding.doubt, "without": sorted(coding.without)}


def _digest(posterior: Posterior) -> str:
    """Of the scores of a fit: another fit has others."""
    return hashlib.sha256(np.ascontiguousarray(posterior.score("elpd"), "<f8").tobytes()).hexdigest()[:16]


def _holds(kept: Mapping[str, Any], name: str, posterior: Posterior) -> bool:
    return kept["fits"].get(name, {}).get("scores") == _digest(posterior)


def _read(folder: Path, case: Case) -> dict[str, Any]:
    """The content of the file, empty where there is none, it is damaged or of another record."""
    none = {"case_hash": case.record_hash, "coding": None, "baselines": [], "fits": {}}
    try:
        content = json.loads((folder / GATHERED).read_text("utf-8"))
    except (OSError, ValueError):
        return none
    if not isinstance(content, dict) or content.get("case_hash") != case.record_hash or set(content) != set(none):
        return none
    return content


def _write(folder: Path, kept: Mapping[str, Any]) -> None:
    write_json(made_folder(folder) / GATHERED, kept, indent=None)


def _baseline_row(fit) -> dict[str, Any]:
    s, d = fit.scores, fit.diagnostics
    return {
        "id": fit.id, "name": fit.name, "says": fit.says, "crises": list(s.crises), "elpd": s.elpd.round(4).tolist(),
        "pareto_k": s.k.round(3).tolist(), "is_exact": s.is_exact.tolist(), "seconds": round(fit.seconds, 1),
        "diagnostics": dict(d.__dict__),
    }  # fmt: skip


def _baseline(row: Mapping[str, Any]) -> BaselineScore:
    k = np.nan_to_num(np.array(row["pareto_k"], float), nan=np.inf)  # JSON has no infinity
    scores = LeaveOneOut(tuple(row["crises"]), np.array(row["elpd"], float), k, np.array(row["is_exact"], bool))
    health: dict[str, Any] = {name: np.nan if value is None else value for name, value in row["diagnostics"].items()}
    return BaselineScore(row["id"], row["name"], row["says"], scores, Diagnostics(**health))


def _theatres(content: Mapping[str, Any]) -> dict[str, dict[str, Moments]]:
    return {
        where: {
            name: Moments(np.array(m["mean"], float), np.array(m["sd"], float), m["how"]) for name, m in by_term.items()
        }
        for where, by_term in content.items()
    }
