"""A response that changes during a crisis, and acts against a government: how they are read, checked, shown and asked of."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckpass.case import check_case, load_case
from buckpass.case.checking.claim_references import check_claims
from buckpass.case.difference import diff_cases
from buckpass.case.names import names_of
from buckpass.case.provenance import origins_of
from buckpass.case.reading.toml_reading import read_toml
from buckpass.case.reading.which_crises import truth_of
from buckpass.case.schema import ClaimFile
from buckpass.case.start import TEMPLATE
from buckpass.measured import measure
from buckpass.measured.terminal import grid_lines
from buckpass.predict.drawing import _taken_as_given
from made_posteriors import posterior_of, prior_sites

LEFT = {"phase": "2", "from": "2016-01-10", "rung": "0", "rung_low": "0", "rung_high": "0", "vehicle": "", "date": ""}
SANCTIONS = {
    "direction": "against",
    "vehicle": "",
    "rung": "2",
    "rung_low": "2",
    "rung_high": "3",
    "stance": "critical",
}


def with_rows(folder, *changes):
    """A copy of the starting case with more rows of AAA in dalen_2016, each as its own there but for these cells."""
    folder.mkdir()
    for file in TEMPLATE.iterdir():
        text = file.read_text("utf-8")
        if file.name == "responses.csv":
            rows = list(csv.DictReader(io.StringIO(text)))
            own = next(row for row in rows if (row["crisis_id"], row["actor"]) == ("dalen_2016", "AAA"))
            columns = [*rows[0], "phase", "from", "direction", "coder"]
            out = io.StringIO()
            writer = csv.DictWriter(out, columns, restval="")
            writer.writeheader()
            writer.writerows(
                [*({**row, "direction": "for"} for row in rows), *({**own, "direction": "for"} | c for c in changes)]
            )
            text = out.getvalue()
        (folder / file.name).write_text(text, "utf-8")
    return folder


def act(case, phase="furthest", direction="for", actor="AAA"):
    rows = case.acts(phase, direction).filter(crisis="dalen_2016", actor=actor)
    return rows.select("rung", "low", "high").row(0) if rows.height else None


def test_a_response_in_phases_is_read_as_its_furthest_act_and_as_its_first_or_last(tmp_path):
    case = load_case(with_rows(tmp_path / "case", LEFT))
    assert [act(case, phase) for phase in ("furthest", "first", "last")] == [(5, 5, 5), (5, 5, 5), (0, 0, 0)]
    later = load_case(with_rows(tmp_path / "later", LEFT | {"rung": "6", "rung_low": "5", "rung_high": "6"}))
    assert [act(later, phase) for phase in ("furthest", "first", "last")] == [(6, 5, 6), (5, 5, 5), (6, 5, 6)]


def test_who_has_no_phases_is_read_as_before(tmp_path, toy):
    case = load_case(with_rows(tmp_path / "case", LEFT, SANCTIONS))
    for phase in ("furthest", "first", "last"):
        others, before = (c.acts(phase).filter(~((c.acts(phase)["crisis"] == "dalen_2016") & (c.acts(phase)["actor"] == "AAA")))
                          for c in (case, toy))  # fmt: skip
        assert others.equals(before)
    assert case.coded.drop("lines", "line").equals(toy.coded.drop("lines", "line"))  # the fit reads what it read


def test_what_nobody_looked_for_is_no_phase_that_decides(tmp_path):
    unsearched = {"basis": "unsearched", "rung": "", "rung_low": "", "rung_high": ""}
    case = load_case(with_rows(tmp_path / "case", LEFT | unsearched))
    assert act(case, "last") == (5, 5, 5)


def test_columns_that_say_nothing_change_no_hash_of_the_record(tmp_path, toy):
    case, question = load_case(with_rows(tmp_path / "case")), {"question": "?"}
    hashes = [c.replace(settings=c.settings.model_copy(update=question)).record_hash for c in (case, toy)]
    assert hashes[0] == hashes[1]
    phased = load_case(with_rows(tmp_path / "phased", LEFT))
    assert phased.replace(settings=phased.settings.model_copy(update=question)).record_hash != hashes[0]


def test_acts_against_stand_beside_and_are_no_rungs(tmp_path, toy):
    case = load_case(with_rows(tmp_path / "case", SANCTIONS))
    assert act(case) == act(toy) == (5, 5, 5)
    assert act(case, direction="against") == (2, 2, 3)
    assert act(case, direction="against", actor="BBB") is None
    assert truth_of(case, {"direction": "against", "at_least": 2}, "AAA", "dalen_2016") == "true"
    assert truth_of(case, {"direction": "against", "at_least": 3}, "AAA", "dalen_2016") == "doubt"
    assert truth_of(case, {"at_most": 2}, "AAA", "dalen_2016") == "false"
    fit = posterior_of(case, "base", prior_sites(case, "base", 2))
    assert _taken_as_given(case, ["dalen_2016", "dalen_2005"], fit) == {
        "dalen_2016": ("Acts against the government are taken as given, not explained: AAA sanctions or aid cut.",),
        "dalen_2005": (),
    }


def test_a_claim_can_ask_of_the_last_phase(tmp_path):
    case = load_case(with_rows(tmp_path / "case", LEFT))
    assert truth_of(case, {"at_least": 5}, "AAA", "dalen_2016") == "true"
    assert truth_of(case, {"phase": "last", "at_most": 0}, "AAA", "dalen_2016") == "true"


def test_the_record_shows_phases_and_acts_against(tmp_path):
    case = load_case(with_rows(tmp_path / "case", LEFT, SANCTIONS))
    told = list(grid_lines(case, measure(case).responses, 100))
    assert " 5›0 " in next(line for line in told if line.startswith("Uprising"))
    assert "Against the government in dalen_2016: AAA sanctions or aid cut." in told
    seen = [o.what for o in origins_of(case, "dalen_2016") if o.what.startswith("AAA")]
    assert seen == ["AAA: rung 5 (5–5)", "AAA: rung 0 (0–0) in phase 2", "AAA: step 2 (2–3) against the government"]


def test_cases_that_differ_in_a_phase_are_told_apart(tmp_path, toy):
    found = diff_cases(toy, load_case(with_rows(tmp_path / "case", LEFT))).differences
    assert [(d.key, d.kind) for d in found] == [("dalen_2016, AAA, 2", "only in b")]


@pytest.mark.parametrize(
    ("row", "field", "said"),
    [
        (LEFT | {"from": "2016-02-01"}, "from", "outside its crisis (2016-01-05 to 2016-01-12)"),
        (LEFT | {"from": ""}, "", "phase 2 has no first day"),
        (LEFT | {"phase": "3"}, "phase", "not 1 to 3"),
        (LEFT | {"phase": "1", "from": ""}, "crisis_id+actor+coder+phase", "stands already"),
        (LEFT | {"direction": "agianst"}, "direction", "is not one of for, against"),
        (SANCTIONS | {"rung": "5", "rung_high": "5"}, "rung", "no step of acts against"),
        (SANCTIONS | {"vehicle": "PACT"}, "", "has no vehicle"),
    ],
)  # fmt: skip
def test_what_a_phase_or_an_act_against_cannot_be_is_refused_with_its_line(tmp_path, row, field, said):
    found = [p for p in check_case(with_rows(tmp_path / "case", row)).errors if said in p.message]
    assert {(p.file, p.line) for p in found} == {("responses.csv", 11)}
    assert found[0].field == field


CLAIM = """
[[claim]]
id = "S1"
text = "a sentence"
short = "short"
kind = "fact"
family = "{family}"
[claim.estimand]
name = "{name}"
{given}
[claim.expect]
{expect}
"""


@given(steps=st.integers(2, 12), height=st.integers(1, 13), direction=st.sampled_from(["for", "against"]))
@settings(max_examples=40)
@pytest.mark.parametrize("how", ["at_least", "at_most", "among_at_least", "condition", "statement"])
def test_heights_of_acts_end_where_those_of_their_direction_end(toy, how, steps, height, direction):
    names = replace(names_of(toy.settings), last_step=steps - 1)
    towards, other = f'direction = "{direction}"', f'direction = "{"for" if direction == "against" else "against"}"'
    of = {
        "at_least": ("rate", f'actor = "AAA"\n{towards}\nat_least = {height}'),
        "at_most": ("count", f'actor = "AAA"\n{towards}\nat_least = 0\nat_most = {height}'),
        "among_at_least": ("rate", f'actor = "AAA"\n{towards}\nat_least = 1\namong_at_least = {height}'),
        "condition": ("count", f'actor = "AAA"\n{other}\nat_least = 1\nwhere = [{{ actor = "BBB", at_least = {height}, {towards} }}]'),
        "statement": ("atoms", f'atoms = [{{ actor = "AAA", theatre = "valley", equals = {height}, {towards} }}]'),
    }  # fmt: skip
    name, given_ = of[how]
    family, expect = ("record", "equals = true") if name == "atoms" else ("measured", "above = 0.5")
    text = CLAIM.format(family=family, name=f"{family}.{name}", given=given_, expect=expect)
    claims, problems = read_toml("claims.toml", text, ClaimFile)
    assert not problems
    found = list(check_claims(claims, names, toy.settings.focus))
    top = steps - 1 if direction == "against" else toy.rungs.top
    assert bool(found) == (height > top)
    assert all(f"a whole number from 0 to {top}" in problem.hint for problem in found)
