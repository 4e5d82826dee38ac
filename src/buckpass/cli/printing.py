"""What every verb does with its result and with its errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import typer

__all__ = ["CALLED_WRONG", "SAYS_NO", "answer", "errors_as_messages", "show", "tell", "terminal_width"]

SAYS_NO, CALLED_WRONG = 1, 2
ROUNDING = 1e-12  # below the solver's tolerance: the processor's last bits, shown as 0


class Result(Protocol):
    """A result that knows how to be a table for people and a JSON object for programs."""

    def table(self) -> Any: ...

    def as_dict(self) -> dict: ...


def answer(content: dict) -> None:
    """Print one JSON object, the whole of what `--json` prints."""
    typer.echo(json.dumps(content, ensure_ascii=False, allow_nan=False, default=str))


def show(result: Result, as_json: bool) -> None:
    """Print a result as JSON or as its tables."""
    if as_json:
        answer(result.as_dict())
        return
    tables = result.table()
    for one in tables if isinstance(tables, list | tuple) else [tables]:
        tell_table(one)


def tell_table(result_table: Any) -> None:
    """Print a `ResultTable` or a polars frame as a table that fits the terminal."""
    from rich.console import Console
    from rich.table import Table

    frame = getattr(result_table, "frame", result_table)
    if title := getattr(result_table, "title", None):
        tell(title)  # not the table's own title, which would be folded to the table's width
    drawn = Table(box=None, pad_edge=False)
    for column in frame.columns:
        drawn.add_column(column.replace("_", " "), overflow="fold")
    for row in frame.iter_rows():
        drawn.add_row(*(_cell(value) for value in row))
    Console(soft_wrap=False).print(drawn)
    if note := getattr(result_table, "note", None):
        tell(note)


def terminal_width() -> int:
    """Columns of the terminal; 80 where the output is piped and COLUMNS does not say otherwise."""
    from rich.console import Console

    return Console().width


def tell(text: str) -> None:
    """Print text as it is: no markup from a case file is ever interpreted."""
    from rich.console import Console

    Console().print(text, markup=False, highlight=False)


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Turn the project's own errors into one message on stderr and exit code 1 or 2; no traceback for a user's slip."""
    from buckpass.case import BuckpassError, CaseProblems

    try:
        yield
    except CaseProblems as problems:
        typer.echo(str(problems), err=True)
        raise typer.Exit(SAYS_NO) from None
    except (BuckpassError, ValueError, RuntimeError, OSError) as error:
        if not is_message(error):
            raise
        typer.echo(f"{error}", err=True)
        raise typer.Exit(CALLED_WRONG) from None
    except KeyboardInterrupt:
        typer.echo("stopped; what was finished is kept", err=True)
        sys.exit(130)


def is_message(error: Exception) -> bool:
    """Whether an error was written for the user: one of this package's named exceptions, or the system's own."""
    return type(error).__module__.startswith("buckpass") or isinstance(error, OSError)


def _cell(value: Any) -> str:
    from rich.markup import escape

    if value is None:
        return "–"
    if isinstance(value, float):
        value = 0.0 if abs(value) < ROUNDING else value
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, list | tuple):
        return escape(", ".join(map(str, value)))
    return escape(str(value))
