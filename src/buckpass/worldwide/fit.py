"""The world's record fitted once: what is kept of it as numbers, so that the yardstick needs no download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
from jaxtyping import Float
from pydantic import Field, model_validator

from buckpass.case.problems import FileRefused
from buckpass.case.strangers_files import StrangersRecord, read_json
from buckpass.results.files import write_json
from buckpass.worldwide.errors import NoYardstick
from buckpass.worldwide.rules import DATA, HIGHER, LEVELS, SLOPES

__all__ = ["KEPT", "Yardstick", "fit_world", "read_yardstick", "write_yardstick"]

KEPT = "yardstick.json"
PLACES = 5  # digits kept of means and covariances


@dataclass(frozen=True)
class Yardstick:
    """The posterior of `program.world_logit` as a normal distribution, with what it was fitted to.

    mean, covariance : of levels [rung level − 1], slopes, deviations [power, levels and recent], log spread of the host effect.
    slopes : their names. centre, sd : of the continuous covariates. counts : of the record. files : each with publisher, citation
    and SHA-256. reasons : why the fit is not to be used; empty where it is. scores : how it was drawn.
    """

    powers: tuple[str, ...]
    slopes: tuple[str, ...]
    centre: tuple[float, ...]
    sd: tuple[float, ...]
    mean: Float[np.ndarray, " d"]
    covariance: Float[np.ndarray, "d d"]
    counts: Mapping[str, float]
    files: tuple[Mapping[str, Any], ...]
    reasons: tuple[str, ...]
    scores: Mapping[str, float]

    def parts(self, theta: Float[np.ndarray, "s d"]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Draws as levels τ [s, power, level], slopes [s, slope], deviations of `recent` [s, power], spread [s]."""
        higher, slopes, powers = len(LEVELS) - 1, len(self.slopes), len(self.powers)
        usual, slope, own, log_spread = np.split(theta, np.cumsum([higher, slopes, powers * (higher + 1)]), axis=1)
        own = own.reshape(-1, powers, higher + 1)
        return usual[:, None] + own[..., :higher], slope, own[..., higher], np.exp(log_spread[:, 0])


def fit_world(cells: pl.DataFrame, about: Mapping[str, Any]) -> Yardstick:
    """The posterior's mean and covariance, from draws by the sampler of the regressions (`evidence.baselines`).

    A fit that fails the tests of every other fit is kept with the reasons, and measures nothing.

    Parameters
    ----------
    cells, about : of a world's record (see `folder.read_cells`).
    """
    import jax.numpy as jnp

    from buckpass.evidence.baselines import drawn, half_normal
    from buckpass.fitting.posterior import diagnose, moved_in
    from buckpass.worldwide.program import rows_of, scale_of, world_logit

    powers = tuple(about["powers"])
    scale = scale_of(cells)
    rows, hosts = rows_of(cells, powers, scale)
    of_powers = [cells.filter(pl.col("power") == power).height for power in powers]
    u, diverging = drawn(world_logit(of_powers), rows, (len(LEVELS), len(powers)))
    theta = np.concatenate([u[..., :-1], np.log(np.asarray(half_normal(jnp.asarray(u[..., -1:]))))], axis=-1)
    moved = moved_in(u)
    tests = diagnose({"theta": theta}, diverging, moved)
    whole = theta.reshape(-1, theta.shape[-1])
    scores = {"draws": len(whole), "moved": float(moved.min()), "divergences": tests.divergences, "rhat_max": tests.rhat_max,
              "ess_bulk_min": tests.ess_bulk_min, "ess_tail_min": tests.ess_tail_min, "hosts": len(hosts)}  # fmt: skip
    return Yardstick(powers, SLOPES, scale.mean, scale.sd, whole.mean(axis=0), np.cov(whole.T), about["counts"],
                     tuple(about["files"]), tests.reasons, scores)  # fmt: skip


def write_yardstick(path: Path, yardstick: Yardstick, *, force: bool = False) -> Path:
    """Keep a yardstick as JSON: means, the lower half of the covariance, counts, files."""
    half = yardstick.covariance[np.tril_indices(len(yardstick.mean))]
    content = asdict(yardstick) | {"mean": _rounded(yardstick.mean), "covariance": _rounded(half)}
    return write_json(path, content, force=force)


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.{PLACES}g}") for value in values]


def read_yardstick(path: Path | None = None) -> Yardstick:
    """A yardstick that was kept; the product's own where no file is given. `NoYardstick` where it cannot be used."""
    if path is None:
        return _own()
    try:
        return _yardstick(read_json(path, _Kept))
    except (FileRefused, np.linalg.LinAlgError) as error:
        raise NoYardstick(
            f"{path}: not a yardstick that can be used ({error}). Remove it, and `worldwide "
            "--world FOLDER` fits it again."
        ) from None


@cache
def _own() -> Yardstick:
    return _yardstick(read_json(DATA / KEPT, _Kept))


class _Kept(StrangersRecord):
    """A yardstick's file: as many numbers of each kind as its powers ask for."""

    powers: Annotated[list[str], Field(min_length=1, max_length=50)]
    slopes: list[str]
    centre: Annotated[list[float], Field(min_length=2, max_length=2)]
    sd: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=2, max_length=2)]
    mean: list[float]
    covariance: list[float]
    counts: dict[str, float]
    files: list[dict[str, Any]]
    reasons: list[str]
    scores: dict[str, float]

    @model_validator(mode="after")
    def _as_long_as_they_must_be(self) -> _Kept:
        size = HIGHER + len(self.slopes) + len(self.powers) * len(LEVELS) + 1
        if len(self.mean) != size or len(self.covariance) != size * (size + 1) // 2:
            raise ValueError(f"{len(self.mean)} means and {len(self.covariance)} covariances where {size} are needed")
        if tuple(self.slopes) != SLOPES or len({*self.powers}) < len(self.powers):
            raise ValueError("its slopes are not those of the model, or a power stands twice")
        if missing := {"episodes", "hosts", "none_of_cells"} - self.counts.keys():
            raise ValueError(f"counts lack {', '.join(sorted(missing))}")
        if not all(isinstance(f.get(name), str) for f in self.files for name in ("layout", "citation")):
            raise ValueError("a file without layout and citation")
        return self


def _yardstick(kept: _Kept) -> Yardstick:
    """Raises `LinAlgError` for a covariance that is none."""
    content = kept.model_dump()
    mean = np.array(content.pop("mean"), dtype=float)
    covariance = np.zeros((mean.size, mean.size))
    covariance[np.tril_indices(mean.size)] = content.pop("covariance")
    covariance += np.tril(covariance, -1).T
    np.linalg.cholesky(covariance + 1e-9 * np.eye(mean.size))
    lists = {name: tuple(content.pop(name)) for name in ("powers", "slopes", "centre", "sd", "files", "reasons")}
    return Yardstick(mean=mean, covariance=covariance, **lists, **content)
