"""Terms as coordinates in which every prior is nearly a standard normal (model §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.scipy.special import log_ndtr, ndtri
from jaxtyping import Array, Bool, Float
from scipy import special, stats

from buckpass.game.setting import CrisisSetting
from buckpass.model.mechanisms import Combination
from buckpass.model.places import PLACES
from buckpass.model.terms import Prior, Term, shape_of, terms

__all__ = ["Coordinates", "Place", "coordinates_of", "distribution"]

CHEAP = -15.0  # log(1 + e^w) is e^w below
FARTHEST = 8.0  # standard deviations of a coordinate, where a value at an end of its range has none
# each family of priors as NumPyro and as SciPy have it
DENSITIES: dict[str, tuple[Callable[[Prior], dist.Distribution], Callable[[Prior], Any]]] = {
    "normal": (lambda p: dist.Normal(p.mean, p.sd), lambda p: stats.norm(p.mean, p.sd)),
    "half_normal": (lambda p: dist.HalfNormal(p.sd), lambda p: stats.halfnorm(scale=p.sd)),
    "beta": (lambda p: dist.Beta(p.a, p.b), lambda p: stats.beta(p.a, p.b)),
}


@dataclass(frozen=True)
class Place:
    """One term among the coordinates: the shape of its value, and where it starts."""

    term: Term
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def at(self) -> slice:
        return slice(self.start, self.start + self.size)


@dataclass(frozen=True)
class Coordinates:
    """All terms of the registry, flattened into one vector u, the same for every combination.

    A normal term is mean + sd·u, but for the logarithm of a price (`Place.is_price`): e^term = log(1 + e^w) with w linear in u,
    since what is paid adds up with other prices, and a ridge of equal sums is straight in prices and bent in their
    logarithms. A half-normal one is −sd·Φ⁻¹(Φ(−u)/2), so that a price near zero is a normal tail and
    not a funnel; a beta one is Φ(u). With u standard normal the first two (and a uniform) have exactly their priors; other
    betas, and the prices, carry the rest in `log_density`. A term that a combination fixes has its value without effect, whatever u is.
    """

    places: tuple[Place, ...]

    @property
    def size(self) -> int:
        return sum(p.size for p in self.places)

    def free(self, combination: Combination) -> Bool[np.ndarray, " d"]:
        """Which coordinates a combination estimates: all that distinguishes it, as data."""
        return np.concatenate([np.full(p.size, combination.frees(p.term.name)) for p in self.places])

    def values(self, u: Float[Array, " d"], is_free: Bool[Array, " d"]) -> dict[str, Array]:
        """The terms on their own scale, those that are fixed at their value without effect."""
        on_scale = self._on_scale(u)
        for p in self.places:
            if PLACES[p.term.enters].is_price:
                on_scale = on_scale.at[p.at].set(_Price(p.term.prior)(u[p.at]))
        flat = jnp.where(is_free, on_scale, self._off)
        found = {p.term.name: flat[p.at].reshape(p.shape) for p in self.places}
        scaled = {p.term.name: p.term.scaled_by for p in self.places if p.term.scaled_by}
        return found | {name: found[name] * found[scale] for name, scale in scaled.items()}

    def of_draws(self, draws: Mapping[str, np.ndarray]) -> Float[np.ndarray, "chain draw d"]:
        """u of draws of the free terms, arrays [chain, draw, …]: `values` back; 0 where a term is not among them."""
        u = np.zeros((*next(iter(draws.values())).shape[:2], self.size))
        for p in (p for p in self.places if p.term.name in draws):
            value = np.asarray(draws[p.term.name], float).reshape(*u.shape[:2], p.size)
            scale = np.asarray(draws[p.term.scaled_by], float)[..., None] if p.term.scaled_by else 1.0
            u[..., p.at] = np.clip(_back(p.term, value / scale), -FARTHEST, FARTHEST)
        return u

    def from_priors(self, combination: Combination, key: Array, draws: int) -> dict[str, Array]:
        """Draws of the free terms from their priors, [draw, …]."""
        mine = [p for p in self.places if combination.frees(p.term.name)]
        keys = jax.random.split(key, len(mine))
        raw = {
            p.term.name: distribution(p.term.prior, p.shape).sample(k, (draws,))
            for p, k in zip(mine, keys, strict=True)
        }
        scales = {p.term.name: jnp.asarray(raw[p.term.scaled_by])[:, None] for p in mine if p.term.scaled_by}
        return {name: jnp.asarray(value) * scales.get(name, 1.0) for name, value in raw.items()}

    def log_density(self, u: Float[Array, " d"], is_free: Bool[Array, " d"]) -> Float[Array, ""]:
        """Log prior density of u over the free coordinates, up to a constant."""
        base = -0.5 * u**2
        for p in self.places:
            if p.term.prior.family == "beta" and (p.term.prior.a, p.term.prior.b) != (1.0, 1.0):
                part, prior = u[p.at], p.term.prior
                base = base.at[p.at].add((prior.a - 1) * log_ndtr(part) + (prior.b - 1) * log_ndtr(-part))
            elif PLACES[p.term.enters].is_price:
                base = base.at[p.at].set(_Price(p.term.prior).log_density(u[p.at]))
        return jnp.sum(jnp.where(is_free, base, 0.0))

    def log_priors(self, values: Mapping[str, np.ndarray], names: Sequence[str]) -> Float[np.ndarray, "... term"]:
        """Log prior density of the terms named, on their own scale, summed over their entries: what power-scaling raises.

        values : arrays [chain, draw, …].
        """
        found = []
        for place in (p for p in self.places if p.term.name in names):
            one, value = place.term, np.asarray(values[place.term.name], float)
            scale = np.asarray(values[one.scaled_by])[..., None] if one.scaled_by else 1.0
            density = DENSITIES[one.prior.family][1](one.prior).logpdf(value / scale) - np.log(scale)
            found.append(density.reshape(*value.shape[:2], -1).sum(axis=-1))
        return np.stack(found, axis=-1)

    def _on_scale(self, u: Float[Array, " d"]) -> Float[Array, " d"]:
        """Every family for all coordinates at once and the right one picked: term by term the compiler reads thrice as much."""
        above = log_ndtr(-u)
        half = -ndtri(0.5 * jnp.exp(above))
        is_normal, is_half_normal = (self._column(lambda p, f=f: p.family == f) for f in ("normal", "half_normal"))
        plain = self._column(lambda p: p.mean) + self._column(lambda p: p.sd) * u
        price = self._column(lambda p: p.sd) * jnp.where(is_half_normal, half, 0.0)
        return jnp.where(is_normal, plain, jnp.where(is_half_normal, price, -jnp.expm1(above)))

    def _column(self, of) -> np.ndarray:
        return np.concatenate([np.full(p.size, of(p.term.prior)) for p in self.places])

    @property
    def _off(self) -> np.ndarray:
        return np.concatenate([np.full(p.size, p.term.off) for p in self.places])


def _back(term: Term, value: np.ndarray) -> np.ndarray:
    """The coordinate at which a term has a value."""
    prior = term.prior
    if PLACES[term.enters].is_price:
        price = _Price(prior)
        paid = np.exp(value)
        w = np.where(value < CHEAP, value, paid + np.log(-np.expm1(-np.maximum(paid, np.exp(CHEAP)))))
        return (w - price.at) / price.slope
    if prior.family == "normal":
        return (value - prior.mean) / prior.sd
    with np.errstate(divide="ignore"):  # at an end of its range u has none
        if prior.family == "half_normal":
            return -special.ndtri(2.0 * special.ndtr(-value / prior.sd))
        return special.ndtri(value)


class _Price:
    """log log(1 + e^w) with w = at + slope·u: a logarithm for what is cheap, linear for what is dear; at u = 0 mean and slope
    are those of mean + sd·u."""

    def __init__(self, prior: Prior):
        self.prior = prior
        price = np.exp(prior.mean)
        self.at = np.log(np.expm1(price))
        self.slope = prior.sd * price * (1.0 + np.exp(-self.at))

    def __call__(self, u: Array) -> Array:
        w = self.at + self.slope * u
        return jnp.where(w < CHEAP, w, jnp.log(jax.nn.softplus(jnp.maximum(w, CHEAP))))

    def log_density(self, u: Array) -> Array:
        """Of u where e^(term) has the prior's lognormal distribution, up to a constant."""
        term = self(u)
        to_w = jax.nn.log_sigmoid(self.at + self.slope * u) - term
        return to_w - 0.5 * ((term - self.prior.mean) / self.prior.sd) ** 2


def distribution(prior: Prior, shape: tuple[int, ...]) -> dist.Distribution:
    """The prior as a NumPyro distribution over an array of the given shape."""
    family = DENSITIES[prior.family][0](prior)
    return family.expand(shape).to_event(len(shape)) if shape else family


def coordinates_of(setting: CrisisSetting) -> Coordinates:
    """Coordinates of all terms in the order of the registry."""
    places, start = [], 0
    for one in terms():
        places.append(Place(one, shape_of(one, setting), start))
        start += places[-1].size
    return Coordinates(tuple(places))
