"""A what-if's changes put into crisis games: the case first, then what a crisis finds, then the games (model §3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from jaxtyping import ArrayLike, Float

from buckpass.case import Case
from buckpass.changes.in_case import Crisis, changed_case
from buckpass.changes.in_game import changed_games, game_changes
from buckpass.changes.in_setting import capacity_shift, changed_setting, opinion_shift
from buckpass.changes.overrides import Changes, Override, Unusable, raised_together, read_overrides
from buckpass.changes.paths import Question
from buckpass.changes.together import problems_together, refuse_everywhere
from buckpass.game import covariates
from buckpass.game.crises import Crises
from buckpass.game.setting import CrisisSetting, Standard, chance_to_pass, setting_of, standard_of

__all__ = ["changes_of", "check_usable", "scenario_games", "scenario_setting", "setting_after", "usable_changes"]

IN_CRISIS: tuple[Question, ...] = ("crisis",)


def changes_of(texts: Changes, case: Case, crisis: str) -> tuple[Override, ...]:
    """The changes that `PATH=VALUE` texts ask for in a crisis's game; raises as `usable_changes` does."""
    return usable_changes(texts, case, [case.crisis(crisis)])


def usable_changes(
    texts: Changes, case: Case, crises: Sequence[Crisis], questions: Sequence[Question] = IN_CRISIS,
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
    """Raise `BadOverride`, naming every reason, where changes cannot be made together in the games of these crises."""
    raised_together(_problems(case, [case.crisis(c) for c in crises], overrides, IN_CRISIS, lambda override: None))


def _problems(
    case: Case, crises: Sequence[Crisis], overrides: Sequence[Override], questions: Sequence[Question],
    check: Callable[[Override], None],
) -> Iterator[str]:  # fmt: skip
    refused = {override: reason for override in overrides if (reason := override.of.why_not(*questions))}

    def asked(override: Override, after: Case) -> None:
        check(override)
        _check_start(after, crises, override)
        if override.attribute == "force":
            _check_plays(after, crises, override, questions == IN_CRISIS)
            _check_reaches(case, after, crises, override)

    yield from (f"--set {override.text}: {reason}" for override, reason in refused.items())
    yield from problems_together(case, crises, [o for o in overrides if o not in refused], asked)


def _check_start(case: Case, crises: Sequence[Crisis], override: Override) -> None:
    """Whether capacity and opinion, from what they are in each crisis, can be moved so far."""
    if override.attribute == "capacity":
        capacity_shift(override, None, 0.0)
    for row in crises if override.attribute == "opinion" else ():
        if override.target == covariates.host_asked(case, row, override.subject):
            opinion_shift(override, covariates.opinion(case, row, override.subject), 0.0)


def _check_plays(case: Case, crises: Sequence[Crisis], override: Override, in_each: bool) -> None:
    """Whether a power that is held plays, in each of the crises or in one at least."""
    reasons = [reason for row in crises if (reason := case.why_not_playing(override.subject, row))]
    if reasons and (in_each or len(reasons) == len(crises)):
        raise Unusable(reasons[0])


def _check_reaches(before: Case, after: Case, crises: Sequence[Crisis], override: Override) -> None:
    """Whether a deployment at which a power is held could deliver anything, by the case after all of the changes.

    A deployment need not have been open, but a change that closes the host to it contradicts it.
    """
    power, rungs = override.subject, after.rungs
    if override.number < rungs.deployment:
        return
    shut = [after.closed_to(power, row["host"], row["start"]) for row in crises]
    if any(s and not before.closed_to(power, row["host"], row["start"]) for s, row in zip(shut, crises, strict=True)):
        raise Unusable(f"{power} cannot deploy where another change shuts it out (access)")
    if override.number == rungs.through:
        vehicles = [override.target] if override.target else after.vehicles
        reasons = [[_why_nothing_passes(after, row, power, v) for v in vehicles] for row in crises]
        refuse_everywhere([each[0] if all(each) else None for each in reasons])


def _why_nothing_passes(case: Case, row: Crisis, power: str, vehicle: str) -> str | None:
    """Why a power deploying through an organisation would deliver nothing in a crisis; None where it would something."""
    if reason := case.why_not_there(vehicle, row, power):
        return reason
    passes = chance_to_pass(case, row, vehicle) > 0
    return None if passes else f"the members of {vehicle} would let nothing pass in {row['crisis_id']}"


def scenario_setting(
    case: Case, crises: Sequence[str], overrides: Sequence[Override] = (), standard: Standard | None = None
) -> CrisisSetting:
    """The setting of the named crises after the changes, standardised as the unchanged case is.

    A change to what is already there gives the same arrays, bit for bit. Raises `BadOverride` as `check_usable` does.
    """
    check_usable(case, crises, overrides)
    return setting_after(case, crises, overrides, standard)


def setting_after(
    case: Case, crises: Sequence[str], overrides: Sequence[Override], standard: Standard | None = None
) -> CrisisSetting:
    """`scenario_setting` of changes that have been found usable, also of one that means something only with the others."""
    standard = standard or standard_of(case)
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
