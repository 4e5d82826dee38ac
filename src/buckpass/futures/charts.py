"""Figures of this room, made only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckpass.case.problems import UnknownName
from buckpass.futures.observe import MEASURES

if TYPE_CHECKING:
    from buckpass.futures.agreement import Agreement
    from buckpass.futures.run import Futures

__all__ = ["agreement_chart", "fan_chart"]


def fan_chart(futures: Futures, measure: str) -> Any:
    """Median and 90 % band by year and power; the baseline always in grey, the scenario over it."""
    import altair as alt
    import pandas as pd

    known = {m.name: m for m in MEASURES}
    if measure not in known:
        raise UnknownName("measure", measure, known)
    data = futures.summary[[measure, f"{measure}_mean"]]
    runs = [str(r) for r in data["run"].values if r != "difference"]
    rows = [
        {"run": run, "power": str(p), "year": int(y), "low": float(q[0]), "high": float(q[-1]), "mean": float(m)}
        for run in runs for p in data["power"].values for y in data["year"].values
        for q, m in [(data[measure].sel(run=run, power=p, year=y).values,
                      data[f"{measure}_mean"].sel(run=run, power=p, year=y).values)]
    ]  # fmt: skip
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("year:Q", title="year", axis=alt.Axis(format="d")),
        color=alt.Color(
            "run:N", scale=alt.Scale(domain=list(runs), range=["#8a8a8a", "#D55E00"][: len(runs)]), title=None
        ),
    )
    band = base.mark_area(opacity=0.25).encode(
        y=alt.Y("low:Q", title=f"{measure} ({known[measure].unit})"), y2="high:Q"
    )
    line = base.mark_line().encode(y="mean:Q")
    title = alt.TitleParams(known[measure].meaning, subtitle="line: mean; band: 90 % of histories")
    return (
        alt.layer(band, line)
        .properties(width=180, height=140)
        .facet(facet=alt.Facet("power:N", title=None), columns=3)
        .properties(title=title)
    )


def agreement_chart(result: Agreement) -> Any:
    """P(self-enforcing) by year above, median δ* of each party below with the stated range of δ as a band."""
    import altair as alt
    import pandas as pd

    kept = pd.DataFrame([{"year": y.year, "probability": y.p_self_enforcing} for y in result.path])
    factors = pd.DataFrame(
        [
            {"year": y.year, "party": p, "factor": v}
            for y in result.path
            for p, v in y.critical.items()
            if v is not None
        ],
        columns=["year", "party", "factor"],
    )
    x = alt.X("year:Q", axis=alt.Axis(format="d"), scale=alt.Scale(zero=False))
    above = alt.Chart(kept).mark_line(point=True, color="#444444").encode(
        x, alt.Y("probability:Q", title="P(keeps itself)", scale=alt.Scale(domain=[0, 1])))  # fmt: skip
    band = alt.Chart(pd.DataFrame([{"low": result.discount[0], "high": result.discount[1]}])).mark_rect(
        opacity=0.15, color="#444444").encode(y=alt.Y("low:Q", title="δ*"), y2="high:Q")  # fmt: skip
    lines = alt.Chart(factors).mark_line(point=True).encode(x, alt.Y("factor:Q"), alt.Color("party:N"))
    return alt.vconcat(above.properties(height=120, width=420), (band + lines).properties(height=180, width=420))
