"""Numbers and sentences as the page prints them: rounded by their uncertainty, neutral, computed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from buckpass.case import Case
from buckpass.case.names import actor_name, in_a_sentence
from buckpass.case.problems import line_ranges
from buckpass.results.table import LEAST
from buckpass.results.words import minus, percent

CITED = 3  # sources of a figure by name
MOST_NAMED = 30  # sources of one figure of which some are named

__all__ = [
    "grouped_places",
    "name_of",
    "number",
    "portion",
    "source_line",
    "span",
    "spoken",
    "with_error",
    "with_interval",
    "years_of",
]


def number(value: float | None, digits: int = 2) -> str:
    """A number to so many significant digits, with a true minus sign; missing is a dash.

    >>> number(0.12345), number(-1234.5), number(None)
    ('0.12', '−1,234', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    places = 0 if value == 0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return minus(f"{value:,.{min(places, 6)}f}")


def portion(share: float, of: str = "them") -> str:
    """A share of draws or histories, in words where it rounds to all or to none: what is settled has no percentage to compare.

    >>> portion(0.764), portion(1.0), portion(0.999, "200 draws"), portion(0.0), portion(0.004)
    ('76 % of them', 'all of them', 'nearly all of 200 draws', 'none of them', 'hardly any of them')
    """
    shown = percent(share)
    words = {"100 %": "all" if share == 1 else "nearly all", "0 %": "none" if share == 0 else "hardly any"}
    return f"{words.get(shown, shown)} of {of}"


def grouped_places(places: Iterable[str]) -> str:
    """`file:line` places by file, neighbouring lines as one range.

    >>> grouped_places(["claims.toml:15", "responses.csv:2", "responses.csv:3", "responses.csv:9"])
    'claims.toml 15; responses.csv 2–3, 9'
    """
    files: dict[str, list[int]] = {}
    for place in places:
        file, _, line = place.rpartition(":")
        files.setdefault(file, []).append(int(line))
    return "; ".join(f"{file} {', '.join(line_ranges(lines))}" for file, lines in files.items())


def with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """`value (low to high)`, each to the decimals that the interval's width deserves; counts have none.

    >>> with_interval(0.51234, 0.4123, 0.6123), with_interval(4.0, 4.0, 12.0)
    ('0.51 (0.41 to 0.61)', '4 (4 to 12)')
    >>> with_interval(-0.0012, -0.0047, -0.000002)
    '−0.0012 (−0.0047 to just below 0)'
    >>> with_interval(0.0, 0.0, 0.000016), with_interval(0.0, -0.0002, 0.0001)
    ('below 0.001', 'within 0.001 of 0')
    """
    if value is None:
        return "–"
    if low is None or high is None or not math.isfinite(high - low) or high <= low:
        return number(value)
    if max(abs(value), abs(low), abs(high)) < LEAST:
        return f"below {LEAST}" if low >= 0 else f"within {LEAST} of 0"
    is_whole = all(float(v).is_integer() for v in (value, low, high))
    places = 0 if is_whole else min(6, max(0, 1 - math.floor(math.log10(high - low))))
    shown = [minus(f"{v:,.{places}f}") for v in (value, low, high)]
    if float(f"{high:.{places}f}") == 0 and high < 0:
        shown[2] = "just below 0"
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def with_error(value: float | None, error: float | None) -> str:
    """`value ± error`; what is compared with itself differs by 0, without an error.

    >>> with_error(-1.24, 0.51), with_error(0.0, 0.0), with_error(None, None)
    ('−1.2 ± 0.51', '0', '–')
    """
    return number(value) if not value and not error else f"{number(value)} ± {number(error)}"


def span(low: int | None, high: int | None) -> str:
    """A band of rungs: `2`, or `1–3`.

    >>> span(2, 2), span(0, 1), span(None, None)
    ('2', '0–1', '–')
    """
    if low is None or high is None:
        return "–"
    return str(low) if low == high else f"{low}–{high}"


def years_of(case: Case, crises: Iterable[str] | None = None) -> str:
    """The years in which these crises began, or those of the case: `1991–2025`."""
    chosen = case.crises if crises is None else case.crises.filter(case.crises["crisis_id"].is_in(list(crises)))
    began = chosen["start"].dt.year()
    first, last = case.settings.years if crises is None or began.is_empty() else (began.min(), began.max())
    return str(first) if first == last else f"{first}–{last}"


def name_of(case: Case, actor: str) -> str:
    """The full name of a power, host, organisation, theatre or state; any other id stays as it is."""
    return actor_name(case.settings, actor)


def spoken(case: Case, what: str) -> str:
    """The name of a power, host, organisation or theatre as it stands inside a sentence: the United States, the Sahel."""
    return in_a_sentence(name_of(case, what))


def source_line(case: Case, keys: Sequence[str]) -> str:
    """`Sources: Author (year); …` for a figure, the rest counted; of very many none is named, since the first are no better than the rest."""
    known = [case.sources[k] for k in dict.fromkeys(keys) if k in case.sources]
    if not known:
        return f"Source: the case {case.id}."
    if len(known) > MOST_NAMED:
        return f"Sources: {len(known):,}, each cited beside its row, and listed with the case."
    shown = "; ".join(f"{s.authors or s.key} ({s.year})" for s in known[:CITED])
    rest = len(known) - CITED
    return f"{'Sources' if len(known) > 1 else 'Source'}: {shown}{f'; and {rest} more' if rest > 0 else ''}."
