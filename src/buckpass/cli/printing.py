"""What every verb does with its result and with its errors."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

from buckpass.cli.streams import legible
from buckpass.results.stopping import first_when_stopped

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = [
    "CALLED_WRONG",
    "SAYS_NO",
    "answer",
    "errors_as_messages",
    "show",
    "steps",
    "tell",
    "terminal_width",
    "tracked",
]

SAYS_NO, CALLED_WRONG = 1, 2
COMMAND = re.compile("`[^`\n]*`")
HELD = "\uf8ff"  # in place of a space that must not end a line: a sign that no text has
LONGEST_WHOLE = 14  # letters of a word that a table breaks last
Item = TypeVar("Item")


class Result(Protocol):
    """A result that knows how to be a table for people and a JSON object for programs."""

    def tables(self) -> Sequence[Any]: ...

    def as_dict(self) -> dict: ...


class _Waiting:
    """`working, 3 s` on stderr from the third second of a verb until it prints, where stderr is a terminal."""

    PATIENCE = 2.0  # seconds

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if sys.stderr.isatty():
            self._ended.clear()
            self._thread = threading.Thread(target=self._count, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Once and for all for this verb; the line is wiped before anything else is printed."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _count(self) -> None:
        begun = time.monotonic()
        if self._ended.wait(self.PATIENCE):
            return
        while not self._ended.wait(1.0):
            print(f"\rworking, {time.monotonic() - begun:.0f} s ", end="", file=sys.stderr, flush=True)
        print("\r\033[K", end="", file=sys.stderr, flush=True)


_WAITING = _Waiting()  # one terminal, one line on it


def answer(content: dict) -> None:
    """Print one JSON object, the whole of what `--json` prints."""
    from buckpass.results.files import json_text

    _WAITING.stop()
    text = json_text(content)
    is_plain = (sys.stdout.encoding or "").lower().startswith("utf") and legible(text) == text
    typer.echo(text if is_plain else json_text(content, in_ascii=True))


def show(result: Result, as_json: bool) -> None:
    """Print a result as JSON or as its tables."""
    if as_json:
        answer(result.as_dict())
        return
    for one in result.tables():
        tell_table(one)


def tell_table(result_table: Any) -> None:
    """Print a `ResultTable` or a polars frame as a table that fits the terminal."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from buckpass.results.table import cell

    frame = getattr(result_table, "frame", result_table)
    if title := getattr(result_table, "title", None):
        tell(title)  # not the table's own title, which would be folded to the table's width
    console = Console(soft_wrap=False)
    shown = [
        [
            "–" if (one := cell(value, name)) is None else legible(one)
            for name, value in zip(frame.columns, row, strict=True)
        ]
        for row in frame.iter_rows()
    ]
    rows = [[name.replace("_", " ") for name in frame.columns], *shown]
    _WAITING.stop()
    for n, part in enumerate(_parts(rows, console.width) if frame.height else ()):
        heads, *cells = [[row[k] for k in part] for row in rows]
        widths, gap = _widths([heads, *cells], console.width)
        drawn = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
        for head, width in zip(heads, widths, strict=True):
            drawn.add_column(head, overflow="fold", width=width)
        for row in cells:
            drawn.add_row(*map(escape, row))
        if n:
            console.print()
        console.print(drawn)
    if note := getattr(result_table, "note", None):
        tell(note)


def _parts(rows: Sequence[Sequence[str]], room: int) -> list[list[int]]:
    """A table's columns, by position, in parts that fit one below the other; each begins with the columns that tell its rows apart.

    >>> _parts([["who", "one", "other"], ["A", "x" * 30, "y" * 30]], 40)
    [[0, 1], [0, 2]]
    """
    every = [*range(len(rows[0]))]

    def fits(part: Sequence[int]) -> bool:
        return _widths([[row[k] for k in part] for row in rows], room)[0][:1] != [None]

    if fits(every):
        return [every]
    apart = next((n for n in every[1:] if len({tuple(row[:n]) for row in rows}) == len(rows)), 1)
    key = every[: apart if fits(every[: apart + 1]) else 1]
    parts: list[list[int]] = []
    for column in every[len(key) :]:
        if parts and fits([*parts[-1], column]):
            parts[-1].append(column)
        else:
            parts.append([*key, column])
    return parts


def _widths(rows: Sequence[Sequence[str]], room: int) -> tuple[list[int | None], int]:
    """Widths of a table's columns at which no word is broken, else none but the longest, and the gap between them; none of
    either where nothing fits. What room is left goes to the columns that lack least."""
    from rich.cells import cell_len

    columns = [*zip(*rows, strict=True)]
    for most, gap in ((room, 2), (LONGEST_WHOLE, 2), (LONGEST_WHOLE, 1)):
        words = [[cell_len(word) for one in of for word in one.split()] for of in columns]
        widths = [max((n for n in of if n <= most), default=1) for of in words]
        left = room - sum(widths) - gap * (len(widths) - 1)
        if left < 0:
            continue
        lacks = [max(map(cell_len, of)) - width for of, width in zip(columns, widths, strict=True)]
        for rank, n in enumerate(sorted(range(len(widths)), key=lacks.__getitem__)):
            more = min(lacks[n], left // (len(widths) - rank))
            widths[n], left = widths[n] + max(more, 0), left - max(more, 0)
        return [*widths], gap
    return [None] * len(columns), 2


def terminal_width() -> int:
    """Columns of the terminal; 80 where the output is piped and COLUMNS does not say otherwise."""
    from rich.console import Console

    return Console().width


def tracked(items: Iterable[Item], doing: str, total: int | None = None) -> Iterator[Item]:
    """The items one by one, with a bar and the time left on stderr where that is a terminal."""
    with _bar() as bar:
        task = bar.add_task(doing, total=len(items) if total is None and isinstance(items, Sized) else total)
        for item in items:
            yield item
            bar.advance(task)


@contextmanager
def steps(shares: Mapping[str, float]) -> Iterator[Callable[[str], None]]:
    """A bar over named steps, each with its share of the time; what is yielded is called with the step that begins."""
    with _bar() as bar:
        task = bar.add_task("", total=sum(shares.values()))
        begun: list[str] = []

        def begin(step: str) -> None:
            bar.update(task, advance=shares[begun[-1]] if begun else 0.0, description=step)
            begun.append(step)

        yield begin


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def tell(text: str) -> None:
    """Print text as it is: no markup from a case file is ever interpreted, and a command is not broken that fits a line."""
    from rich.console import Console

    _WAITING.stop()
    console = Console()

    def held(command: re.Match[str]) -> str:
        return command[0] if len(command[0]) > console.width else command[0].replace(" ", HELD)

    with console.capture() as said:
        console.print(COMMAND.sub(held, legible(text)), markup=False, highlight=False)
    console.file.write(said.get().replace(HELD, " "))


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Turn the project's own errors into one message on stderr and exit code 1 or 2; no traceback for a user's slip."""
    from buckpass.results.errors import SaysNo

    _WAITING.start()
    try:
        with first_when_stopped(_say_stopped):
            yield
    except BrokenPipeError:
        raise  # the reader has gone: `main` ends quietly
    except Exception as error:
        _WAITING.stop()
        if not is_message(error):
            raise
        typer.echo(legible(str(error)), err=True)
        raise typer.Exit(SAYS_NO if isinstance(error, SaysNo) else CALLED_WRONG) from None
    finally:
        _WAITING.stop()


def _say_stopped() -> None:
    """Past every buffer, which may be in use; what a bar has drawn is wiped, and the cursor that it hid is shown."""
    os.write(2, (b"\r\033[K\033[?25h" if os.isatty(2) else b"") + b"stopped; what was finished is kept\n")


def is_message(error: Exception) -> bool:
    """Whether an error was written for the user: one of this package's named exceptions, or the system's own."""
    return type(error).__module__.startswith("buckpass") or isinstance(error, OSError)
