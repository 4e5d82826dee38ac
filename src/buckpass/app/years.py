"""The decades ahead in the dashboard: the baseline at once, a scenario first roughly and then finely."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

from buckpass.case import BadOverride, Case
from buckpass.fit.posterior import Posterior
from buckpass.futures import Futures, Plan, simulate

__all__ = ["ROUGH_AND_FINE", "play", "usable_ahead"]

YEARS = 25
ROUGH_AND_FINE = (200, 2_000)  # histories of the first picture, and of the one that takes its place
_ONE_AT_A_TIME = threading.Lock()  # a simulation uses every core: visitors wait for each other instead of for all


def play(
    case: Case,
    posteriors: Mapping[str, Posterior],
    weights: Mapping[str, float],
    changes: Sequence[str],
    histories: int,
) -> Futures:
    """So many histories under the changes, beside the baseline on the same random numbers."""
    with _ONE_AT_A_TIME:
        return simulate(case, posteriors, tuple(changes), Plan(years=YEARS, histories=histories, weights=weights))


def usable_ahead(case: Case, changes: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The changes that can be made in the years ahead, and in words why the others cannot."""
    kept, problems = [], []
    for text, reason in _tried(case, changes):
        if reason is None:
            kept.append(text)
        else:
            problems.append(reason)
    return tuple(kept), tuple(problems)


def _tried(case: Case, changes: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    from buckpass.futures.problems import NotAFuturesChange
    from buckpass.futures.scenario import scenario_of

    for text in changes:
        try:
            scenario_of(case, (text,))
        except (BadOverride, NotAFuturesChange) as error:
            yield text, str(error)
        else:
            yield text, None
