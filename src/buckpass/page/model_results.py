"""What the fits say about the crises of a case, as the one policy weighs them (`predict.which_fits`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import equinox as eqx
import jax
import numpy as np

from buckpass.ask.explain import Explained, explain_crises
from buckpass.case import Case
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.scoring import compare_fits, rankable, score_of, score_total
from buckpass.game.arrays import at_host
from buckpass.game.crises import plays
from buckpass.game.estimands import buck_passed, expected_rung, response
from buckpass.game.path import PathLost, trace
from buckpass.game.payoffs import crises_of
from buckpass.game.setting import CrisisSetting, setting_of
from buckpass.game.solver import IN_BLOCKS
from buckpass.model.mechanisms import combination
from buckpass.page.side_by_side import crises_of_less
from buckpass.page.what_ifs import CardWhatIf, card_what_ifs
from buckpass.predict.drawing import Drawn, draw
from buckpass.predict.which_fits import Basis, basis_of
from buckpass.results.summary import Summary, summary

__all__ = ["ExpectedResponse", "Fit", "ModelResults", "RationalityPath", "model_results"]

HIGHEST_RATIONALITY = 4.0
PATH_POINTS = 60
UNLIKELY = 0.1  # probability below which a response surprises


@dataclass(frozen=True)
class Fit:
    """One explanation's fit: its score against the best, and whether its draws can be trusted."""

    id: str
    name: str
    says: str
    elpd: float
    se: float
    difference: float | None
    se_difference: float | None
    weight: float | None
    rhat_max: float
    ess_min: float
    divergences: int
    refitted: int  # crises left out by drawing anew, because importance weights were not trusted
    reasons: tuple[str, ...]  # why the fit is refused; empty where it is not


@dataclass(frozen=True)
class ExpectedResponse:
    """What the model expects of one power in one crisis, fitted to this record: not a forecast."""

    by_rung: tuple[float, ...]
    rung: Summary
    buck_passed: Summary

    def within(self, low: int, high: int) -> float:
        """Probability of a band of rungs."""
        return sum(self.by_rung[low : high + 1])

    def is_surprised_by(self, low: int, high: int) -> bool:
        """Whether what was done, within its band, had a chance below `UNLIKELY`."""
        return self.within(low, high) < UNLIKELY


@dataclass(frozen=True)
class RationalityPath:
    """Expected rung of each power along rationality λ, from uniform choice, at the posterior mean of one explanation."""

    crisis: str
    explanation: str
    rationality: tuple[float, ...]
    rungs: Mapping[str, tuple[float, ...]]
    folds: tuple[float, ...]


@dataclass(frozen=True)
class ModelResults:
    """Everything on the page that comes from a fit.

    `weights` : of the fits that answer. `refusal` says why nothing beyond the fits is shown, where that is so.
    """

    fits: tuple[Fit, ...]
    indistinguishable: tuple[tuple[str, str], ...] = ()
    n_crises: int = 0
    n_draws: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)
    expected: Mapping[tuple[str, str], ExpectedResponse] = field(default_factory=dict)
    gap: Explained | None = None
    path: RationalityPath | None = None
    what_ifs: Mapping[str, tuple[CardWhatIf, ...]] = field(default_factory=dict)
    refusal: str = ""


def model_results(case: Case, posteriors: Mapping[str, Posterior], n_draws: int) -> ModelResults:
    """Rank the explanations and let those that count answer about every crisis of the fit."""
    passed, failed = rankable(posteriors)
    comparison = compare_fits(case, passed) if passed else None
    order = [*(comparison.ids if comparison else ()), *(e for e in posteriors if e not in passed)]
    fits = tuple(_fit(case, posteriors[e], comparison, failed.get(e, ())) for e in order)
    if comparison is None:
        return ModelResults(fits, refusal="No fit can be ranked, so none is a basis for statements.")
    basis, setting = basis_of(case, passed), setting_of(case)
    gap = _gap(case, setting, basis, n_draws)
    return ModelResults(
        fits, comparison.indistinguishable, len(score_of(next(iter(passed.values()))).crises), n_draws, basis.weights,
        _expected(case, draw(basis, setting, n_draws)), gap,
        _path(case, setting, basis.fit, gap.crisis) if gap and gap.gap.high < 0 else None, card_what_ifs(case, basis, n_draws),
    )  # fmt: skip


def _fit(case: Case, posterior: Posterior, comparison: Any, reasons: tuple[str, ...]) -> Fit:
    theory, d = combination(posterior.explanation), posterior.diagnostics
    score = score_of(posterior)
    at = comparison.ids.index(theory.id) if comparison and theory.id in comparison.ids else None
    return Fit(
        theory.id, theory.name, theory.says, score.total, score_total(case, score).se,
        *((None, None, None) if at is None else
          (float(comparison.difference[at]), float(comparison.se_difference[at]), float(comparison.weight[at]))),
        rhat_max=d.rhat_max, ess_min=min(d.ess_bulk_min, d.ess_tail_min), divergences=d.divergences,
        refitted=int(score.is_exact.sum()), reasons=reasons,
    )  # fmt: skip


def _expected(case: Case, given: Drawn) -> dict[tuple[str, str], ExpectedResponse]:
    solved, may_choose = given.solved(IN_BLOCKS), plays(at_host(given.setting))
    by_rung, rung, buck = (
        given.by_draw(values)
        for values in (
            response(given.games, solved.strategy),
            expected_rung(given.games, solved),
            buck_passed(given.games, solved),
        )
    )
    return {
        (crisis, power): ExpectedResponse(
            tuple(by_rung[:, c, i].mean(0).tolist()), summary(rung[:, c, i]), summary(buck[:, c, i])
        )
        for c, crisis in enumerate(given.crises)
        for i, power in enumerate(case.powers)
        if may_choose[c, i]  # the others do not play: hosts and belligerents
    }


def _gap(case: Case, setting: CrisisSetting, basis: Basis, n_draws: int) -> Explained | None:
    """Why the rider's expected effort is less than the provider's, as `buckpass explain` has it.

    Of the first crisis in which it did less by the record and by the model beyond its 90 % interval; where there is none, of the
    first by the record. None where there is none of those either that entered the fits with both free to choose.
    """
    focus, crises = case.settings.focus, setting.names.crises
    pair = [case.powers.index(power) for power in (focus.rider, focus.provider)]
    may = np.all(plays(at_host(setting))[:, pair], axis=-1)
    asked = [c for c in crises_of_less(case) if c in crises and may[crises.index(c)]]
    found = explain_crises(case, basis, asked, focus.rider, focus.provider, n_draws) if asked else {}
    return next((found[c] for c in asked if found[c].gap.high < 0), found[asked[0]] if asked else None)


def _path(case: Case, whole: CrisisSetting, leading: Posterior, crisis: str) -> RationalityPath | None:
    """The path under the fit that counts most; none where a patron moves first: it is one of all at once."""
    given = draw(basis_of(case, leading), whole.select([whole.names.crises.index(crisis)]), 200)
    if given.first is not None:
        return None
    mean = jax.tree.map(lambda leaf: leaf.mean(0), given.coefficients)
    games = crises_of(at_host(given.setting), mean)
    games = eqx.tree_at(lambda c: c.rationality, games, np.full(1, HIGHEST_RATIONALITY))
    try:
        path = trace(games)
    except PathLost:
        return None
    keep = np.unique(np.linspace(0, len(path.rationality) - 1, PATH_POINTS).round().astype(int))
    rungs = np.einsum("spo,po->sp", path.strategy, np.asarray(games.rung[0]))[keep]
    plays = np.asarray(games.is_open[0]).sum(-1) > 1
    by_power = {p: tuple(rungs[:, i].tolist()) for i, p in enumerate(case.powers) if plays[i]}
    return RationalityPath(crisis, leading.explanation, tuple(path.rationality[keep].tolist()), by_power, path.folds)
