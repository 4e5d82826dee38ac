"""The verb that prints the reference: what a claim can ask, what `--set` can change, which columns and files a case has."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from buckpass.cli.arguments import AsJson
from buckpass.cli.printing import answer, errors_as_messages, tell, terminal_width

if TYPE_CHECKING:
    from buckpass.cli.reference import Entry

__all__ = ["VERBS"]

INDENT = " " * 4


def help_on(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="estimands, paths, columns, files or mechanisms.")] = "",
    name: Annotated[str, typer.Argument(metavar="NAME", help="Only what has this in its name.")] = "",
    as_json: AsJson = False,
) -> None:
    """The reference: every estimand, path of --set, column or file of a case, and mechanism, with what it takes and an example."""
    with errors_as_messages():
        from buckpass.case.problems import spelling_hint
        from buckpass.cli.reference import TOPICS, about

        if not topic:
            _tell_topics(as_json)
            return
        if topic not in TOPICS:
            raise typer.BadParameter(f"there is no help on {topic!r} — {spelling_hint(topic, TOPICS)}")
        entries = TOPICS[topic]()
        found = about(entries, name)
        if not found:
            known = dict.fromkeys(part for entry in entries for part in (entry.name, *entry.name.split()))
            raise typer.BadParameter(f"{name!r} is in the name of none of the {topic} — {spelling_hint(name, known)}")
        if as_json:
            answer({"topic": topic, "entries": [entry.as_dict() for entry in found]})
            return
        for line in (line for entry in found for line in _lines(entry, terminal_width())):
            tell(line)


def _tell_topics(as_json: bool) -> None:
    from buckpass.cli.reference import TOPICS

    said = {name: (of.__doc__ or "").split("\n\n")[0] for name, of in TOPICS.items()}
    if as_json:
        answer({"topics": said})
        return
    for name, what in said.items():
        tell(f"buckpass help {name}")
        for line in textwrap.wrap(what, terminal_width(), initial_indent=INDENT, subsequent_indent=INDENT):
            tell(line)
    tell("`buckpass -h` lists the verbs, and `buckpass VERB -h` says what one takes.")


def _lines(entry: Entry, width: int) -> Iterator[str]:
    """The name, what it is, its facts, and the example as it is written, folded where it is wider than the terminal."""
    yield entry.name
    for text in (entry.what, *(f"{name}: {said}" for name, said in entry.facts.items() if said)):
        yield from textwrap.wrap(text, width, initial_indent=INDENT, subsequent_indent=INDENT)
    for line in entry.example.splitlines():
        yield from textwrap.wrap(
            f"{line}", width, initial_indent=f"{INDENT}| ", subsequent_indent=f"{INDENT}|   ", break_on_hyphens=False
        )
    yield ""


VERBS = {"help": help_on}
