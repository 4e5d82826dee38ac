"""Verbs about raw event files: events load, code, agree, profile (extra `events`)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from buckpass.cli.arguments import AsJson, CaseRef, Seed
from buckpass.cli.outputs import FigureFile, write_figure
from buckpass.cli.printing import CALLED_WRONG, SAYS_NO, answer, errors_as_messages, show, tell_table, tracked

__all__ = ["events"]

Store = Annotated[Path, typer.Argument(metavar="STORE", help="The store, a DuckDB file; made if it is not there.")]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="Your own table from event codes to rungs, for a ladder of your own.")
]

events = typer.Typer(name="events", help="From raw event files to a coded record.", no_args_is_help=True)


@events.callback()
def _needs_extra() -> None:
    if find_spec("duckdb") is None:
        typer.echo("events need the extra `events`: pip install 'buckpass[events]'", err=True)
        raise typer.Exit(CALLED_WRONG)


@events.command()
def load(
    store: Store,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Publishers' files: plain, .gz or .zip; SIPRI's workbook.")
    ],
    allow_rejects: Annotated[
        bool,
        typer.Option("--allow-rejects", help="Load also files of which more than a tenth of the rows are unusable."),
    ] = False,
    all_columns: Annotated[bool, typer.Option("--all-columns", help="Keep every column as text (slower).")] = False,
    as_json: AsJson = False,
) -> None:
    """Load files, recognised by content; what cannot be used is said first, and the exit is then 1."""
    with errors_as_messages():
        from buckpass.events import load as load_files

        report = load_files(store, tracked(files, "loading"), all_columns=all_columns, allow_rejects=allow_rejects)
        show(report, as_json)
        if report.refused:
            raise typer.Exit(SAYS_NO)


@events.command()
def formats(as_json: AsJson = False) -> None:
    """What is read: publisher, version, where to get it, what is taken from it; and what is known and not read."""
    with errors_as_messages():
        from buckpass.events.files.formats import formats as known_formats

        show(known_formats(), as_json)


@events.command()
def code(store: Store, case: CaseRef, mapping: MappingFile = None, as_json: AsJson = False) -> None:
    """Propose rung, band and evidence for every crisis and actor that the events cover."""
    with errors_as_messages():
        from buckpass.case import load_case
        from buckpass.events import code as code_events

        show(code_events(store, load_case(case), mapping), as_json)


@events.command()
def agree(store: Store, case: CaseRef, mapping: MappingFile = None, seed: Seed = 0, as_json: AsJson = False) -> None:
    """How far machine coding agrees with the hand-coded record: Krippendorff's alpha, the worst disagreements first."""
    with errors_as_messages():
        from buckpass.case import load_case
        from buckpass.events import agree as agree_events

        show(agree_events(store, load_case(case), seed=seed, mapping_file=mapping), as_json)


@events.command()
def evidence(
    store: Store,
    keys: Annotated[list[str], typer.Argument(metavar="KEY…", help="Keys as `events code` and `agree` print them.")],
    as_json: AsJson = False,
) -> None:
    """The events behind a coded rung: day, who, whom, what, from which file."""
    with errors_as_messages():
        from buckpass.events import evidence_rows

        rows = evidence_rows(store, keys)
        if as_json:
            answer({"events": rows.to_dicts()})
        else:
            tell_table(rows)


@events.command()
def profile(
    store: Store,
    actors: Annotated[str, typer.Option(help="Actors, comma-separated ISO3 codes.")],
    hosts: Annotated[str, typer.Option(help="Hosts, comma-separated ISO3 codes.")],
    figure: FigureFile = None,
    as_json: AsJson = False,
) -> None:
    """Verbal, economic and military shares by year, normalised by coverage."""
    with errors_as_messages():
        from buckpass.events import profile as profile_events

        found = profile_events(store, actors.split(","), hosts.split(","))
        show(found, as_json)
        if figure is not None:
            write_figure(found.plot(), figure)


def draft_case(folder: Path, store: Path, hosts: str, from_year: int) -> None:
    """Write a draft case from a store; every row is marked *machine* for a person to confirm."""
    from buckpass.events import draft

    tell_table(draft(store, [host.strip() for host in hosts.split(",") if host.strip()], from_year, folder).table())


def new_world(folder: Path, store: Path, powers: str, rules_file: Path | None) -> None:
    """Write the world's record of some powers from a store."""
    _needs_extra()
    from buckpass.worldwide import world_record
    from buckpass.worldwide.folder import write_world
    from buckpass.worldwide.rules import rules

    wanted = [power.strip() for power in powers.split(",") if power.strip()]
    if not wanted:
        raise typer.BadParameter("--world needs --powers: whose help, by ISO3 code, as in --powers AAA,BBB")
    record = world_record(store, wanted, rules(rules_file))
    write_world(folder, record, rules_file)
    tell_table(record.table())
