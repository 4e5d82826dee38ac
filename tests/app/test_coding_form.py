"""The dashboard's part *Code*, without a browser: the grid, the form of one cell, saving, and two who save at once."""

import shutil
import sys

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from buckpass.case import load_case
from buckpass.case.coding_sheet import load_sheet
from buckpass.case.start import TEMPLATE

pytestmark = pytest.mark.slow
ASKED = {"Crisis": "dalen_2016", "Actor": "BBB"}


def page(folder):
    from pathlib import Path

    from buckpass.app.coding import code

    code(Path(folder))


@pytest.fixture(autouse=True)
def own_main(monkeypatch):
    """Streamlit puts the script that it runs in the place of `__main__` and leaves it there; processes started later would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("buckpass.app.coding.AT_HOME", ("127.0.0.1", config.get_option("server.address")))
    return shutil.copytree(TEMPLATE, tmp_path / "case")


def opened(folder):
    at = AppTest.from_function(page, kwargs={"folder": str(folder)}, default_timeout=120).run()
    for label, value in ASKED.items():
        at = choose(at, label, value)
    return at


def choose(at, label, value):
    return next(box for box in at.selectbox if box.label == label).select(value).run()


def saved(at, rung):
    """The page after a rung was entered and saved: what stands in a form is sent with its button."""
    next(box for box in at.selectbox if box.label == "Rung").select(rung)
    return at.button[0].click().run()


def row(folder):
    return load_case(folder).responses.filter(crisis_id="dalen_2016", actor="BBB").row(0, named=True)


def test_a_cell_is_coded_and_saved(folder):
    at = opened(folder)
    assert at.dataframe[0].value.loc[2].to_list() == ["dalen_2016", "5", "1", "5"]
    at = saved(at, "2")
    assert [told.value for told in at.success] == ["Saved\\: BBB in dalen\\_2016."]
    assert (row(folder)["rung"], row(folder)["detail"]) == (2, "statement; contested report of an offer")
    assert at.dataframe[0].value.loc[2].to_list() == ["dalen_2016", "5", "2", "5"]


def test_the_second_who_saves_is_told_and_can_save_over_it_knowingly(folder):
    at = opened(folder)
    load_sheet(folder).save({"crisis_id": "dalen_2016", "actor": "BBB", "coder": "", "detail": "an offer was made"})
    at = saved(at, "2")
    assert "somebody else" in at.error[0].value
    assert "an offer was made" in at.error[0].value
    assert row(folder)["rung"] == 1
    saved(at, "2")
    assert (row(folder)["rung"], row(folder)["detail"]) == (2, "an offer was made")


def test_what_check_refuses_is_said_and_not_saved(folder):
    at = saved(opened(folder), "6")
    assert "leaves out the rung" in at.error[0].value
    assert row(folder)["rung"] == 1


def test_a_case_of_the_package_is_shown_and_not_changed():
    at = AppTest.from_function(
        page, kwargs={"folder": str(TEMPLATE.parent.parent / "cases" / "western-balkans")}, default_timeout=120
    ).run()
    assert at.button[0].disabled
    assert any("migrate" in caption.value for caption in at.caption)
