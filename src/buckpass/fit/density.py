"""Free terms of an explanation as coordinates in which every prior is nearly a standard normal (model §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.scipy.special import log_ndtr, ndtri
from jaxtyping import Array, Float
from scipy import stats

from buckpass.fit.explanations import Explanation, Prior, priors
from buckpass.fit.model import term_shape
from buckpass.game.setting import CrisisSetting

__all__ = ["Coordinates", "Term", "coordinates_of", "distribution", "prior_of"]


@dataclass(frozen=True)
class Term:
    """One free term: its prior, the shape of its value, and where its coordinates start."""

    name: str
    prior: Prior
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        """Coordinates; a simplex of k steps has k − 1."""
        return prod(self.shape) - (self.prior.family == "simplex")


class Tails(NamedTuple):
    """Of every coordinate: u, v (u shifted), log Φ(v), log Φ(−v), and what a half-normal term makes of it per sd."""

    u: Float[Array, " d"]
    v: Float[Array, " d"]
    below: Float[Array, " d"]
    above: Float[Array, " d"]
    half_normal: Float[Array, " d"]


@dataclass(frozen=True)
class Coordinates:
    """All free terms of one explanation, flattened into a vector u.

    A normal term is mean + sd·u; a half-normal one is −sd·Φ⁻¹(Φ(−u)/2), so that a price near zero is a normal tail and
    not a funnel; a beta one is Φ(u); a simplex is broken stick by stick at Φ(u). With u standard normal the first two
    (and a uniform) have exactly their priors; the others carry the rest in `log_density`.
    """

    terms: tuple[Term, ...]
    steps: int

    @property
    def size(self) -> int:
        return sum(t.size for t in self.terms)

    def values(self, u: Float[Array, " d"]) -> dict[str, Array]:
        """The terms on their own scale."""
        tails = self._tails(u)
        return {t.name: VALUES[t.prior.family](t.prior, _part(tails, t)).reshape(t.shape) for t in self.terms}

    def log_density(self, u: Float[Array, " d"]) -> Float[Array, ""]:
        """Log prior density of u, up to a constant."""
        tails = self._tails(u)
        rest = [REST[t.prior.family](t.prior, _part(tails, t)) for t in self.terms if t.prior.family in REST]
        return -0.5 * jnp.sum(u**2) + sum(rest, jnp.zeros(()))

    def log_priors(self, values: Mapping[str, Array]) -> Float[Array, " term"]:
        """Log prior density of each term on its own scale, summed over its entries: what power-scaling raises."""
        of = [distribution(t.prior, t.shape, self.steps).log_prob(values[t.name]) for t in self.terms]
        return jnp.stack(of)

    def _tails(self, u: Float[Array, " d"]) -> Tails:
        """For all coordinates at once, needed or not: these functions are long, and term by term they were a third of
        what the compiler had to read."""
        v = u + self._shift
        below, above = jnp.split(log_ndtr(jnp.concatenate([v, -v])), 2)
        # where the term is no half-normal its coordinate may be anything: keep it from running out of range unused
        half_normal = -ndtri(0.5 * jnp.exp(jnp.where(self._is_half_normal, above, 0.0)))
        return Tails(u, v, below, above, half_normal)

    @cached_property
    def _shift(self) -> np.ndarray:
        """So that u = 0 breaks a simplex's stick into equal parts."""
        shifts = [_stick_shift(t.size) if t.prior.family == "simplex" else np.zeros(t.size) for t in self.terms]
        return np.concatenate(shifts)

    @cached_property
    def _is_half_normal(self) -> np.ndarray:
        return np.concatenate([np.full(t.size, t.prior.family == "half_normal") for t in self.terms])


def _stick_shift(sticks: int) -> Float[np.ndarray, " d"]:
    return stats.norm.ppf(1.0 / np.arange(sticks + 1, 1, -1))


def _part(tails: Tails, term: Term) -> Tails:
    return Tails(*(of[term.start : term.start + term.size] for of in tails))


def distribution(prior: Prior, shape: tuple[int, ...], steps: int) -> dist.Distribution:
    """The prior as a NumPyro distribution over an array of the given shape."""
    if prior.family == "simplex":
        return dist.Dirichlet(jnp.full(steps, prior.a))
    family = {
        "normal": lambda: dist.Normal(prior.mean, prior.sd),
        "half_normal": lambda: dist.HalfNormal(prior.sd),
        "beta": lambda: dist.Beta(prior.a, prior.b),
    }[prior.family]()
    return family.expand(shape).to_event(len(shape)) if shape else family


def prior_of(term: str, setting: CrisisSetting) -> dist.Distribution:
    """The prior of a term by its name, over an array of the shape that the term has in a setting."""
    return distribution(priors()[term], term_shape(term, setting), setting.cost_curve.shape[0] - 1)


def coordinates_of(explanation: Explanation, setting: CrisisSetting) -> Coordinates:
    """Coordinates of the terms that the explanation sets free, in the order of priors.toml."""
    terms, start = [], 0
    for name, prior in priors().items():
        if explanation.frees(name):
            terms.append(Term(name, prior, term_shape(name, setting), start))
            start += terms[-1].size
    return Coordinates(tuple(terms), setting.cost_curve.shape[0] - 1)


def _simplex(tails: Tails) -> Array:
    broken, rest = jnp.exp(tails.below), jnp.exp(tails.above)
    left = jnp.concatenate([jnp.ones(1), jnp.cumprod(rest)])
    return left * jnp.concatenate([broken, jnp.ones(1)])


def _simplex_rest(prior: Prior, tails: Tails) -> Array:
    """Fractions of a Dirichlet's sticks are independent Beta(a, a·parts left) (Devroye 1986, ch. XI.4)."""
    parts = jnp.arange(tails.u.shape[0], 0, -1)
    density = (prior.a - 1) * tails.below + (prior.a * parts - 1) * tails.above
    return jnp.sum(density - 0.5 * tails.v**2 + 0.5 * tails.u**2)


def _beta_rest(prior: Prior, tails: Tails) -> Array:
    return jnp.sum((prior.a - 1) * tails.below + (prior.b - 1) * tails.above)


VALUES: Mapping[str, Callable[[Prior, Tails], Array]] = {
    "normal": lambda prior, tails: prior.mean + prior.sd * tails.u,
    "half_normal": lambda prior, tails: prior.sd * tails.half_normal,
    "beta": lambda prior, tails: jnp.exp(tails.below),
    "simplex": lambda prior, tails: _simplex(tails),
}
REST: Mapping[str, Callable[[Prior, Tails], Array]] = {"beta": _beta_rest, "simplex": _simplex_rest}
