"""The questions of `compare`: one at a time, refused in words, readings that nobody made named."""

import pytest
from typer.testing import CliRunner

from buckpass.case.start import TEMPLATE
from buckpass.cli.main import app

CASE = str(TEMPLATE)


def run(*arguments: str):
    return CliRunner().invoke(app, ["compare", CASE, *arguments])


def test_two_questions_at_once_are_refused():
    found = run("--next", "3", "--forecast")
    assert found.exit_code == 2
    assert "--next and --forecast" in found.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--basis", "heard"), "all or seen"),
        (("--basis", "seen", "--doubt", "1"), "seen only and doubt +1 at once"),
        (("--next", "3", "--pair", "FR"), "two explanations joined by a comma"),
        (("--power",), "no power study ships"),
        (("--forecast",), "no posteriors"),
    ],
)
def test_what_cannot_be_answered_says_why_without_a_traceback(arguments, words):
    found = run(*arguments)
    assert found.exit_code == 2
    assert words in found.output
