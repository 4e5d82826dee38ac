"""One crisis held ready to be re-solved at every move of a slider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import numpy as np
import polars as pl

from buckpass.case import Case, Override
from buckpass.fit.posterior import Posterior
from buckpass.fit.predict import coefficients_of, draw_games
from buckpass.game import estimands
from buckpass.game.crises import Crises
from buckpass.game.scenario import scenario_games, scenario_setting
from buckpass.game.setting import standard_of
from buckpass.game.solver import DEFAULT_SETTINGS, Equilibrium, NoEquilibriumFound, solve_strategies
from buckpass.results.summary import summary
from buckpass.results.table import ResultTable

__all__ = ["QUANTITIES", "Answer", "LiveCrisis"]

DRAWS = 60
QUANTITIES = {
    "expected_rung": "rung, 0 to 6", "p_deploys": "probability", "residual": "share of the job that others leave undone",
    "buck_passed": "effort",
}  # fmt: skip
_solved = jax.jit(lambda games: solve_strategies(games, DEFAULT_SETTINGS))


@jax.jit
def _quantities(games: Crises, found: Equilibrium) -> dict[str, jax.Array]:
    return {
        "expected_rung": estimands.expected_rung(games, found), "p_deploys": estimands.p_at_least(games, found, 5),
        "residual": estimands.residual(found), "buck_passed": estimands.buck_passed(games, found),
        "p_stabilised": estimands.p_stabilised(games, found), "p_nobody": estimands.p_nobody(games, found),
    }  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """A crisis after some changes, beside the crisis as it was; draws by quantity, axes draw and power (outcomes: draw)."""

    crisis: str
    explanation: str
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
        rows += [{"quantity": q, "power": "all", **self.outcome(q)} for q in ("p_stabilised", "p_nobody")]
        note = f"Explanation {self.explanation}, {len(self.baseline['p_nobody'])} posterior draws, 90 % intervals. Changed: "
        note += (", ".join(self.overrides) or "nothing") + ". All powers respond anew; everything else is held."
        return ResultTable(pl.DataFrame(rows), f"{self.crisis}: baseline and scenario", {}, note, (), self.case_hash)


class LiveCrisis:
    """A crisis under an explanation: setting, draws and baseline computed once, scenarios in milliseconds.

    Holds nothing of any user: the same object answers everybody.
    """

    def __init__(self, case: Case, posterior: Posterior, crisis: str, n_draws: int = DRAWS):
        self.case, self.crisis, self.explanation = case, crisis, posterior.explanation
        self._standard = standard_of(case)
        setting = scenario_setting(case, [crisis], (), self._standard)
        self._coefficients = coefficients_of(posterior, setting, n_draws)
        self.baseline = self._answer(())
        self.plays = tuple(
            p for p, open_ in zip(case.powers, np.asarray(setting.is_open[0]), strict=True) if open_.sum() > 1
        )

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
        return Answer(self.crisis, self.explanation, self.plays, texts, before, after, self.case.hash)

    def _answer(self, overrides: Sequence[Override]) -> dict[str, np.ndarray]:
        setting = scenario_setting(self.case, [self.crisis], overrides, self._standard)
        games = scenario_games(draw_games(setting, self._coefficients), setting, overrides)
        found = _solved(games)
        if not bool(found.converged.all()):
            wrong = tuple(int(i) for i in np.flatnonzero(~np.asarray(found.converged)))
            raise NoEquilibriumFound(
                f"{len(wrong)} of {len(found.converged)} draws were not solved: move less far", wrong
            )
        return {k: np.asarray(v) for k, v in _quantities(games, found).items()}


def _summary(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    parts = {"baseline": before, "scenario": after, "difference": after - before}
    return {column: value for name, draws in parts.items() for column, value in summary(draws).columns(name).items()}
