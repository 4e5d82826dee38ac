"""Millions of crises a second in single precision: blocks that stay in cache, one thread per core.

The loop over powers is written out, what one power leaves to all others is one pass over its options, and a block is kept
below a few thousand numbers per power: above that the CPU compiler hands each small sum to a library call, ten times slower.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from buckpass.game.choice import Choice, as_choice
from buckpass.game.crises import Crises
from buckpass.game.fixed_point import DEFAULT_SETTINGS, Equilibrium, solve_strategies

__all__ = ["Settled", "settle_block", "solve_batch"]

LATE = 32  # one of so many crises of a block may be left for later
SWEEPS = 24  # undamped
DAMPED = 200  # then damped by half, for what still moves


def solve_batch(crises: Crises, tolerance: float = 1e-5, block: int = 256) -> Equilibrium:
    """Equilibria of a large batch, fast; each crisis is flagged in `converged`, and none is silently wrong.

    Gauss-Seidel sweeps in blocks of `block` crises, spread over the cores; a crisis that sweeps do not bring within
    `tolerance` (change of log R under one best response) goes through the full search in double precision.
    Not differentiable; use `solve_strategies` for gradients. Arrays should be float32; float64 works at half the speed.
    """
    count = crises.stake.shape[0]
    block = min(block, count, 4096 // crises.is_open.shape[-1]) if jax.default_backend() == "cpu" else count
    quick, settled = _solve_spread(crises, tolerance, block, block // LATE)
    late = np.flatnonzero(~settled)
    if late.size:
        blocks = 1 << int(-(-late.size // block) - 1).bit_length()  # a power of two, so that few shapes are compiled
        rows = np.resize(late, blocks * block)
        part = jax.tree.map(lambda x: np.asarray(x)[rows], crises)
        rest, _ = _solve_spread(part, tolerance, block, 0)
        quick = jax.tree.map(lambda a, b: _replaced(a, late, b[: late.size]), quick, rest)
    return _finish(crises, quick, tolerance)


def _solve_spread(crises: Crises, tolerance: float, block: int, late: int) -> tuple[Equilibrium, np.ndarray]:
    """The blocks spread over the cores: equilibria, and which crises came to rest."""
    count = crises.stake.shape[0]
    parts = _cut(-(-count // block), os.cpu_count() or 1)
    with ThreadPoolExecutor(len(parts)) as pool:
        pieces = list(pool.map(lambda part: _solve_blocks(crises, tolerance, block, part[1], late, part[0]), parts))
    return jax.tree.map(lambda *x: np.concatenate(x), *_flat(pieces, parts, block, count))


def _cut(blocks: int, workers: int) -> list[tuple[int, int]]:
    """(first block, number of blocks) of each worker."""
    size = -(-blocks // workers)
    return [(first, min(size, blocks - first)) for first in range(0, blocks, size)]


def _flat(pieces: list, parts: list[tuple[int, int]], block: int, count: int):
    for piece, (first, blocks) in zip(pieces, parts, strict=True):
        whole = min(count, (first + blocks) * block) - first * block
        yield jax.tree.map(partial(_unblock, keep=whole), piece)


def _unblock(values: Array, keep: int) -> np.ndarray:
    return np.asarray(values).reshape((-1, *values.shape[2:]))[:keep]


@partial(jax.jit, static_argnums=(2, 3, 4))
def _solve_blocks(crises: Crises, tolerance: float, block: int, blocks: int, late: int, first: int):
    count = crises.stake.shape[0]

    def one(index):
        start = jnp.minimum((first + index) * block, count - block)
        shift = (first + index) * block - start  # the last block starts early; its fresh part is rolled to the front
        part = jax.tree.map(lambda x: lax.dynamic_slice_in_dim(x, start, block), crises)
        solved = _solve_block(as_choice(part), tolerance, late)
        return lax.cond(shift > 0, lambda e: jax.tree.map(lambda x: jnp.roll(x, -shift, 0), e), lambda e: e, solved)

    return lax.map(one, jnp.arange(blocks))


class Settled(eqx.Module):
    """A block of crises brought to rest; crisis axis last."""

    strategy: Float[Array, "p o n"]  # σ_i(a)
    residual: Float[Array, "p n"]  # R_i
    error: Float[Array, " n"]  # largest change of log R under one best response
    is_settled: Bool[Array, " n"]  # no power met another residual than a sweep before, to half the tolerance
    sweeps: Int[Array, ""]  # of the block


def settle_block(choice: Choice, tolerance: float = 1e-5, late: int = 0) -> Settled:
    """Equilibria of a block by Gauss-Seidel sweeps; a crisis stops at its own convergence, whatever its neighbours do.

    After `SWEEPS` sweeps the crises that still move are damped, for `DAMPED` more. Freezing each crisis by itself is what
    makes its bits independent of the company it is solved in. The block is left when no more than `late` of its crises
    move: those are not settled, and come to the same bits when they are solved anew among their like. The slowest of 256
    crises takes twice the sweeps of the slowest but eight.
    """
    fall, kept, offer = _rows(choice)
    powers = range(len(fall))
    one = jnp.ones_like(choice.stake[0])

    def advance(state):
        count, left, before, moving = state
        gain = jnp.where(moving, jnp.where(count < SWEEPS, 1.0, 0.5), 0.0).astype(one.dtype)  # 0 leaves it as it is
        new, met = left, []
        for j in powers:
            met.append(_residual(new, j))
            answer = _left_by(_choose(offer[j], fall[j], met[j]), kept[j])
            new = (*new[:j], left[j] + gain * (answer - left[j]), *new[j + 1 :])
        still = [jnp.abs(met[j] - before[j]) < 0.5 * tolerance * gain * before[j] for j in powers]
        return count + 1, new, tuple(met), moving & ~reduce(jnp.logical_and, still)

    start = tuple(jnp.ones_like(kept[j][:, 0]) for j in powers)
    begin = (jnp.int32(0), start, tuple(jnp.zeros_like(one) for _ in powers), jnp.ones(one.shape, bool))
    count, left, _, moving = lax.while_loop(lambda s: (s[0] < SWEEPS + DAMPED) & (jnp.sum(s[3]) > late), advance, begin)
    residual = [_residual(left, j) for j in powers]

    def judged():
        sigma = [_choose(offer[j], fall[j], residual[j]) for j in powers]
        answer = [_left_by(sigma[j], kept[j]) for j in powers]
        gaps = [jnp.abs(jnp.log(_residual(answer, j) / residual[j])) for j in powers]
        return tuple(sigma), reduce(jnp.maximum, gaps)

    # Always taken; left in the open, the compiler would work out all exponentials of `_rows` again for each of their uses.
    nothing = (tuple(jnp.zeros_like(f) for f in fall), jnp.zeros_like(one))
    sigma, error = lax.cond(count >= 0, judged, lambda: nothing)
    return Settled(jnp.stack(sigma), jnp.stack(residual), error, ~moving, count)


def _rows(choice: Choice) -> tuple[list[Array], list[Array], list[Array]]:
    """Per power: its loss by option at R = 1, what each option leaves to each other power [other, o, n], its offers."""
    powers = range(choice.reach.shape[0])
    fall = [choice.stake[j] * jnp.exp(-choice.reach[j]) for j in powers]
    others = [np.delete(np.arange(len(powers)), j) for j in powers]
    kept = [jnp.exp(-choice.alignment[others[j], j, None] * choice.reach[j]) for j in powers]
    return fall, kept, [choice.offer[j] for j in powers]


def _residual(left: Sequence[Array], i: int) -> Float[Array, " n"]:
    """R_i: the product of what every other power leaves to i; `left[j]` has a row for each power but j."""
    rows = [row[i - (i > j)] for j, row in enumerate(left) if j != i]
    return reduce(jnp.multiply, rows, jnp.ones(left[i].shape[-1:], left[i].dtype))


def _choose(offer: Float[Array, "o n"], fall: Float[Array, "o n"], residual: Float[Array, " n"]) -> Float[Array, "o n"]:
    payoff = offer - fall * residual
    weight = jnp.exp(payoff - jnp.max(payoff, axis=0))
    return weight * (1.0 / jnp.sum(weight, axis=0))


def _left_by(sigma: Float[Array, "o n"], kept: Float[Array, "i o n"]) -> Float[Array, "i n"]:
    """Σ_a σ(a) exp(-α r(a)) for every other power; written out over options, which the compiler joins into one pass."""
    return reduce(jnp.add, [kept[:, a] * sigma[a] for a in range(sigma.shape[0])])


def _solve_block(choice: Choice, tolerance: float, late: int) -> tuple[Equilibrium, Array]:
    found = settle_block(choice, tolerance, late)
    count = jnp.full(found.error.shape, found.sweeps)
    strategy, log_residual = jnp.moveaxis(found.strategy, -1, 0), jnp.log(found.residual).T
    return Equilibrium(strategy, log_residual, found.error, count, found.error <= tolerance), found.is_settled


def _finish(crises: Crises, quick: Equilibrium, tolerance: float) -> Equilibrium:
    """Send what the sweeps left unsolved through the full search; what is still unsolved stays flagged."""
    rest = np.flatnonzero(~np.asarray(quick.converged))
    if not rest.size:
        return quick
    rows = np.resize(rest, 1 << int(rest.size - 1).bit_length())  # a power of two, so that few shapes are compiled
    part = jax.tree.map(lambda x: _double(np.asarray(x)[rows]), crises)
    solved = jax.tree.map(np.asarray, _solve_rest(part))
    merged = jax.tree.map(lambda a, b: _replaced(a, rest, b[: rest.size]), quick, solved)
    good = _replaced(quick.converged, rest, solved.error[: rest.size] <= tolerance)
    return Equilibrium(merged.strategy, merged.log_residual, merged.error, merged.sweeps, jnp.asarray(good))


_solve_rest = jax.jit(partial(solve_strategies, settings=DEFAULT_SETTINGS))


def _double(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64) if values.dtype == np.float32 else values


def _replaced(values: Float[Array, "c ..."], rows: np.ndarray, new: np.ndarray) -> np.ndarray:
    out = np.array(values)
    out[rows] = new.astype(out.dtype)
    return out
