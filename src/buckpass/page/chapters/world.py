"""The page's chapter on the world's record: how often a power like this one helps in conflicts like these, as a grey band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import altair as alt
import polars as pl

from buckpass.case import BuckpassError, Case
from buckpass.page.results import Chapter
from buckpass.page.theme import INK, PALE, Figure, Layered, inline
from buckpass.page.wording import name_of
from buckpass.results.table import ResultTable
from buckpass.results.words import and_join, count_of, sentence
from buckpass.worldwide import Beside, beside
from buckpass.worldwide.kept_game import read_game

__all__ = ["world_chapter"]

HEADING = "Beside the world's record"
MARKS = {"yes": ("here: it did", "#00598f"), "no": ("here: it did not", "#a84300"), "open": ("here: open", PALE)}
WIDTH, PHONE = 400, 290  # of the plot; a phone has the names above the bars


def world_chapter(case: Case) -> Chapter:
    """What powers like the rider did in conflicts like each crisis, world-wide, beside what it did; or why nothing is comparable."""
    rider = case.settings.focus.rider
    try:
        found = beside(case, rider)
    except BuckpassError as reason:
        return Chapter(HEADING, "nothing can be compared", f"Nothing can be compared: {reason}")
    if found.rows.is_empty():
        return Chapter(
            HEADING, "no crisis is comparable", f"No crisis is comparable. {found.note}", (), _tables(case, found)[1:]
        )
    line = _line(case, found)
    return Chapter(
        HEADING,
        line,
        f"{sentence(line)}. {found.note} Of free riding the same record says: {read_game().sentence}.",
        (_figure(case, found, line),),
        _tables(case, found),
    )


def _tables(case: Case, found: Beside) -> tuple[ResultTable, ...]:
    """The tables of the verb, for readers: crises by name, columns in words."""
    names, who = dict(case.crises.select("crisis_id", "name").iter_rows()), name_of(case, case.settings.focus.rider)
    share, *left = found.tables()
    told = share.frame.drop("power").with_columns(pl.col("crisis").replace_strict(names)).rename({
        "crisis": "Crisis", "did": "Rung here", "helped": f"{who}: arms, training or troops", "peers": "The other powers",
        "troops": f"{who}: troops", "reading": "Reading",
    })  # fmt: skip
    return replace(share, frame=told, title="How often in conflicts like it, world-wide"), *(
        _reasons(t, names) for t in left
    )


def _reasons(left: ResultTable, names: Mapping[str, str]) -> ResultTable:
    """Why crises cannot be compared, whatever their type."""
    frame = left.frame.with_columns(
        pl.col("reason").str.replace("^[a-z_]+: ", ""),
        pl.col("which").str.split(", ").list.eval(pl.element().replace_strict(names)).list.join(", "),
    )
    told = frame.group_by("reason", maintain_order=True).agg(pl.col("crises").sum(), pl.col("which").str.join(", "))
    return replace(left, frame=told.rename({"reason": "Reason", "crises": "Crises", "which": "Which"}))


def _line(case: Case, found: Beside) -> str:
    rows, who = found.rows, name_of(case, case.settings.focus.rider)
    asked = {f"restraint by {who} is": rows.filter(gave="no"), f"help by {who} is": rows.filter(gave="yes")}
    said = [
        f"{what} rare among conflicts alike in {part.filter(pl.col('reading').str.starts_with('rare')).height} of {part.height}"
        for what, part in asked.items()
        if part.height
    ]
    n = count_of(rows.height, "crisis", "crises")
    return (
        f"of {n} that can be compared, {and_join(said)}"
        if said
        else f"{n} can be compared, in none is known what {who} did"
    )


def _figure(case: Case, found: Beside, line: str) -> Figure:
    names = dict(case.crises.select("crisis_id", "name").iter_rows())
    rows = [
        {"name": names[row["crisis"]], "share": row["helped"], "low": row["helped_low"], "high": row["helped_high"],
         "did": MARKS[row["gave"]][0], "colour": MARKS[row["gave"]][1]}
        for row in found.rows.iter_rows(named=True)
    ]  # fmt: skip
    return Figure(
        "world", sentence(line),
        f"n = {count_of(len(rows), 'crisis', 'crises')}; band: 90 % interval of the share, stroke: its mean; right: whether it "
        "gave rung 4 or more here. Context, no verdict.",
        "Source: UCDP External Support Dataset 18.1 (CC BY 4.0), UCDP/PRIO, ATOP, COW, strategic rivalries; fit of docs/world.md.",
        f"{line}.", _bands(rows), _bands_below_names(rows), years="1975–2017 world-wide", unit="share of conflicts",
    )  # fmt: skip


def _bands(rows: Sequence[Mapping[str, Any]]) -> Layered:
    y = alt.Y("name:N", title=None, sort=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=260))
    did = alt.Chart(inline(rows)).mark_text(align="left", fontSize=11).encode(
        x=alt.value(WIDTH + 10), y=y, text=alt.Text("did:N"), color=alt.Color("colour:N", scale=None))  # fmt: skip
    return alt.layer(*_shares(rows, y), did).properties(width=WIDTH, height=22 * len(rows))


def _bands_below_names(rows: Sequence[Mapping[str, Any]]) -> Layered:
    """The same for a phone: each name and what was done here in a line above their band, so that letters stay as large."""
    y = alt.Y("name:N", title=None, sort=None, axis=None)
    base = alt.Chart(inline(rows))
    names = base.mark_text(align="left", dy=-13, fontSize=11, color=INK, limit=PHONE - 90).encode(
        x=alt.value(0), y=y, text=alt.Text("name:N"))  # fmt: skip
    did = base.mark_text(align="right", dy=-13, fontSize=11).encode(
        x=alt.value(PHONE), y=y, text=alt.Text("did:N"), color=alt.Color("colour:N", scale=None))  # fmt: skip
    return alt.layer(*_shares(rows, y), names, did).properties(width=PHONE, height=36 * len(rows))


def _shares(rows: Sequence[Mapping[str, Any]], y: alt.Y) -> tuple[alt.Chart, alt.Chart]:
    """Bands with their means."""
    base = alt.Chart(inline(rows))
    x = alt.X("low:Q", title="share of conflicts alike with arms, training or troops", axis=alt.Axis(format="%"),
              scale=alt.Scale(domain=[0, min(1.0, ceil(10 * max(r["high"] for r in rows)) / 10)]))  # fmt: skip
    return (
        base.mark_bar(color="#c4c9d1", height=11).encode(x=x, x2=alt.X2("high:Q"), y=y),
        base.mark_tick(color=INK, thickness=2, height=13).encode(x=alt.X("share:Q"), y=y),
    )
