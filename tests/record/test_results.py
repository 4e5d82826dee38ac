"""A result table says the same in JSON, in HTML and in LaTeX, and never NaN."""

import json

import polars as pl
import pytest

from buckpass.record.results import ResultTable


@pytest.fixture
def table() -> ResultTable:
    frame = pl.DataFrame(
        {"power": ["<script>alert(1)</script>", "B"], "share": [float("nan"), 0.123456], "year": [1999, None]}
    )
    return ResultTable(frame, "Shares & <others>", {"share": "of a < b"}, "a note", ("key2020",), "abcdef0123456789", 7)


def test_json_has_null_for_what_is_missing(table):
    text = json.dumps(table.as_dict(), allow_nan=False)
    assert json.loads(text)["rows"][0] == {"power": "<script>alert(1)</script>", "share": None, "year": 1999}


def test_html_shows_text_as_text(table):
    page = table._repr_html_()
    assert "<script>" not in page
    assert "a &lt; b" in page
    assert "0.123" in page
    assert "key2020" in page


def test_latex_escapes_its_own_signs(table):
    latex = table.to_latex()
    assert r"\&" in latex
    assert "abcdef012345" in latex
