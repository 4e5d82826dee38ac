"""Verbs about many years: agreement, futures, sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buckpass.cli.arguments import AsJson, CaseRef, Seed
from buckpass.cli.fit_verbs import Posteriors
from buckpass.cli.outputs import FigureFile, write_figure
from buckpass.cli.printing import answer, errors_as_messages, show, tell, terminal_width, tracked

if TYPE_CHECKING:
    from buckpass.bargain import Agreement

__all__ = ["VERBS"]

Changes = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="A change (repeatable).")]


def agreement(
    case: CaseRef, changes: Changes = None, posteriors: Posteriors = None, figure: FigureFile = None, seed: Seed = 0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """The unwritten agreement: critical discount factors, slack, and the year in which it stops holding."""
    with errors_as_messages():
        from buckpass.cli.kept import kept_agreement

        def work() -> Agreement:
            from buckpass.bargain import agreement as agreement_of
            from buckpass.case import load_case
            from buckpass.fitting.files import load_posteriors

            loaded = load_case(case)
            return agreement_of(loaded, load_posteriors(loaded, posteriors), tuple(changes or ()), seed=seed)

        found = work() if changes else kept_agreement(case, posteriors, seed, work)
        show(found, as_json)
        if not as_json:
            for line in found.statements():
                tell(line)
        if figure is not None:
            write_figure(found.plot(), figure)


def futures(
    case: CaseRef,
    years: Annotated[int, typer.Option(help="Years ahead.")] = 25,
    histories: Annotated[int, typer.Option(help="Simulated histories.")] = 10_000,
    changes: Changes = None,
    scenario: Annotated[str | None, typer.Option(help="A scenario file of the case, by name.")] = None,
    foresight: Annotated[str, typer.Option(help="myopic or one-step.")] = "myopic",
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Keep the histories.")] = None,
    figure: FigureFile = None,
    measure: Annotated[str, typer.Option(help="Measure that the figure shows.")] = "burden",
    posteriors: Posteriors = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Simulated decades: burden, benefit, opinion and influence by power, who responds, who is left alone."""
    with errors_as_messages():
        from buckpass.case import load_case
        from buckpass.fitting.files import load_posteriors
        from buckpass.years import Plan, simulate
        from buckpass.years.indicators import measure_named

        measure_named(measure)  # a misspelt one is named before the years are played
        loaded = load_case(case)
        wanted = _changes(loaded, changes, scenario)
        plan = Plan(years=years, histories=histories, seed=seed, foresight=foresight)
        found = simulate(
            loaded, load_posteriors(loaded, posteriors), wanted, plan, output, lambda t, n: tracked(t, "playing the years", n)
        )  # fmt: skip
        if as_json:
            answer(found.as_dict())
        else:
            from buckpass.cli.decades import decade_lines

            for line in (*decade_lines(found, terminal_width()), *found.notes):
                tell(line)
        if figure is not None:
            write_figure(found.plot(measure), figure)


def sweep(
    case: CaseRef,
    design: Annotated[Path, typer.Argument(metavar="DESIGN", help="A design file (TOML).")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where finished chunks are kept.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the finished chunks.")] = False,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, tcp://….")] = None,
    posteriors: Posteriors = None,
    as_json: AsJson = False,
) -> None:
    """Designed experiments over what is assumed: sensitivity indices and the ranges that produce an outcome."""
    with errors_as_messages():
        from buckpass.case import OutputExists, load_case
        from buckpass.fitting.files import load_posteriors
        from buckpass.sweeps import read_design
        from buckpass.sweeps import sweep as run_sweep

        if output.exists() and not resume:
            raise OutputExists(f"{output} is there already: --resume goes on from what it holds")
        loaded = load_case(case)
        fits, plan = load_posteriors(loaded, posteriors), read_design(loaded, design)
        found = run_sweep(loaded, fits, plan, output, cluster, lambda chunks, n: tracked(chunks, "sweeping", n))
        show(found, as_json)


def _changes(case, changes: list[str] | None, scenario: str | None) -> tuple[str, ...]:
    if scenario is None:
        return tuple(changes or ())
    from buckpass.case import UnknownName

    if scenario not in case.scenarios:
        raise UnknownName("scenario", scenario, sorted(case.scenarios))
    return (*case.scenarios[scenario].set, *(changes or ()))


VERBS = {"agreement": agreement, "futures": futures, "sweep": sweep}
