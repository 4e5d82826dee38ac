"""Verbs about one crisis: solve, whatif, tip, explain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import typer

from buckpass.cli.arguments import AsJson, CaseRef, Seed
from buckpass.cli.completion import case_words, crisis_words
from buckpass.cli.outputs import FigureFile, write_figure
from buckpass.cli.printing import answer, errors_as_messages, show, tell, tell_table
from buckpass.results.summary import DRAWS

if TYPE_CHECKING:
    from buckpass.case import Case
    from buckpass.predict.which_fits import Basis

__all__ = ["VERBS"]

Crisis = Annotated[
    str, typer.Argument(metavar="CRISIS", help="A crisis of the record, by its id.", autocompletion=crisis_words)
]
CaseOrGame = Annotated[
    str,
    typer.Argument(
        metavar="CASE",
        help="A bundled case by name, a folder, or a Gambit file (.nfg, .efg).",
        autocompletion=case_words,
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change an input (repeatable): AAA.capacity=0.5x"),
]
Theory = Annotated[
    str | None,
    typer.Option(
        "--explanation",
        metavar="ID",
        help="One explanation; by default all mechanisms together, or where that fit failed the best that passed.",
    ),
]
Moves = Annotated[str, typer.Option("--order", help="Fits with who moving first: simultaneous, or patron first.")]
Folder = Annotated[
    Path | None, typer.Option("--posteriors", metavar="FOLDER", help="Posteriors to use; those of the case by default.")
]
Draws = Annotated[int, typer.Option("--draws", min=2, max=20_000, help="Posterior draws, evenly spaced.")]
SHOWN_EVERY = 3  # a tipping point's curve is computed on a grid; the terminal shows every third value


class Answer(Protocol):
    """A result that can be a JSON object and a figure."""

    def as_dict(self) -> dict: ...

    def plot(self) -> Any: ...


R = TypeVar("R", bound=Answer)


@dataclass(frozen=True)
class _Question:
    """What every verb about a crisis is told: which crisis, on which posterior, and how to show the answer."""

    case: str
    crisis: str
    explanation: str | None
    order: str
    posteriors: Path | None
    figure: Path | None
    as_json: bool

    def answered(
        self, find: Callable[[Case, Basis], R], tell_it: Callable[[R], None], draw: Callable[[R], Any] | None = None
    ) -> None:
        """Load, ask, write the figure, and show the answer as JSON or, with what it rests on, for people."""
        with errors_as_messages():
            from buckpass.case import load_case
            from buckpass.case.provenance import origins_of
            from buckpass.model.likelihood import ORDERS
            from buckpass.predict.which_fits import basis_for

            if self.order not in ORDERS:
                raise typer.BadParameter(f"--order is {' or '.join(map(repr, ORDERS))}, not {self.order!r}")
            loaded = load_case(self.case)
            loaded.crisis(self.crisis)  # a misspelt crisis is named before anything is read
            basis = basis_for(loaded, self.posteriors, self.explanation, self.order)
            found = find(loaded, basis)
            if self.figure is not None:
                write_figure(draw(found) if draw else found.plot(), self.figure)
            if self.as_json:
                inputs = [one.as_dict() for one in origins_of(loaded, self.crisis)]
                answer({**found.as_dict(), "inputs": inputs})
                return
            tell_it(found)
            if basis.how_chosen:
                tell(basis.how_chosen)


AllFound = Annotated[
    bool, typer.Option("--all", help="Every equilibrium; --figure then draws the path to the principal one.")
]
Rationality = Annotated[
    float | None, typer.Option(min=0.0, help="Of a game in a Gambit file, per unit of its payoffs.")
]


def solve(
    case: CaseOrGame,
    crisis: Annotated[
        str, typer.Argument(metavar="CRISIS", help="A crisis of the record, by its id.", autocompletion=crisis_words)
    ] = "",
    changes: Changes = None,
    all_found: AllFound = False,
    explanation: Theory = None,
    order: Moves = "simultaneous",
    posteriors: Folder = None,
    draws: Draws = DRAWS,
    figure: FigureFile = None,
    seed: Seed = 0,
    rationality: Rationality = None,
    as_json: AsJson = False,
) -> None:
    """The crisis's equilibrium: response probabilities, residuals, buck passed, outcome. Or that of a Gambit file."""
    from buckpass.game.gambit import is_game_file

    if is_game_file(case):
        of_cases = {"a crisis": crisis, "--set": changes, "--all": all_found, "--explanation": explanation,
                    "--posteriors": posteriors, "--figure": figure}  # fmt: skip
        _solve_game(Path(case), rationality, [name for name, given in of_cases.items() if given], as_json)
        return
    if not crisis or rationality is not None:
        raise typer.BadParameter(
            "a case needs a CRISIS, and has its own rationality; --rationality is for a Gambit file"
        )

    def find(loaded: Case, fits: Basis):
        from buckpass.ask.solve import solve_crisis
        from buckpass.changes.scenario import changes_of

        overrides = changes_of(changes or [], loaded, crisis)
        branch = "all" if all_found else "principal"
        return solve_crisis(loaded, fits, crisis, overrides, draws, branch=branch, seed=seed)

    question = _Question(case, crisis, explanation, order, posteriors, figure, as_json)
    question.answered(find, _tell_solved, lambda found: found.plot_path() if all_found else found.plot())


def _tell_solved(found) -> None:
    tell_table(found.table())
    if found.equilibria is not None:
        tell_table(found.equilibria.table())


def _solve_game(path: Path, rationality: float | None, beside: list[str], as_json: bool) -> None:
    """The logit equilibrium of a game in a file, strategic or extensive."""
    if rationality is None or beside:
        seen = f"not {', '.join(beside)}" if beside else "--rationality, as in --rationality 2"
        raise typer.BadParameter(f"{path.name} is a game in a Gambit file: give {seen}")
    with errors_as_messages():
        from buckpass.game.gambit import read_game
        from buckpass.game.logit import logit_equilibrium

        show(logit_equilibrium(read_game(path), rationality), as_json)


def whatif(
    case: CaseRef,
    crisis: Crisis,
    changes: Changes = None,
    explanation: Theory = None,
    order: Moves = "simultaneous",
    posteriors: Folder = None,
    draws: Draws = DRAWS,
    figure: FigureFile = None,
    as_json: AsJson = False,
) -> None:
    """Baseline, scenario and difference with intervals, and the channels through which it came."""

    def find(loaded: Case, fits: Basis):
        from buckpass.ask.whatif import whatif
        from buckpass.changes.scenario import changes_of

        return whatif(loaded, fits, crisis, changes_of(changes or [], loaded, crisis), draws)

    def tell_it(found) -> None:
        tell_table(found.changes())
        tell_table(found.outcomes())

    _Question(case, crisis, explanation, order, posteriors, figure, as_json).answered(find, tell_it)


def tip(
    case: CaseRef,
    crisis: Crisis,
    over: Annotated[list[str], typer.Option("--over", metavar="PATH", help="Input to vary; two give a phase diagram.")],
    crosses: Annotated[str, typer.Option("--crosses", help="Threshold, as in 'p_deploy:AAA>0.5'.")],
    between: Annotated[
        list[str] | None, typer.Option("--between", metavar="LOW,HIGH", help="Bounds, one for each --over.")
    ] = None,
    explanation: Theory = None,
    order: Moves = "simultaneous",
    posteriors: Folder = None,
    draws: Draws = DRAWS,
    figure: FigureFile = None,
    as_json: AsJson = False,
) -> None:
    """The value of an input at which an answer turns, with its interval; two inputs give a phase diagram."""
    bounds = [_pair(text) for text in between] if between else None

    def find(loaded: Case, fits: Basis):
        from buckpass.ask import tip as tipping

        return tipping.tip(loaded, fits, crisis, over, crosses, bounds, draws)

    def tell_it(found) -> None:
        tell(found.sentence)
        if len(over) == 1 and found.still is None:
            tell_table(found.table(every=SHOWN_EVERY))
        elif len(over) == 1:
            return
        else:
            tell(found.drawn)
            tell(" ".join(found.notes))

    _Question(case, crisis, explanation, order, posteriors, figure, as_json).answered(find, tell_it)


def explain(
    case: CaseRef,
    crisis: Crisis,
    power: Annotated[
        str | None, typer.Option("--power", help="Whose restraint to explain; the case's rider by default.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="Compared with whom; the case's provider by default.")
    ] = None,
    changes: Changes = None,
    explanation: Theory = None,
    order: Moves = "simultaneous",
    posteriors: Folder = None,
    draws: Draws = DRAWS,
    figure: FigureFile = None,
    as_json: AsJson = False,
) -> None:
    """Why a power did less (or more) than another: the gap by mechanism, with intervals."""

    def find(loaded: Case, fits: Basis):
        from buckpass.ask import explain as explaining
        from buckpass.changes.scenario import changes_of

        focus = loaded.settings.focus
        pair = (power or focus.rider, reference or focus.provider)
        return explaining.explain(loaded, fits, crisis, *pair, draws, changes_of(changes or [], loaded, crisis))

    _Question(case, crisis, explanation, order, posteriors, figure, as_json).answered(
        find, lambda f: tell_table(f.table())
    )


def _pair(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no pair of bounds: write LOW,HIGH, as in 0.2,3") from None
    return low, high


VERBS = {"solve": solve, "whatif": whatif, "tip": tip, "explain": explain}
