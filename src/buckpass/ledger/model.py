"""Claims about how powers respond to each other, who gains, and what a changed input would change (model §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from buckpass.game import estimands
from buckpass.game.solver import Solved
from buckpass.ledger.carriers import ALIGNED, called
from buckpass.ledger.finding import CannotCompute, Finding, Question, as_expected, figures_beside, powers_named
from buckpass.ledger.predictions import (
    Predictions,
    Sample,
    crises_in,
    finding_of,
    mean_over,
    playing,
    predictions_of,
    sample_of,
)
from buckpass.measured.eligibility import reached_crises
from buckpass.predict.drawing import Drawn
from buckpass.results.words import count_of

__all__ = ["cross_response", "free_riding_index", "whatif"]


def cross_response(question: Question) -> Finding:
    """Change in a power's expected effort when another goes from silence to the top rung, mean over the crises.

    Below 0 the power rides on the other, above 0 it is drawn in; severity, requests and everything else are held.
    """
    asked, given = predictions_of(question), question.parameters
    crises = playing(question.case, _crises(question), given["power"], given["other"])
    reading = asked.read(question, lambda e: _cross_sample(question, asked, e, crises))
    return finding_of(
        question,
        reading,
        f"expected effort of {given['power']}, 0 to 1, when {given['other']} goes from silence to the top rung",
        crises,
        f"on {called(ALIGNED)}, how much others' effort counts: without it the response is exactly 0",
        {"crises": list(crises)},
    )


def free_riding_index(question: Question) -> Finding:
    """Benefit share minus burden share of a power, mean over the crises; above 0 it gets more than it pays for."""
    asked, given = predictions_of(question), question.parameters
    crises = playing(question.case, _crises(question), given["power"])

    def sample(explanation: str) -> Sample:
        drawn, found = asked.solved(explanation)
        index = np.asarray(estimands.free_riding_index(drawn.games, found))
        draws = mean_over(drawn, index[:, asked.index(given["power"])], crises)
        also = given.get("also")
        if not also:
            return sample_of(question, draws)
        other = mean_over(drawn, index[:, asked.index(also["power"])], crises)
        return Sample(draws, as_expected(question.expect, draws) & as_expected(also, other))

    return finding_of(
        question,
        asked.read(question, sample),
        f"benefit share − burden share of {given['power']}",
        crises,
        "on stakes and on what a power gains privately from providing: both are fitted from behaviour",
        {"crises": list(crises), "also": dict(given.get("also", {})),
         "beside": figures_beside(question.case, given.get("beside", ()), powers_named(given))},
    )  # fmt: skip


def whatif(question: Question) -> Finding:
    """Least change in a probability of deployment over the claim's scenarios, mean over the crises.

    A scenario that takes one member's consent out says that this member is the cause: the change must then also be larger
    than without the consent of any other member, draw by draw.
    """
    asked, given = predictions_of(question), question.parameters
    if "organisation" not in given and any("consent_without" in scenario for scenario in given["scenarios"]):
        raise CannotCompute("the claim's scenarios need organisation")
    crises = _reached(question)
    changes: dict[str, dict[str, float]] = {}

    def sample(explanation: str) -> Sample:
        before = _probability(question, crises, *asked.solved(explanation))
        after = {s["label"]: _under(question, asked, explanation, crises, s) - before for s in given["scenarios"]}
        rivals = _other_consents(question, asked, explanation, crises, before)
        changes[explanation] = _medians({"as it was": before, **after, **rivals})
        least = np.min(list(after.values()), axis=0)
        held = as_expected(question.expect, least)
        own = [after[s["label"]] for s in given["scenarios"] if "consent_without" in s]
        return Sample(least, held & np.all([o > r for o in own for r in rivals.values()], axis=0))

    reading = asked.read(question, sample)
    return finding_of(
        question,
        reading,
        f"change in P({given.get('organisation') or given.get('power')} deploys), crises that it could reach",
        crises,
        _turns_on(given["scenarios"], len(_crises(question)) - len(crises)),
        {"crises": list(crises), "changes": changes},
    )


def _turns_on(scenarios: Sequence[Mapping[str, Any]], out_of_reach: int) -> str:
    """What a change of a chance turns on: assumed alignments, what is built in, and how many crises no consent reaches."""
    widens = any("consent" in str(part) for one in scenarios for part in (*one, one.get("set", "")))
    built_in = " (that a wider consent raises the chance is built in)" if widens else ""
    crises = count_of(out_of_reach, "crisis", "crises")
    reach = f", and on a mandate that leaves {crises} out of reach whoever consents" if out_of_reach else ""
    return f"on the size, which follows from assumed alignments with the hosts{built_in}{reach}"


def _crises(question: Question) -> tuple[str, ...]:
    given = question.parameters
    if "crises" in given:
        for crisis in given["crises"]:
            question.case.crisis(crisis)
        return tuple(given["crises"])
    return crises_in(question.case, given["theatre"])


def _cross_sample(question: Question, asked: Predictions, explanation: str, crises: Sequence[str]) -> Sample:
    given = question.parameters
    draws = _cross(asked, explanation, crises, given["power"], given["other"])
    held = as_expected(question.expect, draws)
    also = given.get("also")
    if also and "buck_passed_by" in also:
        drawn, found = asked.solved(explanation)
        passed = np.asarray(estimands.buck_passed(drawn.games, found))[:, asked.index(also["buck_passed_by"])]
        held &= as_expected(also, mean_over(drawn, passed, crises))
    elif also:
        held &= as_expected(also, _cross(asked, explanation, crises, also["power"], given["other"]))
    return Sample(draws, held)


def _cross(asked: Predictions, explanation: str, crises: Sequence[str], power: str, other: str) -> np.ndarray:
    efforts = []
    for rung in (0, asked.case.rungs.top):
        drawn, found = asked.solved(explanation, asked.changed([f"{other}.force={rung}"], crises))
        effort = np.asarray(estimands.expected_effort(drawn.games, found.strategy))[:, asked.index(power)]
        efforts.append(mean_over(drawn, effort, crises))
    return efforts[1] - efforts[0]


def _under(question: Question, asked: Predictions, explanation: str, crises, scenario: Mapping[str, Any]) -> np.ndarray:
    given = question.parameters
    if "consent_without" in scenario:
        change = asked.without_consent_of(given["organisation"], scenario["consent_without"], crises)
    else:
        change = asked.changed(scenario["set"], crises)
    return _probability(question, crises, *asked.solved(explanation, change))


def _probability(question: Question, crises: Sequence[str], drawn: Drawn, found: Solved) -> np.ndarray:
    """P(deployment) per draw, mean over the crises: of an organisation through any member, or of a power by any way."""
    given, case = question.parameters, question.case
    if given["measure"] == "p_power_deploys":
        reached = np.asarray(estimands.p_deploys(drawn.games, found))[:, case.powers.index(given["power"])]
        return mean_over(drawn, reached, crises)
    if given["measure"] != "p_organisation_deploys":
        raise CannotCompute(f"measure {given['measure']!r} is not known; use p_power_deploys or p_organisation_deploys")
    option = _option(question)
    proposed = np.asarray(estimands.p_anybody_picks(drawn.games, found, option))
    return mean_over(drawn, _passes(question, drawn) * proposed, crises)


def _option(question: Question) -> int:
    """Position of the organisation's option: plain rungs first, then the vehicles in the case's order."""
    case, name = question.case, question.parameters["organisation"]
    case.organisation(name)
    if name not in case.vehicles:
        raise CannotCompute(f"{name} is no vehicle in this case, so the model never deploys through it")
    return len(case.rungs.plain) + case.vehicles.index(name)


def _passes(question: Question, drawn: Drawn) -> np.ndarray:
    """π of the organisation in each game, read back from the effort of its option."""
    option, ladder = _option(question), question.case.ladder
    return np.asarray(drawn.games.effort_at)[:, 0, option] / ladder.effort[int(drawn.games.rung[0, 0, option])]


def _other_consents(
    question: Question, asked: Predictions, explanation: str, crises: Sequence[str], before: np.ndarray
) -> dict[str, np.ndarray]:
    """Change in P when some other member's consent is not needed, where the claim singles one member out."""
    given = question.parameters
    singled = {s["consent_without"] for s in given["scenarios"] if "consent_without" in s}
    if not singled:
        return {}
    changes = {}
    for member in _members(question, crises):
        if member not in singled:
            change = asked.without_consent_of(given["organisation"], member, crises)
            after = _probability(question, crises, *asked.solved(explanation, change))
            changes[f"without the consent of {member}"] = after - before
    return changes


def _reached(question: Question) -> tuple[str, ...]:
    """The claim's crises, of an organisation those that its mandate reaches: elsewhere it cannot deploy at all."""
    _crises(question)  # names that lead nowhere are said first
    found = reached_crises(question.case, question.parameters)
    if not found:
        raise CannotCompute(f"the mandate of {question.parameters.get('organisation')} reaches none of these crises")
    return found


def _members(question: Question, crises: Sequence[str]) -> list[str]:
    name = question.parameters["organisation"]
    members = {m for c in crises for m in question.case.members(name, question.case.crisis(c)["start"])}
    return [power for power in question.case.powers if power in members]


def _medians(changes: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {label: float(np.median(draws)) for label, draws in changes.items()}
