"""A map of the theatre: how far provider and rider went, host by host."""

from __future__ import annotations

import json
import math
from typing import Any

import altair as alt
import polars as pl

from buckpass.case import BuckpassError, Case
from buckpass.case.files import read_inside
from buckpass.record import Record
from buckpass.report.theme import INK, Figure, ink_on, power_colours
from buckpass.report.wording import count_of, name_of, number

__all__ = ["regional_map"]

FILE, OBJECT = "geometry.json", "states"
WIDTH = 620
HOST, LAND, BORDER = "#e6e9ee", "#f6f7f9", "#aab2bd"
APART = 13  # pixels from the capital to the middle of a power's disc


class GeometryUnusable(BuckpassError):
    """The case's geometry.json is not a map that can be drawn."""


def regional_map(case: Case, record: Record) -> Figure | None:
    """Mean rung of the focus's provider and rider at each host of the theatre; None where the case has no geometry.json."""
    if not (case.folder / FILE).is_file():
        return None
    topology = _topology(case)
    rows = _positions(case, record)
    if not rows:
        return None
    focus = case.settings.focus
    provider, rider = name_of(case, focus.provider), name_of(case, focus.rider)
    both = [r for r in rows if r["left"] is not None and r["right"] is not None]
    ahead = sum(r["left"] > r["right"] for r in both)
    crises = case.crises.filter(pl.col("theatre") == focus.theatre).height
    return Figure(
        "map",
        f"On average {provider} went further than {rider} in {ahead} of {count_of(len(both), 'host')}",
        f"n = {count_of(crises, 'crisis', 'crises')}. Discs at the capital: mean rung taken (0 to 6) by {provider}, left, and "
        f"{rider}, right, over the crises looked up; no interval: a mean of ordered codes, to be read with the table below it.",
        f"Source of the outlines: {topology['source']}.",
        "; ".join(f"{r['name']}: {provider} {number(r['left'])}, {rider} {number(r['right'])}" for r in rows) + ".",
        _chart(case, topology, rows),
    )


def _topology(case: Case) -> dict[str, Any]:
    """The outlines, read as data and checked for the parts that are used."""
    try:
        topology = json.loads(read_inside(case.folder, FILE))
        [float(edge) for edge in topology["bbox"]], topology["objects"][OBJECT]["geometries"], topology["arcs"]
        if topology["type"] != "Topology" or len(topology["bbox"]) != 4 or not isinstance(topology["source"], str):
            raise ValueError("type, bbox or source is not as it should be")
    except (ValueError, KeyError, TypeError) as error:
        raise GeometryUnusable(
            f"{FILE}: cannot be drawn ({error}). It should be TopoJSON with objects.{OBJECT} (ids ISO3), bbox and source; "
            "remove the file for a page without a map"
        ) from error
    return topology


def _positions(case: Case, record: Record) -> list[dict[str, Any]]:
    focus = case.settings.focus
    crises = (
        case.crises.filter(pl.col("theatre") == focus.theatre)
        .select(pl.col("crisis_id").alias("crisis"), "host")
        .explode("host")
    )
    rows = record.responses.frame.drop_nulls("rung").join(crises, on="crisis")
    means = rows.group_by("host", "actor").agg(pl.col("rung").mean())
    mean = {(h, a): value for h, a, value in means.iter_rows()}
    counts = dict(crises.group_by("host").len().iter_rows())
    return [
        {"name": f"{host.name}, {count_of(counts[host.id], 'crisis', 'crises')}", "id": host.id,
         "latitude": host.capital[0], "longitude": host.capital[1],
         "left": mean.get((host.id, focus.provider)), "right": mean.get((host.id, focus.rider))}
        for host in case.settings.hosts if host.id in counts
    ]  # fmt: skip


def _chart(case: Case, topology: dict[str, Any], rows: list[dict[str, Any]]) -> alt.LayerChart:
    colours, focus = power_colours(case), case.settings.focus
    states = alt.InlineData(values=topology, format=alt.TopoDataFormat(type="topojson", feature=OBJECT))
    hosts = [r["id"] for r in rows]
    land = alt.Chart(states).mark_geoshape(stroke=BORDER, strokeWidth=0.8).encode(
        fill=alt.condition(alt.FieldOneOfPredicate("id", hosts), alt.value(HOST), alt.value(LAND)))  # fmt: skip
    projection, height = _projection(topology["bbox"])
    layers: list[alt.Chart] = [land]
    for side, power, sign in (("left", focus.provider, -1), ("right", focus.rider, 1)):
        east = sign * math.degrees(
            APART / projection["scale"]
        )  # offsets in pixels do not reach marks placed by longitude
        beside = [
            {**r, "longitude": r["longitude"] + east, "shown": f"{r[side]:.1f}"} for r in rows if r[side] is not None
        ]
        at = alt.Chart(alt.Data(values=beside)).encode(longitude="longitude:Q", latitude="latitude:Q")
        layers.append(at.mark_circle(size=620, opacity=1, color=colours[power]))
        layers.append(at.mark_text(fontSize=12, fontWeight=600, color=ink_on(colours[power])).encode(text="shown:N"))
    for row in rows:
        name = alt.Chart(alt.Data(values=[row])).encode(longitude="longitude:Q", latitude="latitude:Q", text="name:N")
        dy = -24 if _is_near(row, rows, projection["scale"], south=True) else 24
        crowded = dy < 0 and _is_near(row, rows, projection["scale"], south=False)
        align, dx = ("right", 2 * APART) if crowded else ("center", 0)
        layers += [name.mark_text(dx=dx, dy=dy, align=align, fontSize=12, stroke="white", strokeWidth=3),
                   name.mark_text(dx=dx, dy=dy, align=align, fontSize=12, color=INK)]  # fmt: skip
    return alt.layer(*layers).project(**projection).properties(width=WIDTH, height=height)


def _is_near(row: dict[str, Any], rows: list[dict[str, Any]], scale: float, south: bool) -> bool:
    """Whether another capital lies so near, to the south or north, that a name on that side would run into its discs."""
    degree = math.radians(1) * scale
    down = [
        ((row["latitude"] - o["latitude"]) * degree / math.cos(math.radians(row["latitude"])), o)
        for o in rows
        if o is not row
    ]
    return any(
        abs(o["longitude"] - row["longitude"]) * degree < 110 and 0 <= (y if south else -y) < 80 for y, o in down
    )


def _projection(bbox: list[float]) -> tuple[dict[str, Any], int]:
    """Mercator that fills the width with the region, and the height that it needs."""
    west, south, east, north = bbox
    scale = 0.94 * WIDTH / math.radians(east - west)
    top, bottom = (math.log(math.tan(math.pi / 4 + math.radians(y) / 2)) for y in (north, south))
    height = int(1.06 * scale * (top - bottom))
    middle = math.degrees(2 * math.atan(math.exp((top + bottom) / 2)) - math.pi / 2)
    return {"type": "mercator", "scale": scale, "center": [(west + east) / 2, middle], "translate": [WIDTH / 2, height / 2],
            "clipExtent": [[0, 0], [WIDTH, height]]}, height  # fmt: skip
