"""Arguments that verbs have in common."""

from __future__ import annotations

from typing import Annotated

import typer

from buckpass.cli.completion import case_words

__all__ = ["AsJson", "CaseRef", "Seed"]

CaseRef = Annotated[
    str, typer.Argument(metavar="CASE", help="A bundled case by name, or a folder.", autocompletion=case_words)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Seed = Annotated[
    int, typer.Option(min=0, max=2**63 - 1, help="Seed of everything drawn by chance: same seed, same bytes.")
]
