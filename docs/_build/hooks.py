"""What the documentation takes from the code and from measured files when it is built.

A page asks for a piece with `{{ name words }}` on a line of its own; an unknown name stops the build.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

import measured
import reference

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"^\{\{ (\w+)((?: \S+)*) \}\}$", re.MULTILINE)


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
    """Put the pieces in their places."""
    return PLACE.sub(lambda found: piece(found[1], found[2].split(), page.file.src_uri), markdown)


def piece(name: str, words: list[str], page: str) -> str:
    pieces = {
        "available": lambda: available(words),
        "sentences": lambda: measured.sentences(read("docs/headline.json"), (ROOT / "docs" / "finding.svg").exists()),
        "compare": lambda: measured.compare(read("docs/headline.json")),
        "claims": lambda: measured.claims(read("docs/headline.json")),
        "benchmarks": lambda: measured.benchmarks(read("benchmarks/results.json")),
    }
    if name not in pieces:
        raise PluginError(f"{page}: no piece is called {name!r}; there are {', '.join(pieces)}")
    return pieces[name]()


def read(path: str) -> dict[str, Any] | None:
    """A measured file, or None where it has not been written."""
    file = ROOT / path
    return json.loads(file.read_text("utf-8")) if file.exists() else None


def available(words: list[str]) -> str:
    """Whether this version has the verb and the options that an answer uses."""
    verbs = reference.command_tree()
    options = [w for w in words if w.startswith("-")]
    verb = " ".join(w for w in words if not w.startswith("-"))
    if verb not in verbs:
        return f"*Not available yet: this version has no verb `{verb}`.*"
    known = {o for p in verbs[verb].params for o in p.opts}
    missing = [o for o in options if o not in known]
    if missing:
        return f"*Not available yet: `{verb}` of this version has no {' and no '.join(f'`{o}`' for o in missing)}.*"
    return f"*Available in this version: [`{verb}`](reference/commands.md#{verb.replace(' ', '-')}).*"
