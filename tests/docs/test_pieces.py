"""What the pages take from measured files: nothing of another record or model than the one installed."""

import json
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs/_build"


@pytest.fixture
def hooks(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(DOCS))
    import hooks

    monkeypatch.setattr(hooks, "ROOT", tmp_path)
    yield hooks
    for name in [n for n, m in sys.modules.items() if str(DOCS) in str(getattr(m, "__file__", ""))]:
        del sys.modules[name]


def kept(folder, content):
    (folder / "found.json").write_text(json.dumps(content))
    return "found.json"


def test_a_file_of_another_record_is_none(hooks, tmp_path):
    case = hooks.load_case("central-asia")
    found = {"case": case.id, "record_hash": case.record_hash}
    assert hooks.read(kept(tmp_path, found)) == found
    assert hooks.read(kept(tmp_path, found | {"record_hash": "0" * 64})) is None
    assert hooks.read("nowhere.json") is None


def test_calibration_of_another_model_is_not_shown(hooks):
    one = {
        "replications": 10,
        "parameters": 3,
        "coverage": 0.9,
        "coverage_error": 0.01,
        "p_least": 0.5,
        "worst": "kappa[0]",
    }
    measured = hooks.measured
    model = measured.stamp_hash(measured.model_stamp("FR"))[:16]
    content = {"found": {"FR": one, "BL": one}, "model": {"FR": model, "BL": model}, "crises": 12, "case": "central-asia",
               "machine": {"cores": 2, "date": "2026-11-30"}}  # fmt: skip
    shown = measured.calibration(content)
    assert "| FR |" in shown
    assert "| BL |" not in shown


def test_where_one_fit_alone_was_scored_nothing_leads(hooks):
    def row(reading, fit, rank, difference):
        return {
            "reading": reading,
            "id": fit,
            "rank": rank,
            "difference": difference,
            "se_difference": 1.0,
            "n": 5,
            "doubtful": 0,
        }

    rows = [row("as coded", "FR", 1, 0.0), row("as coded", "base", 2, -9.0), row("seen only", "base", 1, 0.0)]
    said = hooks.comparison.readings({"compare": {"readings": rows}})
    assert "FR leads under every reading." in said
    assert "Nothing is ranked where one fit alone was scored: seen only." in said
    assert "| seen only | 5 | – |" in said
