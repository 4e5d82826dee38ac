"""Working out of a folder of fits what is kept beside them, once: baselines, other codings, theatres by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from buckpass.case import Case
from buckpass.evidence.baselines import BASELINES, fit_record
from buckpass.evidence.chances import scores_by_cell
from buckpass.evidence.contraction import theatre_moments
from buckpass.evidence.gathered import (
    GATHERED,
    Gathered,
    coding_of,
    gathered,
    holds,
    read_kept,
    score_digest,
)
from buckpass.fitting.fitting import draw_until_passed
from buckpass.fitting.layout import EFFECT
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.program import Program
from buckpass.fitting.sampling import NutsSettings, Sampling
from buckpass.fitting.stamp import coding_in, plain_coding
from buckpass.game.setting import setting_of
from buckpass.model.likelihood import Order
from buckpass.model.mechanisms import ALL, BASE, argument_of, combination, mechanisms
from buckpass.model.observations import observations
from buckpass.model.requests import requests_of
from buckpass.predict.which_fits import refuse_in_order
from buckpass.results.files import made_folder, write_json

__all__ = ["gather"]

CELL_DRAWS = 800  # of each fit, evenly spaced
Told = Callable[[str], None]


def gather(case: Case, posteriors: Mapping[str, Posterior], folder: Path, told: Told = lambda step: None) -> Gathered:
    """Work out what is missing, and keep it beside the fits; each step is kept as it is finished.

    Parameters
    ----------
    posteriors : fits of one record under one reading. folder : where they are kept. told : hears what is worked out next.
    """
    refuse_in_order(posteriors, "other codings of single cells")
    passed = {name: p for name, p in posteriors.items() if p.diagnostics.passed}
    kept = read_kept(folder, case)
    setting = setting_of(case)
    seen, coding = observations(case, setting, coding_of(posteriors)), plain_coding(coding_of(posteriors))
    if kept["coding"] != coding:
        kept |= {"coding": coding, "baselines": []}
    have = {row["id"] for row in kept["baselines"]}
    for one in BASELINES:
        if one.id not in have:
            told(f"baseline: {one.name}")
            kept["baselines"].append(_baseline_row(fit_record(one, setting, seen)))
            _write(folder, kept)
    whole = {ALL, *([argument.id] if (argument := argument_of(case)) else ())}
    for name, posterior in passed.items():
        if not holds(kept, name, posterior):
            kept["fits"][name] = {"scores": score_digest(posterior)}
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


def _write(folder: Path, kept: Mapping[str, Any]) -> None:
    write_json(made_folder(folder) / GATHERED, kept, indent=None)


def _baseline_row(fit) -> dict[str, Any]:
    s, d = fit.scores, fit.diagnostics
    return {
        "id": fit.id, "name": fit.name, "says": fit.says, "crises": list(s.crises), "elpd": s.elpd.round(4).tolist(),
        "pareto_k": s.k.round(3).tolist(), "is_exact": s.is_exact.tolist(),
        "diagnostics": dict(d.__dict__),
    }  # fmt: skip
