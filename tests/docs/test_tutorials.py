"""The tutorials do what they say: their commands are run and their blocks written in order, and what they print is what is shown."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from buckpass.case import diff_cases, load_case
from buckpass.case.checking.remaining import remaining
from buckpass.case.coding_sheet import load_sheet
from buckpass.cli.main import app

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r'^```(\w+)(?: title="([^"\n]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
OWN, FIRST = "tutorial-own-case.md", "tutorial.md"
HEAD = re.compile(r"^\[\[?[^\]\n]+\]\]?$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its title, its text."""

    kind: str
    title: str
    text: str

    @property
    def takes_long(self) -> bool:
        """Whether it fits, or needs what was fitted."""
        return self.kind == "sh" and self.title != ""

    @property
    def commands(self) -> list[str]:
        return [line for line in self.text.splitlines() if line] if self.kind == "sh" else []


def blocks(page: str) -> list[Block]:
    text = (ROOT / "docs" / page).read_text("utf-8")
    found = [Block(*of) for of in BLOCK.findall(text)]
    assert len(found) * 2 == len(re.findall(r"^```", text, re.MULTILINE)), "a fence that is no block of this form"
    return found


def run(command: str) -> str:
    """What a command prints; a case with errors makes `check` end with 1, anything else with 0."""
    name, *words = shlex.split(command)
    if name == "cp":
        shutil.copy(*words)
        return ""
    assert name == "buckpass", command
    done = CliRunner().invoke(app, words)
    assert done.exit_code in ((0, 1) if words[0] == "check" else (0,)), f"{command}\n{done.output}"
    return done.stdout


def plain(text: str) -> str:
    """Text without its line breaks and columns, which hang on the width of the terminal."""
    return " ".join(text.split())


def tables(text: str) -> list[str]:
    """A TOML text cut before each head: first what stands before all of them."""
    starts = [0, *(m.start() for m in HEAD.finditer(text))]
    return [text[a:b].strip("\n") for a, b in zip(starts, [*starts[1:], None], strict=True)]


def identity(table: str) -> tuple[str, str]:
    """The head of a table and, of one in a list, its id."""
    of = re.search(r'^id = "(\w+)"$', table, re.MULTILINE)
    head = table.splitlines()[0]
    return head, of[1] if of and head.startswith("[[") else ""


def put(text: str, block: str) -> str:
    """A TOML text with the tables of a block in place of those with the same head and id, or at its end; keys likewise."""
    (first, *old), (keys, *new) = tables(text), tables(block)
    for line in keys.splitlines():
        key = line.split(" = ")[0]
        first, times = re.subn(rf"^{key} = .*$", lambda _, line=line: line, first, flags=re.MULTILINE)
        assert times == 1, line
    places = {identity(table): n for n, table in enumerate(old)}
    for table in new:
        head, of = identity(table)
        if (head, of) in places and (of or not head.startswith("[[")):
            old[places[head, of]] = table
        else:
            old.append(table)
    tomllib.loads(done := "\n\n".join([first, *old]) + "\n")
    return done


def write(block: Block) -> None:
    """A block whose title is a file goes into it; of one that shows a part of a file, the finished case has every line."""
    file, _, part = block.title.partition(", ")
    if part in ("a line more", "lines more"):
        with open(file, "a", encoding="utf-8") as stream:
            stream.write(block.text)
    elif part:
        shown = [block.text.strip()] if block.kind in ("toml", "bib") else block.text.splitlines()
        finished = (Path("examples") / file).read_text("utf-8")
        assert all(one in finished for one in shown), [one for one in shown if one not in finished]
    else:
        Path(file).write_text(put(Path(file).read_text("utf-8"), block.text), "utf-8")


def walk(page: str, fast: bool, slow: bool) -> Iterator[Block]:
    """Run a page's commands and write its files, block by block; every line of a text stands in what was printed before it.

    fast, slow : whether to run what needs no fit, and what does.
    """
    printed: str | None = None
    for block in blocks(page):
        if block.kind == "sh":
            printed = None
            if slow if block.takes_long else fast:
                printed = "\n".join(run(command) for command in block.commands)
        elif block.kind == "text" and printed is not None and fast:
            for line in block.text.splitlines():
                assert plain(line) in plain(printed), f"{line}\n--- is not in\n{printed}"
        elif block.title and fast:
            write(block)
        yield block


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An empty folder to walk a page in, with the examples of the sources."""
    shutil.copytree(ROOT / "examples" / "sahel", tmp_path / "examples" / "sahel")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def test_an_order_of_ones_own_from_names_to_a_checked_case(checkout):
    list(walk(OWN, fast=True, slow=False))
    made, finished = load_case("sahel"), load_case("examples/sahel")
    assert diff_cases(made, finished).is_same
    assert made.record_hash == finished.record_hash
    assert not [problem for problem in remaining(made) if "to be set" in problem.message]


SLIPS = (("mycase/crises.csv", ",valey,", ",valley,"), ("mycase/responses.csv", ",sen,", ",seen,"))


def test_the_first_tutorial_up_to_its_fits(checkout):
    for block in walk(FIRST, fast=True, slow=False):
        if "not ok, 2 errors" in block.text:  # the reader corrects the two words
            for file, slip, word in SLIPS:
                text = Path(file).read_text("utf-8")
                assert text.count(slip) == 1
                Path(file).write_text(text.replace(slip, word), "utf-8")
    assert load_case("mycase").crises.height == 4


def test_a_cell_of_the_case_is_saved_from_the_form(checkout):
    """The step in the dashboard's Code: what nobody had looked for is filled in, and the rest of the table stays."""
    sheet = load_sheet(Path("examples/sahel"))
    cells = {"crisis_id": "tinzaouaten_2024", "actor": "FRA", "coder": "", "rung": "0", "rung_low": "0", "rung_high": "1",
             "stance": "none", "scope": "none", "basis": "absence", "confidence": "low", "source_id": "searched2026"}  # fmt: skip
    saved = sheet.save(cells)
    assert saved.cell("tinzaouaten_2024", "FRA", "")["rung"] == "0"
    assert [row for row in saved.rows if row not in sheet.rows] == [saved.cell("tinzaouaten_2024", "FRA", "")]
    assert len(saved.rows) == len(sheet.rows)
    assert run("buckpass check examples/sahel").rstrip().endswith("ok, 0 errors, 1 warning")


def test_the_finished_case_has_what_the_tutorial_promises():
    case = load_case(ROOT / "examples" / "sahel")
    assert case.crises.height == 12
    assert any(a.from_ for a in case.settings.alignments)
    assert case.closed_to("FRA", ("MLI",), case.crisis("tinzaouaten_2024")["start"])
    assert "against" in set(case.responses["direction"])
    assert {a.kind for a in case.settings.actors} == {"company"}
    assert any(claim.estimand and claim.estimand.model_dump().get("where") for claim in case.claims)
    assert case.responses.filter(case.responses["basis"] == "seen")["source_id"].list.len().min() > 0


def test_both_tutorials_name_every_verb_that_takes_a_case():
    named = {
        shlex.split(c)[1] for page in (OWN, FIRST) for block in blocks(page) for c in block.commands if c[0] == "b"
    }
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert verbs - named <= {"schema", "migrate", "sweep", "worldwide", "help"}


DESIGN = """
method = "morris"
samples = 2
years = 3
histories = 64
[[outcome]]
measure = "burden"
power = "FRA"
year = 2026
"""
PATIENCE = 240.0  # seconds that a server on a busy machine may take to answer


def served(case: str) -> str:
    """The page that `serve` gives on this machine, ended by the signal of a shell's `kill`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = "from buckpass.cli.main import main; main()"
    server = subprocess.Popen([sys.executable, "-c", script, "serve", case, "--port", str(port)])
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
                    return page.read().decode()
            except OSError:
                assert server.poll() is None, "it ended by itself"
                assert time.monotonic() < deadline
                time.sleep(0.2)
    finally:
        server.terminate()
        assert server.wait(30) == 128 + signal.SIGTERM


@pytest.mark.slow
def test_the_case_runs_through_every_verb(checkout):
    shutil.copytree("examples/sahel", "sahel")
    Path("design.toml").write_text(DESIGN, "utf-8")
    assert sum(block.takes_long for block in walk(OWN, fast=False, slow=True)) == 3
    for command in ("diff sahel examples/sahel", "schema crises.csv", "migrate sahel --to short", "worldwide sahel",
                    "sweep sahel design.toml -o swept"):  # fmt: skip
        run(f"buckpass {command}")
    assert "<title>" in served("sahel")
    assert load_case("short").record_hash == load_case("sahel").record_hash
    assert Path("sahel.html").stat().st_size > 100_000
