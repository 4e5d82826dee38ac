"""What would have happened: a crisis re-solved with some inputs changed, draw by draw (model §3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.case.overrides import Override
from buckpass.fit.posterior import Posterior
from buckpass.fit.predict import coefficients_of
from buckpass.fit.solving import POWER_QUANTITIES, NoUsablePosterior, Summary, notes_of, play, quantities_of, summary
from buckpass.game.choice import log_strategy
from buckpass.game.crises import Crises
from buckpass.game.payoffs import Coefficients
from buckpass.game.scenario import scenario_games, scenario_setting
from buckpass.game.setting import Standard, standard_of
from buckpass.game.solver import solve
from buckpass.record.results import ResultTable, ShowsItself, plain

ROUNDING = 1e-12  # below the solver's tolerance nothing has risen

__all__ = ["Difference", "PowerChange", "WhatIf", "what_if"]

OUTCOMES = ("p_stabilised", "p_nobody")
UNITS = {
    "expected_rung": "rung 0–6", "p_deploy": "P(rung ≥ 5)", "residual": "share of the job left undone for the power",
    "buck_passed": "effort 0–1, times what it can deliver", "p_stabilised": "probability", "p_nobody": "probability",
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
    expected_rung: Difference
    p_deploy: Difference
    residual: Difference
    buck_passed: Difference
    own: Summary  # change of expected rung from its own payoffs and options, the residuals held at the baseline
    through_others: Summary  # the rest: what the others' re-solved effort moves; the two sum to the difference

    def as_dict(self) -> dict[str, Any]:
        quantities = {name: getattr(self, name).as_dict() for name in POWER_QUANTITIES}
        return {
            "id": self.id,
            **quantities,
            "channels": {"own": self.own.as_dict(), "through_others": self.through_others.as_dict()},
        }


@dataclass(frozen=True)
class WhatIf(ShowsItself):
    """A crisis before and after a change, under one explanation, on the same posterior draws."""

    crisis: str
    explanation: str
    overrides: tuple[str, ...]
    powers: tuple[PowerChange, ...]
    p_stabilised: Difference
    p_nobody: Difference
    is_null: bool  # no input of any game changed, and every difference is exactly 0
    without_effect: tuple[str, ...]  # changes that by themselves move no input of any game under this explanation
    notes: tuple[str, ...]
    n_draws: int
    seed: int
    case_hash: str

    @property
    def sentence(self) -> str:
        """What is changed, what is held, what is re-solved."""
        changed = ", ".join(self.overrides) or "nothing"
        text = (
            f"Changed: {changed}. Held: every other input of {self.crisis} and the {self.n_draws} posterior draws. "
            f"Re-solved: the response of every power ({len(self.powers)})."
        )
        if self.without_effect:
            text += f" Without effect under {self.explanation}: {', '.join(self.without_effect)}."
        return text

    def table(self) -> ResultTable:
        """One row per power and quantity: baseline, scenario, difference with its 90 % interval."""
        rows = [_row(p.id, name, getattr(p, name)) for p in self.powers for name in POWER_QUANTITIES]
        rows += [_row("all", name, getattr(self, name)) for name in OUTCOMES]
        units = {"low": "5 %", "high": "95 %", "p_rises": "probability"}
        note = f"{self.sentence} " + " ".join(self.notes)
        return ResultTable(pl.DataFrame(rows), f"{self.crisis}: what if", units, note, (), self.case_hash, self.seed)

    def channels(self) -> ResultTable:
        """By which channel each power's expected rung moves: its own payoffs and options, or what the others do."""
        rows = [
            {"power": p.id, "own": p.own.mean, "own_low": p.own.low, "own_high": p.own.high,
             "through_others": p.through_others.mean, "others_low": p.through_others.low, "others_high": p.through_others.high,
             "total": p.expected_rung.difference.mean}
            for p in self.powers
        ]  # fmt: skip
        units = {name: "expected rung" for name in rows[0] if name != "power"}
        note = "own: residuals held at the baseline; through others: the rest. 90 % intervals."
        return ResultTable(
            pl.DataFrame(rows), f"{self.crisis}: channels of the change", units, note, (), self.case_hash, self.seed
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return plain({
            "crisis": self.crisis, "explanation": self.explanation, "set": list(self.overrides),
            "powers": [p.as_dict() for p in self.powers], "p_stabilised": self.p_stabilised.as_dict(),
            "p_nobody": self.p_nobody.as_dict(), "is_null": self.is_null, "without_effect": list(self.without_effect),
            "sentence": self.sentence, "units": UNITS, "notes": list(self.notes), "n_draws": self.n_draws,
            "seed": self.seed, "case_hash": self.case_hash,
        })  # fmt: skip

    def plot(self):
        """Change of each power's expected rung with its 90 % interval (Altair)."""
        import altair as alt

        rows = [{"power": p.id, **p.expected_rung.difference.as_dict()} for p in self.powers]
        base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("power:N", sort=[p.id for p in self.powers], title=None))
        bars = base.mark_rule().encode(x=alt.X("low:Q", title="change of expected rung"), x2="high:Q")
        points = base.mark_point(filled=True, size=60).encode(x="mean:Q")
        zero = alt.Chart(alt.Data(values=[{"x": 0}])).mark_rule(strokeDash=[3, 3]).encode(x="x:Q")
        title = [
            f"{self.crisis}: {', '.join(self.overrides) or 'no change'}",
            f"under {self.explanation}, n = {self.n_draws} draws",
        ]
        return (zero + bars + points).properties(title=title, width=420)


def what_if(
    case: Case, posterior: Posterior | None, crisis: str, overrides: Sequence[Override], n_draws: int = 200
) -> WhatIf:
    """A crisis with some inputs changed, against the crisis as it was, draw by draw.

    Both sides are solved on the same posterior draws; a change to what is already there gives differences of exactly
    0. The change of a power's expected rung splits into `own` (its new payoffs and options at the old residuals) and
    `through_others` (the rest), which sum to it.

    Raises
    ------
    NoUsablePosterior
        `posterior` is None.
    BadOverride
        An override cannot be used in a crisis's game: all reasons at once.
    NoEquilibriumFound
        Some draw's game was not solved.
    """
    if posterior is None:
        raise NoUsablePosterior(f"a what-if needs a posterior: fit first, `buckpass fit {case.id} -o FOLDER`")
    standard = standard_of(case)
    before = scenario_setting(case, [crisis], (), standard)
    coefficients = coefficients_of(posterior, before, n_draws)
    base = play(before, coefficients)
    changed = _changed(case, crisis, overrides, coefficients, standard)
    found_base, found_changed = solve(base), solve(changed)
    is_null = _same(base, changed)
    now = _rung_at(base, found_base.log_residual)
    own = _rung_at(changed, found_base.log_residual) - now
    total = _rung_at(changed, found_changed.log_residual) - now
    quantities = quantities_of(base, found_base), quantities_of(changed, found_changed)
    return WhatIf(
        crisis=crisis, explanation=posterior.explanation, overrides=tuple(o.text for o in overrides),
        powers=_powers(case.powers, quantities, np.asarray(own), np.asarray(total - own)),
        **{name: _difference(quantities[0][name], quantities[1][name]) for name in OUTCOMES},
        is_null=is_null, without_effect=_without_effect(case, crisis, overrides, (coefficients, standard, base)),
        notes=notes_of(posterior), n_draws=int(base.stake.shape[0]), seed=posterior.seed, case_hash=posterior.case_hash,
    )  # fmt: skip


def _changed(
    case: Case, crisis: str, overrides: Sequence[Override], coefficients: Coefficients, standard: Standard
) -> Crises:
    setting = scenario_setting(case, [crisis], overrides, standard)
    return scenario_games(play(setting, coefficients), setting, overrides)


def _same(a: Crises, b: Crises) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def _without_effect(case: Case, crisis: str, overrides: Sequence[Override], drawn: tuple) -> tuple[str, ...]:
    coefficients, standard, base = drawn
    games = {o.text: _changed(case, crisis, [o], coefficients, standard) for o in overrides}
    return tuple(text for text, changed in games.items() if _same(_open_only(changed), _open_only(base)))


def _open_only(games: Crises) -> Crises:
    """The games with the attributes of closed options blotted out: those reach nobody's choice."""
    names = [f.name for f in dataclasses.fields(games) if f.name.endswith("_at")]
    return dataclasses.replace(games, **{n: jnp.where(games.is_open, getattr(games, n), 0.0) for n in names})


@jax.jit
def _rung_at(games: Crises, log_residual: jax.Array) -> jax.Array:
    """Expected rungs at given residuals; one formula for all three, so that no change is exactly 0 in each channel."""
    return jnp.sum(games.rung * jnp.exp(log_strategy(games, log_residual)), axis=-1)


def _powers(
    names: Sequence[str], quantities: tuple[dict, dict], own: np.ndarray, others: np.ndarray
) -> tuple[PowerChange, ...]:
    before, after = quantities
    return tuple(
        PowerChange(
            id=name, own=summary(own[:, i]), through_others=summary(others[:, i]),
            **{q: _difference(before[q][:, i], after[q][:, i]) for q in POWER_QUANTITIES},
        )
        for i, name in enumerate(names)
    )  # fmt: skip


def _difference(before: np.ndarray, after: np.ndarray) -> Difference:
    change = after - before
    return Difference(summary(before), summary(after), summary(change), float(np.mean(change > ROUNDING)))


def _row(power: str, quantity: str, found: Difference) -> dict[str, Any]:
    return {"power": power, "quantity": quantity.replace("_", " "), "baseline": found.baseline.mean, "scenario": found.scenario.mean,
            "difference": found.difference.mean, "low": found.difference.low, "high": found.difference.high,
            "p_rises": found.p_rises}  # fmt: skip
