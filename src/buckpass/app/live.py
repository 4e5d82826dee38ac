"""One crisis held ready to be re-solved at every move of a slider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.changes import Override
from buckpass.changes.scenario import scenario_setting
from buckpass.game.setting import standard_of
from buckpass.game.solver import DEFAULT_SETTINGS, NoEquilibriumFound
from buckpass.predict.drawing import drawn
from buckpass.predict.numbers import OF_CRISIS, quantities_of
from buckpass.predict.which_fits import Fits
from buckpass.results.summary import summary
from buckpass.results.table import ResultTable

__all__ = ["QUANTITIES", "Answer", "LiveCrisis"]

DRAWS = 60
QUANTITIES = {
    "expected_rung": "rung", "p_deploy": "probability", "residual": "share of the job that others leave undone",
    "buck_passed": "effort",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """A crisis after some changes, beside the crisis as it was; draws by quantity, axes draw and power (outcomes: draw)."""

    crisis: str
    explanation: str
    notes: tuple[str, ...]
    n_draws: int  # of each fit
    powers: tuple[str, ...]
    overrides: tuple[str, ...]
    baseline: Mapping[str, np.ndarray]
    scenario: Mapping[str, np.ndarray]
    case_hash: str

    def rows(self, quantity: str) -> list[dict]:
        """One row per power: baseline, scenario and their difference, each with its 90 % interval."""
        before, after = self.baseline[quantity], self.scenario[quantity]
        return [{"power": p, **_summary(before[:, i], after[:, i])} for i, p in enumerate(self.powers)]

    def outcome(self, quantity: str) -> dict[str, float]:
        """The same for an outcome of the whole crisis."""
        return _summary(self.baseline[quantity], self.scenario[quantity])

    def table(self) -> ResultTable:
        """Everything shown, as a table to take away."""
        rows = [{"quantity": q, **row} for q in QUANTITIES for row in self.rows(q)]
        rows += [{"quantity": q, "power": "all", **self.outcome(q)} for q in OF_CRISIS]
        note = f"Explanation {self.explanation}, {self.n_draws} posterior draws, 90 % intervals. Changed: "
        note += (", ".join(self.overrides) or "nothing") + ". All powers respond anew; everything else is held."
        return ResultTable(pl.DataFrame(rows), f"{self.crisis}: baseline and scenario", {}, note, (), self.case_hash)


class LiveCrisis:
    """A crisis under the fits that answer: setting, draws and baseline computed once, scenarios in milliseconds.

    Holds nothing of any user: the same object answers everybody.
    """

    def __init__(self, case: Case, fits: Fits, crisis: str, n_draws: int = DRAWS):
        self.case, self.crisis = case, crisis
        self._standard = standard_of(case)
        self._given = drawn(case, fits, [crisis], (), n_draws, self._standard)
        self.baseline = self._answer(())
        is_open = np.asarray(self._given.setting.is_open[0])
        self.plays = tuple(p for p, open_ in zip(case.powers, is_open, strict=True) if open_.sum() > 1)

    def answer(self, overrides: Sequence[Override]) -> Answer:
        """The crisis with some inputs changed, on the same draws as its baseline.

        Raises `BadOverride` where a change cannot be made here, `NoEquilibriumFound` where no solution was reached.
        """
        scenario = self._answer(overrides) if overrides else self.baseline
        keep = [self.case.powers.index(p) for p in self.plays]
        before, after = (
            {k: v[:, keep] if v.ndim == 2 else v for k, v in part.items()} for part in (self.baseline, scenario)
        )
        texts = tuple(o.text for o in overrides)
        basis = self._given.basis
        return Answer(
            self.crisis, basis.name, basis.notes, self._given.n_draws, self.plays, texts, before, after, self.case.hash
        )

    def _answer(self, overrides: Sequence[Override]) -> dict[str, np.ndarray]:
        setting = scenario_setting(self.case, [self.crisis], overrides, self._standard)
        changed = self._given.under(setting, overrides)
        try:
            solved = changed.solved(DEFAULT_SETTINGS)
        except NoEquilibriumFound as lost:
            raise NoEquilibriumFound(
                f"{len(lost.positions)} draws were not solved: move less far", lost.positions
            ) from lost
        return quantities_of(changed.games, solved)


def _summary(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    parts = {"baseline": before, "scenario": after, "difference": after - before}
    return {column: value for name, draws in parts.items() for column, value in summary(draws).columns(name).items()}
