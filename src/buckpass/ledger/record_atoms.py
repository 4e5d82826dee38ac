"""Claims that are conjunctions of statements about coded rows and sourced facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from buckpass.case import Case, UnknownName
from buckpass.case.catalogue import state_codes
from buckpass.case.claim_parameters import Statement
from buckpass.case.reading.reach import eligible_crises
from buckpass.case.reading.which_crises import Truth, act_in, counted, in_words, truth_of, wording
from buckpass.ledger.finding import CannotCompute, Finding, Outcome, Question, places_at
from buckpass.results.words import and_join

__all__ = ["Atom", "atoms", "judged", "truth_of_all"]

KNOWN = frozenset(Statement.model_fields)


@dataclass(frozen=True)
class Atom:
    """One statement with its truth: in doubt where the band straddles it, nobody looked, or sources differ.

    rests_on : what makes it true where no text that was read does: "absence" (looked for, nothing found: a band of 0 to 1, over
    all of which it holds) or "recalled"; else empty.
    """

    text: str
    truth: Truth
    seen: str
    basis: str
    sources: tuple[str, ...]
    note: str = ""
    places: tuple[str, ...] = ()
    rests_on: str = ""


def atoms(question: Question) -> Finding:
    """The share of a claim's statements that are true, with each listed; other readings of the sentence beside it."""
    stated = judged(question.case, question.parameters["atoms"])
    outcome = truth_of_all(stated)
    count = {truth: sum(a.truth == truth for a in stated) for truth in ("true", "false", "doubt")}
    n = len(stated)
    readings = [_reading(question.case, r) for r in question.parameters.get("readings", ())]
    return Finding(
        value=count["true"] / n,
        low=count["true"] / n,
        high=(count["true"] + count["doubt"]) / n,
        unit="share of statements that are true",
        n=n,
        decided=outcome,
        reason=f"{count['true']} of {n} statements true, {count['false']} false, {count['doubt']} in doubt{_unread(stated)}",
        turns_on=_turns_on(stated, [r for r in readings if r["verdict"] != outcome]),
        sources=tuple(dict.fromkeys(s for a in stated for s in a.sources)),
        places=tuple(dict.fromkeys(place for a in stated for place in a.places)),
        detail={"atoms": [a.__dict__ for a in stated], "readings": readings},
    )


def judged(case: Case, stated: Iterable[Mapping[str, Any]]) -> list[Atom]:
    """Every statement judged against the case; one about a theatre becomes one per crisis that counts there, in doubt where
    nobody looked. One that is about no crisis makes the claim impossible to compute: it would be true of nothing."""
    return [atom for entry in stated for atom in _judge(case, entry)]


def truth_of_all(stated: Sequence[Atom]) -> Outcome:
    """All true: supported. Some false: partly if any is true, else contradicted. None false and some in doubt: undecided."""
    truths = {a.truth for a in stated}
    if "false" in truths:
        return "partly" if "true" in truths else "contradicted"
    return "supported" if truths == {"true"} else "undecided"


def _judge(case: Case, entry: Mapping[str, Any]) -> list[Atom]:
    if unknown := set(entry) - KNOWN:
        raise CannotCompute(f"a statement has {sorted(unknown)}, which is not known; it may have {sorted(KNOWN)}")
    if "fact" in entry:
        return [_fact(case, entry)]
    if "series" in entry:
        return [_figure(case, entry)]
    actors = list(entry["any_of"]) if "any_of" in entry else [entry["actor"]]
    for actor in actors:
        _known_actor(case, actor)
    if "crisis" in entry:
        case.crisis(entry["crisis"])
        return [_about_crisis(case, entry, actors, entry["crisis"], "true")]
    case.theatre(entry["theatre"])
    counts = counted(case, entry)
    could = _could_act(case, actors, counts)
    if not could:
        about = wording({name: value for name, value in entry.items() if name != "actor"})
        raise CannotCompute(
            f"no crisis of {entry['theatre']}{in_words(entry)} counts for {' or '.join(actors)}: {about}"
        )
    return [_about_crisis(case, entry, of, crisis, counts[crisis][0]) for crisis, of in could.items()]


def _known_actor(case: Case, actor: str) -> None:
    if actor in case.powers or actor in case.organisations:  # nearly all: the rows are not read for them
        return
    coded = {*case.coded["actor"], *case.acts(direction="against")["actor"]}
    known = {*coded, *case.powers, *case.hosts, *case.organisations, *state_codes()}
    if actor not in known:
        raise UnknownName("actor", actor, known)


def _could_act(case: Case, actors: Sequence[str], crises: Iterable[str]) -> dict[str, list[str]]:
    """Of whom a statement about a theatre speaks in each of its crises: of organisations where a host was then a member, of
    everybody else everywhere, whether or not somebody looked; crises in which it speaks of nobody are left out."""
    reached = {a: {*eligible_crises(case, a, "membership")} for a in actors if a in case.organisations}
    could = {crisis: [a for a in actors if a not in reached or crisis in reached[a]] for crisis in crises}
    return {crisis: of for crisis, of in could.items() if of}


def _about_crisis(case: Case, entry: Mapping[str, Any], actors: Sequence[str], crisis: str, counts: Truth) -> Atom:
    """One statement in one crisis; where it is in doubt that the crisis counts, what is false of it is in doubt."""
    truths = [truth_of(case, entry, actor, crisis) for actor in actors]
    truth = "true" if "true" in truths else ("doubt" if "doubt" in truths or counts == "doubt" else "false")
    which = (False, entry.get("phase", "furthest"), entry.get("direction", "for"))
    acts = {actor: act_in(case, actor, crisis, *which) for actor in actors}
    if "before" in entry:
        acts[entry["before"]] = act_in(case, entry["before"], crisis)
    known = [act for act in acts.values() if act is not None]
    holding = [acts[a] for a, of in zip(actors, truths, strict=True) if of == "true"]
    said = {name: value for name, value in entry.items() if name != "actor"}
    return Atom(
        text=f"{' or '.join(actors)} in {crisis}: {wording(said)}",
        truth=truth,
        seen="; ".join(
            _seen(actor, act, "before" in entry, "step" if which[2] == "against" else "rung")
            for actor, act in acts.items()
        ),
        basis=", ".join(dict.fromkeys(act["basis"] for act in known)) or "unsearched",
        sources=tuple(dict.fromkeys(s for act in known for s in act["sources"])),
        note=entry.get("note", ""),
        places=places_at("responses.csv", [line for act in known for line in act["lines"]]),
        rests_on=_weakest(holding, acts.get(entry.get("before", ""))),
    )


def _weakest(holding: Sequence[Mapping[str, Any] | None], other: Mapping[str, Any] | None) -> str:
    """What a true statement rests on where none of the acts that make it true was read, or that which it came before was not."""
    bases = [{one["basis"] for one in (act, other) if one is not None} for act in holding]
    return next((b for b in ("absence", "recalled") if bases and all(b in of for of in bases)), "")


def _fact(case: Case, entry: Mapping[str, Any]) -> Atom:
    sources = tuple(entry.get("sources", ()))
    holds = entry.get("holds")
    truth: Truth = "true" if holds is True else ("false" if holds is False else "doubt")
    seen = {True: "holds", False: "does not hold"}.get(holds, "contested")  # type: ignore[arg-type]
    read = [s for s in sources if s in case.sources]
    if sources and not read:
        truth, seen = "doubt", f"{seen}, but no source of it was read"
    return Atom(entry["fact"], truth, seen, "source", sources, entry.get("note", ""))


def _figure(case: Case, entry: Mapping[str, Any]) -> Atom:
    """Whether a figure of a series is more than a number, or than another actor's in the same year."""
    series, actor, partner, beyond = (entry.get(name) for name in ("series", "actor", "partner", "more_than"))
    rows = case.series.filter(pl.col("series") == series).drop_nulls("value")
    rows = rows if partner is None else rows.filter(pl.col("partner") == partner)
    own = rows.filter(pl.col("actor") == actor)
    other = rows.filter(pl.col("actor") == beyond) if isinstance(beyond, str) else None
    if other is not None:
        own = own.filter(pl.col("year").is_in(other["year"].implode()))
    own = own.sort("year").tail(1) if "year" not in entry else own.filter(pl.col("year") == entry["year"])
    about = " ".join(filter(None, (series, actor, partner, str(entry.get("year", "")))))
    if own.height != 1:
        raise CannotCompute(f"{own.height or 'no'} figures of {about}, where one is needed: give partner and year")
    used = own if other is None else pl.concat([own, other.filter(pl.col("year") == own["year"][0])])
    value, least = own["value"][0], beyond if other is None else used["value"][1]
    unit, year = own["unit"][0], own["year"][0]
    return Atom(
        text=f"{case.series_name(entry['series'])} of {actor}{f' with {partner}' if partner else ''}, {year}: more than {beyond}",
        truth="true" if value > least else "false",
        seen=f"{value:g} against {least:g} {unit}" if other is not None else f"{value:g} {unit}",
        basis="series",
        sources=tuple(dict.fromkeys(used["source_id"].explode())),
        note=entry.get("note", ""),
        places=places_at("series.csv", used["line"].to_list()),
    )


def _seen(actor: str, act: Mapping[str, Any] | None, with_dates: bool, what: str = "rung") -> str:
    if act is None:
        return f"{actor}: nobody looked"
    band = f" ({act['low']}–{act['high']})" if act["low"] != act["high"] else ""
    when = f", {and_join(act['dates']) or 'without a date'}" if with_dates else ""
    stance = "stance unknown" if act["stance"] == "unknown" else act["stance"]
    return f"{actor}: {what} {act['rung']}{band}, {stance}{when}"


def _reading(case: Case, entry: Mapping[str, Any]) -> dict[str, Any]:
    stated = judged(case, entry["atoms"])
    return {
        "label": entry["label"],
        "verdict": truth_of_all(stated),
        "true": sum(a.truth == "true" for a in stated),
        "n": len(stated),
        "atoms": [a.__dict__ for a in stated],
    }


def _turns_on(stated: Sequence[Atom], otherwise: Sequence[Mapping[str, Any]]) -> str:
    """What would change the verdict: statements that are false or in doubt, and readings of the sentence that give another."""
    words = and_join(f"as “{r['label']}” it is {r['verdict']}" for r in otherwise)
    read = f"how the sentence is read: {words}" if words else ""
    wrong = [a for a in stated if a.truth == "false"]
    open_ = [a for a in stated if a.truth == "doubt"]
    if wrong:
        return f"it would need: {_listed(wrong)}" + (f"; it turns on {read}" if read else "")
    if open_:
        return f"on {_listed(open_)}" + (f"; and on {read}" if read else "")
    weak = _resting(stated)
    held = f"statements that no text bears: {and_join(weak)}, of {len(stated)}" if weak else ""
    if read or held:
        return f"on {'; and on '.join(filter(None, (read, held)))}"
    return "on no doubtful row: every statement holds over its whole band"


def _resting(stated: Sequence[Atom]) -> list[str]:
    """How many true statements hold without a text that was read, by what they rest on instead."""
    how = {"absence": "because nothing was found", "recalled": "from memory"}
    count = {of: sum(a.truth == "true" and a.rests_on == of for a in stated) for of in how}
    return [f"{n} {how[of]}" for of, n in count.items() if n]


def _unread(stated: Sequence[Atom]) -> str:
    resting = and_join(_resting(stated))
    return f"; of the true ones {resting}" if resting else ""


def _listed(stated: Sequence[Atom]) -> str:
    return "; ".join(f"{a.text} [{a.seen}]" for a in stated[:4]) + _more(stated, 4)


def _more(atoms_: Sequence[Atom], shown: int) -> str:
    return f" and {len(atoms_) - shown} more" if len(atoms_) > shown else ""
