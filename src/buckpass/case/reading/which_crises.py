"""Which crises a claim counts, and whether an act was as a condition says: the one language of conditions of the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

import polars as pl

from buckpass.case.case import Case
from buckpass.case.coded import Phase
from buckpass.case.reading.cells import parse_beginning
from buckpass.results.words import and_join

__all__ = ["Truth", "act_in", "counted", "counting", "in_words", "met", "nobody_looked", "truth_of", "wording"]

Truth = Literal["true", "false", "doubt"]
Said = Mapping[str, Any]
Act = Mapping[str, Any]
BOUNDS, WORDS = ("at_least", "at_most", "equals"), ("stance", "scope")


def counted(case: Case, given: Said) -> dict[str, tuple[Truth, bool]]:
    """The crises that a claim may count: of each whether it does over all bands, and whether it does as coded.

    given : `theatre` (one or several), `hosts` (of which one is of the crisis), `years` in which it began (first, last), `where`
    (conditions, all of which hold); what is not given leaves nothing out. Crises that cannot count are left out.
    """
    first, last = given.get("years", (0, 9999))
    theatres, hosts = (several(given[name]) if name in given else None for name in ("theatre", "hosts"))
    found = {}
    for crisis in case.crises.select("crisis_id", "theatre", "host", "start").iter_rows(named=True):
        is_there = theatres is None or crisis["theatre"] in theatres
        is_of_them = hosts is None or bool({*hosts} & {*crisis["host"]})
        if is_there and is_of_them and first <= crisis["start"].year <= last:
            counts = met(case, given.get("where", ()), crisis["crisis_id"])
            if counts[0] != "false":
                found[crisis["crisis_id"]] = counts
    return found


def counting(case: Case, rows: pl.DataFrame, given: Said) -> pl.DataFrame:
    """Rows of `Case.coded` in crises that may count, each with whether its crisis counts as coded, and for certain."""
    crises = counted(case, given)
    rows = rows.filter(pl.col("crisis").is_in(list(crises)))
    return rows.with_columns(
        pl.Series("counts_surely", [crises[c][0] == "true" for c in rows["crisis"]], dtype=pl.Boolean),
        pl.Series("counts", [crises[c][1] for c in rows["crisis"]], dtype=pl.Boolean),
    )


def met(case: Case, conditions: Iterable[Said], crisis: str) -> tuple[Truth, bool]:
    """Whether a crisis meets every condition: over the bands, in doubt where nobody looked; and as coded."""
    over_bands, as_coded = [], []
    for one in conditions:
        over_bands.append(truth_of(case, one, one["actor"], crisis))
        as_coded.append(truth_of(case, one, one["actor"], crisis, as_coded=True) == "true")
    truth: Truth = "false" if "false" in over_bands else "doubt" if "doubt" in over_bands else "true"
    return truth, all(as_coded)


def truth_of(case: Case, said: Said, actor: str, crisis: str, as_coded: bool = False) -> Truth:
    """Whether what an actor did in a crisis was as said: rung, stance, scope, before whom it acted; and the host closed to it."""
    row = case.crisis(crisis) if "closed" in said else {}
    if row and (case.closed_to(actor, row["host"], row["start"]) is not None) != said["closed"]:
        return "false"
    if not {*said} & {*BOUNDS, *WORDS, "before"}:
        return "true"
    act = act_in(case, actor, crisis, as_coded, said.get("phase", "furthest"), said.get("direction", "for"))
    if act is None:
        return "doubt"
    tests = [_in_bounds(said, act["low"], act["high"])] + [_word(act, w, said[w]) for w in WORDS if w in said]
    if "before" in said:
        tests.append(_came_before(act, act_in(case, said["before"], crisis, as_coded)))
    return "false" if "false" in tests else ("doubt" if "doubt" in tests else "true")


def act_in(
    case: Case, actor: str, crisis: str, as_coded: bool = False, phase: Phase = "furthest", direction: str = "for"
) -> Act | None:
    """What an actor did in a crisis, as `Case.acts` has it (or with its rung for its band); None where nobody looked."""
    kept = f"acts {phase} {direction}"
    if kept not in case.derived:
        rows = case.acts(phase, direction)
        case.derived[kept] = {(row["actor"], row["crisis"]): row for row in rows.iter_rows(named=True)}
    act = case.derived[kept].get((actor, crisis))
    if act is None or act["rung"] is None:
        return None
    return {**act, "low": act["rung"], "high": act["rung"]} if as_coded else act


def wording(said: Said) -> str:
    """A condition in words, with its actor where it names one."""
    what = "step" if said.get("direction") == "against" else "rung"
    parts = [f"{what} {name.replace('_', ' ')} {said[name]}" for name in BOUNDS if name in said]
    parts += ["against its government"] if "against" in said.get("direction", "") else []
    parts += [f"in its {said['phase']} phase"] if said.get("phase", "furthest") != "furthest" else []
    parts += [f"{name} {said[name]}" for name in WORDS if name in said]
    parts += [f"before {said['before']}"] if "before" in said else []
    parts += [f"host {'closed' if said['closed'] else 'open'} to it"] if "closed" in said else []
    return " ".join(filter(None, [said.get("actor", ""), ", ".join(parts)]))


def in_words(given: Said) -> str:
    """Which crises are counted, as it follows the name of a number: ", 2017–2024, in MLI or NER, where FRA rung at most 4"."""
    when = "".join(f", {first}–{last}" for first, last in [given["years"]]) if "years" in given else ""
    place = f", in {' or '.join(several(given['hosts']))}" if "hosts" in given else ""
    return when + place + (f", where {and_join(map(wording, given['where']))}" if "where" in given else "")


def nobody_looked(given: Said) -> str:
    """What is said where no crisis counts in which somebody looked for the act of the claim's actor."""
    towards = "act against the government" if given.get("direction") == "against" else "response"
    return f"no crisis counts in which somebody looked for the {towards} of {given['actor']}{in_words(given)}"


def several(names: str | Iterable[str]) -> list[str]:
    """The names where one may stand by itself."""
    return [names] if isinstance(names, str) else list(names)


def _in_bounds(said: Said, low: int, high: int) -> Truth:
    least = said.get("equals", said.get("at_least", 0))
    most = said.get("equals", said.get("at_most", high))
    if least <= low and high <= most:
        return "true"
    return "false" if high < least or low > most else "doubt"


def _word(act: Act, name: str, wanted: str) -> Truth:
    """Whether a word of the row is the wanted one; where nothing was found, what was not found had words of its own."""
    seen = act[name]
    if seen == "unknown" or (seen == "none" and act["basis"] == "absence"):
        return "doubt"
    return "true" if seen == wanted else "false"


def _came_before(act: Act, other: Act | None) -> Truth:
    """Whether an act began before another. Who did nothing came after everybody who did something.

    In doubt where a date is missing or too coarse to tell, and where a band leaves open whether there was an act. Acts that
    began on one day began together, and neither before the other.
    """
    if other is None:
        return "doubt"
    if act["high"] == 0:
        return "false"
    if other["high"] == 0:
        return "true" if act["low"] > 0 else "doubt"
    own, theirs = _beginning(act), _beginning(other)
    if own is None or theirs is None or (own[1] >= theirs[0] and own[0] < theirs[1]):
        return "doubt"
    if own[1] < theirs[0]:
        return "true" if act["low"] > 0 else "doubt"
    return "false" if other["low"] > 0 else "doubt"


def _beginning(act: Act) -> tuple[date, date] | None:
    """The earliest and the latest day on which an act can have begun, over its coders."""
    spans = [parse_beginning(text) for text in act["dates"]]
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None
