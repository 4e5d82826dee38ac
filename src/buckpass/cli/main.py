"""The verbs: parse, call one function, print. Everything heavy is imported by the verb that needs it."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from typing import Annotated

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

from buckpass.cli import case_verbs, crisis_verbs, fit_verbs, future_verbs, help_verb, page_verbs, world_verbs
from buckpass.cli.event_verbs import events
from buckpass.cli.printing import CALLED_WRONG
from buckpass.cli.streams import has_lost_its_reader, make_legible
from buckpass.results.files import own_cache

__all__ = ["app", "main"]

EMPTY = "an empty word is no value (a variable of the shell that is not set?): give one, or leave it out"

app = typer.Typer(
    name="buckpass",
    help="Check an argument about a regional security order: who provides, who rides free, what would change it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _version(show: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if not _stands_somewhere():
        typer.echo("the folder that you stand in is no longer there: go to another one", err=True)
        raise typer.Exit(CALLED_WRONG)
    _keep_compiled_code()
    # What a verb loads and compiles stays to its end: looking through it for garbage took a tenth of its time.
    gc.set_threshold(50_000, 20, 50)
    if show:
        from importlib.metadata import version

        typer.echo(version("buckpass"))
        raise typer.Exit


def _stands_somewhere() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _keep_compiled_code() -> None:
    """Let JAX keep what it compiles in the user's cache folder: the second call of a verb starts in half the time."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ and (folder := own_cache("jax")) is not None:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


class _Verb(TyperCommand):
    """A verb that takes no empty word, as a shell gives where a variable is not set: as a path it is the folder one stands in."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:  # a word that is being completed
            given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
            for parameter in self.get_params(ctx):
                words = given.get(parameter.name)
                is_empty = "" in (words if isinstance(words, list | tuple) else (words,))
                if is_empty and isinstance(parameter, TyperOption | TyperArgument):
                    raise typer.BadParameter(EMPTY, ctx=ctx, param=parameter)
        return super().parse_args(ctx, args)


for group in (
    case_verbs.VERBS,
    crisis_verbs.VERBS,
    fit_verbs.VERBS,
    future_verbs.VERBS,
    page_verbs.VERBS,
    world_verbs.VERBS,
    help_verb.VERBS,
):
    for name, verb in group.items():
        app.command(name=name)(verb)
app.add_typer(events)
for one in (*app.registered_commands, *events.registered_commands):
    one.cls = _Verb


def main() -> None:
    """The command: `app`, then what was to be done at exit, and the end at once: Python takes most of a second to take apart
    what a verb has loaded."""
    make_legible()
    try:
        app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        code = 0 if has_lost_its_reader(end) else code
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # a reader that has gone
                stream.flush()
        os._exit(code)
