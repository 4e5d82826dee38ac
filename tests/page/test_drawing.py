"""A figure is the same whoever draws it: the second process, or this one where there is none or it has ended."""

import sys

import pytest

from buckpass.page.drawing import Drawings, drawn_here

SPEC = {
    "data": {"values": [{"a": "é\n", "b": 1.5}]},
    "mark": "bar",
    "encoding": {"x": {"field": "a"}, "y": {"field": "b"}},
}


@pytest.fixture(scope="module")
def here():
    return drawn_here(SPEC)()


def test_the_second_process_draws_the_same(here):
    with Drawings() as draw:
        waiting = [draw(SPEC), draw({**SPEC, "mark": "point"}), draw(SPEC)]
        first, other, again = (one() for one in waiting)
    assert first == again == here != other
    assert draw._helper is not None
    assert draw._helper.poll() is not None, "it ends with the page"


def test_what_the_second_process_did_not_draw_is_drawn_here(here, monkeypatch):
    with Drawings() as draw:
        assert draw._helper is not None
        draw._helper.kill()
        draw._helper.wait()
        assert draw(SPEC)() == here
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Drawings() as draw:
        assert draw(SPEC)() == here


def test_what_cannot_be_drawn_is_an_error_here():
    with Drawings() as draw, pytest.raises(ValueError, match="conversion failed"):
        draw({"data": {"values": []}, "mark": 3})()
