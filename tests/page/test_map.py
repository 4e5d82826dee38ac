"""The map: drawn from the case's own outlines, absent without them, refused where they are damaged."""

import dataclasses
import json
import math
from itertools import combinations, pairwise

import polars as pl
import pytest

from buckpass.case import bundled_cases, load_case
from buckpass.measured import measure
from buckpass.page.figures import record_heat_map
from buckpass.page.outlines import GeometryUnusable, middles, outlines
from buckpass.page.regional_map import (
    DEEP,
    PANEL,
    PHONE,
    TALLEST,
    WIDTH,
    _at,
    _beyond_words,
    _placed,
    _projection,
    _rows,
    regional_map,
)  # fmt: skip

SQUARE = {
    "type": "Topology", "source": "made up", "bbox": [18, 48, 22, 52], "arcs": [[[18, 48], [22, 48], [22, 52], [18, 48]]],
    "objects": {"states": {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "id": "DDD", "arcs": [[0]]}]}},
}  # fmt: skip


def test_no_outlines_no_map(small_case):
    assert regional_map(small_case, measure(small_case)) is None


@pytest.mark.parametrize("scope", ["host_support", "own_assets"])
def test_counts_are_those_of_the_record_and_of_acts_for_the_host(small_case, tmp_path, scope):
    (tmp_path / "geometry.json").write_text(json.dumps(SQUARE))
    case = dataclasses.replace(
        small_case.replace(responses=small_case.responses.with_columns(pl.lit(scope).alias("scope"))), folder=tmp_path
    )
    record = measure(case)
    figure = regional_map(case, record)
    rungs = record.responses.frame.filter(actor="AAA", theatre=case.settings.focus.theatre)["rung"].drop_nulls()
    helped = (rungs > case.rungs.words).sum() if scope == "host_support" else 0
    assert helped > 0 or scope == "own_assets"
    assert f"{case.power('AAA').name} in {helped} of {len(rungs)}" in figure.alt_text
    assert f"{case.power('AAA').name} in {helped}" in figure.title
    assert figure.svg().startswith("<svg")


@pytest.mark.parametrize(
    "damage", ["", "[]", '{"type": "Topology"}', json.dumps({**SQUARE, "bbox": [1, 2, "x", 4]}), "{" * 100]
)
def test_damaged_outlines_are_named(small_case, tmp_path, damage):
    (tmp_path / "geometry.json").write_text(damage)
    with pytest.raises(GeometryUnusable):
        regional_map(dataclasses.replace(small_case, folder=tmp_path), measure(small_case))


@pytest.mark.parametrize("name", bundled_cases())
def test_bundled_outlines_hold_the_hosts_of_the_theatre(name):
    case = load_case(name)
    outlines = json.loads((case.folder / "geometry.json").read_text("utf-8"))
    drawn = {g["id"] for g in outlines["objects"]["states"]["geometries"]}
    hosts = case.crises.filter(theatre=case.settings.focus.theatre)["host"].explode(empty_as_null=True)
    assert set(hosts) <= drawn


def test_a_crisis_of_several_hosts_counts_for_none_of_them(small_case, tmp_path):
    (tmp_path / "geometry.json").write_text(json.dumps(SQUARE))
    is_first = pl.int_range(pl.len()) == 0
    shared = pl.when(is_first).then(pl.concat_list(pl.col("host"), pl.lit(["AAA"]))).otherwise(pl.col("host"))
    case = dataclasses.replace(
        small_case.replace(crises=small_case.crises.with_columns(shared.alias("host"))), folder=tmp_path
    )
    figure = regional_map(case, measure(case))
    assert "1 crisis of several hosts counts for none of them" in figure.note
    assert (
        f"n = {small_case.crises.filter(theatre=case.settings.focus.theatre).height - 1} crises of one host"
        in figure.note
    )


def test_deployments_for_the_host_stand_apart_from_those_for_ends_of_their_own(small_case):
    theatre = small_case.settings.focus.theatre

    def title(scope):
        case = small_case.replace(responses=small_case.responses.with_columns(
            pl.when((pl.col("actor") == "AAA") & (pl.col("rung") >= 5)).then(pl.lit(scope)).otherwise(pl.col("scope")).alias("scope")))  # fmt: skip
        return record_heat_map(case, measure(case), [theatre]).title

    name = small_case.power("AAA").name
    assert f"{name} in 2 of 3" in title("host_support")
    assert "of their own" not in title("host_support")
    assert f"{name} in 0 of 3" in title("own_claim")
    assert f"for claims, wars or people of their own, {name} in 2" in title("own_claim")
    assert "PACT in 1 of 2 where it could act" in title("own_claim")


def test_the_middle_of_a_state_is_that_of_its_largest_outline():
    """A square of four degrees beats one of a half; steps with a transform and absolute points say the same."""
    square = [[10.0, 40.0], [14.0, 40.0], [14.0, 44.0], [10.0, 44.0], [10.0, 40.0]]
    islet = [[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5], [0.0, 0.0]]
    states = {"states": {"geometries": [{"id": "DDD", "type": "MultiPolygon", "arcs": [[[1]], [[-1]]]}]}}
    absolute = {"arcs": [square, islet], "objects": states}
    assert middles(absolute)["DDD"] == pytest.approx((12.0, 42.0))
    steps = [[arc[0], *([b[0] - a[0], b[1] - a[1]] for a, b in pairwise(arc))] for arc in (square, islet)]
    moved = {"arcs": steps, "objects": states, "transform": {"scale": [2.0, 3.0], "translate": [100.0, -100.0]}}
    assert middles(moved)["DDD"] == pytest.approx((124.0, 26.0))


@pytest.mark.parametrize("name", bundled_cases())
def test_no_host_covers_another_and_none_leaves_the_map(name):
    case = load_case(name)
    rows, topology = _beyond_words(case, measure(case)), outlines(case)
    projection, height = _projection(topology["bbox"], WIDTH, TALLEST)
    boxes = _placed(rows, middles(topology), projection, height)
    assert len(boxes) >= 4
    for a, b in combinations(boxes, 2):
        assert abs(a["x"] - b["x"]) > a["half"] + b["half"] - 2 or abs(a["y"] - b["y"]) > DEEP - 2, (a["id"], b["id"])
    assert all(box["half"] <= box["x"] <= WIDTH - box["half"] and 0 < box["y"] < height for box in boxes)
    (back,) = [_at(projection, boxes[0], boxes[0]["x"], boxes[0]["y"])]
    assert WIDTH / 2 + projection["scale"] * math.radians(back["longitude"] - projection["center"][0]) == pytest.approx(
        boxes[0]["x"]
    )


@pytest.mark.parametrize("width", [PANEL, PHONE])
def test_no_name_covers_another_where_shares_are_drawn(flagship, width):
    """Three lines of 11 pixels each: name, leader, years."""
    topology = outlines(flagship)
    projection, height = _projection(topology["bbox"], width)
    told = [r | {"told": max(r["name"], f"{r['said']}*", key=len)} for r in _rows(flagship, "economic")]
    boxes = _placed(told, middles(topology), projection, height)
    assert len(boxes) == 5
    for a, b in combinations(boxes, 2):
        assert abs(a["x"] - b["x"]) > a["half"] + b["half"] - 2 or abs(a["y"] - b["y"]) > 33, (a["id"], b["id"])
    assert all(box["half"] <= box["x"] <= width - box["half"] and 0 < box["y"] < height for box in boxes)
