"""Who does what in each crisis: one way in, whatever the order of moves, the search, the size or the precision."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from functools import partial
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from buckpass.game.arrays import namespace, on_host
from buckpass.game.choice import log_strategy
from buckpass.game.crises import Crises, CrisisNames
from buckpass.game.fixed_point import (
    DEFAULT_SETTINGS,
    IN_BLOCKS,
    PRINCIPAL,
    Equilibrium,
    NoEquilibriumFound,
    SolverSettings,
    log_choices,
    solve_strategies,
    solve_with_branch,
)
from buckpass.game.order import PlayedInOrder, patron_first
from buckpass.game.path import trace
from buckpass.game.throughput import solve_batch

__all__ = [
    "DEFAULT_SETTINGS", "IN_BLOCKS", "PRINCIPAL", "Equilibrium", "NoEquilibriumFound", "Solved", "SolverSettings",
    "log_choices", "solve", "solve_strategies",
]  # fmt: skip

Solved = Equilibrium | PlayedInOrder
S = TypeVar("S", Equilibrium, PlayedInOrder)
AT_ONCE = 4096  # games of single precision in one compiled call
IN_NUMPY = 4096  # games that one thread solves at a time where nothing is compiled: with fewer, threads wait for the interpreter


def solve(
    crises: Crises, settings: SolverSettings = PRINCIPAL, first: np.ndarray | None = None,
    names: CrisisNames | None = None,
) -> Solved:  # fmt: skip
    """Who does what in each crisis; nothing is returned that is not an equilibrium at the rationality asked.

    Parameters
    ----------
    crises : in float64 solved to 1e-10; in float32, with `settings.block`, to 1e-5 at many times the speed.
        NumPy's in float64 are solved as they are, with nothing compiled; JAX's by a compiled program.
    settings : `PRINCIPAL` (the branch that grows out of uniform choice as rationality rises; where it folds or others
        cross it, it is followed round by arc length, `path.trace`), `DEFAULT_SETTINGS` (sweeps: the same wherever the
        equilibrium is unique, at a third of the time), `IN_BLOCKS` (the same for batches of any size, on all cores).
    first : [c] position of the power that moves first in each crisis, -1 for nobody; None: all move at once.
    names : so that an error says which crisis; where there are more games, they repeat these crises in their order.

    Returns
    -------
    Equilibrium, or PlayedInOrder where somebody moves first.

    Raises
    ------
    NoEquilibriumFound
        Some crisis stayed outside the tolerance.
    PathLost
        The branch of some crisis folds and could not be followed; `all_equilibria`, or `search="sweeps"`, finds some.
    """
    if first is not None and np.any(np.asarray(first) >= 0):
        return _checked(_in_order(crises, np.asarray(first), settings), settings, names)
    if settings.block is not None:
        return _checked(_in_blocks(crises, settings), settings, names)
    found, is_plain = (_in_numpy if _is_in_numpy(crises) else _compiled)(crises, settings)
    found = _checked(found, settings, names)
    if settings.search == "path":
        for crisis in np.flatnonzero(~np.asarray(is_plain)):
            found = _round_folds(crises, found, int(crisis))
    return found


def _is_in_numpy(crises: Crises) -> bool:
    """Whether nothing is compiled for these games: those of an answer, in double precision."""
    return on_host(crises) and crises.stake.dtype == np.float64


def _in_numpy(
    crises: Crises, settings: SolverSettings, search: Callable = solve_with_branch
) -> tuple[Equilibrium, np.ndarray]:
    """The same as `_compiled` without the seconds that compiling takes: blocks that stay in cache, one thread a core.

    Games with the same options open stand side by side, and a block is without the options that are closed in all of it.
    """
    is_open = crises.is_open.any(axis=1)
    alike = np.lexsort(is_open.T)
    blocks = np.split(alike, range(IN_NUMPY, len(alike), IN_NUMPY))

    def work(rows: np.ndarray) -> tuple[Equilibrium, np.ndarray]:
        options = np.flatnonzero(is_open[rows].any(axis=0))
        with np.errstate(all="ignore"):  # what is no number is told by its error
            found, is_plain = search(_part(crises, rows, options), settings)
        strategy = np.zeros(crises.is_open[rows].shape)
        strategy[..., options] = found.strategy
        return eqx.tree_at(lambda e: e.strategy, found, strategy), is_plain

    back = np.argsort(alike)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return jax.tree.map(lambda *parts: np.concatenate(parts)[back], *pool.map(work, blocks))


def _part(crises: Crises, rows: np.ndarray, options: np.ndarray) -> Crises:
    """Some of the games with some of their options."""
    names = [f.name for f in fields(crises) if f.name != "rungs"]
    by_option = [name for name in names if name.endswith("_at") or name in ("is_open", "rung")]
    own = {name: np.take(getattr(crises, name), rows, 0) for name in names}
    return replace(crises, **own | {name: np.take(own[name], options, -1) for name in by_option})


@partial(jax.jit, static_argnames="settings")
def _compiled(crises: Crises, settings: SolverSettings) -> tuple[Equilibrium, Bool[Array, " c"]]:
    return solve_with_branch(crises, settings)


@partial(jax.jit, static_argnames="settings")
def _compiled_in_order(crises: Crises, first: Int[Array, " c"], settings: SolverSettings) -> PlayedInOrder:
    return patron_first(crises, first, settings)


def _in_order(crises: Crises, first: np.ndarray, settings: SolverSettings) -> PlayedInOrder:
    if settings.block is None:
        return _compiled_in_order(crises, jnp.asarray(first), settings)
    size = max(settings.block // crises.is_open.shape[-1], 1)  # one game is many: one for each of the first moves
    return _spread((crises, first), lambda part: _compiled_in_order(*part, settings), size)


def _in_blocks(crises: Crises, settings: SolverSettings) -> Equilibrium:
    """A batch of any size, on as many threads as cores; where nobody's effort counts for anyone nothing is solved."""
    assert settings.block is not None
    if not np.any(np.asarray(crises.alignment) * (1 - np.eye(crises.alignment.shape[-1]))):
        return _in_numpy(crises, settings, _apart)[0] if _is_in_numpy(crises) else _compiled_apart(crises, settings)
    if _is_in_numpy(crises):
        return _in_numpy(crises, settings)[0]
    if crises.stake.dtype == jnp.float32:
        return _single(crises, settings)
    return _spread(crises, lambda part: _compiled(part, settings)[0], settings.block)


def _spread(batch, work: Callable, size: int):
    """The work done on blocks of one size, one thread a core; the last block is filled up with the first games."""
    count = len(jax.tree.leaves(batch)[0])
    rows = np.arange(-(-count // size) * size) % count
    whole = jax.tree.map(lambda values: np.asarray(values)[rows], batch)
    blocks = [jax.tree.map(lambda v, at=at: v[at : at + size], whole) for at in range(0, rows.size, size)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(lambda block: jax.device_get(work(block)), blocks))
    return jax.device_put(jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *done))


def _single(crises: Crises, settings: SolverSettings) -> Equilibrium:
    """Single precision, in parts of one size so that one shape is compiled; the last part repeats its last game."""
    count, parts = crises.stake.shape[0], []
    for start in range(0, count, AT_ONCE):
        index = np.minimum(np.arange(start, start + AT_ONCE), count - 1)
        found = solve_batch(jax.tree.map(lambda a, at=index: np.asarray(a)[at], crises), settings.tolerance_single)
        parts.append(jax.tree.map(lambda a, kept=count - start: np.asarray(a)[:kept], found))
    return jax.tree.map(lambda *part: np.concatenate(part), *parts)


@partial(jax.jit, static_argnames="settings")
def _compiled_apart(crises: Crises, settings: SolverSettings) -> Equilibrium:
    return _apart(crises, settings)[0]


def _apart(crises: Crises, settings: SolverSettings) -> tuple[Equilibrium, Array]:
    """The equilibria of games in which every residual is 1: exact, without a search."""
    xp = namespace(crises)
    none = xp.zeros_like(crises.stake)
    games = none[:, 0]
    everywhere = xp.isfinite(games)
    return Equilibrium(xp.exp(log_strategy(crises, none)), none, games, games.astype(int), everywhere), everywhere


def _round_folds(crises: Crises, equilibrium: Equilibrium, crisis: int) -> Equilibrium:
    """The same equilibria with one crisis's replaced by the end of its branch, traced by arc length."""
    path = trace(crises, crisis)
    xp, is_it = namespace(equilibrium), np.arange(len(crises.stake)) == crisis
    ends = path.strategy[-1], path.log_residual[-1], path.error
    parts = equilibrium.strategy, equilibrium.log_residual, equilibrium.error
    traced = [xp.where(is_it.reshape(-1, *[1] * (v.ndim - 1)), end, v) for v, end in zip(parts, ends, strict=True)]
    return eqx.tree_at(lambda e: (e.strategy, e.log_residual, e.error), equilibrium, traced)


def _checked(found: S, settings: SolverSettings, names: CrisisNames | None) -> S:
    """The same; raises `NoEquilibriumFound` where some crisis is not solved."""
    lost = np.flatnonzero(~np.asarray(found.converged))
    if lost.size:
        complaint = _complaint(np.asarray(found.error), lost, settings, names)
        raise NoEquilibriumFound(complaint, tuple(lost.tolist()))
    return found


def _complaint(error: np.ndarray, lost: np.ndarray, settings: SolverSettings, names: CrisisNames | None) -> str:
    called = [names.crises[i % len(names.crises)] if names else f"position {i}" for i in lost[:3]]
    shown = ", ".join(f"{name} (error {error[i]:.3g})" for name, i in zip(called, lost, strict=False))
    return (
        f"No equilibrium within {settings.tolerance_for(error.dtype):g} for {lost.size} of {error.size} crises: {shown}"
        f"{' …' if lost.size > 3 else ''}. A response that is not an equilibrium answers no question. Tried: "
        f"{settings.path_steps} steps along rationality from 0, {settings.sweeps} Gauss-Seidel sweeps, "
        f"{settings.newton_steps} damped Newton steps from each. An input far outside the record does "
        "this, or a payoff that is not finite: move it less far, or raise these limits in SolverSettings."
    )
