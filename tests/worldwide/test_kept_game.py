"""What is kept of the game's fits: whole or refused, compared within a record, never a 0 for what lies below it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from buckpass.cli.main import app
from buckpass.worldwide.errors import NoYardstick, UnusableFolder
from buckpass.worldwide.folder import AGAINST, game_of, read_cells, read_tables, write_world
from buckpass.worldwide.free_riding import LOGIT, Profile, reading_of
from buckpass.worldwide.kept_game import read_game, write_game
from buckpass.worldwide.record import counted


@pytest.fixture(scope="module")
def kept():
    return read_game()


def test_every_specification_is_compared_with_one_of_its_record(kept):
    for fit in kept.fits:
        assert kept.beside(fit).record == fit.record
        gap = kept.gap(fit, kept.beside(fit))
        assert gap.diff == pytest.approx(sum(fit.elpd) - sum(kept.beside(fit).elpd))
        assert gap.se >= gap.se_by_crisis >= 0
    assert kept.fits[0].id == LOGIT
    assert kept.counts["episodes"] == 298


def test_the_readings_say_what_lies_below_0_and_never_print_it_as_0(kept):
    free = kept.fits[1]
    at = lambda mean, low, high, below: replace(  # noqa: E731
        free, reasons=(), kappa={"mean": mean, "low": low, "high": high, "below": below}
    )
    assert "common are missing" in reading_of(at(-0.3, -0.45, -0.1, 0.99))
    doubtful = reading_of(at(-0.1, -0.4, 0.3, 0.7))
    assert "cannot be told from 0; 70 % of the draws lie below it" in doubtful
    assert "if so, " in doubtful  # no finding at 70 %
    assert "cannot be told from 0" in reading_of(at(0.1, -0.3, 0.5, 0.4))
    assert "ride" in reading_of(at(0.5, 0.2, 0.8, 0.01))
    assert reading_of(replace(free, reasons=("R-hat 1.2",))) == "not to be used: R-hat 1.2"


def test_a_game_without_the_powers_capability_says_so(kept):
    said = "they are taken as equally able"
    assert said not in kept.note
    assert said in replace(kept, files=tuple(f for f in kept.files if f["layout"] != "cow_capabilities")).note


def test_a_mode_below_0_says_that_shocks_are_missing_and_is_no_0():
    at = lambda kappa, to_0: Profile("a game", "host's side", kappa, 0.0, to_0, 9.0).reading  # noqa: E731
    assert at(-0.36, 3.8).endswith("shocks that the powers have in common are missing from the model")
    assert "pulled below it" in at(-0.2, 1.0)
    assert "not told from 0" in at(0.2, 1.0)
    assert "ride" in at(0.6, 5.0)


def test_what_was_kept_comes_back(tmp_path, kept):
    again = read_game(write_game(tmp_path / "g.json", kept))
    assert again.as_dict() == kept.as_dict()
    assert np.array_equal(again.fits[1].elpd, kept.fits[1].elpd)


@pytest.mark.parametrize("name", ["elpd", "kappa", "record", "id"])
def test_a_damaged_file_is_named(tmp_path, kept, name):
    content = json.loads(write_game(tmp_path / "g.json", kept).read_text())
    content["fits"][0][name] = [1.0] if name == "elpd" else 3
    (tmp_path / "g.json").write_text(json.dumps(content))
    with pytest.raises(NoYardstick, match=r"g\.json"):
        read_game(tmp_path / "g.json")


def test_a_folder_of_an_earlier_version_says_what_it_lacks(tmp_path, small_world):
    from made_world import POWERS, small

    record = counted(small_world, POWERS, small())
    folder = write_world(tmp_path / "w", record)
    cells, about = read_cells(folder)
    tables = read_tables(folder, cells, about)
    assert tables.against.select("low", "high").equals(record.against.select("low", "high"))
    assert tables.pairs.equals(record.pairs)
    (folder / AGAINST).unlink()
    with pytest.raises(UnusableFolder, match=r"against\.csv"):
        read_tables(folder, cells, about)


def test_a_folder_gives_the_fits_that_it_keeps(tmp_path, kept):
    write_game(tmp_path / "game.json", kept)
    assert game_of(tmp_path).sentence == kept.sentence
    assert game_of(None) is kept


@pytest.mark.slow
def test_the_verb_says_it_in_one_sentence():
    told = CliRunner().invoke(app, ["worldwide", "central-asia", "--game"])
    assert told.exit_code == 0
    assert "What the world's record says of free riding" in told.output
    refused = CliRunner().invoke(app, ["worldwide", "central-asia", "--game", "--power", "CHN"])
    assert refused.exit_code == 2
    assert "tells its fits alone" in refused.output
    as_json = CliRunner().invoke(app, ["worldwide", "central-asia", "--game", "--json"])
    assert json.loads(as_json.output)["fits"][0]["id"] == LOGIT
