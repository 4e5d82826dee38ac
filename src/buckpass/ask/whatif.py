"""What would have happened: a crisis re-solved with some inputs changed, draw by draw (model §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from buckpass.ask.answer import Answer
from buckpass.case import Case
from buckpass.case.ladder import Rungs
from buckpass.changes.idle import are_alike, open_only
from buckpass.changes.overrides import Changes
from buckpass.changes.scenario import setting_after, usable_changes
from buckpass.game.arrays import at_host, namespace
from buckpass.game.choice import log_strategy
from buckpass.game.crises import Crises, plays
from buckpass.game.order import Met, met, over_what_is_met
from buckpass.game.setting import standard_of
from buckpass.predict.drawing import Drawn, drawn
from buckpass.predict.idle import idle_in
from buckpass.predict.numbers import OF_CRISIS, OF_POWER, quantities_of
from buckpass.predict.which_fits import Fits
from buckpass.results.summary import DRAWS, Summary, summary
from buckpass.results.table import LEAST, ROUNDING, ResultTable, plain

__all__ = ["Difference", "PowerChange", "WhatIf", "whatif", "whatif_crises"]

UNITS = {
    "expected_rung": "rung {rungs.span}", "p_deploy": "P(rung ≥ {rungs.deployment})", "residual": "share of the job left undone for the power",
    "buck_passed": "effort 0–1, times what it can deliver", "payoff": "logit units", "p_stabilised": "probability", "p_nobody": "probability",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One quantity before, after, and the difference draw by draw: means and 90 % intervals."""

    baseline: Summary
    scenario: Summary
    difference: Summary
    p_rises: float  # posterior probability that it is higher in the scenario

    def as_dict(self) -> dict[str, Any]:
        return {"baseline": self.baseline.as_dict(), "scenario": self.scenario.as_dict(),
                "difference": self.difference.as_dict(), "p_rises": self.p_rises}  # fmt: skip


@dataclass(frozen=True)
class PowerChange:
    """What changes for one power, and by which channel its expected rung moves."""

    id: str
    plays: bool  # a host or a belligerent does not: only silence is open to it
    expected_rung: Difference
    p_deploy: Difference
    residual: Difference
    buck_passed: Difference
    payoff: (
        Difference  # expected payoff: whether the change pays for the power, backlash and the others' answer included
    )
    own: Summary  # change of expected rung from its own payoffs and options, the residuals held at the baseline
    through_others: Summary  # the rest: what the others' re-solved effort moves; the two sum to the difference

    def as_dict(self) -> dict[str, Any]:
        quantities = {name: getattr(self, name).as_dict() for name in OF_POWER}
        return {
            "id": self.id,
            "plays": self.plays,
            **quantities,
            "channels": {"own": self.own.as_dict(), "through_others": self.through_others.as_dict()},
        }


@dataclass(frozen=True)
class WhatIf(Answer):
    """A crisis before and after a change, under one explanation, on the same posterior draws."""

    overrides: tuple[str, ...]
    powers: tuple[PowerChange, ...]
    p_stabilised: Difference
    p_nobody: Difference
    is_null: bool  # no input that reaches a choice changed, and every difference is exactly 0
    without_effect: tuple[
        str, ...
    ]  # changes that by themselves move no input of any game, each with the reason if known
    rungs: Rungs
    re_solved: int  # powers that still have more than one thing to do after the change

    @property
    def sentence(self) -> str:
        """What is changed, what is held, what is re-solved."""
        changed = ", ".join(self.overrides) or "nothing"
        text = (
            f"Changed: {changed}. Held: every other input of {self.crisis} and the {self.n_draws} posterior draws. "
            f"Re-solved: the response of every power that is left to choose ({self.re_solved})."
        )
        if self.without_effect:
            text += f" Without effect by itself under {self.explanation}: {'; '.join(self.without_effect)}."
        return text + (" So nothing changes: every difference is exactly 0." if self.is_null else "")

    def table(self) -> ResultTable:
        """One row per power that plays and quantity: baseline, scenario, difference with its 90 % interval."""
        rows = [_row(p.id, name, getattr(p, name)) for p in self.powers if p.plays for name in OF_POWER]
        rows += [_row("all", name, getattr(self, name)) for name in OF_CRISIS]
        units = {"low": "5 %", "high": "95 %", "p_rises": "probability"}
        note = f"{self.sentence} " + " ".join(self.notes)
        return ResultTable(pl.DataFrame(rows), f"{self.crisis}: what if", units, note, (), self.case_hash, self.seed)

    def changes(self) -> ResultTable:
        """The change of each power's expected rung and the channels through which it came, one row per power."""
        rows = [
            {"power": p.id, **_rounded(
                before=p.expected_rung.baseline.mean, after=p.expected_rung.scenario.mean,
                change=p.expected_rung.difference.mean, low=p.expected_rung.difference.low,
                high=p.expected_rung.difference.high, own=p.own.mean, others=p.through_others.mean,
                p=p.p_deploy.baseline.mean, p_now=p.p_deploy.scenario.mean, payoff=p.payoff.difference.mean)}
            for p in self.powers if _is_moved(p)
        ]  # fmt: skip
        deploys = " or ".join(map(str, range(self.rungs.deployment, self.rungs.count)))
        still = ", ".join(p.id for p in self.powers if p.plays and not _is_moved(p))
        note = (
            f"Expected rung (0 to {self.rungs.top}), its change with a 90 % interval, and the channels that sum to it: own (its payoffs and "
            f"options, the residuals held) and others (what the others' re-solved effort moves). p: P(rung {deploys}), before and "
            "now; payoff: change of its expected payoff in logit units, all it gains and pays (intervals in --json)."
            + (f" No change: {still}." if still else "")
        )
        units = {
            "low": "5 %",
            "high": "95 %",
            "own": "rung",
            "others": "rung",
            "p": "probability",
            "payoff": "logit units",
        }
        title = f"{self.crisis}: who does more or less if {', '.join(self.overrides) or 'nothing changes'}"
        frame = pl.DataFrame(rows) if rows else pl.DataFrame({"power": ["nobody"]})
        return ResultTable(frame, title, units, note, (), self.case_hash, self.seed)

    def outcomes(self) -> ResultTable:
        """What changes for the crisis as a whole, with what was changed, held and re-solved in the note."""
        rows = [{k: v for k, v in _row("all", n, getattr(self, n)).items() if k != "power"} for n in OF_CRISIS]
        note = f"{self.sentence} " + " ".join(self.notes)
        return ResultTable(
            pl.DataFrame(rows), "Outcome", {"low": "5 %", "high": "95 %"}, note, (), self.case_hash, self.seed
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return plain({
            **self.rests_on(), "set": list(self.overrides),
            "powers": [p.as_dict() for p in self.powers], "p_stabilised": self.p_stabilised.as_dict(),
            "p_nobody": self.p_nobody.as_dict(), "is_null": self.is_null, "without_effect": list(self.without_effect),
            "sentence": self.sentence, "units": {q: unit.format(rungs=self.rungs) for q, unit in UNITS.items()},
        })  # fmt: skip

    def plot(self):
        """Change of each power's expected rung with its 90 % interval (Altair)."""
        import altair as alt

        rows = [{"power": p.id, **p.expected_rung.difference.as_dict()} for p in self.powers if p.plays]
        base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("power:N", sort=[r["power"] for r in rows], title=None))
        bars = base.mark_rule().encode(x=alt.X("low:Q", title="change of expected rung"), x2="high:Q")
        points = base.mark_point(filled=True, size=60).encode(x="mean:Q")
        zero = alt.Chart(alt.Data(values=[{"x": 0}])).mark_rule(strokeDash=[3, 3]).encode(x="x:Q")
        title = [
            f"{self.crisis}: {', '.join(self.overrides) or 'no change'}",
            f"under {self.explanation}, n = {self.n_draws} draws",
        ]
        return (zero + bars + points).properties(title=title, width=420)


def whatif(case: Case, posteriors: Fits, crisis: str, overrides: Changes, n_draws: int = DRAWS) -> WhatIf:
    """A crisis with some inputs changed, against the crisis as it was, draw by draw.

    Both sides are solved on the same posterior draws; a change to what is already there gives differences of exactly
    0. The change of a power's expected rung splits into `own` (its new payoffs and options at the old residuals) and
    `through_others` (the rest), which sum to it.

    Parameters
    ----------
    case, posteriors, crisis, n_draws : as `solve_crisis` takes them.
    overrides : what is changed: `PATH=VALUE` texts, or what `parse_overrides` has read; one or several.

    Returns
    -------
    WhatIf
        By power and for the crisis: before, after, and the difference, means with 90 % intervals.

    Raises
    ------
    NoUsablePosterior, NotPosteriors
        There is none, or it was fitted to another record; what was given is none.
    UnknownName
        The crisis is not in the case.
    BadOverride
        An override cannot be used in a crisis's game: all reasons at once.
    NoEquilibriumFound
        Some draw's game was not solved.
    """
    return whatif_crises(case, posteriors, [crisis], overrides, n_draws)[crisis]


def whatif_crises(
    case: Case, posteriors: Fits, crises: Sequence[str], overrides: Changes, n_draws: int = DRAWS
) -> dict[str, WhatIf]:
    """`whatif` of many crises in one batch.

    Parameters
    ----------
    case, posteriors, overrides, n_draws : as `whatif` takes them; the overrides hold in each crisis.
    crises : ids of crises of the case.

    Returns
    -------
    dict of str to WhatIf
        By crisis.

    Raises
    ------
    NoUsablePosterior, NotPosteriors, UnknownName, BadOverride, NoEquilibriumFound
        As `whatif` does.
    """
    standard = standard_of(case)
    before = drawn(case, posteriors, crises, (), n_draws, standard)
    changes = usable_changes(overrides, case, [case.crisis(c) for c in crises])
    after = before.under(setting_after(case, crises, changes, standard), changes)
    idle = idle_in(case, after, changes)
    numbers, may = _numbers(before, after), plays(at_host(before.setting))
    answers = {}
    for c, crisis in enumerate(before.crises):
        is_null = are_alike(open_only(before.of(c, before.games)), open_only(before.of(c, after.games)))
        said = {"crisis": crisis, "rungs": case.rungs, "overrides": tuple(o.text for o in changes), "is_null": is_null,
                "without_effect": idle[crisis], "re_solved": int(plays(before.of(c, after.games))[0].sum())}  # fmt: skip
        own = before.of(c, numbers)
        powers = dict(zip(case.powers, may[c].tolist(), strict=True))
        answers[crisis] = _result(powers, _unmoved(own) if is_null else own, {**said, **before.said(crisis)})
    return answers


def _unmoved(numbers: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """The quantities of a game in which nobody's choice meets another input: those that were there, and channels of 0."""
    still = {name: np.zeros_like(draws) for name, draws in numbers["by"].items()}
    return {"before": numbers["before"], "after": numbers["before"], "by": still}


def _numbers(base: Drawn, changed: Drawn) -> dict[str, dict[str, np.ndarray]]:
    """Quantities before and after, and the two channels of each power's expected rung."""
    solved_base, solved_changed = base.solved(), changed.solved()
    now = _rung_at(base.games, met(solved_base))
    own = _rung_at(changed.games, met(solved_base)) - now
    total = _rung_at(changed.games, met(solved_changed)) - now
    return {
        "before": quantities_of(base.games, solved_base), "after": quantities_of(changed.games, solved_changed),
        "by": {"own": np.asarray(own), "others": np.asarray(total - own)},
    }  # fmt: skip


def _result(powers: Mapping[str, bool], numbers: dict[str, dict], said: dict[str, Any]) -> WhatIf:
    before, after = numbers["before"], numbers["after"]
    return WhatIf(
        **said,
        powers=_powers(powers, (before, after), numbers["by"]["own"], numbers["by"]["others"]),
        p_stabilised=_difference(before["p_stabilised"], after["p_stabilised"]),
        p_nobody=_difference(before["p_nobody"], after["p_nobody"]),
    )


def _rung_at(games: Crises, at: Met) -> np.ndarray:
    """Expected rungs at given residuals; one formula for all three, so that no change is exactly 0 in each channel."""
    return over_what_is_met(lambda r: (games.rung * namespace(r).exp(log_strategy(games, r))).sum(axis=-1), at)


def _powers(
    names: Mapping[str, bool], quantities: tuple[dict, dict], own: np.ndarray, others: np.ndarray
) -> tuple[PowerChange, ...]:
    """What changes for each power; names : whether each plays."""
    before, after = quantities
    return tuple(
        PowerChange(
            id=name, plays=may, own=summary(own[:, i]), through_others=summary(others[:, i]),
            **{q: _difference(before[q][:, i], after[q][:, i]) for q in OF_POWER},
        )
        for i, (name, may) in enumerate(names.items())
    )  # fmt: skip


def _rounded(**numbers: float) -> dict[str, float]:
    """What is below 1 to a thousandth, so that a row fits a terminal; the rest is rounded where it is shown, once."""
    return {name: round(number, 3) if LEAST <= abs(number) < 1 else number for name, number in numbers.items()}


def _is_moved(power: PowerChange) -> bool:
    changes = (power.expected_rung.difference, power.payoff.difference)
    return power.plays and any(max(abs(c.mean), abs(c.low), abs(c.high)) > ROUNDING for c in changes)


def _difference(before: np.ndarray, after: np.ndarray) -> Difference:
    change = after - before
    return Difference(summary(before), summary(after), summary(change), float(np.mean(change > ROUNDING)))


def _row(power: str, quantity: str, found: Difference) -> dict[str, Any]:
    return {"power": power, "quantity": quantity.replace("_", " "), "baseline": found.baseline.mean, "scenario": found.scenario.mean,
            "difference": found.difference.mean, "low": found.difference.low, "high": found.difference.high,
            "p_rises": found.p_rises}  # fmt: skip
