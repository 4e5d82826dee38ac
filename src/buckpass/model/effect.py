"""The crisis effect: what draws all powers into one crisis more than into another that looks alike, integrated out (model §4)."""

from __future__ import annotations

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

__all__ = ["Sites", "effect_nodes", "interpolation", "moments", "rule"]

LEAST_INFORMATION = 0.05


class Sites(eqx.Module):
    """What the responses of each crisis say of its effect u, as a normal factor exp(pull·u − ½ information·u²)."""

    pull: Float[Array, " c"]
    log_information: Float[Array, " c"]

    @property
    def information(self) -> Float[Array, " c"]:
        return jnp.exp(self.log_information)


@cache
def rule(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and log weights of Gauss-Hermite quadrature against the standard normal density."""
    at, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return at, np.log(weight / np.sqrt(2 * np.pi))


def effect_nodes(sites: Sites, spread: Float[Array, ""], nodes: int) -> tuple[Float[Array, "q c"], Float[Array, "q c"]]:
    """Values of u, and log weights of ∫ f(u) N(u; 0, σ²) du ≈ Σ_q w_q f(u_q), placed where u is after the responses.

    The rule is shifted and scaled to N(u; 0, σ²) times the site of each crisis (Liu & Pierce 1994); with σ = 0 every node
    is at 0 and the weights add up to 1. The sites are data: the sum converges to the integral wherever they lie.
    """
    at, log_weight = (jnp.asarray(a, spread.dtype)[:, None] for a in rule(nodes))
    widening = 1.0 + spread**2 * sites.information
    in_sd = sites.pull * spread / widening + at / jnp.sqrt(widening)  # u / σ
    return spread * in_sd, log_weight + 0.5 * (at**2 - in_sd**2) - 0.5 * jnp.log(widening)


def interpolation(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Lagrange's polynomials: values at `wanted` are this matrix times the values at `known`."""
    rows = [[np.prod([(x - b) / (a - b) for b in known if b != a]) for a in known] for x in wanted]
    return np.array(rows)


def moments(log_weight: Float[Array, "q c"], effect: Float[Array, "q c"], spread: Float[Array, ""]) -> Sites:
    """The sites that have mean and variance of the effect given the responses (`log_weight`: of every node)."""
    chance = jax.nn.softmax(log_weight, axis=0)
    mean = jnp.sum(chance * effect, axis=0)
    variance = jnp.maximum(jnp.sum(chance * (effect - mean) ** 2, axis=0), 1e-12)
    information = 1.0 / variance - 1.0 / jnp.maximum(spread**2, 1e-12)
    return Sites(mean / variance, jnp.log(jnp.maximum(information, LEAST_INFORMATION)))
