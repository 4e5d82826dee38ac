"""What powers do towards hosts, by year: words, economy and arms, against how much the files report at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.events.coding.coverage import WAS_CUT, FileCoverage, coverages, totals, usable_files
from buckpass.events.coding.ladder import DOMAINS, mapping, meaning
from buckpass.events.coding.support import supports
from buckpass.events.coding.violence import violence
from buckpass.events.errors import NoEvents, UncoveredActors
from buckpass.events.store import frame, reading
from buckpass.results.table import ResultTable, ShowsItself

if TYPE_CHECKING:
    import altair as alt

PER = 10_000
# files hold a few misdated rows: a year with less than this share of the best reported year's events is no year of theirs
STRAY = 0.01
# Okabe & Ito 2008, one for each domain: told apart without red and green
COLOURS = ("#56B4E9", "#E69F00", "#D55E00", "#999999")


@dataclass(frozen=True)
class Profile(ShowsItself):
    """Events by actor, year and domain: `n`, `share` of the actor's events of the year, `rate` per 10,000 reported.

    `n` counts once a day per code and host what `n_rows` counts as often as the files have it. `support` has what the actors
    gave the hosts' governments, or those who fight them, by year (UCDP); `violence` events and deaths in the hosts by year
    (UCDP GED, ACLED). `left_out` says which files and years could not be used for the comparison, and why.
    """

    rows: pl.DataFrame
    actors: tuple[str, ...]
    hosts: tuple[str, ...]
    left_out: tuple[str, ...]
    support: pl.DataFrame
    violence: pl.DataFrame

    def table(self) -> ResultTable:
        """One row per actor, year and domain, with the files that were left out."""
        return self.tables()[0]

    def tables(self) -> tuple[ResultTable, ...]:
        """One row per actor, year and domain; then support and violence, where known."""
        left_out = "".join(f"\nLeft out: {why}." for why in self.left_out)
        note = (
            "n: events, one a day per code and host, of n rows; share: of the actor's events of the year; "
            f"rate: per {PER:,} rows of the year in the same files."
        )
        title = f"What {', '.join(self.actors)} do towards {', '.join(self.hosts)}"
        units = {"n_rows": "rows", "n": "events, one a day", "total": "rows"}
        found = [ResultTable(self.rows, title, units, note + left_out)]
        if self.support.height:
            found.append(ResultTable(self.support, "External support by year (UCDP)"))
        if self.violence.height:
            note = "UCDP and ACLED count different things: deaths of armed conflict, and all political violence and protest."
            found.append(ResultTable(self.violence, "Violence in the hosts by year", {"deaths": "best estimate"}, note))
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """The profile as plain values."""
        return {
            "actors": list(self.actors),
            "hosts": list(self.hosts),
            "left_out": list(self.left_out),
            "rows": self.rows.to_dicts(),
            "support": self.support.to_dicts(),
            "violence": self.violence.to_dicts(),
        }

    def plot(self) -> alt.FacetChart:
        """Stacked rates by year, one panel per actor in the order asked; a year without files keeps its place."""
        import altair as alt

        years = self.rows["year"]
        span = list(range(years[0], years[-1] + 1)) if (years := years.sort()).len() else []
        bars = (
            alt.Chart(self.rows)
            .mark_bar()
            .encode(
                x=alt.X(
                    "year:O",
                    title=None,
                    scale=alt.Scale(domain=span),
                    axis=alt.Axis(labelAngle=-90, labelOverlap="greedy"),
                ),
                y=alt.Y("rate:Q", title=f"Events per {PER:,} reported"),
                color=alt.Color("domain:N", title="Domain", scale=alt.Scale(domain=list(DOMAINS), range=list(COLOURS))),
                order=alt.Order("place:Q"),
                tooltip=[
                    "actor",
                    "year",
                    "domain",
                    "n",
                    alt.Tooltip("share", format=".0%"),
                    alt.Tooltip("rate", format=".1f"),
                ],
            )
            .transform_calculate(place=f"indexof({list(DOMAINS)}, datum.domain)")
            .properties(width=max(80, min(260, 16 * len(span))), height=180)
        )
        title = alt.Title(
            f"Events towards {', '.join(self.hosts)}",
            subtitle=f"one a day per code and host; {self.rows['n'].sum():,} events in all",
            anchor="start",
        )
        panels = alt.Facet("actor:N", title=None, sort=list(self.actors))
        return bars.facet(facet=panels, columns=len(self.actors)).properties(title=title)


def profile(store: Path, actors: Sequence[str], hosts: Sequence[str]) -> Profile:
    """Verbal, economic and military events of each actor towards the hosts by year, normalised by all events reported.

    rate = 10,000 · n / (all events of the year in the same files); one event a day per actor, host and code. Only
    files that cover every actor and at least one host are used, and only years of which they report a hundredth or more
    of what they report of the fullest year. External support and violence are shown beside it where the store has them.

    Parameters
    ----------
    store : the store.
    actors, hosts : ISO3 codes, or ids of organisations.

    Returns
    -------
    Profile

    Raises
    ------
    UncoveredActors, when there are event files and none covers all actors; NoEvents, for a store that says nothing of them.
    """
    store = Path(store)
    with reading(store) as connection:
        given = _support(connection, actors, hosts)
        violent = violence(connection, hosts)
        files = coverages(connection)
        if not files and not given.height and not violent.height:
            raise NoEvents(store, "events")
        usable, reasons = usable_files(files, list(actors))
        usable = [f.file_id for f in files if f.file_id in usable and not all(f.gap(host) for host in hosts)]
        if files and not usable:
            raise UncoveredActors(reasons or dict.fromkeys(hosts, "no file has events with it"))
        counts = _counts(connection, usable, actors, hosts)
        reported = totals(connection, usable)
    stray = reported.filter(pl.col("total") < STRAY * pl.col("total").max()).sort("year")
    left_out = (
        *(f"{f.name} {_gaps(f, actors)}" for f in files if f.file_id not in usable),
        *(f"{year}, of which the files report {total} events only" for year, total in stray.iter_rows()),
    )
    reported = reported.join(stray, on="year", how="anti")
    return Profile(_shares(counts, reported), tuple(actors), tuple(hosts), left_out, given, violent)


def _support(connection: Any, actors: Sequence[str], hosts: Sequence[str]) -> pl.DataFrame:
    """What the actors gave, a row for each host, year and side."""
    rows = [
        (one.supporter, one.host, one.year, "against" if one.is_against_host else "government", one.said)
        for one in supports(connection, hosts, (0, 9999))
        if one.supporter in actors
    ]
    schema = {"actor": pl.String, "host": pl.String, "year": pl.Int64, "side": pl.String, "kinds": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("actor", "host", "year", "side", "kinds")


def _gaps(file: FileCoverage, actors: Sequence[str]) -> str:
    """In what a file falls short, each gap once with the actors that it concerns."""
    found: dict[str, list[str]] = {}
    for actor in actors:
        if gap := file.gap(actor):
            found.setdefault(WAS_CUT if WAS_CUT in gap else gap, []).append(actor)
    return "; ".join(f"{', '.join(who)}: {gap}" for gap, who in found.items()) or "has no event with any of the hosts"


def _counts(connection: Any, usable: list[int], actors: Sequence[str], hosts: Sequence[str]) -> pl.DataFrame:
    return frame(
        connection,
        "SELECT source_id AS actor, year(day)::INTEGER AS year, code, count(*) AS n_rows, "
        "count(DISTINCT (day, target_id)) AS n FROM events_of(?) "
        "WHERE list_contains(?::VARCHAR[], source_id) "
        "AND list_contains(?::VARCHAR[], target_id) AND source_id <> target_id GROUP BY ALL",
        [usable, list(actors), list(hosts)],
    )


def _shares(counts: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    table = mapping()
    found = [(code, meaning(code, table)) for code in counts["code"].unique()]
    domains = pl.DataFrame(
        [(code, entry.domain if entry else "other") for code, entry in found],
        schema={"code": pl.String, "domain": pl.String},
        orient="row",
    )
    by_domain = (
        counts.join(domains, on="code")
        .group_by("actor", "year", "domain")
        .agg(pl.col("n_rows", "n").sum().cast(pl.Int64))
    )
    return (
        by_domain.join(totals, on="year")
        .with_columns(
            share=pl.col("n") / pl.col("n").sum().over("actor", "year"),
            rate=PER * pl.col("n") / pl.col("total"),
        )
        .sort("actor", "year", "domain")
    )
