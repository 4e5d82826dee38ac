"""The record's tables as they fit a terminal of eighty columns; everything left out here is in the JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from buckpass.case import Case
from buckpass.case.figures import published
from buckpass.case.reading.reach import without_row
from buckpass.measured.measure import Record
from buckpass.measured.responses import NOT_FOR_THE_HOST, askers_table, told_rung
from buckpass.measured.shares import years_in_words
from buckpass.results.table import ResultTable
from buckpass.results.words import count_of, fixed

__all__ = ["brief", "brief_tables", "grid_lines", "leading", "share_tables", "short_name"]

NAMES = 28  # columns of a crisis's name and year in the grid
DOUBTS = {"absence": "?", "recalled": "~"}
MOST_WHOM = 2  # names of those compared that still fit a cell; more stand in the title
SHORT = 16  # letters of a unit that still fits beside a number


def brief_tables(record: Record) -> tuple[ResultTable, ...]:
    """The tables of a record worth reading in a terminal, the empty ones left out; rows of responses are in the JSON."""
    shown = (
        brief(record.activity), brief(_narrow(record.activity_by_theatre)), brief(record.comparisons),
        _shares(record.shares, record.share_alternatives), brief(record.division_of_labour), brief(record.requests),
        _several(record.askers), _profiles(record.profiles), brief(record.size_and_burden), brief(record.agreement),
        brief(record.alignments),
    )  # fmt: skip
    return tuple(table for table in shown if len(table))


def grid_lines(case: Case, responses: ResultTable, width: int) -> Iterator[str]:
    """Crises × actors of the focus's theatre: the rung of each, as many actors as the width holds, powers first, then who is coded most."""
    focus = case.settings.focus
    rows = responses.frame.filter(pl.col("theatre") == focus.theatre)
    others = rows.drop_nulls("rung").group_by("actor").len().sort("len", "actor", descending=[True, False])["actor"]
    shown, left = [], width - NAMES
    for actor in [focus.provider, focus.rider, *case.powers, *others]:
        if actor not in shown and len(actor) + 1 <= left:
            shown.append(actor)
            left -= len(actor) + 1
    cells = {
        (r["crisis"], r["actor"]): f"{told_rung(r) or '·'}{DOUBTS.get(r['basis'], '')}"
        for r in rows.iter_rows(named=True)
    }
    crises = case.crises.filter(theatre=focus.theatre).sort("start")
    cells |= dict.fromkeys(without_row(case, crises["crisis_id"].to_list(), shown), "·")
    shut = {(c["crisis_id"], power): "×" for c in case.crises.iter_rows(named=True) for power in case.powers
            if case.settings.access and case.closed_to(power, c["host"], c["start"])}  # fmt: skip
    last = {(r["crisis"], r["actor"]): r["rung"] for r in case.acts("last").drop_nulls("rung").iter_rows(named=True)}
    ended = {(r["crisis"], r["actor"]): f"›{last[r['crisis'], r['actor']]}" for r in rows.drop_nulls("rung").iter_rows(named=True)
             if last[r["crisis"], r["actor"]] != r["rung"]}  # fmt: skip
    yield " " * NAMES + "".join(f"{actor:>{len(actor) + 1}}" for actor in shown)
    for crisis in crises.iter_rows(named=True):
        told = short_name(crisis, NAMES)
        at = [(actor, (crisis["crisis_id"], actor)) for actor in shown]
        marks = "".join(
            f"{cells.get(key, '') + ended.get(key, '') + shut.get(key, ''):>{len(actor) + 1}}" for actor, key in at
        )
        yield f"{told:<{NAMES}}{marks}".rstrip()
    rungs = ", ".join(f"{at} {name}" for at, name in enumerate(case.ladder.names))
    dots = sum(cells.get((crisis, actor), "").startswith("·") for crisis in crises["crisis_id"] for actor in shown)
    blanks = sum((crisis, actor) not in cells for crisis in crises["crisis_id"] for actor in shown)
    yield from textwrap.wrap(
        f"{_of_theatre(case, crises.height)}Rungs: {rungs}. {NOT_FOR_THE_HOST} ?: looked for, nothing found; ~: known from memory; ·: nobody looked ({dots} of "
        f"{crises.height * len(shown)} cells: missing, not silence); blank: its own crisis, or none that an organisation's mandate reaches ({blanks})."
        + (" 4›1: 4 at most, 1 in the last phase." if ended else "") + (" ×: the host was closed to it." if shut else ""), width
    )  # fmt: skip
    yield from _asked(case, width)
    yield from _against(case, width)


def _of_theatre(case: Case, shown: int) -> str:
    """Whose crises the grid shows, where the record has others."""
    others = count_of(case.crises.height - shown, "other")
    name = case.theatre(case.settings.focus.theatre).name
    return f"The crises of {name} ({others} in this record: --long). " if shown < case.crises.height else ""


def short_name(crisis: Mapping[str, Any], letters: int) -> str:
    """A crisis's name in so many letters, cut between words, and always its year."""
    year = f" {crisis['start'].year}"
    return f"{textwrap.shorten(crisis['name'].removesuffix(year), letters - len(year), placeholder='…')}{year}"


def _asked(case: Case, width: int) -> Iterator[str]:
    """Whom each government asked in the crises in which several did, the one that counts first."""
    for (crisis,), of in _several(askers_table(case)).frame.group_by("crisis", maintain_order=True):
        told = [f"{who} asked {asked or 'nobody'}" for who, asked in of.select("government", "asked").iter_rows()]
        told[0] += " (this counts)"
        yield from textwrap.wrap(f"Requests in {crisis}: {'; '.join(told)}.", width)


def _against(case: Case, width: int) -> Iterator[str]:
    """Acts against a host's government, one line a crisis: they are no rungs, and no game explains them."""
    acts, steps = (
        case.acts(direction="against").drop_nulls("rung").sort("start", "crisis", maintain_order=True),
        case.settings.against.names,
    )
    for (crisis,), of in acts.group_by("crisis", maintain_order=True):
        told = ", ".join(f"{actor} {steps[step]}" for actor, step in of.select("actor", "rung").iter_rows())
        yield from textwrap.wrap(f"Against the government in {crisis}: {told}.", width)


def share_tables(leaders: ResultTable, every: ResultTable) -> tuple[ResultTable, ...]:
    """Who leads, host by host, then every share, a table a series, each with numerator, denominator, sources and year; none
    where there are no figures."""
    if not len(every):
        return ()
    tables = [
        ResultTable(_share_lines(rows), f"Who leads, in the last years with figures: {name} ({unit})")
        for (_, name, unit), rows in leaders.frame.group_by("series", "name", "unit", maintain_order=True)
    ] if len(leaders) else []  # fmt: skip
    for (_, name, unit), rows in every.frame.group_by("series", "name", "unit", maintain_order=True):
        many = [whom for whom in rows["of_whom"].unique(maintain_order=True) if whom.count("+") >= MOST_WHOM]
        volumes = [
            f"volume: {of}" for of in rows.filter(pl.col("volume") != pl.col("denominator"))["volume_unit"].unique()
        ]
        title = "; ".join([f"{name}: {unit}", *(f"compared: {w}" for w in many), *volumes])
        tables.append(ResultTable(_share_lines(rows), title))
    tables[-1] = replace(tables[-1], note=f"{every.note} {_why_nobody(leaders)}".strip())
    return tuple(table for table in tables if len(table))


def leading(leaders: ResultTable) -> ResultTable:
    """Who leads, host by host, and why nobody does; no row where the case measures no host."""
    frame = _share_lines(leaders.frame, {"in": "unit", "counted by": "name"})
    return replace(leaders, frame=frame, note=_why_nobody(leaders))


def _why_nobody(leaders: ResultTable) -> str:
    """Why nobody leads, with each host where that is so."""
    return " ".join(f"{row['where']}: {row['why']}." for row in leaders.rows() if row.get("why"))


def _share_lines(frame: pl.DataFrame, more: Mapping[str, str] | None = None) -> pl.DataFrame:
    """`more`: further columns, by what a reader sees over them; where the unit in the title says of what all are, no column does."""
    if frame.is_empty():
        return frame
    has_volume = frame.filter(pl.col("volume") != pl.col("denominator")).height > 0
    in_title = more is None and frame["of_whom"].n_unique() == 1 and published(frame["unit"][0]) is not None
    lines = []
    for row in frame.iter_rows(named=True):
        of = row["of_whom"] if row["of_whom"].count("+") < MOST_WHOM else "compared"
        line = {
            "where": row["where"] or "–", "year": years_in_words(row["first"], row["last"]), "who": row["who"],
            "share": "–" if row["value"] is None else f"{100 * row['value']:.1f}%",
            "amount": "–" if row["numerator"] is None else _figure(row["numerator"]), "whole": _figure(row["denominator"]),
        }  # fmt: skip
        line |= {"volume": "–" if row["volume"] is None else _figure(row["volume"])} if has_volume else {}
        line |= {} if in_title else {"of": of}
        line |= {shown: row[name] for shown, name in (more or {}).items()}
        lines.append(line | {"sources": " ".join(row["sources"])})
    return pl.DataFrame(lines, infer_schema_length=None)


def _figure(amount: float, digits: int = 5) -> str:
    """A figure in so many digits, and in whole numbers where it has more.

    >>> _figure(108987.4), _figure(1612.68), _figure(0.0598), _figure(1612.68, 3)
    ('108,987', '1,612.7', '0.0598', '1,613')
    """
    return f"{amount:,.0f}" if abs(amount) >= 10 ** (digits - 1) else f"{amount:,.{digits}g}"


def brief(table: ResultTable) -> ResultTable:
    """A table with every interval in one cell, doubtful counts in one cell, and its sources counted in the note.

    `x`, `x_low`, `x_high` (also `x_mean`, or a column followed by `low` and `high`) become `0.07 [0.00, 0.26]`; `x`,
    `x_surely`, `x_possibly` become `13 (12–15)`.
    """
    frame, columns = table.frame, list(table.frame.columns)
    cells: dict[str, list[Any]] = {}
    for place, name in enumerate(columns):
        middle = name.removesuffix("_mean")
        ends = _ends(columns, place)
        counts = (f"{name}_surely", f"{name}_possibly")
        if ends:
            cells[middle] = [_interval(*row) for row in frame.select(name, *ends).iter_rows()]
        elif set(counts) <= set(columns):
            cells[name] = [f"{n} ({low}–{high})" for n, low, high in frame.select(name, *counts).iter_rows()]
        elif not _is_folded(columns, name):
            cells[name] = frame[name].to_list()
    note = " ".join(part for part in (table.note, _counted(table.sources)) if part)
    return replace(table, frame=pl.DataFrame(cells, strict=False), note=note)


def _narrow(table: ResultTable) -> ResultTable:
    """Activity by theatre without what the table of all theatres has already said."""
    frame = table.frame
    if "eligible" in frame.columns:
        frame = frame.drop("n", "acts_outside").rename({"eligible": "n"})
    return replace(table, frame=frame)


def _ends(columns: Sequence[str], place: int) -> tuple[str, str] | None:
    name = columns[place]
    stem = name.removesuffix("_mean")
    if f"{stem}_low" in columns and f"{stem}_high" in columns:
        return f"{stem}_low", f"{stem}_high"
    return ("low", "high") if tuple(columns[place + 1 : place + 3]) == ("low", "high") else None


def _is_folded(columns: Sequence[str], name: str) -> bool:
    """Whether a column is told in another's cell, or is too long for a terminal."""
    told = {"low", "high", "sources"}
    return name in told or name.endswith(("_low", "_high", "_surely", "_possibly")) or (
        name == "n" and "eligible" in columns
    )  # fmt: skip


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "–"
    return fixed(value) if low is None or high is None else f"{fixed(value)} [{fixed(low)}, {fixed(high)}]"


def _counted(sources: Sequence[str]) -> str:
    if not sources:
        return ""
    return "1 source, named with --json." if len(sources) == 1 else f"{len(sources)} sources, named with --json."


def _shares(main: ResultTable, other: ResultTable) -> ResultTable:
    """One line a year and measure: each power's share by the series of the measure, and the other counts beside it."""
    used = {(measure, year): (f"{_each(rows)}{_of_what(rows, of)}", label) for (measure, year, label, of), rows in
            main.frame.group_by("measure", "year", "label", "of", maintain_order=True)}  # fmt: skip
    beside: dict[tuple[str, int], list[str]] = {}
    for (measure, year, label, of), rows in other.frame.group_by("measure", "year", "label", "of", maintain_order=True):
        beside.setdefault((measure, year), []).append(f"{_each(rows)}{_of_what(rows, of)} ({label})")
    lines = []
    for measure, year in sorted({*used, *beside}):
        shares, label = used.get((measure, year), ("–", "–"))
        others = "; ".join(beside.get((measure, year), ()))
        lines.append({"measure": measure, "year": year, "shares": shares, "counted by": label, "other counts": others})
    units = "; ".join(
        f"{label}: {unit}" for label, unit in main.frame.select("label", "unit").unique(maintain_order=True).iter_rows()
    )
    note = f"{main.note} Amounts are, by {units}. {_counted(tuple(dict.fromkeys([*main.sources, *other.sources])))}".strip()
    return replace(main, frame=pl.DataFrame(lines, infer_schema_length=None), note=note)


def _of_what(rows: pl.DataFrame, of: str) -> str:
    """Of how much, and of what: " of 1.8 all", of the powers' own sum, or of nothing; a published share has the volume that the case
    names for it, if any."""
    whole, volume, unit = (rows[name][0] for name in ("denominator", "volume", "unit"))
    if whole is None:
        return ""
    if whole == 0:
        return " of nothing"
    if volume is None:
        return f" of {of}"
    told = _figure(volume, 3)
    if published(unit) is not None:
        return f" of {told} ({of})"
    return f" of their {told}" if "+" in of else f" of {told} {of}"


def _each(rows: pl.DataFrame) -> str:
    """Shares of the powers, none of a whole of 0; amounts where no whole is known, with their unit where it is short."""
    unit = rows["unit"][0]
    parts = [
        f"{power} {amount:g}" if whole is None else f"{power} –" if value is None else f"{power} {value:.2f}"
        for power, value, amount, whole in rows.select("power", "value", "amount", "denominator").iter_rows()
    ]
    return " ".join([*parts, unit] if rows["denominator"].has_nulls() and len(unit) <= SHORT else parts)


def _several(table: ResultTable) -> ResultTable:
    """The askers of the crises in which there were several."""
    rows = table.frame.filter(pl.len().over("crisis") > 1).drop("name", "sources", "file", "line")
    return replace(table, frame=rows.with_columns(pl.col("asked").list.join(" and ")))


def _profiles(table: ResultTable) -> ResultTable:
    """One line a power and theatre: crises looked up, mean rung, and how many were coded at each rung."""
    rungs = sorted(table.frame["rung"].unique())
    lines = []
    for (power, theatre), rows in table.frame.group_by("power", "theatre", maintain_order=True):
        at = dict(rows.select("rung", "n_coded").iter_rows())
        counts = {f"rung {rung}" if rung == rungs[0] else str(rung): at.get(rung, 0) for rung in rungs}
        first = rows.row(0, named=True)
        lines.append(
            {"power": power, "theatre": theatre, "n": first["n"], "mean": round(first["mean_rung"], 2)} | counts
        )
    frame = pl.DataFrame(lines, infer_schema_length=None)
    return replace(table, frame=frame, note=f"Crises coded at each rung; bands with --json. {_counted(table.sources)}")
