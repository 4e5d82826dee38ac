"""What the fitted explanations say about the crises of a case, averaged by their stacking weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from buckpass.case import Case
from buckpass.fit.explanations import explanation
from buckpass.fit.posterior import Posterior
from buckpass.fit.predict import by_draw, coefficients_of, draw_games
from buckpass.fit.scoring import Comparison, compare_fits, score_of
from buckpass.game.crises import Crises
from buckpass.game.decomposition import MECHANISMS, decompose_gap
from buckpass.game.estimands import buck_passed, expected_rung, response
from buckpass.game.path import PathLost, trace
from buckpass.game.payoffs import crises_of
from buckpass.game.setting import CrisisSetting, setting_of
from buckpass.game.solver import DEFAULT_SETTINGS, Equilibrium, solve
from buckpass.report.mixture import mixed
from buckpass.report.what_ifs import CardWhatIf, card_what_ifs
from buckpass.results.summary import Summary, summary

__all__ = ["ExpectedResponse", "Fit", "Gap", "ModelResults", "RationalityPath", "model_results"]

HIGHEST_RATIONALITY = 4.0
PATH_POINTS = 60
LEAST_WEIGHT = 0.01  # an explanation with less is not asked


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
    refitted: int  # crises left out by refitting, because importance weights were not trusted
    reasons: tuple[str, ...]  # why the fit is refused; empty where it is not


@dataclass(frozen=True)
class ExpectedResponse:
    """What the model expects of one power in one crisis, fitted to this record: not a forecast."""

    by_rung: tuple[float, ...]
    rung: Summary
    buck_passed: Summary


@dataclass(frozen=True)
class Gap:
    """Why the rider's expected effort differs from the provider's in one crisis, by mechanism."""

    crisis: str
    rider: str
    provider: str
    total: Summary
    parts: Mapping[str, Summary]


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

    `weights` : explanations that speak (stacking, bounds and failed fits left out). `refusal` says why nothing beyond
    the fits is shown, where that is so.
    """

    fits: tuple[Fit, ...]
    indistinguishable: tuple[tuple[str, str], ...] = ()
    n_crises: int = 0
    n_draws: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)
    expected: Mapping[tuple[str, str], ExpectedResponse] = field(default_factory=dict)
    gap: Gap | None = None
    path: RationalityPath | None = None
    what_ifs: Mapping[str, tuple[CardWhatIf, ...]] = field(default_factory=dict)
    refusal: str = ""


def model_results(case: Case, posteriors: Mapping[str, Posterior], n_draws: int) -> ModelResults:
    """Rank the explanations and let those with weight speak about every crisis of the fit."""
    passed = {e: p for e, p in posteriors.items() if p.diagnostics.passed}
    comparison = compare_fits(passed) if passed else None
    order = [*(comparison.ids if comparison else ()), *(e for e in posteriors if e not in passed)]
    fits = tuple(_fit(posteriors[e], comparison) for e in order)
    if comparison is None:
        return ModelResults(fits, refusal="No fit passed its diagnostics, so none is a basis for statements.")
    weights, setting = speaking(comparison), setting_of(case)
    solved = {e: _solved(setting, passed[e], n_draws) for e in weights}
    return ModelResults(
        fits, comparison.indistinguishable, len(score_of(next(iter(passed.values()))).crises), n_draws, weights,
        _expected(case, setting, solved, weights), _gap(case, setting, solved, weights), _path(case, setting, passed, order),
        card_what_ifs(case, passed, weights, n_draws),
    )  # fmt: skip


def speaking(comparison: Comparison) -> dict[str, float]:
    """Stacking weights of the explanations that speak: bounds and the negligible left out; they sum to one.

    Where the bounds have all the weight, the best explanation speaks alone; a bound only where nothing else was fitted.
    """
    stacked = dict(zip(comparison.ids, comparison.weight.tolist(), strict=True))
    kept = {e: w for e, w in stacked.items() if w >= LEAST_WEIGHT and not explanation(e).is_bound}
    kept = kept or {next((e for e in comparison.ids if not explanation(e).is_bound), comparison.ids[0]): 1.0}
    return {e: w / sum(kept.values()) for e, w in kept.items()}


def _solved(setting: CrisisSetting, posterior: Posterior, n_draws: int) -> tuple[Crises, Equilibrium]:
    games = draw_games(setting, coefficients_of(posterior, setting, n_draws))
    return games, solve(games, DEFAULT_SETTINGS)


def _fit(posterior: Posterior, comparison: Any) -> Fit:
    theory, d = explanation(posterior.explanation), posterior.diagnostics
    score = score_of(posterior)
    at = comparison.ids.index(theory.id) if comparison and theory.id in comparison.ids else None
    return Fit(
        theory.id, theory.name, theory.says, score.total, score.se,
        *((None, None, None) if at is None else
          (float(comparison.difference[at]), float(comparison.se_difference[at]), float(comparison.weight[at]))),
        rhat_max=d.rhat_max, ess_min=min(d.ess_bulk_min, d.ess_tail_min), divergences=d.divergences,
        refitted=int(score.is_exact.sum()), reasons=d.reasons,
    )  # fmt: skip


def _expected(
    case: Case, setting: CrisisSetting, solved: Mapping[str, tuple[Crises, Equilibrium]], weights: Mapping[str, float]
) -> dict[tuple[str, str], ExpectedResponse]:
    crises = setting.names.crises
    asked = {"by_rung": response, "rung": expected_rung, "buck": buck_passed}
    pooled = {}
    for name, ask in asked.items():
        pooled[name] = mixed({e: by_draw(ask(*pair), len(crises)) for e, pair in solved.items()}, weights)
    return {
        (crisis, power): ExpectedResponse(
            tuple(pooled["by_rung"][:, c, i].mean(0).tolist()),
            summary(pooled["rung"][:, c, i]),
            summary(pooled["buck"][:, c, i]),
        )
        for c, crisis in enumerate(crises)
        for i, power in enumerate(case.powers)
        if np.asarray(setting.is_open[c, i]).sum() > 1  # the others do not play: hosts and belligerents
    }


def _gap(
    case: Case, setting: CrisisSetting, solved: Mapping[str, tuple[Crises, Equilibrium]], weights: Mapping[str, float]
) -> Gap | None:
    focus, samples = case.settings.focus, {}
    if focus.crisis not in setting.names.crises:
        return None
    at, pair = setting.names.crises.index(focus.crisis), [case.powers.index(p) for p in (focus.rider, focus.provider)]
    for name, (games, equilibrium) in solved.items():
        rows = slice(at, None, len(setting.names.crises))
        one, its = jax.tree.map(lambda leaf, rows=rows: leaf[rows], (games, equilibrium))
        found = decompose_gap(one, its, *pair)
        samples[name] = np.column_stack([np.asarray(found.gap), np.asarray(found.contribution)])
    draws = mixed(samples, weights)
    parts = {m: summary(draws[:, 1 + k]) for k, m in enumerate(MECHANISMS)}
    return Gap(focus.crisis, focus.rider, focus.provider, summary(draws[:, 0]), parts)


def _path(
    case: Case, whole: CrisisSetting, passed: Mapping[str, Posterior], order: list[str]
) -> RationalityPath | None:
    """The path under the best explanation that is no bound."""
    leading = next((e for e in order if e in passed and not explanation(e).is_bound), None)
    crisis = case.settings.focus.crisis
    if leading is None or crisis not in whole.names.crises:
        return None
    setting = whole.select([whole.names.crises.index(crisis)])
    mean = jax.tree.map(lambda leaf: leaf.mean(0), coefficients_of(passed[leading], setting, 200))
    games = eqx.tree_at(lambda c: c.rationality, crises_of(setting, mean), jnp.full(1, HIGHEST_RATIONALITY))
    try:
        path = trace(games)
    except PathLost:
        return None
    keep = np.unique(np.linspace(0, len(path.rationality) - 1, PATH_POINTS).round().astype(int))
    rungs = np.einsum("spo,po->sp", path.strategy, np.asarray(games.rung[0]))[keep]
    plays = np.asarray(games.is_open[0]).sum(-1) > 1
    by_power = {p: tuple(rungs[:, i].tolist()) for i, p in enumerate(case.powers) if plays[i]}
    return RationalityPath(crisis, leading, tuple(path.rationality[keep].tolist()), by_power, path.folds)
