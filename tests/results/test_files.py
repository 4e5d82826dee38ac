"""Results are written whole or not at all, and their JSON is JSON."""

import ast
import errno
import json
import os
import resource
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import buckpass
from buckpass.results.errors import OutputExists, OutputFailed
from buckpass.results.files import json_text, made_folder, workshop, write_json, write_whole

SOURCE = Path(buckpass.__file__).parent


def test_bytes_are_written_whole_and_nothing_is_overwritten(tmp_path):
    path = write_whole(tmp_path / "out.html", b"first")
    with pytest.raises(OutputExists, match="--force"):
        write_whole(path, b"second", force=False)
    assert path.read_bytes() == b"first"
    write_whole(path, "zweitens: ä")
    assert path.read_bytes() == "zweitens: ä".encode()
    assert os.listdir(tmp_path) == ["out.html"]


def test_a_dangling_link_is_not_written_through(tmp_path):
    link = tmp_path / "out.html"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputExists):
        write_whole(link, b"x", force=False)
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_is_one_sentence_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "out.html", b"first")

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputFailed, match=r"out\.html could not be written \(No space left on device\)") as failed:
        write_whole(path, b"second")
    assert "\n" not in str(failed.value)
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["out.html"]


@pytest.mark.slow
def test_a_posterior_that_finds_no_room_is_one_sentence(tmp_path, toy):
    """The system lets nobody write more than 20 kB into a file, as a full disk would."""
    from buckpass.evidence.studies.prior_predictive import prior_draws
    from buckpass.fitting.files import save_posterior
    from buckpass.game.setting import setting_of

    one = prior_draws(toy, setting_of(toy), "all", 2000, 0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OutputFailed, match=r"FR\.nc could not be written"):
            save_posterior(one, tmp_path / "FR.nc")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []


def test_output_into_no_folder(tmp_path):
    with pytest.raises(OutputExists, match="not a folder"):
        write_whole(tmp_path / "nowhere" / "out.html", b"x")
    with pytest.raises(OutputExists, match="is a folder"):
        write_whole(tmp_path, b"x")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFailed, match="could not be made"):
        made_folder(tmp_path / "file" / "below")


def test_nothing_is_left_where_the_work_fails_or_its_run_was_killed(tmp_path):
    def half():
        with workshop(tmp_path) as folder:
            (folder / "half").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert os.listdir(tmp_path) == []
    killed = "import os; from pathlib import Path; from buckpass.results.files import workshop\nwith workshop(Path('.')): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", killed], cwd=tmp_path, check=False)
    (left,) = os.listdir(tmp_path)
    with workshop(tmp_path) as alive:
        write_whole(tmp_path / "out", b"x")
        assert sorted(os.listdir(tmp_path)) == sorted([alive.name, "out"])
        assert alive.name != left


def test_json_has_no_nan_whatever_holds_it(tmp_path):
    value = {
        "a": float("nan"), "b": [np.float32("inf"), np.float64("-inf")], "c": np.array([[1.0, np.nan]]), "d": (np.int64(3), np.bool_(True)),
        "e": pl.Series([1.0, None, float("nan")]).to_list(), "f": {"g": date(2024, 6, 20), "h": Path("x/y")}, 5: "key",
    }  # fmt: skip
    expected = {"a": None, "b": [None, None], "c": [[1.0, None]], "d": [3, True], "e": [1.0, None, None],
                "f": {"g": "2024-06-20", "h": "x/y"}, "5": "key"}  # fmt: skip
    assert json.loads(json_text(value), parse_constant=pytest.fail) == expected
    assert json.loads(write_json(tmp_path / "a.json", value).read_text("utf-8"), parse_constant=pytest.fail) == expected


def test_what_json_does_not_know_is_not_made_into_words():
    with pytest.raises(TypeError):
        json_text({"a": object()})


def _calls(name: str):
    """Every call of a function of this name in the package, with its file."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                yield path.relative_to(SOURCE).as_posix(), ast.unparse(node)


def test_every_file_is_put_in_place_by_one_function():
    """New folders of cases and drafts, and the store's own copy of an archive, are made aside and moved whole."""
    replaced = {file for file, text in _calls("replace") if text.startswith("os.replace")}
    assert replaced <= {"results/files.py", "case/start.py"}


def test_json_that_leaves_the_package_is_written_by_one_encoder():
    """What is hashed, quoted or put into an attribute of a file is no output."""
    inward = {"results/files.py", "fitting/stamp.py", "fitting/files.py", "app/links.py", "years/baseline.py", "sweeps/sweep.py",
              "page/model_figures.py", "page/drawing.py", "case/start.py", "case/fitted_content.py", "events/drafting/draft_case.py"}  # fmt: skip
    assert {file for file, text in _calls("dumps") if text.startswith("json.dumps")} <= inward


def test_the_lowest_room_imports_no_other():
    imports = {
        node.module.split(".")[1]
        for path in (SOURCE / "results").glob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("buckpass.")
    }  # fmt: skip
    assert imports == {"results"}
