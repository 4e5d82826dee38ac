"""What each mechanism adds to the controls alone and given all the others: tests within one model (model §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from buckpass.case.problems import BuckpassError
from buckpass.fitting.differences import Clusters, ScoreGap, difference, least_optimism, optimism
from buckpass.fitting.scoring import LeaveOneOut
from buckpass.model.mechanisms import ALL, ARGUMENT, BASE

__all__ = [
    "Added",
    "BaseNotEstimable",
    "Candidates",
    "NestedTests",
    "Optimism",
    "candidates_of",
    "nested",
    "without_crisis",
]


class BaseNotEstimable(BuckpassError):
    """The fit of the controls alone is missing or failed: there is nothing that a mechanism could be tested against."""


@dataclass(frozen=True)
class Added:
    """What one mechanism adds to the score; None where a fit that the difference needs is missing or failed.

    alone : base with it over base. given_the_rest : all over all without it.
    """

    id: str
    alone: ScoreGap | None
    given_the_rest: ScoreGap | None


class Optimism(NamedTuple):
    """How much too well the leader looks for having been picked as the best of several (nats).

    if_equal : the most that this could be: if none of them added more than another. tested : of how many it is the best.
    """

    expected: float
    if_equal: float
    tested: int


@dataclass(frozen=True)
class Candidates:
    """Differences of which the best is picked, [candidate, crisis]; what that owes to chance is drawn when it is asked for."""

    gaps: Float[np.ndarray, "m c"]
    clusters: Clusters

    @cached_property
    def optimism(self) -> Optimism:
        """What the best of them owes to having been picked: to be taken off it. The only one has not been picked."""
        if len(self.gaps) < 2:
            return Optimism(0.0, 0.0, len(self.gaps))
        return Optimism(*optimism(self.gaps, self.clusters), len(self.gaps))

    def gaining(self, gaps: Mapping[str, ScoreGap | None]) -> tuple[str, ...]:
        """Those above none by more than two standard errors without what they owe to chance."""
        least = least_optimism(self.gaps, self.clusters) if len(self.gaps) > 1 else 0.0
        some = {name: gap for name, gap in gaps.items() if gap is not None and gap.is_gain_beyond(least)}
        return tuple(name for name, gap in some.items() if gap.is_gain_beyond(self.optimism.expected))


@dataclass(frozen=True)
class NestedTests:
    """Nested tests of one reading of the record.

    base, all, argument : sums of the scores over crises (nats); all and argument None where their fit is missing or failed.
    all_over_base, argument_over_base : what they predict better than the controls alone.
    mechanisms : what each adds, in the order given. alone, given : the differences of which the best is picked, alone and given
    the rest. leader : the one that adds most alone. ties : those, in the order of
    what they add, whose distance from the leader is within two standard errors.
    """

    crises: tuple[str, ...]
    base: ScoreGap
    all: ScoreGap | None
    argument: ScoreGap | None
    all_over_base: ScoreGap | None
    argument_over_base: ScoreGap | None
    mechanisms: tuple[Added, ...]
    alone: Candidates
    given: Candidates
    leader: str | None
    ties: tuple[str, ...]

    def __getitem__(self, mechanism: str) -> Added:
        return next(one for one in self.mechanisms if one.id == mechanism)

    @property
    def optimism(self) -> Optimism:
        """What the best of them owes to chance, alone."""
        return self.alone.optimism

    @property
    def optimism_given(self) -> Optimism:
        """The same, given the rest."""
        return self.given.optimism

    @property
    def beating_base(self) -> tuple[str, ...]:
        """Mechanisms that explain anything measurable by themselves.

        Over the controls by more than two standard errors, without what the best of so many owes to chance: each of them
        could have been the one that chance lifted.
        """
        return self.alone.gaining({m.id: m.alone for m in self.mechanisms})

    @property
    def beating_the_rest(self) -> tuple[str, ...]:
        """Mechanisms that explain anything that the others do not."""
        return self.given.gaining({m.id: m.given_the_rest for m in self.mechanisms})

    @property
    def better_than_base(self) -> tuple[str, ...]:
        """The same, and `all` and `argument` where they do so together: nobody picked these from among others."""
        together = {ALL: self.all_over_base}
        if self.argument_over_base not in [m.alone for m in self.mechanisms]:  # else it is one mechanism
            together[ARGUMENT] = self.argument_over_base
        return (*self.beating_base, *(name for name, gap in together.items() if gap is not None and gap.is_gain))


def nested(
    scores: Mapping[str, LeaveOneOut], clusters: Clusters, mechanisms: Sequence[str], argument: str | None = None
) -> NestedTests:
    """The tests from the scores of the combinations, each crisis left out in turn.

    Parameters
    ----------
    scores : per combination (base, FR, all, all-FR, …), of fits that passed their diagnostics, of the same crises.
    clusters : of those crises. mechanisms : ids. argument : the combination that the case's argument names.

    Raises
    ------
    BaseNotEstimable
        There is no score of the controls alone.
    ValueError
        The fits were scored on different crises.
    """
    if BASE not in scores:
        raise BaseNotEstimable("the fit of the controls alone (base) is missing or failed its diagnostics, so there is nothing "
                               "to test a mechanism against; fit it with: buckpass fit CASE -o FOLDER --explanation base")  # fmt: skip
    crises = scores[BASE].crises
    odd = [name for name, one in scores.items() if one.crises != crises]
    if odd:
        raise ValueError(
            f"{', '.join(odd)} and base were scored on different crises, so they cannot be compared; fit them again"
        )

    def gap(more: str | None, less: str) -> ScoreGap | None:
        if more is None or more not in scores or less not in scores:
            return None
        return difference(scores[more].elpd - scores[less].elpd, clusters)

    def total(name: str | None) -> ScoreGap | None:
        return difference(scores[name].elpd, clusters) if name is not None and name in scores else None

    added = tuple(Added(m, gap(m, BASE), gap(ALL, f"{ALL}-{m}")) for m in mechanisms)
    return NestedTests(
        crises, difference(scores[BASE].elpd, clusters), total(ALL), total(argument), gap(ALL, BASE), gap(argument, BASE), added,
        *_candidates(scores, clusters, added), *_leading(scores, clusters, added),
    )  # fmt: skip


def without_crisis(scores: Mapping[str, LeaveOneOut], crisis: int) -> dict[str, LeaveOneOut]:
    """The scores without those of one crisis, by position; the fits still saw it when they predicted the others."""
    keep = np.arange(len(next(iter(scores.values())).crises)) != crisis
    return {
        name: LeaveOneOut(tuple(np.array(s.crises)[keep]), s.elpd[keep], s.k[keep], s.is_exact[keep])
        for name, s in scores.items()
    }


def _candidates(
    scores: Mapping[str, LeaveOneOut], clusters: Clusters, added: Sequence[Added]
) -> tuple[Candidates, Candidates]:
    """What mechanisms add alone, and what they add given the rest."""
    alone = [(m.id, BASE) for m in added if m.alone]
    given = [(ALL, f"{ALL}-{m.id}") for m in added if m.given_the_rest]
    return candidates_of(scores, alone, clusters), candidates_of(scores, given, clusters)


def candidates_of(
    scores: Mapping[str, LeaveOneOut], tested: Sequence[tuple[str, str]], clusters: Clusters
) -> Candidates:
    """tested : the fits of each difference, first the one that has more."""
    gaps = [scores[more].elpd - scores[less].elpd for more, less in tested]
    return Candidates(np.array(gaps).reshape(len(gaps), len(scores[BASE].crises)), clusters)


def _leading(
    scores: Mapping[str, LeaveOneOut], clusters: Clusters, added: Sequence[Added]
) -> tuple[str | None, tuple[str, ...]]:  # fmt: skip
    """The leader, and those that tie with it, the nearest first."""
    ranked = [one.id for one in sorted(added, key=lambda one: -_gain(one)) if one.alone is not None]
    if not ranked:
        return None, ()
    best, *others = ranked
    return best, tuple(m for m in others if difference(scores[m].elpd - scores[best].elpd, clusters).is_tie)


def _gain(one: Added) -> float:
    return one.alone.diff if one.alone is not None else -np.inf
