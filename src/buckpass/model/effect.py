"""The crisis effect: what draws all powers into one crisis more than into another that looks alike, integrated out (model §4)."""

from __future__ import annotations

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

__all__ = ["Sites", "effect_nodes", "interpolation", "moments", "rule"]

LEAST_SD = 1e-3


class Sites(eqx.Module):
    """Where the effect of each crisis lies given its responses, in units of σ: mean and log of its standard deviation."""

    mean: Float[Array, " c"]
    log_sd: Float[Array, " c"]


@cache
def rule(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and log weights of Gauss-Hermite quadrature against the standard normal density."""
    at, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return at, np.log(weight / np.sqrt(2 * np.pi))


def effect_nodes(sites: Sites, spread: Float[Array, ""], nodes: int) -> tuple[Float[Array, "q c"], Float[Array, "q c"]]:
    """Values of u, and log weights of ∫ f(u) N(u; 0, σ²) du ≈ Σ_q w_q f(u_q), placed where u is after the responses.

    The rule is shifted and scaled to the site of each crisis (Liu & Pierce 1994); with σ = 0 every node is at 0. The sites
    are data: the sum converges to the integral wherever they lie.
    """
    at, log_weight = (jnp.asarray(a, spread.dtype)[:, None] for a in rule(nodes))
    in_sd = sites.mean + jnp.exp(sites.log_sd) * at  # u / σ
    return spread * in_sd, log_weight + 0.5 * (at**2 - in_sd**2) + sites.log_sd


def interpolation(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Lagrange's polynomials: values at `wanted` are this matrix times the values at `known`."""
    rows = [[np.prod([(x - b) / (a - b) for b in known if b != a]) for a in known] for x in wanted]
    return np.array(rows)


def moments(log_weight: Float[Array, "q c"], sites: Sites, nodes: int) -> Sites:
    """The sites by the nodes of other sites: mean and spread of the effect given the responses (`log_weight`: of every node)."""
    at = jnp.asarray(rule(nodes)[0], log_weight.dtype)[:, None]
    chance = jax.nn.softmax(log_weight, axis=0)
    mean = jnp.sum(chance * at, axis=0)
    variance = jnp.sum(chance * (at - mean) ** 2, axis=0)
    sd = jnp.exp(sites.log_sd)
    return Sites(sites.mean + sd * mean, sites.log_sd + 0.5 * jnp.log(jnp.maximum(variance, LEAST_SD)))
