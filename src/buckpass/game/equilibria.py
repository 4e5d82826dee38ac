"""Every equilibrium that a crisis has: who rides and who carries is then a question of coordination."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np

from buckpass.game.choice import CLOSED, Choice, as_choice, best_response, choice_log_probabilities, slopes
from buckpass.game.crises import Crises
from buckpass.game.fixed_point import NoEquilibriumFound
from buckpass.game.path import Path, PathLost, one_crisis, trace
from buckpass.game.search import newton, respond, tables_of

__all__ = ["AllEquilibria", "StartSettings", "all_equilibria"]

LOWEST = -40.0  # log R of a start at which the others leave next to nothing


@dataclass(frozen=True)
class StartSettings:
    """From where equilibria are looked for, and when two of them are one."""

    corner_powers: int = 10  # corners of {R = 1, R ≈ 0}ⁿ are tried up to this many powers
    random_starts: int = 256
    rounds: int = 3  # sets of random starts at most; another is drawn while the indices do not add up to 1
    seed: int = 0
    adjustments: int = 200  # half-way best responses that decide which basin a start is in
    apart: float = 1e-6  # probabilities that differ by less belong to one equilibrium
    blurred: float = 0.02  # those of a branch point may differ by so much: what lies between is asked
    tolerance: float = 1e-10


@dataclass(frozen=True)
class AllEquilibria:
    """Equilibria of one crisis, the principal one first, then by basin; axes equilibrium e, power p, option o."""

    strategy: np.ndarray  # e p o
    log_residual: np.ndarray  # e p
    error: np.ndarray  # e
    spectral_radius: np.ndarray  # e, of the best-response map: below 1, small deviations die out
    is_stable: np.ndarray  # e
    basin_share: np.ndarray  # e, of the starts that adjustment brings here; unstable ones have next to none
    is_principal: np.ndarray  # e, the one traced from rationality 0; none where the trace was lost
    index: np.ndarray  # e, sign of det(I - S): +1 or -1
    path: Path | None  # the branch that was traced; None where it was lost

    @property
    def is_balanced(self) -> bool:
        """Whether the indices add up to 1, as those of all equilibria together must (Lefschetz); else some are missing."""
        return int(self.index.sum()) == 1

    @property
    def folds(self) -> tuple[float, ...]:
        """Rationalities at which the principal branch turns back."""
        return self.path.folds if self.path else ()

    @property
    def branch_points(self) -> tuple[float, ...]:
        """Rationalities at which other branches cross the principal one."""
        return self.path.branch_points if self.path else ()


def all_equilibria(crises: Crises, crisis: int = 0, settings: StartSettings = StartSettings()) -> AllEquilibria:
    """All logit equilibria of one crisis that starts at every corner and at random find.

    A corner says of each power whether the others leave it everything (R = 1) or nothing (R ≈ 0). From each start go
    half-way best responses, then Newton (stable equilibria, and the basins), and Newton alone (unstable ones too).
    The index of an equilibrium is the sign of det(I - S), S the slopes of the best responses; over all equilibria the
    indices add up to 1. While they do not, something was missed and more starts are drawn; `is_balanced` says whether
    it came out in the end. A balanced list is complete but for pairs that cancel.

    Raises
    ------
    NoEquilibriumFound
        No start led to a point within tolerance.
    """
    choice = jax.jit(as_choice)(one_crisis(crises, crisis))
    path = _traced(crises, crisis)
    draw = np.random.default_rng(settings.seed)
    starts = _starts(choice, settings, draw)
    found = _found(choice, path, starts, settings)
    for _ in range(settings.rounds - 1):
        if found.is_balanced:
            break
        starts = np.concatenate([starts, _random_starts(choice, settings, draw)])
        found = _found(choice, path, starts, settings)
    if not len(found.error):
        raise NoEquilibriumFound(f"None of {len(starts)} starts led to an equilibrium of crisis {crisis}.", (crisis,))
    return found


def _traced(crises: Crises, crisis: int) -> Path | None:
    try:
        return trace(crises, crisis)
    except PathLost:
        return None


def _found(choice: Choice, path: Path | None, starts: np.ndarray, settings: StartSettings) -> AllEquilibria:
    """What the branch and the starts lead to: distinct, described, the principal one first."""
    adjusted, direct = _from_starts(choice, jnp.asarray(starts.T), settings)
    principal = path.log_residual[-1:] if path else np.empty((0, starts.shape[1]))
    points = np.concatenate([principal, np.asarray(adjusted).T, np.asarray(direct).T])
    distinct, label = _distinct(choice, points, settings)
    ended = label[len(principal) : len(principal) + len(starts)]
    basin = np.bincount(ended[ended >= 0], minlength=len(distinct)) / len(starts)
    is_principal = np.isin(np.arange(len(distinct)), label[: len(principal)])
    order = np.lexsort((-basin, ~is_principal))
    return _described(choice, distinct[order], basin[order], is_principal[order], path)


def _starts(choice: Choice, settings: StartSettings, draw: np.random.Generator) -> np.ndarray:
    """log R at every corner, and at random."""
    random, powers = _random_starts(choice, settings, draw), choice.stake.shape[0]
    if powers > settings.corner_powers:
        return random
    return np.concatenate([np.array(list(product((0.0, LOWEST), repeat=powers))), random])


def _random_starts(choice: Choice, settings: StartSettings, draw: np.random.Generator) -> np.ndarray:
    """Half of them uniform on the box of log R that the game allows, half left by random mixed strategies."""
    reach, alignment = np.asarray(choice.reach)[..., 0], np.asarray(choice.alignment)[..., 0]
    is_open, powers = np.asarray(choice.offer)[..., 0] > CLOSED, len(reach)
    worth = -alignment[:, :, None] * reach[None]  # log of what j's option leaves of i's job
    off = ~np.eye(powers, dtype=bool)
    low, high = (
        np.where(off, pick(np.where(is_open[None], worth, fill), axis=2), 0.0).sum(axis=1)
        for pick, fill in ((np.min, np.inf), (np.max, -np.inf))
    )
    count = settings.random_starts // 2
    boxed = draw.uniform(np.maximum(low, LOWEST), np.maximum(high, LOWEST), (count, powers))
    mixed = np.where(is_open, draw.exponential(size=(settings.random_starts - count, *is_open.shape)), 0.0)
    mixed = mixed / mixed.sum(axis=-1, keepdims=True)
    left = np.log(np.maximum(np.einsum("ijo,sjo->sij", np.exp(np.minimum(worth, 700.0)), mixed), np.exp(LOWEST)))
    return np.concatenate([boxed, np.where(off, left, 0.0).sum(axis=-1)])


@partial(jax.jit, static_argnames="settings")
def _from_starts(choice: Choice, starts: jax.Array, settings: StartSettings) -> tuple[jax.Array, jax.Array]:
    many = _repeated(choice, starts.shape[1])
    tables = tables_of(many)

    def adjust(_, point):
        return point + 0.5 * respond(tables, point).gap

    near = jax.lax.fori_loop(0, settings.adjustments, adjust, starts)
    twice = tables_of(_repeated(choice, 2 * starts.shape[1]))
    wanted = jnp.ones(2 * starts.shape[1], bool)
    points = newton(twice, jnp.concatenate([near, starts], axis=1), wanted, settings.tolerance / 10, 60)[0]
    return points[:, : starts.shape[1]], points[:, starts.shape[1] :]


def _repeated(choice: Choice, count: int) -> Choice:
    return jax.tree.map(lambda x: jnp.broadcast_to(x, (*x.shape[:-1], count)), choice)


def _distinct(choice: Choice, points: np.ndarray, settings: StartSettings) -> tuple[np.ndarray, np.ndarray]:
    """Points that are equilibria and differ, and for every point which of them it is (-1: none)."""
    strategy, error = (np.asarray(x) for x in _judged(choice, jnp.asarray(points.T)))
    label, chosen = np.full(len(points), -1), []
    for k in np.flatnonzero(error <= settings.tolerance):
        gap = np.array([np.abs(strategy[..., k] - strategy[..., m]).max() for m in chosen])
        same = [e for e in np.argsort(gap, kind="stable") if gap[e] < settings.apart or (
            gap[e] < settings.blurred and _is_one(choice, points[k], points[chosen[e]], settings))]  # fmt: skip
        if not same:
            chosen.append(k)
        label[k] = same[0] if same else len(chosen) - 1
    return points[chosen], label


def _is_one(choice: Choice, first: np.ndarray, second: np.ndarray, settings: StartSettings) -> bool:
    """Whether all between two points passes for an equilibrium too: at a branch point errors vanish with the third power.

    What lies between is first corrected in the directions in which the best responses are not flat (Lyapunov-Schmidt).
    """
    between = first + np.linspace(0.25, 0.75, 3)[:, None] * (second - first)
    for _ in range(3):
        gap, slope = (np.moveaxis(np.asarray(x), -1, 0) for x in _answered(choice, jnp.asarray(between.T)))
        moves = (np.linalg.lstsq(np.eye(len(first)) - a, b, rcond=0.02)[0] for a, b in zip(slope, gap, strict=True))
        between = between + list(moves)
    return bool(np.max(_judged(choice, jnp.asarray(between.T))[1]) <= 2 * settings.tolerance)


@jax.jit
def _answered(choice: Choice, points: jax.Array) -> tuple[jax.Array, jax.Array]:
    many = _repeated(choice, points.shape[1])
    return best_response(many, points) - points, slopes(many, points)


@jax.jit
def _judged(choice: Choice, points: jax.Array) -> tuple[jax.Array, jax.Array]:
    many = _repeated(choice, points.shape[1])
    error = jnp.max(jnp.abs(best_response(many, points) - points), axis=0)
    return jnp.exp(choice_log_probabilities(many, points)), error


def _described(
    choice: Choice, points: np.ndarray, basin: np.ndarray, is_principal: np.ndarray, path: Path | None
) -> AllEquilibria:
    many = _repeated(choice, len(points))
    strategy, error = _judged(choice, jnp.asarray(points.T))
    slope = np.moveaxis(np.asarray(slopes(many, jnp.asarray(points.T))), -1, 0)
    radius = np.abs(np.linalg.eigvals(slope)).max(axis=-1)
    return AllEquilibria(
        strategy=np.moveaxis(np.asarray(strategy), -1, 0),
        log_residual=points,
        error=np.asarray(error),
        spectral_radius=radius,
        is_stable=radius < 1.0,
        basin_share=basin,
        is_principal=is_principal,
        index=np.sign(np.linalg.det(np.eye(points.shape[1]) - slope)).astype(int),
        path=path,
    )
