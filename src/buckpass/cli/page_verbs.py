"""Verbs about what people look at and keep: report, serve, replicate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from buckpass.cli.arguments import AsJson, CaseRef, Seed
from buckpass.cli.fit_verbs import Posteriors
from buckpass.cli.outputs import Archive, Page
from buckpass.cli.printing import CALLED_WRONG, SAYS_NO, answer, errors_as_messages, steps, tell

__all__ = ["VERBS"]

# What part of a page's time each step takes, for the bar that says how much is left.
REPORT_SHARES = {"reading": 1.0, "measuring": 2.0, "model": 5.0, "years ahead": 4.0, "claims": 10.0, "drawing": 2.0}
Force = Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")]


def report(
    case: CaseRef,
    output: Page,
    posteriors: Posteriors = None,
    force: Force = False,
) -> None:
    """All of it as one self-contained page."""
    with errors_as_messages():
        from buckpass.cli.kept import kept_answer
        from buckpass.results.files import refuse_existing, write_whole

        refuse_existing(output, force)
        page = kept_answer("report", case, posteriors, lambda: _page(case, posteriors))
        tell(f"{write_whole(output, page, force=force)}")


def _page(ref: str, posteriors: Path | None) -> str:
    from buckpass.bargain import Agreement, agreement
    from buckpass.case import load_case
    from buckpass.cli.kept import kept_agreement, kept_ledger
    from buckpass.evidence.gathered import gathered
    from buckpass.fitting.files import posteriors_or_none
    from buckpass.ledger import Judged, judged
    from buckpass.page.page import page_text

    def judge(*given: Any, seed: int, **named: Any) -> Judged:
        return kept_ledger(ref, posteriors, seed, lambda: judged(*given, seed=seed, **named))

    def agree(*given: Any) -> Agreement:
        return kept_agreement(ref, posteriors, 0, lambda: agreement(*given))

    with steps(REPORT_SHARES) as begin:
        begin("reading")
        case = load_case(ref)
        fits = posteriors_or_none(case, posteriors)
        kept = gathered(case, fits, posteriors) if fits and posteriors else None
        return page_text(case, fits, begin, kept, judge, agree)


def serve(
    case: CaseRef,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port.")] = 8501,
    address: Annotated[
        str, typer.Option(help="Address to listen on; the default is this machine alone.")
    ] = "127.0.0.1",
    posteriors: Posteriors = None,
) -> None:
    """The dashboard, on this machine alone unless told otherwise."""
    with errors_as_messages():
        from buckpass.app.serve import serve as serve_case

        code = serve_case(case, port, address, posteriors)
    raise typer.Exit(code)


def replicate(
    case: Annotated[str | None, typer.Argument(metavar="CASE", help="A bundled case by name, or a folder.")] = None,
    output: Archive = None,
    verify: Annotated[Path | None, typer.Option(metavar="FILE.zip", help="Run an archive again and compare.")] = None,
    seed: Seed = 0,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """An archive that a referee can run again: case, posteriors, seed, versions, results, checksums."""
    if (verify is None) == (case is None or output is None):
        typer.echo("either CASE -o FILE.zip writes an archive, or --verify FILE.zip runs one again", err=True)
        raise typer.Exit(CALLED_WRONG)
    with errors_as_messages():
        from buckpass.case import load_case
        from buckpass.page.replication import verify_archive, write_archive

        if verify is None:
            tell(str(write_archive(load_case(str(case)), Path(str(output)), seed=seed, force=force)))
            return
        found = verify_archive(verify)
        if as_json:
            answer(found.as_dict())
        else:
            for one in found.differences[:20]:
                tell(f"{one.place}: archive {one.archived}, here {one.computed}")
            for name, (then, here) in found.versions.items():
                tell(f"{name}: archive {then}, here {here}")
            for name in found.not_checked:
                tell(f"{name}: nothing here computes it again, so it was not checked")
            tell(f"{found.compared} values compared, {len(found.differences)} differ")
    if not found.ok:
        raise typer.Exit(SAYS_NO)


VERBS = {"report": report, "serve": serve, "replicate": replicate}
