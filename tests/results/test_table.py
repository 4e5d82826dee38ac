"""A result table says the same in JSON, in HTML and in LaTeX, and never NaN."""

import ast
import json
from pathlib import Path

import polars as pl
import pytest

import buckpass
from buckpass.results.table import ResultTable, ShowsItself, cell


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


SOURCE = Path(buckpass.__file__).parent


def test_every_table_is_one_thing():
    """Whatever the result: `table()` is annotated as one `ResultTable`, `tables()` as a tuple of them."""
    wanted = {"table": "ResultTable", "tables": "tuple[ResultTable, ...]"}
    wrong = [
        f"{path.relative_to(SOURCE)}:{method.lineno} {one.name}.{method.name}"
        for path in sorted(SOURCE.rglob("*.py")) for one in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(one, ast.ClassDef) and "Protocol" not in map(ast.unparse, one.bases) for method in one.body
        if isinstance(method, ast.FunctionDef) and method.name in wanted
        and (method.returns is None or ast.unparse(method.returns) != wanted[method.name])
    ]  # fmt: skip
    assert wrong == []


def test_a_result_without_more_gives_its_one_table(table):
    class Result(ShowsItself):
        def table(self):
            return table

    assert Result().tables() == (table,)
    assert table.table() is table
    assert table.tables() == (table,)
    assert ShowsItself().tables() == ()


def test_results_of_every_kind_give_tables(toy):
    from buckpass.case import diff_cases
    from buckpass.ledger import assess
    from buckpass.measured import measure

    for found in (measure(toy), assess(toy, None), diff_cases(toy, toy)):
        assert isinstance(found.table(), ResultTable)
        assert found.table().title
    assert all(isinstance(one, ResultTable) for one in measure(toy).tables())


@pytest.mark.parametrize("value", [5.03e-05, -4.23e-10, 2.55e-7])
def test_no_cell_has_a_number_in_powers_of_ten(value):
    assert "e" not in cell(value)
    assert "0.001" in cell(value)
