"""The outlines of a theatre's states: TopoJSON of a stranger's file, read as data and checked for the parts that are drawn."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from buckpass.case import BuckpassError, Case
from buckpass.case.entries import Line
from buckpass.case.problems import FileRefused
from buckpass.case.reading.files import read_inside
from buckpass.case.strangers_files import StrangersRecord, as_record, parsed_json

__all__ = ["FILE", "OBJECT", "GeometryUnusable", "middles", "outlines"]

FILE, OBJECT = "geometry.json", "states"

Coordinate = Annotated[float, Field(ge=-1e9, le=1e9)]
Pair = Annotated[list[Coordinate], Field(min_length=2, max_length=2)]
Ring = Annotated[list[int], Field(min_length=1)]
Arc = Annotated[list[Pair], Field(min_length=2)]


class GeometryUnusable(BuckpassError):
    """The case's geometry.json is not a map that can be drawn."""


def polygons(kind: str, arcs: list[Any]) -> list[Any]:
    """The arcs of a state as polygons [polygon][ring][arc]."""
    return [arcs] if kind == "Polygon" else arcs


class Outline(StrangersRecord):
    """A state: its id, and its polygons as rings of arcs; a negative number is an arc turned round."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["Polygon", "MultiPolygon"]
    id: Line
    arcs: list[Ring] | list[list[Ring]]

    @model_validator(mode="after")
    def _as_deep_as_its_type(self) -> Outline:
        if any(
            isinstance(ring, int) or not ring or isinstance(ring[0], list)
            for polygon in polygons(self.type, self.arcs)
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
            for polygon in polygons(state.type, state.arcs)
            for ring in polygon
            for arc in ring
        }
        if any(not -len(self.arcs) <= arc < len(self.arcs) for arc in named):
            raise ValueError("a state names an arc that is not there")
        return self


def outlines(case: Case) -> dict[str, Any]:
    """The outlines, read as data and checked for the parts that are used; raises `GeometryUnusable`."""
    try:
        return as_record(parsed_json(read_inside(case.folder, FILE)), Outlines).model_dump(exclude_none=True)
    except FileRefused as refused:
        raise GeometryUnusable(
            f"No map: {FILE} cannot be drawn ({refused}). It should be TopoJSON with objects.{OBJECT} (ids ISO3), bbox and "
            "source; remove the file for a page without a map."
        ) from None


def middles(topology: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """By state the centroid (longitude, latitude) of its largest outline, in the plane of degrees: where a name may stand."""
    arcs = [_degrees(arc, topology.get("transform")) for arc in topology["arcs"]]
    found = {}
    for state in topology["objects"][OBJECT]["geometries"]:
        rings = [_area_and_middle(_ring(polygon[0], arcs)) for polygon in polygons(state["type"], state["arcs"])]
        area, middle = max(rings)
        if area > 0:
            found[state["id"]] = middle
    return found


def _degrees(arc: list[list[float]], transform: dict[str, Any] | None) -> list[tuple[float, float]]:
    """An arc's points; with a transform each is a step from the one before it."""
    if transform is None:
        return [(x, y) for x, y in arc]
    (by_x, by_y), (x0, y0) = transform["scale"], transform["translate"]
    steps = accumulate(arc, lambda point, step: [point[0] + step[0], point[1] + step[1]])
    return [(x0 + by_x * x, y0 + by_y * y) for x, y in steps]


def _ring(arcs: list[int], points: list[list[tuple[float, float]]]) -> list[tuple[float, float]]:
    return [point for arc in arcs for point in (points[arc] if arc >= 0 else points[~arc][::-1])]


def _area_and_middle(ring: list[tuple[float, float]]) -> tuple[float, tuple[float, float]]:
    """The area of a ring in square degrees and its centroid; of a line no area."""
    crosses = [(a, b, a[0] * b[1] - b[0] * a[1]) for a, b in pairwise([*ring, ring[0]])]
    twice = sum(cross for *_, cross in crosses)
    if abs(twice) < 1e-12:
        return 0.0, ring[0]
    x, y = (sum((a[k] + b[k]) * cross for a, b, cross in crosses) / (3 * twice) for k in (0, 1))
    return abs(twice) / 2, (x, y)
