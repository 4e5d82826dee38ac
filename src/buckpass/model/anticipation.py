"""What each power expects the others to leave undone, at every node of the crisis effect (model §2): log R, crisis axis last.

A search of its own beside the solver's: here a good guess is at hand, everything but the residual is shared by the nodes of
a crisis, and only first derivatives are wanted.
"""

from __future__ import annotations

from functools import reduce

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from buckpass.game.choice import CLOSED, Choice

__all__ = ["Anticipated", "Nodes", "anticipate", "nodes_of", "payoffs"]

ENOUGH = 1e-4  # change of log R below which one more Newton step, which squares it, is the last
LIMIT = 60  # steps of the search
SHORTEST = 0.2  # of a Newton step: below it a damped best response is taken instead


class Nodes(eqx.Module):
    """A batch of crises with the crisis effect at several values; axes power p, option o, node q, crisis c."""

    offer: Float[Array, "p o q c"]  # pay-off without the stake: τ + u·r + G w − …
    stake: Float[Array, "p 1 1 c"]
    fall: Float[Array, "p o 1 c"]  # exp(−reach)
    kept: Float[Array, "p p o c"]  # exp(−α reach): of j's option, in i's eyes


class Anticipated(eqx.Module):
    """log R of every power at every node, and the largest change under one best response where the search ended."""

    log_residual: Float[Array, "p q c"]
    error: Float[Array, " c"]


def nodes_of(choice: Choice, rung: Float[Array, "p o c"], effect: Float[Array, "q c"]) -> Nodes:
    """The batch at values of the crisis effect u, which adds u·r to the pay-off of rung r."""
    offer = choice.offer[:, :, None] + rung[:, :, None] * effect
    reach = jnp.where(choice.offer > CLOSED, choice.reach, 0.0)
    kept = jnp.exp(-choice.alignment[:, :, None] * reach[None])
    return Nodes(offer, choice.stake[:, None, None], jnp.exp(-reach)[:, :, None], kept)


def payoffs(nodes: Nodes, log_residual: Float[Array, "p q c"]) -> Float[Array, "p o q c"]:
    """Expected pay-off of every option, up to V: offer − V R exp(−reach)."""
    return nodes.offer - _loss(nodes, log_residual)


def anticipate(nodes: Nodes, guess: Float[Array, "p q c"]) -> Anticipated:
    """Residuals that reproduce themselves, with first derivatives by the implicit function theorem.

    The search ends where one Newton step changes little; that last step is taken in the open, with the inverse of I − S held:
    its derivative is the implicit one, and its value has the error squared.
    """
    point, inverse, error = _search(lax.stop_gradient(nodes), lax.stop_gradient(guess))
    gap = _answer(nodes, lax.stop_gradient(point)) - point
    step = reduce(jnp.add, [inverse[:, j] * gap[j] for j in range(len(gap))])
    return Anticipated(point + step, jnp.max(error, axis=0))


def _loss(nodes: Nodes, log_residual: Array) -> Array:
    largest = 60.0 if log_residual.dtype == jnp.float32 else 500.0
    return nodes.stake * jnp.exp(jnp.minimum(log_residual, largest))[:, None] * nodes.fall


def _chances(payoff: Float[Array, "p o q c"]) -> Float[Array, "p o q c"]:
    weight = jnp.exp(payoff - _over_options(jnp.maximum, payoff)[:, None])
    return weight / _over_options(jnp.add, weight)[:, None]


def _over_options(how, values: Float[Array, "p o ..."]) -> Array:
    """A reduction written out: the compiler joins it to what comes before, along the crisis axis."""
    return reduce(how, [values[:, a] for a in range(values.shape[1])])


def _kept_by(nodes: Nodes, chances: Float[Array, "p o q c"]) -> Float[Array, "p p q c"]:
    """Σ_a σ_j(a) exp(−α_ij reach_j(a)), for i by j."""
    return reduce(
        jnp.add, [nodes.kept[:, :, a, None] * chances[None, :, a] for a in range(chances.shape[1])]
    )


def _answer(nodes: Nodes, log_residual: Array) -> Float[Array, "p q c"]:
    kept = _kept_by(nodes, _chances(payoffs(nodes, log_residual)))
    return jnp.sum(jnp.where(_others(kept), jnp.log(jnp.maximum(kept, jnp.finfo(kept.dtype).tiny)), 0.0), axis=1)


def _others(pairs: Float[Array, "p p q c"]) -> Array:
    return ~jnp.eye(len(pairs), dtype=bool)[:, :, None, None]


def _respond(nodes: Nodes, point: Array) -> tuple[Array, Array]:
    """Best response minus the point, and the inverse of I − S there."""
    loss = _loss(nodes, point)
    chances = _chances(nodes.offer - loss)
    pull = -chances * loss
    kept = jnp.maximum(_kept_by(nodes, chances), jnp.finfo(point.dtype).tiny)
    off = _others(kept)
    slope = _kept_by(nodes, pull) / kept - _over_options(jnp.add, pull)[None]
    gap = jnp.sum(jnp.where(off, jnp.log(kept), 0.0), axis=1) - point
    return gap, _inverse(jnp.where(off, -slope, 1.0))


def _inverse(matrix: Float[Array, "p p q c"]) -> Float[Array, "p p q c"]:
    """Gauss-Jordan elimination along the crisis axis, without pivoting: where that fails its steps are rejected."""
    size = len(matrix)
    rows = [[matrix[i, j] for j in range(size)] for i in range(size)]
    for k in range(size):
        scale = 1.0 / rows[k][k]
        rows[k] = [scale if j == k else rows[k][j] * scale for j in range(size)]
        for i in (i for i in range(size) if i != k):
            factor = rows[i][k]
            rows[i] = [-factor * scale if j == k else rows[i][j] - factor * rows[k][j] for j in range(size)]
    return jnp.stack([jnp.stack(row) for row in rows])


def _search(nodes: Nodes, guess: Array) -> tuple[Array, Array, Array]:
    """Newton from the guess, halved where it lowers no error, a damped best response where halving does not help."""

    def move(inverse, gap):
        return reduce(jnp.add, [inverse[:, j] * gap[j] for j in range(len(gap))])

    def size_of(gap):
        error = jnp.max(jnp.abs(gap), axis=0)
        return jnp.where(jnp.isfinite(error), error, jnp.inf)

    def advance(state):
        count, point, gap, inverse, length = state
        error = size_of(gap)
        is_newton = length > SHORTEST
        step = jnp.where(is_newton, length * move(inverse, gap), 0.5 * gap)
        trial = jnp.where(error > ENOUGH, point + jnp.where(jnp.isfinite(step), step, 0.0), point)
        new_gap, new_inverse = _respond(nodes, trial)
        taken = (size_of(new_gap) < error) | ~is_newton
        length = jnp.where(taken, 1.0, 0.5 * length)
        kept = [jnp.where(taken, new, old) for new, old in ((trial, point), (new_gap, gap), (new_inverse, inverse))]
        return count + 1, *kept, length

    def unfinished(state):
        return (state[0] < LIMIT) & jnp.any(size_of(state[2]) > ENOUGH)

    gap, inverse = _respond(nodes, guess)
    state = (jnp.int32(0), guess, gap, inverse, jnp.ones_like(guess[0]))
    _, point, gap, inverse, _ = lax.while_loop(unfinished, advance, state)
    return point, inverse, size_of(gap)
