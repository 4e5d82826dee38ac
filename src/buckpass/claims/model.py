"""Claims about how powers respond to each other, who gains, and what a changed input would change (model §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from buckpass.claims.changes import changed, without_consent_of
from buckpass.claims.finding import CannotCompute, Finding, Question, as_expected
from buckpass.claims.predictions import (
    Games,
    Predictions,
    Sample,
    crises_in,
    finding_of,
    playing,
    predictions_of,
    sample_of,
)
from buckpass.game import estimands
from buckpass.game.overrides import force
from buckpass.game.solver import DEFAULT_SETTINGS, Equilibrium, solve

__all__ = ["cross_response", "free_riding_index", "whatif"]

SILENCE, TOP_RUNG, DEPLOYMENT = 0, 6, 5


def cross_response(question: Question) -> Finding:
    """Change in a power's expected effort when another goes from silence to the top rung, mean over the crises.

    Below 0 the power rides on the other, above 0 it is drawn in; severity, requests and everything else are held.
    """
    asked, given = predictions_of(question), question.parameters
    crises = playing(question.case, _crises(question), given["power"], given["other"])
    reading = asked.read(lambda e: _cross_sample(question, asked, e, crises))
    return finding_of(
        reading,
        f"expected effort of {given['power']}, 0 to 1, when {given['other']} goes from silence to the top rung",
        len(crises),
        "on κ, how much others' effort counts: without it the response is exactly 0, neither riding nor balancing",
        {"crises": list(crises)},
    )


def free_riding_index(question: Question) -> Finding:
    """Benefit share minus burden share of a power, mean over the crises; above 0 it gets more than it pays for."""
    asked, given = predictions_of(question), question.parameters
    crises = playing(question.case, _crises(question), given["power"])

    def sample(explanation: str) -> Sample:
        games, found = asked.solved(explanation, crises)
        index = np.asarray(estimands.free_riding_index(games.crises, found))
        draws = games.by_draw(index[:, asked.index(given["power"])]).mean(axis=1)
        also = given.get("also")
        if not also:
            return sample_of(question, draws)
        other = games.by_draw(index[:, asked.index(also["power"])]).mean(axis=1)
        return Sample(draws, as_expected(question.expect, draws) & as_expected(also, other))

    return finding_of(
        asked.read(sample),
        f"benefit share − burden share of {given['power']}",
        len(crises),
        "on stakes and on what a power gains privately from providing: both are fitted from behaviour, not from ledgers",
        {"crises": list(crises), "also": dict(given.get("also", {}))},
    )


def whatif(question: Question) -> Finding:
    """Least change in a probability of deployment over the claim's scenarios, mean over the crises.

    Where a scenario takes one member's consent out, the same is shown for every other member, so that a reader sees whether
    this member's veto matters more than theirs.
    """
    asked, given = predictions_of(question), question.parameters
    crises = _crises(question)
    labels = [s["label"] for s in given["scenarios"]]
    changes: dict[str, dict[str, np.ndarray]] = {}

    def sample(explanation: str) -> Sample:
        before = _probability(question, *asked.solved(explanation, crises))
        after = [_under(question, asked, explanation, crises, s) - before for s in given["scenarios"]]
        changes[explanation] = dict(zip(labels, after, strict=True)) | {"as it was": before}
        least = np.min(after, axis=0)
        return sample_of(question, least)

    reading = asked.read(sample)
    return finding_of(
        reading,
        f"change in P({given.get('organisation') or given.get('power')} deploys)",
        len(crises),
        "on the size, not the sign: a wider consent can only raise the chance that a proposal passes",
        {"crises": list(crises), "changes": {e: _medians(c) for e, c in changes.items()},
         "rivals": _other_members(question, asked, crises)},
    )  # fmt: skip


def _crises(question: Question) -> tuple[str, ...]:
    given = question.parameters
    if "crises" in given:
        for crisis in given["crises"]:
            question.case.crisis(crisis)
        return tuple(given["crises"])
    if "theatre" not in given:
        raise CannotCompute("the claim's estimand needs theatre or crises")
    return crises_in(question.case, given["theatre"])


def _cross_sample(question: Question, asked: Predictions, explanation: str, crises: Sequence[str]) -> Sample:
    given = question.parameters
    games = asked.games(explanation, crises)
    draws = _cross(asked, games, given["power"], given["other"])
    held = as_expected(question.expect, draws)
    also = given.get("also")
    if also and "buck_passed_by" in also:
        _, found = asked.solved(explanation, crises)
        passed = estimands.buck_passed(games.crises, found)[:, asked.index(also["buck_passed_by"])]
        held &= as_expected(also, games.by_draw(passed).mean(axis=1))
    elif also:
        held &= as_expected(also, _cross(asked, games, also["power"], given["other"]))
    return Sample(draws, held)


def _cross(asked: Predictions, games: Games, power: str, other: str) -> np.ndarray:
    responder, mover = asked.index(power), asked.index(other)
    efforts = []
    for rung in (SILENCE, TOP_RUNG):
        forced = force(games.crises, mover, rung)
        efforts.append(estimands.expected_effort(forced, solve(forced, DEFAULT_SETTINGS).strategy)[:, responder])
    return games.by_draw(efforts[1] - efforts[0]).mean(axis=1)


def _under(question: Question, asked: Predictions, explanation: str, crises, scenario: Mapping[str, Any]) -> np.ndarray:
    given, case = question.parameters, question.case
    if "consent_without" in scenario:
        change = without_consent_of(case, given["organisation"], scenario["consent_without"])
    else:
        change = changed(case, scenario["set"])
    return _probability(question, *asked.solved(explanation, crises, change))


def _probability(question: Question, games: Games, found: Equilibrium) -> np.ndarray:
    """P(deployment) per draw, mean over the crises: of an organisation through any member, or of a power by any way."""
    given, case = question.parameters, question.case
    if given["measure"] == "p_power_deploys":
        reached = estimands.p_at_least(games.crises, found, DEPLOYMENT)[:, case.powers.index(given["power"])]
        return games.by_draw(reached).mean(axis=1)
    if given["measure"] != "p_organisation_deploys":
        raise CannotCompute(f"measure {given['measure']!r} is not known; use p_power_deploys or p_organisation_deploys")
    option = _option(question)
    proposed = 1.0 - jnp.prod(1.0 - found.strategy[:, :, option], axis=1)
    return games.by_draw(_passes(question, games) * proposed).mean(axis=1)


def _option(question: Question) -> int:
    """Position of the organisation's option: plain rungs first, then the vehicles in the case's order."""
    case, name = question.case, question.parameters["organisation"]
    case.organisation(name)
    vehicles = [o.id for o in case.settings.organisations if o.is_vehicle]
    if name not in vehicles:
        raise CannotCompute(f"{name} is no vehicle in this case, so the model never deploys through it")
    return TOP_RUNG + vehicles.index(name)


def _passes(question: Question, games: Games) -> jax.Array:
    """π of the organisation in each game, read back from the effort of its option."""
    full = question.case.settings.ladder.effort[DEPLOYMENT]
    return games.crises.effort_at[:, 0, _option(question)] / full


def _other_members(question: Question, asked: Predictions, crises: Sequence[str]) -> list[dict[str, Any]]:
    """For each power whose consent the organisation needs: the change in P when it is not needed (median of draws)."""
    if not any("consent_without" in s for s in question.parameters["scenarios"]):
        return []
    explanation = max(asked.weights(), key=lambda e: asked.weights()[e])
    before = _probability(question, *asked.solved(explanation, crises))
    shown = []
    for member in question.case.powers:
        change = without_consent_of(question.case, question.parameters["organisation"], member)
        after = _probability(question, *asked.solved(explanation, crises, change))
        shown.append({"consent_not_needed_of": member, "change": float(np.median(after - before))})
    return shown


def _medians(changes: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {label: float(np.median(draws)) for label, draws in changes.items()}
