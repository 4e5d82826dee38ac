"""Verbs about what people look at: report, serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from buckpass.cli.case_verbs import CaseRef
from buckpass.cli.fit_verbs import Posteriors
from buckpass.cli.printing import errors_as_messages, tell

__all__ = ["VERBS"]


def report(
    case: CaseRef,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.html", help="The page to write.")],
    posteriors: Posteriors = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
) -> None:
    """All of it as one self-contained page."""
    with errors_as_messages():
        from buckpass.case import load_case
        from buckpass.case.files import refuse_existing
        from buckpass.fit.fitting import posteriors_or_none
        from buckpass.report import write_page

        refuse_existing(output, force)
        loaded = load_case(case)
        written = write_page(loaded, posteriors_or_none(loaded, posteriors), output, force=force)
        tell(f"{written}")


VERBS = {"report": report}
