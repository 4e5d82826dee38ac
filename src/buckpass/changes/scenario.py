"""A what-if's changes put into crisis games: the case first, then what a crisis finds, then the games (model §3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike, Float

from buckpass.case import Case
from buckpass.changes.in_case import changed_case
from buckpass.changes.in_game import changed_games, game_changes
from buckpass.changes.in_setting import capacity_shift, changed_setting, opinion_shift
from buckpass.changes.overrides import Override, Unusable, check_somewhere, raised_together, read_overrides
from buckpass.changes.paths import Question
from buckpass.game import covariates
from buckpass.game.crises import Crises
from buckpass.game.setting import CrisisSetting, Standard, setting_of, standard_of

__all__ = [
    "are_alike", "changes_of", "check_usable", "open_only", "problems_of", "scenario_case", "scenario_games", "scenario_setting",
    "why_idle",
]  # fmt: skip

IN_CRISIS: tuple[Question, ...] = ("crisis",)


def changes_of(texts: Sequence[str], case: Case, crisis: str) -> tuple[Override, ...]:
    """The changes that `PATH=VALUE` texts ask for in a crisis's game.

    Raises `BadOverride` with every problem at once: those of the texts (see `parse_overrides`), and those of the changes
    that can be read but not made.
    """
    overrides, problems = read_overrides(texts, case, crisis)
    raised_together([*problems, *problems_of(case, [case.crisis(crisis)], overrides)])
    return overrides


def check_usable(case: Case, crises: Sequence[str], overrides: Sequence[Override]) -> None:
    """Raise `BadOverride`, naming every reason, where a change cannot be made in the games of these crises."""
    raised_together(problems_of(case, [case.crisis(c) for c in crises], overrides))


def problems_of(
    case: Case,
    crises: Sequence[dict[str, Any]],
    overrides: Sequence[Override],
    questions: Sequence[Question] = IN_CRISIS,
) -> Iterator[str]:
    """In words, why changes cannot be made in these crises (rows), or mean nothing to these questions."""
    for override in overrides:
        try:
            if reason := override.of.why_not(*questions):
                raise Unusable(reason)
            if questions != IN_CRISIS:
                check_somewhere(override, case, crises)
            changed_case(case, crises, [override])
            _check_start(case, crises, override)
            _check_plays(case, crises, override, questions == IN_CRISIS)
        except Unusable as reason:
            yield f"--set {override.text}: {reason}"


def _check_start(case: Case, crises: Sequence[dict[str, Any]], override: Override) -> None:
    """Whether capacity and opinion, from what they are in each crisis, can be moved so far."""
    for row in crises:
        if override.attribute == "capacity":
            capacity_shift(override, covariates.capacity(case, row, override.subject), 0.0)
        if override.attribute == "opinion" and override.target in row["host"]:
            opinion_shift(override, covariates.opinion(case, row, override.subject), 0.0)


def _check_plays(case: Case, crises: Sequence[dict[str, Any]], override: Override, in_each: bool) -> None:
    """Whether a power that is held plays: in each of the crises, or in one at least."""
    if override.attribute != "force":
        return
    reasons = [reason for row in crises if (reason := _plays_not(case, row, override.subject))]
    if reasons and (in_each or len(reasons) == len(crises)):
        raise Unusable(reasons[0])


def _plays_not(case: Case, crisis: dict[str, Any], power: str) -> str | None:
    if power in crisis["host"]:
        return f"{power} is the host of {crisis['crisis_id']}: it does not play as a helper there"
    if power in case.belligerents(crisis["crisis_id"]):
        return f"{power} is a belligerent in {crisis['crisis_id']}: it does not play there"
    return None


def scenario_case(case: Case, crises: Sequence[str], overrides: Sequence[Override]) -> Case:
    """The case with the changes that are about its crises, organisations, alignments and parameters.

    Only the named crises and their theatres change; capacity, opinion, payoffs and actions are changed later.
    """
    check_usable(case, crises, overrides)
    return changed_case(case, [case.crisis(c) for c in crises], overrides)


def scenario_setting(
    case: Case, crises: Sequence[str], overrides: Sequence[Override] = (), standard: Standard | None = None
) -> CrisisSetting:
    """The setting of the named crises after the changes, standardised as the unchanged case is.

    A change to what is already there gives the same arrays, bit for bit.
    """
    standard = standard or standard_of(case)
    changed = scenario_case(case, crises, overrides)
    return changed_setting(changed, setting_of(changed, crises, standard), standard, overrides)


def scenario_games(
    crises: Crises, setting: CrisisSetting, overrides: Sequence[Override], at: Float[ArrayLike, " c"] | None = None
) -> Crises:
    """Games after the changes to payoffs and actions: prices set or scaled, responses held, powers taken out.

    `setting` names the axes; the batch may repeat its crises (posterior draws go along the crisis axis). `at` takes the
    place of the numbers of the overrides, one for each game.
    """
    mine = [o for o in overrides if o.of.bites == "game"]
    return changed_games(crises, game_changes(mine, setting.names, at)) if mine else crises


# --- changes that change nothing ----------------------------------------------------------------------------------


def are_alike(one: Any, other: Any) -> bool:
    """Whether two trees of arrays hold the same numbers, bit for bit."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(a, b, equal_nan=np.issubdtype(np.asarray(a).dtype, np.floating)) for a, b in pairs)


def open_only(games: Crises) -> Crises:
    """The games with the attributes of closed options blotted out: those reach nobody's choice."""
    names = [f.name for f in dataclasses.fields(games) if f.name.endswith("_at")]
    return dataclasses.replace(games, **{n: jnp.where(games.is_open, getattr(games, n), 0.0) for n in names})


def why_idle(case: Case, override: Override, vehicles: Sequence[str], open_vehicles: Sequence[str]) -> str:
    """Why a change moved nothing, in brackets, where that can be said of it alone; else nothing."""
    if override.attribute == "request":
        return " (the same powers count as asked: who leads an organisation that is asked is asked)"
    if override.subject not in case.organisations:
        return ""
    if override.subject not in vehicles:
        return f" ({override.subject} is no vehicle of a deployment in this case)"
    if override.subject in open_vehicles:
        return ""
    return f" (no power can deploy through {override.subject} there: see its mandate and its members on that date)"
