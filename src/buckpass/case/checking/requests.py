"""Requests of several governments in one crisis: who they are, and that crises.csv says whose counts."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from buckpass.case.problems import Problem, spelling_hint
from buckpass.case.reading.requests import FILE
from buckpass.results.words import and_join

__all__ = ["check_requests"]


def check_requests(crises: pl.DataFrame, requests: pl.DataFrame) -> Iterator[Problem]:
    """Crises of which requests.csv has requests and crises.csv does not say whose counts, or says whom it asked as well, or that nobody did."""
    by_crisis = {row["crisis_id"]: row for row in crises.iter_rows(named=True)}
    for (crisis_id,), rows in requests.group_by("crisis_id", maintain_order=True):
        if (crisis := by_crisis.get(str(crisis_id))) is None:
            continue  # said where the names are looked up
        askers = rows["government"].to_list()
        if crisis["asked"]:
            seen = f"asked stands in {FILE} too, on line {rows['line'][0]}"
            hint = f"leave the cell empty: whom {and_join(askers)} asked stands there, and asked_by says whose counts"
            yield Problem("crises.csv", crisis["line"], "asked", seen, hint)
        asking = rows.filter(pl.col("asked").list.len() > 0)
        if crisis["help_requested"] is False and asking.height:
            seen = f"help_requested is no, but {FILE} has whom {asking['government'][0]} asked, on line {asking['line'][0]}"
            yield Problem("crises.csv", crisis["line"], "help_requested", seen, "leave the cell empty, or write yes")
        if crisis["asked_by"] not in askers:
            whose = f"the asker {crisis['asked_by']}" if crisis["asked_by"] else "an empty cell"
            seen = f"{whose} is none of those whose requests {FILE} has: {', '.join(askers)}"
            hint = (
                spelling_hint(crisis["asked_by"], askers) if crisis["asked_by"] else "name the one whose request counts"
            )
            yield Problem("crises.csv", crisis["line"], "asked_by", seen, hint)
