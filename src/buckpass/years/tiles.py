"""Histories in tiles of a fixed size: the unit of work, the same whatever the chunks, the order or the workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from buckpass.years.draws import uniform
from buckpass.years.indicators import Observed, observed, so_far
from buckpass.years.step import Keys, year_of
from buckpass.years.world import DRAWS, World

__all__ = ["TILE", "TileResult", "all_histories", "play_tiles", "tile_of"]

TILE = 2048


@dataclass(frozen=True)
class TileResult:
    """Observations of one tile under each world, trimmed to the histories asked for."""

    first: int
    by_power: tuple[tuple[np.ndarray, ...], ...]  # per world and measure [y, n, p]
    by_host: tuple[tuple[np.ndarray, ...], ...]  # per world and measure [y, n, h]
    unsolved: float


def all_histories(tiles: Sequence[TileResult], world: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The tiles of one world put together: by power and by host, one array [y, n, …] per measure."""
    by_power, by_host = (
        [np.concatenate(parts, axis=1) for parts in zip(*(of(t)[world] for t in tiles), strict=True)]
        for of in (lambda t: t.by_power, lambda t: t.by_host)
    )
    return by_power, by_host


@partial(jax.jit, static_argnames="years")
def tile_of(world: World, seed: Array, first: Array, years: int) -> Observed:
    """Observations of histories first … first + TILE - 1 over the years."""
    keys, state = _begun(world, seed, first + jnp.arange(TILE, dtype=jnp.int32))

    def one(state, number):
        after, year = year_of(world, keys, state, number)
        return after, (*observed(world, keys, after, year), year.unsolved)

    return so_far(*jax.lax.scan(one, state, jnp.arange(years, dtype=jnp.int32))[1])


def _begun(world: World, seed: Array, history: Array):
    """The keys of some histories, each with its draw, and the state that they begin in."""
    keys = Keys(seed, history, (uniform(seed, "draw", history) * DRAWS).astype(jnp.int32))
    return keys, jax.tree.map(lambda x: jnp.broadcast_to(x, (TILE, *x.shape)), world.start)


def play_tiles(
    worlds: Sequence[World], seed: int, years: int, histories: int, workers: int = 2
) -> Iterator[TileResult]:
    """Tiles in order, at most `workers` under way at a time, so that memory does not grow with the histories."""
    word = jnp.uint32(np.random.SeedSequence(seed).generate_state(1)[0])
    starts = list(range(0, histories, TILE))

    def run(first: int) -> TileResult:
        seen = [tile_of(world, word, jnp.int32(first), years) for world in worlds]
        kept = min(TILE, histories - first)
        return TileResult(
            first,
            tuple(tuple(np.asarray(v)[:, :kept] for v in s.by_power) for s in seen),
            tuple(tuple(np.asarray(v)[:, :kept] for v in s.by_host) for s in seen),
            float(sum(np.asarray(s.unsolved) for s in seen)),
        )

    with ThreadPoolExecutor(workers) as pool:
        waiting = [pool.submit(run, first) for first in starts[:workers]]
        for following in range(workers, workers + len(starts)):
            done = waiting.pop(0)
            result = done.result()
            if following < len(starts):
                waiting.append(pool.submit(run, starts[following]))
            yield result


def value_and_state(world: World, seed: int, years: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of one tile: value of each year's crises, commitments and mean opinion before it, each [y, n, p]."""
    word = jnp.uint32(np.random.SeedSequence([seed, 3]).generate_state(1)[0])
    value, commitments, opinion = _value_and_state(world, word, years)
    return np.asarray(value[1:], float), np.asarray(commitments[:-1], float), np.asarray(opinion[:-1], float)


@partial(jax.jit, static_argnames="years")
def _value_and_state(world: World, seed: Array, years: int):
    keys, state = _begun(world, seed, jnp.arange(TILE, dtype=jnp.int32))

    def one(state, number):
        after, year = year_of(world, keys, state, number, is_valued=True)
        return after, (year.value, after.commitments, after.opinion.mean(-2))

    return jax.lax.scan(one, state, jnp.arange(years, dtype=jnp.int32))[1]
