"""Verbs about what is known: new, check, migrate, schema, diff, record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buckpass.cli.arguments import AsJson, CaseRef, Seed
from buckpass.cli.printing import SAYS_NO, answer, errors_as_messages, tell, tell_table, terminal_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckpass.case import Case, CaseDiff
    from buckpass.ledger.recoding import FittedChanges
    from buckpass.results.table import ResultTable

__all__ = ["VERBS"]

World = Annotated[
    bool, typer.Option("--world", help="With --from: what --powers did in the world's civil conflicts, no case.")
]
OwnRules = Annotated[
    Path | None, typer.Option(metavar="FILE", help="With --world: rules of your own; see rules.toml in its folder.")
]


GOES_WITH = {
    "--world": ("--from", "--powers", "--rules"), "--from": ("--hosts", "--from-year"), "--powers": ("--hosts", "--organisations", "--years"),
}  # fmt: skip
FIRST_YEAR = 1990


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet.")],
    store: Annotated[
        Path | None, typer.Option("--from", metavar="STORE", help="Draft it from a store of events.")
    ] = None,
    powers: Annotated[str, typer.Option(metavar="AAA,BBB", help="Begin with these powers, by ISO3 code.")] = "",
    hosts: Annotated[str, typer.Option(metavar="DDD,EEE", help="Hosts, by ISO3 code, of --powers or --from.")] = "",
    organisations: Annotated[str, typer.Option(metavar="PACT", help="With --powers: organisations.")] = "",
    years: Annotated[str, typer.Option(metavar="2012-2024", help="With --powers: first and last year.")] = "",
    from_year: Annotated[int | None, typer.Option(help=f"With --from: first year (default {FIRST_YEAR}).")] = None,
    world: World = False,
    rules: OwnRules = None,
) -> None:
    """Write a small, valid, commented case to start from; one with your powers and hosts; or a draft from event data."""
    with errors_as_messages():
        options = {"--world": world, "--from": store, "--powers": powers, "--hosts": hosts, "--organisations": organisations,
                   "--years": years, "--from-year": from_year, "--rules": rules}  # fmt: skip
        _check_together([name for name, value in options.items() if value not in (None, "", False)])
        if world and store is not None:
            from buckpass.cli.event_verbs import new_world

            new_world(folder, store, powers, rules)
        elif powers or organisations or years:
            from buckpass.events.drafting.skeleton import Skeleton, write_skeleton

            written = write_skeleton(folder, Skeleton.of(powers, hosts, organisations, years))
            tell(f"{written} passes `buckpass check`; `buckpass check {folder} --weak` lists what is left to fill in")
        elif store is not None:
            from buckpass.cli.event_verbs import draft_case

            draft_case(folder, store, hosts, FIRST_YEAR if from_year is None else from_year)
        else:
            from buckpass.case import new_case

            written = new_case(folder)
            tell(f"{written} is a case that passes every verb: edit its files, then run `buckpass check {folder}`")


def _check_together(given: Sequence[str]) -> None:
    """Raise where options of `new` were given that the case to be written would not heed."""
    by_hand = [name for name in ("--powers", "--organisations", "--years") if name in given]
    if "--world" in given or "--rules" in given:
        if not {"--world", "--from"} <= {*given} or not {*given} <= {"--world", *GOES_WITH["--world"]}:
            raise typer.BadParameter("--world goes with --from STORE, --powers and --rules, and with nothing else")
        return
    if "--from" in given and by_hand:
        raise typer.BadParameter("--from drafts from events, --powers begins a case by hand: give one of them")
    way = "--from" if "--from" in given else "--powers" if by_hand else ""
    for name in given:
        if name not in (way, *by_hand, *GOES_WITH.get(way, ())):
            goes = " or ".join(one for one in ("--powers", "--from") if name in GOES_WITH[one])
            raise typer.BadParameter(f"{name} goes with {goes}, and would change nothing here")


def check(
    case: CaseRef,
    table: Annotated[bool, typer.Option("--table", help="Print the codebook: every column, unit, coverage.")] = False,
    weak: Annotated[bool, typer.Option("--weak", help="Also list what is left to look up, row by row.")] = False,
    as_json: AsJson = False,
) -> None:
    """Every problem of a case at once, with file, line and the nearest valid spelling."""
    from dataclasses import asdict

    from buckpass.case import codebook
    from buckpass.case.checking.remaining import remaining
    from buckpass.case.codebook import brief_codebook
    from buckpass.changes.check import check_case
    from buckpass.results.words import count_of

    with errors_as_messages():
        found = check_case(case)
        left = remaining(found.case) if weak and found.case is not None else []
        if as_json:
            content = {"ok": found.ok, "problems": [asdict(p) for p in found.problems]}
            answer(content | ({"remaining": [asdict(p) for p in left]} if weak else {}))
        elif table and found.case is not None:
            for file, columns in brief_codebook(codebook(found.case).frame).items():
                tell(file)
                tell_table(columns)
                tell("")
        else:
            for problem in (*found.problems, *left):
                tell(str(problem))
            counts = (count_of(len(of), name)
                      for name, of in (("error", found.errors), ("warning", found.warnings)))  # fmt: skip
            tell(f"{case}: {'ok' if found.ok else 'not ok'}, {', '.join(counts)}")
    if not found.ok:
        raise typer.Exit(SAYS_NO)


def migrate(
    case: CaseRef,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a copy into a new folder, not in place.")
    ] = None,
) -> None:
    """Write a case in the shortest form: alignments as a table, one line for each host, opinion and parameter."""
    with errors_as_messages():
        from buckpass.case.writing.migrate import migrate

        done = migrate(case, to)
        tell(
            f"{done.folder} says the same in {done.after} lines of case.toml and alignments.csv, which were {done.before}"
        )


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
    posteriors_a: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Posteriors of CASE_A; those beside it by default.")
    ] = None,
    posteriors_b: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Posteriors of CASE_B; those beside it by default.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """What differs between two codings of the same record, and what that changes in the headline numbers."""
    with errors_as_messages():
        from buckpass.case import diff_cases, load_case
        from buckpass.ledger.recoding import fitted_changes
        from buckpass.measured.changes import measured_changes

        first, second = load_case(a), load_case(b)
        found = diff_cases(first, second)
        if found.is_same and not as_json:
            tell("The two cases are the same.")
            return
        moved = measured_changes(first, second)
        fitted = fitted_changes(first, second, (posteriors_a, posteriors_b), seed)
        if as_json:
            rows = found.table().rows()
            answer({"same": found.is_same, "counts": found.counts(), "differences": rows, "measured": moved.rows(),
                    "fitted": fitted.as_dict()})  # fmt: skip
            return
        _tell_differences(found, moved, fitted)


def _tell_differences(found: CaseDiff, moved: ResultTable, fitted: FittedChanges) -> None:
    import polars as pl

    tell_table(found.table())
    changed = moved.frame.filter((pl.col("change") != 0) | (pl.col("before").is_null() != pl.col("after").is_null()))
    tell(f"\nMeasured: {changed.height} of {len(moved)} numbers change.")
    if changed.height:
        tell_table(changed)
    tell(f"\nClaims: {len(fitted.verdicts)} of {fitted.n_claims} change in verdict or number.")
    if len(fitted.verdicts):
        tell_table(fitted.verdicts.frame)
    if len(fitted.ranking):
        tell("")
        tell_table(fitted.ranking)
    for reason in fitted.missing:
        tell(f"\nThe ranking and the claims about the model are not compared: {reason}")


def record(
    case: CaseRef,
    crisis: Annotated[
        str | None, typer.Option(metavar="ID", help="The inputs of one crisis: file, line, basis and sources of each.")
    ] = None,
    shares: Annotated[
        bool,
        typer.Option("--shares", help="Every share with its numerator, denominator, source and year; who leads where."),
    ] = False,
    long: Annotated[
        bool, typer.Option("--long", help="Every table: activity, comparisons, shares, requests, coders.")
    ] = False,
    as_json: AsJson = False,
    seed: Seed = 0,
) -> None:
    """Who did what, crisis by crisis; --long: activity, shares, division of labour, requests, with n and sources."""
    with errors_as_messages():
        from buckpass.case import load_case

        _refuse_parts_together(crisis, shares, long)
        if crisis is not None:
            _tell_origins(load_case(case), crisis, as_json)
            return
        loaded = load_case(case)
        if shares and not as_json:
            _tell_shares(loaded)
            return
        if long or as_json:
            from buckpass.measured import measure

            found = measure(loaded, seed=seed)
            if as_json:
                answer(found.as_dict())
                return
            from buckpass.measured.terminal import brief_tables

            for one in brief_tables(found):
                tell_table(one)
                tell("")
        _tell_responses(loaded, long)


def _refuse_parts_together(crisis: str | None, shares: bool, long: bool) -> None:
    """Raise where two parts of the record are asked for at once: each is told alone."""
    unheeded = [name for name, given in (("--shares", shares), ("--long", long)) if given]
    if (crisis is not None and unheeded) or len(unheeded) > 1:
        kept = "--crisis" if crisis is not None else unheeded.pop()
        raise typer.BadParameter(f"{kept} tells its part alone: give {' and '.join(unheeded)} without it")


def _tell_shares(case: Case) -> None:
    """Who leads where, and every share: nothing else is measured for it."""
    from buckpass.measured.shares import all_leaders, host_shares, host_shares_table, leaders_table
    from buckpass.measured.terminal import share_tables

    tables = share_tables(leaders_table(case, all_leaders(case)), host_shares_table(case, host_shares(case)))
    for one in tables:
        tell_table(one)
        tell("")
    if not tables:
        tell("No shares: series.csv has no figures of a series that [measures] names under economic or security.")


def _tell_responses(case: Case, long: bool) -> None:
    """The grid of crises and actors, unless the tables stand there already, and what the rows rest on."""
    from buckpass.measured.responses import responses_table
    from buckpass.measured.terminal import grid_lines
    from buckpass.results.words import count_of

    responses = responses_table(case, case.coded)
    for line in () if long else grid_lines(case, responses, terminal_width()):
        tell(line)
    basis = responses.frame["basis"].value_counts(sort=True)
    said = ", ".join(f"{n} {name}" for name, n in basis.iter_rows())
    counts = f"{count_of(case.crises.height, 'crisis', 'crises')}, {count_of(len(responses), 'response')}"
    tell(f"{counts}: {said} (absence is a band; unsearched is missing, as is what has no row)")
    if not long:
        tell("Activity, comparisons, requests and coders with n and intervals: --long; every share: --shares.")


def _tell_origins(case: Case, crisis: str, as_json: bool) -> None:
    """The inputs of a crisis with their places, then the sources in full."""
    from buckpass.case.provenance import cited, origins_of, origins_table

    origins = origins_of(case, crisis)
    sources = cited(case, origins)
    if as_json:
        answer({"crisis": crisis, "inputs": [one.as_dict() for one in origins], "sources": sources})
        return
    tell_table(origins_table(origins))
    for key, citation in sources.items():
        tell(f"{key}: {citation}")


VERBS = {
    "new": new,
    "check": check,
    "migrate": migrate,
    "schema": schema,
    "diff": diff,
    "record": record,
}
