"""One card per crisis: what happened, who was asked, who did what, what the model expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.case import Case
from buckpass.measured.responses import askers_table
from buckpass.page.results import ReportResults
from buckpass.page.theme import Figure
from buckpass.page.wording import name_of, number, span, with_interval
from buckpass.results.words import and_join, percent

if TYPE_CHECKING:
    from buckpass.page.what_ifs import CardWhatIf

__all__ = ["CardRow", "CrisisCard", "crisis_cards"]

SCOPE_WORDS = {
    "host_support": "for the host", "own_assets": "own people or assets", "own_claim": "own claim",
    "belligerent": "belligerent", "none": "", "unknown": "",
}  # fmt: skip


@dataclass(frozen=True)
class CardRow:
    """What one actor did, in words, and what the model expected of it."""

    name: str
    rung: int | None
    rung_name: str
    band: str
    basis: str
    manner: str
    detail: str
    sources: tuple[str, ...]
    expected: str = ""
    p_band: str = ""
    full: str = ""  # of an organisation, which is shown by its short name


@dataclass(frozen=True)
class CrisisCard:
    """One crisis in words."""

    id: str
    theatre: str
    name: str
    where: str
    when: str
    facts: tuple[tuple[str, str], ...]
    summary: str
    sources: tuple[str, ...]
    rows: tuple[CardRow, ...]
    unsearched: str
    figure: Figure | None
    what_ifs: tuple[CardWhatIf, ...] = ()


def crisis_cards(case: Case, results: ReportResults) -> tuple[CrisisCard, ...]:
    """The cards of all crises by start; those of the focus's theatre have a figure where there is a fit."""
    coded = case.coded.partition_by("crisis", as_dict=True)
    beside = _beside_the_ladder(case)
    return tuple(
        _card(case, results, crisis, coded.get((crisis["crisis_id"],)), beside.get(crisis["crisis_id"], []))
        for crisis in case.crises.sort("start").iter_rows(named=True)
    )


def _card(
    case: Case, results: ReportResults, crisis: dict[str, Any], responses: pl.DataFrame | None, beside: list[tuple[str, str]]
) -> CrisisCard:  # fmt: skip
    rows = [] if responses is None else responses.to_dicts()
    rank = {a: i for i, a in enumerate([*case.powers, *case.organisations])}
    known = sorted((r for r in rows if r["rung"] is not None), key=lambda r: rank.get(r["actor"], len(rank)))
    missing = [
        name_of(case, r["actor"]) + (" (proposed by machine)" if r["basis"] == "machine" else "")
        for r in rows if r["rung"] is None
    ]  # fmt: skip
    end = crisis["end"].isoformat() if crisis["end"] else "open"
    return CrisisCard(
        id=crisis["crisis_id"], theatre=crisis["theatre"], name=crisis["name"],
        where=and_join(name_of(case, h) for h in crisis["host"]), when=f"{crisis['start'].isoformat()} to {end}",
        facts=tuple((k, v) for k, v in (*_facts(case, crisis), *beside) if v), summary=crisis["summary"] or "",
        sources=tuple(crisis["source_id"]), rows=tuple(_row(case, results, crisis["crisis_id"], r) for r in known),
        unsearched=and_join(missing), figure=_figure(case, results, crisis),
        what_ifs=results.model.what_ifs.get(crisis["crisis_id"], ()) if results.model else (),
    )  # fmt: skip


def _facts(case: Case, crisis: dict[str, Any]) -> list[tuple[str, str]]:
    asked = {True: "yes", False: "no", None: "not known"}[crisis["help_requested"]]
    if crisis["help_requested"]:
        asked = crisis["asked_text"] or and_join(name_of(case, a) for a in crisis["asked"])
    day = crisis["request_date"]
    return [
        ("Kind", crisis["type"].replace("_", " ")),
        ("Deaths", _deaths(crisis)),
        ("Severity", f"{number(crisis['severity'])} (0 to 1): {crisis['threat_reason']}"),
        ("Asked for help", f"{asked}{f' ({day})' if day and crisis['help_requested'] else ''}"),
        ("Answer", crisis["request_answer"] or ""),
    ]


def _beside_the_ladder(case: Case) -> dict[str, list[tuple[str, str]]]:
    """By crisis, what its row of rungs cannot hold: several askers, closed doors, how phases ended, who acted for a power, acts against."""
    found: dict[str, list[tuple[str, str]]] = {}

    def add(label: str, frame: pl.DataFrame, said: Callable[[dict[str, Any]], str]) -> None:
        for (crisis,), of in frame.group_by("crisis", maintain_order=True):
            found.setdefault(str(crisis), []).append((label, "; ".join(map(said, of.iter_rows(named=True)))))

    several = askers_table(case).frame.filter(pl.len().over("crisis") > 1)
    add("Who asked", several, lambda r: f"{r['name'] or r['government']} asked {and_join(name_of(case, a) for a in r['asked']) or 'nobody'}"
        + (" (this counts)" if r["counts"] else ""))  # fmt: skip
    for crisis in case.crises.iter_rows(named=True) if case.settings.access else ():
        shut = [name_of(case, p) for p in case.powers if case.closed_to(p, crisis["host"], crisis["start"])]
        if shut:
            found.setdefault(crisis["crisis_id"], []).append(("Closed to", and_join(shut)))
    rungs, known = case.ladder.names, case.coded.drop_nulls("rung")
    last = case.acts("last").select("crisis", "actor", pl.col("rung").alias("ended"))
    ended = known.join(last, on=["crisis", "actor"], maintain_order="left").filter(pl.col("ended") < pl.col("rung"))
    add("In the last phase", ended, lambda r: f"{name_of(case, r['actor'])} {r['ended']} {rungs[r['ended']]}")
    sponsors = {a.id: a.sponsor for a in case.settings.actors if a.sponsor and a.kind in case.settings.sponsored}
    acted = known.filter(pl.col("actor").is_in(list(sponsors)))
    add(
        "Counted for a power too",
        acted,
        lambda r: f"{name_of(case, r['actor'])} for {name_of(case, sponsors[r['actor']])}",
    )
    steps, against = case.settings.against.names, case.acts(direction="against").drop_nulls("rung")
    add("Against the government", against, lambda r: f"{name_of(case, r['actor'])} {steps[r['rung']]}")
    return found


def _deaths(crisis: dict[str, Any]) -> str:
    if crisis["deaths_best"] is None:
        return "not known"
    low, high = (crisis[f"deaths_{end}"] for end in ("low", "high"))
    band = f" ({f'{low:,.0f}' if low is not None else '?'} to {f'{high:,.0f}' if high is not None else '?'})"
    return f"{crisis['deaths_best']:,.0f}{band if low is not None or high is not None else ''}"


def _row(case: Case, results: ReportResults, crisis: str, r: dict[str, Any]) -> CardRow:
    low, high = r["low"], r["high"]
    found = results.model.expected.get((crisis, r["actor"])) if results.model else None
    manner = [SCOPE_WORDS.get(r["scope"], ""), f"through {r['vehicle']}" if r["vehicle"] else "",
              r["stance"] if r["stance"] in ("critical", "support") else ""]  # fmt: skip
    return CardRow(
        name=r["actor"] if r["actor"] in case.organisations else name_of(case, r["actor"]),
        full=name_of(case, r["actor"]) if r["actor"] in case.organisations else "", rung=r["rung"], rung_name=case.ladder.names[r["rung"]], band=span(low, high),
        basis=r["basis"],
        manner=", ".join(m for m in manner if m), detail=r["detail"] or "", sources=tuple(r["sources"]),
        expected=with_interval(found.rung.mean, found.rung.low, found.rung.high) if found else "",
        p_band=percent(found.within(low, high)) if found else "",
    )  # fmt: skip


def _figure(case: Case, results: ReportResults, crisis: dict[str, Any]) -> Figure | None:
    if results.model is None or crisis["theatre"] != case.settings.focus.theatre:
        return None
    from buckpass.page.model_figures import responses_expected

    return responses_expected(case, results.record, results.model, crisis["crisis_id"])
