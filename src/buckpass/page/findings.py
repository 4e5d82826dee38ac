"""The page's sentences: what was found, and how far to trust it; every one computed, none taking a side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from buckpass.case import Case
from buckpass.page.results import ReportResults
from buckpass.page.side_by_side import side_by_side
from buckpass.page.wording import spoken, with_error
from buckpass.results.words import and_join, count_of, fixed, quoted, sentence

__all__ = ["finding", "trust"]

LEVELS = {"measured": "measured", "estimated": "estimated", "assumed": "assumed"}
FREE_RIDING = "FR"  # id of the explanation that the package calls free riding


def finding(case: Case, results: ReportResults) -> str:
    """What was found: who did less in how many crises, and what mechanisms add to that; without base, which fit leads."""
    record = _compared(case)
    model = results.model
    ranked = [f for f in model.fits if f.difference is not None] if model else []
    if model is None or not ranked or model.refusal:
        return f"{record}; why, this page cannot say, since no fit of the case can be relied on."
    if results.nested is not None:
        return f"{record}. {results.nested.headline}"
    return f"{record}; {_explained(results, ranked)}."


def _compared(case: Case) -> str:
    focus, seen = case.settings.focus, side_by_side(case)
    rider, provider = spoken(case, focus.rider), spoken(case, focus.provider)
    return (
        f"{sentence(rider)} went less far than {provider} in {seen.less} of {count_of(seen.n, 'crisis', 'crises')} of "
        f"{spoken(case, focus.theatre)} ({_beyond_doubt(seen.surely_less)}) and further in {seen.more} "
        f"({_beyond_doubt(seen.surely_more)})"
    )


def _beyond_doubt(n: int) -> str:
    return f"beyond doubt in {n or 'none'}"


def _explained(results: ReportResults, ranked: list) -> str:
    assert results.model is not None
    best = ranked[0]
    pairs = {frozenset(p) for p in results.model.indistinguishable}
    riding = next((f for f in ranked if f.id == FREE_RIDING), None)
    said = f"of {count_of(len(ranked), 'explanation')} fitted, {quoted(best.name)} predicts the record best"
    if riding is None or riding is best:
        same = [quoted(f.name) for f in ranked[1:] if frozenset((best.id, f.id)) in pairs]
        return said + (f", but {and_join(same)} cannot be told from it" if same else "")
    apart = f"{with_error(-riding.difference, riding.se_difference)} points of log score worse"
    if frozenset((best.id, riding.id)) in pairs:
        return f"{said}, and {riding.name} ({apart}) cannot be told from it"
    return f"{said}; {riding.name} predicts it {apart}"


def trust(case: Case, results: ReportResults) -> list[str]:
    """How far to trust the page: what the record lacks, what the fit could not do, what was assumed."""
    return [*_about_record(results), *_about_fit(case, results), *_about_assumptions(case), *results.cannot_inform]


def _about_record(results: ReportResults) -> list[str]:
    rows = results.record.responses.frame
    by_basis = dict(rows.group_by("basis").len().iter_rows())
    doubtful = rows.filter(pl.col("low") != pl.col("high")).height
    known = rows["rung"].count()
    return [
        f"Of {len(rows):,} responses listed, {known:,} are coded: {by_basis.get('seen', 0)} from a source text that was seen, "
        f"{by_basis.get('recalled', 0)} recalled, {by_basis.get('absence', 0)} because nothing was found. "
        + (
            f"{left} were never looked for: they are missing, not zero."
            if (left := by_basis.get("unsearched", 0))
            else ""
        )
        + (
            f" {by_basis['machine']} are proposed by machine only: they count for nothing."
            if "machine" in by_basis
            else ""
        ),
        f"{doubtful} of the {known:,} coded responses are in doubt by at least one rung; the fit uses the whole band.",
        _coders(results) or "One coder coded the record: how far another would agree is not known.",
        "Crises are those that somebody recorded. Requests for help follow severity, so responses to requests are no experiment.",
    ]


def _coders(results: ReportResults) -> str:
    """How far coders agree: alpha with its interval and n, of all that several coded and of what all read in a text; else empty."""
    found = [
        f"{fixed(r['alpha'])} ({fixed(r['low'])} to {fixed(r['high'])}) of {r['n']} responses {r['responses']}"
        for r in results.record.agreement.rows() if r["alpha"] is not None
    ]  # fmt: skip
    return (
        f"How far coders agree, Krippendorff's ordinal alpha (1: always; 95 % interval): {and_join(found)}."
        if found
        else ""
    )


def _about_fit(case: Case, results: ReportResults) -> list[str]:
    model = results.model
    if model is None:
        return [results.why_no_model]
    failed = [f for f in model.fits if f.reasons]
    passed = [f for f in model.fits if not f.reasons]
    said = [model.refusal] if model.refusal else []
    if passed:
        said.append(
            f"{count_of(len(passed), 'fit')} passed the diagnostics: R-hat at most {max(f.rhat_max for f in passed):.3f}, effective "
            f"sample size at least {min(f.ess_min for f in passed):,.0f}, {sum(f.divergences for f in passed)} divergent draws; "
            f"{sum(f.refitted for f in passed)} left-out crises were drawn anew because importance weights were not trusted."
        )
    said += [
        f"The fit of {f.name} failed ({'; '.join(f.reasons)}), so it is not ranked; of verdicts it can only widen the doubt."
        for f in failed
    ]
    if model.weights:
        parts = [next(f.name for f in model.fits if f.id == e) for e in model.weights]
        said.append(
            f"Expectations are those of the fit {and_join(parts)} and describe the record that it was fitted to."
            + _reproduced(case, results)
        )
    return said


def _reproduced(case: Case, results: ReportResults) -> str:
    """Which shares of rungs and mean rungs of powers and theatres the fit that answers would not have made of crises like these."""
    if results.compared is None or results.model is None:
        return ""
    rows = results.compared.checks(of=tuple(results.model.weights)).rows()
    outside, unlikely = ([_checked(case, r) for r in rows if r[word]] for word in ("misses", "fails"))
    return (
        f" Would it make such a record? Of {len(rows)} shares of rungs and mean rungs of powers and theatres, {_few(outside)} lie outside the "
        "range of nine in ten records drawn from it, however the doubtful codings are read; read as the fit would have them, "
        f"{_few(unlikely)} do: `compare {case.id} --long`."
    )


def _few(what: list[str]) -> str:
    """How many, and which."""
    return f"{len(what)} ({and_join(what)})" if what else "none"


def _checked(case: Case, row: Mapping[str, Any]) -> str:
    """What a check is of, in words."""
    return f"rung {row['group']}" if row["by"] == "rung" else spoken(case, row["group"])


def _about_assumptions(case: Case) -> list[str]:
    settings = case.settings
    quantities = [*settings.parameters.values(), *settings.alignments, *settings.opinions]
    assumed = sum(q.label == "assumed" for q in quantities)
    ladder = (
        "" if settings.ladder.label != "assumed" else " The ladder's effort, presence and influence are assumed too."
    )
    return (
        [f"{assumed} of {len(quantities)} numbers set by hand are judgements (labelled assumed).{ladder}"]
        if quantities
        else []
    )
