"""The page "What the record can say" is made of what compare and the power study answer, whatever it is."""

import sys
from pathlib import Path

import pytest

from buckpass.evidence.baselines import BASELINES
from buckpass.evidence.comparing import compare
from buckpass.evidence.gathered import BaselineScore, Gathered
from buckpass.evidence.rankings import AS_CODED, scores_under
from buckpass.evidence.studies.power_study import PowerStudy
from buckpass.model.mechanisms import mechanisms
from made_posteriors import GOOD, nested_fits


@pytest.fixture(scope="module")
def comparison():
    """The module of the documents that lays the answers out."""
    folder = str(Path(__file__).parents[2] / "docs/_build")
    sys.path.insert(0, folder)
    try:
        import comparison
    finally:
        sys.path.remove(folder)
    return comparison


@pytest.fixture(scope="module")
def content(toy):
    fits = nested_fits(toy, {"BL": 3.0}, failed=("all-EX",))
    scores = scores_under(fits["base"], AS_CODED)
    kept = Gathered({b.id: BaselineScore(b.id, b.name, b.says, scores, GOOD) for b in BASELINES})
    rows = [{"times": 1, "value": v, "replication": k, "mean": v, "sd": 0.2, "low": 0.0, "high": 1.0, "reasons": []}
            for v in (0.0, 0.6) for k in (0, 1)]  # fmt: skip
    study = PowerStudy(toy.id, toy.record_hash, "all", "model", "kappa", 4, 0, tuple(rows))
    return {"compare": compare(toy, fits, kept=kept).as_dict(), "power": study.as_dict()}


def test_every_mechanism_and_every_baseline_has_its_line(comparison, content):
    nested, baselines = comparison.nested(content), comparison.baselines(content)
    for one in mechanisms():
        (line,) = [row for row in nested.splitlines() if row.startswith(f"| {one.id} |")]
        assert one.name in line
        assert ("–" in line) == (one.id == "EX")
    assert content["compare"]["headline"] in nested
    assert all(b.name in baselines for b in BASELINES)


def test_the_power_study_says_how_many_crises_it_takes(comparison, content):
    assert "needs 4 crises like these" in comparison.power(content)
    assert "not there" in comparison.power({"power": None})
