"""The state of the theatre in the first year, from the record and the series before it."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float

from buckpass.case import Case
from buckpass.game.covariates import log_odds, nearest_survey
from buckpass.years.arrivals import Past
from buckpass.years.parameters import fraction_left
from buckpass.years.year_problems import NoCapacity

__all__ = ["base_rows", "capacity_at", "commitments_at", "opinions_at", "security_at", "spread_of", "trade_at"]

LONGEST_SHOCK = 0.4  # a yearly change of log beyond this is a change of coverage, not of the thing counted


def capacity_at(case: Case, first_year: int) -> Float[np.ndarray, " p"]:
    """log capacity of each power: the last figure before the year; NaN where there is none."""
    measure = case.settings.measures.capacity
    rows = case.series.filter(pl.col("series").is_in(measure.series) & (pl.col("year") < first_year))
    values = np.array([_last(rows.filter(pl.col("actor") == p)) for p in case.powers])
    if np.isnan(values).all():
        wanted = ", ".join(measure.series)
        raise NoCapacity(
            f"{case.id} has no capacity ({wanted}) of any power before {first_year}, from which the years ahead could "
            "start: add the figures to series.csv"
        )
    return np.log(values)


def trade_at(past: Past) -> Float[np.ndarray, "h p"]:
    """log trade of each power with each host, in the unit of the first series that has both; NaN where none has."""
    measure = past.case.settings.measures.economic
    out = np.full((len(past.hosts), len(past.case.powers)), np.nan)
    for h, host in enumerate(past.hosts):
        for name in measure.series:
            rows = past.case.series.filter(
                (pl.col("series") == name) & (pl.col("partner") == host) & (pl.col("year") < past.first_year)
            )
            values = {p: _last(rows.filter(pl.col("actor") == p)) for p in measure.powers}
            if all(v > 0 for v in values.values()):
                for power, value in values.items():
                    out[h, past.case.powers.index(power)] = math.log(value)
    return out


def spread_of(case: Case, series: tuple[str, ...], first_year: int) -> float:
    """Standard deviation of yearly changes of the log of a series, pooled over its dyads; 0 without three of them."""
    rows = case.series.filter(pl.col("series").is_in(series) & (pl.col("year") < first_year) & (pl.col("value") > 0))
    changes = (
        rows.sort("series", "actor", "partner", "year")
        .with_columns(
            pl.col("value").log().diff().over("series", "actor", "partner").alias("change"),
            pl.col("year").diff().over("series", "actor", "partner").alias("gap"),
        )
        .filter((pl.col("gap") == 1) & (pl.col("change").abs() < LONGEST_SHOCK))["change"]
    )
    return float(np.std(changes.to_numpy(), ddof=1)) if len(changes) > 2 else 0.0


def opinions_at(past: Past) -> Float[np.ndarray, "h p"]:
    """Log-odds of unfavourable opinion of each power in each host, the survey nearest the year; NaN where none."""
    out = np.full((len(past.hosts), len(past.case.powers)), np.nan)
    for h, host in enumerate(past.hosts):
        for i, power in enumerate(past.case.powers):
            if survey := nearest_survey(past.case, [host], power, past.first_year):
                out[h, i] = log_odds(survey.value)
    return out


def commitments_at(case: Case, first_year: int, half_life: float) -> Float[np.ndarray, " p"]:
    """D: deployments of the record, wherever they were, each halved with every `half_life` years since it ended."""
    return _decayed(case, case.crises, first_year, half_life, lambda rung: float(rung >= case.rungs.deployment))


def security_at(past: Past, half_life: float) -> Float[np.ndarray, " p"]:
    """Influence in security from what each power did in the theatre before the first year, decayed likewise."""
    influence = past.case.ladder.influence
    return _decayed(past.case, past.crises, past.first_year, half_life, lambda rung: influence[rung])


def base_rows(past: Past, on: date) -> dict[str, list[str]]:
    """The powers with forces stationed in each host on a day, as its last crisis before the first year has it.

    Forces that left since then, of themselves or sent away, do not come back by themselves, also where the host opens again.
    """
    rows = past.crises.sort("start")
    return {h: _bases(past.case, h, rows.filter(pl.col("host").list.contains(h)), on) for h in past.hosts}


def _bases(case: Case, host: str, rows: pl.DataFrame, on: date) -> list[str]:
    if rows.is_empty():
        return []
    since = rows["start"][-1]
    left = {a.power for a in case.settings.access if a.host == host and since < a.from_ <= on}
    return [power for power in rows["bases"][-1] if power not in left]


def _decayed(case: Case, crises: pl.DataFrame, first_year: int, half_life: float, worth) -> Float[np.ndarray, " p"]:
    begin = date(first_year, 1, 1)
    stock = np.zeros(len(case.powers))
    acts = case.coded.filter(pl.col("actor").is_in(list(case.powers)) & pl.col("rung").is_not_null())
    known = crises.filter(pl.col("start") < begin).select(pl.col("crisis_id").alias("crisis"), "end")
    for row in acts.join(known, on="crisis").sort("crisis", "actor").iter_rows(named=True):
        age = max((begin - row["end"]).days / 365.25, 0.0) if row["end"] else 0.0
        stock[case.powers.index(row["actor"])] += worth(row["rung"]) * fraction_left(half_life, age)
    return stock


def _last(rows: pl.DataFrame) -> float:
    known = rows.drop_nulls("value").sort("year")
    return float(known["value"][-1]) if len(known) else np.nan
