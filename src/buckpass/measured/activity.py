"""How often organisations acted in the crises in which they could have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import polars as pl

from buckpass.case import Case
from buckpass.case.reading.reach import eligible_crises
from buckpass.measured.rates import BoundedRate, Rate, bounded_rate, p_less
from buckpass.results.table import ResultTable

__all__ = ["Activity", "activity_by_theatre", "activity_of", "activity_table", "comparisons_table"]

ACTIVITY_NOTE = (
    "Eligible: at the start of the crisis, the day on which the model opens it to its members, the organisation existed "
    "and its mandate, as the case gives it, covered host and type; and somebody looked for its response. Unsearched "
    "eligible crises are left out, not counted as silence. "
    "Rate: Beta-binomial with Jeffreys prior, 90 % interval, from the lower end with every doubtful code taken as no "
    "act to the upper end with every one taken as an act. Acts outside: deployments in crises that were not eligible."
)
ACTIVITY_UNITS = {"eligible": "crises", "acts": "crises", "rate_mean": "acts per eligible crisis"}


@dataclass(frozen=True)
class Activity:
    """What is known of one organisation's acts at or above a rung."""

    organisation: str
    n: int  # eligible crises with a known response
    unsearched: int
    acts: int
    surely: int
    possibly: int
    acts_outside: int
    sources: tuple[str, ...]

    @property
    def rate(self) -> BoundedRate:
        """Acts per eligible crisis."""
        return bounded_rate(self.acts, self.surely, self.possibly, self.n)

    @property
    def rate_if_unsearched_silent(self) -> Rate:
        """The lowest reading: nothing happened wherever nobody looked (a bound, not an estimate)."""
        return Rate(self.surely, self.n + self.unsearched)

    def row(self) -> dict[str, Any]:
        """The fields of a table row."""
        rate = self.rate
        return {
            "organisation": self.organisation, "eligible": self.n, "unsearched": self.unsearched, "acts": self.acts,
            "acts_surely": self.surely, "acts_possibly": self.possibly, "acts_outside": self.acts_outside,
            "rate_mean": rate.mean if self.n else None, "rate_low": rate.low if self.n else None,
            "rate_high": rate.high if self.n else None, "n": self.n, "sources": list(self.sources),
        }  # fmt: skip


def activity_of(
    case: Case, rows: pl.DataFrame, organisation: str, at_least: int | None = None, theatre: str | None = None
) -> Activity:
    """The acts of one organisation at or above a rung (None: deployments), among the rows given (see `Case.coded`)."""
    at_least = case.rungs.deployment if at_least is None else at_least
    there = set(case.crises.filter(pl.col("theatre") == theatre)["crisis_id"] if theatre else case.crises["crisis_id"])
    eligible = [c for c in eligible_crises(case, organisation) if c in there]
    known = rows.filter(
        (pl.col("actor") == organisation) & pl.col("rung").is_not_null() & pl.col("crisis").is_in(list(there))
    )
    inside = known.filter(pl.col("crisis").is_in(eligible))
    outside = known.filter(~pl.col("crisis").is_in(eligible) & (pl.col("rung") >= at_least))
    acts = inside.filter(pl.col("high") >= at_least)
    return Activity(
        organisation=organisation,
        n=inside.height,
        unsearched=len(eligible) - inside.height,
        acts=inside.filter(pl.col("rung") >= at_least).height,
        surely=inside.filter(pl.col("low") >= at_least).height,
        possibly=acts.height,
        acts_outside=outside.height,
        sources=_sources(acts["sources"]),
    )


def activity_table(case: Case, rows: pl.DataFrame) -> ResultTable:
    """Deployments per eligible crisis of every organisation whose responses the case lists; a treaty without any is none."""
    listed = {*rows["actor"], *case.settings.focus.organisations}
    found = [activity_of(case, rows, o) for o in _focus_first(case) if o in listed]
    return _table(case, [a.row() for a in found], "How often each organisation deployed where it could have")


def activity_by_theatre(case: Case, rows: pl.DataFrame) -> ResultTable:
    """The same by theatre, without those that had no eligible crisis there."""
    known = set(rows.filter(pl.col("rung").is_not_null()).select("theatre", "actor").unique().iter_rows())
    found = [
        (t, activity_of(case, rows, o, theatre=t)) for t in case.theatres for o in _focus_first(case) if (t, o) in known
    ]
    result = [{"theatre": theatre, **activity.row()} for theatre, activity in found if activity.n]
    return _table(case, result, "How often each organisation deployed where it could have, by theatre")


def comparisons_table(case: Case, rows: pl.DataFrame) -> ResultTable:
    """P(rate of a < rate of b) for every pair of organisations with an eligible crisis, the focus first."""
    known = {*rows.filter(pl.col("rung").is_not_null())["actor"]}
    found = [activity_of(case, rows, o) for o in _focus_first(case) if o in known]
    pairs = [_comparison(a, b) for a, b in combinations([a for a in found if a.n], 2)]
    schema = {
        "a": pl.String, "b": pl.String, "p_less": pl.Float64, "p_less_low": pl.Float64, "p_less_high": pl.Float64,
        "n_a": pl.Int64, "n_b": pl.Int64,
    }  # fmt: skip
    return ResultTable(
        pl.DataFrame(pairs, schema=schema, orient="row"),
        "Which organisation deploys less often",
        {"p_less": "P(rate of a < rate of b)"},
        "Independent Beta posteriors as in the activity table, exact by quadrature; low and high: every doubtful code "
        "against and for the comparison.",
        _sources([[s for a in found for s in a.sources]]),
        case.hash,
    )


def _comparison(a: Activity, b: Activity) -> dict[str, Any]:
    return {
        "a": a.organisation,
        "b": b.organisation,
        "p_less": p_less(a.rate.coded, b.rate.coded),
        "p_less_low": p_less(a.rate.highest, b.rate.lowest),
        "p_less_high": p_less(a.rate.lowest, b.rate.highest),
        "n_a": a.n,
        "n_b": b.n,
    }


def _table(case: Case, rows: Sequence[dict[str, Any]], title: str) -> ResultTable:
    frame = pl.DataFrame(list(rows), infer_schema_length=None) if rows else pl.DataFrame()
    sources = _sources([row["sources"] for row in rows])
    return ResultTable(frame, title, ACTIVITY_UNITS, ACTIVITY_NOTE, sources, case.hash)


def _focus_first(case: Case) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*case.settings.focus.organisations, *case.organisations]))


def _sources(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for keys in lists for key in keys))
