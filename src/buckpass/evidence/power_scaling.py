"""How far a number leans on the priors: power-scaling of prior and likelihood (Kallioinen et al. 2024)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

from buckpass.fitting.posterior import Posterior, quiet_arviz

__all__ = ["SENSITIVE", "PowerScaling", "power_scaling"]

SENSITIVE = 0.05  # the threshold that Kallioinen et al. propose


@dataclass(frozen=True)
class PowerScaling:
    """Sensitivity of one number to the priors and to the record: distance moved per doubling of either's weight."""

    prior: float
    likelihood: float

    @property
    def diagnosis(self) -> str:
        """In plain words.

        >>> PowerScaling(0.2, 0.01).diagnosis
        'weak likelihood'
        """
        if not (np.isfinite(self.prior) and np.isfinite(self.likelihood)):
            return "does not vary"
        if self.prior < SENSITIVE:
            return "none"
        return "prior-data conflict" if self.likelihood >= SENSITIVE else "weak likelihood"


def power_scaling(values: Float[np.ndarray, " draw"], posterior: Posterior) -> PowerScaling:
    """Sensitivity of a quantity to a change of the weight of the priors, and of the record, in the posterior.

    values : the quantity at as many evenly spaced draws of the posterior, as `Posterior.flat` gives them.

    The posterior is re-weighted as if prior (or likelihood) were raised to 1.01 and to 1/1.01; the cumulative
    Jensen-Shannon distance moved, per doubling, is the sensitivity.
    """
    if np.ptp(values) == 0:
        return PowerScaling(np.nan, np.nan)
    if posterior.log_prior is None:
        raise ValueError(
            "this posterior was saved without its prior density; fit the case again to see what leans on priors"
        )
    keep = np.linspace(0, posterior.n_draws - 1, len(values)).round().astype(int)
    likelihood = _total(posterior.log_likelihood, "crisis")
    if posterior.request_log_likelihood is not None:
        likelihood = likelihood + _total(posterior.request_log_likelihood, "crisis")
    return PowerScaling(
        *(_sensitivity(values, part[keep]) for part in (_total(posterior.log_prior, "term"), likelihood))
    )


def _total(density: xr.DataArray, over: str) -> np.ndarray:
    return density.sum(over).transpose("chain", "draw").values.ravel()


def _sensitivity(values: np.ndarray, component: np.ndarray) -> float:
    az = quiet_arviz()
    dims = ("chain", "draw")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # a short series has no Pareto tail worth smoothing: the weights stay as they are
        data = az.InferenceData(
            posterior=xr.Dataset({"value": (dims, values[None])}),
            log_prior=xr.Dataset({"component": (dims, component[None])}),
        )
        return float(az.psens(data, component="prior")["value"])
