"""A what-if's changes put into crisis games: the case first, then what a crisis finds, then the games (model §3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

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

__all__ = ["changes_of", "check_usable", "scenario_games", "scenario_setting", "usable_changes"]

IN_CRISIS: tuple[Question, ...] = ("crisis",)
Crisis = dict[str, Any]


def changes_of(texts: Sequence[str], case: Case, crisis: str) -> tuple[Override, ...]:
    """The changes that `PATH=VALUE` texts ask for in a crisis's game; raises as `usable_changes` does."""
    return usable_changes(texts, case, [case.crisis(crisis)])


def usable_changes(
    texts: Sequence[str], case: Case, crises: Sequence[Crisis], questions: Sequence[Question] = IN_CRISIS,
    check: Callable[[Override], None] = lambda override: None,
) -> tuple[Override, ...]:  # fmt: skip
    """The changes that `PATH=VALUE` texts ask for in crises (rows as `Case.crisis` has them), for these questions.

    `check` raises `Unusable` for what the caller cannot use. Raises `BadOverride` with every problem at once: those of the
    texts (see `parse_overrides`), and those of the changes that can be read but not made.
    """
    overrides, problems = read_overrides(texts, case)
    raised_together([*problems, *_problems(case, crises, overrides, questions, check)])
    return overrides


def check_usable(case: Case, crises: Sequence[str], overrides: Sequence[Override]) -> None:
    """Raise `BadOverride`, naming every reason, where a change cannot be made in the games of these crises."""
    raised_together(_problems(case, [case.crisis(c) for c in crises], overrides, IN_CRISIS, lambda override: None))


def _problems(
    case: Case, crises: Sequence[Crisis], overrides: Sequence[Override], questions: Sequence[Question],
    check: Callable[[Override], None],
) -> Iterator[str]:  # fmt: skip
    for override in overrides:
        try:
            if reason := override.of.why_not(*questions):
                raise Unusable(reason)
            check_somewhere(override, case, crises)
            check(override)
            changed_case(case, crises, [override])
            _check_start(case, crises, override)
            _check_plays(case, crises, override, questions == IN_CRISIS)
        except Unusable as reason:
            yield f"--set {override.text}: {reason}"


def _check_start(case: Case, crises: Sequence[Crisis], override: Override) -> None:
    """Whether capacity and opinion, from what they are in each crisis, can be moved so far."""
    if override.attribute == "capacity":
        capacity_shift(override, None, 0.0)
    for row in crises if override.attribute == "opinion" else ():
        if override.target in row["host"]:
            opinion_shift(override, covariates.opinion(case, row, override.subject), 0.0)


def _check_plays(case: Case, crises: Sequence[Crisis], override: Override, in_each: bool) -> None:
    """Whether a power that is held plays, in each of the crises or in one at least, and its vehicle is one."""
    reasons, power = [], override.subject
    if override.attribute == "force" and override.target and not case.organisation(override.target).is_vehicle:
        raise Unusable(f"{override.target} is no vehicle of a deployment in this case")
    for row in crises if override.attribute == "force" else ():
        if power in row["host"]:
            reasons.append(f"{power} is the host of {row['crisis_id']}: it does not play as a helper there")
        elif power in case.belligerents(row["crisis_id"]):
            reasons.append(f"{power} is a belligerent in {row['crisis_id']}: it does not play there")
    if reasons and (in_each or len(reasons) == len(crises)):
        raise Unusable(reasons[0])


def scenario_setting(
    case: Case, crises: Sequence[str], overrides: Sequence[Override] = (), standard: Standard | None = None
) -> CrisisSetting:
    """The setting of the named crises after the changes, standardised as the unchanged case is.

    A change to what is already there gives the same arrays, bit for bit.
    """
    standard = standard or standard_of(case)
    check_usable(case, crises, overrides)
    changed = changed_case(case, [case.crisis(c) for c in crises], overrides)
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
