"""The search for a fixed point in log R: Gauss-Seidel sweeps, damped Newton, and continuation in the rationality.

Crisis axis last. Nothing here is differentiated: the solver attaches the implicit derivative to what is found.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial, reduce

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from buckpass.game.arrays import constant, exp_of_log, namespace, on_host, repeat_while
from buckpass.game.choice import CLOSED, Choice, others

__all__ = [
    "Tables",
    "determinant",
    "follow_rationality",
    "newton",
    "respond",
    "slope_in_rationality",
    "solve_linear",
    "sweeps",
    "tables_of",
    "uniform_residual",
]


AS_IT_IS = 1.0  # rationality: the crisis's own
FEWEST = 8  # crises side by side: of fewer NumPy adds up the options in another order


class Tables(eqx.Module):
    """What stays constant while residuals are sought: exponentials are paid once, not once a sweep."""

    offer: Float[Array, "p o c"]
    stake: Float[Array, "p c"]
    fall: Float[Array, "p o c"]  # exp(-reach), each power's largest open one scaled to 1
    least_reach: Float[Array, "p c"]
    kept: Float[Array, "p p o c"]  # exp(-α reach - shift), at most 1; 0 on the diagonal and where closed
    shift: Float[Array, "p p c"]


class Answer(eqx.Module):
    """Residuals answered to a point, and how they move with it."""

    gap: Float[Array, "p c"]  # best response minus the point
    slope: Float[Array, "p p c"]
    error: Float[Array, " c"]  # infinite where the answer is not a number


def tables_of(choice: Choice) -> Tables:
    """Constants of the search; differentiable (the two scales that keep exponentials in range cancel in every answer)."""
    xp, is_open = namespace(choice), choice.offer > CLOSED
    least = constant(xp.min(xp.where(is_open, choice.reach, xp.inf), axis=1))
    worth = xp.where(is_open[None], -choice.alignment[:, :, None] * choice.reach[None], -xp.inf)
    shift = constant(xp.max(worth, axis=2))
    off = others(choice)
    if xp is np:
        worth -= shift[:, :, None]
        kept = _with_diagonal(np.exp(worth, out=worth), 0.0)
    else:
        kept = xp.where(off[:, :, None], xp.exp(worth - shift[:, :, None]), 0.0)
    return Tables(
        offer=choice.offer,
        stake=choice.stake,
        fall=xp.where(is_open, xp.exp(least[:, None] - choice.reach), 0.0),
        least_reach=least,
        kept=kept,
        shift=xp.where(off, shift, 0.0),
    )


def _loss_scale(stake: Array, least_reach: Array, log_residual: Array) -> Array:
    """λ V R exp(-least reach), capped where the choice has long become the most effort open."""
    largest = 60.0 if log_residual.dtype == jnp.float32 else 200.0
    xp = namespace(stake, log_residual)
    return stake * xp.exp(xp.minimum(log_residual - least_reach, largest))


def _choose(offer: Array, loss: Array | float) -> Array:
    payoff = offer - loss
    weight = exp_of_log(payoff - payoff.max(axis=-2, keepdims=True))
    return weight / weight.sum(axis=-2, keepdims=True)


def _log_left(kept_share: Array, shift: Array) -> Array:
    xp = namespace(kept_share)
    return shift + xp.log(xp.maximum(kept_share, xp.finfo(kept_share.dtype).tiny))


def respond(tables: Tables, log_residual: Float[Array, "p c"], rationality: Array | float = AS_IT_IS) -> Answer:
    """Best responses and their slopes at a point; `rationality` multiplies every payoff."""
    xp = namespace(tables.stake, log_residual, rationality)
    fall, offer, kept = tables.fall, tables.offer, tables.kept
    if xp is not np or rationality is not AS_IT_IS:
        fall, offer = rationality * fall, xp.where(offer > CLOSED, rationality * offer, CLOSED)
    loss = fall * _loss_scale(tables.stake, tables.least_reach, log_residual)[:, None]
    sigma = _choose(offer, loss)
    pull = -sigma * loss
    kept_share = _with_diagonal(_over_options(kept, sigma), 1.0)  # 0 would make second derivatives NaN
    tilted = _over_options(kept, pull) / xp.maximum(kept_share, xp.finfo(sigma.dtype).tiny)
    answer = xp.sum(_with_diagonal(_log_left(kept_share, tables.shift), 0.0), axis=1)
    gap = answer - log_residual
    error = xp.max(xp.abs(gap), axis=0)
    slope = _with_diagonal(tilted - xp.sum(pull, axis=1)[None], 0.0)
    return Answer(gap, slope, xp.where(xp.isfinite(error), error, xp.inf))


def slope_in_rationality(
    tables: Tables, log_residual: Float[Array, "p c"], rationality: Array | float
) -> Float[Array, "p c"]:
    """How the residuals answered to a point move with the rationality that multiplies every payoff."""
    xp, is_open = namespace(tables.stake, log_residual, rationality), tables.offer > CLOSED
    loss = tables.fall * _loss_scale(tables.stake, tables.least_reach, log_residual)[:, None]
    payoff = xp.where(is_open, tables.offer - loss, 0.0)
    sigma = _choose(xp.where(is_open, rationality * payoff, CLOSED), 0.0)
    pull = sigma * (payoff - xp.sum(sigma * payoff, axis=1, keepdims=True))
    kept_share = _with_diagonal(_over_options(tables.kept, sigma), 1.0)
    tilted = _over_options(tables.kept, pull) / xp.maximum(kept_share, xp.finfo(sigma.dtype).tiny)
    return xp.sum(_with_diagonal(tilted, 0.0), axis=1)


def _with_diagonal(values: Float[Array, "p p ..."], own: float) -> Float[Array, "p p ..."]:
    """The values with a power's entry for itself set; in NumPy in place, for arrays that were just made."""
    if on_host(values):
        values[np.diag_indices(len(values))] = own
        return values
    return jnp.where(~jnp.eye(len(values), dtype=bool)[:, :, None], values, own)


def _over_options(kept: Float[Array, "p p o c"], by_option: Float[Array, "p o c"]) -> Float[Array, "p p c"]:
    """Σ_a kept(a) · x(a); in NumPy without the product in between, which is larger than the cache."""
    if on_host(kept, by_option):
        return np.einsum("ijoc,joc->ijc", kept, by_option)
    return jnp.sum(kept * by_option[None], axis=2)


def sweep(tables: Tables, left: Sequence[Float[Array, "p c"]]) -> list[Float[Array, "p c"]]:
    """One undamped Gauss-Seidel sweep: each power answers the newest residuals of the others.

    left : per power what it leaves to each other, log m_ij by i; its own entry is never read. Rows and options are written
    out, which the compiler joins into a few passes: a third faster than one array and its updates.
    """
    new, offer, fall, kept = list(left), tables.offer, tables.fall, tables.kept
    stake, least_reach, shift = tables.stake, tables.least_reach, tables.shift
    for j in range(len(new)):
        scale = _loss_scale(stake[j], least_reach[j], _log_residual(new, j))
        sigma = _choose(offer[j], fall[j] * scale)
        new[j] = _log_left(_kept_by(kept[:, j], sigma), shift[:, j])
    return new


def _kept_by(kept: Float[Array, "p o c"], sigma: Float[Array, "o c"]) -> Float[Array, "p c"]:
    if on_host(kept, sigma):
        return np.einsum("ioc,oc->ic", kept, sigma)
    return reduce(jnp.add, [kept[:, a] * sigma[a] for a in range(len(sigma))])


def _log_residual(left: Sequence[Float[Array, "p c"]], i: int) -> Float[Array, " c"]:
    """log R_i: the sum of what every other power leaves to i; 0 where there is no other."""
    rows = [row[i] for j, row in enumerate(left) if j != i]
    return reduce(operator.add, rows) if rows else namespace(left).zeros_like(left[i][i])


def uniform_left(tables: Tables) -> Float[Array, "p p c"]:
    """log m_ij when everybody picks every open option with the same chance (rationality 0)."""
    xp = namespace(tables)
    sigma = (tables.offer > CLOSED) / xp.sum(tables.offer > CLOSED, axis=1, keepdims=True)
    kept_share = _over_options(tables.kept, sigma.astype(tables.kept.dtype))
    off = ~xp.eye(len(sigma), dtype=bool)[:, :, None]
    return xp.where(off, _log_left(kept_share, tables.shift), 0.0)


def uniform_residual(tables: Tables) -> Float[Array, "p c"]:
    """log R at rationality 0, where every game has exactly one equilibrium."""
    return uniform_left(tables).sum(axis=1)


def sweeps(tables: Tables, limit: int | Array, switch: float) -> tuple[Array, Int[Array, ""]]:
    """Sweeps until every crisis moves by less than `switch` or the budget is spent."""

    xp = namespace(tables)

    def residuals(left):
        return xp.stack([_log_residual(left, i) for i in range(len(left))])

    def advance(state):
        count, left, before, _ = state
        new = sweep(tables, left)
        now = residuals(new)
        return count + 1, new, now, xp.max(xp.abs(now - before))

    def unfinished(state):
        return (state[0] < limit) & ~(state[3] <= switch)

    start = list(xp.moveaxis(uniform_left(tables), 1, 0))
    large = xp.asarray(xp.inf, tables.stake.dtype)
    count, _, found, _ = repeat_while(unfinished, advance, (xp.int32(0), start, residuals(start), large))
    return found, count


def solve_linear(system: Float[Array, "p p c"], right: Float[Array, "p c"]) -> Float[Array, "p c"]:
    """Solve a p×p system per crisis by Gauss-Jordan elimination along the crisis axis.

    Without pivoting: a system for which that fails gives a step that lowers no residual, and the caller rejects it.
    """
    size, xp = system.shape[0], namespace(system, right)
    tableau = xp.concatenate([system, right[:, None]], axis=1)
    if xp is np:
        for k in range(size):  # the columns that are done with are left as they are
            pivot = tableau[k, k + 1 :] / tableau[k, k]
            tableau[:, k + 1 :] -= tableau[:, k][:, None] * pivot[None]
            tableau[k, k + 1 :] = pivot
        return tableau[:, -1]
    for k in range(size):
        pivot = tableau[k] / tableau[k, k]
        is_pivot = (xp.arange(size) == k)[:, None, None]
        tableau = xp.where(is_pivot, pivot[None], tableau - tableau[:, k][:, None] * pivot[None])
    return tableau[:, -1]


def determinant(system: Float[Array, "p p c"]) -> Float[Array, " c"]:
    """Determinant of a p×p system per crisis by elimination, without pivoting: not a number where a pivot is 0."""
    product = namespace(system).ones_like(system[0, 0])
    for k in range(system.shape[0]):
        product = product * system[k, k]
        system = system - (system[:, k] / system[k, k])[:, None] * system[k][None]
    return product


def _system(answer: Answer) -> Array:
    """I - S: what Newton solves; its determinant is 1 at rationality 0 and passes 0 at a fold or branch point."""
    return namespace(answer).eye(answer.slope.shape[0], dtype=answer.slope.dtype)[:, :, None] - answer.slope


def _direction(answer: Answer) -> Array:
    return solve_linear(_system(answer), answer.gap)


def newton(
    tables: Tables, start: Float[Array, "p c"], wanted: Bool[Array, " c"], tolerance: float, limit: int
) -> tuple[Array, Array, Array, Array]:
    """Newton steps in the crises wanted, halved where they do not lower the error → point, error, steps used, next step."""

    xp = namespace(tables, start)

    def step(tables, wanted, state):
        point, answer, direction, length, used = state
        trial = xp.where(wanted & (answer.error > tolerance), point + length * direction, point)
        found = respond(tables, trial)
        better = found.error < answer.error
        kept = Answer(*_pick(better, found, answer))
        length = xp.where(better, xp.minimum(1.0, 2.0 * length), 0.5 * length)
        used = used + (wanted & (answer.error > tolerance))
        return xp.where(better, trial, point), kept, _direction(kept), length, used

    def advance(state):
        count, *now = state
        # Most crises are done after a step. Answering the others alone took 4,700 games from 128 ms to 95.
        if on_host(tables, start):
            some = np.flatnonzero(wanted & (now[1].error > tolerance))
            if 2 * some.size < wanted.size:
                some = np.resize(some, max(some.size, FEWEST))
                given = jax.tree.map(lambda values: np.take(values, some, -1), (tables, wanted, tuple(now)))
                return count + 1, *jax.tree.map(partial(_put, some), tuple(now), step(*given))
        return count + 1, *step(tables, wanted, now)

    def unfinished(state):
        return (state[0] <= limit) & xp.any(wanted & (state[2].error > tolerance) & (state[4] > 1e-3))

    still = Answer(xp.zeros_like(start), xp.zeros_like(tables.shift), xp.full_like(start[0], xp.inf))
    state = (0, start, still, xp.zeros_like(start), xp.ones_like(start[0]), xp.zeros(start[0].shape, int))
    _, point, answer, ahead, _, used = repeat_while(unfinished, advance, state)
    return point, answer.error, used, ahead


def _put(some: np.ndarray, values: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The values with those of some crises replaced."""
    values = values.copy()
    values[..., some] = new
    return values


def _pick(first: Bool[Array, " c"], a: Answer, b: Answer) -> tuple[Array, Array, Array]:
    xp = namespace(first, a, b)
    return xp.where(first, a.gap, b.gap), xp.where(first, a.slope, b.slope), xp.where(first, a.error, b.error)


def follow_rationality(tables: Tables, wanted: Bool[Array, " c"], limit: int) -> tuple[Array, Array, Array, Array]:
    """Trace the branch that starts at rationality 0 up to the crisis's own → point, share of λ reached, plain, steps.

    Each step of λ is accepted only where Newton contracts by a factor of four at once (Deuflhard 2004, §5), so that a
    neighbouring branch is not picked up unseen; otherwise the step is halved. `plain` is False where det(I - S) was not
    positive all the way: the trace passed a fold or a branch point, and its end may lie on another branch.
    """

    xp = namespace(tables, wanted)

    def advance(state):
        count, reached, point, step, plain, used = state
        aim = xp.minimum(reached + step, 1.0)
        found, is_safe, turned = _correct(tables, point, aim)
        active = (reached < 1.0) & (step > 1e-4)
        accept = is_safe & active
        point = xp.where(accept, found, point)
        plain = plain & ~(accept & turned)
        return (
            count + 1,
            xp.where(accept, aim, reached),
            point,
            step * xp.where(accept, 2.0, 0.5),
            plain,
            used + active,
        )

    def unfinished(state):
        return (state[0] < limit) & xp.any((state[1] < 1.0) & (state[3] > 1e-4))

    start = uniform_residual(tables)
    reached = xp.where(wanted, 0.0, 1.0).astype(start.dtype)
    everywhere = xp.ones(reached.shape, bool)
    state = (0, reached, start, xp.ones_like(reached), everywhere, xp.zeros(reached.shape, int))
    _, reached, point, _, plain, used = repeat_while(unfinished, advance, state)
    return point, reached, plain, used


def _correct(tables: Tables, point: Array, aim: Array) -> tuple[Array, Array, Array]:
    """Three Newton steps at rationality `aim`, whether each contracted by four, and whether det(I - S) is not positive."""

    xp = namespace(tables, point, aim)

    def step(state):
        count, point, last, is_safe = state
        move = _direction(respond(tables, point, aim))
        length = xp.max(xp.abs(move), axis=0)
        settled = length < 100 * xp.finfo(length.dtype).eps
        return count + 1, point + move, length, is_safe & ((length <= 0.25 * last) | settled)

    start = (0, point, xp.full_like(aim, xp.finfo(aim.dtype).max), xp.ones(aim.shape, bool))
    _, point, last, is_safe = repeat_while(lambda state: state[0] < 3, step, start)
    turned = ~(determinant(_system(respond(tables, point, aim))) > 0)
    return point, is_safe & (last < 1e-2), turned
