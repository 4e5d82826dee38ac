"""Deliberately dumb logit-equilibrium solvers on explicit tables and trees: the yardstick for the real one.

They know nothing of residuals: expected payoffs are sums over every profile (or every path of the tree), the branch is
followed by small steps of λ with Newton on all probabilities and a numerical Jacobian.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Strategies = list[np.ndarray]
Respond = Callable[[float, Strategies], Strategies]


def action_values(payoffs: np.ndarray, strategies: Strategies) -> Strategies:
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


def solve_table(payoffs: np.ndarray, rationality: float, steps: int = 60, start=None) -> Strategies:
    """The logit equilibrium of a payoff table on the branch from uniform choice (or near `start`)."""

    def respond(at, strategies):
        return [logit(v, at) for v in action_values(payoffs, strategies)]

    return follow(respond, payoffs[0].shape, rationality, steps, start)


@dataclass(frozen=True)
class Node:
    """A decision in a tree: whose information set it is in (numbered from 0), and what follows each action."""

    information_set: int
    player: int
    after: tuple[Node | tuple[float, ...], ...]


def solve_tree(root: Node, rationality: float, steps: int = 60) -> Strategies:
    """The agent logit equilibrium of a game tree, one mixed action per information set (McKelvey & Palfrey 1998)."""
    nodes: list[Node] = []
    _collect(root, nodes)
    sizes = [len(next(n for n in nodes if n.information_set == k).after) for k in range(_count(nodes))]

    def respond(at, strategies):
        reached = {id(n): 0.0 for n in nodes}
        _reach(root, 1.0, strategies, reached)
        return [logit(v, at) for v in _conditional_values(nodes, reached, strategies)]

    return follow(respond, sizes, rationality, steps)


def value(node: Node | tuple[float, ...], strategies: Strategies) -> np.ndarray:
    """Every player's expected payoff from a node on."""
    if not isinstance(node, Node):
        return np.array(node)
    chances = strategies[node.information_set]
    return sum(p * value(child, strategies) for p, child in zip(chances, node.after, strict=True))


def _conditional_values(nodes: list[Node], reached: dict[int, float], strategies: Strategies) -> Strategies:
    """Per information set, each action's expected payoff given that the set is reached."""
    values = []
    for k in range(_count(nodes)):
        inside = [n for n in nodes if n.information_set == k]
        weight = np.array([reached[id(n)] for n in inside])
        by_node = np.array([[value(child, strategies)[n.player] for child in n.after] for n in inside])
        values.append(weight @ by_node / weight.sum())
    return values


def _collect(node: Node | tuple[float, ...], into: list[Node]) -> None:
    if isinstance(node, Node):
        into.append(node)
        for child in node.after:
            _collect(child, into)


def _count(nodes: list[Node]) -> int:
    return 1 + max(n.information_set for n in nodes)


def _reach(node: Node | tuple[float, ...], chance: float, strategies: Strategies, into: dict[int, float]) -> None:
    if isinstance(node, Node):
        into[id(node)] += chance
        for p, child in zip(strategies[node.information_set], node.after, strict=True):
            _reach(child, chance * p, strategies, into)


def read_tree(text: str) -> Node:
    """A tree from Gambit's extensive-form text, nodes without chance moves; sets numbered in order of appearance."""
    body = text[text.index("\np ") :]
    lines = [line for line in body.splitlines() if re.match(r"[pt] ", line)]
    numbers: dict[tuple[str, str], int] = {}

    def read() -> Node | tuple[float, ...]:
        line = lines.pop(0)
        if line.startswith("t"):
            return tuple(float(x) for x in re.findall(r"-?[\d.]+", line[line.index("{") :]))
        player, number = re.match(r'p "[^"]*" (\d+) (\d+)', line).groups()
        actions = len(re.findall(r'"[^"]*"', line[line.index("{") :]))
        mine = numbers.setdefault((player, number), len(numbers))
        return Node(mine, int(player) - 1, tuple(read() for _ in range(actions)))

    return read()


def follow(respond: Respond, sizes: Sequence[int], rationality: float, steps: int, start=None) -> Strategies:
    """A fixed point of `respond` by continuation in λ from uniform choice, or by Newton from `start`."""
    point = np.concatenate([np.full(k, 1.0 / k) for k in sizes] if start is None else start)
    path = np.linspace(0.0, rationality, steps + 1)[1:] if start is None else [rationality]
    for at in path:
        point = _newton(respond, at, point, sizes)
    strategies = _split(point, sizes)
    gap = max(np.abs(a - b).max() for a, b in zip(respond(rationality, strategies), strategies, strict=True))
    assert gap < 1e-11, f"the yardstick itself failed: gap {gap}"
    return strategies


def _split(point: np.ndarray, sizes: Sequence[int]) -> Strategies:
    return np.split(point, np.cumsum(sizes)[:-1])


def _newton(respond: Respond, rationality: float, point: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    def gap_at(at):
        return np.concatenate(respond(rationality, _split(at, sizes))) - at

    for _ in range(30):
        gap = gap_at(point)
        if np.abs(gap).max() < 1e-14:
            break
        h = 1e-7
        slope = [(gap_at(point + h * e) - gap) / h for e in np.eye(len(point))]
        point = point - np.linalg.solve(np.array(slope).T, gap)
    return point
