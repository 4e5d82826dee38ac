"""An empty word, as where a variable of the shell is not set, is no value: read as a path it would be the folder one stands in."""

import os

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from buckpass.cli.main import app


def commands():
    for group in (app, *(one.typer_instance for one in app.registered_groups)):
        name = () if group is app else (group.info.name,)
        for verb, command in get_command(group).commands.items():
            if not hasattr(command, "commands"):
                yield (*name, verb), command.params


def value_of(parameter) -> str:
    return "1" if parameter.type_descriptor.annotation is int else "x"


def calls():
    """Every option and argument of every verb, empty; what the verb needs besides is given."""
    for verb, parameters in commands():
        for empty in parameters:
            if getattr(empty, "is_flag", False) or empty.name == "help":
                continue
            words = []
            for one in parameters:
                if not (one is empty or one.required):
                    continue
                option = one.opts[-1] if one.opts[0].startswith("-") else None
                words += [option] * (option is not None) + ["" if one is empty else value_of(one)]
            yield pytest.param((*verb, *words), id=f"{' '.join(verb)} {empty.opts[-1]}")


@pytest.mark.parametrize("call", list(calls()))
def test_an_empty_word_is_refused_by_every_verb_in_one_sentence(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner(env={"COLUMNS": "300"}).invoke(app, list(call))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "a variable of the shell that is not set?" in done.stderr
    assert os.listdir() == []


def test_also_behind_an_equals_sign():
    done = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["compare", "central-asia", "--posteriors="])
    assert done.exit_code == 2
    assert "'--posteriors': an empty word is no value" in done.stderr


def test_the_folder_one_stands_in_can_be_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["compare", "central-asia", "--posteriors", "."])
    assert "no posteriors of central-asia in ." in done.stderr
