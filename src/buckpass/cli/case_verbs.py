"""Verbs about what is known: new, check, schema, diff, record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from buckpass.cli.completion import case_words
from buckpass.cli.printing import SAYS_NO, answer, errors_as_messages, tell, tell_table

__all__ = ["VERBS"]

CaseRef = Annotated[
    str, typer.Argument(metavar="CASE", help="A bundled case by name, or a folder.", autocompletion=case_words)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Seed = Annotated[int, typer.Option(help="Seed of everything drawn by chance: same seed, same bytes.")]


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet.")],
    store: Annotated[
        Path | None, typer.Option("--from", metavar="STORE", help="Draft it from a store of events.")
    ] = None,
    hosts: Annotated[str, typer.Option(help="With --from: hosts, comma-separated ISO3 codes.")] = "",
    from_year: Annotated[int, typer.Option(help="With --from: first year.")] = 1990,
) -> None:
    """Write a small, valid, commented case to start from, or a draft from event data."""
    with errors_as_messages():
        if store is not None:
            from buckpass.cli.event_verbs import draft_case

            draft_case(folder, store, hosts, from_year)
            return
        from buckpass.case import new_case

        written = new_case(folder)
        tell(f"{written} is a case that passes every verb: edit its files, then run `buckpass check {folder}`")


def check(
    case: CaseRef,
    table: Annotated[bool, typer.Option("--table", help="Print the codebook: every column, unit, coverage.")] = False,
    as_json: AsJson = False,
) -> None:
    """Every problem of a case at once, with file, line and the nearest valid spelling."""
    from dataclasses import asdict

    from buckpass.case import check_case, codebook

    with errors_as_messages():
        found = check_case(case)
        if as_json:
            answer({"ok": found.ok, "problems": [asdict(p) for p in found.problems]})
        elif table and found.case is not None:
            tell_table(codebook(found.case))
        else:
            for problem in found.problems:
                tell(str(problem))
            errors, warnings = len(found.errors), len(found.warnings)
            tell(f"{case}: {'ok' if found.ok else 'not ok'}, {errors} errors, {warnings} warnings")
    if not found.ok:
        raise typer.Exit(SAYS_NO)


def schema(
    file: Annotated[str | None, typer.Argument(help="One file of a case, e.g. crises.csv; all by default.")] = None,
) -> None:
    """JSON Schema of a case's files, for editors."""
    with errors_as_messages():
        from buckpass.case import json_schema

        answer(json_schema(file))


def diff(
    a: Annotated[str, typer.Argument(metavar="CASE_A", help="A bundled case by name, or a folder.")],
    b: Annotated[str, typer.Argument(metavar="CASE_B", help="The other coding.")],
    as_json: AsJson = False,
) -> None:
    """What differs between two codings of the same record, and what that changes in the measured numbers."""
    with errors_as_messages():
        from buckpass.case import diff_cases, load_case
        from buckpass.record.changes import measured_changes

        first, second = load_case(a), load_case(b)
        found, moved = diff_cases(first, second), measured_changes(first, second)
        if as_json:
            rows = found.table().to_dicts()
            answer({"same": found.is_same, "counts": found.counts(), "differences": rows, "measured": moved.rows()})
            return
        tell_table(found.table())
        tell_table(moved)


def record(case: CaseRef, as_json: AsJson = False, seed: Seed = 0) -> None:
    """Who did what: responses, organisations' activity, shares, division of labour, requests, with n and sources."""
    with errors_as_messages():
        from buckpass.case import load_case
        from buckpass.record import measure

        found = measure(load_case(case), seed=seed)
        if as_json:
            answer(found.as_dict())
            return
        for name, one in found.tables().items():
            if len(one) and name != "responses":
                tell_table(one)
                tell("")
        searched = found.responses.frame["rung"].is_not_null().sum()
        left = len(found.responses) - searched
        tell(f"{found.n_crises} crises, {searched} coded responses, {left} not searched (all rows: --json)")


VERBS = {"new": new, "check": check, "schema": schema, "diff": diff, "record": record}
