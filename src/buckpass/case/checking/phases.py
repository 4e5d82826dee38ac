"""Responses that changed during a crisis: phases that follow each other within it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from buckpass.case.problems import Problem

__all__ = ["check_phases"]

KEY = ["crisis_id", "actor", "coder", "direction"]


def check_phases(file: str, responses: pl.DataFrame, crises: pl.DataFrame) -> Iterator[Problem]:
    """Phases that begin outside their crisis, in another order than their numbers, or with one left out."""
    rows = responses.filter(pl.col("phase").is_not_null() | pl.col("from").is_not_null())
    days = {crisis: when for crisis, *when in crises.select("crisis_id", "start", "end").iter_rows()}
    for row in rows.filter(pl.col("from").is_not_null()).iter_rows(named=True):
        start, end = days.get(row["crisis_id"], (None, None))
        if start is not None and (row["from"] < start or (end is not None and row["from"] > end)):
            seen = (
                f"phase {row['phase'] or 1} begins on {row['from']}, outside its crisis ({start} to {end or 'today'})"
            )
            hint = "correct the day or the crisis's dates; what began later belongs to another crisis, or to none"
            yield Problem(file, row["line"], "from", seen, hint)
    for _, of in responses.filter(pl.struct(KEY).is_in(rows.select(pl.struct(KEY)).to_series().implode())).group_by(
        KEY, maintain_order=True
    ):
        ordered = of.with_columns(pl.col("phase").fill_null(1)).sort("phase", maintain_order=True)
        numbers, begins, lines = (ordered[name].to_list() for name in ("phase", "from", "line"))
        if sorted({*numbers}) != [*range(1, max(numbers) + 1)]:
            seen = f"{of['actor'][0]} in {of['crisis_id'][0]} has the phases {', '.join(map(str, numbers))}"
            yield Problem(
                file, lines[-1], "phase", f"{seen}, not 1 to {max(numbers)}", "number them 1, 2, … in the order of days"
            )
        for line, number, before, day in zip(lines[1:], numbers[1:], begins, begins[1:], strict=False):
            if before is not None and day is not None and day <= before:
                seen = f"phase {number} begins on {day}, not after the phase before it ({before})"
                yield Problem(file, line, "from", seen, "number the phases in the order of their days")
