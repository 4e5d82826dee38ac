"""What the years ahead would have looked like from an earlier year, beside what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.case.ladder import Rungs
from buckpass.fitting.posterior import Posterior
from buckpass.predict.which_fits import Basis, basis_of
from buckpass.results.summary import interval
from buckpass.results.table import ResultTable, ShowsItself
from buckpass.years.arrivals import past_of
from buckpass.years.indicators import BY_POWER
from buckpass.years.scenario import scenario_of
from buckpass.years.starting_point import trade_at
from buckpass.years.tiles import all_histories, play_tiles
from buckpass.years.world import world_of
from buckpass.years.year_problems import FuturesError

__all__ = ["Backtest", "NothingToCompare", "Score", "backtest"]

STARTS = (2005, 2015)


class NothingToCompare(FuturesError):
    """The record has no year after the start, or none before it."""


@dataclass(frozen=True)
class Score:
    """One quantity at the end of the record: the fan, what happened, and the naive guess that the past goes on.

    crps : continuous ranked probability score of the fan (lower is better), naive_crps : of the naive guess.
    """

    start: int
    quantity: str
    of: str
    seen: float
    low: float
    median: float
    high: float
    naive: float
    crps: float
    naive_crps: float

    @property
    def is_covered(self) -> bool:
        """Whether what happened lies in the 90 % band."""
        return self.low <= self.seen <= self.high


@dataclass(frozen=True)
class Backtest(ShowsItself):
    """All scores; the posterior is that of the whole record, so only arrivals, series and states are of the day."""

    scores: tuple[Score, ...]
    caveat: str = (
        "crisis rates, severities, requests, capacities, trade and commitments are those known at the start; "
        "the explanations' parameters and the growth rates set by hand are from the whole record"
    )

    @property
    def coverage(self) -> float:
        """Share of quantities that fall into the 90 % band."""
        return float(np.mean([s.is_covered for s in self.scores]))

    @property
    def skill(self) -> float:
        """1 - Σ crps / Σ naive crps, each quantity scaled by its naive score where that is above zero."""
        pairs = [(s.crps, s.naive_crps) for s in self.scores if s.naive_crps > 0]
        return 1.0 - float(np.mean([c / n for c, n in pairs])) if pairs else float("nan")

    def table(self) -> ResultTable:
        """One row per quantity."""
        frame = pl.DataFrame([{**asdict(s), "is_covered": s.is_covered} for s in self.scores])
        return ResultTable(frame, "The past as it would have been foreseen", {}, self.caveat)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "coverage": self.coverage,
            "skill": self.skill,
            "caveat": self.caveat,
            "scores": self.table().rows(),
        }


def backtest(
    case: Case,
    posteriors: Mapping[str, Posterior],
    starts: Sequence[int] = STARTS,
    histories: int = 4096,
    seed: int = 0,
) -> Backtest:
    """Play from each start to the end of the record with what was known then, and score the fan.

    Compared: crises by host, crises in which nobody went beyond words, mean highest rung and deployments by power, trade
    share and log capacity by power. The naive guess is that yearly rates and shares of the past go on.

    Raises `NothingToCompare` where a start leaves no year on one side.
    """
    basis, scores = basis_of(case, posteriors), []
    for start in starts:
        years = case.settings.years[1] - start + 1
        if years < 1 or start <= case.settings.years[0]:
            first, last = case.settings.years
            raise NothingToCompare(
                f"a start in {start} leaves no years on one side of it; the record runs from {first} to {last}: "
                f"choose a start from {first + 1} to {last}"
            )
        scores += _scored(case, basis, start, years, histories, seed)
    return Backtest(tuple(scores))


def _scored(case: Case, basis: Basis, start: int, years: int, histories: int, seed: int) -> list[Score]:
    world, labels = world_of(scenario_of(case, (), start), basis, years, seed)
    tiles = list(play_tiles([world], seed, years, histories))
    by_power, by_host = all_histories(tiles, 0)
    fans = _fans(by_power, by_host, labels, case.rungs)
    after, before = (
        _facts(case, labels, start, case.settings.years[1] + 1),
        _facts(case, labels, case.settings.years[0], start),
    )
    gone = years / (start - case.settings.years[0])
    out = []
    for (quantity, of), draws in fans.items():
        seen = after.get((quantity, of))
        if seen is None or not np.isfinite(seen):
            continue
        past = before.get((quantity, of), np.nan)
        naive = past * gone if quantity in COUNTS else past
        low, high = interval(draws)
        out.append(
            Score(start, quantity, of, float(seen), low, float(np.median(draws)), high, float(naive),
                  _crps(draws, seen), abs(float(naive) - float(seen)))
        )  # fmt: skip
    return out


COUNTS = ("crises", "nobody beyond words", "years with a deployment", "years beyond words")


def _fans(
    by_power: Sequence[np.ndarray], by_host: Sequence[np.ndarray], labels, rungs: Rungs
) -> dict[tuple[str, str], np.ndarray]:
    """Quantities of each history at the end of the years."""
    fans: dict[tuple[str, str], np.ndarray] = {}
    for h, host in enumerate(labels.hosts):
        fans["crises", host] = by_host[0][:, :, h].sum(0)
    fans["nobody beyond words", "all hosts"] = by_host[1].sum(axis=(0, 2))
    for i, power in enumerate(labels.powers):
        fans["economic share", power] = by_power[BY_POWER.index("economic_share")][-1, :, i]
        highest = by_power[BY_POWER.index("rung")][:, :, i]
        fans["years with a deployment", power] = (highest >= rungs.deployment).sum(0)
        fans["years beyond words", power] = (highest >= rungs.beyond_words).sum(0)
    return fans


def _facts(case: Case, labels, first: int, end: int) -> dict[tuple[str, str], float]:
    """The same quantities of the record between two years (the second not included)."""
    theatre, rungs = pl.col("theatre") == case.settings.focus.theatre, case.rungs
    rows = case.crises.filter(theatre & (pl.col("start") >= date(first, 1, 1)) & (pl.col("start") < date(end, 1, 1)))
    acts = case.coded.filter(pl.col("rung").is_not_null() & pl.col("actor").is_in(list(labels.powers)))
    years = rows.select(pl.col("crisis_id").alias("crisis"), pl.col("start").dt.year().alias("year"))
    acts = acts.join(years, on="crisis")
    facts: dict[tuple[str, str], float] = {}
    for host in labels.hosts:
        facts["crises", host] = float(sum(1 / len(h) for h in rows["host"].to_list() if host in h))
    highest = acts.group_by("crisis").agg(pl.col("rung").max())
    facts["nobody beyond words", "all hosts"] = float((highest["rung"] < rungs.beyond_words).sum())
    shares = np.exp(trade_at(past_of(case, end)))
    total = np.nansum(shares)
    for i, power in enumerate(labels.powers):
        mine = acts.filter(pl.col("actor") == power).group_by("year").agg(pl.col("rung").max())
        facts["years with a deployment", power] = float((mine["rung"] >= rungs.deployment).sum())
        facts["years beyond words", power] = float((mine["rung"] >= rungs.beyond_words).sum())
        if np.isfinite(shares[:, i]).any() and total > 0:
            facts["economic share", power] = float(np.nansum(shares[:, i]) / total)
    return facts


def _crps(draws: np.ndarray, seen: float) -> float:
    """E|X - y| - ½ E|X - X'| (Gneiting & Raftery 2007), from sorted draws."""
    ordered = np.sort(draws.astype(float))
    n = ordered.size
    spread = 2.0 * np.sum((2 * np.arange(1, n + 1) - n - 1) * ordered) / (n * n)
    return float(np.abs(ordered - seen).mean() - 0.5 * spread)
