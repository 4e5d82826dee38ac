"""How one counts another's effort, which a case writes by hand, beside what is measured of the two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import polars as pl

from buckpass.case import Case
from buckpass.case.figures import first_last_most
from buckpass.case.names import actor_name
from buckpass.case.schema import Alignment, Member, Organisation
from buckpass.results.table import ResultTable

__all__ = ["alignments_table"]

EVERY_HOST = "*"
NOTE = (
    "Alignments are judgements: 1 counts the other's work as its own, −1 as undoing it. No fit estimates them. {constant} of {pairs} "
    "in all theatres are one number for all years, {first} to {last}, whatever changed meanwhile. What stands beside them is of the two "
    "states anywhere, in the years for which the number holds, and measures no alignment in this theatre. {bare} of {here} numbers here "
    "have nothing measured beside them and are not shown."
)


def alignments_table(case: Case) -> ResultTable:
    """The assumed alignments of the focus's theatre that have a measure beside them: a series that the case names for it
    (`measures.alignment`), or a treaty of defence between the two; with how many in all theatres have no dates."""
    focus, (first, last) = case.settings.focus, case.settings.years
    here = [entry for entry in case.settings.alignments if entry.theatre == focus.theatre]
    measured = case.series.filter(pl.col("series").is_in(list(case.settings.measures.alignment))).drop_nulls("value")
    rows, keys = [], []
    for entry in here:
        figures = _figures(case, measured, entry)
        treaties = [
            said for one in case.settings.organisations if one.mutual_defence and (said := _shared(case, one, entry))
        ]
        if figures.is_empty() and not treaties:
            continue
        of = "each host" if entry.of == EVERY_HOST else actor_name(case.settings, entry.of)
        rows.append({
            "who": of, "counts": actor_name(case.settings, entry.with_), "assumed": entry.value, "low": entry.low, "high": entry.high,
            "holds": _holds(entry, first, last), "measured": "; ".join(_beside(case, figures)), "treaties": ", ".join(treaties),
        })  # fmt: skip
        keys += [key for sources in figures["source_id"].to_list() for key in sources]
    pairs = Counter((one.theatre, one.of, one.with_) for one in case.settings.alignments)
    dated = {(one.theatre, one.of, one.with_) for one in case.settings.alignments if one.from_ or one.to}
    note = NOTE.format(constant=len(pairs.keys() - dated), pairs=len(pairs), first=first, last=last,
                       bare=len(here) - len(rows), here=len(here))  # fmt: skip
    title = f"Assumed alignments beside what is measured: {actor_name(case.settings, focus.theatre)}"
    units = {"assumed": "−1 to 1", "low": "least plausible", "high": "most plausible"}
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return ResultTable(frame, title, units, note, tuple(dict.fromkeys(keys)), case.hash)


def _others(case: Case, entry: Alignment) -> list[str]:
    """Who counts the effort: the power or host, or every host of the theatre's crises."""
    if entry.of != EVERY_HOST:
        return [entry.of]
    hosts = case.crises.filter(theatre=entry.theatre)["host"].explode(empty_as_null=True).drop_nulls()
    return hosts.unique(maintain_order=True).to_list()


def _figures(case: Case, measured: pl.DataFrame, entry: Alignment) -> pl.DataFrame:
    """The figures of the two, in whichever order the series has them, while the number holds."""
    of, years = _others(case, entry), _years(case, entry)
    pair = (pl.col("actor").is_in(of) & (pl.col("partner") == entry.with_)) | (
        (pl.col("actor") == entry.with_) & pl.col("partner").is_in(of)
    )
    rows = measured.filter(pair & pl.col("year").is_between(*years))
    return rows.with_columns(other=pl.when(pl.col("actor") == entry.with_).then("partner").otherwise("actor")).sort(
        "series", "other", "year"
    )


def _beside(case: Case, figures: pl.DataFrame) -> Iterator[str]:
    """Each series in words: first, last and largest figure of one pair, the range in the first and last year of several."""
    for (series,), rows in figures.group_by("series", maintain_order=True):
        name, others = case.series_name(str(series)), rows["other"].n_unique()
        if others == 1:
            yield f"{name}: {first_last_most(rows.to_dicts())}"
            continue
        ends = [rows.filter(pl.col("year") == year)["value"] for year in (rows["year"].min(), rows["year"].max())]
        said = " to ".join(
            f"{values.min():.2f}–{values.max():.2f} ({year})"
            for values, year in zip(ends, (rows["year"].min(), rows["year"].max()), strict=True)
        )
        yield f"{name}, {others} hosts: {said}"


def _years(case: Case, entry: Alignment) -> tuple[int, int]:
    first, last = case.settings.years
    return entry.from_.year if entry.from_ else first, entry.to.year if entry.to else last


def _holds(entry: Alignment, first: int, last: int) -> str:
    if entry.from_ is None and entry.to is None:
        return "constant"
    return f"{entry.from_ or first} to {entry.to or last}"


def _shared(case: Case, body: Organisation, entry: Alignment) -> str:
    """A treaty of defence in which both were at some time while the number holds, with how many of several hosts; else empty."""
    of, (first, last) = _others(case, entry), _years(case, entry)
    theirs = [one for one in body.members if one.state == entry.with_]
    inside = [
        host for host in of if any(_meet((a, b), first, last) for a in theirs for b in body.members if b.state == host)
    ]
    return "" if not inside else body.id if len(of) == 1 else f"{body.id} ({len(inside)} of {len(of)} hosts)"


def _meet(spells: Iterable[Member], first: int, last: int) -> bool:
    """Whether memberships were in force together at some time in the years."""
    starts = [one.from_.year for one in spells if one.from_]
    ends = [one.to.year for one in spells if one.to]
    return max([first, *starts]) <= min([last, *ends])
