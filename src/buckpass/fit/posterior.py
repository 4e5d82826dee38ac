"""The posterior of one explanation: draws, diagnostics, and the file that keeps them."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import h5py
import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from buckpass.fit.sampling import Draws

__all__ = [
    "Diagnostics", "Posterior", "PosteriorFileError", "diagnose", "load_posterior", "save_posterior",
]  # fmt: skip

Read = TypeVar("Read")
RHAT_BELOW = 1.01
ESS_ABOVE = 400
UNREADABLE = (OSError, KeyError, ValueError, TypeError, AttributeError)  # what damaged or foreign files raise
PACKED = ("posterior", "log_likelihood", "log_prior")  # groups kept in single precision


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
    def wants_more(self) -> bool:
        """Whether the fit failed by so little that twice as many draws should mend it."""
        enough = 2 * min(self.ess_bulk_min, self.ess_tail_min) > ESS_ABOVE
        return not self.passed and self.divergences == 0 and self.rhat_max < 1 + 2 * (RHAT_BELOW - 1) and enough

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

    draws : xarray Dataset, dims chain, draw and each term's own (power, rung step, vehicle, body asked).
    log_likelihood : DataArray [chain, draw, crisis], the responses of each crisis given its request (nats).
    request_log_likelihood : the same for the request; 0 where the record does not know it or there is no host stage.
    log_prior : [chain, draw, term], log prior density of each term on its own scale: what power-scaling raises.
    scores : per crisis, leave-one-crisis-out elpd, pareto_k, is_exact; with a host stage also elpd_request and
    elpd_request_base, the score of the request and that of the shares of requests elsewhere.
    readings : [reading, crisis], the same elpd and pareto_k under other readings of the record; is_out_of_sample where
    the fit did not see the crisis; per reading rhat_max, divergences, rows, says. None where none were asked for.
    forecast : probability [crisis, power, rung] of the crises after the article's date, from those before it.
    order : who moves first, "simultaneous" or "patron first".
    """

    explanation: str
    case_id: str
    case_hash: str
    seed: int
    draws: xr.Dataset
    log_likelihood: xr.DataArray
    diagnostics: Diagnostics
    scores: xr.Dataset  # elpd, pareto_k, is_exact per crisis: leave-one-crisis-out, refitted where k̂ was too large
    settings: Mapping[str, Any] = field(default_factory=dict)  # coding, NUTS settings, versions, seconds, notes
    request_log_likelihood: xr.DataArray | None = None
    log_prior: xr.DataArray | None = None
    readings: xr.Dataset | None = None
    forecast: xr.Dataset | None = None
    order: str = "simultaneous"

    @property
    def n_draws(self) -> int:
        return math.prod(next(iter(self._sites().values())).shape[:2])

    def flat(self, n: int | None = None) -> dict[str, np.ndarray]:
        """Draws as arrays [draw, …], chains one after the other; `n` takes that many, evenly spaced."""
        keep = (
            slice(None) if n is None or n >= self.n_draws else np.linspace(0, self.n_draws - 1, n).round().astype(int)
        )
        return {str(k): v.reshape(-1, *v.shape[2:])[keep] for k, v in self._sites().items()}

    def score(self, name: str) -> np.ndarray:
        """One column of `scores`, or the names of its crises, as an array."""
        return self.scores[name].values

    @property
    def elpd(self) -> float:
        """Leave-one-crisis-out score, summed over crises (nats); minus infinity where a crisis has none."""
        total = float(np.sum(self.score("elpd")))
        return total if np.isfinite(total) else -math.inf

    def _sites(self) -> dict[str, np.ndarray]:
        """Draws as arrays [chain, draw, …]."""
        return {str(k): v.values for k, v in self.draws.data_vars.items()}

    def thin(self, per_chain: int) -> Posterior:
        """The same posterior with that many evenly spaced draws per chain; diagnostics stay those of the full run."""
        total = self.draws.sizes["draw"]
        keep = np.linspace(0, total - 1, min(per_chain, total)).round().astype(int)
        by_draw = ("draws", "log_likelihood", "request_log_likelihood", "log_prior")
        thinned = {k: v.isel(draw=keep) for k in by_draw if (v := getattr(self, k)) is not None}
        return replace(self, **thinned)


def diagnose(sites: Mapping[str, np.ndarray], diverging: np.ndarray) -> Diagnostics:
    """Rank-normalised split R-hat and effective sample sizes (Vehtari et al. 2021) over every scalar parameter."""
    az = quiet_arviz()
    data: Any = az.convert_to_dataset(dict(sites))
    table: Any = az.rhat(data)
    rhat = {k: float(v.max()) for k, v in table.data_vars.items()}
    sizes: list[Any] = [az.ess(data, method=m) for m in ("bulk", "tail")]
    bulk, tail = (min(float(v.min()) for v in size.data_vars.values()) for size in sizes)
    worst = max(rhat, key=lambda k: rhat[k])
    return Diagnostics(rhat[worst], bulk, tail, int(diverging.sum()), worst)


def labelled(draws: Draws, dims: Mapping[str, Sequence[str]], coords: Mapping[str, Sequence]) -> xr.Dataset:
    """Terms as a Dataset with named dims: chain, draw, then those given for the term."""
    import xarray as xr

    data = {k: (("chain", "draw", *dims.get(k, ())), v) for k, v in draws.sites.items()}
    used = {d for _, (names, _) in data.items() for d in names}
    return xr.Dataset(data, coords={k: list(v) for k, v in coords.items() if k in used})


def save_posterior(posterior: Posterior, path: Path) -> None:
    """Write a NetCDF file that `arviz.from_netcdf` opens; atomic: a reader sees the old file or the new one."""
    attrs = {
        "explanation": posterior.explanation, "case_id": posterior.case_id, "case_hash": posterior.case_hash,
        "seed": posterior.seed, "order": posterior.order, "diagnostics": json.dumps(asdict(posterior.diagnostics)),
        "settings": json.dumps(dict(posterior.settings), sort_keys=True),
    }  # fmt: skip
    partial = path.with_name(f".{path.name}.partial")
    mode = "w"
    for group, data in _groups(posterior, attrs).items():
        floats = [k for k, v in data.data_vars.items() if v.dtype.kind == "f" and group in PACKED]
        packed = {name: {"zlib": True, "dtype": "float32"} for name in floats}
        data.to_netcdf(partial, mode=mode, group=group, engine="h5netcdf", encoding=packed)
        mode = "a"
    os.replace(partial, path)


def _groups(posterior: Posterior, attrs: Mapping[str, Any]) -> dict[str, xr.Dataset]:
    import xarray as xr

    likelihood = {"responses": posterior.log_likelihood}
    if posterior.request_log_likelihood is not None:
        likelihood["request"] = posterior.request_log_likelihood
    optional = {
        "log_prior": None if posterior.log_prior is None else posterior.log_prior.to_dataset(name="density"),
        "readings": posterior.readings,
        "forecast": posterior.forecast,
    }
    return {
        "posterior": posterior.draws.assign_attrs(attrs), "log_likelihood": xr.Dataset(likelihood),
        "scores": posterior.scores, **{k: v for k, v in optional.items() if v is not None},
    }  # fmt: skip


class StoredPosterior(Posterior):
    """A posterior in a file: its stamp is read at once, each group when it is first asked for.

    A verb that needs the scores of thirteen explanations and the draws of two reads no more than that, and as bare arrays:
    xarray and what it loads take most of a second.
    """

    path: Path
    seen: tuple[int, ...]  # the file as it was when its stamp was read
    groups: frozenset[str]

    def score(self, name: str) -> np.ndarray:
        return self._reading("scores", lambda group: _values(group[name]))

    def _sites(self) -> dict[str, np.ndarray]:
        return self._draws

    @cached_property
    def _draws(self) -> dict[str, np.ndarray]:
        def sites(group: Any) -> dict[str, np.ndarray]:
            return {name: _values(v).astype(float) for name, v in group.items() if not v.is_scale}

        return self._reading("posterior", sites)

    @cached_property
    def scores(self) -> xr.Dataset:
        return self._group("scores")

    @cached_property
    def draws(self) -> xr.Dataset:
        return self._group("posterior").astype(float)

    @cached_property
    def log_likelihood(self) -> xr.DataArray:
        return self._group("log_likelihood")["responses"].astype(float)

    @cached_property
    def request_log_likelihood(self) -> xr.DataArray | None:
        found = self._group("log_likelihood")
        return found["request"].astype(float) if "request" in found else None

    @cached_property
    def log_prior(self) -> xr.DataArray | None:
        found = self._optional("log_prior")
        return None if found is None else found["density"].astype(float)

    @cached_property
    def readings(self) -> xr.Dataset | None:
        return self._optional("readings")

    @cached_property
    def forecast(self) -> xr.Dataset | None:
        return self._optional("forecast")

    def _group(self, name: str) -> xr.Dataset:
        return self._reading(name, _dataset)

    def _optional(self, name: str) -> xr.Dataset | None:
        return self._reading(name, _dataset) if name in self.groups else None

    def _reading(self, name: str, how: Callable[[Any], Read]) -> Read:
        try:
            with h5py.File(self.path, "r") as file:
                if _identity(self.path) != self.seen:
                    raise OSError("the file was replaced since it was opened")
                return how(file[name])
        except UNREADABLE as error:
            raise _unreadable(self.path, error) from error


def load_posterior(path: Path) -> StoredPosterior:
    """What `save_posterior` wrote; raises `PosteriorFileError` naming the file and what is wrong with it."""
    try:
        with h5py.File(path, "r") as file:
            stamp = file["posterior"].attrs
            found = object.__new__(StoredPosterior)
            found.__dict__.update(
                path=path, seen=_identity(path), groups=frozenset(file),
                explanation=str(stamp["explanation"]), case_id=str(stamp["case_id"]), case_hash=str(stamp["case_hash"]),
                seed=np.asarray(stamp["seed"]).item(), diagnostics=Diagnostics(**json.loads(str(stamp["diagnostics"]))),
                settings=json.loads(str(stamp["settings"])),
                order=str(stamp.get("order", "simultaneous")),
            )  # fmt: skip
            return found
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


def _identity(path: Path) -> tuple[int, ...]:
    state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns


def _dataset(group: Any) -> xr.Dataset:
    """A group as xarray wrote it, in a fiftieth of the time of opening it through xarray."""
    import xarray as xr

    data = {
        name: (_dims(values), _values(values)) for name, values in group.items() if not _is_only_a_dimension(values)
    }
    coords = {name: data.pop(name) for name in list(data) if data[name][0] == (name,)}
    return xr.Dataset(data, coords)


def _is_only_a_dimension(values: h5py.Dataset) -> bool:
    return b"not a netCDF variable" in values.attrs.get("NAME", b"")


def _dims(values: Any) -> tuple[str, ...]:
    if values.is_scale:
        return (values.name.rsplit("/", 1)[-1],)
    return tuple(scales[0].name.rsplit("/", 1)[-1] for scales in values.dims)


def _values(values: h5py.Dataset) -> np.ndarray:
    if h5py.check_string_dtype(values.dtype):
        return np.asarray(values.asstr()[...]).astype(str)
    is_truth = values.attrs.get("dtype", "") in ("bool", b"bool")
    return values[...].astype(bool) if is_truth else values[...]


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
