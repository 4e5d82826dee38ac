"""What is read off each history and year, and the running summaries that need no history to be kept."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from buckpass.futures.step import Keys, Year
from buckpass.futures.world import State, World

__all__ = ["BY_POWER", "MEASURES", "Measure", "Observed", "Tally", "observed"]


@dataclass(frozen=True)
class Measure:
    """A quantity of the fan charts: its unit, and whether it is a share (0 to 1) or an amount."""

    name: str
    unit: str
    meaning: str
    is_share: bool = False


MEASURES = (
    Measure("burden", "logit units a year", "cost of what the power did in the year's crises, Σ C k(a)"),
    Measure("benefit", "logit units a year", "stake secured to the power in the year's crises, Σ V [1 - exp(-X)]"),
    Measure("rung", "rung", "highest rung of the year, 0 also without a crisis"),
    Measure("commitments", "deployments", "deployments still binding at the end of the year, wherever they are"),
    Measure("capacity_free", "first year's capacity = 1", "capacity not bound by commitments: what rival theatres see"),
    Measure("opinion", "share", "unfavourable opinion, mean over the hosts", True),
    Measure("economic_share", "share", "share of the hosts' trade among the powers measured", True),
    Measure("security_share", "share", "share of influence in security among all powers", True),
    Measure("first_by", "probability", "the power has been first responder by the end of the year", True),
    Measure("deployed_by", "probability", "the power has deployed by the end of the year", True),
)
BY_POWER = tuple(m.name for m in MEASURES)
BY_HOST = ("crises", "nobody", "unstable", "nobody_by")
BINS = 1024
REACH = 12.0  # amounts are binned by asinh(10 x) up to this: 8,000 units, a resolution of 2 percent


class Observed(eqx.Module):
    """One tile's observations; axes year y, history n, then power p or host h."""

    by_power: Float[Array, "m y n p"]  # in the order of MEASURES
    by_host: Float[Array, "m y n h"]  # crises, of which nobody beyond words, not stabilised, and nobody so far
    unsolved: Float[Array, ""]


def observed(world: World, keys: Keys, states: State, years: Year) -> Observed:
    """Observations from the stacked states (end of each year) and years."""
    bound = world.yearly.commitment_cost[keys.draw][:, None] * states.commitments
    grown = jnp.exp(states.capacity - world.first_capacity)
    traded = jnp.where(world.has_trade > 0, jnp.exp(states.trade), 0.0).sum(-2)
    security = states.security / jnp.maximum(states.security.sum(-1, keepdims=True), 1e-9)
    by_power = jnp.stack([
        years.burden, years.benefit, jnp.maximum(years.top_rung, 0).astype(jnp.float32), states.commitments,
        grown / (1.0 + bound / grown), jax.nn.sigmoid(states.opinion).mean(-2),
        traded / jnp.maximum(traded.sum(-1, keepdims=True), 1e-9), security,
        _ever(years.first > 0), _ever(years.deployments > 0),
    ])  # fmt: skip
    by_host = jnp.stack([years.crises, years.nobody, years.unstable, _ever(years.nobody > 0)])
    return Observed(by_power, by_host, years.unsolved.sum())


def _ever(happened: Array) -> Float[Array, "y n p"]:
    return jax.lax.cummax(happened.astype(jnp.float32), axis=0)


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

    def add(self, by_power: np.ndarray, by_host: np.ndarray, unsolved: float) -> None:
        """Count a tile's observations in."""
        exact = by_power.astype(np.float64)
        sums = exact.sum(axis=2), (exact * exact).sum(axis=2), by_host.sum(axis=2, dtype=np.float64)
        self.count += by_power.shape[2]
        self.unsolved += unsolved
        if self.total is None:
            self.total, self.square, self.hosts = sums
            self.bins = np.zeros((*sums[0].shape, BINS), np.int64)
        else:
            self.total, self.square, self.hosts = self.total + sums[0], self.square + sums[1], self.hosts + sums[2]
        for m, values in enumerate(by_power):
            self.bins[m] += self._counted(values, MEASURES[m].is_share)

    def _counted(self, values: np.ndarray, is_share: bool) -> np.ndarray:
        years, _, powers = values.shape
        low = -1.0 if self.is_difference else 0.0
        scaled = values if is_share else np.arcsinh(10.0 * values) / np.float32(REACH)
        index = np.clip(np.rint((scaled - low) * (BINS / (1.0 - low))), 0, BINS - 1).astype(np.int32)
        place = (np.arange(years)[:, None, None] * powers + np.arange(powers)) * BINS
        counts = np.bincount((index + place).ravel(), minlength=years * powers * BINS)
        return counts.reshape(years, powers, BINS)

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
