"""Each power's share of the economy and of security in the theatre, year by year, and how far the two differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Literal

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.case.coded import sources_of
from buckpass.case.figures import published
from buckpass.measured.shares import DOMAINS, WHOLE, compared, measure_name, measure_names, volume_of
from buckpass.results.summary import interval
from buckpass.results.table import ResultTable
from buckpass.results.words import sentence

__all__ = [
    "Amounts",
    "amounts_of",
    "division_draws",
    "division_table",
    "own_amounts",
    "pooled_amounts",
    "pooled_shares",
    "shares_table",
    "years_pooled",
]

Of = Literal[
    "powers", "whole"
]  # what a share is of: what the powers have together, or the whole where it is known in all the years
DRAWS = 4000
WINDOW = 2  # years on either side: deliveries are lumpy, and five-year totals are the publisher's own advice
SHARE_NOTE = (
    "Of all: of the series' own total, all suppliers or all partners; otherwise of the sum over the powers named (of their …), or of what a "
    "published share is of. Each year uses the first series of the list that has the year for all powers and partners; series are never added. {reason}"
)


@dataclass(frozen=True)
class Amounts:
    """Yearly amounts of each power from one series, summed over the measure's partners.

    `by_year` has the years in which every power of the measure has an amount; `alone` those in which only some have:
    no share can be taken there, and the amounts are still shown.
    """

    series: str
    label: str
    by_year: Mapping[int, Mapping[str, float]]
    alone: Mapping[int, Mapping[str, float]]
    whole: Mapping[int, float]  # what all suppliers or partners together come to, in the years in which that is known
    unit: str
    sources: tuple[str, ...]
    partners: int
    lines: tuple[int, ...] = ()  # of series.csv

    def share(self, year: int) -> dict[str, float] | None:
        """Each power's share of what the powers have together; None where the year is missing or all amounts are zero."""
        amounts = self.by_year.get(year)
        total = sum(amounts.values()) if amounts else 0.0
        return {p: a / total for p, a in amounts.items()} if amounts and total > 0 else None

    def denominator(self, year: int) -> tuple[float | None, str]:
        """What a share of the year is a share of: the whole ("all"), else the powers' sum; None where neither is known.

        A series of published shares is of what its unit says: its figures over one another would be shares of something else.
        """
        if (of_published := published(self.unit)) is not None:
            return of_published
        if year in self.whole:
            return self.whole[year], "all"
        amounts = self.by_year.get(year)
        return (sum(amounts.values()), "+".join(amounts)) if amounts else (None, "")


def amounts_of(case: Case, domain: str) -> tuple[tuple[Amounts, ...], tuple[Amounts, ...]]:
    """The amounts of a domain: those of its own series in order of preference, and those of the alternatives."""
    measure = case.settings.measures.positions[domain]
    other = tuple(_amounts(case, measure, s, a.label) for a in measure.alternatives for s in a.series)
    return own_amounts(case, domain), other


def own_amounts(case: Case, domain: str) -> tuple[Amounts, ...]:
    """The amounts of a domain's own series in order of preference."""
    measure = case.settings.measures.positions[domain]
    return tuple(_amounts(case, measure, series, case.series_name(series)) for series in measure.series)


def shares_table(case: Case, which: str = "main") -> ResultTable:
    """Shares by year, power and domain, each with its denominator and whom that sums over; `which` is "main" or "alternatives".

    Alternatives are the other counts of the same thing, and amounts of one power alone, which have no share: a reader
    sees every count of a year beside the one that is used.
    """
    rows: list[dict[str, Any]] = []
    used: list[Amounts] = []
    for domain in DOMAINS:
        own, other = amounts_of(case, domain)
        picked = _first_with_year(own) if which == "main" else _other_counts(own, other)
        used += [a for a, _ in picked]
        rows += [row for amounts, year in picked for row in _share_rows(case, domain, amounts, year)]
    schema = {"year": pl.Int64, "power": pl.String, "domain": pl.String, "value": pl.Float64, "amount": pl.Float64,
              "denominator": pl.Float64, "volume": pl.Float64, "of": pl.String, "unit": pl.String, "series": pl.String, "label": pl.String, "n": pl.Int64}  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema).sort("domain", "label", "year", maintain_order=True)
    frame = frame.with_columns(measure=pl.col("domain").replace({d: measure_name(case, d) for d in DOMAINS}))
    reasons = " ".join(_sentence(case.settings.measures.positions[d].reason) for d in DOMAINS)
    title = f"Shares of {measure_names(case)} by year" + ("" if which == "main" else ": other counts")
    sources = tuple(dict.fromkeys(s for a in used for s in a.sources))
    units = {"value": "share of the denominator", "n": "partners"}
    return ResultTable(frame, title, units, SHARE_NOTE.format(reason=reasons), sources, case.hash)


def division_table(case: Case, seed: int) -> ResultTable:
    """Division of labour by year: ½ Σ |economic share − security share|, 0 none, 1 complete.

    `index` uses that year's shares; `low` and `high` are its range over the other counts of the same thing where they
    have the year. `pooled` uses the five years around, with a 90 % interval by Bayesian bootstrap over those years.
    """
    counted = {domain: amounts_of(case, domain) for domain in DOMAINS}
    own, other = ({domain: both[i] for domain, both in counted.items()} for i in (0, 1))
    years = sorted(set.intersection(*({y for a in own[d] for y in a.by_year} for d in DOMAINS)))
    draws = division_draws(pooled_shares(own, seed))
    rows = [_division_row(year, own, other, draws.get(year)) for year in years]
    schema = {"year": pl.Int64, "index": pl.Float64, "low": pl.Float64, "high": pl.Float64, "pooled": pl.Float64,
              "pooled_low": pl.Float64, "pooled_high": pl.Float64, "n": pl.Int64}  # fmt: skip
    sources = tuple(dict.fromkeys(s for d in DOMAINS for a in own[d] for s in a.sources))
    return ResultTable(
        pl.DataFrame(rows, schema=schema),
        f"How far {measure_names(case)} are in different hands, between {compared(case)}",
        {"index": "0 none to 1 complete", "pooled": "0 none to 1 complete", "n": "years pooled"},
        f"½ Σ |economic share − security share|, of what {compared(case)} have together. Low and high: range over other counts of the year. Pooled: five years "
        "around, 90 % interval by Bayesian bootstrap over the years; none where fewer than three years have both.",
        sources,
        case.hash,
        seed,
    )


def pooled_shares(
    own: Mapping[str, Sequence[Amounts]], seed: int, of: Of = "powers"
) -> dict[str, dict[int, dict[str, np.ndarray]]]:
    """Draws of each power's share by domain and year, pooled over the five years around it.

    of : what the powers have together, or the whole where it is known in all of the five years.

    Bayesian bootstrap over calendar years (Rubin 1981): every year has one random weight per draw, the same in all
    windows that hold it, so draws of neighbouring years belong together. A year is left out where the first series that
    has it has fewer than three of the five years.
    """
    weigh = partial(np.random.default_rng(seed).exponential, size=DRAWS)
    return {domain: _pooled_domain(amounts, weigh, of) for domain, amounts in own.items()}


def pooled_amounts(own: Mapping[str, Sequence[Amounts]], of: Of = "powers") -> dict[str, dict[int, dict[str, float]]]:
    """Each power's share by domain and year of the amounts of the five years around it, every year counted once."""
    shares = {domain: _pooled_domain(amounts, partial(np.ones, 1), of) for domain, amounts in own.items()}
    return {d: {y: {p: float(one[0]) for p, one in s.items()} for y, s in years.items()} for d, years in shares.items()}


def years_pooled(own: Sequence[Amounts], year: int) -> tuple[int, ...]:
    """The years whose amounts make a domain's pooled shares of a year: those of the five around in which there were any."""
    for one in own:
        years = _around(one, year)
        if year in one.by_year and len(years) > WINDOW:
            return tuple(y for y in years if sum(one.by_year[y].values()) > 0)
    return ()


def division_draws(pooled: Mapping[str, Mapping[int, Mapping[str, np.ndarray]]]) -> dict[int, np.ndarray]:
    """Draws of the division-of-labour index by year, from pooled shares of the two domains."""
    economic, security = (pooled[domain] for domain in DOMAINS)
    return {year: _index(economic[year], security[year]) for year in sorted(set(economic) & set(security))}


def _pooled_domain(
    amounts: Sequence[Amounts], weigh: Callable[[], np.ndarray], of: Of
) -> dict[int, dict[str, np.ndarray]]:
    result: dict[int, dict[str, np.ndarray]] = {}
    for one in amounts:
        weight = {year: weigh() for year in one.by_year}
        for year in one.by_year:
            if year not in result and (shares := _pooled_year(one, year, weight, of)) is not None:
                result[year] = shares
    return dict(sorted(result.items()))


def _around(one: Amounts, year: int) -> tuple[int, ...]:
    return tuple(y for y in range(year - WINDOW, year + WINDOW + 1) if y in one.by_year)


def _pooled_year(one: Amounts, year: int, weight: Mapping[int, np.ndarray], of: Of) -> dict[str, np.ndarray] | None:
    years = _around(one, year)
    if len(years) <= WINDOW:
        return None
    sums = {p: np.sum([weight[y] * one.by_year[y][p] for y in years], axis=0) for p in one.by_year[year]}
    total = np.sum(list(sums.values()), axis=0)
    if of == "whole" and all(y in one.whole for y in years):
        total = np.sum([weight[y] * one.whole[y] for y in years], axis=0)
    return {p: amount / total for p, amount in sums.items()} if np.all(total > 0) else None


def _amounts(case: Case, measure, series: str, label: str) -> Amounts:
    rows = case.series.filter(
        (pl.col("series") == series) & pl.col("actor").is_in([*measure.powers, WHOLE])
    ).drop_nulls("value")
    if measure.partners:
        rows = rows.filter(pl.col("partner").is_in([*measure.partners, *case.theatres]))
    cells: dict[int, dict[str, list[tuple[str, float]]]] = {}  # year → power → (partner, value)
    for year, actor, partner, value in (
        rows.select("year", "actor", "partner", "value").sort("year", maintain_order=True).iter_rows()
    ):
        cells.setdefault(year, {}).setdefault(actor, []).append((partner, value))
    unit = rows["unit"][0] if rows.height else ""
    whole_theatre = series in case.settings.measures.events or published(unit) is not None
    total = partial(_theatre_figure if whole_theatre else _total, case, measure)
    totals = {year: {p: total(of.get(p, [])) for p in measure.powers} for year, of in cells.items()}
    found = {year: {p: t for p, t in of.items() if t is not None} for year, of in totals.items()}
    sums = {year: total(of.get(WHOLE, [])) for year, of in cells.items()}
    whole = {year: total for year, total in sums.items() if total is not None}
    by_year = {year: known for year, known in found.items() if known and len(known) == len(measure.powers)}
    alone = {year: known for year, known in found.items() if known and year not in by_year}
    years = [*by_year, *alone]
    keys = sources_of(rows.filter(pl.col("year").is_in(years))["source_id"])
    lines = tuple(rows.filter(pl.col("year").is_in(years))["line"].drop_nulls().to_list())
    return Amounts(series, label, by_year, alone, whole, unit, keys, len(measure.partners), lines)


def _total(case: Case, measure, cells: Sequence[tuple[str, float]]) -> float | None:
    """A power's amount in a year: the sum over all partners, else the figure for the whole theatre; never a part."""
    if not measure.partners:
        return float(sum(value for _, value in cells)) if cells else None
    values = dict(cells)
    if all(partner in values for partner in measure.partners):
        return float(sum(values[partner] for partner in measure.partners))
    return values.get(case.settings.focus.theatre)


def _theatre_figure(case: Case, measure, cells: Sequence[tuple[str, float]]) -> float | None:
    """A power's amount in a year where partners cannot be added: one event stands with several, and shares are of different wholes."""
    if len(cells) == 1 and not measure.partners:
        return cells[0][1]
    return dict(cells).get(case.settings.focus.theatre)


def _sentence(words: str) -> str:
    """A reason of the case as a sentence among others."""
    words = words.strip()
    return sentence(words) + ("" if words.endswith((".", "!", "?")) or not words else ".")


def _first_with_year(amounts: Sequence[Amounts]) -> list[tuple[Amounts, int]]:
    years = sorted({year for a in amounts for year in a.by_year})
    return [(next(a for a in amounts if year in a.by_year), year) for year in years]


def _other_counts(own: Sequence[Amounts], other: Sequence[Amounts]) -> list[tuple[Amounts, int]]:
    return [(a, y) for a in own for y in a.alone] + [(a, y) for a in other for y in (*a.by_year, *a.alone)]


def _share_rows(case: Case, domain: str, amounts: Amounts, year: int) -> list[dict[str, Any]]:
    whole, of = amounts.denominator(year)
    volume = whole
    if published(amounts.unit) is not None:
        volume, _ = volume_of(case, domain, amounts.series, case.settings.focus.theatre, year)
    return [
        {
            "year": year, "power": power, "domain": domain, "value": amount / whole if whole else None, "amount": amount,
            "denominator": whole, "volume": volume, "of": of, "unit": amounts.unit, "series": amounts.series, "label": amounts.label, "n": amounts.partners,
        }
        for power, amount in {**amounts.by_year, **amounts.alone}[year].items()
    ]  # fmt: skip


def _division_row(year: int, own: Mapping, other: Mapping, draws: np.ndarray | None) -> dict[str, Any]:
    main = [next(a for a in own[d] if year in a.by_year).share(year) for d in DOMAINS]
    index = None if any(s is None for s in main) else float(_index(*main))
    counts = [[s for a in (*own[d], *other[d]) if (s := a.share(year)) is not None] for d in DOMAINS]
    readings = [float(_index(e, s)) for e, s in product(*counts) if set(e) == set(s)]
    several = len(readings) > 1
    ends = (None, None, None) if draws is None else (float(np.median(draws)), *interval(draws))
    pooled = sum(
        all(any(y in a.by_year for a in own[d]) for d in DOMAINS) for y in range(year - WINDOW, year + WINDOW + 1)
    )
    return {
        "year": year, "index": index, "low": min(readings) if several else None,
        "high": max(readings) if several else None, "pooled": ends[0], "pooled_low": ends[1], "pooled_high": ends[2],
        "n": pooled,
    }  # fmt: skip


def _index(economic: Mapping[str, Any], security: Mapping[str, Any]) -> Any:
    powers = dict.fromkeys([*economic, *security])
    return 0.5 * sum(abs(economic.get(p, 0.0) - security.get(p, 0.0)) for p in powers)
