"""The likelihood written a second time, from docs/model.md alone: plain NumPy, loops, no code of the package but its inputs.

Terms are read by name; the equilibrium is found by damped best responses; the crisis effect is integrated by the trapezoid
rule. Slow and simple on purpose.
"""

from __future__ import annotations

import numpy as np

from buckpass.game.covariates import COVARIATES

WIDEST, POINTS = (
    9.0,
    181,
)  # of the crisis effect in its own standard deviations: the trapezoid rule is exact to 1e-8 here


def log_likelihood(setting, seen, terms: dict) -> np.ndarray:
    """log P(responses of each crisis) [crisis], at values of the terms by name; a term that is missing has no effect."""
    z = np.linspace(-WIDEST, WIDEST, POINTS)
    log_weight = -0.5 * z**2 - 0.5 * np.log(2 * np.pi) + np.log(z[1] - z[0])
    found = np.zeros(seen.n_crises)
    for c in range(seen.n_crises):
        by_point = log_weight.copy()
        chances = strategies(setting, c, terms, z * terms["crisis.spread"])  # point, power, option
        rung = np.asarray(setting.rung[c])
        for n in np.flatnonzero(seen.crisis == c):
            i = seen.power[n]
            inside = (rung[i] >= seen.low[n]) & (rung[i] <= seen.high[n])
            by_point += seen.weight[n] * np.log(chances[:, i, inside].sum(axis=1))
        most = by_point.max()
        found[c] = most + np.log(np.exp(by_point - most).sum())
    return found


def strategies(setting, c: int, terms: dict, effects: np.ndarray) -> np.ndarray:
    """Equilibrium chances [point, power, option] of one crisis at values of its effect."""
    fixed, stake, reach = payoffs(setting, c, terms)
    rung, is_open = np.asarray(setting.rung[c]), np.asarray(setting.is_open[c])
    powers = len(stake)
    alignment = np.asarray(setting.alignment[c])
    scaled = np.where(alignment > 0, terms.get("kappa", 0.0), terms.get("kappa.rivals", 0.0)) * alignment

    def respond(log_residual):
        value = fixed + effects[:, None, None] * rung - stake[:, None] * np.exp(log_residual[:, :, None] - reach)
        value = np.where(is_open, value, -np.inf)
        weight = np.exp(value - value.max(axis=2, keepdims=True))
        chance = weight / weight.sum(axis=2, keepdims=True)
        answer = np.zeros_like(log_residual)
        for i in range(powers):
            for j in range(powers):
                if i != j:
                    answer[:, i] += np.log((chance[:, j] * np.exp(-scaled[i, j] * reach[j])).sum(axis=1))
        return chance, answer

    log_residual = np.zeros((len(effects), powers))
    for _ in range(2000):
        chance, answer = respond(log_residual)
        if np.abs(answer - log_residual).max() < 1e-12:
            return chance
        log_residual = 0.5 * (log_residual + answer)
    raise AssertionError(f"crisis {c}: no equilibrium within 2000 damped best responses")


def payoffs(setting, c: int, terms: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each option pays apart from the stake [power, option], the stake [power], and q·e/s [power, option]."""
    x = {name: np.asarray(setting.covariates[c, :, k]) for k, name in enumerate(COVARIATES)}

    def index(quantity: str) -> np.ndarray:
        slopes = (n for n in terms if n.startswith(f"{quantity}.") and n.split(".")[1] not in ("level", "power"))
        start = terms[f"{quantity}.level"] + terms.get(f"{quantity}.power", 0.0)
        return start + sum(terms[n] * x[n.split(".")[1]] for n in slopes)

    at = {name: np.asarray(getattr(setting, f"{name}_at")[c]) for name in
          ("effort", "cost_share", "presence", "influence", "deploys", "unasked")}  # fmt: skip
    rung = np.asarray(setting.rung[c])
    ladder = np.concatenate([[0.0], terms["rung.payoff"]])
    paid = ladder[rung] - np.exp(index("cost"))[:, None] * np.asarray(setting.cost_curve)[rung] * at["cost_share"]
    if "backlash.level" in terms:
        relief = 1 - float(setting.asked_relief) * x["asked"]
        paid -= (relief * np.exp(index("backlash")))[:, None] * at["presence"]
    if "influence.level" in terms:
        paid += np.exp(index("influence"))[:, None] * at["influence"]
    price = np.zeros(len(rung)) + terms.get("norm", 0.0)
    for name, through in (("enforcement", "bargain"), ("exclusion", "patron_other"), ("restraint", "rival_pressure")):
        price = price + terms.get(name, 0.0) * x[through]
    paid -= at["deploys"] * price[:, None] + terms["unasked"] * at["unasked"]
    if "vehicle.organisation" in terms:
        count = len(setting.vehicles)
        paid[:, rung.shape[1] - count :] -= terms["vehicle.power"][:, None] + terms["vehicle.organisation"]
    reach = np.exp(np.asarray(setting.log_delivery[c]))[:, None] * at["effort"] / float(setting.severity[c])
    return paid, np.exp(index("stake")), reach
