"""The ledger: every claim of a case gets its verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from buckpass.case import Case, Claim, UnknownName
from buckpass.case.catalogue import estimands, known_estimands
from buckpass.case.problems import clip
from buckpass.case.provenance import claim_lines
from buckpass.ledger.finding import CannotCompute, Finding, Question, places_at
from buckpass.ledger.in_names import in_names
from buckpass.ledger.verdicts import Verdict, Verdicts, blank, judge

if TYPE_CHECKING:
    from buckpass.evidence.gathered import Gathered

__all__ = ["assess", "assess_claim", "assess_question"]

Estimand = Callable[[Question], Finding]
OWN_FAULT = "it could not be computed, by a fault of this program"
PLACES = {
    "record.atoms": "record_atoms:atoms",
    "measured.rate": "measured:rate",
    "measured.rates_compared": "measured:rates_compared",
    "measured.share_through": "measured:share_through",
    "measured.count": "measured_counts:count",
    "measured.burden_share": "measured_counts:burden_share",
    "measured.crossing": "measured_series:crossing",
    "measured.division": "measured_series:division",
    "measured.trend": "measured_series:trend",
    "measured.levels": "measured_series:levels",
    "measured.rank_correlation": "measured_series:rank_correlation_claim",
    "model.cross_response": "model:cross_response",
    "model.free_riding_index": "model:free_riding_index",
    "model.whatif": "model:whatif",
    "model.theatre_gap": "model_theatres:theatre_gap",
    "model.gap_share": "model_theatres:gap_share",
    "model.capacity_freed": "model_theatres:capacity_freed",
    "model.self_enforcing": "model_arrangement:self_enforcing",
    "premise.break_even": "break_even:break_even",
    "premise.consent": "premise:consent",
    "premise.parameter": "premise:parameter",
}


def assess(
    case: Case,
    posteriors: Mapping[str, Any] | None = None,
    *,
    kept: Gathered | None = None,
    seed: int = 0,
    along: Callable[[Sequence[Claim]], Iterable[Claim]] = iter,
) -> Verdicts:
    """A verdict on every claim of the case.

    Parameters
    ----------
    case : the case with its claims.
    posteriors : by explanation id; without them claims about the model are not computed.
    kept : what `evidence.gathered` has of these fits, by default beside the case's own; without it no theatre is known to
        inform a parameter, and no claim about the model is supported or contradicted.
    seed : for the draws; each claim has its own.
    along : hands the claims out one by one, for a caller that shows how far it is.

    Returns
    -------
    Verdicts
        By claim id, in the case's order. No claim is left out: one that cannot be computed says why.

    Raises
    ------
    NoUsablePosterior, NotPosteriors
        A posterior was fitted to another record, or is none.
    """
    predictions, lines = _predictions(case, posteriors, kept), claim_lines(case)
    found = (assess_question(Question(claim, case, predictions, seed)) for claim in along(case.claims))
    return Verdicts(tuple(_placed(case, one, lines.get(one.id)) for one in found), case.id, case.hash, seed)


def assess_claim(
    case: Case, claim: Claim, posteriors: Mapping[str, Any] | None = None, seed: int = 0, kept: Gathered | None = None
) -> Verdict:  # fmt: skip
    """The verdict on one claim; raises what is wrong with its names."""
    return _judged(Question(claim, case, _predictions(case, posteriors, kept), seed))


def _placed(case: Case, verdict: Verdict, line: int | None) -> Verdict:
    """The verdict in the case's names, with the places of its claim and its sources around those of its number."""
    cited = [case.sources[key].line for key in verdict.sources if key in case.sources]
    places = (*places_at("claims.toml", [line]), *verdict.places, *places_at("sources.bib", cited))
    said = {name: in_names(case, getattr(verdict, name)) for name in ("unit", "reason", "turns_on")}
    return replace(verdict, places=places, **said, detail=_in_names(case, verdict.detail))


def _in_names(case: Case, detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """The statements of a claim, which are sentences, in the case's names; every other detail as it is."""
    atoms = [one | {name: in_names(case, one[name]) for name in ("text", "seen")} for one in detail.get("atoms", ())]
    return {**detail, "atoms": atoms} if atoms else detail


def _predictions(case: Case, posteriors: Mapping[str, Any] | None, kept: Gathered | None) -> Any:
    if not posteriors:
        return None
    from buckpass.ledger.predictions import Predictions  # loads the model: only where a claim can use it
    from buckpass.predict.which_fits import fits_of

    return Predictions(case, fits_of(case, posteriors), kept=kept)


def _judged(question: Question) -> Verdict:
    claim = question.claim
    if claim.family == "not_computed" or claim.estimand is None:
        return blank(claim, "not_computed", claim.not_computed)
    try:
        _check(question)
        return judge(claim, _function(claim.estimand.name)(question))
    except CannotCompute as reason:
        return blank(claim, _without_number(claim), str(reason), Finding(detail=reason.detail))


def assess_question(question: Question) -> Verdict:
    """The verdict on a claim with predictions that are there; what goes wrong is said in its place and costs no other."""
    try:
        return _judged(question)
    except Exception as error:
        is_ours = type(error).__module__.startswith("buckpass")
        said = " ".join(str(error).split())
        why = (
            said if is_ours else f"{OWN_FAULT} ({type(error).__name__}: {clip(said)}): please report it with the claim"
        )
        return blank(question.claim, _without_number(question.claim), why)


def _without_number(claim: Claim):
    return "premise" if claim.family == "premise" else "not_computed"


def _check(question: Question) -> None:
    assert question.claim.estimand is not None
    name = question.claim.estimand.name
    if name not in estimands():
        raise CannotCompute(str(UnknownName("estimand", name, estimands())))
    if estimands()[name].get("needs_posterior") and question.predictions is None:
        raise CannotCompute(
            "needs a posterior of this case: fit it (buckpass fit CASE -o FOLDER), or use the one that comes with it"
        )
    if missing := known_estimands()[name].lacking(question.parameters):
        raise CannotCompute(f"the claim's estimand {name} needs {', '.join(missing)}")


def _function(name: str) -> Estimand:
    module, function = PLACES[name].split(":")
    return getattr(import_module(f"buckpass.ledger.{module}"), function)
