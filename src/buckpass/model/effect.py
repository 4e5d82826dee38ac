"""The crisis effect: what draws all powers into one crisis more than into another that looks alike, integrated out (model §4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

__all__ = ["NODES", "Sites", "carried", "effect_nodes", "moments", "placed", "rule", "solved_at"]

LEAST_SD = 1e-3
NODES = 11  # values of the crisis effect over which it is integrated, placed where each crisis wants them
PLACING = (9, 9)  # nodes that say where


class Sites(eqx.Module):
    """Where the effect of each crisis lies given its responses, in units of σ: mean and log of its standard deviation."""

    mean: Float[Array, " c"]
    log_sd: Float[Array, " c"]


@cache
def rule(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and log weights of Gauss-Hermite quadrature against the standard normal density."""
    at, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return at, np.log(weight / np.sqrt(2 * np.pi))


def effect_nodes(sites: Sites, nodes: int) -> tuple[Float[Array, "q c"], Float[Array, "q c"]]:
    """Values of u/σ, and log weights of ∫ f(u) N(u; 0, σ²) du ≈ Σ_q w_q f(u_q), placed where u is after the responses.

    The rule is shifted and scaled to the site of each crisis (Liu & Pierce 1994). The sites are data: the sum converges to the
    integral wherever they lie.
    """
    at, log_weight = (jnp.asarray(a, sites.mean.dtype)[:, None] for a in rule(nodes))
    in_sd = sites.mean + jnp.exp(sites.log_sd) * at
    return in_sd, log_weight + 0.5 * (at**2 - in_sd**2) + sites.log_sd


def placed(at_nodes: Callable[[Array], Array], crises: int, kind: Any) -> Sites:
    """Where each crisis wants its nodes, by log P(responses) at values of u/σ: first under N(0, 1), then where these say.

    No derivative is taken of where nodes stand, and no guess says it: a guess far off had put a crisis wrong by many nats.
    """
    sites = Sites(jnp.zeros(crises, kind), jnp.zeros(crises, kind))
    for n in PLACING:
        in_sd, log_weight = effect_nodes(sites, n)
        sites = lax.stop_gradient(moments(at_nodes(in_sd) + log_weight, sites, n))
    return sites


def solved_at(nodes: int, span: float) -> np.ndarray:
    """Values of u/σ at which games are solved: evenly spaced, the same for every crisis, so that no guess moves them."""
    return np.linspace(-span, span, nodes) if nodes > 1 else np.zeros(1)


def carried(
    at: Float[Array, "q c"], known: Float[np.ndarray, " s"], values: Float[Array, "s p c"]
) -> Float[Array, "q p c"]:
    """Values at points between evenly spaced ones: cubic convolution (Keys 1981), beyond the ends straight on."""
    if len(known) == 1:
        return jnp.broadcast_to(values, (len(at), *values.shape[1:]))
    beyond = np.vstack([2 * np.eye(1, len(known), 0) - np.eye(1, len(known), 1), np.eye(len(known)),
                        2 * np.eye(1, len(known), len(known) - 1) - np.eye(1, len(known), len(known) - 2)])  # fmt: skip
    place = (jnp.clip(at, known[0], known[-1]) - known[0]) / (known[1] - known[0])
    weight = _cubic(jnp.abs(place[:, None] - jnp.arange(-1, len(known) + 1, dtype=at.dtype)[:, None]))
    weight = jnp.einsum("qkc,ks->qsc", weight, jnp.asarray(beyond, at.dtype))
    return jnp.sum(weight[:, :, None] * values, axis=1)


def _cubic(away: Array) -> Array:
    near = (1.5 * away - 2.5) * away**2 + 1.0
    far = ((-0.5 * away + 2.5) * away - 4.0) * away + 2.0
    return jnp.where(away < 1, near, jnp.where(away < 2, far, 0.0))


def moments(log_weight: Float[Array, "q c"], sites: Sites, nodes: int) -> Sites:
    """The sites by the nodes of other sites: mean and spread of the effect given the responses (`log_weight`: of every node)."""
    at = jnp.asarray(rule(nodes)[0], log_weight.dtype)[:, None]
    chance = jax.nn.softmax(log_weight, axis=0)
    mean = jnp.sum(chance * at, axis=0)
    variance = jnp.sum(chance * (at - mean) ** 2, axis=0)
    sd = jnp.exp(sites.log_sd)
    return Sites(sites.mean + sd * mean, sites.log_sd + 0.5 * jnp.log(jnp.maximum(variance, LEAST_SD)))
