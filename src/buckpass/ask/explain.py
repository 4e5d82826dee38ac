"""Why one power did less than another in a crisis: the gap over six mechanisms, with posterior intervals (model §3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from buckpass.ask.answer import Answer
from buckpass.case import Case
from buckpass.case.problems import BuckpassError
from buckpass.changes.idle import idle_note
from buckpass.changes.overrides import Changes, Override
from buckpass.changes.together import parse_overrides
from buckpass.game.decomposition import MECHANISM_WORDS, MECHANISMS, GapDecomposition, decompose_gap
from buckpass.game.order import met
from buckpass.predict.drawing import Drawn, drawn
from buckpass.predict.idle import idle_in
from buckpass.predict.which_fits import Fits
from buckpass.results.summary import DRAWS, Summary, summary
from buckpass.results.table import ResultTable, plain

__all__ = ["Explained", "NoGap", "explain", "explain_crises"]


NO_CHOICE = {
    "force": "what a power is told to do has no reasons of its own",
    "absent": "who is absent does nothing, and has no reasons for it",
}


class NoGap(BuckpassError):
    """The two powers cannot be compared in this crisis."""


@dataclass(frozen=True)
class Explained(Answer):
    """The gap in expected effort between a power and a reference provider, and each mechanism's part of it."""

    power: str
    reference: str
    gap: Summary  # expected effort of the power minus the reference's, 0 to 1
    parts: dict[str, Summary]  # by mechanism; the means sum to the mean gap
    draws: dict[str, np.ndarray]  # by mechanism, [draw]: they sum to the gap of each draw
    by_fit: dict[str, dict[str, float]]  # what each fit says by itself: mean gap, mean part of every mechanism
    overrides: tuple[str, ...] = ()

    @property
    def is_clear(self) -> bool:
        """Whether the 90 % interval of the whole gap leaves out 0."""
        return not self.gap.low <= 0 <= self.gap.high

    @property
    def question(self) -> str:
        """What the parts answer: why one does less, or more, only where the interval bears the sign out."""
        if not self.is_clear:
            return f"What {self.power} and {self.reference} are expected to do in {self.crisis}; which of them does more is open"
        return f"Why {self.power} does {'less' if self.gap.mean < 0 else 'more'} than {self.reference} in {self.crisis}"

    def table(self) -> ResultTable:
        """One row per mechanism, the gap last."""
        rows = [
            {"mechanism": MECHANISM_WORDS.get(name, name), **part.as_dict()}
            for name, part in (*self.parts.items(), ("the whole gap", self.gap))
        ]
        units: dict[str, str] = dict.fromkeys(("mean", "low", "high"), "expected effort 0–1")
        note = (
            f"Shapley decomposition at the equilibrium; the parts sum to the gap. 90 % intervals over {self.n_draws} "
            f"posterior draws. {' '.join(self.notes)}"
        )
        title = f"{self.question} (expected effort, 0 to 1)"
        title += f" if {', '.join(self.overrides)}" if self.overrides else ""
        return ResultTable(pl.DataFrame(rows), title, units, note, (), self.case_hash, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return plain({
            **self.rests_on(), "set": list(self.overrides), "power": self.power, "reference": self.reference,
            "gap": self.gap.as_dict(), "parts": {name: part.as_dict() for name, part in self.parts.items()},
            "by_fit": self.by_fit, "meaning": dict(MECHANISMS), "unit": "expected effort, 0 to 1",
        })  # fmt: skip

    def plot(self):
        """Each mechanism's part of the gap with its 90 % interval (Altair)."""
        import altair as alt

        rows = [{"mechanism": name, **part.as_dict()} for name, part in (*self.parts.items(), ("gap", self.gap))]
        base = alt.Chart(alt.Data(values=rows)).encode(
            y=alt.Y("mechanism:N", sort=[r["mechanism"] for r in rows], title=None)
        )
        bars = base.mark_bar(opacity=0.6).encode(
            x=alt.X("mean:Q", title=f"effort of {self.power} minus {self.reference}")
        )
        interval = base.mark_rule().encode(x="low:Q", x2="high:Q")
        title = f"{self.crisis} under {self.explanation} (n = {self.n_draws} draws)"
        return (bars + interval).properties(title=title, width=420)


def explain(
    case: Case,
    posteriors: Fits,
    crisis: str,
    power: str,
    reference: str,
    n_draws: int = DRAWS,
    overrides: Changes = (),
) -> Explained:
    """Why a power does less (or more) than a reference in a crisis: exact Shapley parts, draw by draw.

    Mechanisms: stake, cost, backlash, norm, influence, others' effort; each takes the power's value instead of the
    reference's, averaged over all orders (Shapley 1953).

    Parameters
    ----------
    case, posteriors, crisis, overrides, n_draws : as `solve_crisis` takes them.
    power, reference : ids of two powers that play in the crisis.

    Returns
    -------
    Explained
        The gap and its parts in units of expected effort, 0 to 1; the parts sum to the gap.

    Raises
    ------
    NoUsablePosterior, NotPosteriors, UnknownName, BadOverride, NoEquilibriumFound
        As `solve_crisis` does.
    NoGap
        The two are one, or one of them does not play or choose in the crisis.
    """
    return explain_crises(case, posteriors, [crisis], power, reference, n_draws, overrides)[crisis]


def explain_crises(
    case: Case, posteriors: Fits, crises: Sequence[str], power: str, reference: str, n_draws: int = DRAWS,
    overrides: Changes = (),
) -> dict[str, Explained]:  # fmt: skip
    """`explain` of many crises in one batch.

    Parameters
    ----------
    case, posteriors, power, reference, n_draws, overrides : as `explain` takes them; the overrides hold in each crisis.
    crises : ids of crises of the case.

    Returns
    -------
    dict of str to Explained
        By crisis.

    Raises
    ------
    NoUsablePosterior, NotPosteriors, UnknownName, NoGap, BadOverride, NoEquilibriumFound
        As `explain` does; `NoGap` names every crisis without a gap.
    """
    for name in (power, reference):
        case.power(name)
    if power == reference:
        raise NoGap(f"{power} has no gap to itself: name another power as the reference")
    changes = parse_overrides(overrides, case)
    given = drawn(case, posteriors, crises, changes, n_draws)
    pair = case.powers.index(power), case.powers.index(reference)
    _check_both_play(case, given.crises, (power, reference))
    _check_both_choose(changes, (power, reference))
    idle = idle_in(case, given, changes)
    split = decompose_gap(given.games, met(given.solved()), *pair)
    return {
        crisis: _explained(given, crisis, (power, reference), given.of(c, split), changes, idle[crisis])
        for c, crisis in enumerate(given.crises)
    }


def _check_both_play(case: Case, crises: Sequence[str], names: tuple[str, str]) -> None:
    rows = [case.crisis(crisis) for crisis in crises]
    idle = [reason for row in rows for name in names if (reason := case.why_not_playing(name, row))]
    if idle:
        raise NoGap("\n".join(f"{reason}, so there is no gap to explain" for reason in idle))


def _check_both_choose(overrides: Sequence[Override], pair: tuple[str, str]) -> None:
    told = [o for o in overrides if o.attribute in NO_CHOICE and {o.subject, *o.ids} & set(pair)]
    if told:
        raise NoGap("\n".join(f"{o.text}: {NO_CHOICE[o.attribute]}, so there is no gap to explain" for o in told))


def _explained(
    given: Drawn, crisis: str, pair: tuple[str, str], split: GapDecomposition, overrides: Sequence[Override],
    idle: tuple[str, ...],
) -> Explained:  # fmt: skip
    gap, said = np.asarray(split.gap), given.said(crisis)
    draws = {name: np.asarray(split.contribution)[:, m] for m, name in enumerate(MECHANISMS)}
    means = {name: float(d.mean()) for name, d in {"gap": gap, **draws}.items()}
    return Explained(
        crisis=crisis, power=pair[0], reference=pair[1], gap=summary(gap),
        parts={name: summary(d) for name, d in draws.items()}, draws=draws, overrides=tuple(o.text for o in overrides),
        by_fit={given.basis.name: means},
        **{**said, "notes": (*said["notes"], *idle_note(idle), *_shut_out(given, crisis, pair))},
    )  # fmt: skip


def _shut_out(given: Drawn, crisis: str, pair: tuple[str, str]) -> Iterator[str]:
    """Which of two powers had no deployment to choose, its host being closed to it."""
    setting, c = given.setting, given.crises.index(crisis)
    may = np.any(np.asarray(setting.is_open)[c] & (np.asarray(setting.deploys_at)[c] > 0), axis=-1)
    for power in pair:
        if not may[setting.names.powers.index(power)]:
            yield f"{power} could not deploy: the host is closed to it, and that is no reason of its own."
