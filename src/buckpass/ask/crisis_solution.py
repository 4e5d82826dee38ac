"""What is known of one solved crisis: responses, buck passed, outcome, every equilibrium, the path to it (model §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from buckpass.ask.answer import Answer
from buckpass.case.ladder import Rungs
from buckpass.game.equilibria import AllEquilibria
from buckpass.game.path import Path
from buckpass.predict.numbers import OF_POWER
from buckpass.results.summary import Summary
from buckpass.results.table import ResultTable, ShowsItself, plain
from buckpass.results.words import count_of, fixed

__all__ = ["CrisisSolution", "EquilibriaOfCrisis", "PathFigure", "PowerSolution"]

COLUMNS = (
    "Residual: share of the job that the others leave undone for it, above 1 where rivals undo it; buck passed: what it saves "
    "because others act, effort times what it can deliver (below 0: it adds); alone: expected rung if nobody else acted."
)
LABEL_APART = 0.28  # rungs between the names at the ends of two lines


@dataclass(frozen=True)
class PowerSolution:
    """One power in one crisis: response and alone are probabilities of each rung, posterior means."""

    id: str
    plays: bool  # a host or a belligerent does not: only silence is open to it
    response: tuple[float, ...]
    alone: tuple[float, ...]
    expected_rung: Summary
    p_deploy: Summary  # P(deployment)
    residual: Summary  # share of the job that the others leave undone for it
    buck_passed: Summary  # units of effort; above 0 it rides, below 0 it is drawn in
    payoff: Summary  # expected payoff, logit units; 0 where nobody does anything

    def as_dict(self) -> dict[str, Any]:
        means = {name: getattr(self, name).mean for name in OF_POWER}
        bounds = {name: [getattr(self, name).low, getattr(self, name).high] for name in OF_POWER}
        return {"id": self.id, "plays": self.plays, "response": list(self.response), "alone": list(self.alone),
                **means, "interval": bounds}  # fmt: skip


@dataclass(frozen=True)
class CrisisSolution(Answer):
    """The equilibrium of a crisis under one explanation, over posterior draws (means and 90 % intervals)."""

    powers: tuple[PowerSolution, ...]
    p_stabilised: Summary
    p_nobody: Summary  # nobody goes beyond statements
    solver: Mapping[str, Any]  # residual: largest error of log R; sweeps: most used; status
    overrides: tuple[str, ...]
    rungs: Rungs
    equilibria: EquilibriaOfCrisis | None = None
    path: PathFigure | None = None

    def table(self) -> ResultTable:
        """One row per power that plays."""
        rows = [
            {"power": p.id, "expected_rung": p.expected_rung.mean, "low": p.expected_rung.low, "high": p.expected_rung.high,
             "p_deploy": p.p_deploy.mean, "residual": p.residual.mean, "buck_passed": p.buck_passed.mean,
             "alone": sum(r * q for r, q in enumerate(p.alone))}
            for p in self.powers if p.plays
        ]  # fmt: skip
        units = {"expected_rung": f"rung {self.rungs.span}", "low": "5 %", "high": "95 %", "p_deploy": f"P(rung ≥ {self.rungs.deployment})",
                 "residual": "share left undone", "buck_passed": "effort 0–1", "alone": "expected rung"}  # fmt: skip
        note = (
            f"{COLUMNS} P(stabilised) {_shown(self.p_stabilised)}; P(nobody beyond statements) {_shown(self.p_nobody)}. "
            f"{count_of(len(rows), 'power')}, {self.n_draws} posterior draws. " + " ".join(self.notes)
        )
        title = f"Who does what in {self.crisis} (explanation: {self.explanation})"
        return ResultTable(pl.DataFrame(rows), title, units, note.strip(), (), self.case_hash, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """Plain values: crisis, powers, p_stabilised, solver, and what they were computed with."""
        answer = {
            **self.rests_on(), "powers": [p.as_dict() for p in self.powers], "p_stabilised": self.p_stabilised.mean,
            "solver": dict(self.solver), "p_nobody": self.p_nobody.mean,
            "interval": {"p_stabilised": [self.p_stabilised.low, self.p_stabilised.high],
                         "p_nobody": [self.p_nobody.low, self.p_nobody.high]},
            "set": list(self.overrides),
        }  # fmt: skip
        if self.equilibria is not None:
            answer |= {"equilibria": self.equilibria.as_dict(), "branch": self.equilibria.branch_as_dict()}
        return plain(answer)

    def plot(self):
        """Response probabilities by rung, each power in the equilibrium and alone (Altair)."""
        import altair as alt

        rows = [
            {"power": p.id, "rung": r, "probability": q, "when": when}
            for p in self.powers if p.plays
            for when, values in (("in equilibrium", p.response), ("if alone", p.alone))
            for r, q in enumerate(values)
        ]  # fmt: skip
        n = sum(p.plays for p in self.powers)
        chart = alt.Chart(alt.Data(values=rows)).mark_bar()
        chart = chart.encode(
            x=alt.X("rung:O", title="rung"), y=alt.Y("probability:Q", title="probability"),
            xOffset="when:N", color=alt.Color("when:N", title=None),
        ).properties(width=140, height=90)  # fmt: skip
        title = f"{self.crisis} under {self.explanation} (n = {n} powers, {self.n_draws} draws)"
        return chart.facet(
            facet=alt.Facet("power:N", sort=[p.id for p in self.powers], title=None), columns=3
        ).properties(title=title)

    def plot_path(self):
        """The λ-path of expected rungs, with the powers' names (Altair); there with `branch="all"`."""
        if self.path is None:
            raise ValueError('there is no path: ask with branch="all", or `solve --all`; it may also have been lost')
        return self.path.plot()


@dataclass(frozen=True)
class EquilibriaOfCrisis(ShowsItself):
    """Every equilibrium found at the posterior mean, the principal one first."""

    found: AllEquilibria
    powers: tuple[str, ...]
    expected_rung: np.ndarray  # equilibrium, power
    explanation: str  # the fit at whose posterior mean

    def as_dict(self) -> list[dict[str, Any]]:
        marks = zip(
            self.found.is_principal, self.found.is_stable, self.found.basin_share, self.found.error, strict=True
        )
        return [
            {"is_principal": bool(principal), "is_stable": bool(stable), "basin_share": float(basin),
             "index": int(self.found.index[e]), "residual": float(error), "spectral_radius": float(self.found.spectral_radius[e]),
             "expected_rung": dict(zip(self.powers, map(float, self.expected_rung[e]), strict=True))}
            for e, (principal, stable, basin, error) in enumerate(marks)
        ]  # fmt: skip

    def branch_as_dict(self) -> dict[str, Any]:
        """What happens on the principal branch, and whether the list is complete."""
        found = self.found
        return {"traced": found.path is not None, "folds": list(found.folds), "branch_points": list(found.branch_points),
                "indices_add_up": found.is_balanced}  # fmt: skip

    @property
    def branch(self) -> str:
        """What happens on the principal branch, in words."""
        if self.found.path is None:
            return "The principal branch was lost on its way from λ = 0, so none is marked as principal."
        folds, crossed = (", ".join(f"{x:.4g}" for x in at) for at in (self.found.folds, self.found.branch_points))
        turns = f"turns back at λ = {folds}" if folds else "does not fold"
        return f"The principal branch {turns}, and {f'others cross it at λ = {crossed}' if crossed else 'no other crosses it'}."

    @property
    def completeness(self) -> str:
        """Whether the list is complete, as far as the equilibria's indices tell."""
        if self.found.is_balanced:
            return "The indices add up to 1: none is missing, unless a pair that cancels."
        return (
            f"The indices add up to {self.found.index.sum()} instead of 1: some equilibria are missing from this list."
        )

    def table(self) -> ResultTable:
        """One row per equilibrium: whether it is stable, its share of starts, each power's expected rung."""
        rows = [
            {"equilibrium": n, "principal": r["is_principal"], "stable": r["is_stable"], "basin_share": r["basin_share"],
             **r["expected_rung"]}
            for n, r in enumerate(self.as_dict(), start=1)
        ]  # fmt: skip
        note = f"At the posterior mean of {self.explanation}. {self.branch} {self.completeness}"
        units = {"basin_share": "share of starts", **dict.fromkeys(self.powers, "expected rung")}
        return ResultTable(pl.DataFrame(rows), f"{len(rows)} equilibri{'um' if len(rows) == 1 else 'a'}", units, note)


@dataclass(frozen=True)
class PathFigure(ShowsItself):
    """The principal branch at the posterior mean, as expected rung by rationality."""

    crisis: str
    path: Path
    powers: tuple[str, ...]
    expected_rung: np.ndarray  # step, power
    top: int  # the highest rung

    def plot(self):
        """Expected rung of each power as rationality rises from 0 to 1, folds and branch points marked (Altair)."""
        import altair as alt

        rows = [
            {"rationality": float(x), "power": p, "expected_rung": float(y), "step": n}
            for n, (x, values) in enumerate(zip(self.path.rationality, self.expected_rung, strict=True))
            for p, y in zip(self.powers, values, strict=True)
        ]
        line = alt.Chart(alt.Data(values=rows)).mark_line().encode(
            x=alt.X("rationality:Q", title="rationality λ (1: as fitted)"),
            y=alt.Y("expected_rung:Q", title="expected rung", scale=alt.Scale(domain=[0, self.top])),
            color=alt.Color("power:N", sort=list(self.powers), legend=None), order="step:Q", detail="power:N",
        )  # fmt: skip
        ends = alt.Chart(alt.Data(values=self._labels()))
        names = ends.mark_text(align="left", dx=6).encode(
            x="rationality:Q", y="place:Q", text="power:N", color=alt.Color("power:N", legend=None)
        )
        turns = [(x, "fold") for x in self.path.folds] + [(x, "crossed by others") for x in self.path.branch_points]
        marks = [{"rationality": x, "what": what} for x, what in turns]
        rule = (
            alt.Chart(alt.Data(values=marks)).mark_rule(strokeDash=[3, 3]).encode(x="rationality:Q", tooltip="what:N")
        )
        layers = (line + names + rule) if marks else (line + names)
        title = f"{self.crisis}: principal branch (n = {len(self.powers)} powers, posterior mean)"
        return layers.properties(title=title, width=480, height=280)

    def _labels(self) -> list[dict[str, Any]]:
        """The powers' names at the end of their lines, pushed apart so that none covers another."""
        order = np.argsort(self.expected_rung[-1])
        places = self.expected_rung[-1][order].astype(float)
        for k in range(1, len(places)):
            places[k] = max(places[k], places[k - 1] + LABEL_APART)
        at = float(self.path.rationality[-1])
        return [
            {"rationality": at, "place": float(y), "power": self.powers[i]} for i, y in zip(order, places, strict=True)
        ]


def _shown(value: Summary) -> str:
    return f"{fixed(value.mean)} [{fixed(value.low)}, {fixed(value.high)}]"
