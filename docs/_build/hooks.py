"""What the documentation takes from the code and from measured files when it is built.

A page asks for a piece with `{{ name }}` on a line of its own; an unknown name stops the build.
"""

from __future__ import annotations

import html
import json
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

import answers
import comparison
import decades
import published
import reference

import measured
from buckpass.case import load_case

ROOT = Path(__file__).parents[2]
NO_ANSWERS = (
    '!!! note "The answers are not shown"\n    Those that were kept belong to another version of the cases or their posteriors. '
    "`make answers` runs every command again.\n"
)
MOST_LINES = 24  # of an answer that stands open
PLACE = re.compile(r"^\{\{ (\w+) \}\}$", re.MULTILINE)


def on_config(config: Any) -> Any:
    """Pages that come with a part of the program stand in the navigation when they are there."""
    method = next(section["Method"] for section in config["nav"] if "Method" in section)
    for title, address in {"Decades ahead": "decades-ahead.md"}.items():
        if (ROOT / "docs" / address).exists() and {title: address} not in method:
            method.append({title: address})
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the reference pages."""
    for address, text in reference.pages().items():
        files.append(File.generated(config, address, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Put the pieces in their places, and under each question what its commands print."""
    if page.file.src_uri == answers.PAGE.name:
        markdown = with_answers(markdown)
    return PLACE.sub(lambda found: piece(found[1], page.file.src_uri), markdown)


def with_answers(markdown: str) -> str:
    """The page with each command's kept output under its block; answers of another case or fit are not shown."""
    kept = read("docs/answers.json")
    if kept is None or kept["stamp"] != answers.stamp():
        return markdown.replace("\n## ", f"\n{NO_ANSWERS}\n## ", 1)
    return answers.BLOCK.sub(
        lambda block: block[0] + "\n\n" + shown(answers.commands(block[0]), kept["answers"]), markdown
    )


def shown(commands: list[str], kept: dict[str, Any]) -> str:
    """The outputs as text: the first lines in sight, the rest to be opened."""
    parts = []
    for command in filter(answers.is_run, commands):
        if missing := answers.not_there(command):
            parts.append(f"*Not available yet: this version has {missing}.*\n")
            continue
        if command not in kept:
            parts.append(f"*Not answered yet: `make answers` runs {html.escape(command)}.*\n")
            continue
        lines = kept[command]["output"].splitlines()
        words = command if len(commands) > 1 else "It prints"
        text = html.escape("\n".join(lines))
        opened = " open" if len(lines) <= MOST_LINES else ""
        parts.append(
            f"<details{opened}><summary>{html.escape(words)}</summary>\n<pre><code>{text}</code></pre></details>\n"
        )
    return "\n".join(parts)


def piece(name: str, page: str) -> str:
    pieces = {
        "sentences": lambda: measured.sentences(read("docs/headline.json"), (ROOT / "docs" / "finding.svg").exists()),
        "compare": lambda: measured.compare(read("docs/headline.json")),
        "claims": lambda: measured.claims(read("docs/headline.json")),
        "calibration": lambda: measured.calibration(read("benchmarks/calibration.json")),
        "published": lambda: published.shown(read("docs/published.json")),
        "benchmarks": lambda: measured.benchmarks(read("benchmarks/results.json")),
        "decades_steps": decades.steps,
        "decades_scenarios": lambda: decades.scenarios(read("docs/decades.json")),
        "decades_foresight": lambda: decades.foresight(read("docs/decades.json")),
        "decades_backtest": lambda: decades.backtest(read("docs/decades.json")),
        "decades_agreement": lambda: decades.agreement(read("docs/decades.json")),
        "decades_sweep": lambda: decades.sweep(read("docs/decades.json")),
        "decades_sobol": lambda: decades.sobol(read("docs/decades.json")),
        **comparison.pieces(read("docs/comparison.json"), (read("docs/headline.json") or {}).get("claims", [])),
    }
    if name not in pieces:
        raise PluginError(f"{page}: no piece is called {name!r}; there are {', '.join(pieces)}")
    return pieces[name]()


def read(path: str) -> dict[str, Any] | None:
    """A measured file; None where it has not been written, or says that it is of another record than its case has now."""
    file = ROOT / path
    found = json.loads(file.read_text("utf-8")) if file.exists() else None
    is_past = (
        found is not None and "record_hash" in found and found["record_hash"] != load_case(found["case"]).record_hash
    )
    return None if is_past else found
