"""The record in a terminal: a blank cell is explained and counted, and what has no share is shown as none."""

import re

import polars as pl
import pytest

from buckpass.case import load_case
from buckpass.case.reading.reach import eligible_crises, without_row
from buckpass.measured import measure
from buckpass.measured.terminal import brief_tables, grid_lines
from buckpass.page.figures import heat_actors, record_heat_map


@pytest.fixture(scope="module")
def case():
    return load_case("central-asia")


@pytest.fixture(scope="module")
def record(case):
    return measure(case)


def test_every_cell_of_the_grid_is_coded_or_counted_in_its_legend(case, record):
    lines = list(grid_lines(case, record.responses, 100))
    actors, height = lines[0].split(), case.crises.filter(theatre=case.settings.focus.theatre).height
    cells = [line[28:] for line in lines[1 : height + 1]]
    legend = " ".join(lines[height + 1 :])
    nobody, of, blank = map(int, re.search(r"nobody looked \((\d+) of (\d+) cells.*reaches \((\d+)\)", legend).groups())
    assert of == height * len(actors)
    assert nobody == sum(row.count("·") for row in cells) > 0
    assert blank == of - sum(len(row.split()) for row in cells)


def test_a_blank_stands_only_where_the_actor_could_not_have_acted(case):
    """Take a coded row away: the cell becomes one that nobody looked at, unless it is outside the mandate."""
    row = case.coded.filter((pl.col("actor") == "SCO") & pl.col("crisis").is_in(eligible_crises(case, "SCO"))).row(
        0, named=True
    )
    gone = (pl.col("actor") == "SCO") & (pl.col("crisis_id") == row["crisis"])
    less = case.replace(responses=case.responses.filter(~gone))
    asked = ([row["crisis"]], ["SCO"])
    assert without_row(case, *asked) == []
    assert without_row(less, *asked) == [(row["crisis"], "SCO")]
    outside = next(c for c in case.crises["crisis_id"] if c not in eligible_crises(case, "CSTO"))
    assert (outside, "CSTO") not in without_row(less, [outside], ["CSTO"])
    for host in case.crisis(row["crisis"])["host"]:
        assert without_row(less, [row["crisis"]], [host]) == []


def test_the_heat_map_counts_what_has_no_row_as_not_looked_for(case, record):
    theatre = case.settings.focus.theatre
    note = record_heat_map(case, record, [theatre]).note
    here = record.responses.frame.filter(theatre=theatre)
    actors = [a for a in heat_actors(case, record) if a in {*here.drop_nulls("rung")["actor"], *case.powers}]
    listed = here.filter(pl.col("actor").is_in(actors))["rung"].null_count()
    absent = len(without_row(case, here["crisis"].unique().to_list(), actors))
    assert absent > 0
    assert f"{listed + absent} not looked for" in note
    assert "blank: its own crisis" in note


def test_a_share_of_nothing_is_no_amount(case, record):
    nothing = record.shares.frame.filter(pl.col("denominator") == 0)
    assert len(nothing) > 0
    (table,) = (t for t in brief_tables(record) if "shares" in t.frame.columns)
    for measure_, year in nothing.select("measure", "year").unique().iter_rows():
        line = table.frame.filter((pl.col("measure") == measure_) & (pl.col("year") == year))["shares"][0]
        assert not re.search(r" 0( |$)", line), line
        assert "–" in line
