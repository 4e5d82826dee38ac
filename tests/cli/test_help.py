"""The reference in the terminal: all of it, within 80 columns, from what the case is read with, each with an example."""

import csv
import json
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from buckpass.case import bundled_cases, json_schema, load_case
from buckpass.case.catalogue import estimands, known_estimands
from buckpass.case.load import BUNDLED
from buckpass.case.reading.tables import read_table
from buckpass.case.schema import Estimand
from buckpass.case.start import TEMPLATE
from buckpass.changes import general_paths
from buckpass.cli.main import app
from buckpass.cli.reference import TOPICS

DOCS = Path(__file__).parents[2] / "docs" / "_build"
EMPTY = {
    "estimands": 0,
    "paths": 0,
    "files": 1,
    "columns": 51,
    "mechanisms": 0,
}  # entries that the starting case has no example of, at most


@pytest.fixture(params=sorted(TOPICS))
def topic(request):
    return request.param


def test_everything_is_told_within_eighty_columns_and_as_json(topic):
    told = CliRunner().invoke(app, ["help", topic], env={"COLUMNS": "80"})
    as_json = CliRunner().invoke(app, ["help", topic, "--json"])
    assert (told.exit_code, as_json.exit_code) == (0, 0)
    assert max(map(len, told.stdout.splitlines())) <= 80
    entries = json.loads(as_json.stdout)["entries"]
    names = [entry["name"] for entry in entries]
    assert len(names) == len(set(names)) > 7
    assert not set(names) - set(told.stdout.splitlines())
    assert all(entry["what"] for entry in entries if topic != "columns")
    assert sum(not entry["example"] for entry in entries) <= EMPTY[topic]


def test_the_reference_is_what_the_case_is_read_with():
    assert [e.name for e in TOPICS["estimands"]()] == list(known_estimands())
    assert [e.name for e in TOPICS["paths"]()] == [p.form for p in general_paths()]
    columns = {e.name for e in TOPICS["columns"]()}
    for file in ("crises.csv", "responses.csv", "series.csv"):
        assert {f"{file} {name}" for name in json_schema(file)["properties"]} <= columns
    assert {"case.toml focus.rider", "case.toml organisations.mandate.hosts", "claims.toml claim.kind"} <= columns


@pytest.mark.slow
def test_the_documentation_says_the_same(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    reference = __import__("reference")
    pages = reference.pages()
    for topic, page in (("estimands", "estimands"), ("paths", "set-paths")):
        text = pages[f"reference/{page}.md"]
        for entry in TOPICS[topic]():
            assert f"`{entry.name}`" in text
            assert reference.cell(entry.what) in text
    sys.modules.pop("reference")


def test_the_example_of_an_estimand_is_a_claim_of_a_bundled_case_or_fits_the_starting_case():
    asked = [c.estimand for name in bundled_cases() for c in load_case(name).claims if c.estimand]
    for entry in estimands().values():
        if "example" in entry:
            example = tomllib.loads(entry["example"])["claim"]["estimand"]
            asked.append(Estimand.model_validate(example))
            (TEMPLATE / "case.toml").read_text("utf-8").index(f'id = "{example.get("power") or example["actor"]}"')
    for entry in TOPICS["estimands"]():
        given = tomllib.loads(entry.example)["claim"]["estimand"]
        assert given.pop("name") == entry.name
        assert any(one.name == entry.name and json.loads(json.dumps(one.parameters)) == given for one in asked)


@pytest.mark.parametrize("asked", [["help", "pahts"], ["help", "estimands", "model.whatiff"]])
def test_what_there_is_no_help_on_names_the_nearest(asked):
    found = CliRunner().invoke(app, asked)
    assert found.exit_code == 2
    assert "did you mean" in " ".join(found.output.replace("│", " ").split())


@pytest.mark.parametrize("name", ["central-asia", "western-balkans"])
def test_the_schema_lists_what_is_allowed(name):
    claims = tomllib.loads((BUNDLED / name / "claims.toml").read_text("utf-8"))
    schema = json_schema("claims.toml")
    jsonschema.validate(claims, schema)
    asked = next(c["estimand"] for c in claims["claim"] if "estimand" in c)
    for wrong in ({"name": "record.atms"}, {**asked, "powre": "AAA"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"claim": [claims["claim"][0] | {"estimand": wrong}]}, schema)
    settings = json_schema("case.toml")["properties"]
    parameters = tomllib.loads((BUNDLED / name / "case.toml").read_text("utf-8"))["parameters"]
    jsonschema.validate(parameters, {"propertyNames": settings["parameters"]["propertyNames"]})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"futures.dicount": {}}, {"propertyNames": settings["parameters"]["propertyNames"]})
    assert "FR" in settings["argument"]["items"]["enum"]


def told(*words):
    done = CliRunner().invoke(app, ["help", *words], env={"COLUMNS": "80"})
    return done.exit_code, done.stdout


def test_without_a_topic_the_topics_are_named():
    code, text = told()
    assert code == 0
    assert all(f"buckpass help {topic}" in text for topic in TOPICS)
    assert json.loads(CliRunner().invoke(app, ["help", "--json"]).stdout)["topics"].keys() == TOPICS.keys()


@pytest.mark.parametrize(
    ("asked", "path"),
    [("USA", "<POWER>.capacity"), ("USA.alignment@RUS", "<HOST>.alignment@<POWER>"), ("CSTO.mandate", "<ORGANISATION>.mandate")],
)  # fmt: skip
def test_a_path_is_found_as_it_is_written_for_a_case(asked, path):
    code, text = told("paths", asked)
    assert code == 0
    assert path in text.splitlines()
    assert "severity" not in text.splitlines()


@pytest.mark.parametrize(
    ("column", "needed"),
    [("coalitions.members", "yes"), ("actors.sponsor", "of a company"), ("consent.keys", "with rule = keys, and only there"),
     ("responses.csv rung", "unless basis is unsearched")],
)  # fmt: skip
def test_what_check_cannot_do_without_is_said_to_be_needed(column, needed):
    assert f"    needed: {needed}" in told("columns", column)[1].splitlines()


@pytest.mark.parametrize("file", [entry.name for entry in TOPICS["files"]() if entry.name.endswith(".csv")])
def test_the_example_of_a_table_has_a_cell_for_each_column_that_a_row_has(file):
    (entry,) = [one for one in TOPICS["files"]() if one.name == file]
    (cells,) = csv.reader([entry.example])
    columns = entry.facts["a row has"].split(", ")
    assert len(cells) == len(columns)
    table, problems = read_table(file, ",".join(columns) + "\n" + entry.example + "\n")
    assert not problems
    assert table.frame.height == 1
