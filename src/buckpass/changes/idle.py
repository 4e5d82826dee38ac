"""Changes that change nothing: told from the inputs that they could move, and said, with the reason where it is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from buckpass.case import Case
from buckpass.changes.overrides import Override
from buckpass.game.arrays import namespace
from buckpass.game.covariates import host_asked
from buckpass.game.crises import Crises
from buckpass.results.words import and_join

__all__ = ["are_alike", "idle_changes", "idle_note", "open_only"]

OF_WHO_ACTS = ("stake", "cost", "backlash", "norm", "influence", "barrier", "delivery", "host_alignment")


def idle_changes(
    case: Case,
    overrides: Sequence[Override],
    base: Any,
    alone: Callable[[Override], Any],
    reached: Sequence[str],
    crises: Sequence[str] = (),
) -> tuple[str, ...]:
    """The changes after which everything that they could move is as in `base`, bit for bit, each with the reason if known.

    `alone` gives what one change by itself makes of it; `reached` are the vehicles through which some power can deploy;
    `crises` those of the record that are asked about.
    """
    still = [override for override in overrides if are_alike(alone(override), base)]
    return tuple(override.text + _why(case, override, reached, crises) for override in still)


def idle_note(idle: Sequence[str]) -> tuple[str, ...]:
    """A sentence that names the changes without effect; none where there are none."""
    return (f"Without effect by itself: {'; '.join(idle)}.",) if idle else ()


def are_alike(one: Any, other: Any) -> bool:
    """Whether two trees of arrays hold the same numbers, bit for bit."""
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


def open_only(games: Crises) -> Crises:
    """The games without what reaches nobody's choice: attributes of closed options, and all that is of a power with only silence
    open, which chooses nothing and delivers nothing (a host, a belligerent, one that is absent).
    """
    xp = namespace(games)
    names = [f.name for f in dataclasses.fields(games) if f.name.endswith("_at")]
    acts = xp.any(games.is_open & (games.rung > 0), axis=-1)
    kept: dict[str, Any] = {n: xp.where(games.is_open, getattr(games, n), 0.0) for n in names}
    kept |= {n: xp.where(acts, getattr(games, n), 0.0) for n in OF_WHO_ACTS}
    both = acts[..., :, None] & acts[..., None, :]
    return dataclasses.replace(games, **kept, alignment=xp.where(both, games.alignment, 0.0))


def _host_instead(case: Case, override: Override, crisis: dict[str, Any]) -> str | None:
    """Which other host of a crisis makes a change of one host's door or public move nothing; None where none does."""
    power, host = override.subject, override.target
    if override.attribute == "opinion":
        counts = host_asked(case, crisis, power)
        return None if counts == host else f"the opinion of {power} that counts there is that in {counts}"
    still = [h for h in crisis["host"] if h != host and not case.closed_to(power, [h], crisis["start"])]
    return f"{and_join(still)} is open to {power}, and a deployment needs one open host" if still else None


def _who_is_out(case: Case, override: Override, crises: Sequence[dict[str, Any]]) -> str | None:
    """Why those whom a change is about play in none of the crises; None where one of them plays in one."""
    towards = override.target if override.attribute == "alignment" else ""
    for power in (override.subject, towards, *override.ids[:1]):
        reasons = [case.why_not_playing(power, crisis) for crisis in crises] if power in case.powers else []
        if reasons and all(reasons):
            return reasons[0]
    return None


def _why(case: Case, override: Override, reached: Sequence[str], crises: Sequence[str]) -> str:
    """Why a change moved nothing, in brackets, where that can be said of it alone; else nothing."""
    if crises and (reason := _who_is_out(case, override, [case.crisis(crisis) for crisis in crises])):
        return f" ({reason})"
    if override.attribute == "request" and not override.ids:
        return " (nobody was asked)"
    if override.attribute == "request":
        return " (the same powers count as asked: who leads an organisation that is asked is asked)"
    if override.attribute in ("access", "opinion"):
        others = {_host_instead(case, override, case.crisis(crisis)) for crisis in crises}
        return f" ({others.pop()})" if len(others) == 1 and None not in others else ""
    if override.subject not in case.organisations or override.subject in reached:
        return ""
    if not case.organisation(override.subject).is_vehicle:
        return f" ({override.subject} is no vehicle of a deployment in this case)"
    return f" (no power can deploy through {override.subject} there: see its mandate and its members on that date)"
