"""Whether the case's unwritten agreement keeps itself, and whether the record prefers it to its rivals (model §5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtr

from buckpass.bargain.agreement import Agreement, agreement
from buckpass.case import Case
from buckpass.fitting.differences import ScoreGap
from buckpass.fitting.scoring import score_gap, score_of
from buckpass.ledger.finding import CannotCompute, Finding, Question
from buckpass.ledger.predictions import (
    NotAnswered,
    Predictions,
    Sample,
    crises_in,
    finding_of,
    playing,
    predictions_of,
)
from buckpass.model.mechanisms import combination
from buckpass.predict.which_fits import NoUsablePosterior
from buckpass.results.words import quoted

__all__ = ["self_enforcing"]


def self_enforcing(question: Question) -> Finding:
    """P(every party's discount factor reaches its δ*), as `buckpass agreement` has it for today; doubted by its rivals.

    That the bargain exists needs more: its explanation must predict better than each rival. The claim is no likelier than
    the least likely of these.
    """
    asked, given, case = predictions_of(question), question.parameters, question.case
    if case.settings.arrangement is None:
        raise CannotCompute("the case has no [arrangement], so there is no bargain to test")
    crises = playing(case, crises_in(case, case.settings.focus.theatre), *given["parties"])
    beats = _beats(case, asked, given["explanation"], given.get("against", ()))
    found: dict[str, Agreement] = {}

    def sample(explanation: str) -> Sample:
        try:
            kept = found[explanation] = agreement(
                case, {explanation: asked.posteriors[explanation]}, n_draws=asked.n_draws, seed=question.seed,
                years_ahead=(0,),
            )  # fmt: skip
        except NoUsablePosterior as reason:
            raise NotAnswered(str(reason)) from reason
        likely = min([kept.p_self_enforcing, *beats.values()])
        return Sample(np.array([kept.p_self_enforcing]), np.array([likely]))

    reading = asked.read(question, sample)
    result = finding_of(
        question,
        reading,
        f"share of draws in which the arrangement keeps itself, rents and patience assumed{_in_words(beats, given['explanation'])}",
        crises,
        f"{_least(beats, given['explanation'])}on rivals that predict the same restraint: a needed discount factor near 0 means that there is little to deviate "
        "for, so no bargain is needed; and on rents that nobody has measured",
        {"parties": _parties(found.get(reading.leading or "")), "p_better_than": beats},
    )
    return replace(result, low=None, high=None)


def _parties(found: Agreement | None) -> list[dict[str, Any]]:
    return [] if found is None else [
        {"party": p.party, "critical_discount_factor": p.critical and p.critical[0],
         "p_has_a_bargain_to_keep": p.p_has_bargain}
        for p in found.parties
    ]  # fmt: skip


def _beats(case: Case, asked: Predictions, explanation: str, against: tuple[str, ...]) -> dict[str, float]:
    """P(the explanation predicts an unseen crisis better than each rival), of those that were fitted and passed."""
    passed = {e: p for e, p in asked.posteriors.items() if p.diagnostics.passed}
    if explanation not in passed:
        return {}
    mine = score_of(passed[explanation])
    gaps = {e: score_gap(case, mine, score_of(passed[e])) for e in against if e in passed}
    return {e: _p_above_none(gap) for e, gap in gaps.items()}


def _p_above_none(gap: ScoreGap) -> float:
    """Normal in the difference of the scores, with its standard error by host."""
    return float(ndtr(gap.diff / gap.se)) if gap.se > 0 else float(gap.diff > 0)


def _least(beats: dict[str, float], explanation: str) -> str:
    """The part on which it stands or falls where that is a comparison of fits: one number, whichever fit is asked."""
    if not beats or min(beats.values()) >= 0.5:
        return ""
    least = min(beats, key=lambda e: beats[e])
    return f"on whether {_called(explanation)} predicts better than {_called(least)}, the least likely part of the claim and the same under every fit; "


def _in_words(beats: dict[str, float], explanation: str) -> str:
    """Beside the number, how likely its explanation is to predict better than each rival.

    >>> _in_words({"EX": 0.25}, "DL")
    '; P(division of labour predicts better than exclusion) = 0.25'
    """
    return "".join(f"; P({_called(explanation)} predicts better than {_called(e)}) = {p:.2f}" for e, p in beats.items())


def _called(explanation: str) -> str:
    return quoted(combination(explanation).name)
