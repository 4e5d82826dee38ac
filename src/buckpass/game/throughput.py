"""Millions of crises a second in single precision: blocks that stay in cache, one thread per core.

The loop over powers is written out and a block is kept below a few thousand numbers per power: above that the CPU
compiler hands each small sum to a library call, ten times slower.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from buckpass.game.choice import Choice, as_choice
from buckpass.game.crises import Crises
from buckpass.game.solver import DEFAULT_SETTINGS, Equilibrium, solve_strategies

__all__ = ["solve_batch"]

SWEEP_LIMIT = 24


def solve_batch(crises: Crises, tolerance: float = 1e-5, block: int = 256) -> Equilibrium:
    """Equilibria of a large batch, fast; each crisis is flagged in `converged`, and none is silently wrong.

    Gauss-Seidel sweeps in blocks of `block` crises, spread over the cores; a crisis that sweeps do not bring within
    `tolerance` (change of log R under one best response) goes through the full search in double precision.
    Not differentiable; use `solve_strategies` for gradients. Arrays should be float32; float64 works at half the speed.
    """
    count = crises.stake.shape[0]
    block = min(block, count, 4096 // crises.is_open.shape[-1]) if jax.default_backend() == "cpu" else count
    parts = _cut(-(-count // block), os.cpu_count() or 1)
    with ThreadPoolExecutor(len(parts)) as pool:
        pieces = list(pool.map(lambda part: _solve_blocks(crises, tolerance, block, part[1], part[0]), parts))
    quick = jax.tree.map(lambda *x: np.concatenate(x), *_flat(pieces, parts, block, count))
    return _finish(crises, quick, tolerance)


def _cut(blocks: int, workers: int) -> list[tuple[int, int]]:
    """(first block, number of blocks) of each worker."""
    size = -(-blocks // workers)
    return [(first, min(size, blocks - first)) for first in range(0, blocks, size)]


def _flat(pieces: list[Equilibrium], parts: list[tuple[int, int]], block: int, count: int):
    for piece, (first, blocks) in zip(pieces, parts, strict=True):
        whole = min(count, (first + blocks) * block) - first * block
        yield jax.tree.map(partial(_unblock, keep=whole), piece)


def _unblock(values: Array, keep: int) -> np.ndarray:
    return np.asarray(values).reshape((-1, *values.shape[2:]))[:keep]


@partial(jax.jit, static_argnums=(2, 3))
def _solve_blocks(crises: Crises, tolerance: float, block: int, blocks: int, first: int) -> Equilibrium:
    count = crises.stake.shape[0]

    def one(index):
        start = jnp.minimum((first + index) * block, count - block)
        shift = (first + index) * block - start  # the last block starts early; its fresh part is rolled to the front
        part = jax.tree.map(lambda x: lax.dynamic_slice_in_dim(x, start, block), crises)
        solved = _solve_block(as_choice(part), tolerance)
        return lax.cond(shift > 0, lambda e: jax.tree.map(lambda x: jnp.roll(x, -shift, 0), e), lambda e: e, solved)

    return lax.map(one, jnp.arange(blocks))


def _solve_block(choice: Choice, tolerance: float) -> Equilibrium:
    fall, kept, offer = _rows(choice)
    powers = range(len(fall))

    one = jnp.ones_like(choice.stake[0])

    def advance(state):
        count, left, _ = state
        new = left
        for j in powers:
            weight = _choose(offer[j], fall[j], _residual(new[j], j))
            column = [_mean(weight, kept[i][j]) if i != j else one for i in powers]
            new = tuple(row if i == j else (*row[:j], column[i], *row[j + 1 :]) for i, row in enumerate(new))
        moved = [jnp.abs(_residual(new[i], i) / _residual(left[i], i) - 1) for i in powers]
        return count + 1, new, jnp.max(reduce(jnp.maximum, moved))

    def unfinished(state):
        return (state[0] < SWEEP_LIMIT) & ~(state[2] < 0.5 * tolerance)

    left = tuple(tuple(one for _ in powers) for _ in powers)
    count, left, _ = lax.while_loop(unfinished, advance, (jnp.int32(0), left, jnp.asarray(jnp.inf, one.dtype)))
    return _equilibrium(choice, [_residual(left[i], i) for i in powers], count, tolerance)


def _equilibrium(choice: Choice, residual: list[Array], count: Array, tolerance: float) -> Equilibrium:
    fall, kept, offer = _rows(choice)
    powers = range(len(fall))
    sigma = [_choose(offer[j], fall[j], residual[j]) for j in powers]
    answer = [
        reduce(jnp.multiply, [_mean(sigma[j], kept[i][j]) for j in powers if j != i], jnp.ones_like(residual[0]))
        for i in powers
    ]
    gaps = [jnp.abs(jnp.log(answer[i] / residual[i])) for i in powers]
    error = reduce(jnp.maximum, gaps)
    strategy = jnp.moveaxis(jnp.stack(sigma), -1, 0)
    log_residual = jnp.log(jnp.stack(residual, axis=-1))
    return Equilibrium(strategy, log_residual, error, jnp.full(error.shape, count), error <= tolerance)


def _rows(choice: Choice) -> tuple[list[Array], list[list[Array]], list[Array]]:
    p = range(choice.reach.shape[0])
    fall = [choice.stake[i] * jnp.exp(-choice.reach[i]) for i in p]
    kept = [[jnp.exp(-choice.alignment[i, j] * choice.reach[j]) for j in p] for i in p]
    return fall, kept, [choice.offer[i] for i in p]


def _residual(row: tuple[Array, ...], i: int) -> Array:
    return reduce(jnp.multiply, [m for j, m in enumerate(row) if j != i], jnp.ones_like(row[0]))


def _choose(offer: Array, fall: Array, residual: Array) -> Array:
    payoff = offer - fall * residual
    weight = jnp.exp(payoff - jnp.max(payoff, axis=0))
    return weight * (1.0 / jnp.sum(weight, axis=0))


def _mean(sigma: Array, value: Array) -> Array:
    return jnp.sum(sigma * value, axis=0)


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
