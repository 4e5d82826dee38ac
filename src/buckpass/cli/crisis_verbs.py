"""Verbs about one crisis: solve, whatif, tip, explain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from buckpass.cli.case_verbs import AsJson, CaseRef
from buckpass.cli.printing import answer, errors_as_messages, show, tell, tell_table

if TYPE_CHECKING:
    from buckpass.case import Case
    from buckpass.fit.posterior import Posterior

__all__ = ["VERBS"]

Crisis = Annotated[str, typer.Argument(metavar="CRISIS", help="A crisis of the record, by its id.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change an input (repeatable): AAA.capacity=0.5x"),
]
Theory = Annotated[
    str | None, typer.Option("--explanation", metavar="ID", help="Which explanation; the best-scoring one by default.")
]
Folder = Annotated[
    Path | None, typer.Option("--posteriors", metavar="FOLDER", help="Posteriors to use; those of the case by default.")
]
Draws = Annotated[int, typer.Option("--draws", min=2, max=20_000, help="Posterior draws, evenly spaced.")]
Picture = Annotated[
    Path | None, typer.Option("--figure", metavar="FILE", help="Write the figure: .html, .svg, .png, .pdf or .json.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything drawn by chance: same seed, same bytes.")]
FIGURES = (".html", ".svg", ".png", ".pdf", ".json")


def solve(
    case: CaseRef,
    crisis: Crisis,
    changes: Changes = None,
    all_found: Annotated[
        bool, typer.Option("--all", help="Every equilibrium, and the path to the principal one.")
    ] = False,
    explanation: Theory = None,
    posteriors: Folder = None,
    draws: Draws = 200,
    figure: Picture = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """The crisis's equilibrium: response probabilities, residuals, buck passed, outcome."""
    with errors_as_messages():
        from buckpass.case import parse_overrides
        from buckpass.fit.solving import solve_crisis

        _check_figure(figure)
        loaded, posterior = _loaded(case, crisis, explanation, posteriors)
        overrides = parse_overrides(changes or [], loaded, crisis)
        found = solve_crisis(loaded, posterior, crisis, overrides, draws, with_equilibria=all_found, seed=seed)
        _write(found.plot_path if all_found else found.plot, figure)
        show(found, as_json)
        if found.equilibria is not None and not as_json:
            tell_table(found.equilibria.table())


def whatif(
    case: CaseRef,
    crisis: Crisis,
    changes: Changes = None,
    explanation: Theory = None,
    posteriors: Folder = None,
    draws: Draws = 200,
    figure: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Baseline, scenario and difference with intervals, and the channels through which it came."""
    with errors_as_messages():
        from buckpass.case import parse_overrides
        from buckpass.fit.whatif import what_if

        _check_figure(figure)
        loaded, posterior = _loaded(case, crisis, explanation, posteriors)
        found = what_if(loaded, posterior, crisis, parse_overrides(changes or [], loaded, crisis), draws)
        _write(found.plot, figure)
        show(found, as_json)
        if not as_json:
            tell_table(found.channels())


def tip(
    case: CaseRef,
    crisis: Crisis,
    over: Annotated[list[str], typer.Option("--over", metavar="PATH", help="Input to vary; two give a phase diagram.")],
    crosses: Annotated[str, typer.Option("--crosses", help="Threshold, as in 'p_deploy:AAA>0.5'.")],
    between: Annotated[
        list[str] | None, typer.Option("--between", metavar="LOW,HIGH", help="Bounds, one for each --over.")
    ] = None,
    explanation: Theory = None,
    posteriors: Folder = None,
    draws: Draws = 200,
    figure: Picture = None,
    as_json: AsJson = False,
) -> None:
    """The value of an input at which an answer turns, with its interval; two inputs give a curve."""
    with errors_as_messages():
        from buckpass.fit import tipping

        _check_figure(figure)
        bounds = [_pair(text) for text in between] if between else None
        loaded, posterior = _loaded(case, crisis, explanation, posteriors)
        found = tipping.tip(loaded, posterior, crisis, over, crosses, bounds, draws)
        _write(found.plot, figure)
        if as_json:
            answer(found.as_dict())
        elif isinstance(found, tipping.Tipping):
            tell(found.sentence)
            tell_table(found.table())
        else:
            show(found, as_json=False)


def explain(
    case: CaseRef,
    crisis: Crisis,
    power: Annotated[
        str | None, typer.Option("--power", help="Whose restraint to explain; the case's rider by default.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="Compared with whom; the case's provider by default.")
    ] = None,
    explanation: Theory = None,
    posteriors: Folder = None,
    draws: Draws = 200,
    figure: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Why a power did less (or more) than another: the gap by mechanism, with intervals."""
    with errors_as_messages():
        from buckpass.fit import explaining

        _check_figure(figure)
        loaded, posterior = _loaded(case, crisis, explanation, posteriors)
        focus = loaded.settings.focus
        pair = (power or focus.rider, reference or focus.provider)
        found = explaining.explain(loaded, posterior, crisis, *pair, n_draws=draws)
        _write(found.plot, figure)
        show(found, as_json)


def _loaded(case: str, crisis: str, wanted: str | None, folder: Path | None) -> tuple[Case, Posterior]:
    """The case and the posterior to use; a misspelt crisis is named before anything is read."""
    from buckpass.case import load_case
    from buckpass.fit.fitting import load_posteriors
    from buckpass.fit.solving import best_posterior

    loaded = load_case(case)
    loaded.crisis(crisis)
    return loaded, best_posterior(load_posteriors(loaded, folder), wanted)


def _pair(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no pair of bounds: write LOW,HIGH, as in 0.2,3") from None
    return low, high


def _check_figure(file: Path | None) -> None:
    """Before anything is computed: a figure that cannot be written should not cost a minute."""
    if file is None:
        return
    if file.suffix not in FIGURES:
        raise typer.BadParameter(f"{file.name}: a figure ends in one of {', '.join(FIGURES)}")
    if not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"{file}: there is no folder {file.parent}")


def _write(draw: Any, file: Path | None) -> None:
    if file is not None:
        chart = draw()
        if file.suffix == ".html":
            chart.save(str(file), inline=True)  # a page that loads nothing from the network
        else:
            chart.save(str(file))


VERBS = {"solve": solve, "whatif": whatif, "tip": tip, "explain": explain}
