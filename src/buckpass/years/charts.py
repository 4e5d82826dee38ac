"""Figures of this room, made only when asked for."""

from __future__ import annotations

from typing import Any

import xarray as xr

from buckpass.years.indicators import measure_named

__all__ = ["fan_chart"]


def fan_chart(summary: xr.Dataset, measure: str) -> Any:
    """Median and 90 % band by year and power; the baseline always in grey, the scenario over it."""
    import altair as alt
    import pandas as pd

    of = measure_named(measure)
    data = summary[[measure, f"{measure}_mean"]]
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
    band = base.mark_area(opacity=0.25).encode(y=alt.Y("low:Q", title=f"{measure} ({of.unit})"), y2="high:Q")
    line = base.mark_line().encode(y="mean:Q")
    title = alt.TitleParams(of.meaning, subtitle="line: mean; band: 90 % of histories")
    return (
        alt.layer(band, line)
        .properties(width=180, height=140)
        .facet(facet=alt.Facet("power:N", title=None), columns=3)
        .properties(title=title)
    )
