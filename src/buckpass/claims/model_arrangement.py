"""Whether the case's unwritten agreement keeps itself, and whether the record prefers it to its rivals (model §5)."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from buckpass.claims.finding import CannotCompute, Finding, Question
from buckpass.claims.predictions import Predictions, crises_in, crisis_places, playing, predictions_of
from buckpass.fit.scoring import score_of
from buckpass.futures.agreement import Agreement, agreement

__all__ = ["self_enforcing"]


def self_enforcing(question: Question) -> Finding:
    """P(every party's discount factor reaches its δ*), as `buckpass agreement` has it for today; doubted by its rivals.

    That the bargain exists needs more: its explanation must predict better than each rival and carry the weight.
    """
    asked, given, case = predictions_of(question), question.parameters, question.case
    if case.settings.arrangement is None:
        raise CannotCompute("the case has no [arrangement], so there is no bargain to test")
    explanation = given["explanation"]
    if not _is_usable(asked, explanation):
        raise CannotCompute(f"needs a fit of {explanation} whose diagnostics passed")
    fits = {explanation: asked.posteriors[explanation]}
    found = agreement(case, fits, n_draws=asked.n_draws, seed=question.seed, years_ahead=(0,))
    against = [e for e in given.get("against", ()) if _is_usable(asked, e)]
    beats = {e: _p_better(asked, explanation, e) for e in against}
    weights = asked.basis.weights
    weight = weights.get(explanation, 0.0)
    crises = playing(case, crises_in(case, case.settings.focus.theatre), *given["parties"])
    kept, likely = found.p_self_enforcing, min(beats.values(), default=1.0)
    parties = [
        {"party": p.party, "critical_discount_factor": p.critical and p.critical[0],
         "p_has_a_bargain_to_keep": p.p_has_bargain}
        for p in found.parties
    ]  # fmt: skip
    return Finding(
        value=kept,
        unit="P(the arrangement keeps itself)",
        n=len(crises),
        places=crisis_places(case, crises),
        probability=min(kept, likely),
        doubt=(min(kept, likely, weight), min(kept, likely)),
        reason=_reason(explanation, found, beats, weight),
        turns_on="on rivals that predict the same restraint: a needed discount factor near 0 means that there is little to "
        "deviate for, so no bargain is needed; and on rents that nobody has measured",
        detail={"parties": parties, "p_better_than": beats, "weight": weight, "weights": dict(weights)},
    )


def _reason(explanation: str, found: Agreement, beats: dict[str, float], weight: float) -> str:
    needed = ", ".join(
        f"{p.party} {'none: nothing to keep' if p.critical is None else f'{p.critical[0]:.3f}'}" for p in found.parties
    )
    rivals = ", ".join(f"P({explanation} predicts better than {e}) = {p:.2f}" for e, p in beats.items())
    kept = f"P(kept) = {found.p_self_enforcing:.2f}, needed discount factors {needed}"
    return f"{kept}; {rivals}; weight of {explanation} {weight:.2f}"


def _is_usable(asked: Predictions, explanation: str) -> bool:
    return explanation in asked.posteriors and asked.posteriors[explanation].diagnostics.passed


def _p_better(asked: Predictions, explanation: str, rival: str) -> float:
    """P(the explanation predicts an unseen crisis better than the rival), normal in the elpd difference."""
    a, b = (score_of(asked.posteriors[e]).elpd for e in (explanation, rival))
    error = math.sqrt(len(a)) * float(np.std(a - b))
    difference = float(np.sum(a - b))
    return float(ndtr(difference / error)) if error > 0 else float(difference > 0)
