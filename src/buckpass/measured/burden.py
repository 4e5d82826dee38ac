"""Do the larger powers carry more (Olson & Zeckhauser 1966): rank correlation of size and burden."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from buckpass.case import Case
from buckpass.case.coded import sources_of
from buckpass.results.summary import LEVEL
from buckpass.results.table import ResultTable

__all__ = ["RankCorrelation", "burden_table", "rank_correlation"]

FEWEST = 4


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's ρ of n pairs with a 90 % interval (Fisher z, variance of Bonett & Wright 2000); none below n = 4.

    held : how many other quantities are held constant; each takes one pair's worth of certainty.
    """

    rho: float | None
    low: float | None
    high: float | None
    n: int
    held: int = 0

    def p_above(self, threshold: float) -> float | None:
        """Probability that ρ lies above a threshold, under the same normal approximation on the z scale."""
        if self.rho is None or self.low is None:
            return None
        z, sd = _z(self.rho), _sd(self.rho, self.n - self.held)
        return float(ndtr((z - _z(threshold)) / sd))


def rank_correlation(x: np.ndarray, y: np.ndarray, common: np.ndarray | None = None) -> RankCorrelation:
    """Spearman's ρ of two samples, of what is left when a third is held constant (`common`); undefined where one does not vary.

    >>> rank_correlation(np.arange(5.0), np.arange(5.0)).rho
    1.0
    """
    n = len(x)
    samples, held = ((x, y), 0) if common is None else ((x, y, common), 1)
    if n < 2 or any(np.ptp(v) == 0 for v in samples):
        return RankCorrelation(None, None, None, n, held)
    ranks = np.stack([pl.Series(np.asarray(v)).rank("average").to_numpy() for v in samples])
    rho = _partial(np.corrcoef(ranks))
    if rho is None or n - held < FEWEST:
        return RankCorrelation(rho, None, None, n, held)
    reach = ndtri((1 + LEVEL) / 2) * _sd(rho, n - held)
    return RankCorrelation(rho, math.tanh(_z(rho) - reach), math.tanh(_z(rho) + reach), n, held)


def _partial(between: np.ndarray) -> float | None:
    """Correlation of the first two of samples given the third where there is one; none where the third is one of them again."""
    rho = between[0, 1]
    if len(between) == 3:
        x, y = between[0, 2], between[1, 2]
        left = (1 - x**2) * (1 - y**2)
        if left < 1e-12:
            return None
        rho = (rho - x * y) / math.sqrt(left)
    return round(float(np.clip(rho, -1, 1)), 12)


def burden_table(case: Case, rows: pl.DataFrame) -> ResultTable:
    """By theatre: rank correlation over powers of mean capacity with mean cost borne per crisis looked up.

    Cost borne is the ladder's cost of the rung taken. ρ near 1: the large carry the small; near 0: burden does not
    follow size.
    """
    measure = case.settings.measures.capacity
    keys = sources_of(case.series.filter(pl.col("series").is_in(measure.series))["source_id"])
    return ResultTable(
        _burdens(case, rows),
        "Whether larger powers carry more",
        {"rho": "Spearman's rank correlation", "n": "powers", "crises": "most crises looked up for a power"},
        f"Size: mean of {', '.join(map(case.series_name, measure.series))} over the case's years. Burden: mean ladder cost of the rung taken "
        "per crisis looked up. With so few powers the interval is wide whatever the record says.",
        keys,
        case.hash,
    )


def _burdens(case: Case, rows: pl.DataFrame) -> pl.DataFrame:
    """One row a theatre in which enough powers acted: ρ, its interval, powers, crises."""
    size = _size(case)
    cost = dict(enumerate(case.ladder.cost))
    known = rows.filter(
        pl.col("actor").is_in(list(size)) & pl.col("rung").is_not_null() & (pl.col("scope") != "belligerent")
    )
    borne = known.with_columns(
        pl.col("rung").cast(pl.Int64).replace_strict(cost, return_dtype=pl.Float64).alias("cost")
    )
    result = []
    for theatre in case.theatres:
        mean = borne.filter(pl.col("theatre") == theatre).group_by("actor", maintain_order=True).agg(
            pl.col("cost").mean(), pl.len().alias("n"))  # fmt: skip
        found = rank_correlation(np.array([size[a] for a in mean["actor"]]), mean["cost"].to_numpy())
        if found.n >= FEWEST:
            result.append({"theatre": theatre, "rho": found.rho, "low": found.low, "high": found.high, "n": found.n,
                           "crises": max(mean["n"].to_list())})  # fmt: skip
    real = dict.fromkeys(("rho", "low", "high"), pl.Float64)
    return pl.DataFrame(result, schema={"theatre": pl.String, **real, "n": pl.Int64, "crises": pl.Int64})


def _size(case: Case) -> dict[str, float]:
    measure = case.settings.measures.capacity
    first, last = case.settings.years
    rows = case.series.filter(
        pl.col("series").is_in(measure.series)
        & pl.col("actor").is_in(case.powers)
        & pl.col("year").is_between(first, last)
    )
    return dict(rows.group_by("actor", maintain_order=True).agg(pl.col("value").mean()).iter_rows())


def _z(rho: float) -> float:
    return math.atanh(min(max(rho, -1 + 1e-9), 1 - 1e-9))


def _sd(rho: float, n: int) -> float:
    return math.sqrt((1 + rho**2 / 2) / (n - 3))
