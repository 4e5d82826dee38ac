"""Changes that change nothing: which of a what-if's do, and why, as far as that can be said of one alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from buckpass.case import Case
from buckpass.changes.overrides import Override
from buckpass.changes.scenario import are_alike, open_only, scenario_setting, why_idle
from buckpass.predict.drawing import Drawn, drawn

__all__ = ["idle_changes", "idle_notes"]


def idle_changes(case: Case, before: Drawn, after: Drawn, overrides: Sequence[Override]) -> dict[str, tuple[str, ...]]:
    """By crisis, the changes that by themselves move no input of any game, each with the reason if known."""
    alone = {
        o: after if len(overrides) == 1 else before.under(scenario_setting(case, before.crises, [o]), [o])
        for o in overrides
    }
    idle = {}
    for c, crisis in enumerate(before.crises):
        base, setting = open_only(before.of(c, before.games)), before.setting
        is_open = np.asarray(setting.is_open)[c].any(axis=0)
        reached = [v for v in setting.vehicles if is_open[setting.names.options.index(f"{setting.rungs.through}@{v}")]]
        still = [o for o in overrides if are_alike(open_only(before.of(c, alone[o].games)), base)]
        idle[crisis] = tuple(o.text + why_idle(case, o, setting.vehicles, reached) for o in still)
    return idle


def idle_notes(case: Case, given: Drawn, overrides: Sequence[Override]) -> dict[str, tuple[str, ...]]:
    """By crisis, a sentence that names the changes without effect, if there are any."""
    if not overrides:
        return dict.fromkeys(given.crises, ())
    idle = idle_changes(case, drawn(case, given.basis, given.crises, (), given.n_draws), given, overrides)
    return {c: (f"Without effect by itself: {'; '.join(found)}.",) if found else () for c, found in idle.items()}
