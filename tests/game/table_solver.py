"""A deliberately dumb logit-equilibrium solver on explicit payoff tables: the yardstick for the real one.

It knows nothing of residuals: expected payoffs are sums over every profile, the branch is followed by small steps of λ
with Newton on all probabilities and a numerical Jacobian.
"""

from __future__ import annotations

import numpy as np


def action_values(payoffs: np.ndarray, strategies: list[np.ndarray]) -> list[np.ndarray]:
    """Expected payoff of every action of every player against the others' mixed strategies."""
    values = []
    for i, table in enumerate(payoffs):
        for j in range(len(strategies) - 1, -1, -1):
            if j != i:
                table = np.tensordot(table, strategies[j], axes=(j, 0))
        values.append(table)
    return values


def logit(values: np.ndarray, rationality: float) -> np.ndarray:
    weight = np.exp(rationality * (values - values.max()))
    return weight / weight.sum()


def respond(payoffs: np.ndarray, rationality: float, strategies: list[np.ndarray]) -> list[np.ndarray]:
    return [logit(v, rationality) for v in action_values(payoffs, strategies)]


def solve_table(payoffs: np.ndarray, rationality: float, steps: int = 60, start=None) -> list[np.ndarray]:
    """The logit equilibrium on the branch from uniform choice (or near `start`), by continuation in λ."""
    sizes = payoffs[0].shape
    point = np.concatenate([np.full(k, 1.0 / k) for k in sizes]) if start is None else np.concatenate(start)
    path = np.linspace(0.0, rationality, steps + 1)[1:] if start is None else [rationality]
    for at in path:
        point = _newton(payoffs, at, point, sizes)
    strategies = _split(point, sizes)
    gap = max(np.abs(a - b).max() for a, b in zip(respond(payoffs, rationality, strategies), strategies, strict=True))
    assert gap < 1e-11, f"the yardstick itself failed: gap {gap}"
    return strategies


def _split(point: np.ndarray, sizes) -> list[np.ndarray]:
    return np.split(point, np.cumsum(sizes)[:-1])


def _gap(payoffs, rationality, point, sizes) -> np.ndarray:
    return np.concatenate(respond(payoffs, rationality, _split(point, sizes))) - point


def _newton(payoffs, rationality, point, sizes) -> np.ndarray:
    for _ in range(30):
        gap = _gap(payoffs, rationality, point, sizes)
        if np.abs(gap).max() < 1e-14:
            break
        h = 1e-7
        slope = [(_gap(payoffs, rationality, point + h * e, sizes) - gap) / h for e in np.eye(len(point))]
        point = point - np.linalg.solve(np.array(slope).T, gap)
    return point
