"""What a fitted explanation says of each crisis: scores as coded, under other readings, and forecasts (model §4)."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from buckpass.case import Case
from buckpass.fitting.posterior import diagnose
from buckpass.fitting.sampling import Draws, Sampling
from buckpass.fitting.scoring import drawn_scores, leave_one_out, predictive_scores, untrusted, with_exact
from buckpass.game.order import first_mover, patron_first
from buckpass.game.payoffs import crises_of
from buckpass.game.setting import CrisisSetting
from buckpass.game.solver import log_choices
from buckpass.model.coefficients import coefficients_from
from buckpass.model.likelihood import rung_chances
from buckpass.model.observations import Coding, Observations
from buckpass.model.readings import NamedReading, readings_of
from buckpass.model.requests import base_rate_scores
from buckpass.model.terms import entering

__all__ = ["by_crisis", "crisis_scores", "prior_dominated", "read_again"]

PRIOR_WITHIN = 0.95  # posterior sd over prior sd above which the record has told nothing about a term
FORECAST_DRAWS = 400


def by_crisis(values: np.ndarray, setting: CrisisSetting, seen: Observations) -> xr.DataArray:
    """[chain, draw, crisis] of the crises that have a coded response, by name."""
    scored = np.unique(seen.crisis)
    names = [setting.names.crises[i] for i in scored]
    return xr.DataArray(values[..., scored], dims=("chain", "draw", "crisis"), coords={"crisis": names})


def crisis_scores(
    responses: xr.DataArray, request: xr.DataArray, sampling: Sampling, setting: CrisisSetting, *, refits: bool
) -> xr.Dataset:
    """Leave-one-crisis-out scores of the responses given the request; for those untrusted draws are made without them.

    `refits` false keeps the importance weights as they are: a fit that failed its diagnostics is no basis for others.
    A crisis is left out with its request. The request has a score of its own beside that of the base rates.
    """
    scores = leave_one_out(responses, request)
    again = untrusted(scores) if refits else ()
    if again:
        at = [setting.names.crises.index(c) for c in again]
        expected = -predictive_scores(-(responses + request).sel(crisis=list(again)).values)
        scores = with_exact(scores, dict(zip(again, drawn_scores(sampling, at, expected), strict=True)))
    columns = {"elpd": scores.elpd, "pareto_k": scores.k, "is_exact": scores.is_exact}
    requests = sampling.likelihood.requests
    if requests is not None:
        at = [setting.names.crises.index(c) for c in scores.crises]
        known = requests.chosen[at] >= 0
        columns["elpd_request"] = np.where(known, leave_one_out(responses, request, request).elpd, np.nan)
        columns["elpd_request_base"] = base_rate_scores(requests)[at]
    return xr.Dataset({k: ("crisis", v) for k, v in columns.items()}, coords={"crisis": list(scores.crises)})


def read_again(
    case: Case, sampling: Sampling, setting: CrisisSetting, coding: Coding
) -> tuple[xr.Dataset, xr.Dataset | None]:
    """Scores under every reading of the record, and forecasts of the crises after the article's date if there are any.

    Each reading goes on from the adapted chains of the main fit. Importance weights that are not trusted are flagged by
    their k̂, not refitted.
    """
    rows: list[xr.Dataset] = []
    forecast = None
    readings = readings_of(case, setting, sampling.seen, coding)
    for one in readings:
        draws = sampling.run_under(one.fitted, one.scored)
        rows.append(_scored(one, draws, setting, sampling.seen))
        if one.name.startswith("before "):
            forecast = _forecast(draws, sampling, setting, np.flatnonzero(one.dropped))
    table: xr.Dataset = xr.concat(rows, dim=xr.DataArray([r.name for r in readings], dims="reading", name="reading"))
    return table, forecast


def prior_dominated(draws: Draws, sampling: Sampling) -> list[list]:
    """Terms about which the record says nothing, [term, posterior sd over prior sd]; of arrays the most informed entry."""
    flagged = []
    coordinates, is_free = sampling.coordinates, sampling.program.frame(sampling.combination).is_free
    u = np.random.default_rng(0).standard_normal((4000, coordinates.size))
    prior = jax.jit(jax.vmap(lambda one: coordinates.values(one, is_free)))(u)
    for term, drawn in draws.sites.items():
        spread = drawn.std(axis=(0, 1)) / np.asarray(prior[term]).std(axis=0)
        if spread.min(initial=np.inf) > PRIOR_WITHIN and spread.size:
            flagged.append([term, round(float(spread.min()), 2)])
    return flagged


def _scored(one: NamedReading, draws: Draws, setting: CrisisSetting, seen: Observations) -> xr.Dataset:
    responses, request = (by_crisis(a, setting, seen) for a in draws.both())
    scores = leave_one_out(responses, request)
    scored = np.unique(seen.crisis)
    unseen = one.dropped[scored]
    elpd = np.where(unseen, predictive_scores(responses.values), scores.elpd)
    weight = np.bincount(seen.crisis, np.asarray(one.scored.weight), seen.n_crises)[scored]
    told = diagnose(draws.sites, draws.diverging, draws.moved)
    per_reading = {"rhat_max": told.rhat_max, "divergences": told.divergences, "says": one.says,
                   "rows": int((np.asarray(one.fitted.weight) > 0).sum())}  # fmt: skip
    columns = {
        "elpd": np.where(weight > 0, elpd, np.nan), "pareto_k": np.where((weight > 0) & ~unseen, scores.k, np.nan),
        "is_out_of_sample": unseen,
    }  # fmt: skip
    data = {k: ("crisis", v) for k, v in columns.items()} | {k: ((), v) for k, v in per_reading.items()}
    return xr.Dataset(data, coords={"crisis": list(scores.crises)})


def _forecast(draws: Draws, sampling: Sampling, setting: CrisisSetting, crises: np.ndarray) -> xr.Dataset | None:
    """Rung probabilities [crisis, power, rung] of the crises named, averaged over draws of a fit without them."""
    if not crises.size:
        return None
    some = setting.select(crises.tolist())
    first = jnp.asarray(first_mover(some))

    def rungs(values, effect):
        coefficients = eqx.tree_at(lambda c: c.crisis_effect, coefficients_from(some, values), effect)
        games = crises_of(some, coefficients)
        if sampling.likelihood.order == "patron first":
            log_chance = jnp.log(patron_first(games, first).strategy)
        else:
            log_chance = log_choices(games)[0]
        return rung_chances(games, log_chance, some.rungs.count)

    flat = {k: v.reshape(-1, *v.shape[2:]) for k, v in draws.sites.items()}
    take = np.linspace(0, len(next(iter(flat.values()))) - 1, FORECAST_DRAWS).round().astype(int)
    unseen = np.random.default_rng(sampling.nuts.seed).standard_normal((take.size, crises.size))
    effects = unseen * flat[entering("crisis")][take][:, None]  # of crises that the fit has not seen
    mean = jax.jit(lambda v, u: jax.vmap(rungs)(v, u).mean(0))({k: v[take] for k, v in flat.items()}, effects)
    coords = {
        "crisis": list(some.names.crises),
        "power": list(some.names.powers),
        "rung": list(range(some.rungs.count)),
    }
    return xr.Dataset({"probability": (("crisis", "power", "rung"), np.asarray(mean))}, coords=coords)
