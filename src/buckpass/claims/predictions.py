"""Posterior draws of the crisis games that claims ask about, each batch drawn and solved once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl
from jaxtyping import Array, ArrayLike, Float

from buckpass.case import Case
from buckpass.case.overrides import BadOverride
from buckpass.claims.changes import Change
from buckpass.claims.finding import CannotCompute, Finding, Question, as_expected, places_at
from buckpass.fit.explanations import explanations
from buckpass.fit.posterior import Posterior
from buckpass.fit.predict import coefficients_of, draw_games
from buckpass.fit.scoring import compare_fits
from buckpass.game.crises import Crises
from buckpass.game.scenario import PAYOFFS, scenario_games, scenario_setting
from buckpass.game.setting import UNBATCHED, CrisisSetting, setting_of, standard_of
from buckpass.game.solver import Equilibrium, NoEquilibriumFound, solve_in_blocks
from buckpass.results.summary import interval

__all__ = [
    "Games",
    "Predictions",
    "Reading",
    "Sample",
    "asked_about",
    "crises_in",
    "crisis_places",
    "finding_of",
    "playing",
    "predictions_of",
]

DRAWS = 100
LEAST_WEIGHT = 0.01
CEILING = "everything"
AFTER_DRAWING = frozenset({"force", "absent", *PAYOFFS})  # changes of games that leave the setting as it is
FINENESS = 20  # copies of the longest set of draws that weights are spread over: rounds them to 1/2000


@dataclass(frozen=True)
class Games:
    """The games of the record under posterior draws; the batch axis is draw × crisis, draw-major."""

    crises: Crises
    names: tuple[str, ...]
    n_draws: int

    def by_draw(self, values: Float[ArrayLike, " dc"], crises: Sequence[str]) -> np.ndarray:
        """Values of the batch for some of the crises, [draw, crisis]."""
        return np.asarray(values).reshape(self.n_draws, len(self.names))[:, self.positions(crises)]

    def mean(self, values: Float[ArrayLike, " dc"], crises: Sequence[str]) -> np.ndarray:
        """Mean over some of the crises, by draw."""
        return self.by_draw(values, crises).mean(axis=1)

    def positions(self, crises: Sequence[str]) -> list[int]:
        """Where the crises stand; those of theatres outside the fit are named."""
        outside = [c for c in crises if c not in self.names]
        if outside:
            raise CannotCompute(
                f"{', '.join(outside)}: none of the claim's theatres or crises has it, so nothing was predicted"
            )
        return [self.names.index(c) for c in crises]

    def rows(self, crises: Sequence[str]) -> np.ndarray:
        """Rows of the batch that hold some of the crises, [draw, crisis]."""
        return np.arange(self.n_draws)[:, None] * len(self.names) + np.array(self.positions(crises))


@dataclass(frozen=True)
class Sample:
    """Draws of a quantity, and of whether all that the claim expects holds."""

    draws: np.ndarray
    held: np.ndarray


@dataclass(frozen=True)
class Reading:
    """Draws of one quantity under each explanation, with the explanations' weights (0: shown, not averaged)."""

    samples: Mapping[str, Sample]
    weights: Mapping[str, float]

    def averaged(self) -> Sample:
        """Draws averaged over explanations: each gives as many as its weight says, evenly spaced through its own."""
        size = FINENESS * max(len(s.draws) for s in self.samples.values())
        picks = {e: _evenly(len(s.draws), round(self.weights[e] * size)) for e, s in self.samples.items()}
        return Sample(
            np.concatenate([s.draws[picks[e]] for e, s in self.samples.items()]),
            np.concatenate([s.held[picks[e]] for e, s in self.samples.items()]),
        )

    def rows(self) -> list[dict[str, Any]]:
        """What each explanation says by itself, for the reader who believes in one of them."""
        return [
            {"explanation": e, "weight": self.weights[e], "value": float(np.median(s.draws)),
             "low": interval(s.draws)[0], "high": interval(s.draws)[1], "probability": float(np.mean(s.held))}
            for e, s in self.samples.items()
        ]  # fmt: skip


@dataclass
class Predictions:
    """What the fitted explanations predict for a case: games drawn and solved on first use, then kept."""

    case: Case
    posteriors: Mapping[str, Posterior]
    stacking: Mapping[str, float] = field(default_factory=dict)
    n_draws: int = DRAWS
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def weights(self) -> dict[str, float]:
        """Stacking weights of the fits that passed their diagnostics, the negligible left out; they sum to one.

        The bounds do not compete. Where no comparison was made, the fit with all terms free stands alone.
        """
        bounds = {e.id for e in explanations() if e.is_bound}
        passed = {e: p for e, p in self.posteriors.items() if p.diagnostics.passed}
        if not passed:
            reasons = "; ".join(f"{e}: {', '.join(p.diagnostics.reasons)}" for e, p in self.posteriors.items())
            raise CannotCompute(f"no fit passed its diagnostics, so none is a basis for verdicts ({reasons})")
        raw = {e: self.stacking.get(e, 0.0) for e in passed if e not in bounds}
        kept = {e: w for e, w in raw.items() if w >= LEAST_WEIGHT}
        if not kept:
            return {CEILING if CEILING in passed else next(iter(passed)): 1.0}
        return {e: w / sum(kept.values()) for e, w in kept.items()}

    def asked(self) -> tuple[str, ...]:
        """The explanations under which a quantity is computed: those with weight, and the one with all terms free."""
        ceiling = self.posteriors.get(CEILING)
        extra = (CEILING,) if ceiling is not None and ceiling.diagnostics.passed else ()
        return tuple(dict.fromkeys([*self.weights(), *extra]))

    def games(self, explanation: str, change: Change | None = None) -> Games:
        """The games of the record under one explanation, with inputs changed if asked."""
        key = ("games", explanation, change and change.name)
        if key not in self._kept:
            setting = self.setting(change)
            drawn = draw_games(setting, coefficients_of(self.posteriors[explanation], setting, self.n_draws))
            names = setting.names.crises
            games = scenario_games(drawn, setting, change.overrides) if change else drawn
            self._kept[key] = Games(games, names, drawn.stake.shape[0] // len(names))
        return self._kept[key]

    def solved(self, explanation: str, change: Change | None = None) -> tuple[Games, Equilibrium]:
        """The same games with their equilibria."""
        games = self.games(explanation, change)
        key = ("solved", explanation, change and change.name)
        if key not in self._kept:
            self._kept[key] = solved_or_reason(games.crises)
        return games, self._kept[key]

    def setting(self, change: Change | None = None) -> CrisisSetting:
        """What the case fixes about the crises that its claims ask about; a change is worked out where it bites only.

        One batch for all claims: every question is answered by games of one shape, compiled once.
        """
        key = ("setting", change and change.name)
        if key not in self._kept:
            self._kept[key] = self._base_setting() if change is None else self._changed_setting(change)
        return self._kept[key]

    def _base_setting(self) -> CrisisSetting:
        return setting_of(self.case, asked_about(self.case))

    def _changed_setting(self, change: Change) -> CrisisSetting:
        base = self.setting()
        if change.overrides and all(o.attribute in AFTER_DRAWING for o in change.overrides):
            return base
        try:
            part = scenario_setting(change.case, change.crises, change.overrides, standard_of(self.case))
        except BadOverride as reason:
            raise CannotCompute(str(reason)) from reason
        at = np.array([base.names.crises.index(c) for c in change.crises])
        batched = [f.name for f in dataclasses.fields(base) if f.name not in UNBATCHED]
        spliced = {name: _with_rows(getattr(base, name), at, getattr(part, name)) for name in batched}
        return dataclasses.replace(base, **spliced)

    def read(self, quantity: Callable[[str], Sample]) -> Reading:
        """One quantity under every explanation asked."""
        weights = self.weights()
        return Reading({e: quantity(e) for e in self.asked()}, {e: weights.get(e, 0.0) for e in self.asked()})

    def index(self, power: str) -> int:
        """Position of a power on the power axis; misspelt ones are named."""
        self.case.power(power)
        return self.case.powers.index(power)


def solved_or_reason(crises: Crises) -> Equilibrium:
    """The equilibria; where one is not found, the claim that asked for it cannot be computed, and says so."""
    try:
        return solve_in_blocks(crises)
    except NoEquilibriumFound as reason:
        raise CannotCompute(str(reason)) from reason


def stacked(posteriors: Mapping[str, Posterior]) -> dict[str, float]:
    """Stacking weights of the fits that passed their diagnostics, by leave-one-crisis-out scores."""
    passed = {e: p for e, p in posteriors.items() if p.diagnostics.passed}
    if not passed:
        return {}
    found = compare_fits(passed)
    return dict(zip(found.ids, found.weight.tolist(), strict=True))


def predictions_of(question: Question) -> Predictions:
    """The predictions that the ledger holds for all of its claims."""
    if not isinstance(question.predictions, Predictions):
        raise CannotCompute("needs a posterior of this case")
    return question.predictions


def sample_of(question: Question, draws: np.ndarray) -> Sample:
    """A quantity of which the claim expects no more than its own expectation."""
    return Sample(draws, as_expected(question.expect, draws))


def finding_of(
    question: Question, reading: Reading, unit: str, crises: Sequence[str], turns_on: str, detail: Mapping[str, Any]
) -> Finding:
    """The finding from a quantity's draws in some crises: averaged over explanations, doubted by the fit with all free."""
    whole = reading.averaged()
    probability = float(np.mean(whole.held))
    alternatives = [probability]
    if CEILING in reading.samples:
        alternatives.append(float(np.mean(reading.samples[CEILING].held)))
    low, high = interval(whole.draws)
    shown = ", ".join(f"{r['explanation']} (weight {r['weight']:.2f}): {r['probability']:.2f}" for r in reading.rows())
    return Finding(
        value=float(np.median(whole.draws)), low=low, high=high, unit=unit, n=len(crises), probability=probability,
        doubt=(min(alternatives), max(alternatives)), reason=f"probability by explanation: {shown}", turns_on=turns_on,
        detail={**detail, "explanations": reading.rows()}, places=crisis_places(question.case, crises),
    )  # fmt: skip


def crisis_places(case: Case, crises: Sequence[str]) -> tuple[str, ...]:
    """file:line of some crises."""
    return places_at("crises.csv", [case.crisis(c)["line"] for c in crises])


def crises_in(case: Case, theatres: str | Sequence[str]) -> tuple[str, ...]:
    """The crises of one or several theatres, in the order of the record; misspelt theatres are named."""
    names = [theatres] if isinstance(theatres, str) else list(theatres)
    for name in names:
        case.theatre(name)
    return tuple(case.crises.filter(pl.col("theatre").is_in(names))["crisis_id"])


def asked_about(case: Case) -> tuple[str, ...]:
    """The crises that claims about the model name, themselves or by theatre; those of the focus theatre in any case."""
    given = [c.estimand.parameters for c in case.claims if c.estimand and c.family in ("model", "premise")]
    theatres = {case.settings.focus.theatre}
    for parameters in given:
        for name in ("theatre", "against", "into"):
            value = parameters.get(name, ())
            theatres |= {value} if isinstance(value, str) else set(value)
    crises = {c for parameters in given for c in parameters.get("crises", ())}
    is_asked = pl.col("theatre").is_in(sorted(theatres)) | pl.col("crisis_id").is_in(sorted(crises))
    return tuple(case.crises.filter(is_asked)["crisis_id"])


def playing(case: Case, crises: Sequence[str], *powers: str) -> tuple[str, ...]:
    """The crises in which all of these powers play: none is a host or a belligerent."""
    found = tuple(c for c in crises if not set(powers) & (case.belligerents(c) | set(case.crisis(c)["host"])))
    if not found:
        raise CannotCompute(f"{' and '.join(powers)} do not play together in any of these crises")
    return found


def _with_rows(values: Array, at: np.ndarray, new: Array) -> Array:
    """Rows replaced on the host: as a device operation each number of rows would be compiled anew."""
    out = np.array(values)
    out[at] = np.asarray(new)
    return jnp.asarray(out)


def _evenly(length: int, count: int) -> np.ndarray:
    return np.linspace(0, length - 1, count).round().astype(int) if count else np.zeros(0, int)
