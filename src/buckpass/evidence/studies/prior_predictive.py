"""What the priors alone expect: rungs before any record is read, against the record (model §4)."""

from __future__ import annotations

import jax
import numpy as np
import polars as pl
import xarray as xr

from buckpass.case import Case
from buckpass.evidence.predictive_checks import check_rows
from buckpass.fitting.posterior import Diagnostics, Posterior, held
from buckpass.game.setting import CrisisSetting, setting_of
from buckpass.model.coordinates import coordinates_of
from buckpass.model.mechanisms import combination, nested
from buckpass.model.observations import observations
from buckpass.predict.rung_probabilities import at_rows, rung_probabilities
from buckpass.results.table import ResultTable

__all__ = ["prior_draws", "prior_predictive"]

DRAWS = 200
NOTE = (
    "Share of responses at each rung, over the rows of the record: in the record (bands filled in evenly under each draw) "
    "and under the priors alone. A prior predictive interval that does not hold the record's share would mean that the "
    "priors had ruled out what happened before it was read."
)


def prior_predictive(case: Case, *, n_draws: int = DRAWS, seed: int = 0) -> ResultTable:
    """Rungs that each explanation expects under its priors, with 90 % intervals, beside the record's shares.

    Parameters
    ----------
    case : the case whose powers and crises are played; no fit is needed.
    n_draws, seed : draws from the priors, and their seed.

    Returns
    -------
    ResultTable
        One row per explanation and rung; shares of the responses, 0 to 1.
    """
    setting = setting_of(case)
    seen = observations(case, setting)
    rows = []
    for one in nested():
        probability = at_rows(
            rung_probabilities(setting, prior_draws(case, setting, one.id, n_draws, seed), n_draws), seen
        )
        rows += [{"explanation": one.id, **row} for row in check_rows(probability, probability, seen, {}, seed)]
    keep = (
        "explanation",
        "group",
        "n",
        "record",
        "record_low",
        "record_high",
        "predicted",
        "predicted_low",
        "predicted_high",
    )
    frame = pl.DataFrame(rows).select(keep).rename({"group": "rung"})
    return ResultTable(frame, "What the priors expect before the record is read", {"predicted": "share"},
                       f"{n_draws} draws, 90 % intervals. {NOTE}", (), case.hash, seed)  # fmt: skip


def prior_draws(case: Case, setting: CrisisSetting, name: str, n_draws: int, seed: int) -> Posterior:
    """Draws from the priors of an explanation in the record of a posterior, so that all that predicts takes them."""
    values = coordinates_of(setting).from_priors(combination(name), jax.random.PRNGKey(seed), n_draws)
    data = {
        k: (("chain", "draw", *(f"{k}.{n}" for n in range(v.ndim - 1))), np.asarray(v)[None]) for k, v in values.items()
    }
    none = xr.DataArray(np.zeros((1, n_draws, 0)), dims=("chain", "draw", "crisis"))
    return Posterior(name, case.id, case.record_hash, seed, held(xr.Dataset(data), none, xr.Dataset({"crisis": ("crisis", np.zeros(0, "U1"))})),
                     Diagnostics(1.0, n_draws, n_draws, 0, ""), {"note": "drawn from the priors"})  # fmt: skip
