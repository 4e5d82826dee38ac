"""What is read off each history and year, and the running summaries that need no history to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from buckpass.case.problems import UnknownName
from buckpass.years.step import Keys, Year
from buckpass.years.world import State, World

__all__ = ["BY_POWER", "MEASURES", "Measure", "Observed", "Tally", "measure_named", "observed", "so_far"]


@dataclass(frozen=True)
class Measure:
    """A quantity of the fan charts: its unit, and whether it is a share (0 to 1) or an amount."""

    name: str
    unit: str
    meaning: str
    is_share: bool = False
    called: str = ""

    @property
    def title(self) -> str:
        """What readers are told it is: never by words that the record uses for something else."""
        return self.called or self.name.replace("_", " ")


MEASURES = (
    Measure("burden", "logit units a year", "cost of what the power did in the year's crises, Σ C k(a)"),
    Measure("benefit", "logit units a year", "stake secured to the power in the year's crises, Σ V [1 - exp(-X)]"),
    Measure("rung", "rung", "highest rung of the year, 0 also without a crisis"),
    Measure("commitments", "deployments", "deployments still binding at the end of the year, wherever they are"),
    Measure("capacity_free", "first year's capacity = 1", "capacity not bound by commitments: what rival theatres see"),
    Measure("opinion", "share", "unfavourable opinion, mean over the hosts", True),
    Measure("economic_share", "share", "share of the hosts' trade among the powers measured", True),
    Measure(
        "security_share", "share", "share of influence in security among all powers", True, "influence in security"
    ),
    Measure("first_by", "probability", "the power has been first responder by the end of the year", True),
    Measure("deployed_by", "probability", "the power has deployed by the end of the year", True),
)
BY_POWER = tuple(m.name for m in MEASURES)
BY_HOST = ("crises", "nobody", "unstable", "nobody_by")
BINS = 1024
REACH = 12.0  # amounts are binned by asinh(10 x) up to this: 8,000 units, a resolution of 2 percent


def measure_named(name: str) -> Measure:
    """The measure of a name; `UnknownName` with the nearest spelling where there is none."""
    if name not in BY_POWER:
        raise UnknownName("measure", name, BY_POWER)
    return MEASURES[BY_POWER.index(name)]


class Observed(eqx.Module):
    """One tile's observations, one array per measure; axes year y, history n, then power p or host h.

    by_power : in the order of MEASURES. by_host : crises, of which nobody beyond words, not stabilised, and nobody so far.
    """

    by_power: tuple[Float[Array, "y n p"], ...]
    by_host: tuple[Float[Array, "y n h"], ...]
    unsolved: Float[Array, ""]


def observed(world: World, keys: Keys, state: State, year: Year) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Observations of one year [n, p] and [n, h], from the state at its end; what has ever happened comes in `so_far`."""
    bound = world.yearly.commitment_cost[keys.draw][:, None] * state.commitments
    grown = jnp.exp(state.capacity - world.first_capacity)
    traded = jnp.where(world.has_trade > 0, jnp.exp(state.trade), 0.0).sum(-2)
    security = state.security / jnp.maximum(state.security.sum(-1, keepdims=True), 1e-9)
    by_power = (
        year.burden, year.benefit, jnp.maximum(year.top_rung, 0).astype(jnp.float32), state.commitments,
        grown / (1.0 + bound / grown), jax.nn.sigmoid(state.opinion).mean(-2),
        traded / jnp.maximum(traded.sum(-1, keepdims=True), 1e-9), security, year.first, year.deployments,
    )  # fmt: skip
    return by_power, (year.crises, year.nobody, year.unstable, year.nobody)


def so_far(by_power: tuple[Array, ...], by_host: tuple[Array, ...], unsolved: Float[Array, "y n"]) -> Observed:
    """Observations of all years; `first_by`, `deployed_by` and `nobody_by` say what has happened by the end of each."""

    def ever(happened: Array) -> Array:
        return jax.lax.cummax((happened > 0).astype(jnp.float32), axis=0)

    return Observed((*by_power[:-2], *map(ever, by_power[-2:])), (*by_host[:-1], ever(by_host[-1])), unsolved.sum())


@dataclass
class Tally:
    """Running sums and histograms over histories; adding tiles in their order gives the same bits whatever the workers.

    Quantiles come from histograms of 1,024 bins: shares to 0.001 (differences 0.002), amounts to 2 percent.
    """

    is_difference: bool = False
    count: int = 0
    total: np.ndarray | None = None  # [m, y, p]
    square: np.ndarray | None = None
    hosts: np.ndarray | None = None  # [m, y, h]
    bins: np.ndarray | None = None  # [m, y, p, bin]
    unsolved: float = 0.0

    def add(self, by_power: Sequence[np.ndarray], by_host: Sequence[np.ndarray], unsolved: float) -> None:
        """Count a tile's observations in, one array [y, n, p] or [y, n, h] per measure."""
        counted = [_counted(v, m.is_share, self.is_difference) for m, v in zip(MEASURES, by_power, strict=True)]
        total, square = (np.stack([np.asarray(c[i]) for c in counted]) for i in (0, 1))
        hosts = np.stack([np.asarray(_over_histories(v)) for v in by_host])
        bins = np.stack([_binned(np.asarray(places)) for *_, places in counted])
        self.count += by_power[0].shape[1]
        self.unsolved += unsolved
        if self.total is None:
            self.total, self.square, self.hosts, self.bins = total, square, hosts, bins
        else:
            self.total, self.square, self.hosts = self.total + total, self.square + square, self.hosts + hosts
            self.bins = bins if self.bins is None else self.bins + bins

    def mean(self) -> Float[np.ndarray, "m y p"]:
        """Mean over histories."""
        assert self.total is not None
        return self.total / self.count

    def standard_error(self) -> Float[np.ndarray, "m y p"]:
        """Monte Carlo standard error of the mean."""
        assert self.square is not None
        return np.sqrt(np.maximum(self.square / self.count - self.mean() ** 2, 0.0) / self.count)

    def quantiles(self, levels: tuple[float, ...]) -> Float[np.ndarray, "q m y p"]:
        """Quantiles over histories, interpolated within their bin."""
        assert self.bins is not None
        low = -1.0 if self.is_difference else 0.0
        centre = low + np.arange(BINS) * (1.0 - low) / BINS
        rank = np.cumsum(self.bins, axis=-1)
        out = np.stack([centre[np.argmax(rank >= level * self.count, axis=-1)] for level in levels])
        amounts = np.array([not m.is_share for m in MEASURES])
        out[:, amounts] = np.sinh(out[:, amounts] * REACH) / 10.0
        return out


@partial(jax.jit, static_argnums=(1, 2))
def _counted(values: Float[Array, "y n p"], is_share: bool, is_difference: bool):
    """Sum and sum of squares over histories [y, p], and for each number its place among all bins [y, n, p]."""
    low = -1.0 if is_difference else 0.0
    scaled = values if is_share else jnp.arcsinh(10.0 * values) / REACH
    index = jnp.clip(jnp.rint((scaled - low) * (BINS / (1.0 - low))), 0, BINS - 1).astype(jnp.int32)
    years, _, powers = values.shape
    row = jnp.arange(years * powers, dtype=jnp.int32).reshape(years, 1, powers)
    return _over_histories(values), _over_histories(values * values), row * BINS + index


def _binned(places: Int[np.ndarray, "y n p"]) -> Int[np.ndarray, "y p b"]:
    years, _, powers = places.shape
    return np.bincount(places.ravel(), minlength=years * powers * BINS).reshape(years, powers, BINS)


@jax.jit
def _over_histories(values: Float[Array, "y n p"]) -> Float[Array, "y p"]:
    """Sums in double precision of sums over 64 in single: exact to 1e-6, in a tenth of the time."""
    padded = jnp.pad(values, [(0, 0), (0, -values.shape[1] % 64), (0, 0)])
    parts = padded.reshape(len(values), -1, 64, values.shape[2]).sum(axis=2)
    return parts.astype(jnp.float64).sum(axis=1)
