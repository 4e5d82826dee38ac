"""Whether the case's unwritten agreement keeps itself, and whether the record prefers it to its rivals (model §5)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float
from scipy.stats import norm

from buckpass.case import Case, Quantity
from buckpass.claims.finding import CannotCompute, Finding, Question
from buckpass.claims.predictions import Games, Predictions, crises_in, playing, predictions_of, solved_or_reason
from buckpass.fit.scoring import score_of
from buckpass.game.arrangement import StageValues, critical_discount_factor
from buckpass.game.crises import Crises

__all__ = ["self_enforcing"]

DEPLOYMENT = 5


def self_enforcing(question: Question) -> Finding:
    """P(every party's discount factor reaches its δ*) over the stated ranges; doubted by its rivals.

    One period is a year of the theatre's crises. Cooperate: the forgoing party has no deployment open, each party gets
    its rent. Deviate: that party answers once with all options, the others unchanged. Punished: options restored,
    alignment lowered, obstruction on, no rent. δ, rents and what breakdown brings are drawn evenly from their ranges.
    That the bargain exists needs more: its explanation must predict better than each rival and carry the weight.
    """
    asked, given, case = predictions_of(question), question.parameters, question.case
    if case.settings.arrangement is None:
        raise CannotCompute("the case has no [arrangement], so there is no bargain to test")
    explanation = given["explanation"]
    if not _is_usable(asked, explanation):
        raise CannotCompute(f"needs a fit of {explanation} whose diagnostics passed")
    rng = question.rng()
    stage, sampled = _stage_values(question, asked, explanation, rng)
    factor = np.asarray(critical_discount_factor(stage))
    discount = sampled["discount"][:, None]
    is_kept = np.all(np.nan_to_num(factor, nan=np.inf) <= discount, axis=1)
    against = [e for e in given.get("against", ()) if _is_usable(asked, e)]
    beats = {e: _p_better(asked, explanation, e) for e in against}
    weight = asked.weights().get(explanation, 0.0)
    kept, likely = float(is_kept.mean()), min(beats.values(), default=1.0)
    parties = _by_party(case, factor, stage)
    needed = ", ".join(f"{p['party']} {_shown(p['critical_discount_factor'])}" for p in parties)
    rivals = ", ".join(f"P({explanation} predicts better than {e}) = {p:.2f}" for e, p in beats.items())
    return Finding(
        value=kept,
        unit="P(the arrangement keeps itself)",
        n=len(_crises(case, given)),
        probability=min(kept, likely),
        doubt=(min(kept, likely, weight), min(kept, likely)),
        reason=f"P(kept) = {kept:.2f}, needed discount factors {needed}; {rivals}; weight of {explanation} {weight:.2f}",
        turns_on="on rivals that predict the same restraint: a needed discount factor near 0 means that there is little to "
        "deviate for, so no bargain is needed; and on rents that nobody has measured",
        detail={"parties": parties, "p_better_than": beats, "weight": weight, "weights": asked.weights()},
    )


def _crises(case: Case, given: Mapping[str, Any]) -> tuple[str, ...]:
    return playing(case, crises_in(case, case.settings.focus.theatre), *given["parties"])


def _stage_values(
    question: Question, asked: Predictions, explanation: str, rng: np.random.Generator
) -> tuple[StageValues, dict[str, np.ndarray]]:
    """One year's value to each party, [draw, party]: kept, broken once, and after breakdown."""
    case, given = question.case, question.parameters
    games, here = asked.games(explanation), _crises(case, given)
    arrangement = case.settings.arrangement
    assert arrangement is not None
    parties = [asked.index(p) for p in arrangement.parties]
    sampled = _sampled(case, games.n_draws, rng)
    forgoing = [asked.index(t.party) for t in arrangement.terms if t.forgoes == "deployment"]
    kept = solved_or_reason(_without_deployment(games.crises, forgoing))
    broken = _lower_alignment(games, parties, sampled["alignment"])
    after = solved_or_reason(broken)
    years = case.settings.years[1] - case.settings.years[0] + 1
    rate = len(here) / years

    def yearly(crises: Crises, log_residual: Array) -> np.ndarray:
        value = _inclusive_value(crises, log_residual)
        return np.stack([rate * games.mean(value[:, i], here) for i in parties], axis=1)

    stake = np.stack([games.mean(games.crises.stake[:, i], here) for i in parties], axis=1)
    rent = sampled["rent"] * stake
    obstructed = sampled["obstruction"][:, None] * stake * _is_obstructed(case)
    return StageValues(
        cooperate=jnp.asarray(yearly(_without_deployment(games.crises, forgoing), kept.log_residual) + rent),
        deviate=jnp.asarray(yearly(games.crises, kept.log_residual) + rent),
        punished=jnp.asarray(yearly(broken, after.log_residual) - obstructed),
    ), sampled


def _sampled(case: Case, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    arrangement = case.settings.arrangement
    assert arrangement is not None
    by_party = {t.party: t.rent for t in arrangement.terms}
    rents = [_even(by_party[p], n, rng) if p in by_party else np.zeros(n) for p in arrangement.parties]
    return {
        "discount": _even(case.quantity("agreement.discount"), n, rng),
        "rent": np.stack(rents, axis=1),
        "alignment": _even(arrangement.breakdown.alignment, n, rng),
        "obstruction": _even(arrangement.breakdown.obstruction_cost, n, rng),
    }


def _even(quantity: Quantity, n: int, rng: np.random.Generator) -> np.ndarray:
    low = quantity.value if quantity.low is None else quantity.low
    high = quantity.value if quantity.high is None else quantity.high
    return rng.uniform(low, high, n)


def _is_obstructed(case: Case) -> np.ndarray:
    """1 for a party that another party's obstruction would hit."""
    arrangement = case.settings.arrangement
    assert arrangement is not None
    obstructing = {t.party for t in arrangement.terms if t.forgoes == "obstruction"}
    return np.array([float(bool(obstructing - {p})) for p in arrangement.parties])


def _without_deployment(crises: Crises, powers: list[int]) -> Crises:
    is_open = crises.is_open
    for i in powers:
        is_open = is_open.at[:, i].set(is_open[:, i] & (crises.rung[:, i] < DEPLOYMENT))
    return eqx.tree_at(lambda c: c.is_open, crises, is_open)


def _lower_alignment(games: Games, parties: list[int], alignment: np.ndarray) -> Crises:
    """The parties count each other's effort as after breakdown, where they counted it as more before."""
    lowered = jnp.asarray(np.repeat(alignment, len(games.names)))
    changed = games.crises.alignment
    for i in parties:
        for j in parties:
            if i != j:
                changed = changed.at[:, i, j].set(jnp.minimum(changed[:, i, j], lowered))
    return eqx.tree_at(lambda c: c.alignment, games.crises, changed)


@jax.jit
def _inclusive_value(crises: Crises, log_residual: Float[Array, "c p"]) -> Float[Array, "c p"]:
    """Expected value of a logit choice, log Σ exp U (McFadden 1978): never falls when an option is added."""
    reach = crises.delivery[..., None] * crises.effort_at / crises.severity[:, None, None]
    payoff = (
        crises.stake[..., None] * (1.0 - jnp.exp(log_residual[..., None] - reach))
        + crises.influence[..., None] * crises.influence_at
        - crises.cost[..., None] * crises.cost_at
        - crises.backlash[..., None] * crises.presence_at
        - crises.norm[..., None] * crises.deploys_at
        - crises.barrier[..., None] * crises.barred_at
    )
    return logsumexp(jnp.where(crises.is_open, payoff, -jnp.inf), axis=-1)


def _is_usable(asked: Predictions, explanation: str) -> bool:
    return explanation in asked.posteriors and asked.posteriors[explanation].diagnostics.passed


def _p_better(asked: Predictions, explanation: str, rival: str) -> float:
    """P(the explanation predicts an unseen crisis better than the rival), normal in the elpd difference."""
    a, b = (score_of(asked.posteriors[e]).elpd for e in (explanation, rival))
    error = math.sqrt(len(a)) * float(np.std(a - b))
    difference = float(np.sum(a - b))
    return float(norm.cdf(difference / error)) if error > 0 else float(difference > 0)


def _shown(factor: float | None) -> str:
    return "none: nothing to keep" if factor is None else f"{factor:.3f}"


def _by_party(case: Case, factor: np.ndarray, stage: StageValues) -> list[dict[str, Any]]:
    arrangement = case.settings.arrangement
    assert arrangement is not None
    bargain = np.asarray(stage.cooperate > stage.punished)
    return [
        {"party": p, "critical_discount_factor": float(np.nanmedian(factor[:, i])) if bargain[:, i].any() else None,
         "p_has_a_bargain_to_keep": float(bargain[:, i].mean())}
        for i, p in enumerate(arrangement.parties)
    ]  # fmt: skip
