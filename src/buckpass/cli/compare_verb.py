"""The verb that says what the record prefers: compare, and the questions that follow from it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from buckpass.cli.arguments import AsJson, CaseRef, Seed
from buckpass.cli.outputs import FigureFile, write_figure
from buckpass.cli.printing import CALLED_WRONG, answer, errors_as_messages, tell, tell_table
from buckpass.results.words import and_join

__all__ = ["compare"]

Posteriors = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Posteriors to use; those bundled with the case by default.")
]
Latex = Annotated[bool, typer.Option("--latex", help="Print the tables as LaTeX.")]
Power = Annotated[bool, typer.Option("--power", help="At how many crises a mechanism would be told from none.")]
StudyFolder = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="With --power: run it, or go on, here.")
]
Wider = Annotated[int, typer.Option(min=-1, max=1, help="The ranking with every band wider (1) or narrower (-1).")]


def compare(
    case: CaseRef,
    posteriors: Posteriors = None,
    basis: Annotated[str, typer.Option(help="all, or seen: the ranking by rows whose source was seen.")] = "all",
    doubt: Wider = 0,
    without: Annotated[str, typer.Option(metavar="THEATRE", help="The ranking without one theatre.")] = "",
    next_cases: Annotated[int, typer.Option("--next", min=0, help="Crises to watch for or code: this many.")] = 0,
    pair: Annotated[str, typer.Option(metavar="A,B", help="With --next: only these two explanations.")] = "",
    power: Power = False,
    output: StudyFolder = None,
    replications: Annotated[int, typer.Option(min=1, help="With --power -o: records drawn per length and truth.")] = 20,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help="With --power -o: a Dask scheduler.")] = None,
    forecast: Annotated[bool, typer.Option("--forecast", help="Scores of crises that the fits had not seen.")] = False,
    priors: Annotated[bool, typer.Option("--priors", help="What leans on the priors, number by number.")] = False,
    figure: FigureFile = None,
    long: Annotated[bool, typer.Option("--long", help="Every table: readings, pairs, checks, crises.")] = False,
    full: Annotated[bool, typer.Option("--full", hidden=True, help="The old name of --long.")] = False,
    seed: Seed = 0,
    latex: Latex = False,
    as_json: AsJson = False,
) -> None:
    """What each mechanism adds to the controls, alone and given the rest, beside regressions; --long: every fit, reading, check."""
    _one_question({"--next": next_cases, "--power": power, "--forecast": forecast, "--priors": priors})
    with errors_as_messages(), ExitStack() as stack:
        from buckpass.case import load_case

        loaded = load_case(case)
        if next_cases:
            found = _next(loaded, posteriors, next_cases, pair)
        elif power:
            found = _power(loaded, posteriors, output, replications, cluster, seed, stack)
        elif forecast:
            found = _forecast(loaded, posteriors, figure)
        elif priors:
            found = _priors(loaded, posteriors, figure, seed)
        else:
            found = _ranking(loaded, posteriors, _reading(basis, doubt, without), figure)
        _print(found, latex, as_json, (long or full) and hasattr(found, "everything"))


def _one_question(asked: dict[str, Any]) -> None:
    given = [name for name, value in asked.items() if value]
    if len(given) > 1:
        typer.echo(f"{and_join(given)} ask different questions: give one of them", err=True)
        raise typer.Exit(CALLED_WRONG)


def _reading(basis: str, doubt: int, without: str) -> str:
    """The name of the one reading that the options ask for."""
    from buckpass.evidence.rankings import AS_CODED, NoSuchReading

    if basis not in ("all", "seen"):
        raise NoSuchReading(f"--basis is all or seen, not {basis!r}")
    asked = [name for name, given in (("seen only", basis == "seen"), (f"doubt {doubt:+d}", doubt != 0),
                                      (f"without {without}", bool(without))) if given]  # fmt: skip
    if len(asked) > 1:
        raise NoSuchReading(
            f"{and_join(asked)} at once is a reading that no fit was made for: ask for one, or fit it with "
            "buckpass fit CASE -o FOLDER --basis … --doubt … and compare those posteriors"
        )
    return asked[0] if asked else AS_CODED


def _ranking(case: Any, folder: Path | None, reading: str, figure: Path | None) -> Any:
    from buckpass.evidence.comparing import compare as compare_fits
    from buckpass.evidence.gathered import gathered
    from buckpass.fitting.files import load_posteriors
    from buckpass.fitting.posterior import PosteriorFileError

    try:
        led = load_posteriors(case, folder, order="patron first")
    except PosteriorFileError:
        led = {}
    fits = load_posteriors(case, folder)
    found = compare_fits(
        case, fits, reading=reading, led=led, kept=gathered(case, fits, folder or case.folder / "posteriors")
    )
    if figure:
        from buckpass.page.comparison_figures import crises_by_explanation

        write_figure(crises_by_explanation(case, found), figure)
    together: dict[tuple[str, ...], list[str]] = {}
    for name, reasons in found.failed.items():
        together.setdefault(tuple(reasons), []).append(name)
    for reasons, names in together.items():
        verb = "is" if len(names) == 1 else "are"
        typer.echo(f"{and_join(names)} {verb} not ranked: {'; '.join(reasons)}", err=True)
    return found


def _next(case: Any, folder: Path | None, count: int, pair: str) -> Any:
    from buckpass.evidence.studies.decisive_cases import NothingToTellApart, decisive_cases
    from buckpass.fitting.files import load_posteriors

    two = tuple(part.strip() for part in pair.split(",")) if pair else None
    if two is not None and len(two) != 2:
        raise NothingToTellApart(f"--pair takes two explanations joined by a comma, as FR,EX, not {pair!r}")
    return decisive_cases(case, load_posteriors(case, folder), count, pair=two)


def _power(case: Any, folder: Path | None, output: Path | None, replications: int, cluster: str | None, seed: int, stack: ExitStack) -> Any:  # fmt: skip
    from functools import partial

    from buckpass.evidence.studies.power_study import WHOLE, bundled_power_study, power_study
    from buckpass.fitting.files import load_posteriors

    if output is None:
        return bundled_power_study(case)
    spread = None
    if cluster is not None:
        from buckpass.sweeps.cluster import connected
        from buckpass.sweeps.cluster import spread as spread_over

        spread = partial(spread_over, stack.enter_context(connected(cluster)))
    whole = load_posteriors(case, folder, [WHOLE])[WHOLE]
    return power_study(case, whole, output, replications=replications, seed=seed, spread=spread, told=_told)


def _told(done: int, total: int) -> None:
    typer.echo(f"\r{done} of {total} records", err=True, nl=done == total)


def _forecast(case: Any, folder: Path | None, figure: Path | None) -> Any:
    from buckpass.evidence.forecasts import forecast_scores
    from buckpass.fitting.files import load_posteriors

    found = forecast_scores(case, load_posteriors(case, folder))
    if figure:
        from buckpass.page.comparison_figures import forecasts_drawn

        write_figure(forecasts_drawn(case, found), figure)
    return found


def _priors(case: Any, folder: Path | None, figure: Path | None, seed: int) -> Any:
    from buckpass.fitting.files import load_posteriors
    from buckpass.ledger.prior_sensitivity import prior_sensitivity

    fits = load_posteriors(case, folder)
    if figure:
        from buckpass.evidence.studies.prior_predictive import prior_predictive
        from buckpass.page.comparison_figures import prior_predictive_drawn

        write_figure(prior_predictive_drawn(case, prior_predictive(case, seed=seed)), figure)
    return prior_sensitivity(case, fits, seed=seed)


def _print(found: Any, latex: bool, as_json: bool, long: bool) -> None:
    if as_json:
        answer(found.as_dict())
        return
    for one in found.everything() if long else found.tables():
        if latex:
            tell(one.to_latex())
        else:
            tell_table(one)
