"""What each power expects the others to leave undone, at every node of the crisis effect (model §2): log R, crisis axis last.

A search of its own beside the solver's: here a good guess is at hand, everything but the residual is shared by the nodes of
a crisis, and only first derivatives are wanted.
"""

from __future__ import annotations

from functools import reduce

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from buckpass.game.choice import CLOSED, Choice

__all__ = ["Nodes", "anticipate", "nodes_of", "payoffs"]

ENOUGH = 1e-3  # change of log R below which one more Newton step, which squares it, is the last
LIMIT = 60  # steps of the search
SHORTEST = 0.2  # of a Newton step: below it a damped best response is taken instead


class Nodes(eqx.Module):
    """A batch of crises with the crisis effect at several values; axes power p, option o, node q, crisis c."""

    offer: Float[Array, "p o q c"]  # pay-off without the stake: τ + u·r + G w − …
    stake: Float[Array, "p c"]
    alignment: Float[Array, "p p c"]
    reach: Float[Array, "p o c"]  # 0 where closed; given by the case, not estimated: no derivative is taken


def nodes_of(choice: Choice, rung: Float[Array, "p o c"], effect: Float[Array, "q c"]) -> Nodes:
    """The batch at values of the crisis effect u, which adds u·r to the pay-off of rung r."""
    offer = choice.offer[:, :, None] + rung[:, :, None] * effect
    reach = jnp.where(choice.offer > CLOSED, choice.reach, 0.0)
    return Nodes(offer, choice.stake, choice.alignment, lax.stop_gradient(reach))


def payoffs(nodes: Nodes, log_residual: Float[Array, "p q c"]) -> Float[Array, "p o q c"]:
    """Expected pay-off of every option, up to V: offer − V R exp(−reach)."""
    return nodes.offer - _at_stake(nodes, log_residual) * jnp.exp(-nodes.reach)[:, :, None]


def chances(payoff: Float[Array, "p o q c"]) -> Float[Array, "p o q c"]:
    """Logit choice probabilities of every option."""
    weight = jnp.exp(payoff - jnp.max(payoff, axis=1, keepdims=True))
    return weight / jnp.sum(weight, axis=1, keepdims=True)


@jax.custom_vjp
def anticipate(nodes: Nodes, guess: Float[Array, "p q c"]) -> Float[Array, "p q c"]:
    """log R of every power at every node: residuals that reproduce themselves.

    Newton from the guess; derivatives by the implicit function theorem. Where the search did not end (60 steps) the
    answer is not a number: a likelihood that is not solved is none.
    """
    return _forward(nodes, guess)[0]


def _at_stake(nodes: Nodes, log_residual: Array) -> Float[Array, "p 1 q c"]:
    largest = 60.0 if log_residual.dtype == jnp.float32 else 500.0
    return (nodes.stake[:, None] * jnp.exp(jnp.minimum(log_residual, largest)))[:, None]


def _kept(nodes: Nodes) -> Float[Array, "p p o c"]:
    """exp(−α_ij reach): what option o of j leaves to i."""
    return jnp.exp(-nodes.alignment[:, :, None] * nodes.reach[None])


def _kept_by(kept: Float[Array, "p p o c"], of: Float[Array, "p o q c"]) -> Float[Array, "p p q c"]:
    """Σ_a of_j(a) exp(−α_ij reach_j(a)), for i by j; written out, which the compiler joins along the crisis axis."""
    return reduce(jnp.add, [kept[:, :, a, None] * of[None, :, a] for a in range(of.shape[1])])


def _others(pairs: Float[Array, "p p q c"]) -> Array:
    return ~jnp.eye(len(pairs), dtype=bool)[:, :, None, None]


def _respond(nodes: Nodes, kept: Array, point: Array) -> tuple[Array, Array]:
    """Best response minus the point, and the inverse of I − S there."""
    loss = _at_stake(nodes, point) * jnp.exp(-nodes.reach)[:, :, None]
    chance = chances(nodes.offer - loss)
    pull = -chance * loss
    share = jnp.maximum(_kept_by(kept, chance), jnp.finfo(point.dtype).tiny)
    off = _others(share)
    slope = _kept_by(kept, pull) / share - jnp.sum(pull, axis=1)[None]
    gap = jnp.sum(jnp.where(off, jnp.log(share), 0.0), axis=1) - point
    return gap, _inverse(jnp.where(off, -slope, 1.0))


def _inverse(matrix: Float[Array, "p p q c"]) -> Float[Array, "p p q c"]:
    """Gauss-Jordan elimination along the crisis axis, without pivoting: where that fails its steps are rejected."""
    size = len(matrix)
    for k in range(size):
        pivot = 1.0 / matrix[k, k]
        row = matrix[k] * pivot
        column = matrix[:, k].at[k].set(-jnp.ones_like(pivot))
        matrix = (matrix.at[k].set(0.0) - column[:, None] * row[None]).at[:, k].set(-column * pivot)
    return matrix


def _moved(inverse: Array, gap: Array) -> Array:
    return reduce(jnp.add, [inverse[:, j] * gap[j] for j in range(len(gap))])


def _size(gap: Array) -> Array:
    error = jnp.max(jnp.abs(gap), axis=0)
    return jnp.where(jnp.isfinite(error), error, jnp.inf)


def _forward(nodes: Nodes, guess: Array):
    """Newton from the guess, halved where it lowers no error, a damped best response where halving does not help."""
    kept = _kept(nodes)

    def advance(state):
        count, point, gap, inverse, length = state
        error = _size(gap)
        is_newton = length > SHORTEST
        step = jnp.where(is_newton, length * _moved(inverse, gap), 0.5 * gap)
        trial = jnp.where((error > ENOUGH) & jnp.isfinite(step), point + step, point)
        new_gap, new_inverse = _respond(nodes, kept, trial)
        taken = (_size(new_gap) < error) | ~is_newton
        length = jnp.where(taken, 1.0, 0.5 * length)
        new = [jnp.where(taken, a, b) for a, b in ((trial, point), (new_gap, gap), (new_inverse, inverse))]
        return count + 1, *new, length

    def unfinished(state):
        return (state[0] < LIMIT) & jnp.any(_size(state[2]) > ENOUGH)

    # The first response is a step of the loop too: written twice, the compiler would read it twice.
    far = jnp.full_like(guess, jnp.inf)
    start = (jnp.int32(0), guess, far, jnp.zeros((len(guess), *guess.shape), guess.dtype), jnp.ones_like(guess[0]))
    _, point, gap, inverse, _ = lax.while_loop(unfinished, advance, start)
    found = point + jnp.where(_size(gap) <= ENOUGH, _moved(inverse, gap), jnp.nan)
    return found, (nodes, kept, found, inverse)


def _backward(saved, slope: Float[Array, "p q c"]):
    """The implicit function theorem: (I − S)ᵀ λ = slope, then λ through one best response at fixed log R."""
    nodes, kept, point, inverse = saved
    weight = reduce(jnp.add, [inverse[i] * slope[i] for i in range(len(slope))])  # λ
    at_stake, fall = _at_stake(nodes, point), jnp.exp(-nodes.reach)[:, :, None]
    chance = chances(nodes.offer - at_stake * fall)
    share = jnp.maximum(_kept_by(kept, chance), jnp.finfo(point.dtype).tiny)
    pair = jnp.where(_others(share), weight[:, None] / share, 0.0)  # i j q c
    to_chance = jnp.stack(
        [reduce(jnp.add, [pair[i] * kept[i, :, a, None] for i in range(len(slope))]) for a in range(chance.shape[1])], 1
    )
    to_payoff = chance * (to_chance - jnp.sum(chance * to_chance, axis=1, keepdims=True))
    scale = jnp.exp(jnp.minimum(point, 60.0))[:, None]
    to_stake = -jnp.sum(to_payoff * scale * fall, axis=(1, 2))
    by_option = [
        kept[:, :, a] * nodes.reach[None, :, a] * jnp.sum(pair * chance[None, :, a], axis=2)
        for a in range(chance.shape[1])
    ]
    to_alignment = -reduce(jnp.add, by_option)
    return Nodes(to_payoff, to_stake, to_alignment, jnp.zeros_like(nodes.reach)), jnp.zeros_like(point)


anticipate.defvjp(_forward, _backward)
