"""What moves a state from year to year, one draw of it per posterior draw: values set by hand, over their ranges."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from buckpass.case import Case
from buckpass.game.arrays import namespace
from buckpass.years.year_problems import GrowthOverflows

__all__ = ["YearlyParameters", "check_growth", "fraction_left", "parameters_of"]

LARGEST_LOG = 60.0  # e^60: far beyond any economy, far below the limit of single precision
PLAIN = (
    "commitment_half_life", "commitment_cost", "opinion_reversion", "opinion_presence", "opinion_asked_relief",
    "opinion_softpower", "opinion_trade", "instability_growth_cut",
)  # fmt: skip


class YearlyParameters(eqx.Module):
    """Parameters of the yearly step; axes draw b, power p. Units in parameter_ids.toml."""

    commitment_half_life: Float[Array | np.ndarray, " b"]
    commitment_cost: Float[Array | np.ndarray, " b"]
    opinion_reversion: Float[Array | np.ndarray, " b"]
    opinion_presence: Float[Array | np.ndarray, " b"]
    opinion_asked_relief: Float[Array | np.ndarray, " b"]
    opinion_softpower: Float[Array | np.ndarray, " b"]
    opinion_trade: Float[Array | np.ndarray, " b"]
    instability_growth_cut: Float[Array | np.ndarray, " b"]
    capacity_growth: Float[Array | np.ndarray, "b p"]
    trade_growth: Float[Array | np.ndarray, "b p"]


def fraction_left(half_life: Any, years: Any = 1.0) -> Any:
    """What is left after so many years of what halves with every `half_life` years: commitments, and influence in security."""
    return namespace(half_life).exp2(-years / half_life)


def parameters_of(case: Case, draws: int, seed: int) -> YearlyParameters:
    """Each parameter drawn from the triangular distribution of its range (low, value, high), or fixed without one.

    Every parameter has a stream of its own, so that fixing one leaves the draws of the others as they were.
    """
    plain = {name: _drawn(case, f"futures.{name}", draws, seed) for name in PLAIN}
    by_power = {
        name: np.stack([_drawn(case, f"futures.{name}.{p}", draws, seed) for p in case.powers], axis=1)
        for name in ("capacity_growth", "trade_growth")
    }
    return YearlyParameters(**plain, **by_power)


def check_growth(case: Case, years: int) -> None:
    """Raise `GrowthOverflows` where a growth rate leaves the range of numbers within the years asked."""
    for name, quantity in case.settings.parameters.items():
        if name.startswith(("futures.capacity_growth.", "futures.trade_growth.")):
            rates = [r for r in (quantity.low, quantity.value, quantity.high) if r is not None]
            if any(rate <= -1 for rate in rates):
                raise GrowthOverflows(
                    f"{name} = {min(rates):g}: a loss of everything in one year leaves nothing to grow from; "
                    "give a rate above -1, or take the power out with absent=…"
                )
            if any(abs(np.log1p(rate)) * years > LARGEST_LOG for rate in rates):
                raise GrowthOverflows(
                    f"{name}: {quantity.value:g} a year over {years} years leaves the range of numbers "
                    f"(a factor above e^{LARGEST_LOG:g}); give a smaller rate or fewer years"
                )


def _drawn(case: Case, name: str, draws: int, seed: int) -> Float[np.ndarray, " b"]:
    quantity = case.quantity(name)
    low, high = quantity.plausible
    level = np.random.default_rng([seed, *name.encode()]).random(draws)
    if high <= low:
        return np.full(draws, quantity.value)
    mode = (quantity.value - low) / (high - low)
    left = np.sqrt(level * mode)
    right = 1 - np.sqrt((1 - level) * (1 - mode))
    return low + (high - low) * np.where(level < mode, left, right)
