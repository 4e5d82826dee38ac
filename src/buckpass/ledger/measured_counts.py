"""Claims about how often and how much, without a chance model: counts of crises or hosts, and shares of the burden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.case.coded import sources_of
from buckpass.case.ladder import MOST_RUNGS
from buckpass.case.reading.which_crises import act_in, counted, counting, in_words, nobody_looked
from buckpass.ledger.finding import CannotCompute, Finding, Question, as_expected, places_of, up_to
from buckpass.results.words import percent

__all__ = ["burden_share", "count"]


def count(question: Question) -> Finding:
    """In how many crises, or in crises of how many hosts, an actor's rung lay in a range.

    The least counts what is certain over every band and condition; the most also what bands leave open and the crises in
    which nobody looked for the actor, because missing is not zero. Where nobody looked at all, or no crisis counts, it is no
    number.
    """
    case, given = question.case, question.parameters
    hosts, towards = _hosts_there(case, given), given.get("direction", "for")
    standing = {crisis: _reached(case, given, crisis, counts) for crisis, counts in counted(case, given).items()}
    unsearched = [c for c in standing if act_in(case, given["actor"], c, direction=towards) is None]
    if len(unsearched) == len(standing):
        raise CannotCompute(nobody_looked(given))
    chosen = {how: [c for c, s in standing.items() if s[how]] for how in ("coded", "surely", "possibly")}
    by_host = given.get("by", "crises") == "hosts"
    sets = {how: {h for c in crises for h in hosts[c]} if by_host else {*crises} for how, crises in chosen.items()}
    low, value, high = (len(sets[how]) for how in ("surely", "coded", "possibly"))
    rows = case.acts(direction=towards).filter(
        (pl.col("actor") == given["actor"]) & pl.col("crisis").is_in(chosen["possibly"]) & pl.col("rung").is_not_null()
    )
    named = sorted(sets["coded"])
    return Finding(
        value=value, low=low, high=high, n=len(standing), **_certain(question, value, low, high),
        unit=f"{'hosts' if by_host else 'crises'} with {'step' if towards == 'against' else 'rung'} {given['at_least']}{up_to(given)}{in_words(given)}",
        reason=f"{value} of {len({h for c in standing for h in hosts[c]} if by_host else standing)} as coded"
        + (f": {', '.join(named[:8])}{' and more' if len(named) > 8 else ''}" if named else ""),
        turns_on=_turns_on([*dict.fromkeys([*unsearched, *(c for c in chosen["possibly"] if c not in chosen["surely"])])]),
        sources=sources_of(rows["sources"]), places=places_of("responses.csv", rows),
        detail={"counted": named, "in_doubt": sorted(sets["possibly"] - sets["surely"]), "unsearched": unsearched},
    )  # fmt: skip


def burden_share(question: Question) -> Finding:
    """A power's share of what some powers bore together: the ladder's cost of each rung, summed over crises.

    Counted are crises in which somebody looked for each of them, since a share of what is known of some would be too large.
    Who fights in a crisis bears none of its burden. The least and the most take every band, and every crisis of which a
    condition is in doubt, against the power's share and for it.
    """
    case, given = question.case, question.parameters
    among = list(dict.fromkeys(given.get("among", case.powers)))
    if given["power"] not in among:
        among = [given["power"], *among]
    rows = counting(case, case.coded.filter(pl.col("actor").is_in(among) & pl.col("rung").is_not_null()), given)
    crises = [_borne(case, given["power"], of) for _, of in rows.group_by("crisis", maintain_order=True)
              if of.height == len(among)]  # fmt: skip
    parts = {
        how: [(c["counts"], c["counts_surely"], c[f"own_{a}"], c[f"others_{b}"]) for c in crises]
        for how, a, b in (("coded", "rung", "rung"), ("low", "low", "high"), ("high", "high", "low"))
    }
    value = _share([(own, others) for counts, _, own, others in parts["coded"] if counts])
    if value is None:
        raise CannotCompute(f"no crisis there has a coded act that cost something of {', '.join(among)}, all looked up")
    low, high = (_furthest(parts[how], how) for how in ("low", "high"))
    left = rows["crisis"].n_unique() - len(crises)
    return Finding(
        value=value, low=min(low, value), high=max(high, value), n=sum(c["counts"] for c in crises),
        **_certain(question, value, low, high), unit=f"share of what {', '.join(among)} bore" + in_words(given),
        reason=f"{percent(value)} of the ladder's cost of all rungs taken",
        turns_on="the ladder's cost of a rung, which the case sets"
        + (f"; {left} crises are left out, where nobody looked for one of them" if left else ""),
        sources=sources_of(rows["sources"]), places=places_of("responses.csv", rows),
        detail={"crises": [c["crisis"] for c in crises if c["counts"]], "left_out": left},
    )  # fmt: skip


def _hosts_there(case: Case, given: Mapping[str, Any]) -> dict[str, set[str]]:
    """The hosts of every crisis, of those that the claim names where it names some."""
    named = {given["hosts"]} if isinstance(given.get("hosts"), str) else {*given.get("hosts", case.hosts)}
    return {crisis: named & {*hosts} for crisis, hosts in case.crises.select("crisis_id", "host").iter_rows()}


def _reached(case: Case, given: Mapping[str, Any], crisis: str, counts: tuple[str, bool]) -> dict[str, bool]:
    act = act_in(case, given["actor"], crisis, direction=given.get("direction", "for"))
    if act is None:
        return {"coded": False, "surely": False, "possibly": True}
    least, most = given["at_least"], given.get("at_most", MOST_RUNGS)
    return {
        "coded": counts[1] and least <= act["rung"] <= most,
        "surely": counts[0] == "true" and least <= act["low"] and act["high"] <= most,
        "possibly": act["high"] >= least and act["low"] <= most,
    }


def _certain(question: Question, value: float, low: float, high: float) -> dict[str, Any]:
    """What a number without chance says of an expectation: 1 or 0 as coded, and over every doubt."""
    held = as_expected(question.expect, np.array([value, low, high], dtype=float)).astype(float)
    return {"probability": float(held[0]), "doubt": (float(held.min()), float(held.max()))}


def _borne(case: Case, power: str, rows: pl.DataFrame) -> dict[str, Any]:
    """What a power and the others bore in one crisis, at the rungs as coded and at both ends of the bands."""
    borne: dict[str, Any] = {name: rows[name][0] for name in ("crisis", "counts", "counts_surely")}
    for end in ("rung", "low", "high"):
        cost = [
            0.0 if scope == "belligerent" else case.ladder.cost[rung]
            for rung, scope in rows.select(end, "scope").rows()
        ]
        is_own = (rows["actor"] == power).to_list()
        borne[f"own_{end}"] = sum(c for c, own in zip(cost, is_own, strict=True) if own)
        borne[f"others_{end}"] = sum(c for c, own in zip(cost, is_own, strict=True) if not own)
    return borne


def _share(parts: Sequence[tuple[float, float]]) -> float | None:
    own, whole = sum(o for o, _ in parts), sum(o + others for o, others in parts)
    return own / whole if whole else None


def _furthest(crises: Sequence[tuple[bool, bool, float, float]], end: str) -> float:
    """The least (or most) share: of crises that count for certain, and of those in doubt as many as push it there."""
    chosen = [(own, others) for _, surely, own, others in crises if surely]
    doubtful = [(own, others) for _, surely, own, others in crises if not surely and own + others > 0]
    for part in sorted(doubtful, key=lambda p: p[0] / (p[0] + p[1]), reverse=end == "high"):
        now, then = _share(chosen), _share([*chosen, part])
        if now is None or (then is not None and (then < now if end == "low" else then > now)):
            chosen.append(part)
    found = _share(chosen)
    return (0.0 if end == "low" else 1.0) if found is None else found


def _turns_on(crises: Sequence[str]) -> str:
    if not crises:
        return "on nothing in doubt: every code and condition holds over its whole band"
    return f"on crises in doubt or not looked up: {', '.join(crises[:6])}" + (
        f" and {len(crises) - 6} more" if len(crises) > 6 else ""
    )
