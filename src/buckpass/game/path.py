"""The branch of equilibria along rationality, round folds, with the points where others join it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import equinox as eqx
import jax
import numpy as np

from buckpass.game.arrays import at_host
from buckpass.game.choice import as_choice, log_strategy
from buckpass.game.crises import Crises
from buckpass.game.search import Tables, respond, slope_in_rationality, tables_of, uniform_residual

__all__ = ["Path", "PathLost", "PathSettings", "follow", "one_crisis", "trace"]

NEAR = 1e-2  # least eigenvalue of I - S beside a branch point passed in a short step; where a pair turns complex none is near 0

Gap = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class PathLost(RuntimeError):
    """The branch could not be followed to the rationality asked."""


@dataclass(frozen=True)
class PathSettings:
    """Steps along the branch, in units of arc length over (log R, λ / λ asked)."""

    first_step: float = 0.02
    longest_step: float = 0.5
    shortest_step: float = 1e-7
    event_step: float = 1e-5  # folds and branch points are passed in steps no longer than this
    steps: int = 4000
    tolerance: float = 1e-11


@dataclass(frozen=True)
class Path:
    """The principal branch of one crisis from rationality 0 to the one asked.

    Axes: step s along the branch, power p, option o. `rationality` is not monotone where the branch folds.
    """

    rationality: np.ndarray  # s
    log_residual: np.ndarray  # s p
    strategy: np.ndarray  # s p o
    folds: tuple[float, ...]  # λ at which the branch turns back
    branch_points: tuple[float, ...]  # λ at which another branch crosses it (pitchforks of symmetric games)
    error: float  # of the last point, at the rationality asked


def one_crisis(crises: Crises, crisis: int) -> Crises:
    """A batch of one."""
    return jax.tree.map(lambda x: x[crisis : crisis + 1], crises)


def trace(crises: Crises, crisis: int = 0, settings: PathSettings = PathSettings()) -> Path:
    """Follow the branch that starts at uniform choice to the crisis's own rationality (McKelvey & Palfrey 1995).

    Pseudo-arclength continuation (Keller 1977; Turocy 2005 for logit equilibria): a fold is a change of sign of the
    tangent's λ, a branch point a change of sign of the bordered determinant. The branch is kept through a branch point,
    and the point is reported; a symmetric game therefore stays on its symmetric branch.

    Raises
    ------
    PathLost
        Steps ran out, or the corrector failed at the shortest step.
    """
    one = jax.tree.map(_double, at_host(one_crisis(crises, crisis)))
    tables, start = _outset(one)

    asked = float(one.rationality[0])
    points, folds, crossings, error = follow(np.append(start[:, 0], 0.0), partial(_evaluate, tables), settings, asked)
    rationality = points[:, -1] * asked
    strategy = np.array([_strategy(one, point, at) for point, at in zip(points[:, :-1], rationality, strict=True)])
    return Path(rationality, points[:, :-1], strategy, folds, crossings, error)


def follow(
    start: np.ndarray, gap: Gap, settings: PathSettings, rationality: float
) -> tuple[np.ndarray, tuple[float, ...], tuple[float, ...], float]:
    """The points of a branch from rationality 0 to the one asked, its folds and branch points, and the last point's error.

    `gap` gives F(x, μ) - x and its Jacobian in (x, μ), μ the share of the rationality; `start` is (x, 0) with gap 0.

    Raises
    ------
    PathLost
    """
    walk = _Walk(start, gap, settings)
    points, tests = walk.run()
    at = points[:, -1] * rationality
    met = _changes(tests[:, 1]) | (np.abs(np.diff(tests[:, 2])) > 1) & (np.minimum(tests[1:, 3], tests[:-1, 3]) < NEAR)
    return points, _between(at, _changes(tests[:, 0])), _between(at, met), walk.error


def _double(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64) if np.issubdtype(values.dtype, np.floating) else values


def _outset(one: Crises) -> tuple[Tables, Any]:
    """Constants of the search and log R at rationality 0."""
    tables = tables_of(as_choice(one))
    return tables, uniform_residual(tables)


def _strategy(one: Crises, log_residual: Any, rationality: float) -> np.ndarray:
    at = eqx.tree_at(lambda c: c.rationality, one, np.full(1, rationality))
    return np.exp(log_strategy(at, log_residual[None]))[0]


def _evaluate(tables: Tables, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gap F(x, μ) - x and its Jacobian in (x, μ), for one crisis, in NumPy: to compile it took longer than to follow the branch."""
    at: Any
    at, share = point[:-1, None], float(point[-1])
    with np.errstate(all="ignore"):  # a Jacobian that is no number ends the step
        answer, ahead = respond(tables, at, share), slope_in_rationality(tables, at, share)
    gap: Any = answer.gap[:, 0]
    return gap, np.column_stack([answer.slope[..., 0] - np.eye(len(at)), ahead])


class _Walk:
    """State of the continuation; used once."""

    def __init__(self, start: np.ndarray, gap: Gap, settings: PathSettings):
        self._at, self.settings = gap, settings
        self.point, self.error = start, 0.0
        self.jacobian = self._at(start)[1]
        self.tangent = self._tangent(np.append(np.zeros(len(start) - 1), 1.0))

    def run(self) -> tuple[np.ndarray, np.ndarray]:
        """Points from μ = 0 to μ = 1 and, at each, its tests."""
        step, points, tests = self.settings.first_step, [self.point], [self._tests()]
        for _ in range(self.settings.steps):
            moved = self._correct(self.point + step * self.tangent)
            if moved is None or not self._is_smooth(moved):
                step *= 0.5
                if step < self.settings.shortest_step:
                    raise PathLost(self._complaint(f"the corrector failed at the shortest step ({step:.1e})"))
                continue
            is_last = moved[-1] >= 1.0
            before = self._accept(self._finish(moved) if is_last else moved)
            if self._something_happens(tests[-1]) and step > self.settings.event_step:
                self.point, self.jacobian, self.tangent = before  # something happens here: come nearer before passing
                step *= 0.5
                continue
            points.append(self.point)
            tests.append(self._tests())
            if is_last:
                return np.array(points), np.array(tests)
            step = min(1.5 * step, self.settings.longest_step)
        raise PathLost(self._complaint(f"{self.settings.steps} steps were spent"))

    def _complaint(self, reason: str) -> str:
        return (
            f"The principal branch was lost at {self.point[-1]:.4g} of the rationality asked: {reason}. What follows "
            "from there is unknown. Ask for all equilibria instead, or allow more steps in PathSettings."
        )

    def _tangent(self, previous: np.ndarray) -> np.ndarray:
        bordered = np.vstack([self.jacobian, previous])
        tangent = _least_move(bordered, np.append(np.zeros(len(previous) - 1), 1.0))
        return tangent / np.linalg.norm(tangent)

    def _tests(self) -> tuple[float, float, float, float]:
        """The tangent's λ, the sign of the bordered determinant, how many eigenvalues of I - S lie left of 0, the least modulus.

        Branches that meet the path two at once, as those of three identical powers, leave the determinant's sign as it is.
        """
        sign = float(np.linalg.slogdet(np.vstack([self.jacobian, self.tangent]))[0])
        eigenvalues = np.linalg.eigvals(-self.jacobian[:, :-1])
        return self.tangent[-1], sign, float((eigenvalues.real < 0).sum()), float(np.abs(eigenvalues).min())

    def _something_happens(self, before: tuple[float, ...]) -> bool:
        now = self._tests()
        return bool(np.any(np.sign(now[:2]) != np.sign(before[:2])) or abs(now[2] - before[2]) > 1)

    def _correct(self, guess: np.ndarray) -> np.ndarray | None:
        """Newton in the plane across the tangent; None where it does not contract."""
        point, last = guess, np.inf
        for _ in range(12):
            gap, jacobian = self._at(point)
            if not np.all(np.isfinite(jacobian)):
                return None
            move = _least_move(np.vstack([jacobian, self.tangent]), np.append(-gap, self.tangent @ (guess - point)))
            point, length = point + move, float(np.abs(move).max())
            if length < self.settings.tolerance:
                return point
            if length > 0.5 * last:
                return None if length > 1e-9 else point
            last = length
        return None

    def _is_smooth(self, moved: np.ndarray) -> bool:
        """Whether the next tangent stays within 25 degrees, so that no neighbouring branch is jumped to."""
        held = self.jacobian
        self.jacobian = self._at(moved)[1]
        turned = self._tangent(self.tangent) @ self.tangent
        self.jacobian = held
        return bool(turned > 0.9)

    def _accept(self, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        before = self.point, self.jacobian, self.tangent
        self.point, self.jacobian = moved, self._at(moved)[1]
        self.tangent = self._tangent(self.tangent)
        return before

    def _finish(self, moved: np.ndarray) -> np.ndarray:
        """The point at μ = 1 between the last one and `moved`, corrected at fixed rationality."""
        share = (1.0 - self.point[-1]) / (moved[-1] - self.point[-1])
        point = self.point + share * (moved - self.point)
        point[-1] = 1.0
        for _ in range(12):
            gap, jacobian = self._at(point)
            point[:-1] += _least_move(jacobian[:, :-1], -gap)
        self.error = float(np.abs(self._at(point)[0]).max())
        if not self.error <= 1e-10:
            raise PathLost(self._complaint(f"the last point has an error of {self.error:.3g}"))
        return point


def _least_move(system: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution, and at a branch point, where the system is singular, the shortest one: it stays on its branch."""
    return np.linalg.lstsq(system, right, rcond=None)[0]


def _changes(test: np.ndarray) -> np.ndarray:
    """Between which points a test function changes sign."""
    return np.sign(test[1:]) * np.sign(test[:-1]) < 0


def _between(rationality: np.ndarray, happens: np.ndarray) -> tuple[float, ...]:
    """λ halfway between the points on either side of what happens."""
    return tuple(float(0.5 * (rationality[k] + rationality[k + 1])) for k in np.flatnonzero(happens))
