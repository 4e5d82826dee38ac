"""The package's public names: few, verbs that stay verbs, each of them real."""

import importlib

import pytest

import buckpass as bp


@pytest.mark.parametrize("name", [n for n in bp.__all__ if n != "__version__"])
def test_every_public_name_exists_and_can_be_called(name):
    assert callable(getattr(bp, name))


@pytest.mark.parametrize("room", ["record", "fit", "claims", "report", "futures"])
def test_a_verb_stays_a_verb_when_its_room_is_loaded(room):
    importlib.import_module(f"buckpass.{room}")
    assert callable(getattr(bp, room))
    assert callable(getattr(bp, room))


def test_there_are_at_most_forty_public_names():
    assert len(bp.__all__) <= 40


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(AttributeError, match="load"):
        _ = bp.laod
