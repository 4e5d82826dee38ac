"""The dashboard's part *Code*, without a browser: the grid, the form of one cell, saving, and two who save at once."""

import shutil
import sys
from datetime import date

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


def delete(at):
    return next(button for button in at.button if button.label == "Delete it").click().run()


def test_a_row_is_deleted_once_it_was_said_what_goes_and_the_form_is_empty(folder):
    at = opened(folder)
    assert any("contested report of an offer" in said.value for said in at.markdown)
    at = delete(at)
    assert [told.value for told in at.success] == ["Deleted\\: BBB in dalen\\_2016."]
    assert acts(folder) == []
    assert at.dataframe[0].value.loc[2].to_list() == ["dalen_2016", "5", "", "5"]
    assert next(box for box in at.selectbox if box.label == "Rung").value == ""
    assert [button.label for button in at.button] == ["Save"]


def test_who_deletes_what_somebody_has_changed_meanwhile_is_shown_it_first(folder):
    at = opened(folder)
    load_sheet(folder).save({"crisis_id": "dalen_2016", "actor": "BBB", "coder": "", "detail": "an offer was made"})
    at = delete(at)
    assert "an offer was made" in at.error[0].value
    assert acts(folder) == [("for", None, None, 1)]
    delete(at)
    assert acts(folder) == []


def enter(at, label, text):
    next(box for box in at.text_input if box.label == label).input(text)


def test_a_phase_that_a_data_frame_wrote_opens(folder):
    text = (folder / "responses.csv").read_text("utf-8").splitlines()
    rows = [f"{line},{',' if n else 'phase,from'}" for n, line in enumerate(text)]
    later = text[8].replace("state,1,1,2", "state,4.0,4.0,4.0") + ",2.0,2016-01-10"
    (folder / "responses.csv").write_text("\n".join([*rows, later]) + "\n", "utf-8")
    at = choose(opened(folder), "Phase", "2")
    assert not at.exception
    assert next(box for box in at.selectbox if box.label == "Phase").options == ["1", "2", "3 (new)"]
    assert next(box for box in at.selectbox if box.label == "Rung").value == "4"


def test_whoever_has_no_row_yet_is_offered_as_well(folder):
    actors = '[[actors]]\nid = "Vasten"\nname = "Vasten Group"\nkind = "company"\nsponsor = "BBB"\n\n'
    settings = (folder / "case.toml").read_text("utf-8").replace("[ladder]", actors + "[ladder]", 1)
    (folder / "case.toml").write_text(settings, "utf-8")
    left = [
        row for row in (folder / "responses.csv").read_text("utf-8").splitlines() if ",PACT,organisation" not in row
    ]
    (folder / "responses.csv").write_text("\n".join(left) + "\n", "utf-8")
    at = opened(folder)
    assert next(box for box in at.selectbox if box.label == "Actor").options == ["AAA", "BBB", "PACT", "Vasten"]
    for actor, kind in (("PACT", "organisation"), ("Vasten", "company")):
        at = choose(at, "Actor", actor)
        next(box for box in at.selectbox if box.label == "Basis").select("seen")
        at = saved(at, "1")
        of = load_case(folder).responses.filter(actor=actor)
        assert of.select("kind", "rung").rows() == [(kind, 1)]


def against(at):
    return next(box for box in at.radio if box.label == "Act").set_value("against").run()


def acts(folder):
    rows = load_case(folder).responses.filter(crisis_id="dalen_2016", actor="BBB")
    return rows.select("direction", "phase", "from", "rung").rows()


def test_an_act_against_the_government_gets_a_row_beside_the_one_for(folder):
    at = against(opened(folder))
    steps = next(box for box in at.selectbox if box.label == "Step")
    assert "2 sanctions or aid cut" in steps.options
    assert not [box for box in at.selectbox if box.label == "Vehicle"]
    steps.select("2")
    next(box for box in at.selectbox if box.label == "Basis").select("seen")
    next(box for box in at.multiselect if box.label == "Sources").select("example2019")
    at = at.button[0].click().run()
    assert [told.value for told in at.success] == ["Saved\\: BBB in dalen\\_2016, against."]
    assert acts(folder) == [("for", None, None, 1), ("against", None, None, 2)]
    assert at.dataframe[0].value.loc[2].to_list() == ["dalen_2016", "5", "1 | vs 2", "5"]
    next(box for box in at.selectbox if box.label == "Step").select("3")
    at.button[0].click().run()
    assert acts(folder) == [("for", None, None, 1), ("against", None, None, 3)]


def test_a_later_phase_gets_a_row_of_its_own_and_has_to_begin_within_its_crisis(folder):
    at = choose(opened(folder), "Phase", "2")
    next(box for box in at.selectbox if box.label == "Rung").select("3")
    next(box for box in at.selectbox if box.label == "Basis").select("seen")
    next(box for box in at.multiselect if box.label == "Sources").select("example2019")
    enter(at, "First day of this phase", "2016-03-01")
    at = at.button[0].click().run()
    assert "outside its crisis" in at.error[0].value
    assert acts(folder) == [("for", None, None, 1)]
    enter(at, "First day of this phase", "2016-01-09")
    at = at.button[0].click().run()
    assert acts(folder) == [("for", None, None, 1), ("for", 2, date(2016, 1, 9), 3)]
    assert at.dataframe[0].value.loc[2].to_list() == ["dalen_2016", "5", "1›3", "5"]
    assert next(box for box in at.selectbox if box.label == "Phase").options == ["1", "2", "3 (new)"]


def whole(folder):
    import sys

    from buckpass.app.dashboard import main

    sys.argv = ["dashboard", folder]
    main()


def test_a_case_without_a_fit_is_coded_all_the_same(folder, monkeypatch):
    monkeypatch.setattr(sys, "argv", sys.argv)
    at = AppTest.from_function(whole, kwargs={"folder": str(folder)}, default_timeout=120).run()
    assert "fit it first" in at.info[0].value
    assert not at.exception
    assert at.dataframe[0].value.shape == (3, 4)
    at = saved(choose(choose(at, "Crisis", "dalen_2016"), "Actor", "BBB"), "2")
    assert row(folder)["rung"] == 2


def test_a_case_of_the_package_is_shown_and_not_changed():
    at = AppTest.from_function(
        page, kwargs={"folder": str(TEMPLATE.parent.parent / "cases" / "western-balkans")}, default_timeout=120
    ).run()
    assert [(button.label, button.disabled) for button in at.button] == [("Save", True)]
    assert any("migrate" in caption.value for caption in at.caption)
