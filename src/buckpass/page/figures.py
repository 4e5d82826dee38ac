"""Figures of what is measured: the record as a heat map, shares over time, the ledger at a glance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from buckpass.case import Case
from buckpass.case.coded import sources_of
from buckpass.case.reading.reach import eligible_crises, without_row
from buckpass.measured import Record
from buckpass.measured.positions import amounts_of, own_amounts, pooled_amounts, pooled_shares, years_pooled
from buckpass.measured.responses import NOT_FOR_THE_HOST, told_rung
from buckpass.measured.shares import DOMAINS, is_old, measure_name, years_in_words
from buckpass.page.by_host import crisis_anchors
from buckpass.page.places import end_names
from buckpass.page.theme import (
    INK,
    PALE,
    Figure,
    Layered,
    RowName,
    by_power,
    ink_on,
    inline,
    label_colours,
    power_colours,
    rung_colours,
)
from buckpass.page.wording import name_of, source_line, spoken, years_of
from buckpass.results.summary import interval
from buckpass.results.words import and_join, count_of, percent

__all__ = ["heat_actors", "record_heat_map", "shares_over_time"]

LONGEST_COLUMN = 110  # pixels of a column's name
FEWEST_TICKS = 3
NAMES_APART = 0.07  # of a share of 1, from name to name at the ends of lines
MOST_ROWS = 60  # crises that still can be read on one sheet
FEWEST_ROWS = 5  # an organisation coded less often has no column of its own


@dataclass(frozen=True)
class Cell:
    """How large a heat map's cells are: pixels of a row and a column, areas of the marks, letters of a row's name."""

    height: int
    width: int
    seen: int
    recalled: int
    absence: int
    letters: int


ON_SCREEN = Cell(13, 20, 120, 65, 100, 29)
ON_PHONE = Cell(20, 18, 230, 110, 190, 25)


def heat_actors(case: Case, record: Record) -> tuple[str, ...]:
    """Columns of the heat map: the powers, the focus's organisations, and organisations coded at least five times."""
    known = record.responses.frame.drop_nulls("rung")
    coded = dict(known.group_by("actor").len().iter_rows())
    often = [o for o in case.organisations if coded.get(o, 0) >= FEWEST_ROWS]
    return tuple(dict.fromkeys([*case.powers, *case.settings.focus.organisations, *often]))


def record_heat_map(case: Case, record: Record, theatres: Sequence[str], name: str = "record") -> Figure | None:
    """Crisis by actor: the rung as number and shade, its basis as the shape of the cell, doubt as a bar below it.

    Filled: source seen. Small: recalled. Hollow: looked for, nothing found. A dot: nobody looked. The thin bar runs from
    the lowest to the highest rung that the sources allow. A crisis of which no response of these actors is coded has no row; None
    where no crisis has one.
    """
    here = record.responses.frame.filter(pl.col("theatre").is_in(list(theatres)))
    coded = {*here.drop_nulls("rung")["actor"], *case.powers, *case.settings.focus.organisations}
    actors = [a for a in heat_actors(case, record) if a in coded]
    frame = here.filter(pl.col("actor").is_in(actors))
    there = case.crises.filter(pl.col("theatre").is_in(list(theatres)))
    every = there.filter(pl.col("crisis_id").is_in(frame.drop_nulls("rung")["crisis"].to_list()))
    if every.is_empty():
        return None
    crises = every.sort("severity", descending=True, maintain_order=True).head(MOST_ROWS).sort("start")
    listed = crises["crisis_id"].to_list()
    drawn = frame.filter(pl.col("crisis").is_in(listed))
    unlisted = without_row(case, listed, actors)
    cells = _cells(
        case.rungs.top, drawn, {a: i for i, a in enumerate(actors)}, {c: i for i, c in enumerate(listed)}, unlisted
    )
    missing = sum(c["rung"] is None for c in cells)
    return Figure(
        name=name,
        title=_heat_title(case, frame),
        note=f"n = {_drawn_of(crises.height, every.height, there.height)}, {len(cells) - missing} coded responses, {missing} not looked for. "
        f"Number and shade: highest rung taken, 0 to {case.rungs.top}. Filled: source seen; small: recalled; dashed: looked for, nothing found; "
        f"dot: nobody looked; blank: its own crisis, or none that an organisation's mandate reaches. {NOT_FOR_THE_HOST} The orange bar runs over the rungs that the sources allow, on a scale from 0 to {case.rungs.top}.",
        source=source_line(case, sources_of(drawn["sources"])),
        alt_text=f"Table of {crises.height} crises by {len(actors)} actors ({and_join(actors)}), of which "
        f"{len(set(case.powers) & set(actors))} are states. {_heat_title(case, frame)}. The same is listed by crisis below.",
        chart=_heat_chart(case, cells, actors, crises, ON_SCREEN),
        narrow=_heat_chart(case, cells, actors, crises, ON_PHONE),
        years=years_of(case, every["crisis_id"]),
        unit=case.ladder.scale,
        rows=_rows(case, crises),
    )


def _drawn_of(drawn: int, known: int, there: int) -> str:
    """How many crises the figure counts, and which of them, or beside them, have no row."""
    gravest = f", the {drawn} gravest drawn and the others listed by crisis" if drawn < known else ""
    bare = f"; {there - known} more not drawn, since no response of these actors is coded" if known < there else ""
    return f"{count_of(known, 'crisis', 'crises')}{gravest}{bare}"


def _cells(
    top: int, frame: pl.DataFrame, column: dict[str, int], row: dict[str, int], unlisted: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    cells, shades = [], rung_colours(top + 1)
    rows: list[dict[str, Any]] = list(frame.iter_rows(named=True))
    rows += [dict.fromkeys(frame.columns) | {"crisis": crisis, "actor": actor} for crisis, actor in unlisted]
    for r in rows:
        x, basis = column[r["actor"]], "unsearched" if r["rung"] is None else r["basis"]
        shade = shades[r["rung"]] if r["rung"] is not None else "#ffffff"
        doubt = r["rung"] is not None and r["low"] != r["high"]
        cells.append({
            "x": x + 0.5, "y": row[r["crisis"]] + 0.45, "rung": r["rung"], "told": told_rung(r), "basis": basis, "fill": shade,
            "ink": INK if basis == "absence" else ink_on(shade),
            "from": x + 0.2 + 0.6 * r["low"] / top if doubt else None, "to": x + 0.2 + 0.6 * r["high"] / top if doubt else None,
            "low_y": row[r["crisis"]] + 0.94,
        })  # fmt: skip
    return cells


def _heat_chart(
    case: Case, cells: list[dict[str, Any]], actors: Sequence[str], crises: pl.DataFrame, cell: Cell
) -> Layered:
    size = {"seen": cell.seen, "recalled": cell.recalled, "absence": cell.absence}
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, len(actors)], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[crises.height, 0], nice=False))
    layers: list[alt.Chart] = []
    for basis in size:
        rows = [c for c in cells if c["basis"] == basis]
        hollow = basis == "absence"
        mark = {"shape": "square", "size": size[basis], "opacity": 1, "filled": not hollow}
        dash = {"strokeDash": [3, 2], "strokeWidth": 1.3} if hollow else {"stroke": "#9fb0c6", "strokeWidth": 0.6}
        marks = alt.Chart(inline(rows)).mark_point(**mark, **dash)
        if rows and hollow:
            layers.append(marks.encode(x=x, y=y, color=alt.ColorValue(PALE)))
        elif rows:
            layers.append(marks.encode(x=x, y=y, fill=alt.Fill("fill:N", scale=None)))
    base = alt.Chart(inline(cells))
    layers.append(base.transform_filter("datum.rung !== null").mark_text(fontSize=10).encode(
        x=x, y=y, text=alt.Text("told:N"), color=alt.Color("ink:N", scale=None)))  # fmt: skip
    layers.append(base.transform_filter("datum.rung === null").mark_point(shape="square", size=4, filled=True, opacity=1, color="#b9c0ca")
                  .encode(x=x, y=y))  # fmt: skip
    layers.append(base.transform_filter("datum.from !== null").mark_rule(strokeWidth=2, color="#c2571a").encode(
        x=alt.X("from:Q", axis=None), x2=alt.X2("to:Q"), y=alt.Y("low_y:Q", axis=None)))  # fmt: skip
    layers += [_row_names(crises, y, cell.letters), _column_names(case, actors, x, cell.width)]
    return alt.layer(*layers).properties(width=cell.width * len(actors), height=cell.height * crises.height)


def _rows(case: Case, crises: pl.DataFrame) -> tuple[RowName, ...]:
    """What the names of rows say in full and lead to, as they are printed on a screen and on a phone."""
    anchors = crisis_anchors(case)
    return tuple(
        RowName(_clipped(r["name"], r["start"].year, cell.letters), r["name"], anchors[r["crisis_id"]])
        for cell in (ON_SCREEN, ON_PHONE)
        for r in crises.iter_rows(named=True)
    )


def _row_names(crises: pl.DataFrame, y: alt.Y, letters: int) -> alt.Chart:
    rows = [{"y": i + 0.45, "name": _clipped(r["name"], r["start"].year, letters)}
            for i, r in enumerate(crises.iter_rows(named=True))]  # fmt: skip
    return alt.Chart(inline(rows)).mark_text(align="right", fontSize=11, color=INK).encode(
        x=alt.XValue(-8), y=y, text=alt.Text("name:N"))  # fmt: skip


def _clipped(name: str, year: int, letters: int) -> str:
    """The name and, whatever its length, the year, or the years that the name has.

    >>> _clipped("Haiti (2004)", 2004, 20), _clipped("Mali war 2012-13", 2012, 15)
    ('Haiti 2004', 'Mali w… 2012-13')
    """
    named = re.search(rf"\b{year}([–-]\d{{2,4}})?\b", name)
    when = named[0] if named else str(year)
    bare = (name[: named.start()].strip(" ,(") + name[named.end() :].rstrip(" ,)")) if named else name
    room = letters - len(when) - 1
    return f"{bare if len(bare) <= room else bare[: room - 1].rstrip() + '…'} {when}"


def _column_names(case: Case, actors: Sequence[str], x: alt.X, width: int) -> Layered:
    colours = power_colours(case)
    rows = [{"x": i + 0.5, "name": name_of(case, a) if a in colours else a, "colour": colours.get(a, PALE)}
            for i, a in enumerate(actors)]  # fmt: skip
    base = alt.Chart(inline(rows))
    ticks = base.mark_tick(thickness=4, size=width - 8, orient="horizontal").encode(
        x=x, y=alt.YValue(-4), color=alt.Color("colour:N", scale=None))  # fmt: skip
    names = base.mark_text(angle=315, align="left", baseline="middle", fontSize=12, color=INK, dx=4, dy=-4, limit=LONGEST_COLUMN).encode(
        x=x, y=alt.YValue(-10), text=alt.Text("name:N"))  # fmt: skip
    return ticks + names


def _heat_title(case: Case, frame: pl.DataFrame) -> str:
    """Who deployed forces for a host, and who for ends of its own; organisations among the crises in which they could act."""
    focus, own = case.settings.focus, []
    deployed = pl.col("rung") >= case.rungs.deployment
    for_host = []
    for actor in (focus.provider, focus.rider):
        known = frame.filter((pl.col("actor") == actor) & pl.col("rung").is_not_null())
        if known.is_empty():
            continue
        acts = known.filter(deployed)
        helped = acts.filter(pl.col("scope").is_in(["host_support", "unknown"])).height
        of = f"{known.height}" if for_host else count_of(known.height, "crisis", "crises")
        for_host.append(f"{spoken(case, actor)} in {helped} of {of}")
        own += [f"{spoken(case, actor)} in {acts.height - helped}"] if acts.height > helped else []
    organisations = []
    for actor in focus.organisations[:2]:
        could = pl.col("crisis").is_in(list(eligible_crises(case, actor)))
        known = frame.filter((pl.col("actor") == actor) & pl.col("rung").is_not_null() & could)
        if known.height:
            organisations.append(f"{actor} in {known.filter(deployed).height} of {known.height}")
    could_act = f"; {and_join(organisations)} where it could act" if organisations else ""
    apart = f"; for claims, wars or people of their own, {and_join(own)}" if own else ""
    said = (
        and_join(for_host) or f"of {and_join(spoken(case, p) for p in (focus.provider, focus.rider))} nothing is coded"
    )
    return f"Forces deployed for the host: {said}{could_act}{apart}"


def shares_over_time(case: Case, record: Record) -> Figure | None:
    """Each power's share of economy and of security by year: dots as measured, band pooled over five years.

    None where nothing is divided: a domain of which one power has everything in every year is not drawn.
    """
    frame = record.shares.frame.drop_nulls("value")
    divided = frame.filter(pl.col("value").is_between(0, 1, closed="none"))["domain"].unique()
    frame = frame.filter(pl.col("domain").is_in(divided.to_list()))
    if frame.is_empty():
        return None
    bands = _bands(case, frame, record.seed)
    shown = set(case.powers) & {power for _, power in frame.select("domain", "power").unique().iter_rows()}
    return Figure(
        name="shares",
        title=_shares_title(case, frame, bands),
        note="Dots: the year's share of all suppliers or partners where the series has them, else of the powers shown. Line and "
        "band: the years with figures among the five around, pooled; at the ends, and beside gaps, they are three or four. 90 % interval. "
        f"n = {_years_by_domain(case, frame)}.",
        source=source_line(case, record.shares.sources),
        alt_text=f"Two panels of yearly shares of {and_join(name_of(case, p) for p in sorted(shown))}. "
        f"{_shares_title(case, frame, bands)}",
        chart=alt.hconcat(*[_share_panel(case, frame, bands, d) for d in DOMAINS if d in set(frame["domain"])]),
        years=f"{frame['year'].min()}–{frame['year'].max()}",
        unit="share, 0 to 100 %",
    )


def _bands(case: Case, frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The pooled shares in the years that have figures of their own: of the amounts, with the interval over which years count how much."""
    known = {(domain, year) for domain, year in frame.select("domain", "year").unique().iter_rows()}
    own = {domain: amounts_of(case, domain)[0] for domain in DOMAINS}
    of_amounts = pooled_amounts(own, "whole")
    rows = [
        {
            "domain": domain,
            "year": year,
            "power": power,
            "low": low,
            "value": of_amounts[domain][year][power],
            "high": high,
        }
        for domain, years in pooled_shares(own, seed, "whole").items()
        for year, shares in years.items()
        if (domain, year) in known
        for power, draws in shares.items()
        for low, high in [interval(draws)]
    ]
    schema = {"domain": pl.String, "year": pl.Int64, "power": pl.String, "low": pl.Float64, "value": pl.Float64,
              "high": pl.Float64}  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def _share_panel(case: Case, frame: pl.DataFrame, bands: pl.DataFrame, domain: str) -> Layered:
    powers = [p for p in case.powers if p in set(frame.filter(pl.col("domain") == domain)["power"])]
    colour = by_power(case, powers)
    dots = frame.filter(pl.col("domain") == domain).select("year", "power", "value").to_dicts()
    pooled = bands.filter(pl.col("domain") == domain).to_dicts()
    first, last = int(frame["year"].min()), int(frame["year"].max())  # type: ignore[arg-type]
    x = alt.X("year:Q", title=None, axis=alt.Axis(format="d", grid=False, values=_round_years(first, last)),
              scale=alt.Scale(domain=[first, last + 0.28 * (last - first)], nice=False))  # fmt: skip
    y = alt.Y("value:Q", title=None, axis=alt.Axis(format=".0%", tickCount=5), scale=alt.Scale(domain=[0, 1]))
    inks = label_colours(case)
    ends = [{**max((d for d in dots if d["power"] == p), key=lambda d: d["year"]), "name": name_of(case, p), "ink": inks[p]} for p in powers]  # fmt: skip
    over = alt.Chart(inline(pooled))
    return alt.layer(
        over.mark_area(opacity=0.18).encode(x=x, y=alt.Y("low:Q", title=None), y2=alt.Y2("high:Q"), color=colour),
        over.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour),
        alt.Chart(inline(dots)).mark_point(filled=True, size=22, opacity=0.75).encode(x=x, y=y, color=colour),
        *end_names(ends, x, y, (first, last), NAMES_APART, 1.0),
    ).properties(width=340, height=250, title=alt.TitleParams(f"Share of {measure_name(case, domain)}", fontSize=13))  # fmt: skip


def _round_years(first: int, last: int) -> list[int]:
    """Ticks at round years, three at least where there are three years."""
    for step in (10, 5, 2, 1):
        years = list(range(-(-first // step) * step, last + 1, step))
        if len(years) >= FEWEST_TICKS:
            break
    return years


def _shares_title(case: Case, frame: pl.DataFrame, bands: pl.DataFrame) -> str:
    """Who of the powers compared has most of each domain, of what, and when; had, where no figure is newer than some years."""
    led: dict[tuple[str, str], list[str]] = {}
    for domain in (d for d in DOMAINS if d in set(frame["domain"])):
        rows = bands.filter(pl.col("domain") == domain)
        rows = rows if rows.height else frame.filter(pl.col("domain") == domain)
        last = int(rows["year"].max())  # type: ignore[arg-type]
        lead = rows.filter(pl.col("year") == last).sort("value", descending=True).row(0, named=True)
        years = years_pooled(own_amounts(case, domain), last) or (last,)
        there = frame.filter((pl.col("domain") == domain) & pl.col("year").is_in(years))
        of = "all " if set(there["of"]) == {"all"} else ""
        span = years_in_words(years[0], years[-1])
        when = span if len(years) == years[-1] + 1 - years[0] else f"{count_of(len(years), 'year')} of {span}"
        had, none_since = ("had", "; later years not counted") if is_old(case, last) else ("has", "")
        said = f"of {of}{measure_name(case, domain)} ({percent(lead['value'])}, {when}{none_since})"
        led.setdefault((lead["power"], had), []).append(said)
    parts = [f"{spoken(case, power)} {had} the largest share {and_join(said)}" for (power, had), said in led.items()]
    return f"Of the powers compared, {and_join(parts)}"


def _years_by_domain(case: Case, frame: pl.DataFrame) -> str:
    counts = (
        frame.group_by("domain")
        .agg(pl.col("year").n_unique(), pl.col("series").unique(maintain_order=True))
        .sort("domain")
    )
    return and_join(
        f"{n} years of {measure_name(case, d)} ({', '.join(map(case.series_name, series))})"
        for d, n, series in counts.iter_rows()
    )
