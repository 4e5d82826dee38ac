"""Free terms of an explanation as coordinates in which every prior is nearly a standard normal (model §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import log_ndtr, ndtr, ndtri
from jaxtyping import Array, Float

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
        return {t.name: VALUES[t.prior.family](t.prior, self._of(t, u)).reshape(t.shape) for t in self.terms}

    def log_density(self, u: Float[Array, " d"]) -> Float[Array, ""]:
        """Log prior density of u, up to a constant."""
        rest = [REST[t.prior.family](t.prior, self._of(t, u)) for t in self.terms if t.prior.family in REST]
        return -0.5 * jnp.sum(u**2) + sum(rest, jnp.zeros(()))

    def log_priors(self, values: Mapping[str, Array]) -> Float[Array, " term"]:
        """Log prior density of each term on its own scale, summed over its entries: what power-scaling raises."""
        of = [distribution(t.prior, t.shape, self.steps).log_prob(values[t.name]) for t in self.terms]
        return jnp.stack(of)

    def _of(self, term: Term, u: Array) -> Array:
        return u[term.start : term.start + term.size]


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


def _simplex(prior: Prior, u: Array) -> Array:
    broken = ndtr(_stick(u))
    left = jnp.concatenate([jnp.ones(1), jnp.cumprod(1.0 - broken)])
    return left * jnp.concatenate([broken, jnp.ones(1)])


def _stick(u: Array) -> Array:
    """Shifted so that u = 0 breaks the stick into equal parts."""
    return u + ndtri(1.0 / jnp.arange(u.shape[0] + 1, 1, -1))


def _simplex_rest(prior: Prior, u: Array) -> Array:
    """Fractions of a Dirichlet's sticks are independent Beta(a, a·parts left) (Devroye 1986, ch. XI.4)."""
    v, parts = _stick(u), jnp.arange(u.shape[0], 0, -1)
    density = (prior.a - 1) * log_ndtr(v) + (prior.a * parts - 1) * log_ndtr(-v)
    return jnp.sum(density - 0.5 * v**2 + 0.5 * u**2)


def _beta_rest(prior: Prior, u: Array) -> Array:
    return jnp.sum((prior.a - 1) * log_ndtr(u) + (prior.b - 1) * log_ndtr(-u))


VALUES: Mapping[str, Callable[[Prior, Array], Array]] = {
    "normal": lambda prior, u: prior.mean + prior.sd * u,
    "half_normal": lambda prior, u: -prior.sd * ndtri(0.5 * ndtr(-u)),
    "beta": lambda prior, u: ndtr(u),
    "simplex": _simplex,
}
REST: Mapping[str, Callable[[Prior, Array], Array]] = {"beta": _beta_rest, "simplex": _simplex_rest}
