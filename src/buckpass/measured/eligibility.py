"""Which crises a claim or a change is about, of those that an organisation's mandate reaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from buckpass.case import Case
from buckpass.case.reading.reach import eligible_crises

__all__ = ["reached_crises"]


def reached_crises(case: Case, given: Mapping[str, Any]) -> tuple[str, ...]:
    """The crises that a claim's `crises` or `theatre` names; with an `organisation` those that its mandate reaches."""
    theatres = [given["theatre"]] if isinstance(given.get("theatre"), str) else given.get("theatre", ())
    named = given.get("crises") or case.crises.filter(pl.col("theatre").is_in(list(theatres)))["crisis_id"]
    reached = eligible_crises(case, given["organisation"]) if "organisation" in given else tuple(named)
    return tuple(crisis for crisis in named if crisis in reached)
