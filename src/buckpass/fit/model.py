"""The likelihood and priors of one explanation, for NumPyro (model §2, §4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from buckpass.fit.explanations import Explanation, Prior, priors
from buckpass.fit.observations import Observations
from buckpass.game.choice import CLOSED, as_choice, choice_log_probabilities
from buckpass.game.covariates import COVARIATES
from buckpass.game.crises import Crises
from buckpass.game.payoffs import Coefficients, crises_of, plain_coefficients
from buckpass.game.setting import CrisisSetting
from buckpass.game.solver import solve_strategies

__all__ = ["Sampler", "band_log_probability", "coefficients_from", "log_choices", "model_of"]

Sampler = Callable[[str, dist.Distribution], Array]
INDEXED = ("stake", "cost", "backlash", "influence")


def coefficients_from(explanation: Explanation, setting: CrisisSetting, sample: Sampler) -> Coefficients:
    """Coefficients of the model in which `sample(term, prior)` gives each free term and every other is off."""
    draw = _drawer(explanation, setting, sample)
    base = plain_coefficients(setting)
    changed = {f"{q}_slope": _slopes(explanation, q, draw) for q in INDEXED}
    changed |= {f"{q}_level": draw(f"{q}.level") for q in INDEXED if explanation.frees(f"{q}.level")}
    changed |= {f"{q}_power": draw(f"{q}.power") for q in ("stake", "cost")}
    for term in ("norm", "restraint", "exclusion", "enforcement", "unasked"):
        if explanation.frees(term):
            changed[term] = draw(term)
    changed |= _alignment_scales(explanation, draw)
    changed["cost_steps"] = jnp.concatenate([jnp.zeros(1), jnp.cumsum(draw("cost.steps"))])
    if explanation.frees("vehicle"):
        prices = draw("vehicle")
        changed |= {"vehicle_price": prices[:, 1:], "alone_price": prices[:, 0]}
    return replace(base, **changed)


def model_of(explanation: Explanation, setting: CrisisSetting, seen: Observations) -> Callable[[Array], None]:
    """The NumPyro model: priors of the free terms and the interval-censored likelihood of the record.

    `log_lik` (deterministic, [crisis]) is the log-probability of each crisis's responses: the unit that
    leave-one-crisis-out leaves out. The model's argument is the weight of each row, so that a crisis is left out (or a
    row counted twice) without compiling anew.
    """

    def model(weight: Float[Array, " n"]) -> None:
        crises = crises_of(setting, coefficients_from(explanation, setting, numpyro.sample))
        by_row = band_log_probability(log_choices(crises, interacts(explanation)), crises, seen)
        numpyro.deterministic("log_lik", jnp.zeros(seen.n_crises).at[seen.crisis].add(by_row * seen.weight))
        numpyro.factor("record", jnp.sum(by_row * weight))

    return model


def interacts(explanation: Explanation) -> bool:
    """Whether what others do enters a power's choice under this explanation."""
    return explanation.frees("kappa") or explanation.frees("kappa.others")


@partial(jax.jit, static_argnames="with_others")  # the sampler also calls the model eagerly: compile it once
def log_choices(crises: Crises, with_others: bool) -> Float[Array, "c p o"]:
    """log σ of every option; where nobody's effort counts for anyone else the residual is 1 and nothing is solved."""
    choice = as_choice(crises)
    residual = solve_strategies(crises).log_residual.T if with_others else jnp.zeros_like(choice.stake)
    return jnp.moveaxis(choice_log_probabilities(choice, residual), -1, 0)


def band_log_probability(log_sigma: Float[Array, "c p o"], crises: Crises, seen: Observations) -> Float[Array, " n"]:
    """log P(low ≤ rung ≤ high) of each coded response."""
    mine, rung = log_sigma[seen.crisis, seen.power], crises.rung[seen.crisis, seen.power]
    inside = (rung >= seen.low[:, None]) & (rung <= seen.high[:, None]) & crises.is_open[seen.crisis, seen.power]
    return logsumexp(jnp.where(inside, mine, CLOSED), axis=1)


def distribution(prior: Prior, shape: tuple[int, ...], steps: int) -> dist.Distribution:
    """The prior as a NumPyro distribution over an array of the given shape."""
    if prior.family == "simplex":
        return dist.Dirichlet(jnp.full(steps, prior.a))
    family = {
        "normal": lambda: dist.Normal(prior.mean, prior.sd),
        "half_normal": lambda: dist.HalfNormal(prior.sd),
        "beta": lambda: dist.Beta(prior.a, prior.b),
    }[prior.family]()
    return family.expand(shape).to_event(len(shape)) if shape else family


def _drawer(explanation: Explanation, setting: CrisisSetting, sample: Sampler) -> Callable[[str], Array]:
    powers = len(setting.names.powers)
    shapes = {"norm": (powers,), "vehicle": (powers, 1 + len(setting.vehicles)), "stake.power": (powers,),
              "cost.power": (powers,)}  # fmt: skip

    def draw(term: str) -> Array:
        return sample(term, distribution(priors()[term], shapes.get(term, ()), setting.cost_curve.shape[0] - 1))

    return draw


def _slopes(explanation: Explanation, quantity: str, draw: Callable[[str], Array]) -> Float[Array, " k"]:
    terms = [f"{quantity}.{name}" for name in COVARIATES]
    return jnp.stack([draw(term) if explanation.frees(term) else jnp.zeros(()) for term in terms])


def _alignment_scales(explanation: Explanation, draw: Callable[[str], Array]) -> dict[str, Array]:
    if explanation.frees("kappa"):
        kappa = draw("kappa")
        return {"kappa": kappa, "kappa_patron": kappa}
    return {"kappa": draw("kappa.others")} if explanation.frees("kappa.others") else {}
