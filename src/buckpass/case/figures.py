"""What the unit of a yearly figure says it is, and whether it can be that: a share of a whole, things counted, a capacity."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from buckpass.case.catalogue import world_code
from buckpass.case.entries import LARGEST
from buckpass.case.problems import Problem, clip
from buckpass.case.schema import Settings

__all__ = ["amounts", "first_last_most", "is_of_nothing", "odd_figures", "published", "wrong_wholes"]

FILE = "series.csv"
ROUNDING = 0.02  # of a whole: by so much parts that were rounded, or come from another table, may pass it together
# What others write where a figure is missing; in a series that is nowhere else below zero it is taken for that.
MISSING_CODES = (-1.0, -7.0, -8.0, -9.0, -77.0, -88.0, -99.0, -777.0, -888.0, -999.0, -9999.0)
# Beginnings of units whose figures have bounds; "of GDP" has none above, since spending can exceed a year's product.
BOUNDED_UNITS = (("fraction", 1.0), ("share", 1.0), ("percent of", 100.0))

_PUBLISHED = re.compile(r"(percent|fraction|share)\b(?: of)?\s*(.*)")


def published(unit: str) -> tuple[float, str] | None:
    """The denominator of a published share and what it is of, by its unit; None where figures are amounts.

    >>> published("percent of imports of the state"), published("fraction"), published("billion USD")
    ((100.0, 'imports of the state'), (1.0, 'what the source says'), None)
    >>> published("percent, claim of a minister")
    (100.0, 'what the source says (claim of a minister)')
    """
    if (found := _PUBLISHED.fullmatch(unit)) is None:
        return None
    aside = found[2].lstrip(", ")
    unnamed = f"what the source says ({aside})" if aside else "what the source says"
    return 100.0 if found[1] == "percent" else 1.0, unnamed if is_of_nothing(unit) else aside


def is_of_nothing(unit: str) -> bool:
    """Whether a unit is that of a published share and does not say what it is a share of.

    >>> is_of_nothing("percent"), is_of_nothing("percent, spring 2020"), is_of_nothing("percent of imports of the state")
    (True, True, False)
    """
    found = _PUBLISHED.fullmatch(unit)
    return found is not None and (not found[2] or found[2].startswith(","))


def amounts(series: pl.DataFrame) -> pl.DataFrame:
    """The rows of series whose figures are amounts, published shares left out."""
    return series.filter(~pl.col("unit").is_in([unit for unit in series["unit"].unique() if published(unit)]))


def odd_figures(frame: pl.DataFrame, settings: Settings) -> Iterator[Problem]:
    """Figures outside what their unit allows, codes for *missing*, a capacity of nothing, and amounts below zero to take shares of."""
    least = dict(
        frame.filter(~pl.col("value").is_in(MISSING_CODES)).group_by("series").agg(pl.col("value").min()).iter_rows()
    )
    capacity, shared = set(settings.measures.capacity.series), settings.measures.shared
    for line, series, year, value, unit in frame.select("line", "series", "year", "value", "unit").iter_rows():
        if abs(value) > LARGEST:
            yield Problem(FILE, line, "value", f"{value:g} is beyond {LARGEST:g}", "write it in a larger unit")
        elif value in MISSING_CODES and least.get(series, 0.0) >= 0:
            hint = "leave the row out where the figure is not known: missing is never a number"
            yield Problem(
                FILE, line, "value", f"{value:g} in {series}, which is nowhere else below zero: missing?", hint
            )
        elif (bounds := _bounds(unit)) is not None and not bounds[0] <= value <= bounds[1]:
            said = f"{value:g} is outside {bounds[0]:g} to {bounds[1]:g} ({unit})"
            yield Problem(FILE, line, "value", said, "correct the figure or its unit")
        elif series in capacity and value <= 0:
            said = f"{series} is {value:g} in {year}, and a capacity enters by its logarithm"
            yield Problem(FILE, line, "value", said, "leave the row out where the figure is not known")
        elif series in shared and value < 0:
            said = f"{series} is {value:g} in {year}, and no share can be taken of what is below zero"
            yield Problem(FILE, line, "value", said, "correct the figure, or take the series out of [measures]")


def wrong_wholes(frame: pl.DataFrame, settings: Settings) -> Iterator[Problem]:
    """Figures of one series, partner and year of which no share can be taken: in several units, or more than their whole.

    An organisation's figure may hold its members', and one event stands with several who took part: those are not added up.
    """
    is_whole, is_body = pl.col("actor") == world_code(), pl.col("actor").is_in([o.id for o in settings.organisations])
    rows = frame.filter(pl.col("series").is_in([*settings.measures.shared - {*settings.measures.events}])).drop_nulls(
        "value"
    )
    value, alone = pl.col("value"), ~is_whole & ~is_body
    cells = rows.group_by("series", "partner", "year", maintain_order=True).agg(
        pl.col("line").min(), pl.col("unit").unique(maintain_order=True), value.filter(is_whole).first().alias("whole"),
        value.filter(alone).sum().alias("sum"), value.filter(~is_whole).max().alias("most"),
    )  # fmt: skip
    passes = (pl.col("most") > pl.col("whole")) | (pl.col("sum") > pl.col("whole") * (1 + ROUNDING))
    for of in cells.filter((pl.col("unit").list.len() > 1) | passes).iter_rows(named=True):
        partner = f" with {of['partner']}" if of["partner"] else ""
        place = f"{of['series']}{partner} in {of['year']}"
        if len(of["unit"]) > 1:
            said = f"{place} stands in {len(of['unit'])} units: {clip(' | '.join(of['unit']), 120)}"
            yield Problem(FILE, of["line"], "unit", said, "no share can be taken: write them all in one unit")
        elif published(of["unit"][0]) is None:
            parts = f"parts add up to {of['sum']:g}" if of["sum"] > of["most"] else f"largest part is {of['most']:g}"
            said = f"{place}: its {parts}, the whole ({world_code()}) is {of['whole']:g}"
            yield Problem(FILE, of["line"], "value", said, "shares would pass 100 %: mend one of the figures")


def _bounds(unit: str) -> tuple[float, float] | None:
    for beginning, most in BOUNDED_UNITS:
        if unit.startswith(beginning):
            return None if "GDP" in unit else (0.0, most)
    return None


def first_last_most(rows: Sequence[Mapping[str, Any]]) -> str:
    """Figures by year in words: the first, the last and, where it is another, the largest, each with its year.

    >>> first_last_most([{"year": 1991, "value": 0.54}, {"year": 2006, "value": 0.82}, {"year": 2019, "value": 0.79}])
    '0.54 (1991) to 0.79 (2019), most 0.82 (2006)'
    """
    first, last, most = rows[0], rows[-1], max(rows, key=lambda row: row["value"])
    said = _dated(first) if first is last else f"{_dated(first)} to {_dated(last)}"
    return said if most["value"] in (first["value"], last["value"]) else f"{said}, most {_dated(most)}"


def _dated(row: Mapping[str, Any]) -> str:
    value = row["value"]
    return f"{f'{value:,.0f}' if abs(value) >= 100 else f'{value:.3g}'} ({row['year']})"
