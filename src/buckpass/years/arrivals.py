"""What the record says about crises to come: how often, of which type, how severe, and whom hosts ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float

from buckpass.case import Case

__all__ = ["Past", "past_of", "request_table", "severity_table", "type_rates"]

PRIOR_SHAPE = 0.5  # Gamma(½, ·): Jeffreys' prior of a Poisson rate, split over the types of crisis
QUANTILES = np.linspace(0.0, 1.0, 33)
ENOUGH = 4  # a type with fewer crises than this takes its severities from all crises of the theatre


@dataclass(frozen=True)
class Past:
    """The theatre's crises before the first year, and how long they were watched."""

    case: Case
    hosts: tuple[str, ...]
    types: tuple[str, ...]
    crises: pl.DataFrame
    first_year: int
    years_watched: int


def past_of(case: Case, first_year: int) -> Past:
    """The focus theatre's record before `first_year`; hosts are those of its crises and of the economic measure."""
    theatre = case.settings.focus.theatre
    ever = case.crises.filter(pl.col("theatre") == theatre)
    named = {h for hosts in ever["host"].to_list() for h in hosts} | set(case.settings.measures.economic.partners)
    hosts = tuple(h for h in case.hosts if h in named)
    before = ever.filter(pl.col("start") < date(first_year, 1, 1))
    types = tuple(sorted(set(ever["type"])))
    return Past(case, hosts, types, before, first_year, max(first_year - case.settings.years[0], 1))


def type_rates(past: Past, draws: int, rng: np.random.Generator) -> Float[np.ndarray, "b h t"]:
    """Posterior draws of crises per year, by host and type.

    λ_hτ ~ Gamma(a_τ + n_hτ, years watched): Gamma-Poisson, the prior of a host spread over types as the whole theatre's
    crises are. A crisis with two hosts counts half in each.
    """
    counts = np.zeros((len(past.hosts), len(past.types)))
    for row in past.crises.iter_rows(named=True):
        for host in row["host"]:
            counts[past.hosts.index(host), past.types.index(row["type"])] += 1 / len(row["host"])
    pooled = counts.sum(0) + 1 / len(past.types)
    shape = PRIOR_SHAPE * pooled / pooled.sum() + counts
    return rng.gamma(shape, 1.0 / past.years_watched, (draws, *shape.shape))


def severity_table(past: Past) -> Float[np.ndarray, "t q"]:
    """Quantiles of the severity code by type, at 33 evenly spaced levels."""
    every = past.crises["severity"].to_numpy()
    every = every if every.size else np.array([0.5])
    rows = []
    for name in past.types:
        own = past.crises.filter(pl.col("type") == name)["severity"].to_numpy()
        rows.append(np.quantile(own if own.size >= ENOUGH else every, QUANTILES))
    return np.array(rows)


def request_table(past: Past) -> tuple[tuple[tuple[str, ...], ...], Float[np.ndarray, "t r"]]:
    """The requests of the record, the first being nobody, and their probability by type of crisis.

    P(somebody is asked) is Beta-binomial among crises of the type's kind (at home or from outside), prior Beta(½, ½);
    whom, is drawn evenly from the requests that were made.
    """
    made = [tuple(sorted(asked)) for asked in past.crises["asked"].to_list() if asked]
    kinds = past.case.settings.crisis_types
    requests = ((), *dict.fromkeys(made))
    share = np.array([made.count(r) for r in requests[1:]], float) / max(len(made), 1)
    table = []
    for name in past.types:
        alike = [t for t in past.types if kinds[t].domestic == kinds[name].domestic]
        asked = past.crises.filter(pl.col("type").is_in(alike))["asked"].list.len()
        p = (0.5 + int((asked > 0).sum())) / (1.0 + len(asked)) if made else 0.0
        table.append(np.concatenate([[1 - p], p * share]))
    return requests, np.array(table)
