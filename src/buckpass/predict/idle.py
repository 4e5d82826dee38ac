"""Changes of crises that change nothing, told from the games of a what-if."""

from __future__ import annotations

from collections.abc import Sequence

from buckpass.case import Case
from buckpass.changes.idle import idle_changes, open_only
from buckpass.changes.overrides import Override
from buckpass.changes.scenario import setting_after
from buckpass.game.crises import Crises
from buckpass.predict.drawing import Drawn, drawn

__all__ = ["idle_in"]


def idle_in(case: Case, after: Drawn, overrides: Sequence[Override]) -> dict[str, tuple[str, ...]]:
    """By crisis, the changes that by themselves move no input of any game, each with the reason if known."""
    if not overrides:
        return dict.fromkeys(after.crises, ())
    before = drawn(case, after.basis, after.crises, (), after.n_draws)
    alone = {o: before.under(setting_after(case, before.crises, [o]), [o]) for o in overrides}

    def inputs(given: Drawn, c: int) -> Crises:
        return open_only(given.of(c, given.games))

    def idle(c: int) -> tuple[str, ...]:
        reached = before.setting.reached_vehicles([c])
        return idle_changes(
            case, overrides, inputs(before, c), lambda o: inputs(alone[o], c), reached, [before.crises[c]]
        )

    return {crisis: idle(c) for c, crisis in enumerate(before.crises)}
