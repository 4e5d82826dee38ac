"""The posterior of one explanation: its draws, what they say of the record, and whether they can be trusted."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from buckpass.results.words import percent

if TYPE_CHECKING:
    import xarray as xr

    from buckpass.fitting.sampling import Draws

__all__ = [
    "GROUPS", "Diagnostics", "Groups", "Held", "Posterior", "PosteriorFileError", "diagnose", "evenly", "held", "labelled",
    "quiet_arviz",
]  # fmt: skip

GROUPS = ("posterior", "log_likelihood", "scores", "log_prior", "readings", "forecast")
RHAT_BELOW = 1.01
ESS_ABOVE = 400
FEW = 4  # a fit so many times short of its bounds draws on
MOVED_ABOVE = 0.5  # share of iterations; a chain that stands still diverges never and says nothing


class PosteriorFileError(ValueError):
    """A posterior file is missing, damaged, of another layout, or fitted with another model or record."""


@dataclass(frozen=True)
class Diagnostics:
    """Whether the draws can be trusted: R-hat, bulk and tail effective sample size, divergent draws."""

    rhat_max: float
    ess_bulk_min: float
    ess_tail_min: float
    divergences: int
    worst: str  # the parameter with the largest R-hat
    least_moved: float = 1.0  # share of the iterations in which the chain that moved least moved

    @property
    def passed(self) -> bool:
        return not self.reasons

    @property
    def wants_more(self) -> bool:
        """Whether the fit failed for want of draws alone: its chains agree so far, and none diverged or stood still."""
        agree = (
            self.rhat_max < 1 + FEW * (RHAT_BELOW - 1) and FEW * min(self.ess_bulk_min, self.ess_tail_min) > ESS_ABOVE
        )
        return not self.passed and self.divergences == 0 and self.least_moved > MOVED_ABOVE and agree

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
            (self.divergences == 0, f"{self.divergences} divergent draws".replace("nan", "an unknown number of")),
            (self.least_moved > MOVED_ABOVE, f"a chain moved in only {percent(self.least_moved)} of its iterations"),
        )
        return tuple(reason for fine, reason in tests if not fine)


class Groups(Protocol):
    """What a fit leaves behind, by group: in memory (`Held`) or in a file that is read group by group (`files.Stored`)."""

    def __contains__(self, name: object) -> bool: ...

    def dataset(self, name: str) -> xr.Dataset:
        """One group with its dims and coordinates."""
        ...

    def arrays(self, name: str) -> Mapping[str, np.ndarray]:
        """The variables of one group bare: xarray and what it loads take most of a second."""
        ...

    def dims(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """The dims of each of those variables."""
        ...


@dataclass(frozen=True)
class Held:
    """Groups in memory."""

    by_name: Mapping[str, xr.Dataset]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def dataset(self, name: str) -> xr.Dataset:
        return self.by_name[name]

    def arrays(self, name: str) -> Mapping[str, np.ndarray]:
        return {str(k): v.values for k, v in self.by_name[name].variables.items()}

    def dims(self, name: str) -> Mapping[str, tuple[str, ...]]:
        return {str(k): tuple(map(str, v.dims)) for k, v in self.by_name[name].variables.items()}


def held(
    draws: xr.Dataset, log_likelihood: xr.DataArray, scores: xr.Dataset, *,
    request_log_likelihood: xr.DataArray | None = None, log_prior: xr.DataArray | None = None,
    readings: xr.Dataset | None = None, forecast: xr.Dataset | None = None,
) -> Held:  # fmt: skip
    """What a fit leaves behind, in memory; the names are those of `Posterior`'s properties."""
    likelihood = log_likelihood.to_dataset(name="responses")
    if request_log_likelihood is not None:
        likelihood = likelihood.assign(request=request_log_likelihood)
    groups = {
        "posterior": draws, "log_likelihood": likelihood, "scores": scores, "readings": readings, "forecast": forecast,
        "log_prior": None if log_prior is None else log_prior.to_dataset(name="density"),
    }  # fmt: skip
    return Held({name: group for name, group in groups.items() if group is not None})


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of one explanation's parameters, with the record and the model that they were fitted to.

    groups : the draws and what they say of the record, in memory or in a file. Of a file the stamp is read at once, each
    group when it is first asked for: a verb that needs the scores of thirteen explanations and the draws of two reads no
    more than that. What is pickled holds the numbers themselves, so that a worker without the file can use it.
    settings : coding, NUTS settings, versions, notes; of a fit just made also its seconds.
    order : who moves first, "simultaneous" or "patron first".
    stamp : the model as it was fitted (`stamp.stamp_of`); empty where nothing was fitted.
    """

    explanation: str
    case_id: str
    case_hash: str
    seed: int
    groups: Groups
    diagnostics: Diagnostics
    settings: Mapping[str, Any] = field(default_factory=dict)
    order: str = "simultaneous"
    stamp: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """A short hash of the stamp: what was computed from another model's draws has another."""
        from buckpass.fitting.stamp import stamp_hash

        return stamp_hash(self.stamp)[:16]

    @property
    def draws(self) -> xr.Dataset:
        """The terms, dims chain, draw and each term's own (power, rung step, vehicle, body asked)."""
        return self.groups.dataset("posterior")

    @property
    def log_likelihood(self) -> xr.DataArray:
        """[chain, draw, crisis], the responses of each crisis given its request (nats)."""
        return self.groups.dataset("log_likelihood")["responses"]

    @property
    def request_log_likelihood(self) -> xr.DataArray | None:
        """The same of the request; 0 where the record does not know it or there is no host stage."""
        return self.groups.dataset("log_likelihood").get("request")

    @property
    def log_prior(self) -> xr.DataArray | None:
        """[chain, draw, term], log prior density of each term on its own scale: what power-scaling raises."""
        group = self._optional("log_prior")
        return None if group is None else group["density"]

    @property
    def scores(self) -> xr.Dataset:
        """Per crisis, leave-one-crisis-out elpd, pareto_k, is_exact (drawn without it where k̂ was too large).

        With a host stage also elpd_request and elpd_request_base, the score of the request and that of the shares of
        requests elsewhere.
        """
        return self.groups.dataset("scores")

    @property
    def readings(self) -> xr.Dataset | None:
        """[reading, crisis], elpd and pareto_k under other readings of the record, None where none were asked for.

        is_out_of_sample where the fit did not see the crisis; per reading rhat_max, divergences, rows, says.
        """
        return self._optional("readings")

    @property
    def forecast(self) -> xr.Dataset | None:
        """probability [crisis, power, rung] of the crises after the article's date, from those before it."""
        return self._optional("forecast")

    def arrays_of(self, group: str) -> Mapping[str, np.ndarray]:
        """The arrays of a group that a fit may lack, none of one that it lacks; without xarray, which takes a third of a second."""
        return self.groups.arrays(group) if group in self.groups else {}

    def _optional(self, name: str) -> xr.Dataset | None:
        return self.groups.dataset(name) if name in self.groups else None

    def labels(self, term: str) -> dict[str, np.ndarray]:
        """The labels of a term by its dims (power, rung step, …); none for a number. Without xarray, which `draws` loads."""
        arrays, dims = self.groups.arrays("posterior"), self.groups.dims("posterior")[term]
        return {dim: arrays[dim] for dim in dims if dim not in ("chain", "draw")}

    def score(self, name: str) -> np.ndarray:
        """One column of `scores`, or the names of its crises, as an array."""
        return self.groups.arrays("scores")[name]

    @property
    def elpd(self) -> float:
        """Leave-one-crisis-out score, summed over crises (nats); minus infinity where a crisis has none."""
        total = float(np.sum(self.score("elpd")))
        return total if np.isfinite(total) else -math.inf

    def _sites(self) -> dict[str, np.ndarray]:
        """Draws as arrays [chain, draw, …]."""
        return {k: v for k, v in self.groups.arrays("posterior").items() if v.ndim > 1}

    @property
    def n_draws(self) -> int:
        return math.prod(next(iter(self._sites().values())).shape[:2])

    def flat(self, n: int | None = None) -> dict[str, np.ndarray]:
        """Draws as arrays [draw, …], chains one after the other; `n` takes that many, evenly spaced; `ValueError` below 1."""
        total = self.n_draws
        keep = slice(None) if n is None or n >= total else evenly(total, n)
        return {k: v.reshape(-1, *v.shape[2:])[keep] for k, v in self._sites().items()}

    def thin(self, per_chain: int) -> Posterior:
        """The same posterior with that many evenly spaced draws per chain; diagnostics stay those of the full run.

        `ValueError` below 1.
        """
        total = self.draws.sizes["draw"]
        keep = evenly(total, min(per_chain, total))
        every = {name: self.groups.dataset(name) for name in GROUPS if name in self.groups}
        return replace(self, groups=Held({k: v.isel(draw=keep) if "draw" in v.dims else v for k, v in every.items()}))


def evenly(total: int, n: int) -> np.ndarray:
    """Positions of `n` evenly spaced ones out of `total`, first and last among them; `ValueError` where none is wanted."""
    if n < 1:
        raise ValueError(f"{n} draws were asked for: give at least 1")
    return np.linspace(0, total - 1, n).round().astype(int)


def moved_in(draws: np.ndarray) -> np.ndarray:
    """[chain] the share of the iterations in which a chain moved, of draws [chain, draw, d]."""
    return (np.diff(draws, axis=1) != 0).any(axis=-1).mean(axis=1)


def diagnose(sites: Mapping[str, np.ndarray], diverging: np.ndarray, moved: np.ndarray) -> Diagnostics:
    """Rank-normalised split R-hat and effective sample sizes (Vehtari et al. 2021) over every scalar parameter.

    moved : share of the iterations in which each chain moved.
    """
    az = quiet_arviz()
    data: Any = az.convert_to_dataset({k: v for k, v in sites.items() if v.size})
    with np.errstate(divide="ignore", invalid="ignore"):  # R-hat of what stands still is 0 by 0
        table: Any = az.rhat(data)
        sizes: list[Any] = [az.ess(data, method=m) for m in ("bulk", "tail")]
    rhat = {k: float(v.max(skipna=False)) for k, v in table.data_vars.items()}
    bulk, tail = (float(np.min([v.min(skipna=False) for v in size.data_vars.values()])) for size in sizes)
    worst = max(rhat, key=lambda k: (math.isnan(rhat[k]), rhat[k]))
    return Diagnostics(rhat[worst], bulk, tail, int(diverging.sum()), worst, float(moved.min()))


def labelled(draws: Draws, dims: Mapping[str, Sequence[str]], coords: Mapping[str, Sequence]) -> xr.Dataset:
    """Terms as a Dataset with named dims: chain, draw, then those given for the term."""
    import xarray as xr

    data = {k: (("chain", "draw", *dims.get(k, ())), v) for k, v in draws.sites.items()}
    used = {d for _, (names, _) in data.items() for d in names}
    return xr.Dataset(data, coords={k: list(v) for k, v in coords.items() if k in used})


def quiet_arviz():
    """ArviZ, imported late and without its notice about its own next major version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import arviz
    return arviz
