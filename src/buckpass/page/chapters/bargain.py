"""The page's chapter on the unwritten agreement: whether each party's patience suffices to keep it, now and later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl

from buckpass.case import BuckpassError, Case
from buckpass.fitting.posterior import Posterior
from buckpass.model.mechanisms import combination
from buckpass.page.results import Chapter
from buckpass.page.theme import INK, PALE, Figure, Layered, inline, is_settled, power_colours
from buckpass.page.wording import name_of, number, portion, span, with_interval
from buckpass.results.table import ResultTable
from buckpass.results.words import and_join, count_of, percent

if TYPE_CHECKING:
    from buckpass.bargain import Agreement

__all__ = ["agreement_chapter", "critical_figure", "keeping_figure"]

HEADING = "The unwritten agreement"
LEAST_SEEN = 0.02  # of a discount factor: what is less lies on the axis
HIGHEST = 1.5  # of the axis: what lies above 1 no patience reaches


def agreement_chapter(
    case: Case, posteriors: Mapping[str, Posterior], agree: Callable[..., Agreement] | None = None
) -> Chapter | None:
    """Critical discount factors of the parties, and in how many draws of what is assumed the agreement keeps itself, by year.

    None where the case states no agreement. Where no fit can speak about the one that it states, the chapter says so.
    agree : who works it out, for a caller that has done so before.
    """
    from buckpass.bargain import agreement

    if case.settings.arrangement is None:
        return None
    try:
        found = (agree or agreement)(case, posteriors)
    except BuckpassError as reason:
        return Chapter(HEADING, "no fit can speak of it", f"Nothing can be said of the agreement: {reason}.")
    figures = [f for f in (critical_figure(case, found), keeping_figure(case, found)) if f is not None]
    line = f"rents and patience are assumed: it keeps itself in {portion(found.p_self_enforcing, 'their draws')}, {_until(found)}"
    line += ", but breaking it would gain so little that hardly any patience is needed" if _needs_none(found) else ""
    return Chapter(HEADING, line, _finding(case, found), tuple(figures), (_parties(case, found),))


def _needs_none(found: Agreement) -> bool:
    """Whether every party keeps it whatever its patience: then that it keeps itself is no sign of a bargain."""
    return all(p.critical is not None and p.critical[2] < LEAST_SEEN for p in found.parties)


def _until(found: Agreement) -> str:
    """How long it is kept in most of the draws."""
    if found.break_year:
        return f"broken in more than half of them from {found.break_year}"
    if is_settled(y.p_self_enforcing for y in found.path):
        return "now and on the whole path"
    return "kept in at least half of them on the whole path"


def _finding(case: Case, found: Agreement) -> str:
    verdicts = "; ".join(f"{name_of(case, p.party)}: {p.verdict}" for p in found.parties)
    least, most = map(number, found.discount)
    said = [
        f"The agreement keeps itself in {portion(found.p_self_enforcing, count_of(found.n_draws, 'draw'))}, {_until(found)}. {verdicts}.",
        f"A party keeps it if it counts next year’s pay-off at more than δ* of this year’s (its discount factor; {least} to {most} are assumed).",
        "The δ* are so near 0 that no bargain is needed to explain this restraint: breaking it would gain little." if _needs_none(found) else "",
        found.fee_in_words(partial(name_of, case)),
        f"Computed under {combination(found.explanation).name}; rents, what follows breakdown and patience are drawn from ranges that the case "
        "assumes, so that a share of draws is no probability of the world.",
    ]  # fmt: skip
    return " ".join(filter(None, said))


def critical_figure(case: Case, found: Agreement) -> Figure | None:
    """Each party's critical discount factor with its interval, beside the patience that the case assumes.

    None where no party has one, or where all are so near 0 that nothing could be seen: the table has their numbers.
    """
    colours = power_colours(case)
    rows = [
        {"name": name_of(case, p.party), "value": min(p.critical[0], HIGHEST), "low": min(p.critical[1], HIGHEST),
         "high": min(p.critical[2], HIGHEST), "colour": colours.get(p.party, PALE), "text": with_interval(*p.critical)}
        for p in found.parties if p.critical is not None
    ]  # fmt: skip
    if max((r["high"] for r in rows), default=0.0) < LEAST_SEEN:
        return None
    title = and_join(f"{r['name']} keeps it with δ above {r['text'].split(' ')[0]}" for r in rows)
    without = and_join(name_of(case, p.party) for p in found.parties if p.critical is None)
    return Figure(
        "agreement", title,
        f"n = {count_of(found.n_draws, 'draw')} under {combination(found.explanation).name}; dot: median, bar: 90 % interval over "
        f"draws with a bargain to keep{f'; none for {without}' if without else ''}. Punishment lasts the years that the case assumes.",
        f"Source: fit of {found.explanation} to the record of {case.id}; Friedman (1971), Abreu (1988).",
        f"{title}. The patience assumed is {number(found.discount[0])} to {number(found.discount[1])}.", _critical_chart(rows, found.discount),
        years=_years(found), unit="discount factor δ per year",
    )  # fmt: skip


def _critical_chart(rows: Sequence[Mapping[str, Any]], discount: tuple[float, float]) -> Layered:
    y = alt.Y("name:N", title=None, axis=alt.Axis(ticks=False, domain=False))
    x = alt.X("value:Q", title=["critical discount factor δ*", "(a larger δ keeps it; above 1 nobody can)"],
              scale=alt.Scale(domain=[0, 1.05 if max(r["high"] for r in rows) <= 1 else HIGHEST], nice=False))  # fmt: skip
    base = alt.Chart(inline(rows))
    stated = alt.Chart(inline([{"from": discount[0], "to": discount[1], "text": "patience assumed"}]))
    return alt.layer(
        stated.mark_rect(color=PALE, opacity=0.18).encode(x=alt.X("from:Q"), x2=alt.X2("to:Q")),
        stated.mark_text(align="left", baseline="top", fontSize=11, color=PALE).encode(
            x=alt.X("from:Q"), y=alt.YValue(2), text=alt.Text("text:N")
        ),
        base.mark_rule(strokeWidth=3, opacity=0.5).encode(
            x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y, color=alt.Color("colour:N", scale=None)
        ),
        base.mark_point(filled=True, size=90, opacity=1).encode(x=x, y=y, color=alt.Color("colour:N", scale=None)),
        base.mark_text(align="left", baseline="bottom", dy=-7, fontSize=11, color=INK).encode(
            x=alt.X("low:Q"), y=y, text=alt.Text("text:N")
        ),
    ).properties(width=480, height=54 * len(rows))


def keeping_figure(case: Case, found: Agreement) -> Figure | None:
    """In how many draws the agreement keeps itself, by year of the path; None where it is 0 or 100 % in every year."""
    if len(found.path) < 2 or is_settled(y.p_self_enforcing for y in found.path):
        return None
    rows = [{"year": y.year, "value": y.p_self_enforcing, "text": f"{y.p_self_enforcing:.2f}"} for y in found.path]
    base = alt.Chart(inline(rows))
    x = alt.X(
        "year:Q",
        title=None,
        axis=alt.Axis(format="d", grid=False, values=[r["year"] for r in rows]),
        scale=alt.Scale(zero=False),
    )
    y = alt.Y(
        "value:Q", title=None, axis=alt.Axis(format=".0%", tickCount=5), scale=alt.Scale(domain=[0, 1.08], nice=False)
    )
    chart = alt.layer(
        alt.Chart(inline([{"at": 0.5}])).mark_rule(strokeDash=[3, 3], color=PALE).encode(y=alt.Y("at:Q")),
        base.mark_line(color=INK, strokeWidth=2).encode(x=x, y=y),
        base.mark_point(filled=True, color=INK, size=50, opacity=1).encode(x=x, y=y),
        base.mark_text(dy=-11, fontSize=11, color=INK).encode(x=x, y=y, text=alt.Text("text:N")),
    ).properties(width=480, height=190)
    first, last = found.path[0], found.path[-1]
    every = {r["text"] for r in rows}
    moves = (f"stays at {percent(first.p_self_enforcing)} from {first.year} to {last.year}" if len(every) == 1 else
             f"goes from {percent(first.p_self_enforcing)} in {first.year} to {percent(last.p_self_enforcing)} in {last.year}")  # fmt: skip
    return Figure(
        "keeping", f"The share of draws in which the agreement keeps itself {moves}",
        f"n = {count_of(found.n_draws, 'draw')}; each point is the share of draws in which both keep it, so it has no interval of its own. "
        "Rents and patience are assumed; capacities and trade move at their central growth rates.",
        f"Source: fit of {found.explanation} to the record of {case.id}.",
        "; ".join(f"{r['year']}: {r['text']}" for r in rows) + ".", chart,
        years=_years(found), unit="percent of draws",
    )  # fmt: skip


def _years(found: Agreement) -> str:
    return span(found.path[0].year, found.path[-1].year)


def _parties(case: Case, found: Agreement) -> ResultTable:
    is_said = not is_settled(share for p in found.parties for share in (p.p_has_bargain, p.p_keeps))
    rows = [
        {"party": name_of(case, p.party), "forgoes": and_join(p.forgoes) or "nothing", "verdict": p.verdict,
         **({"draws with a bargain": percent(p.p_has_bargain), "draws in which it keeps it": percent(p.p_keeps)} if is_said else {}),
         "least discount factor δ*, if punished for ever": with_interval(*p.critical_grim) if p.critical_grim else "none"}
        for p in found.parties
    ]  # fmt: skip
    alike = (
        ""
        if is_said
        else f" In {portion(found.parties[0].p_keeps, 'the draws')} each side has a bargain to keep, and keeps it."
    )
    note = f"{count_of(found.n_draws, 'draw')}, medians with 90 % intervals.{alike} `buckpass agreement {case.id}`"
    return ResultTable(pl.DataFrame(rows), "Each side of the bargain", {}, note, (), case.hash)
