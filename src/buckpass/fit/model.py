"""From the free terms of an explanation to who would do what, and the chance of what the record says (model §2, §4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from buckpass.fit.explanations import Explanation
from buckpass.model.observations import Observations
from buckpass.fit.readings import Reading
from buckpass.game.choice import CLOSED, log_strategy
from buckpass.game.covariates import COVARIATES
from buckpass.game.crises import Crises
from buckpass.game.payoffs import Coefficients, plain_coefficients
from buckpass.game.setting import CrisisSetting
from buckpass.game.solver import log_choices as solved_log_choices

__all__ = [
    "Values",
    "band_log_probability",
    "coefficients_from",
    "interacts",
    "log_choices",
]

Values = Callable[[str], Array]
INDEXED = ("stake", "cost", "backlash", "influence")


def coefficients_from(explanation: Explanation, setting: CrisisSetting, draw: Values) -> Coefficients:
    """Coefficients of the model in which `draw(term)` gives the value of each free term and every other is off."""
    base = plain_coefficients(setting)
    changed = {f"{q}_slope": _slopes(explanation, q, draw) for q in INDEXED}
    changed |= {f"{q}_level": draw(f"{q}.level") for q in INDEXED if explanation.frees(f"{q}.level")}
    changed |= {f"{q}_power": draw(f"{q}.power") for q in ("stake", "cost") if explanation.frees(f"{q}.power")}
    for term in ("norm", "restraint", "exclusion", "enforcement", "unasked"):
        if explanation.frees(term):
            changed[term] = draw(term)
    changed |= _alignment_scales(explanation, draw)
    if explanation.frees("cost.steps"):
        changed["cost_steps"] = jnp.concatenate([jnp.zeros(1), jnp.cumsum(draw("cost.steps"))])
    if explanation.frees("vehicle"):
        prices = draw("vehicle")
        changed |= {"vehicle_price": prices[:, 1:], "alone_price": prices[:, 0]}
    return replace(base, **changed)


def interacts(explanation: Explanation) -> bool:
    """Whether what others do enters a power's choice under this explanation."""
    return explanation.frees("kappa") or explanation.frees("kappa.others")


@partial(jax.jit, static_argnames="with_others")  # also called eagerly: compile it once
def log_choices(crises: Crises, with_others: bool) -> Float[Array, "c p o"]:
    """log σ of every option; where nobody's effort counts for anyone else the residual is 1 and nothing is solved."""
    if with_others:
        return solved_log_choices(crises)[0]
    return log_strategy(crises, jnp.zeros_like(crises.stake))


def band_log_probability(log_sigma: Float[Array, "c p o"], crises: Crises, seen: Observations) -> Float[Array, " n"]:
    """log P(low ≤ rung ≤ high) of each coded response."""
    at = (seen.crisis, seen.power)
    return bands(log_sigma[at], crises.rung[at], crises.is_open[at], seen)


def bands(
    log_sigma: Float[Array, "n o"], rung: Array, is_open: Array, of: Reading | Observations
) -> Float[Array, " n"]:
    """log P(low ≤ rung ≤ high) of each row from its own log probabilities of options."""
    inside = (rung >= of.low[:, None]) & (rung <= of.high[:, None]) & is_open
    return logsumexp(jnp.where(inside, log_sigma, CLOSED), axis=1)


def term_shape(term: str, setting: CrisisSetting) -> tuple[int, ...]:
    """Shape of a term's value; most are one number."""
    powers, vehicles = len(setting.names.powers), len(setting.vehicles)
    return {
        "norm": (powers,), "stake.power": (powers,), "cost.power": (powers,), "vehicle": (powers, 1 + vehicles),
        "cost.steps": (setting.cost_curve.shape[0] - 1,), "host.price": (powers + vehicles,),
    }.get(term, ())  # fmt: skip


def _slopes(explanation: Explanation, quantity: str, draw: Callable[[str], Array]) -> Float[Array, " k"]:
    terms = [f"{quantity}.{name}" for name in COVARIATES]
    if not any(map(explanation.frees, terms)):
        return jnp.zeros(len(terms))
    return jnp.stack([draw(term) if explanation.frees(term) else jnp.zeros(()) for term in terms])


def _alignment_scales(explanation: Explanation, draw: Callable[[str], Array]) -> dict[str, Array]:
    if explanation.frees("kappa"):
        kappa = draw("kappa")
        return {"kappa": kappa, "kappa_patron": kappa}
    return {"kappa": draw("kappa.others")} if explanation.frees("kappa.others") else {}
