"""What a fitted explanation says of one crisis: responses, buck passed, outcome, and every equilibrium (model §3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.case.overrides import Override
from buckpass.case.problems import BuckpassError
from buckpass.fit.explanations import explanation, explanations
from buckpass.fit.model import interacts
from buckpass.fit.posterior import Posterior
from buckpass.fit.predict import coefficients_of, draw_games
from buckpass.game import estimands
from buckpass.game.crises import Crises
from buckpass.game.equilibria import AllEquilibria, StartSettings, all_equilibria
from buckpass.game.path import Path, trace
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.scenario import scenario_games, scenario_setting
from buckpass.game.setting import CrisisSetting, Standard, standard_of
from buckpass.game.solver import Equilibrium, solve
from buckpass.record.results import ResultTable, ShowsItself, plain

__all__ = [
    "CrisisSolution", "EquilibriaOfCrisis", "NoUsablePosterior", "PathFigure", "PowerSolution", "Summary", "best_posterior",
    "drawn_games", "equilibria_of", "path_of", "solve_crisis", "summary",
]  # fmt: skip

LOW, HIGH = 5.0, 95.0
DEPLOYMENT = 5
POWER_QUANTITIES = ("expected_rung", "p_deploy", "residual", "buck_passed")
play = jax.jit(draw_games)  # one compilation for every change of a crisis


class NoUsablePosterior(BuckpassError):
    """There is no posterior with which a crisis can be solved."""


@dataclass(frozen=True)
class Summary:
    """Posterior mean and 90 % interval of one number."""

    mean: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        return {"mean": self.mean, "low": self.low, "high": self.high}


def summary(draws: np.ndarray) -> Summary:
    """Mean and 5 to 95 % interval of draws [draw]."""
    low, high = np.percentile(draws, [LOW, HIGH])
    return Summary(float(np.mean(draws)), float(low), float(high))


@dataclass(frozen=True)
class PowerSolution:
    """One power in one crisis: response and alone are probabilities of rungs 0 to 6, posterior means."""

    id: str
    plays: bool  # a host or a belligerent does not: only silence is open to it
    response: tuple[float, ...]
    alone: tuple[float, ...]
    expected_rung: Summary
    p_deploy: Summary  # P(rung ≥ 5)
    residual: Summary  # share of the job that the others leave undone for it
    buck_passed: Summary  # units of effort; above 0 it rides, below 0 it is drawn in

    def as_dict(self) -> dict[str, Any]:
        numbers = ("expected_rung", "p_deploy", "residual", "buck_passed")
        means = {name: getattr(self, name).mean for name in numbers}
        bounds = {name: [getattr(self, name).low, getattr(self, name).high] for name in numbers}
        return {"id": self.id, "plays": self.plays, "response": list(self.response), "alone": list(self.alone),
                **means, "interval": bounds}  # fmt: skip


@dataclass(frozen=True)
class CrisisSolution(ShowsItself):
    """The equilibrium of a crisis under one explanation, over posterior draws (means and 90 % intervals)."""

    crisis: str
    explanation: str
    powers: tuple[PowerSolution, ...]
    p_stabilised: Summary
    p_nobody: Summary  # nobody goes beyond statements
    solver: Mapping[str, Any]  # residual: largest error of log R; sweeps: most used; status
    overrides: tuple[str, ...]
    notes: tuple[str, ...]
    n_draws: int
    seed: int
    case_hash: str
    equilibria: EquilibriaOfCrisis | None = None
    path: PathFigure | None = None

    def table(self) -> ResultTable:
        """One row per power."""
        rows = [
            {"power": p.id, "expected_rung": p.expected_rung.mean, "low": p.expected_rung.low, "high": p.expected_rung.high,
             "p_deploy": p.p_deploy.mean, "residual": p.residual.mean, "buck_passed": p.buck_passed.mean,
             "alone": sum(r * q for r, q in enumerate(p.alone))}
            for p in self.powers
        ]  # fmt: skip
        units = {"expected_rung": "rung 0–6", "low": "5 %", "high": "95 %", "p_deploy": "P(rung ≥ 5)",
                 "residual": "share left undone", "buck_passed": "effort 0–1", "alone": "expected rung"}  # fmt: skip
        note = (
            f"P(stabilised) {_shown(self.p_stabilised)}; P(nobody beyond statements) {_shown(self.p_nobody)}. "
            f"{len(self.powers)} powers, {self.n_draws} posterior draws. " + " ".join(self.notes)
        )
        title = f"Who does what in {self.crisis}, as {self.explanation} explains it"
        return ResultTable(pl.DataFrame(rows), title, units, note.strip(), (), self.case_hash, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """Plain values: crisis, powers, p_stabilised, solver, and what they were computed with."""
        answer = {
            "crisis": self.crisis, "powers": [p.as_dict() for p in self.powers], "p_stabilised": self.p_stabilised.mean,
            "solver": dict(self.solver), "p_nobody": self.p_nobody.mean,
            "interval": {"p_stabilised": [self.p_stabilised.low, self.p_stabilised.high],
                         "p_nobody": [self.p_nobody.low, self.p_nobody.high]},
            "explanation": self.explanation, "set": list(self.overrides), "notes": list(self.notes),
            "n_draws": self.n_draws, "seed": self.seed, "case_hash": self.case_hash,
        }  # fmt: skip
        if self.equilibria is not None:
            answer["equilibria"] = self.equilibria.as_dict()
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
        """The λ-path of expected rungs, with the powers' names (Altair); `with_equilibria` must have been asked for."""
        if self.path is None:
            raise ValueError("the path was not traced; call solve_crisis(..., with_equilibria=True) or `solve --all`")
        return self.path.plot()


@dataclass(frozen=True)
class EquilibriaOfCrisis(ShowsItself):
    """Every equilibrium found at the posterior mean, the principal one first."""

    found: AllEquilibria
    powers: tuple[str, ...]
    expected_rung: np.ndarray  # equilibrium, power

    def as_dict(self) -> list[dict[str, Any]]:
        marks = zip(
            self.found.is_principal, self.found.is_stable, self.found.basin_share, self.found.error, strict=True
        )
        return [
            {"is_principal": bool(principal), "is_stable": bool(stable), "basin_share": float(basin),
             "residual": float(error), "spectral_radius": float(self.found.spectral_radius[e]),
             "expected_rung": dict(zip(self.powers, map(float, self.expected_rung[e]), strict=True))}
            for e, (principal, stable, basin, error) in enumerate(marks)
        ]  # fmt: skip

    def table(self) -> ResultTable:
        """One row per equilibrium: whether it is stable, its share of starts, each power's expected rung."""
        rows = [
            {"equilibrium": n, "principal": r["is_principal"], "stable": r["is_stable"], "basin_share": r["basin_share"],
             **r["expected_rung"]}
            for n, r in enumerate(self.as_dict(), start=1)
        ]  # fmt: skip
        folds, branches = len(self.found.folds), len(self.found.branch_points)
        note = (
            f"At the posterior mean. Folds of the principal branch: {folds}; points where others join it: {branches}."
        )
        units = {"basin_share": "share of starts", **dict.fromkeys(self.powers, "expected rung")}
        return ResultTable(pl.DataFrame(rows), f"{len(rows)} equilibria", units, note)


@dataclass(frozen=True)
class PathFigure(ShowsItself):
    """The principal branch at the posterior mean, as expected rung by rationality."""

    crisis: str
    path: Path
    powers: tuple[str, ...]
    expected_rung: np.ndarray  # step, power

    def plot(self):
        """Expected rung of each power as rationality rises from 0 to 1 (Altair)."""
        import altair as alt

        rows = [
            {"rationality": float(x), "power": p, "expected_rung": float(y), "step": n}
            for n, (x, values) in enumerate(zip(self.path.rationality, self.expected_rung, strict=True))
            for p, y in zip(self.powers, values, strict=True)
        ]
        line = alt.Chart(alt.Data(values=rows)).mark_line().encode(
            x=alt.X("rationality:Q", title="rationality λ (1: as fitted)"),
            y=alt.Y("expected_rung:Q", title="expected rung", scale=alt.Scale(domain=[0, 6])),
            color=alt.Color("power:N", sort=list(self.powers), legend=None), order="step:Q", detail="power:N",
        )  # fmt: skip
        ends = [r for r in rows if r["step"] == len(self.path.rationality) - 1]
        names = alt.Chart(alt.Data(values=ends)).mark_text(align="left", dx=4).encode(
            x="rationality:Q", y="expected_rung:Q", text="power:N", color=alt.Color("power:N", legend=None)
        )  # fmt: skip
        title = f"{self.crisis}: principal branch (n = {len(self.powers)} powers, posterior mean)"
        return (line + names).properties(title=title, width=480, height=280)


def best_posterior(posteriors: Mapping[str, Posterior], wanted: str | None = None) -> Posterior:
    """The posterior asked for, else the best-scoring explanation whose diagnostics passed (bounds do not compete).

    Raises
    ------
    NoUsablePosterior
        None was given, the one asked for is not there, or none passed its diagnostics.
    """
    if not posteriors:
        raise NoUsablePosterior("no posterior of this case: fit it first, `buckpass fit CASE -o FOLDER`")
    if wanted is not None:
        if wanted not in posteriors:
            explanation(wanted)
            raise NoUsablePosterior(f"{wanted} has not been fitted; there are {', '.join(posteriors)}")
        return posteriors[wanted]
    bounds = {e.id for e in explanations() if e.is_bound}
    passed = [p for p in posteriors.values() if p.diagnostics.passed]
    if not passed:
        why = "; ".join(f"{p.explanation}: {', '.join(p.diagnostics.reasons)}" for p in posteriors.values())
        raise NoUsablePosterior(f"no fit passed its diagnostics, so none is a basis for an answer ({why}); fit again")
    competing = [p for p in passed if p.explanation not in bounds] or passed
    return max(competing, key=lambda p: float(p.scores["elpd"].sum()))


def drawn_games(
    case: Case, posterior: Posterior, crisis: str, overrides: Sequence[Override] = (), n_draws: int = 200
) -> Crises:
    """Games of one crisis, one per posterior draw, after the overrides; the same draws whatever the overrides."""
    return _games(case, posterior, crisis, overrides, n_draws, standard_of(case))[0]


def _games(
    case: Case, posterior: Posterior, crisis: str, overrides: Sequence[Override], n_draws: int, standard: Standard
) -> tuple[Crises, CrisisSetting, Coefficients]:
    setting = scenario_setting(case, [crisis], overrides, standard)
    coefficients = coefficients_of(posterior, setting, n_draws)
    return scenario_games(play(setting, coefficients), setting, overrides), setting, coefficients


def solve_crisis(
    case: Case, posterior: Posterior | None, crisis: str, overrides: Sequence[Override] = (), n_draws: int = 200, *,
    with_equilibria: bool = False, seed: int = 0,
) -> CrisisSolution:  # fmt: skip
    """Who does what in a crisis, under one fitted explanation: posterior means with 90 % intervals.

    `with_equilibria` adds every equilibrium at the posterior mean and the λ-path; `seed` is of their random starts.

    Raises
    ------
    NoUsablePosterior
        `posterior` is None.
    UnknownName, BadOverride
        The crisis is not in the case; an override cannot be used in a crisis's game.
    NoEquilibriumFound
        Some draw's game was not solved.
    """
    if posterior is None:
        raise NoUsablePosterior(
            f"{crisis} cannot be solved without a posterior: fit first, `buckpass fit {case.id} -o FOLDER`"
        )
    games, setting, coefficients = _games(case, posterior, crisis, overrides, n_draws, standard_of(case))
    solution = _solution(posterior, crisis, games, setting, solve(games))
    solution = dataclasses.replace(solution, overrides=tuple(o.text for o in overrides))
    if not with_equilibria:
        return solution
    mean = scenario_games(jax.jit(crises_of)(setting, _mean(coefficients)), setting, overrides)
    return dataclasses.replace(
        solution, equilibria=equilibria_of(mean, case.powers, seed), path=path_of(mean, case.powers, crisis)
    )


def equilibria_of(game: Crises, powers: tuple[str, ...], seed: int = 0) -> EquilibriaOfCrisis:
    """Every equilibrium of one game (a batch of one)."""
    found = all_equilibria(game, 0, StartSettings(seed=seed))
    return EquilibriaOfCrisis(found, powers, (np.asarray(game.rung) * found.strategy).sum(-1))


def path_of(game: Crises, powers: tuple[str, ...], crisis: str) -> PathFigure:
    """The principal branch of one game (a batch of one)."""
    path = trace(game)
    return PathFigure(crisis, path, powers, (np.asarray(game.rung) * path.strategy).sum(-1))


def _mean(coefficients: Coefficients) -> Coefficients:
    """Posterior mean of every coefficient (indices are linear, so means are taken on their scale)."""
    return jax.tree.map(lambda a: jnp.mean(a, axis=0), coefficients)


def _solution(
    posterior: Posterior, crisis: str, games: Crises, setting: CrisisSetting, found: Equilibrium
) -> CrisisSolution:
    numbers = quantities_of(games, found)
    response, alone = (np.asarray(a) for a in _responses(games, found))
    arrays = {name: numbers[name] for name in POWER_QUANTITIES}
    plays = np.asarray(setting.is_open)[0, :, 1:].any(axis=-1)
    powers = tuple(
        PowerSolution(
            id=name, plays=bool(plays[i]), response=tuple(response[:, i].mean(0).tolist()),
            alone=tuple(alone[:, i].mean(0).tolist()), **{k: summary(v[:, i]) for k, v in arrays.items()},
        )
        for i, name in enumerate(setting.names.powers)
    )  # fmt: skip
    solver = {"residual": float(jnp.max(found.error)), "sweeps": int(jnp.max(found.sweeps)), "status": "converged"}
    return CrisisSolution(
        crisis=crisis, explanation=posterior.explanation, powers=powers,
        p_stabilised=summary(numbers["p_stabilised"]), p_nobody=summary(numbers["p_nobody"]), solver=solver, overrides=(),
        notes=notes_of(posterior), n_draws=int(games.stake.shape[0]), seed=posterior.seed, case_hash=posterior.case_hash,
    )  # fmt: skip


@jax.jit
def _responses(games: Crises, found: Equilibrium) -> tuple[jax.Array, jax.Array]:
    alone = dataclasses.replace(found, strategy=estimands.alone_strategy(games))
    return estimands.response(games, found), estimands.response(games, alone)


def quantities_of(games: Crises, found: Equilibrium) -> dict[str, np.ndarray]:
    """The numbers reported of each power [draw, power] and of the crisis [draw]."""
    return {name: np.asarray(value) for name, value in _quantities(games, found).items()}


@jax.jit
def _quantities(games: Crises, found: Equilibrium) -> dict[str, jax.Array]:
    return {
        "expected_rung": estimands.expected_rung(games, found), "p_deploy": estimands.p_at_least(games, found, DEPLOYMENT),
        "residual": estimands.residual(found), "buck_passed": estimands.buck_passed(games, found),
        "p_stabilised": estimands.p_stabilised(games, found), "p_nobody": estimands.p_nobody(games, found),
    }  # fmt: skip


def notes_of(posterior: Posterior) -> tuple[str, ...]:
    """What a reader must know of the explanation behind an answer."""
    theory = explanation(posterior.explanation)
    notes = [f"Explanation {theory.id} ({theory.name}): {theory.says}."]
    if not interacts(theory):
        notes.append("Under it what others do changes nothing by assumption: no buck is passed.")
    if not posterior.diagnostics.passed:
        notes.append(
            f"Its fit failed its diagnostics ({', '.join(posterior.diagnostics.reasons)}): no basis for a verdict."
        )
    return tuple(notes)


def _shown(value: Summary) -> str:
    return f"{value.mean:.2f} [{value.low:.2f}, {value.high:.2f}]"
