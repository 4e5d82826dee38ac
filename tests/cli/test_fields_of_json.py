"""Fields that a verb's JSON had once stay: each verb of the flagship has all that the build of 27 November 2026 printed.

`fields.json` holds them by verb, as paths; [] is each entry of a list, * a key that is no word (a power, a claim, a year). Fields
of an estimand that a claim no longer has are not among them (CHANGELOG).
"""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from buckpass.cli.kept import OFF
from buckpass.cli.main import app

CASE, CRISIS = "central-asia", "kz_jan_2022"
CALLS = {
    "check": (), "record": (), "compare": (), "claims": (), "agreement": (), "solve": (CRISIS,), "explain": (CRISIS,),
    "whatif": (CRISIS, "--set", "CHN.force=4"), "tip": (CRISIS, "--over", "severity", "--crosses", "p_deploy:RUS>0.5"),
    "futures": ("--histories", "50", "--years", "5"),
}  # fmt: skip
ONCE = json.loads(Path(__file__).with_name("fields.json").read_text())


def paths(said, at=""):
    """Every path to a field within a JSON value."""
    inner = said.items() if isinstance(said, dict) else (("[]", one) for one in said) if isinstance(said, list) else ()
    for key, value in inner:
        named = key if key == "[]" or (key.isidentifier() and key.islower()) else "*"
        yield from paths(value, f"{at}[]" if key == "[]" else f"{at}.{named}".lstrip("."))
    yield at


@pytest.mark.slow
@pytest.mark.parametrize("verb", CALLS)
def test_no_field_of_a_verb_is_gone(verb, monkeypatch, tmp_path):
    monkeypatch.setenv(OFF, "1")  # claims as they come with the case have the fields of those worked out
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said = CliRunner().invoke(app, [verb, CASE, *CALLS[verb], "--json"])
    assert said.exit_code == 0, said.output
    assert set(ONCE[verb]) - set(paths(json.loads(said.stdout))) == set()
