"""Who did how much, host by host and year by year: a small panel for each host, in which every crisis is a mark that opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from buckpass.case import Case
from buckpass.measured import Record
from buckpass.measured.responses import OWN
from buckpass.page.places import spread
from buckpass.page.theme import label_colours
from buckpass.page.wording import name_of, spoken, years_of
from buckpass.results.words import and_join, count_of, sentence

__all__ = ["ByHost", "HostPanel", "Mark", "by_host", "crisis_anchors"]

WIDTH, HEIGHT = 300.0, 42.0  # of a panel's plot
FEWEST_TO_HALVE = 6  # crises from which two halves of the time are compared
MOST_SHOWN, MOST_PANELS = 4, 24  # on the first screen; with those that are folded below
APART = 8.0  # pixels from mark to mark, as wide as a mark


@dataclass(frozen=True)
class Mark:
    """One crisis: where it stands, how high provider and rider went (None: nobody looked), and what is read aloud.

    at : the day on which it began, across the panel; x : where its mark stands, which is beside it where another would cover it.
    """

    anchor: str
    says: str
    at: float
    x: float
    provider: float | None
    rider: float | None
    wide: float = 0.0  # what it takes of the panel


@dataclass(frozen=True)
class HostPanel:
    """The crises of one host by start."""

    host: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class ByHost:
    """The panels with what is said of them. panels : those on the first screen; folded : those of the other hosts, which had no more crises.

    others : what the folded are called. years : (place, year) of the ticks; rungs : (place, rung) of the lines.
    """

    title: str
    note: str
    provider: str
    rider: str
    colours: tuple[str, str]
    panels: tuple[HostPanel, ...]
    folded: tuple[HostPanel, ...]
    others: str
    years: tuple[tuple[float, int], ...]
    rungs: tuple[tuple[float, int], ...]
    width: float = WIDTH
    height: float = HEIGHT


def crisis_anchors(case: Case) -> dict[str, str]:
    """An id of the page's own for each crisis, whatever stands in the record's."""
    return {crisis: f"crisis-{i}" for i, crisis in enumerate(case.crises["crisis_id"], start=1)}


def by_host(case: Case, record: Record) -> ByHost | None:
    """What rider and provider did in every crisis of the focus's theatre; None where it is known of no crisis."""
    focus, anchors = case.settings.focus, crisis_anchors(case)
    here = case.crises.filter(theatre=focus.theatre).sort("start")
    known = {
        (r["crisis"], r["actor"]): r["rung"] for r in record.responses.frame.drop_nulls("rung").iter_rows(named=True)
    }
    own = {
        (r["crisis"], r["actor"])
        for r in record.responses.frame.filter(pl.col("scope").is_in(OWN)).iter_rows(named=True)
    }
    pairs = {c: (known.get((c, focus.provider)), known.get((c, focus.rider))) for c in here["crisis_id"]}
    if not any(rung is not None for pair in pairs.values() for rung in pair):
        return None
    marks = {r["crisis_id"]: _mark(case, r, pairs[r["crisis_id"]], own, anchors) for r in here.iter_rows(named=True)}
    hosts = here.explode("host").group_by("host", maintain_order=True).agg("crisis_id").sort(
        pl.col("crisis_id").list.len(), descending=True, maintain_order=True
    )  # fmt: skip
    panels = [HostPanel(name_of(case, host), _apart([marks[c] for c in crises])) for host, crises in hosts.iter_rows()]
    first, last = case.settings.years
    left = f" {count_of(len(panels) - MOST_PANELS, 'host')} with no more crises not drawn." if len(panels) > MOST_PANELS else ""  # fmt: skip
    colours = label_colours(case)
    return ByHost(
        _title(case, here["crisis_id"].to_list(), pairs), f"n = {count_of(here.height, 'crisis', 'crises')}; one of several hosts stands with each."
        f"{left} Years: {years_of(case, here['crisis_id'])}. Unit: {case.ladder.scale}. Lines at {_lines(case)}. No interval: what was coded, whether for the "
        f"host or for ends of its own; its doubt is in the crisis, which a mark opens.{_aside(case, panels[:MOST_PANELS])}",
        name_of(case, focus.provider), name_of(case, focus.rider), (colours[focus.provider], colours[focus.rider]), tuple(panels[:MOST_SHOWN]),
        tuple(panels[MOST_SHOWN:MOST_PANELS]), _others(panels[MOST_SHOWN:MOST_PANELS]),
        tuple((_across(case, year), year) for year in sorted({first, (first + last) // 2, last})),
        tuple((_up(case, rung), rung) for rung in _lined(case)),
    )  # fmt: skip


def _others(folded: Sequence[HostPanel]) -> str:
    """How many more hosts, and how many crises each had; empty where there are none.

    >>> _others([HostPanel("Albania", (None,)), HostPanel("Serbia", (None,))])
    '2 more hosts, with 1 crisis each'
    """
    if not folded:
        return ""
    most, fewest = (len(folded[k].marks) for k in (0, -1))
    each = count_of(most, "crisis", "crises") if most == fewest else f"{fewest} to {count_of(most, 'crisis', 'crises')}"
    return f"{count_of(len(folded), 'more host')}, with {each}{' each' if len(folded) > 1 else ''}"


def _lined(case: Case) -> list[int]:
    """The rungs that have a line: silence, the first that is more than words, the first deployment."""
    return sorted({0, case.rungs.beyond_words, case.rungs.deployment})


def _lines(case: Case) -> str:
    return and_join(f"{rung} ({case.ladder.names[rung]})" for rung in _lined(case))


def _mark(
    case: Case,
    crisis: Mapping,
    pair: tuple[int | None, int | None],
    own: set[tuple[str, str]],
    anchors: Mapping[str, str],
) -> Mark:
    start, focus = crisis["start"], case.settings.focus
    did = [
        f"{name_of(case, power)} {'not looked for' if rung is None else rung}"
        f"{' (not for the host)' if (crisis['crisis_id'], power) in own else ''}"
        for power, rung in zip((focus.provider, focus.rider), pair, strict=True)
    ]
    provider, rider = (None if rung is None else _up(case, rung) for rung in pair)
    says = f"{crisis['name']}, {start.year}: {', '.join(did)}"
    at = _across(case, start.year + start.timetuple().tm_yday / 366)
    return Mark(anchors[crisis["crisis_id"]], says, at, at, provider, rider)


def _apart(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Marks by time, moved aside where one would cover the next, within the panel."""
    gap = min(APART, WIDTH / len(marks))
    places = spread([one.at for one in marks], gap, 0.0, WIDTH)
    return tuple(replace(one, x=round(x, 1), wide=round(gap, 1)) for one, x in zip(marks, places, strict=True))


def _aside(case: Case, panels: Sequence[HostPanel]) -> str:
    """By how much marks stand beside their dates; empty where none does by a tenth of a year."""
    first, last = case.settings.years
    most = max(abs(one.x - one.at) for panel in panels for one in panel.marks) / WIDTH * (last + 1 - first)
    said = (
        f" A mark that another would cover stands aside, by up to {most:.1f} years; the stroke below leads to its date."
    )
    return said if most >= 0.05 else ""


def _across(case: Case, year: float) -> float:
    first, last = case.settings.years
    return round(WIDTH * (year - first) / (last + 1 - first), 1)


def _up(case: Case, rung: int) -> float:
    return round(HEIGHT * (1 - rung / case.rungs.top), 1)


def _title(case: Case, crises: list[str], pairs: Mapping[str, tuple[int | None, int | None]]) -> str:
    """In how many crises the provider went further, in the first half of them and in the second."""
    both = [(c, a, b) for c in crises for a, b in [pairs[c]] if a is not None and b is not None]
    provider, rider = (spoken(case, one) for one in (case.settings.focus.provider, case.settings.focus.rider))
    if not both:
        return f"In no crisis is it known both what {provider} and what {rider} did"
    half = (len(both) + 1) // 2 if len(both) >= FEWEST_TO_HALVE else len(both)

    def further(part: list) -> str:
        ids = [c for c, _, _ in part]
        return (
            f"in {sum(a > b for _, a, b in part)} of {count_of(len(part), 'crisis', 'crises')} ({years_of(case, ids)})"
        )

    later = f", then {further(both[half:])}" if half < len(both) else ""
    return f"{sentence(provider)} went further than {rider} {further(both[:half])}{later}"
