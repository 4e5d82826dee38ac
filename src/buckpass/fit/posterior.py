"""The posterior of one explanation: draws, diagnostics, and the file that keeps them."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr

from buckpass.fit.sampling import Draws

__all__ = [
    "Diagnostics", "Posterior", "PosteriorFileError", "Stamp", "diagnose", "load_posterior", "read_stamp", "save_posterior",
]  # fmt: skip

RHAT_BELOW = 1.01
ESS_ABOVE = 400
GROUPS = ("posterior", "log_likelihood", "sample_stats")


class PosteriorFileError(ValueError):
    """A posterior file is missing, damaged or of another layout."""


@dataclass(frozen=True)
class Diagnostics:
    """Whether the draws can be trusted: R-hat, bulk and tail effective sample size, divergent draws."""

    rhat_max: float
    ess_bulk_min: float
    ess_tail_min: float
    divergences: int
    worst: str  # the parameter with the largest R-hat

    @property
    def passed(self) -> bool:
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the fit is refused as a basis for verdicts; empty where it is not."""
        tests = (
            (self.rhat_max < RHAT_BELOW, f"R-hat {self.rhat_max:.3f} of {self.worst} is not below {RHAT_BELOW}"),
            (
                self.ess_bulk_min > ESS_ABOVE,
                f"bulk effective sample size {self.ess_bulk_min:.0f} is not above {ESS_ABOVE}",
            ),
            (
                self.ess_tail_min > ESS_ABOVE,
                f"tail effective sample size {self.ess_tail_min:.0f} is not above {ESS_ABOVE}",
            ),
            (self.divergences == 0, f"{self.divergences} divergent draws"),
        )
        return tuple(reason for fine, reason in tests if not fine)


@dataclass(frozen=True)
class Posterior:
    """Draws of one explanation's parameters, stamped with the case that they were fitted to.

    draws : xarray Dataset, dims chain, draw and each term's own (power, rung step, vehicle).
    log_likelihood : DataArray [chain, draw, crisis], the responses of each crisis.
    """

    explanation: str
    case_id: str
    case_hash: str
    seed: int
    draws: xr.Dataset
    log_likelihood: xr.DataArray
    diagnostics: Diagnostics
    scores: xr.Dataset  # elpd, pareto_k, is_exact per crisis: leave-one-crisis-out, refitted where k̂ was too large
    settings: Mapping[str, Any] = field(default_factory=dict)  # coding, NUTS settings, versions, seconds

    @property
    def n_draws(self) -> int:
        return self.draws.sizes["chain"] * self.draws.sizes["draw"]

    def flat(self, n: int | None = None) -> dict[str, np.ndarray]:
        """Draws as arrays [draw, …], chains one after the other; `n` takes that many, evenly spaced."""
        keep = (
            slice(None) if n is None or n >= self.n_draws else np.linspace(0, self.n_draws - 1, n).round().astype(int)
        )
        return {str(k): v.values.reshape(-1, *v.shape[2:])[keep] for k, v in self.draws.data_vars.items()}

    def thin(self, per_chain: int) -> Posterior:
        """The same posterior with that many evenly spaced draws per chain; diagnostics stay those of the full run."""
        total = self.draws.sizes["draw"]
        keep = np.linspace(0, total - 1, min(per_chain, total)).round().astype(int)
        return Posterior(**{**self.__dict__, "draws": self.draws.isel(draw=keep),
                            "log_likelihood": self.log_likelihood.isel(draw=keep)})  # fmt: skip


def diagnose(sites: Mapping[str, np.ndarray], diverging: np.ndarray) -> Diagnostics:
    """Rank-normalised split R-hat and effective sample sizes (Vehtari et al. 2021) over every scalar parameter."""
    az = quiet_arviz()
    data = az.convert_to_dataset({k: v for k, v in sites.items() if k != "log_lik"})
    rhat = {k: float(v.max()) for k, v in az.rhat(data).data_vars.items()}
    bulk, tail = (min(float(v.min()) for v in az.ess(data, method=m).data_vars.values()) for m in ("bulk", "tail"))
    worst = max(rhat, key=lambda k: rhat[k])
    return Diagnostics(rhat[worst], bulk, tail, int(diverging.sum()), worst)


def labelled(draws: Draws, dims: Mapping[str, Sequence[str]], coords: Mapping[str, Sequence]) -> xr.Dataset:
    """Sites as a Dataset with named dims: chain, draw, then those given for the site."""
    data = {k: (("chain", "draw", *dims.get(k, ())), v) for k, v in draws.sites.items() if k != "log_lik"}
    used = {d for _, (names, _) in data.items() for d in names}
    return xr.Dataset(data, coords={k: list(v) for k, v in coords.items() if k in used})


def save_posterior(posterior: Posterior, path: Path) -> None:
    """Write a NetCDF file that `arviz.from_netcdf` opens; atomic: a reader sees the old file or the new one."""
    attrs = {
        "explanation": posterior.explanation, "case_id": posterior.case_id, "case_hash": posterior.case_hash,
        "seed": posterior.seed, "diagnostics": json.dumps(asdict(posterior.diagnostics)),
        "settings": json.dumps(dict(posterior.settings), sort_keys=True),
    }  # fmt: skip
    partial = path.with_name(f".{path.name}.partial")
    packed = {name: {"zlib": True, "dtype": "float32"} for name in posterior.draws.data_vars}
    posterior.draws.assign_attrs(attrs).to_netcdf(
        partial, mode="w", group="posterior", engine="h5netcdf", encoding=packed
    )
    likelihood = posterior.log_likelihood.to_dataset(name="responses")
    likelihood.to_netcdf(partial, mode="a", group="log_likelihood", engine="h5netcdf",
                         encoding={"responses": {"zlib": True, "dtype": "float32"}})  # fmt: skip
    posterior.scores.to_netcdf(partial, mode="a", group="scores", engine="h5netcdf")
    os.replace(partial, path)


def load_posterior(path: Path) -> Posterior:
    """Read what `save_posterior` wrote; raises `PosteriorFileError` naming the file and what is wrong with it."""
    try:
        with xr.open_dataset(path, group="posterior", engine="h5netcdf") as opened:
            draws = opened.load()
        with xr.open_dataset(path, group="log_likelihood", engine="h5netcdf") as opened:
            likelihood = opened["responses"].load()
        with xr.open_dataset(path, group="scores", engine="h5netcdf") as opened:
            scores = opened.load()
        stamp = draws.attrs
        return Posterior(
            explanation=stamp["explanation"], case_id=stamp["case_id"], case_hash=stamp["case_hash"],
            seed=int(stamp["seed"]), draws=draws.astype(float), log_likelihood=likelihood.astype(float),
            diagnostics=Diagnostics(**json.loads(stamp["diagnostics"])), scores=scores, settings=json.loads(stamp["settings"]),
        )  # fmt: skip
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise _unreadable(path, error) from error


@dataclass(frozen=True)
class Stamp:
    """What a posterior says of itself before its draws are read."""

    explanation: str
    diagnostics: Diagnostics
    elpd: float  # leave-one-crisis-out, summed over crises; minus infinity where a crisis has none

    @classmethod
    def of(cls, posterior: Posterior) -> Stamp:
        """The stamp of a posterior in memory."""
        return cls(posterior.explanation, posterior.diagnostics, _total(posterior.scores["elpd"].values))


def read_stamp(path: Path) -> Stamp:
    """The stamp of a posterior file, in a hundredth of the time of its draws; raises `PosteriorFileError`."""
    try:
        with h5netcdf.File(path, "r") as file:
            stamp = file["posterior"].attrs
            diagnostics = Diagnostics(**json.loads(stamp["diagnostics"]))
            return Stamp(str(stamp["explanation"]), diagnostics, _total(file["scores"]["elpd"][...]))
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise _unreadable(path, error) from error


def _total(elpd: np.ndarray) -> float:
    total = float(np.sum(elpd))
    return total if np.isfinite(total) else -np.inf


def _unreadable(path: Path, error: Exception) -> PosteriorFileError:
    return PosteriorFileError(
        f"{path.name} is not a posterior that this version can read ({type(error).__name__}: {error}); "
        "fit the case again: buckpass fit CASE -o FOLDER"
    )


def quiet_arviz():
    """ArviZ, imported late and without its notice about its own next major version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import arviz
    return arviz
