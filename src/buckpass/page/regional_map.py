"""Maps of the theatre: how far provider and rider went, host by host, and who leads there in the economy and in security."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import altair as alt
import polars as pl
from pydantic import ConfigDict, Field, model_validator

from buckpass.case import BuckpassError, Case
from buckpass.case.entries import Line
from buckpass.case.problems import FileRefused
from buckpass.case.reading.files import read_inside
from buckpass.case.strangers_files import StrangersRecord, as_record, parsed_json
from buckpass.measured import Record
from buckpass.measured.responses import OWN
from buckpass.measured.shares import DOMAINS, leaders, measure_name, years_in_words
from buckpass.page.theme import INK, PALE, Figure, Layered, Unchanged, ink_on, inline, is_settled, power_colours
from buckpass.page.wording import and_join, count_of, name_of, number, source_line, spoken, years_of

__all__ = ["positions_map", "regional_map"]

FILE, OBJECT = "geometry.json", "states"
WIDTH, NARROW = 620, 460  # with discs beside names; a phone scales the second down
PANEL, PHONE = 420, 340
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
    provider, rider = spoken(case, focus.provider), spoken(case, focus.rider)
    both = [r for r in rows if r["left"] is not None and r["right"] is not None]
    ahead = sum(r["left"] > r["right"] for r in both)
    there = case.crises.filter(pl.col("theatre") == focus.theatre)
    shared = there.filter(pl.col("host").list.len() > 1).height
    apart = f" {count_of(shared, 'crisis', 'crises')} of several hosts count for none of them." if shared else ""
    return Figure(
        "map",
        f"On average {provider} went further than {rider} in {ahead} of {count_of(len(both), 'host')}",
        f"n = {count_of(there.height - shared, 'crisis', 'crises')} of one host.{apart} Discs at the capital: mean rung taken (0 to {case.rungs.top}) by {provider}, left, and "
        f"{rider}, right, over the crises looked up, acts for own people, assets or claims left out; no interval: a mean of ordered codes, to be read with the table below it.",
        f"Source of the outlines: {topology['source']}.",
        "; ".join(f"{r['name']}: {provider} {number(r['left'])}, {rider} {number(r['right'])}" for r in rows) + ".",
        _chart(case, topology, rows, WIDTH),
        _chart(case, topology, rows, NARROW),
        years=years_of(case, there["crisis_id"]),
        unit=f"mean {case.ladder.scale}",
    )


def positions_map(case: Case) -> Figure | None:
    """Who leads in the economy and who in security, host by host, in the last years that were measured for it.

    Of all suppliers or partners where the series has them, else of the powers compared; of the measure's series the one
    that reaches furthest for the host counts; series are never mixed. Without outlines or series there is no figure, nor
    where whoever leads has everything everywhere.
    """
    if not (case.folder / FILE).is_file():
        return None
    rows = {domain: _rows(case, domain) for domain in DOMAINS}
    if not all(rows.values()) or is_settled(row["share"] for of in rows.values() for row in of):
        return None
    topology = _topology(case)
    panels = {width: [_lead_panel(case, topology, rows[d], d, width) for d in DOMAINS] for width in (PANEL, PHONE)}
    keys = [key for of in rows.values() for row in of for share in row["leader"].shares for key in share.sources]
    said = "; ".join(f"{measure_name(case, d)}: {and_join(_lead_words(case, r) for r in of)}" for d, of in rows.items())
    counts = and_join(
        f"{count_of(len(of), 'host')} for {measure_name(case, d)} ({_series(case, of)})" for d, of in rows.items()
    )
    title = _positions_title(case, rows)
    return Figure(
        "positions", title[0].upper() + title[1:],
        f"n = {counts}. Colour: the leader, grey where it is no power of the case; number: its share of all suppliers or partners, "
        "with * of the powers compared; years under the name. Nobody leads below the least volume. No interval: sums as published.",
        source_line(case, keys), f"{said}.", alt.hconcat(*panels[PANEL], spacing=12), alt.vconcat(*panels[PHONE], spacing=12),
        years="under each name", unit="percent",
    )  # fmt: skip


def _rows(case: Case, domain: str) -> list[dict[str, Any]]:
    """The leaders of a domain as the map draws them: one row a host, in a colour of its own where no power of the case leads."""
    colours, hosts = power_colours(case), {h.id: h for h in case.settings.hosts}
    return [
        {"id": one.host, "name": hosts[one.host].name, "power": one.power, "share": (one.share and one.share.value) or 0.0,
         "colour": colours.get(one.power or "", PALE if one.power else LAND), "years": (one.shares[0].first, one.shares[0].last),
         "said": f"{name_of(case, one.power)} {one.share.value:.0%}" if one.power and one.share else "nobody",
         "of": one.shares[0].of, "leader": one}
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
    return "" if row["of"] == "all" else f" of {and_join(name_of(case, p) for p in row['of'].split('+'))} together"


def _positions_title(case: Case, rows: dict[str, list[dict[str, Any]]]) -> str:
    return f"{and_join(_domain_title(case, domain, of) for domain, of in rows.items())}"


def _domain_title(case: Case, domain: str, rows: list[dict[str, Any]]) -> str:
    """Who leads in how many hosts, of what and when; ahead of whom where not everybody is compared."""
    powers = dict.fromkeys(r["power"] for r in rows if r["power"])
    name = measure_name(case, domain)
    when = years_in_words(min(r["years"][0] for r in rows), max(r["years"][1] for r in rows))
    if not powers:
        return f"nobody leads in {name} ({when})"
    most = max(powers, key=lambda p: sum(r["power"] == p for r in rows))
    count = f"in {sum(r['power'] == most for r in rows)} of {count_of(len(rows), 'host')} ({when})"
    if all(r["leader"].is_complete for r in rows):
        return f"{spoken(case, most)} leads in {name}, of all, {count}"
    others = [spoken(case, p) for p in getattr(case.settings.measures, domain).powers if p != most]
    return f"{spoken(case, most)} is ahead of {and_join(others)} in {name} {count}"


def _series(case: Case, rows: list[dict[str, Any]]) -> str:
    return and_join(dict.fromkeys(case.series_name(r["leader"].shares[0].series) for r in rows))


def _lead_panel(case: Case, topology: dict[str, Any], rows: list[dict[str, Any]], domain: str, width: int) -> Layered:
    projection, height = _projection(topology["bbox"], width)
    states = Unchanged(values=topology, format=alt.TopoDataFormat(type="topojson", feature=OBJECT))
    fills = [{"id": r["id"], "colour": r["colour"], "share": r["share"], "first": r["name"],
              "second": r["said"] + ("" if r["of"] == "all" or not r["power"] else "*"), "third": years_in_words(*r["years"])}
             for r in rows]  # fmt: skip
    known = alt.Chart(states).transform_lookup(lookup="id", from_=alt.LookupData(
        data=alt.Data(values=fills), key="id", fields=["colour", "share", "first", "second", "third"])).transform_filter(
        "isValid(datum.colour)")  # fmt: skip
    named = known.transform_calculate(
        longitude="geoCentroid(null, datum)[0]", latitude="geoCentroid(null, datum)[1]", text="[datum.first, datum.second, datum.third]"
    ).encode(longitude=alt.Longitude("longitude:Q"), latitude=alt.Latitude("latitude:Q"), text=alt.Text("text:N"))  # fmt: skip
    layers = [
        alt.Chart(states).mark_geoshape(fill=LAND, stroke=BORDER, strokeWidth=0.6),
        known.mark_geoshape(stroke="white", strokeWidth=0.8).encode(
            fill=alt.Fill("colour:N", scale=None),
            fillOpacity=alt.FillOpacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.1, 0.6]), legend=None)),
        named.mark_text(fontSize=10, lineHeight=11, dy=-8, stroke="white", strokeWidth=3, strokeOpacity=0.8),
        named.mark_text(fontSize=10, lineHeight=11, dy=-8, color=INK),
    ]  # fmt: skip
    title = alt.TitleParams(f"Largest share of {measure_name(case, domain)}", fontSize=13)
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
        case.crises.filter((pl.col("theatre") == focus.theatre) & (pl.col("host").list.len() == 1))
        .select(pl.col("crisis_id").alias("crisis"), "host")
        .explode("host")
    )
    rows = record.responses.frame.drop_nulls("rung").join(crises, on="crisis")
    means = rows.filter(~pl.col("scope").is_in(OWN)).group_by("host", "actor").agg(pl.col("rung").mean())
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
    states = Unchanged(values=topology, format=alt.TopoDataFormat(type="topojson", feature=OBJECT))
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
        at = alt.Chart(inline(beside)).encode(
            longitude=alt.Longitude("longitude:Q"), latitude=alt.Latitude("latitude:Q")
        )
        layers.append(at.mark_circle(size=620, opacity=1, color=colours[power]))
        layers.append(
            at.mark_text(fontSize=12, fontWeight=600, color=ink_on(colours[power])).encode(text=alt.Text("shown:N"))
        )
    for row in rows:
        name = alt.Chart(inline([row])).encode(
            longitude=alt.Longitude("longitude:Q"), latitude=alt.Latitude("latitude:Q"), text=alt.Text("name:N")
        )
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
