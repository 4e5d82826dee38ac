"""Every share with its denominator: of everything where the series has the whole, else of the powers that are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import polars as pl

from buckpass.case import Case
from buckpass.case.catalogue import world_code
from buckpass.case.figures import published
from buckpass.case.names import actor_name
from buckpass.case.schema import PositionMeasure
from buckpass.results.table import ResultTable
from buckpass.results.words import and_join, percent

__all__ = [
    "DOMAINS",
    "FRESH",
    "WHOLE",
    "Leader",
    "Share",
    "all_leaders",
    "compared",
    "host_shares",
    "host_shares_table",
    "is_old",
    "is_tie",
    "leaders",
    "leaders_table",
    "measure_name",
    "measure_names",
    "of_everything_table",
    "volume_of",
    "years_in_words",
]

DOMAINS = ("economic", "security")
WHOLE = world_code()  # an actor of series.csv: all suppliers, all partners
FRESH = 3  # years: what is older than that at the end of the case is not told as today's
COMPLETE = 0.005  # the actors listed are all there are where their sum misses the whole by less than this share
TIE = 0.005  # of everything compared: a lead below half a percent is lost in how figures are rounded
SHARE_NOTE = (
    f"Of all: of the series' own total ({WHOLE}). Otherwise of the sum over the powers named, which is not the whole. A "
    "published share has no amounts: its numerator and denominator are the figure and 100 or 1, its volume is the whole of the "
    "series of amounts that the case names for it. Series are never mixed."
)


class Cell(NamedTuple):
    """One figure of series.csv."""

    value: float
    unit: str
    sources: list[str]
    line: int


@dataclass(frozen=True)
class Share:
    """One actor's share in one place and span of years.

    value : numerator / denominator, None where the denominator is zero. of : "all", or whom the denominator sums over, or
    what a published percentage is of. volume : the whole in amounts, with its unit: the denominator, or of a published share
    what the case's series of amounts has for it; None where nothing does.
    """

    domain: str
    series: str
    partner: str
    first: int
    last: int
    actor: str
    numerator: float
    denominator: float
    of: str
    unit: str
    value: float | None
    sources: tuple[str, ...]
    lines: tuple[int, ...]
    volume: float | None
    volume_unit: str


@dataclass(frozen=True)
class Leader:
    """Who has the largest share with a host in the last years that were measured there; nobody below the least volume.

    is_complete : the actors compared are all there are, so that the first of them leads and is not only ahead of them.
    """

    domain: str
    host: str
    power: str | None
    share: Share | None
    shares: tuple[Share, ...]
    is_complete: bool
    why_nobody: str = ""


def measure_names(case: Case) -> str:
    """What the two measures count, as a title says it."""
    return and_join(measure_name(case, domain) for domain in DOMAINS)


def measure_name(case: Case, domain: str) -> str:
    """What a domain's series count: the name that the case gives its measure."""
    return case.settings.measures.positions[domain].name or {"economic": "the economy", "security": "security"}[domain]


def compared(case: Case) -> str:
    """The powers between which the measures compare."""
    return ", ".join(dict.fromkeys(p for d in DOMAINS for p in case.settings.measures.positions[d].powers))


def years_in_words(first: int, last: int) -> str:
    """A span of years.

    >>> years_in_words(2024, 2024), years_in_words(2021, 2025)
    ('2024', '2021–25')
    """
    return str(first) if first == last else f"{first}–{last % 100:02d}"


def is_old(case: Case, year: int) -> bool:
    """Whether a year is too old, at the end of the case, to be told as today's."""
    return year < case.settings.years[1] - FRESH


def host_shares(case: Case) -> tuple[Share, ...]:
    """Every share of every series that a measure names, its own, the alternatives and those beside, by place, year and actor."""
    series = [_Series(case, d, name) for d in DOMAINS for name in case.settings.measures.positions[d].shared]
    return tuple(
        share
        for of in series
        for partner, years in of.cells.items()
        for year in sorted(years)
        for share in _shares(of, partner, {year: years[year]})
    )


def leaders(case: Case, domain: str) -> tuple[Leader, ...]:
    """By host, who leads in a domain, in the series that reaches furthest for the host; hosts without figures are left out.

    A share is of everything where the same series has the whole, or publishes the share, for the host; else of the powers of the
    measure alone, as `of` says. The last years with figures are summed, as many as the measure says; of two series that reach equally far the first
    named counts: the measure's own, then its published shares, then other counts. No other published share says who leads.
    """
    measure = case.settings.measures.positions[domain]
    by_series = [_Series(case, domain, name) for name in measure.who_leads]
    found = []
    for host in (h.id for h in case.settings.hosts):
        options = []
        for of in by_series:
            years = {y: of.cells[host][y] for y in sorted(of.cells.get(host, ()))}
            if _is_published(years) and of.name not in measure.published:
                continue
            whole = [y for y, cells in years.items() if _compares(of, host, {y: cells})]
            last = {y: years[y] for y in whole if y > max(whole) - measure.years_summed}
            if shares := _compares(of, host, last):
                options.append(shares)
        if options:
            found.append(_leader(case, domain, host, max(options, key=lambda shares: shares[0].last)))
    return tuple(found)


def all_leaders(case: Case) -> tuple[Leader, ...]:
    """`leaders` of every domain."""
    return tuple(one for domain in DOMAINS for one in leaders(case, domain))


def host_shares_table(case: Case, shares: Sequence[Share]) -> ResultTable:
    """Every share (`host_shares`) with its numerator, denominator, source and year."""
    rows = [vars(share) | _in_words(case, share, share.actor) for share in shares]
    return _table(case, rows, f"Shares of {measure_names(case)}, place by place")


def leaders_table(case: Case, led: Sequence[Leader]) -> ResultTable:
    """Who leads in each domain with each host (`leaders`), with the share, its denominator and the years."""
    rows = []
    for one in led:
        share = one.share or one.shares[0]
        row = vars(share) | _in_words(case, share, one.power or "nobody") | {
            "actor": one.power or "nobody", "is_complete": one.is_complete, "why": one.why_nobody,
        }  # fmt: skip
        rows.append(row if one.power else row | {"numerator": None, "value": None})
    return _table(case, rows, f"Who leads in {measure_names(case)}, host by host, in the last years with figures")


def of_everything_table(case: Case, shares: Sequence[Share], led: Sequence[Leader]) -> ResultTable:
    """Shares of everything in the years that are not old, of domains in which some who lead are compared with each other alone,
    beside those of the leaders themselves. Where a share of a year was published, none is worked out of rounded amounts."""
    partial = {one.domain for one in led if "+" in one.shares[0].of}
    told = {one.share for one in led}
    shown = [
        share
        for share in shares
        if share.domain in partial
        and share not in told
        and not is_old(case, share.last)
        and "+" not in share.of
        and share.value is not None
    ]
    positions = case.settings.measures.positions
    known = {
        _what_of(share) for share in shown if share.series in positions[share.domain].published
    }  # of the same whole
    rows = [
        vars(share) | _in_words(case, share, share.actor)
        for share in shown
        if published(share.unit) is not None or _what_of(share) not in known
    ]
    names = and_join(measure_name(case, domain) for domain in DOMAINS if domain in partial)
    return _table(case, rows, f"Further shares of all {names}, where the whole or a share was published")


def _what_of(share: Share) -> tuple[str, ...]:
    """Whose share of which place in which years, whoever counted."""
    return share.domain, share.partner, share.actor, str(share.first), str(share.last)


def _in_words(case: Case, share: Share, actor: str) -> dict[str, str]:
    """The series, the place, who has the share and of whom, by the names that readers know."""
    return {
        "name": case.series_name(share.series),
        "where": actor_name(case.settings, share.partner),
        "who": actor_name(case.settings, actor),
        "of_whom": "+".join(actor_name(case.settings, part) for part in share.of.split("+")),
    }


def _table(case: Case, rows: list[dict[str, Any]], title: str) -> ResultTable:
    keys = tuple(dict.fromkeys(key for row in rows for key in row["sources"]))
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return ResultTable(frame, title, {"value": "share"}, SHARE_NOTE, keys, case.hash)


@dataclass(frozen=True)
class _Series:
    """One series of a measure, read once: hundreds of places and years ask for its figures and its volumes."""

    case: Case
    domain: str
    name: str

    @property
    def measure(self) -> PositionMeasure:
        return self.case.settings.measures.positions[self.domain]

    @cached_property
    def cells(self) -> dict[str, dict[int, dict[str, Cell]]]:
        """partner → year → actor → figure, of the measure's partners and of theatres where it names partners."""
        rows = self.case.series.lazy().filter(pl.col("series") == self.name).drop_nulls("value")
        columns = rows.select("actor", "partner", "year", "value", "unit", "source_id", "line")
        found: dict[str, dict[int, dict[str, Cell]]] = {}
        for actor, partner, year, *cell in columns.sort("partner", "year", "actor").collect().iter_rows():
            found.setdefault(partner or "", {}).setdefault(year, {})[actor] = Cell(*cell)
        partners = self.measure.partners
        return found if not partners else {p: found[p] for p in (*partners, *self.case.theatres) if p in found}

    @cached_property
    def volumes(self) -> tuple[_Series, int] | None:
        """The series of amounts that the case names for these shares, and how many years of it each is of."""
        named = [other.volume for other in self.measure.alternatives if other.volume and self.name in other.series]
        return (_Series(self.case, self.domain, named[0].series), named[0].years) if named else None


def _shares(of: _Series, partner: str, years: Mapping[int, Mapping[str, Cell]]) -> tuple[Share, ...]:
    """The shares in the years together; none where neither the whole nor all powers are known in each of them."""
    powers = of.measure.powers
    if not years:
        return ()
    if _is_published(years):
        return tuple(_published(of, partner, year, one) for year, cells in years.items() for one in cells.items())
    if all(WHOLE in cells for cells in years.values()):
        whole, whose = [cells[WHOLE].value for cells in years.values()], "all"
        actors = sorted({a for cells in years.values() for a in cells} - {WHOLE})
    else:
        actors = [p for p in powers if all(p in cells for cells in years.values())]
        if len(actors) < max(2, len(powers)):
            return ()
        whole, whose = [sum(cells[p].value for p in powers) for cells in years.values()], "+".join(powers)
    counted = [a for a in actors if all(a in cells or _is_complete(cells) for cells in years.values())]
    return tuple(_share(of, partner, years, actor, sum(whole), whose) for actor in counted)


def _compares(of: _Series, partner: str, years: Mapping[int, Mapping[str, Cell]]) -> tuple[Share, ...]:
    """The shares in the years together, none where one of the measure's powers has none: then nobody can be said to lead."""
    shares = _shares(of, partner, years)
    return shares if set(of.measure.powers) <= {s.actor for s in shares} else ()


def _share(
    of: _Series, partner: str, years: Mapping[int, Mapping[str, Cell]], actor: str, whole: float, whose: str
) -> Share:
    mine = [cells[actor] for cells in years.values() if actor in cells]
    behind = [*mine, *(cells[WHOLE] for cells in years.values() if WHOLE in cells)]
    amount = sum(cell.value for cell in mine)
    return Share(
        of.domain, of.name, partner, min(years), max(years), actor, amount, whole, whose, behind[0].unit,
        amount / whole if whole > 0 else None, tuple(dict.fromkeys(k for cell in behind for k in cell.sources)),
        tuple(cell.line for cell in behind), whole, behind[0].unit,
    )  # fmt: skip


def _published(of: _Series, partner: str, year: int, one: tuple[str, Cell]) -> Share:
    actor, cell = one
    whole, what = published(cell.unit)  # type: ignore[misc]  asked before
    return Share(of.domain, of.name, partner, year, year, actor, cell.value, whole, what, cell.unit,
                 cell.value / whole, tuple(cell.sources), (cell.line,), *_volume(of, partner, year))  # fmt: skip


def volume_of(case: Case, domain: str, series: str, partner: str, year: int) -> tuple[float | None, str]:
    """The amount that published shares of a place and year are of, and its unit, from the series that the case names for it.

    Of a theatre the sum over the measure's partners; None where the series has no whole for one of them in one of the years.
    """
    return _volume(_Series(case, domain, series), partner, year)


def _volume(of: _Series, partner: str, year: int) -> tuple[float | None, str]:
    if of.volumes is None:
        return None, ""
    amounts, count = of.volumes
    places = of.measure.partners if partner in of.case.theatres else (partner,)
    wholes = [
        amounts.cells.get(place, {}).get(y, {}).get(WHOLE)
        for place in places
        for y in range(year - count + 1, year + 1)
    ]
    known = [cell for cell in wholes if cell is not None]
    return (sum(cell.value for cell in known), known[0].unit) if known and len(known) == len(wholes) else (None, "")


def _is_published(years: Mapping[int, Mapping[str, Cell]]) -> bool:
    """Whether the figures are shares already."""
    return any(published(cell.unit) is not None for cells in years.values() for cell in cells.values())


def _is_complete(cells: Mapping[str, Cell]) -> bool:
    """Whether the actors of a year are all there are, so that one who is not listed had nothing."""
    if WHOLE not in cells:
        return False
    whole = cells[WHOLE].value
    return abs(sum(cell.value for actor, cell in cells.items() if actor != WHOLE) - whole) <= COMPLETE * whole


def _leader(case: Case, domain: str, host: str, shares: Sequence[Share]) -> Leader:
    ranked = sorted((s for s in shares if s.value is not None), key=lambda s: -s.numerator)
    whole = shares[0].denominator
    is_complete = shares[0].of == "all" and abs(sum(s.numerator for s in shares) - whole) <= COMPLETE * whole
    why = _nobody(case, domain, shares[0], ranked)
    first = None if why else ranked[0]
    return Leader(domain, host, first and first.actor, first, tuple(shares), is_complete, why)


def is_tie(one: float, other: float, whole: float) -> bool:
    """Whether two amounts differ by less than `TIE` of what is compared, so that neither can be said to lead.

    >>> is_tie(22.0, 22.1, 100.0), is_tie(20.6, 18.1, 100.0)
    (True, False)
    """
    return abs(one - other) < TIE * whole


def _nobody(case: Case, domain: str, of: Share, ranked: Sequence[Share]) -> str:
    """Why nobody leads; empty where somebody does."""
    if not ranked:
        return "nothing at all: zero of zero is no share"
    for least in case.settings.measures.positions[domain].least_volumes:
        if least.series == of.series and of.denominator < least.value:
            return f"{of.denominator:g} in all, below the least volume of {least.value:g}: {least.reason}"
    if len(ranked) < 2 or not is_tie(ranked[0].numerator, ranked[1].numerator, of.denominator):
        return ""
    first, second = (f"{actor_name(case.settings, one.actor)} {percent(one.value or 0.0, 1)}" for one in ranked[:2])
    return f"{first} and {second} are a tie"
