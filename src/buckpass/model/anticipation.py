"""What each power expects the others to leave undone, at every node of the crisis effect (model §2): log R, crisis axis last.

A search of its own beside the solver's: here a good guess is at hand, everything but the residual is shared by the nodes of
a crisis, and only first derivatives are wanted.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from buckpass.game.choice import CLOSED, Choice

__all__ = ["Nodes", "anticipate", "nodes_of", "payoffs", "weights"]

ENOUGH, CLOSE = (
    1e-3,
    0.03,
)  # best response minus log R, and Newton's step, below which the step, which squares them, is the last
LIMIT = 200  # steps of the search
PATIENT = (
    50  # of them until Newton, where it is stuck, gives way to damped responses for good: they get there, in more steps
)
SHORTEST = 0.2  # of a Newton step: below it damped best responses are taken instead
AWAY = (
    8  # of them in a row, each twice the last one's length while they point the same way: the way past a fold, where an
)
# equilibrium has just ended, is long, and Newton gets stuck there
FARTHEST = 0.3  # change of log R in one of them
TOGETHER = 2  # steps of all games at once, before those that are left are searched by themselves
SHARE = 8  # one game in so many is searched at once then
GIVEN_UP = 0.0  # length of a step that nobody takes


class Nodes(eqx.Module):
    """A batch of crises with the crisis effect at several values; axes option o, node q, power p, crisis c."""

    offer: Float[Array, "o q p c"]  # pay-off without the stake: τ + u·r + G w − …
    stake: Float[Array, "p c"]
    alignment: Float[Array, "p p c"]
    reach: Float[Array, "o p c"]  # 0 where closed; given by the case, not estimated: no derivative is taken


def nodes_of(choice: Choice, rung: np.ndarray, effect: Float[Array, "q c"]) -> Nodes:
    """The batch at values of the crisis effect u, which adds u·r to the pay-off of an option of rung r."""
    base = jnp.moveaxis(choice.offer, 1, 0)
    offer = base[:, None] + jnp.asarray(rung, effect.dtype)[:, None, None, None] * effect[:, None]
    reach = jnp.where(base > CLOSED, jnp.moveaxis(choice.reach, 1, 0), 0.0)
    return Nodes(offer, choice.stake, choice.alignment, lax.stop_gradient(reach))


def payoffs(nodes: Nodes, log_residual: Float[Array, "q p c"]) -> Float[Array, "o q p c"]:
    """Expected pay-off of every option, up to V: offer − V R exp(−reach)."""
    return nodes.offer - _at_stake(nodes, log_residual) * _fall(nodes)


def weights(payoff: Float[Array, "o ..."]) -> Float[Array, "o ..."]:
    """Logit choice probabilities of every option, up to their sum."""
    return jnp.exp(payoff - lax.stop_gradient(jnp.max(payoff, axis=0)))


@jax.custom_vjp
def anticipate(nodes: Nodes, guess: Float[Array, "q p c"]) -> Float[Array, "q p c"]:
    """log R of every power at every node: residuals that reproduce themselves.

    Newton from the guess; derivatives by the implicit function theorem. Where the search did not end (200 steps) the
    answer is not a number: a likelihood that is not solved is none.
    """
    return _forward(nodes, guess)[0]


def _at_stake(nodes: Nodes, log_residual: Float[Array, "q p c"]) -> Float[Array, "q p c"]:
    largest = 60.0 if log_residual.dtype == jnp.float32 else 500.0
    return nodes.stake * jnp.exp(jnp.minimum(log_residual, largest))


def _fall(nodes: Nodes) -> Float[Array, "o 1 p c"]:
    return jnp.exp(-nodes.reach)[:, None]


def _chances(payoff: Float[Array, "o q p c"]) -> Float[Array, "o q p c"]:
    weight = weights(payoff)
    return weight / jnp.sum(weight, axis=0)


def _kept(nodes: Nodes) -> Float[Array, "o p p c"]:
    """exp(−α_ij reach): what option o of j leaves to i."""
    return jnp.exp(-nodes.alignment * nodes.reach[:, None])


def _kept_by(kept: Float[Array, "o p p c"], of: Float[Array, "o q p c"]) -> Float[Array, "q p p c"]:
    """Σ_a of_j(a) exp(−α_ij reach_j(a)), for i by j."""
    return jnp.sum(kept[:, None] * of[:, :, None], axis=0)


def _others(size: int) -> Array:
    return ~jnp.eye(size, dtype=bool)[:, :, None]


def _respond(nodes: Nodes, kept: Array, point: Float[Array, "q p c"]) -> tuple[Array, Array]:
    """Best response minus the point [q p c], and the inverse of I − S there [q p p c]."""
    loss = _at_stake(nodes, point) * _fall(nodes)
    chance = _chances(nodes.offer - loss)
    pull = -chance * loss
    share = jnp.maximum(_kept_by(kept, chance), jnp.finfo(point.dtype).tiny)
    off = _others(point.shape[1])
    slope = _kept_by(kept, pull) / share - jnp.sum(pull, axis=0)[:, None]
    gap = jnp.sum(jnp.where(off, jnp.log(share), 0.0), axis=2) - point
    return gap, _inverse(jnp.where(off, -slope, 1.0))


def _inverse(matrix: Float[Array, "q p p c"]) -> Float[Array, "q p p c"]:
    """Gauss-Jordan elimination along the crisis axis, without pivoting: where that fails its steps are rejected."""
    size = matrix.shape[1]
    here = np.arange(size)
    for k in range(size):
        pivot = 1.0 / matrix[:, k, k]
        row = jnp.where((here == k)[:, None], pivot[:, None], matrix[:, k] * pivot[:, None])
        column = jnp.where((here == k)[:, None], 0.0, matrix[:, :, k])
        cleared = jnp.where((here == k)[None, :, None], 0.0, matrix) - column[:, :, None] * row[:, None]
        matrix = jnp.where((here == k)[:, None, None], row[:, None], cleared)
    return matrix


def _moved(inverse: Float[Array, "q p p c"], gap: Float[Array, "q p c"]) -> Float[Array, "q p c"]:
    return jnp.sum(inverse * gap[:, None], axis=2)


def _size(gap: Float[Array, "q p c"]) -> Float[Array, "q 1 c"]:
    error = jnp.max(jnp.abs(gap), axis=1, keepdims=True)
    return jnp.where(jnp.isfinite(error), error, jnp.inf)


class _Search(eqx.Module):
    """Where Newton stands at every node; a crisis at a node is a game of its own."""

    point: Float[Array, "q p c"]
    gap: Float[Array, "q p c"]  # best response minus the point
    inverse: Float[Array, "q p p c"]  # of I − S there
    move: Float[Array, "q p c"]  # Newton's next step
    length: Float[Array, "q 1 c"]
    away: Int[Array, "q 1 c"]  # damped responses still to take


def _forward(nodes: Nodes, guess: Array):
    """Newton from the guess, halved where it lowers no error, damped best responses where halving does not help.

    Most games are found in three steps, one in a hundred wants a dozen: after `TOGETHER` steps of all of them the few
    that are left are searched by themselves, which took a fifth off the gradient.
    """
    kept, size = _kept(nodes), guess.shape[1]
    far = jnp.full_like(guess, jnp.inf)
    nothing = jnp.zeros((len(guess), size, *guess.shape[1:]), guess.dtype)
    length, away = jnp.ones_like(guess[:, :1]), jnp.zeros(guess[:, :1].shape, jnp.int32)
    # The first response is a step of the loop too: written twice, the compiler would read it twice.
    start = _Search(guess, far, nothing, jnp.zeros_like(guess), length, away)
    search = _searched(nodes, kept, start, 0, TOGETHER)
    search = _rest(nodes, kept, search)
    found = search.point + jnp.where(_is_found(search.gap, search.move), search.move, jnp.nan)
    return found, (nodes, kept, found, search.inverse)


def _searched(nodes: Nodes, kept: Array, start: _Search, since: int, until: int) -> _Search:
    """Steps of the search, of all games given, until the last is found."""

    def unfinished(state):
        count, search = state
        return (count < until) & ~jnp.all(_is_found(search.gap, search.move))

    def advance(state):
        count, search = state
        return count + 1, _step(nodes, kept, search, count)

    return lax.while_loop(unfinished, advance, (jnp.int32(since), start))[1]


def _rest(nodes: Nodes, kept: Array, search: _Search) -> _Search:
    """The search of the games that are left, so many at a time that few are taken along."""
    at_once = max(1, search.point.shape[0] * search.point.shape[2] // SHARE)

    def take(search: _Search) -> _Search:
        is_left = _is_left(search)
        q, c = jnp.divmod(lax.top_k(is_left.ravel().astype(jnp.float32), at_once)[1], is_left.shape[1])
        offer = jnp.moveaxis(nodes.offer[:, q, :, c], 0, -1)[:, None]
        few = Nodes(offer, *(a[..., c] for a in (nodes.stake, nodes.alignment, nodes.reach)))
        some = jax.tree.map(lambda a: jnp.moveaxis(a[q, ..., c], 0, -1)[None], search)
        some = _searched(few, kept[..., c], some, TOGETHER, LIMIT)
        some = eqx.tree_at(lambda s: s.length, some, jnp.where(_is_found(some.gap, some.move), 1.0, GIVEN_UP))
        return jax.tree.map(lambda a, b: a.at[q, ..., c].set(jnp.moveaxis(b[0], -1, 0)), search, some)

    return lax.while_loop(lambda search: jnp.any(_is_left(search)), take, search)


def _is_left(search: _Search) -> Bool[Array, "q c"]:
    return (~_is_found(search.gap, search.move) & (search.length > GIVEN_UP))[:, 0]


def _step(nodes: Nodes, kept: Array, at: _Search, count: Array) -> _Search:
    error = _size(at.gap)
    is_newton = at.away == 0
    step = jnp.where(is_newton, at.length * at.move, at.gap * jnp.minimum(at.length, FARTHEST / error))
    trial = jnp.where(~_is_found(at.gap, at.move) & jnp.isfinite(step), at.point + step, at.point)
    new_gap, new_inverse = _respond(nodes, kept, trial)
    taken = (_size(new_gap) < error) | ~is_newton
    goes_on = jnp.sum(new_gap * at.gap, axis=1, keepdims=True) > 0
    stuck = is_newton & ~taken & (0.5 * at.length <= SHORTEST)
    after_newton = jnp.where(taken, 1.0, 0.5 * at.length)
    after_damped = jnp.where(at.away == 1, 1.0, jnp.where(goes_on, 2.0 * at.length, 0.5))
    length = jnp.where(stuck, 0.5, jnp.where(is_newton, after_newton, after_damped))
    away = jnp.where(stuck, jnp.where(count < PATIENT, AWAY, LIMIT), jnp.maximum(at.away - 1, 0))
    point, gap = jnp.where(taken, trial, at.point), jnp.where(taken, new_gap, at.gap)
    inverse = jnp.where(taken[:, None], new_inverse, at.inverse)
    return _Search(point, gap, inverse, _moved(inverse, gap), length, away)


def _is_found(gap: Float[Array, "q p c"], move: Float[Array, "q p c"]) -> Array:
    """Whether Newton's next step is the last: where an equilibrium has just ended gaps are small too, and steps are not."""
    return (_size(gap) <= ENOUGH) & (_size(move) <= CLOSE)


def _backward(saved, slope: Float[Array, "q p c"]):
    """The implicit function theorem: (I − S)ᵀ λ = slope, then λ through one best response at fixed log R."""
    nodes, kept, point, inverse = saved
    weight = jnp.sum(inverse * slope[:, :, None], axis=1)  # λ
    fall = _fall(nodes)
    chance = _chances(nodes.offer - _at_stake(nodes, point) * fall)
    share = jnp.maximum(_kept_by(kept, chance), jnp.finfo(point.dtype).tiny)
    pair = jnp.where(_others(point.shape[1]), weight[:, :, None] / share, 0.0)  # q i j c
    to_chance = jnp.sum(kept[:, None] * pair, axis=2)  # o q j c
    to_payoff = chance * (to_chance - jnp.sum(chance * to_chance, axis=0))
    scale = jnp.exp(jnp.minimum(point, 60.0))
    to_stake = -jnp.sum(jnp.sum(to_payoff * fall, axis=0) * scale, axis=0)
    by_option = jnp.sum(pair * chance[:, :, None], axis=1)  # o i j c
    to_alignment = -jnp.sum(kept * nodes.reach[:, None] * by_option, axis=0)
    return Nodes(to_payoff, to_stake, to_alignment, jnp.zeros_like(nodes.reach)), jnp.zeros_like(point)


anticipate.defvjp(_forward, _backward)
