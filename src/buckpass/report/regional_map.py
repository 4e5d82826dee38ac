"""Maps of the theatre: how far provider and rider went, host by host, and who leads there in the economy and in security."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import altair as alt
import polars as pl
from pydantic import ConfigDict, Field, model_validator

from buckpass.case import BuckpassError, Case
from buckpass.case.entries import Line
from buckpass.case.files import read_inside
from buckpass.case.problems import FileRefused
from buckpass.case.strangers_files import StrangersRecord, as_record, parsed_json
from buckpass.record import Record
from buckpass.record.positions import DOMAINS
from buckpass.report.theme import INK, Figure, Layered, ink_on, power_colours
from buckpass.report.wording import DOMAIN_WORDS, and_join, count_of, name_of, number, source_line

__all__ = ["positions_map", "regional_map"]

FILE, OBJECT = "geometry.json", "states"
WIDTH, NARROW = 620, 460  # with discs beside names; a phone scales the second down
PANEL, PHONE = 420, 340
WINDOW = 5  # years summed: deliveries are lumpy, and five-year totals are the publisher's own advice
HOST, LAND, BORDER = "#e6e9ee", "#f6f7f9", "#aab2bd"
APART = 13  # pixels from the capital to the middle of a power's disc


Coordinate = Annotated[float, Field(ge=-1e9, le=1e9)]
Pair = Annotated[list[Coordinate], Field(min_length=2, max_length=2)]
Ring = Annotated[list[int], Field(min_length=1)]
Arc = Annotated[list[Pair], Field(min_length=2)]


class GeometryUnusable(BuckpassError):
    """The case's geometry.json is not a map that can be drawn."""


class Outline(StrangersRecord):
    """A state: its id, and its polygons as rings of arcs; a negative number is an arc turned round."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["Polygon", "MultiPolygon"]
    id: Line
    arcs: list[Ring] | list[list[Ring]]

    def polygons(self) -> list[Any]:
        """Polygons [polygon][ring][arc]."""
        return [self.arcs] if self.type == "Polygon" else self.arcs

    @model_validator(mode="after")
    def _as_deep_as_its_type(self) -> Outline:
        if any(
            isinstance(ring, int) or not ring or isinstance(ring[0], list)
            for polygon in self.polygons()
            for ring in polygon
        ):
            raise ValueError(f"its arcs are not those of a {self.type}")
        return self


class States(StrangersRecord):
    """The states of a region."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["GeometryCollection"]
    geometries: Annotated[list[Outline], Field(min_length=1, max_length=5000)]


class Objects(StrangersRecord):
    """The one collection that is drawn."""

    model_config = ConfigDict(extra="ignore")

    states: States


class Transform(StrangersRecord):
    """What makes degrees of whole steps."""

    scale: Pair
    translate: Pair


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
        f"n = {count_of(crises, 'crisis', 'crises')}. Discs at the capital: mean rung taken (0 to {case.rungs.top}) by {provider}, left, and "
        f"{rider}, right, over the crises looked up; no interval: a mean of ordered codes, to be read with the table below it.",
        f"Source of the outlines: {topology['source']}.",
        "; ".join(f"{r['name']}: {provider} {number(r['left'])}, {rider} {number(r['right'])}" for r in rows) + ".",
        _chart(case, topology, rows, WIDTH),
        _chart(case, topology, rows, NARROW),
    )


def positions_map(case: Case) -> Figure | None:
    """Who leads in the economy and who in security, host by host, in the last years that were measured for it.

    The share is of the powers that the case's measure names. Of the measure's series the one that reaches furthest for
    the host counts, its last five years summed; series are never mixed. Without outlines or series there is no figure.
    """
    if not (case.folder / FILE).is_file():
        return None
    leaders = {domain: _leaders(case, domain) for domain in DOMAINS}
    if not all(leaders.values()):
        return None
    topology = _topology(case)
    panels = {width: [_lead_panel(case, topology, leaders[d], d, width) for d in DOMAINS] for width in (PANEL, PHONE)}
    keys = [key for rows in leaders.values() for row in rows for key in row["sources"]]
    said = "; ".join(
        f"{DOMAIN_WORDS[d]}: {and_join(_lead_words(case, r) for r in rows)}" for d, rows in leaders.items()
    )
    return Figure(
        "positions", _positions_title(case, leaders),
        f"n = {and_join(count_of(len(rows), 'host') + ' for ' + DOMAIN_WORDS[d] + f' ({_series(rows)})' for d, rows in leaders.items())}. "
        f"Colour: the leader; number: its share of the sum over the powers measured, over the last {WINDOW} years with data; "
        "years under the name. No interval: sums as published.",
        source_line(case, keys), f"{said}.", alt.hconcat(*panels[PANEL], spacing=12), alt.vconcat(*panels[PHONE], spacing=12),
    )  # fmt: skip


def _leaders(case: Case, domain: str) -> list[dict[str, Any]]:
    """The leading power of each host that was measured, with its share, the years and the series."""
    measure = getattr(case.settings.measures, domain)
    found = [_leader(case, measure, host) for host in case.settings.hosts]
    return [row for row in found if row is not None]


def _leader(case: Case, measure: Any, host: Any) -> dict[str, Any] | None:
    here = case.series.filter((pl.col("partner") == host.id) & pl.col("actor").is_in(measure.powers)).drop_nulls(
        "value"
    )
    latest: tuple[list[int], str] = ([], "")
    for series in measure.series:
        of_all = here.filter(series=series).group_by("year").agg(pl.col("actor").n_unique())
        years = sorted(of_all.filter(pl.col("actor") == len(measure.powers))["year"])[-WINDOW:]
        latest = max(latest, (years, series), key=lambda found: found[0][-1:])
    years, series = latest
    rows = here.filter(pl.col("year").is_in(years), series=series)
    sums = dict(rows.group_by("actor").agg(pl.col("value").sum()).iter_rows())
    if sum(sums.values()) <= 0:
        return None
    lead = max(sums, key=lambda p: sums[p])
    return {"id": host.id, "name": host.name, "power": lead, "share": sums[lead] / sum(sums.values()),
            "years": (years[0], years[-1]), "series": series, "latitude": host.capital[0], "longitude": host.capital[1],
            "sources": rows["source_id"].explode(empty_as_null=True).drop_nulls().unique(maintain_order=True).to_list()}  # fmt: skip


def _lead_words(case: Case, row: dict[str, Any]) -> str:
    return f"{name_of(case, row['power'])} in {row['name']} with {row['share']:.0%} ({_span(row['years'])})"


def _span(years: tuple[int, int]) -> str:
    return str(years[0]) if years[0] == years[1] else f"{years[0]}–{years[1] % 100:02d}"


def _positions_title(case: Case, leaders: dict[str, list[dict[str, Any]]]) -> str:
    parts = []
    for domain, rows in leaders.items():
        counts = {p: sum(r["power"] == p for r in rows) for p in case.powers}
        most = max(counts, key=lambda p: counts[p])
        parts.append(
            f"{name_of(case, most)} leads in {DOMAIN_WORDS[domain]} in {counts[most]} of {count_of(len(rows), 'host')}"
        )
    return and_join(parts)


def _series(rows: list[dict[str, Any]]) -> str:
    return and_join(dict.fromkeys(r["series"] for r in rows))


def _lead_panel(case: Case, topology: dict[str, Any], rows: list[dict[str, Any]], domain: str, width: int) -> Layered:
    colours = power_colours(case)
    projection, height = _projection(topology["bbox"], width)
    states = alt.InlineData(values=topology, format=alt.TopoDataFormat(type="topojson", feature=OBJECT))
    fills = [{"id": r["id"], "colour": colours[r["power"]], "share": r["share"], "first": r["name"],
              "second": f"{name_of(case, r['power'])} {r['share']:.0%}", "third": _span(r["years"])} for r in rows]  # fmt: skip
    known = alt.Chart(states).transform_lookup(lookup="id", from_=alt.LookupData(
        data=alt.Data(values=fills), key="id", fields=["colour", "share", "first", "second", "third"])).transform_filter(
        "isValid(datum.colour)")  # fmt: skip
    named = known.transform_calculate(
        longitude="geoCentroid(null, datum)[0]", latitude="geoCentroid(null, datum)[1]", text="[datum.first, datum.second, datum.third]"
    ).encode(longitude="longitude:Q", latitude="latitude:Q", text="text:N")  # fmt: skip
    layers = [
        alt.Chart(states).mark_geoshape(fill=LAND, stroke=BORDER, strokeWidth=0.6),
        known.mark_geoshape(stroke="white", strokeWidth=0.8).encode(
            fill=alt.Fill("colour:N", scale=None),
            fillOpacity=alt.FillOpacity("share:Q", scale=alt.Scale(domain=[0.5, 1], range=[0.2, 0.6]), legend=None)),
        named.mark_text(fontSize=10, lineHeight=11, dy=-8, stroke="white", strokeWidth=3, strokeOpacity=0.8),
        named.mark_text(fontSize=10, lineHeight=11, dy=-8, color=INK),
    ]  # fmt: skip
    title = alt.TitleParams(f"Who leads in {DOMAIN_WORDS[domain]}", fontSize=13)
    return alt.layer(*layers).project(**projection).properties(width=width, height=height, title=title)


class Outlines(StrangersRecord):
    """TopoJSON as a map needs it: every arc that a state names is there, every coordinate a place on a Mercator map."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["Topology"]
    source: Line
    bbox: Annotated[list[float], Field(min_length=4, max_length=4)]
    arcs: Annotated[list[Arc], Field(max_length=100_000)]
    objects: Objects
    transform: Transform | None = None

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Outlines:
        west, south, east, north = self.bbox
        if not (west >= -180 and east <= 360 and south >= -85 and north <= 85):
            raise ValueError("bbox is not west, south, east, north in degrees, within 85 degrees of the equator")
        if not (east - west > 0.1 and north - south > 0.1 and (north - south) < 20 * (east - west)):
            raise ValueError("bbox holds no area that could be drawn")
        named = {
            arc
            for state in self.objects.states.geometries
            for polygon in state.polygons()
            for ring in polygon
            for arc in ring
        }
        if any(not -len(self.arcs) <= arc < len(self.arcs) for arc in named):
            raise ValueError("a state names an arc that is not there")
        return self


def _topology(case: Case) -> dict[str, Any]:
    """The outlines, read as data and checked for the parts that are used; raises `GeometryUnusable`."""
    try:
        return as_record(parsed_json(read_inside(case.folder, FILE)), Outlines).model_dump(exclude_none=True)
    except FileRefused as refused:
        raise GeometryUnusable(
            f"No map: {FILE} cannot be drawn ({refused}). It should be TopoJSON with objects.{OBJECT} (ids ISO3), bbox and "
            "source; remove the file for a page without a map."
        ) from None


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


def _chart(case: Case, topology: dict[str, Any], rows: list[dict[str, Any]], width: int) -> Layered:
    colours, focus = power_colours(case), case.settings.focus
    states = alt.InlineData(values=topology, format=alt.TopoDataFormat(type="topojson", feature=OBJECT))
    hosts = [r["id"] for r in rows]
    land = alt.Chart(states).mark_geoshape(stroke=BORDER, strokeWidth=0.8).encode(
        fill=alt.condition(alt.FieldOneOfPredicate("id", hosts), alt.value(HOST), alt.value(LAND)))  # fmt: skip
    projection, height = _projection(topology["bbox"], width)
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
    return alt.layer(*layers).project(**projection).properties(width=width, height=height)


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


def _projection(bbox: list[float], width: int) -> tuple[dict[str, Any], int]:
    """Mercator that fills the width with the region, and the height that it needs."""
    west, south, east, north = bbox
    scale = 0.94 * width / math.radians(east - west)
    top, bottom = (math.log(math.tan(math.pi / 4 + math.radians(y) / 2)) for y in (north, south))
    height = int(1.06 * scale * (top - bottom))
    middle = math.degrees(2 * math.atan(math.exp((top + bottom) / 2)) - math.pi / 2)
    return {"type": "mercator", "scale": scale, "center": [(west + east) / 2, middle], "translate": [width / 2, height / 2],
            "clipExtent": [[0, 0], [width, height]]}, height  # fmt: skip
