"""What the verbs promise: JSON fields that others rely on, exit codes, no traceback, nothing heavy imported early."""

import json
import subprocess
import sys
from types import SimpleNamespace

import polars as pl
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from buckpass.case import load_case
from buckpass.case.start import TEMPLATE
from buckpass.cli.main import app
from buckpass.fitting.files import posterior_file
from buckpass.fitting.sampling import NutsSettings
from buckpass.model.mechanisms import combination, mechanisms, nested
from buckpass.results.table import ResultTable

RUN = CliRunner()
CASE = "central-asia"


def run(*arguments: str):
    return RUN.invoke(app, list(arguments))


def as_json(*arguments: str) -> dict:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_check_has_its_fields():
    found = as_json("check", CASE)
    assert found["ok"] is True
    assert {"file", "line", "field", "message", "hint"} <= set(found["problems"][0])


def test_claims_of_a_case_without_claims_are_one_sentence(tmp_path):
    assert run("new", str(tmp_path / "case")).exit_code == 0
    (tmp_path / "case" / "claims.toml").unlink()
    for more in ((), ("--long",)):
        assert (
            run("claims", str(tmp_path / "case"), *more).stdout
            == "The case makes no claims: its claims.toml has no [[claim]].\n"
        )
    assert as_json("claims", str(tmp_path / "case"))["claims"] == []


@pytest.mark.slow
def test_the_longer_form_of_a_verb_is_long_everywhere_and_the_old_word_of_compare_still_works(monkeypatch):
    shown = {name: {o for p in verb.params if not getattr(p, "hidden", False) for o in p.opts}
             for name, verb in get_command(app).commands.items()}  # fmt: skip
    assert {name for name, options in shown.items() if "--long" in options} == {"record", "claims", "compare"}
    assert not any(options & {"--full", "--verbose", "--details", "--everything"} for options in shown.values())
    one, more = (ResultTable(pl.DataFrame({"a": [1]}), title) for title in ("in short", "and more"))
    found = SimpleNamespace(tables=lambda: (one,), everything=lambda: (one, more))
    monkeypatch.setattr("buckpass.cli.compare_verb._ranking", lambda *_: found)
    short, long, old = (run("compare", CASE, *option).stdout for option in ((), ("--long",), ("--full",)))
    assert "and more" not in short
    assert "and more" in long
    assert long == old


@pytest.mark.slow
def test_record_has_its_fields():
    found = as_json("record", CASE)
    assert found["n_crises"] == 94
    assert {"crisis", "actor", "rung", "low", "high", "basis", "scope"} <= set(found["responses"][0])
    assert {"organisation", "eligible", "acts", "rate"} <= set(found["activity"][0])
    assert {"mean", "low", "high"} <= set(found["activity"][0]["rate"])
    assert {"a", "b", "p_less"} <= set(found["comparisons"][0])
    assert {"year", "power", "domain", "value"} <= set(found["shares"][0])
    assert {"year", "index"} <= set(found["division_of_labour"][0])


@pytest.mark.slow
def test_compare_has_its_fields_and_all_explanations():
    found = as_json("compare", CASE)
    assert {"id", "elpd", "se", "weight", "rhat_max", "ess_min", "divergences"} <= set(found["explanations"][0])
    fitted = {one["id"] for one in found["explanations"]} | set(found["failed"])
    assert {"base", "all", combination("argument", load_case(CASE)).id} <= fitted
    assert fitted <= {one.id for one in nested(load_case(CASE))}
    assert {one["id"] for one in found["mechanisms"]} == {m.id for m in mechanisms()}
    told = {one["id"] for one in found["mechanisms"] if one["alone"] is not None}
    assert told == {m.id for m in mechanisms()} & fitted - set(found["failed"])  # what was not fitted has no number
    assert sum(e["weight"] for e in found["explanations"]) == pytest.approx(1, abs=1e-6)
    assert all(len(pair) == 2 for pair in found["indistinguishable"])


def test_solve_has_its_fields():
    found = as_json("solve", CASE, "kz_jan_2022", "--draws", "20")
    assert {"crisis", "powers", "p_stabilised", "solver"} <= set(found)
    power = found["powers"][0]
    assert {"id", "response", "expected_rung", "residual", "alone", "buck_passed"} <= set(power)
    assert len(power["response"]) == 7
    assert sum(power["response"]) == pytest.approx(1, abs=1e-6)
    assert found["solver"]["residual"] <= 1e-10


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("check", "no-such-case"), 1, "no-such-case"),
        (("solve", CASE, "kz_jan_2023"), 2, "kz_jan_2022"),
        (("whatif", CASE, "kz_jan_2022", "--set", "CHN.capacty=2x"), 2, "capacity"),
        (("whatif", CASE, "kz_jan_2022", "--set", "CHN.force=9"), 2, "force"),
        (("fit", CASE, "-o", "x", "--explanation", "XX"), 2, "FR"),
        (("schema", "nothing.csv"), 2, "crises.csv"),
    ],
)
def test_a_wrong_call_gets_a_message_and_no_traceback(arguments, code, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == code
    assert words in result.output + (result.stderr or "")
    assert "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("asked", [(), ("--explanation", "argument")])
def test_a_fit_of_the_argument_that_is_there_is_not_written_over_unasked(asked, tmp_path):
    there = tmp_path / posterior_file(combination("argument", load_case(CASE)).id)
    there.write_bytes(b"mine")
    result = run("fit", CASE, "-o", str(tmp_path), *asked)
    assert result.exit_code == 2
    assert there.name in result.output
    assert there.read_bytes() == b"mine"


def test_the_help_of_fit_has_the_defaults_of_the_sampler():
    said, usual = {p.name: p.help for p in get_command(app).commands["fit"].params}, NutsSettings()
    assert f"each of {usual.chains} chains (default {usual.warmup})" in said["warmup"]
    assert f"(default {usual.draws})" in said["draws"]
    assert f"(default {usual.target_accept})" in said["target"]


def test_help_imports_nothing_heavy():
    heavy = ("jax", "numpyro", "altair", "duckdb", "streamlit", "distributed", "arviz", "xarray")
    script = f"import sys, buckpass, buckpass.cli.main; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_check_of_the_starter_loads_neither_numpy_nor_what_stands_on_it():
    script = (
        f"import sys; from buckpass.case import check_case; assert check_case({str(TEMPLATE)!r}).ok; "
        "print([m for m in ('numpy', 'jax', 'scipy', 'xarray') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_report_is_not_overwritten_unasked(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("mine")
    result = run("report", CASE, "-o", str(page))
    assert result.exit_code == 2
    assert page.read_text() == "mine"
