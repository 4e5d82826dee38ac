"""What cannot be written is refused before it is computed, in words; what is written needs no network."""

import re
import time

import pytest
from typer.testing import CliRunner

from buckpass.cli.main import app

RUN = CliRunner()
WRITERS = (
    ["report", "central-asia", "-o"], ["replicate", "central-asia", "-o"], ["agreement", "central-asia", "--figure"],
    ["futures", "central-asia", "--figure"], ["compare", "central-asia", "--figure"], ["compare", "central-asia", "--priors", "--figure"],
    ["solve", "central-asia", "kz_jan_2022", "--figure"], ["explain", "central-asia", "kz_jan_2022", "--figure"],
)  # fmt: skip


@pytest.mark.parametrize("place", ["out.doc", "out", "nowhere/out.{ending}", "folder.{ending}"])
@pytest.mark.parametrize("call", WRITERS, ids=" ".join)
def test_what_cannot_be_written_is_refused_before_it_is_computed(call, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ending = {"report": "html", "replicate": "zip"}.get(call[0], "svg")
    place = place.format(ending=ending)
    if place.startswith("folder"):
        (tmp_path / place).mkdir()
    before, begun = sorted(tmp_path.iterdir()), time.process_time()
    done = RUN.invoke(app, [*call, place])
    assert done.exit_code == 2
    assert time.process_time() - begun < 2  # nothing was loaded or solved
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "call", [WRITERS[2], [*WRITERS[3][:2], "--histories", "200", "--years", "3", "--figure"], WRITERS[6]]
)
@pytest.mark.parametrize("ending", ["html", "svg", "png", "pdf", "json"])
def test_a_figure_is_there_whole_and_loads_nothing(call, ending, tmp_path):
    file = tmp_path / f"figure.{ending}"
    done = RUN.invoke(app, [*call, str(file)])
    assert done.exit_code == 0, done.output
    content = file.read_bytes()
    assert len(content) > 1_000
    assert not re.search(rb"<(script|link|img)[^>]+(src|href)=[\"']?(https?:)?//", content)
    assert [p.name for p in tmp_path.iterdir()] == [file.name]
