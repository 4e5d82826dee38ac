"""Posteriors made without fitting: given draws in the form, and with the stamp, of a fit."""

from collections.abc import Mapping
from dataclasses import replace

import jax
import numpy as np
import xarray as xr

from buckpass.case import Case
from buckpass.fitting.layout import EFFECT, layout_of
from buckpass.fitting.posterior import GROUPS, Diagnostics, Held, Posterior, held
from buckpass.fitting.stamp import scored_crises, stamp_of
from buckpass.game.setting import setting_of
from buckpass.model.coordinates import coordinates_of
from buckpass.model.mechanisms import combination, nested
from buckpass.model.observations import Coding

GOOD = Diagnostics(1.001, 4000.0, 4000.0, 0, "stake.level")


def posterior_of(
    case: Case, name: str, sites, *, elpd=-1.0, diagnostics: Diagnostics = GOOD, seed: int = 1
) -> Posterior:
    """The posterior of an explanation whose draws are `sites`, arrays [chain, draw, …] by term; no likelihood is computed.

    elpd : of every crisis, or an array of theirs.
    """
    crises = scored_crises(case, Coding())
    layout = layout_of(case, combination(name), crises)
    shape = np.shape(next(iter(sites.values())))[:2]
    sites = {**sites, EFFECT: np.zeros((*shape, len(crises)))} if EFFECT not in sites else sites
    dims = {term: ("chain", "draw", *layout.terms.get(term, ())) for term in sites}
    labels = {d: layout.labels.get(f"posterior/{d}", layout.labels[d]) for names in dims.values() for d in names[2:]}
    draws = xr.Dataset({t: (dims[t], np.asarray(v)) for t, v in sites.items()}, {d: list(v) for d, v in labels.items()})
    over = {"crisis": list(crises)}
    likelihood = xr.DataArray(np.zeros((*shape, len(crises))), dims=("chain", "draw", "crisis"), coords=over)
    scores = {"elpd": np.full(len(crises), elpd) if np.ndim(elpd) == 0 else np.asarray(elpd),
              "pareto_k": np.full(len(crises), 0.2), "is_exact": np.zeros(len(crises), bool)}  # fmt: skip
    return Posterior(
        explanation=name, case_id=case.id, case_hash=case.record_hash, seed=seed, diagnostics=diagnostics,
        groups=held(draws, likelihood, xr.Dataset({k: ("crisis", v) for k, v in scores.items()}, over)),
        stamp=stamp_of(case, name, Coding()),
    )  # fmt: skip


def said_of(case: Case, fits: Mapping[str, Posterior]) -> dict[str, Posterior]:
    """The same draws as if they had been fitted to a case with another record, for what asks only how they are played."""
    return {name: replace(fit, case_hash=case.record_hash) for name, fit in fits.items()}


def prior_sites(case: Case, name: str, n_draws: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Draws of the free terms from their priors, [chain, draw, …] by term, one chain."""
    coordinates = coordinates_of(setting_of(case))
    drawn = coordinates.from_priors(combination(name), jax.random.PRNGKey(seed), n_draws)
    return {term: np.asarray(value)[None] for term, value in drawn.items()}


def holding(posterior: Posterior, **groups: xr.Dataset) -> Posterior:
    """The same posterior with some groups replaced, by name."""
    kept = {name: posterior.groups.dataset(name) for name in GROUPS if name in posterior.groups}
    return replace(posterior, groups=Held(kept | groups))


BAD = Diagnostics(1.2, 40.0, 40.0, 3, "stake.level")


def nested_fits(
    case: Case, gains: dict[str, float | np.ndarray], *, failed=(), n_draws: int = 12, noise: float = 0.05
) -> dict[str, Posterior]:
    """A fit of every combination that the nested tests need, from draws of the priors.

    gains : nats per crisis (or by crisis) that a mechanism adds to every combination it is part of. failed : combinations that did not pass.
    """
    found = {}
    for k, one in enumerate(nested(case)):
        n = len(scored_crises(case, Coding()))
        elpd = -3.0 + sum(gains.get(m, 0.0) for m in one.mechanisms) + np.random.default_rng(k).normal(0, noise, n)
        found[one.id] = posterior_of(case, one.id, prior_sites(case, one.id, n_draws, k), elpd=elpd,
                                     diagnostics=BAD if one.id in failed else GOOD)  # fmt: skip
    return found
