"""The twenty questions of the documentation: every command runs on the bundled cases, and its kept answer is of these cases."""

import re
import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from buckpass.cli.main import app

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS / "_build"))

import answers  # noqa: E402

TEXT = answers.PAGE.read_text("utf-8")
COMMANDS = [c for c in answers.commands(TEXT) if answers.is_run(c)]


def test_all_twenty_questions_are_there_and_have_a_command():
    parts = re.split(r"^### (\d+)\. ", TEXT, flags=re.MULTILINE)
    asked = dict(zip(map(int, parts[1::2]), parts[2::2], strict=True))
    assert sorted(asked) == list(range(1, 21))
    assert all(answers.commands(text) for text in asked.values())


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_of_an_answer_runs(command, monkeypatch):
    if missing := answers.not_there(command):
        pytest.skip(f"this version has {missing}")
    monkeypatch.setenv("COLUMNS", "80")
    found = CliRunner().invoke(app, shlex.split(command)[1:])
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert lines
    assert max(map(len, lines)) <= 80
