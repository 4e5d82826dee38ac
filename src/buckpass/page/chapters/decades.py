"""The page's chapter on the decades ahead: fan charts by power, who has deployed by when, which host is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import altair as alt

from buckpass.case import BuckpassError, Case
from buckpass.fitting.posterior import Posterior
from buckpass.page.places import end_names
from buckpass.page.results import Chapter
from buckpass.page.theme import INK, PALE, Figure, Layered, by_power, inline, is_settled, label_colours, power_colours
from buckpass.page.wording import name_of, portion, spoken, with_interval
from buckpass.results.summary import ENDS, normal_interval
from buckpass.results.words import and_join, count_of, percent

if TYPE_CHECKING:
    import xarray as xr

    from buckpass.years.baseline import KeptSummary

__all__ = ["Years", "decades_chapter", "deployed_figure", "fan_figure", "fan_panels", "left_alone_figure"]

HEADING = "Decades ahead"
LOW, HIGH = ENDS
COLUMNS = 3
NAMES_APART = 0.06  # of all histories, from name to name at the ends of lines
WORDS = {
    "burden": "yearly burden", "benefit": "yearly benefit", "rung": "highest rung of the year",
    "commitments": "deployments still binding", "capacity_free": "capacity left free (first year = 1)",
    "opinion": "unfavourable opinion", "economic_share": "share of trade", "security_share": "share of influence in security",
    "deployed_by": "share of histories with a deployment", "first_by": "share of histories as first responder",
}  # fmt: skip


class Years(Protocol):
    """Summaries over simulated histories, and what they are summaries of: `Futures`, or what a store kept of them."""

    @property
    def summary(self) -> xr.Dataset | KeptSummary: ...

    @property
    def manifest(self) -> Mapping[str, Any]: ...


def decades_chapter(case: Case, posteriors: Mapping[str, Posterior]) -> Chapter:
    """Simulated histories from the year after the record: a consequence of the assumptions, not a forecast."""
    from buckpass.years import Plan, simulate
    from buckpass.years.baseline import HISTORIES, YEARS, stored

    try:
        found: Years = stored(case, posteriors) or simulate(
            case, posteriors, (), Plan(years=YEARS, histories=HISTORIES)
        )
    except BuckpassError as reason:
        return Chapter(HEADING, "no history could be played", f"No history could be played: {reason}.")
    figures = (fan_figure(case, found, "burden"), fan_figure(case, found, "security_share"), deployed_figure(case, found),
               left_alone_figure(case, found))  # fmt: skip
    where, last = spoken(case, case.settings.focus.theatre), _last(found)
    line = (
        f"what the assumptions imply: deployed in {where} by {last} in {_deployed(case, found, 'simulated histories')}"
    )
    return Chapter(HEADING, line, _finding(case, found), tuple(f for f in figures if f is not None))


def _deployed(case: Case, found: Years, of: str) -> str:
    """In how many of the histories provider and rider deploy, in words where it is all or none of them for both."""
    pair = (case.settings.focus.provider, case.settings.focus.rider)
    shares = [_at(found, "deployed_by_mean", p) for p in pair]
    if is_settled(shares):
        return f"{portion(sum(shares) / 2, of)}, by {and_join(spoken(case, p) for p in pair)} alike"
    said = and_join(f"{percent(share)} ({name_of(case, p)})" for share, p in zip(shares, pair, strict=True))
    return f"{said} of {of}"


def _finding(case: Case, found: Years) -> str:
    focus, last = case.settings.focus, _last(found)
    alone = found.summary["nobody_by"].sel(run=_runs(found)[-1], year=last).values
    how_often = "none" if alone.max() < 0.5 else "all"
    settled = (
        f" By {last} every host has been left alone in some crisis in {how_often} of them, to the percent."
        if is_settled(alone)
        else ""
    )
    histories = f"{_size(found):,} simulated histories to {last}"
    return (
        f"Deployed in {spoken(case, focus.theatre)} at least once in {_deployed(case, found, histories)}.{settled} These are consequences of the assumptions, each history under its own draw of them; "
        "they are no forecast."
    )


def fan_figure(case: Case, found: Years, measure: str) -> Figure:
    """A measure by year and power: mean, and the band that holds nine of ten histories; a scenario over the baseline in grey."""
    powers, panels = _powers(case, found), fan_panels(case, found, measure)
    rows = [alt.hconcat(*panels[i : i + COLUMNS], spacing=18) for i in range(0, len(panels), COLUMNS)]
    said = [f"{name_of(case, p)} {_interval(found, measure, p)}" for p in powers]
    focus = case.settings.focus
    pair = and_join(f"{name_of(case, p)} {_interval(found, measure, p)}" for p in (focus.provider, focus.rider))
    return Figure(
        f"fan-{measure.replace('_', '-')}", f"{WORDS.get(measure, measure).capitalize()} in {_last(found)}: {pair}",
        f"n = {count_of(_size(found), 'history', 'histories')} under {_fits(found)}. Line: mean; band: 90 % of histories"
        f"{'; grey: baseline' if len(_runs(found)) > 1 else ''}.",
        f"Source: simulated from the fits and assumptions of {case.id}, seed {found.manifest['identity']['seed']}.",
        f"{WORDS.get(measure, measure)} in {_last(found)}, mean with 90 % of histories: {'; '.join(said)}.", alt.vconcat(*rows),
        years=_span(found), unit=str(found.summary.attrs.get(measure, measure)),
    )  # fmt: skip


def fan_panels(case: Case, found: Years, measure: str) -> list[Layered]:
    """One panel a power, on one scale."""
    colours, inks, powers = power_colours(case), label_colours(case), _powers(case, found)
    most = max(
        float(found.summary[measure].sel(quantile=HIGH, power=p, run=r).max()) for p in powers for r in _runs(found)
    )
    return [
        _fan_panel(found, measure, p, alt.TitleParams(name_of(case, p), fontSize=12, color=inks[p]), colours[p], most)
        for p in powers
    ]


def _fan_panel(found: Years, measure: str, power: str, title: alt.TitleParams, colour: str, most: float) -> Layered:
    x = alt.X(
        "year:Q",
        title=None,
        axis=alt.Axis(format="d", grid=False, tickCount=4),
        scale=alt.Scale(zero=False, nice=False),
    )
    scale = alt.Scale(domain=[0, most or 1.0], nice=True)
    layers: list[alt.Chart] = []
    for run in _runs(found):
        shade = PALE if run == "baseline" and len(_runs(found)) > 1 else colour
        base = alt.Chart(inline(_rows(found, measure, power, run)))
        layers.append(
            base.mark_area(opacity=0.2, color=shade).encode(
                x=x, y=alt.Y("low:Q", title=None, scale=scale), y2=alt.Y2("high:Q")
            )
        )
        layers.append(
            base.mark_line(strokeWidth=2, color=shade).encode(x=x, y=alt.Y("mean:Q", title=None, scale=scale))
        )
    return alt.layer(*layers).properties(width=210, height=120, title=title)


def deployed_figure(case: Case, found: Years) -> Figure | None:
    """In how many histories each power has deployed by a year, with the interval of the simulation; None where it is all or none."""
    powers, inks = _powers(case, found), label_colours(case)
    run = _runs(found)[-1]
    if is_settled(found.summary["deployed_by_mean"].sel(run=run, power=powers).values.flat):
        return None
    rows = [
        {"power": p, "year": int(y), "value": float(m), "low": max(0.0, low), "high": min(1.0, high)}
        for p in powers
        for y, m, e in zip(found.summary["year"].values, found.summary["deployed_by_mean"].sel(run=run, power=p).values,
                           found.summary["deployed_by_se"].sel(run=run, power=p).values, strict=True)
        for low, high in [normal_interval(float(m), float(e))]
    ]  # fmt: skip
    first, last = int(found.summary["year"].values[0]), _last(found)
    x = alt.X("year:Q", title=None, axis=alt.Axis(format="d", grid=False, tickCount=6),
              scale=alt.Scale(domain=[first, last + 0.3 * (last - first)], nice=False))  # fmt: skip
    y = alt.Y("value:Q", title=None, axis=alt.Axis(format=".0%", tickCount=5), scale=alt.Scale(domain=[0, 1]))
    ends = [{"name": name_of(case, p), "ink": inks[p], "year": last, "value": _at(found, "deployed_by_mean", p)} for p in powers]  # fmt: skip
    colour = by_power(case, powers)
    base = alt.Chart(inline(rows))
    chart = alt.layer(
        base.mark_area(opacity=0.25).encode(x=x, y=alt.Y("low:Q", title=None), y2=alt.Y2("high:Q"), color=colour),
        base.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour),
        *end_names(ends, x, y, (first, last), NAMES_APART, 1.0),
    ).properties(width=480, height=230)  # fmt: skip
    said = _shares_said(sorted(ends, key=lambda e: -e["value"]))
    return Figure(
        "deployed", f"Of simulated histories, deployed at least once by {last}: {said}",
        f"n = {count_of(_size(found), 'history', 'histories')}. The band is the 90 % interval of the simulation itself; what is not known "
        "about the parameters is in the histories.",
        f"Source: simulated from the fits and assumptions of {case.id}.", f"By {last}: {said}.", chart,
        years=_span(found), unit="percent of histories",
    )  # fmt: skip


def _shares_said(ends: Sequence[Mapping[str, Any]]) -> str:
    """Shares by power, those who have all or none of the histories named together.

    >>> _shares_said([{"name": "A", "value": 1.0}, {"name": "B", "value": 0.999}, {"name": "C", "value": 0.91}])
    'A and B in nearly all and C 91 %'
    """
    shown = [percent(end["value"]) for end in ends]
    both = {"100 %": "nearly all", "0 %": "hardly any"}
    by_words = {}
    for end, share in zip(ends, shown, strict=True):
        by_words.setdefault(share if share in both else end["name"], []).append((end["name"], share))
    return and_join(
        f"{and_join(name for name, _ in group)} in {both[key]}" if key in both else f"{group[0][0]} {group[0][1]}"
        for key, group in by_words.items()
    )


def left_alone_figure(case: Case, found: Years) -> Figure | None:
    """By host: in how many histories some crisis finds nobody who goes beyond statements, by the last year; None where it is all or none."""
    last, run, n = _last(found), _runs(found)[-1], _size(found)
    at = found.summary["nobody_by"].sel(run=run, year=last)
    if is_settled(at.values):
        return None
    rows = []
    for host in found.summary["host"].values:
        p = float(at.sel(host=host))
        low, high = normal_interval(p, (max(p * (1 - p), 0.0) / n) ** 0.5)
        rows.append(
            {
                "name": name_of(case, str(host)),
                "value": p,
                "low": max(0.0, low),
                "high": min(1.0, high),
                "text": percent(p),
            }
        )
    rows.sort(key=lambda r: -r["value"])
    y = alt.Y("name:N", sort=[r["name"] for r in rows], title=None, axis=alt.Axis(ticks=False, domain=False))
    base = alt.Chart(inline(rows))
    chart = alt.layer(
        base.mark_bar(height=16, color="#86a7cd").encode(
            x=alt.X("value:Q", title=None, axis=alt.Axis(format=".0%", tickCount=5), scale=alt.Scale(domain=[0, 1])), y=y),
        base.mark_rule(strokeWidth=1.6, color=INK).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y),
        base.mark_text(align="left", dx=8, fontSize=12, color=INK).encode(x=alt.X("high:Q"), y=y, text=alt.Text("text:N")),
    ).properties(width=420, height=26 * len(rows))  # fmt: skip
    most = [r for r in rows if r["high"] >= rows[0]["low"]]
    likeliest = and_join(f"{r['name']} ({r['text']})" for r in most)
    return Figure(
        "left-alone", f"Most often left alone in some crisis by {last}, of simulated histories: {likeliest}",
        f"n = {count_of(n, 'history', 'histories')}; left alone: nobody goes beyond statements. Bar: 90 % interval of the simulation.",
        f"Source: simulated from the fits and assumptions of {case.id}.", "; ".join(f"{r['name']} {r['text']}" for r in rows) + ".", chart,
        years=_span(found), unit="percent of histories",
    )  # fmt: skip


def _rows(found: Years, measure: str, power: str, run: str) -> list[dict[str, Any]]:
    band, mean = (found.summary[name].sel(run=run, power=power) for name in (measure, f"{measure}_mean"))
    parts = (band.sel(quantile=LOW), band.sel(quantile=HIGH), mean)
    years = zip(found.summary["year"].values, *(part.values for part in parts), strict=True)
    return [{"year": int(y), "low": float(low), "high": float(high), "mean": float(m)} for y, low, high, m in years]


def _powers(case: Case, found: Years) -> list[str]:
    return [p for p in case.powers if p in found.summary["power"].values]


def _runs(found: Years) -> list[str]:
    return [str(r) for r in found.summary["run"].values if r != "difference"]


def _last(found: Years) -> int:
    return int(found.summary["year"].values[-1])


def _span(found: Years) -> str:
    return f"{int(found.summary['year'].values[0])}–{_last(found)}"


def _size(found: Years) -> int:
    return int(found.manifest["identity"]["histories"])


def _fits(found: Years) -> str:
    return and_join(found.manifest["identity"]["weights"])


def _at(found: Years, name: str, power: str) -> float:
    return float(found.summary[name].sel(run=_runs(found)[-1], power=power, year=_last(found)))


def _interval(found: Years, measure: str, power: str) -> str:
    here = found.summary[measure].sel(run=_runs(found)[-1], power=power, year=_last(found))
    mean = _at(found, f"{measure}_mean", power)
    return with_interval(mean, float(here.sel(quantile=LOW)), float(here.sel(quantile=HIGH)))
