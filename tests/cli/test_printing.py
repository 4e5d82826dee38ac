"""What a terminal is told: nothing but text when piped, lines that fit, words that the shell can complete."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from buckpass.case import bundled_cases, load_case
from buckpass.case.start import TEMPLATE
from buckpass.cli.completion import case_words, crisis_words
from buckpass.cli.ledger import brief_lines, ledger_lines
from buckpass.cli.main import app
from buckpass.cli.printing import steps, tell, tell_table, tracked
from buckpass.fitting.files import save_posterior
from buckpass.ledger import assess, assess_under
from buckpass.measured import measure
from buckpass.measured.terminal import grid_lines
from made_posteriors import posterior_of, prior_sites

SOURCE = Path(__file__).parents[2] / "src" / "buckpass"


@pytest.mark.parametrize("width", [60, 80, 132])
def test_every_claim_is_told_within_the_width(toy, width):
    verdicts = assess(toy)
    under = (assess_under(toy, basis="seen", before=verdicts), assess_under(toy, doubt=1, before=verdicts))
    lines = list(ledger_lines(verdicts, under, width))
    assert max(map(len, lines)) <= width
    told = " ".join(" ".join(lines).split())
    for one in verdicts:
        assert one.id in told
        assert " ".join(one.short.split()) in told
    for condition in under:
        assert condition.condition in told


@pytest.mark.parametrize("width", [60, 80, 132])
def test_the_record_is_a_grid_with_a_line_for_every_crisis(toy, width):
    lines = list(grid_lines(toy, measure(toy).responses, width))
    assert max(map(len, lines)) <= width
    head, raids, protests = lines[0].split(), lines[1], lines[2]
    assert head == ["AAA", "BBB", "PACT"]
    assert (raids[:18], raids.split()[-3:]) == ("Border raids 2005 ", ["6", "3", "1"])
    assert (protests[:14], protests.split()[-3:]) == (
        "Protests 2010 ",
        ["1", "0?", "·"],
    )  # nobody looked for the pact's
    assert "·: nobody looked" in " ".join(lines[len(toy.crises) + 1 :])


@pytest.mark.parametrize("width", [60, 80, 132])
def test_claims_in_brief_take_a_line_each_under_their_verdict(toy, width):
    verdicts = assess(toy)
    under = (assess_under(toy, doubt=3, before=verdicts),)
    lines = list(brief_lines(verdicts, under, width))
    assert max(map(len, lines)) <= width
    starred = {one.id for one in under[0].changed}
    for one in verdicts:
        told = [line for line in lines if line.startswith(f"  {one.id}")]
        assert len(told) == 1
        assert told[0].startswith(f"  {one.id}*") == (one.id in starred)
        head = max(i for i, line in enumerate(lines[: lines.index(told[0])]) if not line.startswith(" "))
        assert lines[head].startswith(one.verdict.replace("_", " "))


@pytest.fixture(scope="module")
def counted(flagship):
    """The ledger of the flagship without fits: what is counted, and premises."""
    return assess(flagship)


def test_the_number_of_a_claim_has_its_unit_beside_it(counted):
    lines = list(brief_lines(counted, (), 80))
    for one in counted:
        (line,) = (line for line in lines if line.startswith(f"  {one.id}"))
        assert one.value is None or re.search(r"\d\)? [a-zP]", line[40:]), line


def test_a_verdict_names_powers_and_crises_in_words(counted):
    said = " ".join(
        f"{v.unit} {v.reason} {v.turns_on} {[(s['text'], s['seen']) for s in v.statements]}" for v in counted
    )
    assert not re.findall(r"\b(?:CHN|RUS|KAZ|TJK|CIS_CPF|[a-z]+_[a-z0-9_]+)\b", said)


def test_the_places_of_a_claim_are_cut_between_numbers(counted):
    places = {n for v in counted for place in v.places for n in [place.rpartition(":")[2]]}
    lines = " ".join(" ".join(ledger_lines(counted, (), 80)).split())
    cut = re.findall(r"In the case: (.*?) …", lines)
    assert cut
    for one in cut:
        assert set(re.findall(r"[–, ](\d+)", one.rpartition(".csv ")[2])) <= places


@pytest.mark.slow
def test_a_claim_about_the_model_says_in_a_sentence_what_its_verdict_rests_on(toy):
    fits = {name: posterior_of(toy, name, prior_sites(toy, name, 12)) for name in ("all", "FR", "base")}
    verdicts = assess(toy, fits)
    told = " ".join(" ".join(ledger_lines(verdicts, (), 80)).split())
    one = verdicts["C2"]
    assert one.p_low == one.p_high
    assert f"P is {one.p_all:.2f} under all mechanisms (all) and each other of the 2 fits" in told
    assert "1 fit (base) assumes that free riding's strength κ is 0." in told
    assert told.count(one.reason[1:]) == 1


@pytest.mark.slow
def test_the_json_of_a_claim_about_the_model_has_what_each_fit_says(tmp_path):
    case = load_case(TEMPLATE)
    for name in ("all", "FR", "base"):
        save_posterior(posterior_of(case, name, prior_sites(case, name, 12)), tmp_path / f"{name}.nc")
    found = CliRunner().invoke(app, ["claims", str(TEMPLATE), "--posteriors", str(tmp_path), "--json"])
    assert found.exit_code == 0, found.output
    rows = {row["id"]: row for row in json.loads(found.stdout)["claims"]}
    one = rows["C2"]
    assert [(fit["id"], fit["assumed"]) for fit in one["by_fit"]] == [
        ("all", None),
        ("FR", None),
        ("base", "kappa = 0"),
    ]
    said = [fit["p"] for fit in one["by_fit"][:2]]
    assert (one["p_all"], one["p_low"], one["p_high"]) == (said[0], min(said), max(said))
    assert one["contraction"] is None
    assert one["verdict"] == "undecided"
    assert "how far the record of" in one["reason"] or "do not agree" in one["reason"]
    assert (rows["C1"]["by_fit"], rows["C1"]["p_all"]) == ([], None)


@pytest.mark.slow
def test_what_another_coding_changes_stands_at_its_claim(flagship):
    claims = tuple(c for c in flagship.claims if c.family in ("record", "measured"))
    verdicts = assess(flagship.replace(claims=claims))
    under = assess_under(flagship, doubt=1, before=verdicts)
    lines = "\n".join(ledger_lines(verdicts, (under,), 200))
    for change in under.changed:
        block = re.search(rf"^{change.id}  .*?(?=^\S|\Z)", lines, flags=re.MULTILINE | re.DOTALL)
        assert block is not None
        assert f"With {under.condition}: {change.after}" in block[0]


def test_a_ledger_that_is_there_is_not_judged_again(toy):
    verdicts = assess(toy)
    assert assess_under(toy, doubt=1, before=verdicts).as_dict() == assess_under(toy, doubt=1).as_dict()


def test_progress_says_nothing_where_nobody_looks(capsys):
    assert list(tracked([1, 2, 3], "counting")) == [1, 2, 3]
    assert list(tracked(iter("ab"), "spelling", total=2)) == ["a", "b"]
    with steps({"one": 1.0, "two": 2.0}) as begin:
        begin("one")
        begin("two")
    assert capsys.readouterr() == ("", "")


def test_piped_output_is_plain_text():
    found = CliRunner().invoke(app, ["check", str(TEMPLATE), "--table"])
    assert found.exit_code == 0
    assert "\x1b" not in found.output


def test_the_shell_is_offered_cases_and_crises():
    assert set(case_words("")) == set(bundled_cases())
    assert case_words("central") == ["central-asia"]

    class Typed:
        def __init__(self, case: str):
            self.params = {"case": case}

    assert "kz_jan_2022" in crisis_words(Typed("central-asia"), "kz")
    assert crisis_words(Typed("../../etc"), "") == []
    assert crisis_words(Typed(""), "") == []


def test_completion_reaches_the_shell():
    asked = {"_BUCKPASS_COMPLETE": "complete_bash", "COMP_WORDS": "buckpass check cent", "COMP_CWORD": "2"}
    found = CliRunner(env=asked).invoke(app, [], prog_name="buckpass")
    assert "central-asia" in found.stdout


def test_no_column_of_a_table_breaks_a_word_while_there_is_room(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    said = "the foreign ministry spoke of grave concern over events in the capital and asked all sides for calm"
    rows = {"actor": ["Bergmark", "Altland"], "stance": ["critical", "support"], "what was done": [said, said * 2]}
    tell_table(pl.DataFrame(rows))
    shown = capsys.readouterr().out.split()
    assert {"critical", "support", "Bergmark", "Altland"} <= set(shown)


@pytest.mark.parametrize(
    "columns",
    [
        {"input": ["futures.instability_growth_cut", "asked.relief"], "outcome": ["burden FRA 2026"] * 2,
         **{f"mu {n}": ["-0.00986", "0.0688"] for n in range(4)}},  # a long id beside what can wrap
        {name: ["-0.003", "-0.001"] for name in ("power", "before", "after", "change", "low", "high", "own", "others",
                                                   "p", "p now", "payoff")},  # no room for two columns between all
        {"id": ["a" * 70, "b"], "said": ["a word " * 30, "c"], "number": ["0.123", "4"]},  # no room for one word
        {f"column {n}": ["0.123456", "n"] for n in range(20)},  # no room at all
    ],
)  # fmt: skip
def test_a_table_keeps_its_columns_and_whole_words_while_there_is_room(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    tell_table(pl.DataFrame(columns))
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    words = {word for name, cells in columns.items() for one in (name, *cells) for word in one.split()}
    broken = {word for word in words if len(word) <= 30} - set(shown.split())
    assert broken == set() or len(columns) == 20
    assert shown.replace("\n", "").count("a") >= 70 or "id" not in columns


def test_a_table_too_wide_is_told_in_parts_that_each_name_their_rows(capsys, monkeypatch):
    """It was once folded to one letter a line."""
    monkeypatch.setenv("COLUMNS", "80")
    columns = {"who": ["alpha", "beta"], "what": ["one thing", "another"]}
    columns |= {f"column {n}": [1.25 + n, -2.5 - n] for n in range(14)}
    tell_table(pl.DataFrame(columns))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line].count("alpha") > 1
    told = " ".join(lines).replace("−", "-").split()
    assert {f"{-2.5 - n:g}" for n in range(14)} <= set(told)
    assert all(told.count(f"{1.25 + n:.3g}") == 1 for n in range(14))


def test_a_command_is_not_broken_at_the_end_of_a_line(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    tell("Edit its files; then, to see all, run `buckpass check my-case --weak` again and `" + "long " * 20 + "`")
    said = capsys.readouterr().out
    assert "`buckpass check my-case --weak`" in said
    assert max(map(len, said.splitlines())) <= 40
    assert said.count("long") == 20


@pytest.mark.parametrize("place", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.stem)
def test_a_message_that_says_how_to_fit_names_a_command_that_runs(place):
    """`fit` needs a case and a folder: what is printed without them is refused."""
    for said in re.findall(r"buckpass fit [^`\n]*", place.read_text("utf-8")):
        assert " -o " in said, said
