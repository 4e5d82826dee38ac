"""Figures of the agreement, made only when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

__all__ = ["agreement_chart"]


class KeptInYear(Protocol):
    """What the figure asks of one year: the share of draws in which the agreement keeps itself, and each party's median critical factor."""

    @property
    def year(self) -> int: ...
    @property
    def p_self_enforcing(self) -> float: ...
    @property
    def critical(self) -> Mapping[str, float | None]: ...


def agreement_chart(path: Sequence[KeptInYear], discount: tuple[float, float]) -> Any:
    """The share of draws in which it keeps itself by year above, median δ* of each party below with the stated range of δ as a band."""
    import altair as alt
    import pandas as pd

    kept = pd.DataFrame([{"year": y.year, "share": y.p_self_enforcing} for y in path])
    factors = pd.DataFrame(
        [{"year": y.year, "party": p, "factor": v} for y in path for p, v in y.critical.items() if v is not None],
        columns=["year", "party", "factor"],
    )
    x = alt.X("year:Q", axis=alt.Axis(format="d"), scale=alt.Scale(zero=False))
    above = alt.Chart(kept).mark_line(point=True, color="#444444").encode(
        x, alt.Y("share:Q", title="draws in which it keeps itself", scale=alt.Scale(domain=[0, 1])))  # fmt: skip
    band = alt.Chart(pd.DataFrame([{"low": discount[0], "high": discount[1]}])).mark_rect(
        opacity=0.15, color="#444444").encode(y=alt.Y("low:Q", title="δ*"), y2="high:Q")  # fmt: skip
    lines = alt.Chart(factors).mark_line(point=True).encode(x, alt.Y("factor:Q"), alt.Color("party:N"))
    return alt.vconcat(above.properties(height=120, width=420), (band + lines).properties(height=180, width=420))
