"""The world's record: every trap of the publishers' files, and their counts."""

from dataclasses import replace

import polars as pl
import pytest
from made_world import POWERS, made, small, traps
from typer.testing import CliRunner

from buckpass.cli.main import app
from buckpass.worldwide import errors, world_record
from buckpass.worldwide.folder import read_cells, write_world
from buckpass.worldwide.record import counted, read_world, without
from buckpass.worldwide.rules import rules


@pytest.fixture(scope="module")
def record(small_world):
    return counted(small_world, POWERS, small())


def cell(record, episode, power):
    found = record.cells.filter((pl.col("episode_id") == episode) & (pl.col("power") == power))
    return found.row(0, named=True) if found.height else None


def band(record, episode, power):
    found = cell(record, episode, power)
    return found and (found["low"], found["high"])


def test_inactive_years_are_left_out(record):
    assert record.of_years.filter(conflict_id=10)["year"].to_list() == [1992, 1993]
    assert band(record, "10_1992", "RUS") == (4, 4)  # the troops of the inactive year are not there


def test_what_is_coded_in_several_dyads_and_conflicts_counts_once(record):
    assert record.years.filter(conflict_id=10, power="RUS").height == 2
    weights = record.cells.filter(host="IND", power="GBR").select("episode_id", "weight").rows()
    assert dict(weights) == {"60_1999": 0.5, "61_1999": 0.5, "60_2004": 1.0}


def test_troops_of_a_coalition_are_rung_five_and_a_coalition_that_trains_is_four(record):
    assert band(record, "20_2013", "CHN") == (5, 5)
    assert band(record, "20_2013", "GBR") == (4, 4)


def test_an_own_operation_is_not_hidden_by_a_mission(small_world, record):
    assert band(record, "20_2013", "FRA") == (6, 6)
    the = without(small(), "own_operations")
    assert band(counted(small_world, POWERS, the), "20_2013", "FRA") == (5, 5)


def test_an_attack_on_the_united_states_makes_no_host(small_store, record):
    assert "USA" not in record.of_years["host"].to_list()
    the = without(small(), "not_hosts")
    assert "USA" in counted(read_world(small_store, the), POWERS, the).of_years["host"].to_list()


def test_the_internationalised_type_changes_nothing(tmp_path, record):
    """It says that troops came: what the record asks."""
    again = world_record(made(tmp_path, traps(kind=4)), POWERS, small())
    assert again.cells.equals(record.cells)


def test_numbers_of_actors_are_no_numbers_of_states(record):
    assert band(record, "40_2015", "RUS") == (0, 2)  # actor 365 helped, which is Belarus


def test_yemen_is_one_state_under_two_numbers(record):
    """678 in UCDP, 679 in COW since 1990."""
    found = cell(record, "40_2015", "USA")
    assert (found["host"], found["alliance"]) == ("YEM", 1)


def test_missing_is_none_of_the_coded_kinds(record):
    assert band(record, "40_2015", "CHN") == (0, 2)
    assert band(record, "40_2015", "USA") == (3, 6)  # support of an unknown kind
    assert band(record, "10_1992", "USA") == (0, 4)  # alleged


def test_a_power_behind_the_rebels_is_no_silent_one(small_world, record):
    assert cell(record, "60_1999", "CHN") is None  # also where it is only alleged
    assert band(record, "61_1999", "CHN") == (0, 2)
    the = without(small(), "rebels")
    assert band(counted(small_world, POWERS, the), "60_1999", "CHN") == (0, 2)


def test_the_soviet_union_is_russia_and_no_helper_of_itself(record):
    assert cell(record, "50_1990", "RUS") is None
    assert cell(record, "50_1990", "FRA") is not None


def test_elements_of_a_state_are_not_its_government(record):
    assert band(record, "20_2013", "RUS") == (0, 2)


def test_one_inactive_year_does_not_end_an_episode_and_two_do(record):
    assert record.episodes.filter(conflict_id=60)["episode_id"].to_list() == ["60_1999", "60_2004"]


def test_years_can_be_the_units(small_world, record):
    """Every cell of a year by itself: its band, the conflicts of its host in that year, its episode's active years so far."""
    found = counted(small_world, POWERS, without(small(), "episodes"))
    assert (found.counts["conflict_years"], found.counts["episodes"]) == (record.of_years.height,) * 2
    key = ["conflict_id", "year", "power", "low", "high"]
    told = found.cells.with_columns(year=pl.col("episode_id").str.split("_").list.last().cast(pl.Int64))
    assert told.select(key).sort(key).rows() == record.years.select(key).sort(key).rows()
    weights = told.filter(host="IND", power="GBR").select("year", "weight").rows()
    assert sorted(weights) == [(1999, 0.5), (1999, 0.5), (2001, 1.0), (2004, 1.0)]
    longest = record.episodes.sort("active_years").row(-1, named=True)
    years = (
        told.filter(conflict_id=longest["conflict_id"], power="GBR").sort("year")["duration"].exp().round().to_list()
    )
    assert years[: longest["active_years"]] == [float(k + 1) for k in range(longest["active_years"])]


def test_covariates(record):
    own, there = cell(record, "10_1992", "USA"), cell(record, "10_1992", "CHN")
    assert (own["war"], own["rival_across"], own["border"], own["recent"]) == (1, 1, 0, 1)
    assert (there["border"], there["rival_across"]) == (1, 0)
    assert cell(record, "10_1992", "RUS")["alliance"] == 1
    assert cell(record, "10_1992", "RUS")["colony"] == 1
    assert cell(record, "61_1999", "CHN")["border"] == 0  # four hundred miles of sea are no border
    assert own["distance"] > there["distance"] > 0


def test_all_that_is_missing_is_named_at_once(tmp_path):
    with pytest.raises(
        errors.TablesMissing, match=r"armed conflict dataset.*; strategic rivalries.*; if you have it, COW's national"
    ):
        world_record(made(tmp_path, traps(), ("conflicts", "rivals")), POWERS, small())


@pytest.mark.parametrize(
    ("powers", "error", "says"),
    [
        (("XXX", "RUS"), errors.UnknownPowers, "XXX"),
        ((), errors.UnknownPowers, "--powers"),
        (("BRA", "RUS"), errors.NothingToLearn, "BRA gave no government support"),
        (("RUS",), errors.OnePower, "--powers: give two or more, as in RUS,BBB"),
        (("RUS", "RUS"), errors.OnePower, "two or more"),
    ],
)
def test_powers_of_which_nothing_can_be_learnt(small_world, powers, error, says):
    with pytest.raises(error, match=says):
        counted(small_world, powers, small())


def test_a_power_whose_support_is_all_left_out_is_named(small_world):
    """France helped Mali's government alone; were it behind its opponents too, no cell that counts would have it act."""
    also = small_world.given.filter(supporter="FRA", host="MLI").with_columns(is_against=pl.lit(True))
    given = pl.concat([small_world.given, also])
    with pytest.raises(
        errors.NothingToLearn, match="FRA supported governments only in episodes in which it also backed"
    ):
        counted(replace(small_world, given=given), POWERS, small())


def test_where_capability_is_unknown_it_is_said_and_what_to_load(small_world):
    assert "capability is empty in every cell: the game takes" in counted(small_world, POWERS, small()).table().note
    every = {(state, year): 0.1 for state in (*POWERS, "SUN") for year in range(1975, 2018)}
    some = {(state, year): value for (state, year), value in every.items() if state != "CHN"}
    notes = [counted(replace(small_world, capability=c), POWERS, small()).table().note for c in (every, some)]
    assert "capability" not in notes[0]
    assert "cells (CHN): the game takes" in notes[1]


def test_a_power_that_is_always_the_host(small_world):
    only = replace(small_world, given=small_world.given.filter(host="IND"))
    with pytest.raises(errors.NothingToLearn, match="IND is the host of every conflict"):
        counted(only, ("IND", "GBR"), small())


def test_one_region_is_no_world(small_store):
    with pytest.raises(errors.OneRegion, match="at least 30"):
        world_record(small_store, POWERS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("schema_version = 2\n", "schema_version"),
        ("[conflicts", "not valid TOML"),
        ("colour = 1\n", "colour|schema_version"),
    ],
)
def test_rules_that_cannot_be_used(tmp_path, text, says):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(errors.UnusableRules, match=says):
        rules(file)


def test_a_folder_gives_the_cells_back_and_its_rules(tmp_path, record):
    folder = write_world(tmp_path / "w", record)
    cells, about = read_cells(folder)
    assert cells.select("low", "high", "weight").equals(record.cells.select("low", "high", "weight"))
    assert about["counts"]["cells"] == record.cells.height
    assert rules(folder / "rules.toml") == rules()
    (folder / "cells.csv").write_text("a,b\n1,2\n")
    with pytest.raises(errors.UnusableFolder, match="lacks"):
        read_cells(folder)


def test_the_verb_asks_for_a_store(tmp_path):
    told = CliRunner().invoke(app, ["new", str(tmp_path / "w"), "--world"])
    assert told.exit_code == 2
    assert "--from STORE" in told.output


@pytest.mark.slow
def test_the_publishers_files_give_these_counts(real_store, real_world):
    """As measured by hand before this was written, without the rule of who is no host; with it four cells of a conflict less."""
    the = without(rules(), "not_hosts")
    before = counted(read_world(real_store, the), POWERS, the).counts
    assert {k: before[k] for k in ("conflict_years", "cells_of_years", "episodes", "cells")} == {
        "conflict_years": 1654, "cells_of_years": 7982, "episodes": 299, "cells": 1417}  # fmt: skip
    assert (round(before["support_after_support"], 2), round(before["support_after_none"], 2)) == (0.90, 0.02)
    assert round(before["none_of_years"], 2) == 0.87
    own = counted(real_world, POWERS, rules())
    assert (own.counts["conflict_years"], own.counts["episodes"], own.counts["cells"]) == (1637, 298, 1413)
    assert not own.cells.null_count().sum_horizontal().item()
