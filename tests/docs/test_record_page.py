"""docs/record.md says what the record says, and what the kept answers said of the claims that need fits."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from buckpass.ledger import assess_claim

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "_build"))
import record_changes  # noqa: E402  a script beside the documentation


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "record.md").read_text(encoding="utf-8")


def last_cell(page: str, beginning: str, cell: int = -2) -> str:
    (line,) = [line for line in page.splitlines() if line.startswith(beginning)]
    return line.split("|")[cell].strip()


def test_typed_numbers_of_the_headline_are_the_records(page, flagship):
    rows = flagship.coded.filter(theatre="central_asia").drop_nulls("rung")
    rungs = {p: dict(rows.filter(actor=p).select("crisis", "rung").iter_rows()) for p in ("CHN", "RUS")}
    both = rungs["CHN"].keys() & rungs["RUS"].keys()
    gaps = [rungs["CHN"][c] - rungs["RUS"][c] for c in both]
    assert last_cell(page, "| China went less far than Russia in") == f"{sum(g < 0 for g in gaps)} of {len(gaps)}"
    assert last_cell(page, "| equally far in") == str(gaps.count(0))
    assert last_cell(page, "| further in") == str(sum(g > 0 for g in gaps))
    for name, power in (("China", "CHN"), ("Russia", "RUS")):
        mean = sum(rungs[power][c] for c in both) / len(both)
        assert last_cell(page, f"| mean rung of {name} |") == f"{mean:.2f}"


def test_typed_numbers_of_claims_are_the_ledgers(page, flagship):
    found = {c.id: assess_claim(flagship, c) for c in flagship.claims if c.id in ("A06", "A07", "A09", "A20")}
    assert f"undecided, ρ {found['A20'].value:.2f} " in page
    (wide,) = found["A07"].readings
    assert f"words whatever their stance: {wide['true']} of {wide['n']} " in page
    rests = {b: sum(s["basis"] == b for s in found["A09"].statements) for b in ("absence", "recalled", "seen")}
    said = " ".join(page.split())
    assert f"of its 34 statements {rests['absence']} are searches without a find" in said
    assert f"on the {rests['seen']} texts that were read" in said
    assert f"A09 {rests['absence']} of 34" in said
    assert f"A06 {sum(s['rests_on'] == 'absence' for s in found['A06'].statements)} of 9" in said


def test_rows_that_nobody_looked_up_are_said_to_be_left_where_there_are_any(page, flagship):
    left = (flagship.responses["basis"] == "unsearched").sum()
    assert ("none is left in this case" in page) == (left == 0)


def test_verdicts_of_fits_stand_beside_what_they_were(page):
    if subprocess.run(["git", "cat-file", "-e", record_changes.SINCE], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("a copy without the history of the project")
    table = record_changes.verdicts(record_changes.SINCE)
    assert (
        "| A24 | supported, 1.6 (1.0 to 2.7), P is 1.00 | undecided, 1.8 (1.1 to 2.4), P is 1.00, contraction 0.09 |"
        in table
    )
    for one in ("A03", "A14", "A16", "A24", "A25", "A27"):
        (cells,) = re.findall(rf"^\| {one} \| (.*) \| (.*) \| (.*) \|$", table, re.MULTILINE)
        assert all(re.match(r"(supported|undecided|contradicted), ", cell) for cell in cells), one
        assert f"| {one} | {' | '.join(cells[:2])} |" in page


def test_how_the_fit_reads_two_coders_is_said_as_it_is_done(page, flagship):
    """Each coder's own band with half a weight; of what is settled in one row that row alone."""
    from buckpass.case.coded import counted

    rows = counted(flagship.responses).filter(crisis_id="osh_2010", actor="RUS")
    assert rows["weight"].to_list() == [0.5, 0.5]
    assert set(rows["coder"]) == {"first", "second"}
    once = counted(flagship.responses).filter(crisis_id="kgtj_2021", actor="CHN")
    assert once["weight"].to_list() == [1.0]
    said = " ".join(page.split())
    assert "each with its own band and the weight 1/n of n coders" in said
    assert "takes the lower median" not in said
