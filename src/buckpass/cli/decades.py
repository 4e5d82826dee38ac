"""Simulated decades as lines of text: measure by measure, numbers rounded by their uncertainty, hosts at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from buckpass.page.wording import number, with_interval
from buckpass.years import Futures
from buckpass.years.indicators import MEASURES

__all__ = ["decade_lines"]

GAP = "  "
HOST_HEADS = ["host", "run", "crises", "nobody", "unstable", "P by the end"]


def decade_lines(found: Futures, width: int) -> Iterator[str]:
    """The last year, each measure under its name and unit: baseline, and with a scenario what it changes."""
    by_power, by_host = (table.frame for table in found.tables())
    year, years = int(found.summary["year"][-1]), found.summary.sizes["year"]
    yield from textwrap.wrap(
        f"{year}, after {years} years of {found.manifest['identity']['histories']:,} histories: mean and the middle 90 % of "
        "histories; of a change, the middle 90 % of its mean.",
        width,
    )
    for measure in MEASURES:
        rows = [row for row in by_power.iter_rows(named=True) if row["measure"] == measure.name]
        if not rows:  # nothing that the case measures
            continue
        yield ""
        yield from textwrap.wrap(f"{measure.title.upper()}: {measure.meaning} ({measure.unit})", width)
        yield from _columns([_of_power(row) for row in rows])
    yield ""
    yield from textwrap.wrap(
        "BY HOST: crises a year; of these, in how many nobody went beyond words (nobody); how many were not stabilised (unstable); "
        "P(nobody went beyond words in one at least, by the end) (P by the end)",
        width,
    )
    yield from _columns([HOST_HEADS, *(_of_host(row) for row in by_host.iter_rows(named=True))])


def _of_power(row: dict[str, Any]) -> list[str]:
    cells = [row["power"], with_interval(row["mean"], row["low"], row["high"])]
    if "difference" in row:
        cells += [f"→ {number(row['scenario'], 3)}", f"change {_change(row)}"]
    return cells


def _change(row: dict[str, Any]) -> str:
    return with_interval(row["difference"], row["difference_low"], row["difference_high"])


def _of_host(row: dict[str, Any]) -> list[str]:
    names = ("crises", "nobody", "unstable", "nobody_by")
    return [row["host"], row["run"], *(number(row[name], 2) for name in names)]


def _columns(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield (GAP + GAP.join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))).rstrip()
