"""Posteriors made without fitting: given draws in the form, and with the stamp, of a fit."""

from dataclasses import replace

import numpy as np
import xarray as xr

from buckpass.case import Case
from buckpass.fit.explanations import explanation
from buckpass.fit.layout import layout_of, term_dims
from buckpass.fit.observations import Coding
from buckpass.fit.posterior import GROUPS, Diagnostics, Held, Posterior, held
from buckpass.fit.stamp import scored_crises, stamp_of

GOOD = Diagnostics(1.001, 4000.0, 4000.0, 0, "stake.level")


def posterior_of(
    case: Case, name: str, sites, *, elpd=-1.0, diagnostics: Diagnostics = GOOD, seed: int = 1
) -> Posterior:
    """The posterior of an explanation whose draws are `sites`, arrays [chain, draw, …] by term; no likelihood is computed.

    elpd : of every crisis, or an array of theirs.
    """
    crises = scored_crises(case, Coding())
    labels = layout_of(case, explanation(name), crises).labels
    dims = {term: ("chain", "draw", *term_dims(term)) for term in sites}
    used = {d for names in dims.values() for d in names[2:]}
    draws = xr.Dataset({t: (dims[t], np.asarray(v)) for t, v in sites.items()}, {d: list(labels[d]) for d in used})
    shape = tuple(draws.sizes[d] for d in ("chain", "draw"))
    over = {"crisis": list(crises)}
    likelihood = xr.DataArray(np.zeros((*shape, len(crises))), dims=("chain", "draw", "crisis"), coords=over)
    scores = {"elpd": np.full(len(crises), elpd) if np.ndim(elpd) == 0 else np.asarray(elpd),
              "pareto_k": np.full(len(crises), 0.2), "is_exact": np.zeros(len(crises), bool)}  # fmt: skip
    return Posterior(
        explanation=name, case_id=case.id, case_hash=case.record_hash, seed=seed, diagnostics=diagnostics,
        groups=held(draws, likelihood, xr.Dataset({k: ("crisis", v) for k, v in scores.items()}, over)),
        stamp=stamp_of(case, name, Coding()),
    )  # fmt: skip


def holding(posterior: Posterior, **groups: xr.Dataset) -> Posterior:
    """The same posterior with some groups replaced, by name."""
    kept = {name: posterior.groups.dataset(name) for name in GROUPS if name in posterior.groups}
    return replace(posterior, groups=Held(kept | groups))
