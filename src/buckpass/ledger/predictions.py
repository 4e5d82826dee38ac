"""Posterior draws of the crisis games that claims ask about, each batch drawn and solved once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import ArrayLike, Float

from buckpass.case import Case
from buckpass.case.claim_parameters import parameters_of
from buckpass.changes import BadOverride
from buckpass.changes.scenario import scenario_setting
from buckpass.evidence.gathered import Gathered, gathered
from buckpass.evidence.verdict_policy import Decision, FitSays, decide
from buckpass.fitting.posterior import Posterior
from buckpass.game.setting import CrisisSetting, setting_of, standard_of
from buckpass.game.solver import IN_BLOCKS, NoEquilibriumFound, Solved
from buckpass.ledger.carriers import carried_by
from buckpass.ledger.changes import Change, changed, without_consent_of
from buckpass.ledger.finding import CannotCompute, Finding, Question, as_expected, places_at
from buckpass.model.mechanisms import ALL, argument_of
from buckpass.predict.drawing import Drawn, draw
from buckpass.predict.which_fits import NoUsablePosterior, basis_of
from buckpass.results.summary import interval
from buckpass.results.words import and_join

__all__ = [
    "NotAnswered", "Predictions", "Reading", "Sample", "asked_about", "by_draw", "crises_in", "crisis_places", "finding_of", "mean_over",
    "playing", "predictions_of",
]  # fmt: skip

DRAWS = 100
POSTERIORS = "posteriors"  # folder of the case's own fits


class NotAnswered(CannotCompute):
    """A fit has no answer to a claim that others may answer: it could have said anything."""


@dataclass(frozen=True)
class Sample:
    """Draws of a quantity, and of whether all that the claim expects holds."""

    draws: np.ndarray
    held: np.ndarray

    @property
    def probability(self) -> float:
        """P(all that the claim expects)."""
        return float(np.mean(self.held))


@dataclass(frozen=True)
class Reading:
    """One quantity under each fit in which it is free, and what the policy of verdicts makes of it.

    samples : its draws, by fit. leading : the fit whose draws are the number, None where no fit is a basis for one.
    """

    samples: Mapping[str, Sample]
    leading: str | None
    decision: Decision

    def rows(self) -> list[dict[str, Any]]:
        """What each fit says by itself, for the reader who believes in one of them."""
        return [
            {"explanation": e, "value": float(np.median(s.draws)), "low": interval(s.draws)[0],
             "high": interval(s.draws)[1], "probability": s.probability}
            for e, s in self.samples.items()
        ]  # fmt: skip


@dataclass
class Predictions:
    """What the fits of a case predict for its claims: games drawn and solved on first use, then kept.

    kept : what was worked out of the fits: how far each theatre's record alone informs their terms; None for what lies beside
    the case's own and still holds for these.
    """

    case: Case
    posteriors: Mapping[str, Posterior]
    n_draws: int = DRAWS
    kept: Gathered | None = None
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def _beside(self) -> Gathered:
        return self.kept or gathered(self.case, self.posteriors, self.case.folder / POSTERIORS)

    @cached_property
    def setting(self) -> CrisisSetting:
        """What the case fixes about the crises that its claims ask about."""
        return setting_of(self.case, asked_about(self.case))

    def drawn(self, explanation: str, change: Change | None = None) -> Drawn:
        """The crises that claims ask about under one explanation; of a change those that it is of, with inputs changed.

        One batch for all claims: every question is answered by games of one shape, compiled once.
        """
        key = ("drawn", explanation, change and change.name)
        if key not in self._kept:
            if change is None:
                alone = basis_of(self.case, self.posteriors[explanation])
                self._kept[key] = draw(alone, self.setting, self.n_draws)
            else:
                self._kept[key] = self.drawn(explanation).under(self._setting(change), change.overrides)
        return self._kept[key]

    def solved(self, explanation: str, change: Change | None = None) -> tuple[Drawn, Solved]:
        """The same with the equilibria of its games: of a change those alone that can move."""
        key = ("solved", explanation, change and change.name)
        if key not in self._kept:
            self._kept[key] = solved_or_reason(self.drawn(explanation, change))
        return self.drawn(explanation, change), self._kept[key]

    def changed(self, texts: Sequence[str], crises: Sequence[str]) -> Change:
        """`changes.changed`, read once for all fits."""
        key = ("change", tuple(texts), tuple(crises))
        if key not in self._kept:
            self._kept[key] = changed(self.case, texts, crises)
        return self._kept[key]

    def without_consent_of(self, organisation: str, member: str, crises: Sequence[str]) -> Change:
        """`changes.without_consent_of`, worked out once for all fits."""
        key = ("consent", organisation, member, tuple(crises))
        if key not in self._kept:
            self._kept[key] = without_consent_of(self.case, organisation, member, crises)
        return self._kept[key]

    def _setting(self, change: Change) -> CrisisSetting:
        """The setting of a change's crises after it."""
        key = ("setting", change.name)
        if key not in self._kept:
            at = positions(self.setting.names.crises, change.crises)
            after = _is_after_drawing(change)
            self._kept[key] = self.setting.select(at) if after else _changed_setting(self.case, change)
        return self._kept[key]

    def read(self, question: Question, quantity: Callable[[str], Sample]) -> Reading:
        """One quantity under every fit in which it is free, those that failed their diagnostics included."""
        carried, samples, says = carried_by(question), {}, []
        for name in self._in_order():
            failed, assumed = self.posteriors[name].diagnostics.reasons, carried.assumed_in(name)
            if assumed is None:
                try:
                    samples[name] = quantity(name)
                except NotAnswered as reason:
                    failed = (*failed, str(reason))
            p = samples[name].probability if name in samples else None
            says.append(FitSays(name, p, assumed, failed, carried.assumed_in_words(name)))
        carrier = carried.carrier(self.case, self.posteriors, self._beside)
        return Reading(samples, self._leading(samples), decide(says, carrier, ALL, self._argument))

    def _leading(self, samples: Mapping[str, Sample]) -> str | None:
        """The fit whose draws are the number: as everywhere, of those that answered."""
        try:
            return basis_of(self.case, {name: self.posteriors[name] for name in samples}).name
        except NoUsablePosterior:
            return None

    def _in_order(self) -> list[str]:
        """The fits that are judged under first, the others by name: in whatever order they were given."""
        first = [name for name in (ALL, self._argument) if name is not None and name in self.posteriors]
        return list(dict.fromkeys([*first, *sorted(self.posteriors)]))

    @property
    def _argument(self) -> str | None:
        """The combination of the mechanisms that the case's argument names together."""
        return argument.id if (argument := argument_of(self.case)) else None

    def index(self, power: str) -> int:
        """Position of a power on the power axis; misspelt ones are named."""
        self.case.power(power)
        return self.case.powers.index(power)


def solved_or_reason(given: Drawn) -> Solved:
    """The equilibria; where one is not found, the fit does not answer the claim that asked for it, and says so."""
    try:
        return given.solved(IN_BLOCKS)
    except NoEquilibriumFound as reason:
        raise NotAnswered(str(reason)) from reason


def by_draw(given: Drawn, values: Float[ArrayLike, " dc"], crises: Sequence[str]) -> np.ndarray:
    """Values of the games for some of the crises, [draw, crisis]."""
    return given.by_draw(values)[:, positions(given.crises, crises)]


def mean_over(given: Drawn, values: Float[ArrayLike, " dc"], crises: Sequence[str]) -> np.ndarray:
    """Mean over some of the crises, by draw."""
    return by_draw(given, values, crises).mean(axis=1)


def positions(among: Sequence[str], crises: Sequence[str]) -> list[int]:
    """Where the crises stand among those of a batch; those of theatres outside the fit are named."""
    outside = [c for c in crises if c not in among]
    if outside:
        raise CannotCompute(
            f"{', '.join(outside)}: none of the claim's theatres or crises has it, so nothing was predicted"
        )
    return [among.index(c) for c in crises]


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
    """The finding from what the fits say of a quantity in some crises; its number is that of the leading fit."""
    number: dict[str, Any] = {}
    if reading.leading is not None:
        leading = reading.samples[reading.leading]
        low, high = interval(leading.draws)
        number = {
            "value": float(np.median(leading.draws)),
            "low": low,
            "high": high,
            "probability": leading.probability,
        }
    return Finding(
        **number, unit=unit, n=len(crises), decided=reading.decision.verdict, reason=reading.decision.reason,
        turns_on=turns_on, decision=reading.decision, places=crisis_places(question.case, crises),
        detail={**detail, "under": reading.leading, "explanations": reading.rows()},
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
    given = [parameters_of(c, case.settings.focus) for c in case.claims if c.family in ("model", "premise")]
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
    found = tuple(c for c in crises if not any(case.why_not_playing(p, case.crisis(c)) for p in powers))
    if not found:
        raise CannotCompute(f"{and_join(powers)} do not play together in any of these crises")
    return found


def _is_after_drawing(change: Change) -> bool:
    """Whether a change is one of games, which leaves the setting as it is."""
    return bool(change.overrides) and all(o.of.bites == "game" for o in change.overrides)


def _changed_setting(case: Case, change: Change) -> CrisisSetting:
    try:
        return scenario_setting(change.case, change.crises, change.overrides, standard_of(case))
    except BadOverride as reason:
        raise CannotCompute(str(reason)) from reason
