"""The verb that sets a case beside the world's record of external support."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buckpass.cli.arguments import AsJson, CaseRef
from buckpass.cli.outputs import FigureFile, write_figure
from buckpass.cli.printing import answer, errors_as_messages, show, tell, tell_table

if TYPE_CHECKING:
    from buckpass.case import Case
    from buckpass.worldwide.free_riding import FreeRiding
    from buckpass.worldwide.yardstick import Beside

__all__ = ["VERBS"]


def worldwide(
    case: CaseRef,
    power: Annotated[str | None, typer.Option(metavar="ID", help="One power; all of the case by default.")] = None,
    world: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Of `new --world`: measure by it; fitted at first (minutes) and kept in it."
        ),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rules of your own: which types of crisis are alike.")
    ] = None,
    game: Annotated[
        bool,
        typer.Option(
            "--game",
            help="What the world's episodes say of free riding: the game fitted to them. With --world fitted at first (an hour) and "
            "kept in it.",
        ),
    ] = False,
    figure: FigureFile = None,
    as_json: AsJson = False,
) -> None:
    """What powers like this one did in conflicts like each crisis, world-wide, beside what it did: context, no verdict."""
    with errors_as_messages():
        from buckpass.case import load_case
        from buckpass.worldwide.folder import game_of, yardstick_of
        from buckpass.worldwide.rules import rules as read_rules
        from buckpass.worldwide.yardstick import beside

        the_case = load_case(case)
        if game and (power or rules or figure):
            raise typer.BadParameter("--game tells its fits alone: give --power, --rules and --figure without it")
        if game:
            _tell_game(game_of(world), as_json)
            return
        found = beside(the_case, power, yardstick_of(world), read_rules(rules))
        _tell(the_case, found, as_json)
        if figure is not None:
            write_figure(found.plot(), figure)


def _tell(case: Case, found: Beside, as_json: bool) -> None:
    """The comparison as JSON, or as the tables of a terminal."""
    from buckpass.worldwide.terminal import brief_tables

    if as_json:
        answer(found.as_dict())
        return
    for one in brief_tables(case, found):
        tell_table(one)


def _tell_game(found: FreeRiding, as_json: bool) -> None:
    """The fits of the game, and in one sentence what they say."""
    show(found, as_json)
    if not as_json:
        tell(f"What the world's record says of free riding: {found.sentence}.")


VERBS = {"worldwide": worldwide}
