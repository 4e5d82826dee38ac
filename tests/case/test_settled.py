"""Responses that several coders read and that stand once in responses.csv: what case.toml may say of them."""

import polars as pl
import pytest

from buckpass.case import check_case, load_case
from buckpass.case.start import TEMPLATE
from buckpass.measured.coders import agreement_table

ENTRY = '[[settled]]\ncrisis = "{crisis}"\nactor = "{actor}"\nrungs = {{ {rungs} }}\nin_text = {in_text}\n\n'


def with_settled(folder, crisis="dalen_2005", actor="AAA", rungs="first = 1, second = 0", in_text="false"):
    """A copy of the starting case with one entry."""
    folder.mkdir()
    entry = ENTRY.format(crisis=crisis, actor=actor, rungs=rungs, in_text=in_text)
    for file in TEMPLATE.iterdir():
        text = file.read_text("utf-8")
        (folder / file.name).write_text(
            text.replace("[ladder]", f"{entry}[ladder]", 1) if file.name == "case.toml" else text, "utf-8"
        )
    return folder


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"crisis": "dalen_2006"}, "is not a crisis of crises.csv"),
        ({"actor": "XXX"}, "XXX in dalen_2005 has no row in responses.csv"),
        ({"rungs": "first = 7, second = 0"}, "first above 6, the ladder's top"),
        ({"rungs": "first = 1"}, "at least 2"),
    ],
)
def test_what_leads_nowhere_is_refused_with_its_line(tmp_path, given, said):
    found = [p for p in check_case(with_settled(tmp_path / "case", **given)).errors if said in p.message]
    assert [p.file for p in found] == ["case.toml"]
    assert found[0].line


def test_a_response_with_the_rows_of_its_coders_is_not_counted_twice(tmp_path):
    folder = with_settled(tmp_path / "case")
    rows = pl.read_csv(folder / "responses.csv", infer_schema=False)
    is_it = (pl.col("crisis_id") == "dalen_2005") & (pl.col("actor") == "AAA")
    rows.with_columns(coder=pl.when(is_it).then(pl.lit("first"))).write_csv(folder / "responses.csv")
    assert [p for p in check_case(folder).errors if "has a row of each coder already" in p.message]


def test_alone_it_is_the_agreement_and_moves_no_fit(tmp_path, toy):
    case = load_case(with_settled(tmp_path / "case"))
    assert case.record_hash == toy.record_hash
    assert agreement_table(toy, 0).frame.is_empty()
    assert agreement_table(case, 0).frame["n"].to_list() == [1]
