"""Every input of a crisis can be followed to its file, line and source."""

import polars as pl

from buckpass.case import load_case
from buckpass.case.provenance import cited, origins_of

TABLES = {"power": "powers", "organisation": "organisations", "alignment": "alignments", "unfavourable": "opinions"}


def test_each_origin_stands_where_it_says(folder):
    case = load_case(folder)
    lines = {name: (folder / name).read_text(encoding="utf-8").splitlines() for name in
             ("case.toml", "crises.csv", "responses.csv", "series.csv")}  # fmt: skip
    origins = origins_of(case, "dalen_2016")
    assert {one.file for one in origins} == set(lines)
    for one in origins:
        there = lines[one.file][one.line - 1]
        if one.file == "responses.csv":
            assert there.startswith(f"dalen_2016,{one.what.split(':')[0]},")
        elif one.file == "series.csv":
            assert there.split(",")[0] == one.what.split()[0]
        elif one.file == "crises.csv":
            assert there.startswith("dalen_2016,")
        elif one.what.startswith("parameter "):
            assert there == f'[parameters."{one.what.split()[1].rstrip(":")}"]'
        else:
            assert there.startswith(f"[[{TABLES[one.what.split()[0]]}]]")


def test_all_responses_and_nothing_of_another_crisis(toy):
    origins = [one for one in origins_of(toy, "dalen_2010") if one.file == "responses.csv"]
    rows = toy.responses.filter(pl.col("crisis_id") == "dalen_2010")
    assert [one.line for one in origins] == rows["line"].to_list()
    assert [one.basis for one in origins] == rows["basis"].to_list()
    assert "not searched" in origins[-1].what


def test_the_nearest_year_stands_for_the_crisis(toy):
    origins = [one.what for one in origins_of(toy, "dalen_2005") if one.file == "series.csv"]
    assert any(what.startswith("milex of AAA, 2005: 63 ") for what in origins)
    assert any(what.startswith("trade of AAA with DDD, 2004: 2.2 ") for what in origins)


def test_sources_are_cited_in_full(toy):
    origins = origins_of(toy, "dalen_2016")
    found = cited(toy, origins)
    assert set(found) == {key for one in origins for key in one.sources}
    assert all(citation for citation in found.values())


def test_a_setting_changed_after_reading_has_no_line(toy):
    louder = toy.settings.model_copy(update={"title": "another"})
    origins = origins_of(toy.replace(settings=louder), "dalen_2016")
    assert {one.line for one in origins if one.file == "case.toml"} == {None}
    assert all(one.line for one in origins if one.file != "case.toml")
