"""The logit equilibrium of a game given in full, strategic or extensive, at a rationality: the branch from uniform choice."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from buckpass.game.gambit import ExtensiveGame, StrategicGame
from buckpass.game.path import PathSettings, follow
from buckpass.results.table import ResultTable, ShowsItself

__all__ = ["LogitEquilibrium", "logit_equilibrium"]

DEFAULT_PATH = PathSettings()


@dataclass(frozen=True)
class LogitEquilibrium(ShowsItself):
    """Who chooses what with which probability, at the rationality asked, on the branch that starts at uniform choice.

    `rows`: player, information set (of an extensive game), option, probability, payoff (expected from the option, in an
    extensive game once its information set is reached). `error`: the largest difference between a payoff and the one that the
    probabilities imply, as a share of the game's range of payoffs. `folds`, `branch_points`: rationalities at which the branch
    turns back or is crossed on the way.
    """

    title: str
    concept: str
    rationality: float
    rows: pl.DataFrame
    error: float
    folds: tuple[float, ...]
    branch_points: tuple[float, ...]

    def table(self) -> ResultTable:
        """Options with their probability and payoff."""
        notes = [f"{self.concept}, error {self.error:.1g} of the range of payoffs"]
        notes += [f"the branch turns back at {_listed(self.folds)}"] if self.folds else []
        notes += [f"other branches cross it at {_listed(self.branch_points)}"] if self.branch_points else []
        shown = self.rows.select(column for column in self.rows if column.name != "information_set" or any(column))
        units = {"payoff": "the file's", "probability": "0 to 1"}
        return ResultTable(shown, f"{self.title} at rationality {self.rationality:g}", units, "; ".join(notes) + ".")

    def as_dict(self) -> dict[str, Any]:
        """The equilibrium as plain values."""
        return {
            "title": self.title, "concept": self.concept, "rationality": self.rationality, "error": self.error,
            "folds": list(self.folds), "branch_points": list(self.branch_points), "rows": self.rows.to_dicts(),
        }  # fmt: skip


def _listed(rationalities: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4g}" for value in rationalities)


def logit_equilibrium(
    game: StrategicGame | ExtensiveGame, rationality: float, settings: PathSettings = DEFAULT_PATH
) -> LogitEquilibrium:
    """The logit quantal response equilibrium σ(a) ∝ exp(λ u(a)), followed from λ = 0 (McKelvey & Palfrey 1995).

    In an extensive game it is the agent form's: each information set chooses by the payoffs expected once it is reached
    (McKelvey & Palfrey 1998). The unknowns are the expected payoffs u, as the solver of crises has log residuals; the branch
    is followed by the same arc-length continuation (`path`), round folds, and kept through branch points.

    Parameters
    ----------
    game : the game.
    rationality : λ ≥ 0, per unit of the game's payoffs.

    Returns
    -------
    LogitEquilibrium

    Raises
    ------
    PathLost, where the branch cannot be followed to λ; ValueError, for a rationality below 0 or without end.
    """
    if not 0 <= rationality < np.inf:
        raise ValueError(f"rationality {rationality} is not 0 or more")
    form = _Strategic(game) if isinstance(game, StrategicGame) else _Extensive(game)
    scale = max(float(np.ptp(game.payoffs)), np.finfo(float).tiny)

    def gap(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        payoff, slope = form.payoffs(*_choice(form.groups, point, rationality * scale))
        jacobian = slope / scale - np.eye(len(payoff), len(payoff) + 1)
        return payoff / scale - point[:-1], jacobian

    uniform = _choice(form.groups, np.zeros(form.groups[-1].stop + 1), 0.0)
    start = form.payoffs(*uniform)[0] / scale
    if rationality == 0 or form.groups[-1].stop == len(form.groups):  # nothing to choose
        points, folds, crossings, error = np.append(start, 0.0)[None], (), (), 0.0
    else:
        points, folds, crossings, error = follow(np.append(start, 0.0), gap, settings, rationality)
    frame = _options(form, points[-1], rationality * scale, scale)
    return LogitEquilibrium(game.title, form.concept, rationality, frame, error, folds, crossings)


def _options(form: _Strategic | _Extensive, point: np.ndarray, rationality: float, scale: float) -> pl.DataFrame:
    """One row an option: who, at which information set, how likely, and what it pays."""
    log_sigma, _ = _choice(form.groups, point, rationality)
    rows = [
        (*who, option, float(np.exp(log_sigma[k])), float(point[k] * scale))
        for k, (*who, option) in enumerate(form.names)
    ]
    words = dict.fromkeys(("player", "information_set", "option"), pl.String)
    return pl.DataFrame(rows, schema={**words, "probability": pl.Float64, "payoff": pl.Float64}, orient="row")


def _choice(groups: tuple[slice, ...], point: np.ndarray, rationality: float) -> tuple[np.ndarray, np.ndarray]:
    """log σ of every option at a point (payoffs, share of the rationality), and its slopes in the point's numbers."""
    payoff, share = point[:-1], rationality * point[-1]
    log_sigma = share * payoff
    slope = np.zeros((len(payoff), len(point)))
    for group in groups:
        log_sigma[group] -= np.max(log_sigma[group])
        log_sigma[group] -= np.log(np.sum(np.exp(log_sigma[group])))
        sigma = np.exp(log_sigma[group])
        slope[group, group] = share * (np.eye(len(sigma)) - sigma)
        slope[group, -1] = rationality * (payoff[group] - sigma @ payoff[group])
    return log_sigma, slope


def _groups(sizes: list[int]) -> tuple[slice, ...]:
    ends = np.cumsum([0, *sizes])
    return tuple(slice(int(a), int(b)) for a, b in pairwise(ends))


class _Strategic:
    """Expected payoffs of every strategy when the others mix."""

    concept = "logit quantal response equilibrium"

    def __init__(self, game: StrategicGame):
        self.tables = game.payoffs
        self.groups = _groups([len(own) for own in game.strategies])
        self.names = [
            (player, "", one) for player, own in zip(game.players, game.strategies, strict=True) for one in own
        ]

    def payoffs(self, log_sigma: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sigma = [np.exp(log_sigma[group]) for group in self.groups]
        moved = [s[:, None] * slope[group] for s, group in zip(sigma, self.groups, strict=True)]
        payoff, change = np.empty(len(log_sigma)), np.zeros(slope.shape)
        for i, group in enumerate(self.groups):
            others = [j for j in range(len(sigma)) if j != i]
            if not others:
                payoff[group] = self.tables[i]
            for j in others:
                pair = self._against(i, j, sigma)
                payoff[group] = pair @ sigma[j]
                change[group] += pair @ moved[j]
        return payoff, change

    def _against(self, i: int, j: int, sigma: list[np.ndarray]) -> np.ndarray:
        """Player i's payoffs by its own strategy and j's, the others mixing."""
        table = self.tables[i]
        for k in reversed(range(len(sigma))):
            if k not in (i, j):
                table = np.tensordot(table, sigma[k], axes=(k, 0))
        return table if i < j else table.T


class _Extensive:
    """Expected payoffs of every action, once its information set is reached."""

    concept = "agent logit quantal response equilibrium"

    def __init__(self, game: ExtensiveGame):
        self.game = game
        self.groups = _groups([len(one.actions) for one in game.sets])
        self.names = [
            (game.players[one.player], one.name or str(k + 1), action)
            for k, one in enumerate(game.sets)
            for action in one.actions
        ]

    def payoffs(self, log_sigma: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        log_reach, reach_slope = self._reach(log_sigma, slope)
        value, value_slope = self._values(log_sigma, slope)
        payoff, change = np.empty(len(log_sigma)), np.empty(slope.shape)
        for group, one in zip(self.groups, self.game.sets, strict=True):
            nodes = list(one.nodes)
            weight = np.exp(log_reach[nodes] - np.max(log_reach[nodes]))
            weight /= weight.sum()
            moved = weight[:, None] * (reach_slope[nodes] - weight @ reach_slope[nodes])
            for a in range(len(one.actions)):
                ends = [self.game.children[node][a] for node in nodes]
                reached = value[ends, one.player]
                payoff[group.start + a] = weight @ reached
                change[group.start + a] = weight @ value_slope[ends, one.player] + reached @ moved
        return payoff, change

    def _branches(self, node: int, log_sigma: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """log of the probability of each branch of a node, and its slopes."""
        chosen = self.game.choice[node]
        if chosen < 0:
            with np.errstate(divide="ignore"):  # a branch that nature never takes
                return np.log(self.game.chance[node]), np.zeros((len(self.game.chance[node]), slope.shape[1]))
        return log_sigma[self.groups[chosen]], slope[self.groups[chosen]]

    def _reach(self, log_sigma: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        reach, moved = np.zeros(len(self.game.children)), np.zeros((len(self.game.children), slope.shape[1]))
        for node, children in enumerate(self.game.children):
            if children:
                log_p, p_slope = self._branches(node, log_sigma, slope)
                reach[list(children)] = reach[node] + log_p
                moved[list(children)] = moved[node] + p_slope
        return reach, moved

    def _values(self, log_sigma: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value = self.game.payoffs.copy()
        moved = np.zeros((*value.shape, slope.shape[1]))
        for node in reversed(range(len(value))):
            children = list(self.game.children[node])
            if children:
                log_p, p_slope = self._branches(node, log_sigma, slope)
                p = np.exp(log_p)
                value[node] += p @ value[children]
                moved[node] = np.tensordot(p, moved[children], axes=1) + np.einsum(
                    "a,ap,ak->pk", p, value[children], p_slope
                )
        return value, moved
