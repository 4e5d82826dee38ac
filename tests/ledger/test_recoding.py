"""What a recoding changes in ranking and verdicts, and what is said where it cannot be known."""

import shutil
from pathlib import Path

import pytest

from buckpass.case import Case, load_case
from buckpass.case.start import TEMPLATE
from buckpass.ledger.recoding import fitted_changes


def recoded(folder: Path) -> Case:
    """The starter case in which the statement of 2016 was a deployment."""
    shutil.copytree(TEMPLATE, folder)
    path = folder / "responses.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("dalen_2016,BBB,state,1,1,2", "dalen_2016,BBB,state,6,6,6"), encoding="utf-8")
    return load_case(folder)


def test_without_posteriors_only_claims_about_the_record_are_compared(tmp_path, toy):
    found = fitted_changes(toy, recoded(tmp_path / "other"))
    assert len(found.missing) == 2
    assert all("fit it first with `buckpass fit" in reason for reason in found.missing)
    assert len(found.ranking) == 0
    assert found.n_claims == 1
    (row,) = found.verdicts.rows()
    assert (row["id"], row["before"], row["after"]) == ("C1", "supported", "partly")
    assert row["change"] == pytest.approx(-1 / 3)


def test_the_same_coding_changes_nothing(toy):
    found = fitted_changes(toy, toy)
    assert len(found.verdicts) == 0


@pytest.mark.slow
def test_a_reworded_case_keeps_its_ranking_and_its_verdicts(tmp_path, flagship):
    folder = shutil.copytree(flagship.folder, tmp_path / "reworded")
    path = folder / "claims.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(flagship.claims[0].short, "another short name", 1), encoding="utf-8")
    found = fitted_changes(flagship, load_case(folder))
    assert found.missing == ()
    assert len(found.ranking) > 2
    for row in found.ranking.rows():
        assert row["rank_before"] == row["rank_after"]
        assert row["difference_before"] == row["difference_after"]
    assert len(found.verdicts) == 0
    assert found.n_claims == len(flagship.claims)
