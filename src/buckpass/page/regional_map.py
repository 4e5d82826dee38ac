"""Maps of the theatre: how often provider and rider did more than speak, host by host, and who leads there in economy and security."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import altair as alt
import polars as pl

from buckpass.case import Case
from buckpass.measured import Record
from buckpass.measured.responses import OWN
from buckpass.measured.shares import DOMAINS, leaders, measure_name, years_in_words
from buckpass.page.outlines import FILE, OBJECT, middles, outlines
from buckpass.page.theme import (
    INK,
    PALE,
    Figure,
    Layered,
    Unchanged,
    ink_on,
    inline,
    is_settled,
    label_colours,
    power_colours,
)
from buckpass.page.wording import name_of, number, source_line, spoken, years_of
from buckpass.results.words import and_join, count_of, percent, sentence

__all__ = ["positions_map", "regional_map"]

SIDES = ("left", "right")  # of a capital: the provider, the rider
WIDTH, TALLEST = 320, 190  # of the map on the first screen, which a phone shows as it is
PANEL, PHONE = 420, 340
HOST, LAND, BORDER = "#e6e9ee", "#f6f7f9", "#aab2bd"
SHADE = 0.5  # where shares of a panel are of different wholes
APART = 10  # pixels from the middle of a host to that of a power's disc
NAME_BELOW, DEEP, LETTER = 17, 35, 5.7  # pixels from disc to name; of disc and name; of a letter
ROUNDS = 60  # in which boxes that cover each other move apart


def regional_map(case: Case, record: Record) -> Figure | None:
    """In how many crises of each host provider and rider did more than words for it; None where the case has no geometry.json.

    Counted are crises of one host in which the power was looked up. An act for own people, assets or claims is not for the
    host. A count and no mean: rungs are ordered, and no distance between them is known.
    """
    if not (case.folder / FILE).is_file():
        return None
    topology = outlines(case)
    rows = _beyond_words(case, record)
    if not rows:
        return None
    focus = case.settings.focus
    powers = (spoken(case, focus.provider), spoken(case, focus.rider))
    there = case.crises.filter(pl.col("theatre") == focus.theatre)
    shared = there.filter(pl.col("host").list.len() > 1).height
    apart = (
        f" {count_of(shared, 'crisis', 'crises')} of several hosts {'counts' if shared == 1 else 'count'} for none of them."
        if shared
        else ""
    )
    return Figure(
        "map",
        _map_title(rows, powers),
        f"n = {count_of(there.height - shared, 'crisis', 'crises')} of one host.{apart} In each state: in how many of them {powers[0]} (left) and {powers[1]} (right) "
        f"did more than words for the host ({case.ladder.names[case.rungs.beyond_words]} or more). Acts for own people, assets or claims do not count. No interval: "
        "a count of what was coded; how far each code is in doubt stands in the table of who did what.",
        f"Source of the outlines: {topology['source']}.",
        "; ".join(f"{r['name']}: " + ", ".join(f"{power} in {r[side]} of {r[f'{side}_of']}" for side, power in zip(SIDES, powers, strict=True)
                  if r[side] is not None) for r in rows) + ".",
        _chart(case, topology, rows),
        years=years_of(case, there["crisis_id"]),
        unit="crises",
        one_size=True,
    )  # fmt: skip


def _map_title(rows: Sequence[Mapping[str, Any]], powers: tuple[str, str]) -> str:
    """How often each did more than words for a host."""
    (did, of), (did_too, of_too) = ([sum(r[key] or 0 for r in rows) for key in (side, f"{side}_of")] for side in SIDES)
    first = f"{did}" if of == of_too else f"{did} of {of}"
    return f"More than words for the host: {powers[0]} in {first} and {powers[1]} in {did_too} of {count_of(of_too, 'crisis', 'crises')}"


def positions_map(case: Case) -> Figure | None:
    """Who leads in the economy and who in security, host by host, in the last years that were measured for it.

    Of all suppliers or partners where the series has them for the host, else of the powers compared; of the measure's series the one
    that reaches furthest for the host counts; series are never mixed. Without outlines or series there is no figure, nor
    where whoever leads has everything everywhere.
    """
    if not (case.folder / FILE).is_file():
        return None
    rows = {domain: _rows(case, domain) for domain in DOMAINS}
    if not all(rows.values()) or is_settled(row["share"] for of in rows.values() for row in of):
        return None
    topology = outlines(case)
    panels = {width: [_lead_panel(case, topology, rows[d], d, width) for d in DOMAINS] for width in (PANEL, PHONE)}
    keys = [key for of in rows.values() for row in of for share in row["leader"].shares for key in share.sources]
    said = "; ".join(f"{measure_name(case, d)}: {and_join(_lead_words(case, r) for r in of)}" for d, of in rows.items())
    counts = and_join(
        f"{count_of(len(of), 'host')} for {measure_name(case, d)} ({_series(case, of)})" for d, of in rows.items()
    )
    title = _positions_title(case, rows)
    return Figure(
        "positions", sentence(title),
        f"n = {counts}. Colour: the leader, grey where it is no power of the case, pale where nobody leads; number: its share of all suppliers or partners, "
        "with * of the powers compared; years under the name. Nobody leads in a tie, or below the least volume. No interval: sums as published.",
        source_line(case, keys), f"{said}.", alt.hconcat(*panels[PANEL], spacing=12), alt.vconcat(*panels[PHONE], spacing=12),
        years="under each name", unit="percent",
    )  # fmt: skip


def _rows(case: Case, domain: str) -> list[dict[str, Any]]:
    """The leaders of a domain as the map draws them: one row a host, in a colour of its own where no power of the case leads."""
    colours, hosts = power_colours(case), {h.id: h for h in case.settings.hosts}
    return [
        {"id": one.host, "name": hosts[one.host].name, "power": one.power, "share": (one.share and one.share.value) or 0.0,
         "colour": colours.get(one.power or "", PALE if one.power else BORDER), "years": (one.shares[0].first, one.shares[0].last),
         "said": f"{name_of(case, one.power)} {percent(one.share.value or 0.0)}" if one.power and one.share else "nobody",
         "of": one.shares[0].of, "leader": one, "latitude": hosts[one.host].capital[0], "longitude": hosts[one.host].capital[1]}
        for one in leaders(case, domain)
    ]  # fmt: skip


def _lead_words(case: Case, row: dict[str, Any]) -> str:
    one = row["leader"]
    if one.power is None:
        return f"nobody in {row['name']} ({years_in_words(*row['years'])}: {one.why_nobody})"
    said = f"{row['said']} in {row['name']} ({years_in_words(*row['years'])}"
    return (
        f"{said}, {number(one.share.numerator)} of {number(one.share.denominator)} {one.share.unit}{_whose(case, row)})"
    )


def _whose(case: Case, row: dict[str, Any]) -> str:
    return f" of {and_join(name_of(case, p) for p in row['of'].split('+'))} together" if "+" in row["of"] else ""


def _positions_title(case: Case, rows: dict[str, list[dict[str, Any]]]) -> str:
    return "; ".join(_domain_title(case, domain, of) for domain, of in rows.items())


def _domain_title(case: Case, domain: str, rows: list[dict[str, Any]]) -> str:
    """Who leads in how many hosts, of what, when and by whose statistics; ahead of whom where not everybody is compared."""
    powers = dict.fromkeys(r["power"] for r in rows if r["power"])
    name = measure_name(case, domain)
    if not powers:
        return f"nobody leads in {name} ({_span(rows)})"
    most = max(powers, key=lambda p: sum(r["power"] == p for r in rows))
    by_series: dict[str, list[dict[str, Any]]] = {}
    for r in rows:
        by_series.setdefault(r["leader"].shares[0].series, []).append(r)
    led = {series: sum(r["power"] == most for r in of) for series, of in by_series.items()}
    count = and_join(
        (f"in {n} of {count_of(len(by_series[series]), 'host')}" if n else f"not in {count_of(len(by_series[series]), 'host')}")
        + f" ({_span(by_series[series])}" + (f", {case.series_name(series)})" if len(by_series) > 1 else ")")
        for series, n in sorted(led.items(), key=lambda one: -one[1])
    )  # fmt: skip
    if all(r["leader"].is_complete for r in rows):
        return f"{spoken(case, most)} leads in {name}, of all, {count}"
    others = [spoken(case, p) for p in case.settings.measures.positions[domain].powers if p != most]
    return f"{spoken(case, most)} is ahead of {and_join(others)} in {name} {count}"


def _span(rows: Sequence[Mapping[str, Any]]) -> str:
    return years_in_words(min(r["years"][0] for r in rows), max(r["years"][1] for r in rows))


def _series(case: Case, rows: list[dict[str, Any]]) -> str:
    return and_join(dict.fromkeys(case.series_name(r["leader"].shares[0].series) for r in rows))


def _lead_panel(case: Case, topology: dict[str, Any], rows: list[dict[str, Any]], domain: str, width: int) -> Layered:
    projection, height = _projection(topology["bbox"], width)
    states = Unchanged(values=topology, format=alt.TopoDataFormat(type="topojson", feature=OBJECT))
    is_mixed = (
        len({"+" in r["of"] for r in rows}) > 1
    )  # shares of everything and of the powers alone have no common shade
    fills = [
        {"id": r["id"], "colour": r["colour"], "share": r["share"] if r["power"] and not is_mixed else SHADE}
        for r in rows
    ]
    known = alt.Chart(states).transform_lookup(lookup="id", from_=alt.LookupData(
        data=alt.Data(values=fills), key="id", fields=["colour", "share"])).transform_filter(
        "isValid(datum.colour)")  # fmt: skip
    lines = [
        (r["name"], r["said"] + ("*" if "+" in r["of"] and r["power"] else ""), years_in_words(*r["years"]))
        for r in rows
    ]
    told = [r | {"lines": [*of], "told": max(of, key=len)} for r, of in zip(rows, lines, strict=True)]
    placed = _placed(told, middles(topology), projection, height)
    kept = ("lines", "longitude", "latitude")
    at = [_at(projection, r, r["x"], r["y"]) for r in placed]
    named = _by_degrees([{name: r[name] for name in kept} for r in at]).encode(text=alt.Text("lines:N"))
    layers = [
        alt.Chart(states).mark_geoshape(fill=LAND, stroke=BORDER, strokeWidth=0.6),
        known.mark_geoshape(stroke="white", strokeWidth=0.8).encode(
            fill=alt.Fill("colour:N", scale=None),
            fillOpacity=alt.FillOpacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.1, 0.6]), legend=None)),
        named.mark_text(fontSize=10, lineHeight=11, dy=-8, stroke="white", strokeWidth=3, strokeOpacity=0.8),
        named.mark_text(fontSize=10, lineHeight=11, dy=-8, color=INK),
    ]  # fmt: skip
    title = alt.TitleParams(f"Largest share of {_compared(case, domain, rows)}", fontSize=13)
    return alt.layer(*layers).project(**projection).properties(width=width, height=height, title=title)


def _compared(case: Case, domain: str, rows: list[dict[str, Any]]) -> str:
    """What the shares of a panel are of: all of it, or what the powers compared have together."""
    name, are_of_powers = measure_name(case, domain), {"+" in r["of"] for r in rows}
    powers = and_join(name_of(case, p) for p in case.settings.measures.positions[domain].powers)
    if are_of_powers == {False}:
        return f"all {name}"
    return f"the {name} of {powers}" if are_of_powers == {True} else f"all {name} (* that of {powers} alone)"


def _beyond_words(case: Case, record: Record) -> list[dict[str, Any]]:
    """One row a host of the focus's theatre that had a crisis: its capital, and in how many of how many crises each power helped."""
    focus = case.settings.focus
    crises = (
        case.crises.filter((pl.col("theatre") == focus.theatre) & (pl.col("host").list.len() == 1))
        .select(pl.col("crisis_id").alias("crisis"), "host")
        .explode("host")
    )
    rows = record.responses.frame.drop_nulls("rung").join(crises, on="crisis")
    helped = (pl.col("rung") >= case.rungs.beyond_words) & ~pl.col("scope").is_in(OWN)
    counted = rows.group_by("host", "actor").agg(helped.sum().alias("did"), pl.len().alias("of"))
    known = {(host, actor): (did, of) for host, actor, did, of in counted.iter_rows()}
    counts = dict(crises.group_by("host").len().iter_rows())
    found = []
    for host in (h for h in case.settings.hosts if h.id in counts):
        row = {"name": host.name, "told": f"{host.name}, of {counts[host.id]}", "id": host.id,
               "latitude": host.capital[0], "longitude": host.capital[1]}  # fmt: skip
        for side, power in zip(SIDES, (focus.provider, focus.rider), strict=True):
            row[side], row[f"{side}_of"] = known.get((host.id, power), (None, None))
        found.append(row)
    return found


def _chart(case: Case, topology: dict[str, Any], rows: list[dict[str, Any]]) -> Layered:
    colours, focus = label_colours(case), case.settings.focus
    states = Unchanged(values=topology, format=alt.TopoDataFormat(type="topojson", feature=OBJECT))
    hosts = [r["id"] for r in rows]
    land = alt.Chart(states).mark_geoshape(stroke=BORDER, strokeWidth=0.8).encode(
        fill=alt.condition(alt.FieldOneOfPredicate("id", hosts), alt.value(HOST), alt.value(LAND)))  # fmt: skip
    projection, height = _projection(topology["bbox"], WIDTH, TALLEST)
    placed = _placed(rows, middles(topology), projection, height)
    layers: list[alt.Chart] = [land]
    for side, power, sign in zip(SIDES, (focus.provider, focus.rider), (-1, 1), strict=True):
        beside = [
            _at(projection, {**r, "shown": str(r[side])}, r["x"] + sign * APART, r["y"])
            for r in placed
            if r[side] is not None
        ]
        at = _by_degrees(beside)
        fill = colours[power] if side == SIDES[0] else "#ffffff"  # as the timeline has them: one full, one hollow
        layers.append(at.mark_circle(size=300, opacity=1, color=fill, stroke=colours[power], strokeWidth=2))
        layers.append(at.mark_text(fontSize=11, fontWeight=600, color=ink_on(fill)).encode(text=alt.Text("shown:N")))
    names = _by_degrees([_at(projection, r, r["x"], r["y"] + NAME_BELOW) for r in placed]).encode(
        text=alt.Text("told:N")
    )
    layers += [names.mark_text(fontSize=11, stroke="white", strokeWidth=3), names.mark_text(fontSize=11, color=INK)]
    return alt.layer(*layers).project(**projection).properties(width=WIDTH, height=height)


def _by_degrees(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    return alt.Chart(inline(rows)).encode(longitude=alt.Longitude("longitude:Q"), latitude=alt.Latitude("latitude:Q"))


def _placed(
    rows: Sequence[Mapping[str, Any]],
    middle: Mapping[str, tuple[float, float]],
    projection: Mapping[str, Any],
    height: int,
) -> list[dict[str, Any]]:
    """The hosts with the pixels x, y of their discs: the middle of the land, or beside it where another's would be covered.

    Each host takes a box of two discs with the name below, or of three lines. Boxes that overlap move apart, half the way each, sideways
    unless that is more than twice as far, and none leaves the map.
    """
    (west, north), scale, width = projection["center"], projection["scale"], 2 * projection["translate"][0]
    boxes = [
        {**r, "x": width / 2 + scale * math.radians(longitude - west),
         "y": height / 2 - scale * (_mercator(latitude) - _mercator(north)), "half": max(2 * APART, len(r["told"]) * LETTER / 2) + 1}
        for r in rows for longitude, latitude in [middle.get(r["id"], (r["longitude"], r["latitude"]))]
    ]  # fmt: skip
    for _ in range(ROUNDS):
        for a, b in combinations(boxes, 2):
            across, down = a["half"] + b["half"] - abs(a["x"] - b["x"]), DEEP - abs(a["y"] - b["y"])
            if across > 0 and down > 0:
                side, way = ("x", across) if across < 2 * down else ("y", down)
                first, last = (a, b) if a[side] <= b[side] else (b, a)
                first[side] -= way / 2
                last[side] += way / 2
        for box in boxes:
            box["x"] = min(max(box["x"], box["half"]), width - box["half"])
            box["y"] = min(max(box["y"], APART + 1), height - DEEP + APART)
    return boxes


def _at(projection: Mapping[str, Any], row: Mapping[str, Any], x: float, y: float) -> dict[str, Any]:
    """The row at the longitude and latitude of a pixel: marks of a map are placed by them alone."""
    (west, north), scale = projection["center"], projection["scale"]
    right, down = projection["translate"]
    up = _mercator(north) + (down - y) / scale
    return {**row, "longitude": west + math.degrees((x - right) / scale), "latitude": _parallel(up)}


def _mercator(latitude: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))


def _parallel(up: float) -> float:
    """The latitude of a height on Mercator's map."""
    return math.degrees(2 * math.atan(math.exp(up)) - math.pi / 2)


def _projection(bbox: list[float], width: int, tallest: float = math.inf) -> tuple[dict[str, Any], int]:
    """Mercator that fills the width with the region, or the height where that is less, and the height that it needs."""
    west, south, east, north = bbox
    top, bottom = _mercator(north), _mercator(south)
    scale = min(0.94 * width / math.radians(east - west), tallest / 1.06 / (top - bottom))
    height = int(1.06 * scale * (top - bottom))
    return {"type": "mercator", "scale": scale, "center": [(west + east) / 2, _parallel((top + bottom) / 2)],
            "translate": [width / 2, height / 2], "clipExtent": [[0, 0], [width, height]]}, height  # fmt: skip
