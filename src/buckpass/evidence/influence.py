"""On which crises and cells a conclusion hangs: what changes when one is taken out or coded otherwise (model §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from buckpass.evidence.nested import NestedTests, nested, without_crisis
from buckpass.fitting.differences import Clusters
from buckpass.fitting.scoring import LeaveOneOut, importance_weights, pareto_k_limit
from buckpass.model.mechanisms import BASE

__all__ = ["Cell", "CellScores", "Hinge", "cell_scores", "hangs_on_cells", "hangs_on_crises"]


@dataclass(frozen=True)
class Cell:
    """One response coded as one rung of its band."""

    crisis: str
    power: str
    rung: int


@dataclass(frozen=True)
class CellScores:
    """Scores of one fit under each other coding of one cell.

    elpd : sum over crises (nats), [coding]. is_trusted : whether the draws of the fit reach that far: the importance weights
    of the other coding have a k̂ below the limit for so many draws.
    """

    cells: tuple[Cell, ...]
    elpd: Float[np.ndarray, " a"]
    is_trusted: np.ndarray


@dataclass(frozen=True)
class Hinge:
    """A crisis, or a cell (power and rung given), on which the leading mechanism or what beats base hangs.

    leader_without : the mechanism that leads without the crisis, or with the cell coded so. gained, lost : mechanisms, `all`
    or `argument` that beat base then and not now, and now and not then; none for a cell, of which only sums are known.
    gained_given, lost_given : the same of mechanisms that add to all the others.
    """

    crisis: str
    leader_without: str | None
    power: str | None = None
    rung: int | None = None
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    gained_given: tuple[str, ...] = ()
    lost_given: tuple[str, ...] = ()

    def as_dict(self) -> dict:
        """As JSON has it."""
        return {"crisis": self.crisis, "leader_without": self.leader_without, "power": self.power, "rung": self.rung,
                "gained": list(self.gained), "lost": list(self.lost), "gained_given": list(self.gained_given),
                "lost_given": list(self.lost_given)}  # fmt: skip


def hangs_on_crises(
    tests: NestedTests, scores: Mapping[str, LeaveOneOut], clusters: Clusters, argument: str | None = None
) -> tuple[Hinge, ...]:
    """The crises whose removal from the scores changes the leader, what beats base or what adds to the rest, in their order."""
    found = []
    mechanisms = [one.id for one in tests.mechanisms]
    for k, crisis in enumerate(tests.crises):
        keep = np.flatnonzero(np.arange(len(tests.crises)) != k)
        other = nested(without_crisis(scores, k), clusters.take(keep), mechanisms, argument)
        moved = (*_moved(tests.better_than_base, other.better_than_base),
                 *_moved(tests.beating_the_rest, other.beating_the_rest))  # fmt: skip
        if other.leader != tests.leader or any(moved):
            found.append(Hinge(crisis, other.leader, None, None, *moved))
    return tuple(found)


def _moved(now: Sequence[str], then: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(m for m in then if m not in now), tuple(m for m in now if m not in then)


def hangs_on_cells(tests: NestedTests, cells: Mapping[str, CellScores]) -> tuple[Hinge, ...]:
    """The cells of which another coding within the band changes the leader; codings that a fit's draws do not reach are left out."""
    tested = [one.id for one in tests.mechanisms if one.alone is not None and one.id in cells]
    if BASE not in cells or not tested:
        return ()
    gains = np.stack([cells[m].elpd - cells[BASE].elpd for m in tested])
    trusted = np.all([cells[m].is_trusted for m in (BASE, *tested)], axis=0)
    leaders = [tested[k] for k in np.argmax(gains, axis=0)]
    return tuple(
        Hinge(cell.crisis, leader, cell.power, cell.rung)
        for cell, leader, fine in zip(cells[BASE].cells, leaders, trusted, strict=True)
        if fine and leader != tests.leader
    )


def cell_scores(
    cells: Sequence[Cell], of_crisis: Int[np.ndarray, " a"], log_ratio: Float[np.ndarray, "s a"],
    log_likelihood: Float[np.ndarray, "s c"],
) -> CellScores:  # fmt: skip
    """Leave-one-crisis-out scores of a fit had one cell been coded otherwise, without fitting again.

    The posterior under the other coding is the one at hand times r(θ) = p(crisis | other coding, θ) / p(crisis | θ). The
    crisis of the cell is predicted by a posterior that never saw it, so only what is predicted changes; every other crisis
    is predicted by weights that take it out and take r in.

    Parameters
    ----------
    cells : the other codings. of_crisis : position of the crisis of each. log_ratio : log r at every draw. log_likelihood :
    of every crisis as coded, at every draw (nats).
    """
    from scipy.special import logsumexp  # a tenth of a second, for those who gather: what they kept is only read

    weights, _ = importance_weights(-log_likelihood.T)
    weights = weights.T  # [draw, crisis], each a distribution over draws without the crisis
    reach = importance_weights(log_ratio.T)[1]
    scale = log_ratio.max(axis=0)
    ratio = np.exp(log_ratio - scale)
    without, predicted = np.exp(weights), np.exp(weights + log_likelihood)
    total = np.log(ratio.T @ predicted) - np.log(ratio.T @ without)  # [coding, crisis]
    own = logsumexp(weights[:, of_crisis] + log_likelihood[:, of_crisis] + log_ratio, axis=0)
    total[np.arange(len(of_crisis)), of_crisis] = own
    return CellScores(tuple(cells), total.sum(axis=1), reach < pareto_k_limit(len(log_ratio)))
