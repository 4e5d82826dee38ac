"""Figures of what the model says: explanations ranked, the gap taken apart, responses expected, the path in rationality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import polars as pl

from buckpass.ask.explain import Explained
from buckpass.case import Case
from buckpass.evidence.nested import Added, NestedTests
from buckpass.evidence.nested_answer import NestedAnswer
from buckpass.fitting.differences import HOSTS_TOGETHER
from buckpass.game.decomposition import MECHANISM_WORDS, MECHANISMS
from buckpass.measured import Record
from buckpass.model.mechanisms import ALL, combination, mechanisms
from buckpass.page.model_results import UNLIKELY, ModelResults
from buckpass.page.places import end_names
from buckpass.page.theme import INK, PALE, Figure, by_power, ink_on, inline, label_colours, power_colours
from buckpass.page.wording import name_of, number, spoken, with_interval, years_of
from buckpass.results.summary import Summary
from buckpass.results.words import and_join, count_of, percent, quoted, sentence

__all__ = [
    "explanations_ranked", "gap_taken_apart", "gap_title", "mechanisms_added", "path_in_rationality", "responses_expected",
]  # fmt: skip

BAR, OTHER = "#54608a", "#b5662f"
NAMES_APART = 0.065  # of the axis, from name to name at the ends of lines
SMALLEST = 0.0005  # of an effort of 1: a bar that can be seen
SEEN = 0.005  # the least probability whose shade can be seen
BASE_NOTE = "Fitted to this record: an expectation, not a forecast."


def explanations_ranked(case: Case, model: ModelResults) -> Figure | None:
    """Leave-one-crisis-out score of each explanation against the best, with two standard errors of the difference."""
    rows = [
        {"name": f"{f.name} ({f.id})" if f.name != f.id else f.name, "value": f.difference,
         "low": f.difference - 2 * f.se_difference, "high": f.difference + 2 * f.se_difference,
         "colour": BAR}
        for f in model.fits if f.difference is not None and f.se_difference is not None
    ]  # fmt: skip
    if not rows:
        return None
    y = alt.Y(
        "name:N", sort=[r["name"] for r in rows], title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=240)
    )
    colour = alt.Color("colour:N", scale=None)
    base = alt.Chart(inline(rows))
    x = alt.X(
        "value:Q", title="predicts left-out crises worse by … than the best (elpd, nats; bar: ± 2 standard errors)"
    )
    zero = alt.Chart(inline([{"at": 0}])).mark_rule(color=INK, strokeDash=[2, 2]).encode(x=alt.X("at:Q"))
    chart = alt.layer(
        zero,
        base.mark_rule(strokeWidth=3, opacity=0.45).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y, color=colour),
        base.mark_point(filled=True, size=80, opacity=1).encode(x=x, y=y, color=colour),
    ).properties(width=480, height=26 * len(rows))
    return Figure(
        "explanations", ranking_title(model),
        f"n = {count_of(model.n_crises, 'crisis', 'crises')} left out one by one. Grey: bounds, not explanations. Pairs whose "
        f"difference is within two of its standard errors ({HOSTS_TOGETHER}) cannot be told apart.",
        f"Source: fits of the record of {case.id}.", ranking_title(model) + ".", chart,
        years=years_of(case), unit="nats of log predictive density",
    )  # fmt: skip


def mechanisms_added(case: Case, answer: NestedAnswer) -> Figure:
    """What each mechanism adds to the controls, alone and given the rest, with two standard errors."""
    tests = answer.tests
    together = Added(ALL, tests.all_over_base, None)
    ranked = sorted(tests.mechanisms, key=lambda one: -one.alone.diff if one.alone else np.inf)
    names = {m.id: f"{m.name} ({m.id})" for m in mechanisms()} | {ALL: "all together"}
    rows = [
        {"name": names[one.id], "of": of, "value": gap.diff, "low": gap.diff - 2 * gap.se, "high": gap.diff + 2 * gap.se}
        for one in (together, *ranked)
        for of, gap in (("over the controls", one.alone), ("given all the others", one.given_the_rest))
        if gap is not None
    ]  # fmt: skip
    kinds = [k for k in ("over the controls", "given all the others") if any(r["of"] == k for r in rows)]
    y = alt.Y("name:N", sort=list(dict.fromkeys(r["name"] for r in rows)), title=None,
              axis=alt.Axis(ticks=False, domain=False, labelLimit=240))  # fmt: skip
    aside = alt.YOffset("of:N", sort=kinds)
    colour = alt.Color("of:N", title=None, scale=alt.Scale(domain=kinds, range=[BAR, OTHER][: len(kinds)]),
                       legend=alt.Legend(orient="top") if len(kinds) > 1 else None)  # fmt: skip
    base = alt.Chart(inline(rows))
    zero = alt.Chart(inline([{"at": 0}])).mark_rule(color=INK, strokeDash=[2, 2]).encode(x=alt.X("at:Q"))
    x = alt.X("value:Q", title="predicts left-out crises better by … (elpd, nats; bar: ± 2 standard errors)")
    chart = alt.layer(
        zero,
        base.mark_rule(strokeWidth=3, opacity=0.45).encode(
            x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y, yOffset=aside, color=colour
        ),
        base.mark_point(filled=True, size=80, opacity=1).encode(x=x, y=y, yOffset=aside, color=colour),
    ).properties(width=480, height=26 * len({r["name"] for r in rows}))
    return Figure(
        "explanations", added_title(answer),
        f"n = {count_of(len(tests.crises), 'crisis', 'crises')} left out one by one; {HOSTS_TOGETHER}. A bar that "
        f"crosses zero: nothing measurable{_picked(tests)}.",
        f"Source: fits of the record of {case.id}.", answer.headline, chart,
        years=years_of(case, tests.crises), unit="nats of log predictive density",
    )  # fmt: skip


def _picked(tests: NestedTests) -> str:
    """What must be taken off a bar before it is read, since the best of several was picked."""
    owed = [f"{one.expected:.1f} of {one.tested} {of}" for one, of in
            ((tests.optimism, "alone"), (tests.optimism_given, "given all the others")) if one.tested > 1]  # fmt: skip
    return f", nor one that does so when less by what the best owes to chance ({', '.join(owed)})" if owed else ""


def added_title(answer: NestedAnswer) -> str:
    """Which mechanisms predict measurably better than the controls."""
    names = {m.id: quoted(m.name) for m in mechanisms()}
    beat = [names[m] for m in answer.tests.beating_base]
    if not beat:
        return "No mechanism by itself predicts measurably better than the controls"
    said = f"{and_join(beat)} {'predicts' if len(beat) == 1 else 'predict'} measurably better than the controls"
    return sentence(said)


def ranking_title(model: ModelResults) -> str:
    """Which explanation predicts best, and which ones the record cannot tell from it."""
    real = [f for f in model.fits if f.difference is not None]
    if not real:
        return "No explanation but the bounds was fitted"
    best = real[0]
    pairs = {frozenset(p) for p in model.indistinguishable}
    same = [quoted(f.name) for f in real[1:] if frozenset((best.id, f.id)) in pairs]
    if not same:
        return f"The record is best predicted by {quoted(best.name)}" + (
            "" if len(real) == 1 else ", apart from all others"
        )
    shown = and_join(same) if len(same) <= 4 else f"{count_of(len(same), 'other')} of {len(real) - 1}"
    return f"The record is best predicted by {quoted(best.name)}, but cannot tell it from {shown}"


def gap_taken_apart(case: Case, model: ModelResults) -> Figure | None:
    """Bars: what each mechanism adds to the difference in expected effort between rider and provider; None where there is none.

    A mechanism that moves nothing in any draw has no bar.
    """
    gap = model.gap
    if gap is None or not gap.is_clear:
        return None
    rows = [{"name": MECHANISM_WORDS[m], "value": gap.parts[m].mean, "low": gap.parts[m].low, "high": gap.parts[m].high}
            for m in MECHANISMS if max(abs(gap.parts[m].low), abs(gap.parts[m].high)) >= SMALLEST]  # fmt: skip
    rows.sort(key=lambda r: -abs(r["value"]))
    total = {"name": "the whole gap", "value": gap.gap.mean, "low": gap.gap.low, "high": gap.gap.high}
    colour = power_colours(case)[gap.power]
    y = alt.Y("name:N", sort=[r["name"] for r in [*rows, total]], title=None, axis=alt.Axis(ticks=False, domain=False))
    zero = alt.Chart(inline([{"at": 0}])).mark_rule(color=INK).encode(x=alt.X("at:Q"))
    base = alt.Chart(inline([{**r, "colour": colour} for r in rows] + [{**total, "colour": PALE}]))
    axis = f"expected effort of {spoken(case, gap.power)} minus that of {spoken(case, gap.reference)} (1 = top of the ladder)"
    chart = alt.layer(
        base.mark_bar(height=16, opacity=0.75).encode(
            x=alt.X("value:Q", title=axis), y=y, color=alt.Color("colour:N", scale=None)
        ),
        base.mark_rule(strokeWidth=1.6, color=INK).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y),
        zero,
    ).properties(width=480, height=210)
    return Figure(
        "gap", gap_title(case, gap),
        f"n = 1 crisis ({case.crisis(gap.crisis)['name']}), {model.n_draws} draws of "
        f"{and_join(model.weights)}, 90 % intervals. Shapley values over six mechanisms; they add up to the whole.",
        f"Source: fits of the record of {case.id}.", gap_title(case, gap) + ".", chart,
        years=years_of(case, [gap.crisis]), unit="expected effort, 0 to 1",
    )  # fmt: skip


def gap_title(case: Case, gap: Explained) -> str:
    """In words: how large the gap of this one crisis is, and which mechanism carries most of it."""
    where = f"In “{case.crisis(gap.crisis)['name']}”"
    rider, provider = spoken(case, gap.power), spoken(case, gap.reference)
    if not gap.is_clear:
        return f"{where} the model sees no clear difference between {rider} and {provider}"
    sign = -1 if gap.gap.mean < 0 else 1
    most = max(MECHANISMS, key=lambda m: sign * gap.parts[m].mean)

    def told(one: Summary) -> str:
        return with_interval(sign * one.mean, *sorted((sign * one.low, sign * one.high)))

    tail = "" if most == "others" else f", what others do {told(gap.parts['others'])}"
    return (
        f"{where} {rider} is expected to do {'less' if sign < 0 else 'more'} than {provider}, by {told(gap.gap)} on a scale "
        f"from 0 to 1: {MECHANISM_WORDS[most]} carries {told(gap.parts[most])} of that{tail}"
    )


def responses_expected(case: Case, record: Record, model: ModelResults, crisis: str) -> Figure | None:
    """One crisis: the model's probability of each rung as shade, the coded band as a frame."""
    powers = [p for p in case.powers if (crisis, p) in model.expected]
    if not powers:
        return None
    coded = {r["actor"]: r for r in record.responses.frame.filter(pl.col("crisis") == crisis).iter_rows(named=True)}
    colours = power_colours(case)
    cells, marks, bands = [], [], []
    for power in powers:
        found, name = model.expected[crisis, power], name_of(case, power)
        cells += [{"name": name, "rung": r, "p": p, "colour": colours[power], "text": f"{100 * p:.0f}" if p >= 0.1 else "",
                   "ink": ink_on(colours[power]) if p > 0.6 else INK} for r, p in enumerate(found.by_rung) if p >= SEEN]  # fmt: skip
        marks.append({"name": name, "value": found.rung.mean, "low": found.rung.low, "high": found.rung.high})
        row = coded.get(power)
        if row is not None and row["rung"] is not None:
            bands.append({"name": name, "from": row["low"] - 0.46, "to": row["high"] + 0.46})
    names = [name_of(case, p) for p in powers]
    return Figure(
        f"responses-{crisis}", responses_title(case, coded, model, crisis),
        f"n = {count_of(len(bands), 'coded response')} of {count_of(len(powers), 'power')}. Shade and number: probability in "
        f"percent; frame: rungs that the sources allow. {BASE_NOTE}",
        f"Source: the record and fits of {case.id}.",
        "; ".join(f"{m['name']}: expected rung {with_interval(m['value'], m['low'], m['high'])}" for m in marks) + ".",
        _responses_chart(case.rungs.count, cells, bands, names),
        years=years_of(case, [crisis]), unit="percent", one_size=True,
    )  # fmt: skip


def _responses_chart(
    rungs: int, cells: list[dict[str, Any]], bands: list[dict[str, Any]], names: list[str]
) -> dict[str, Any]:
    """As Vega-Lite itself: a page has one for every crisis, and Altair takes longer to make it than it takes to draw."""
    y = {"field": "name", "type": "nominal", "sort": names, "title": None, "axis": {"ticks": False, "domain": False}}
    axis = {"values": list(range(rungs)), "format": "d", "labelAngle": 0, "grid": False, "title": None, "labelFontSize": 11,
            "orient": "bottom"}  # fmt: skip
    scale = {"domain": [-0.5, rungs - 0.5], "nice": False}
    x, edge = ({"field": f, "type": "quantitative", "scale": scale, "axis": axis} for f in ("rung", "from"))
    along = {"x": edge, "x2": {"field": "to"}, "y": y}
    colour, ink = ({"field": f, "type": "nominal", "scale": None} for f in ("colour", "ink"))
    shade = {"field": "p", "type": "quantitative", "legend": None, "scale": {"domain": [0, 1], "range": [0.03, 1]}}
    text = {"x": x, "y": y, "text": {"field": "text", "type": "nominal"}, "color": ink}
    wide = [{**c, "from": c["rung"] - 0.45, "to": c["rung"] + 0.45} for c in cells]
    return {
        "$schema": alt.SCHEMA_URL, "width": 250, "height": 30 * len(names), "datasets": {"cells": wide, "bands": bands},
        "layer": [
            {"data": {"name": "cells"}, "mark": {"type": "bar", "height": 20},
             "encoding": {**along, "color": colour, "opacity": shade}},
            {"data": {"name": "cells"}, "mark": {"type": "text", "fontSize": 11}, "encoding": text},
            {"data": {"name": "bands"}, "mark": {"type": "bar", "height": 24, "filled": False, "stroke": INK, "strokeWidth": 1.8},
             "encoding": along},
        ],
    }  # fmt: skip


def responses_title(case: Case, coded: Mapping[str, Any], model: ModelResults, crisis: str) -> str:
    """How many coded responses the model would have found unlikely."""
    known = {p: r for p, r in coded.items() if r["rung"] is not None and (crisis, p) in model.expected}
    surprising = [p for p, r in known.items() if model.expected[crisis, p].is_surprised_by(r["low"], r["high"])]
    if not known:
        return "No coded response to compare with"
    if not surprising:
        return f"No response of the {len(known)} coded surprises the model (P below {percent(UNLIKELY)})"
    return f"The model did not expect what {and_join(spoken(case, p) for p in surprising)} did (P below {percent(UNLIKELY)})"


def path_in_rationality(case: Case, model: ModelResults) -> Figure | None:
    """Expected rung of each power in the focus crisis as choices follow payoffs ever more exactly."""
    path = model.path
    if path is None:
        return None
    rows = [{"power": p, "rationality": x, "rung": r, "order": i} for p, rungs in path.rungs.items()
            for i, (x, r) in enumerate(zip(path.rationality, rungs, strict=True))]  # fmt: skip
    powers = list(path.rungs)
    inks = label_colours(case)
    ends = [{"name": name_of(case, p), "rationality": path.rationality[-1], "rung": path.rungs[p][-1], "ink": inks[p]} for p in powers]  # fmt: skip
    colour = by_power(case, powers)
    top = path.rationality[-1]
    x = alt.X("rationality:Q", title="rationality λ (0: chance; 1: as fitted)", scale=alt.Scale(domain=[0, top * 1.3], nice=False),
              axis=alt.Axis(values=[0, 1, 2, 3, 4], grid=False))  # fmt: skip
    y = alt.Y("rung:Q", title="expected rung", scale=alt.Scale(domain=[0, case.rungs.top]))
    fitted = alt.Chart(inline([{"at": 1}])).mark_rule(strokeDash=[3, 3], color=PALE).encode(x=alt.X("at:Q"))
    chart = alt.layer(
        fitted,
        alt.Chart(inline(rows)).mark_line(strokeWidth=2).encode(x=x, y=y, color=colour, order=alt.Order("order:Q")),
        *end_names(ends, x, y, (0.0, top), NAMES_APART * case.rungs.top, case.rungs.top),
    ).properties(width=480, height=240)  # fmt: skip
    folds = (
        f"The branch folds at λ = {and_join(number(f) for f in path.folds)}."
        if path.folds
        else "The branch does not fold."
    )
    at_top = and_join(f"{name_of(case, p)} {number(path.rungs[p][-1])}" for p in (case.settings.focus.provider, case.settings.focus.rider)
                      if p in path.rungs)  # fmt: skip
    return Figure(
        "path", f"Were choices {number(top, 1)} times as exact, expected rungs would be: {at_top}",
        f"n = 1 crisis ({case.crisis(path.crisis)['name']}), {combination(path.explanation).name} at its posterior mean: no interval. {folds}",
        f"Source: fits of the record of {case.id}.", f"Lines of expected rung against rationality for {and_join(name_of(case, p) for p in powers)}.",
        chart, years=years_of(case, [path.crisis]), unit="expected rung",
    )  # fmt: skip
