"""The terms of the unwritten agreement as numbers: drawn from their ranges, or fixed by the user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from buckpass.case import Case
from buckpass.case.schema import Arrangement, Quantity
from buckpass.years.year_problems import NoArrangement

__all__ = ["Terms", "arrangement_of", "terms_of"]


@dataclass(frozen=True)
class Terms:
    """One draw of the bargain per posterior draw; [draw] or [draw, party]. Rents, costs: share of the party's stake."""

    rent: np.ndarray
    alignment: np.ndarray
    punishment_years: np.ndarray
    obstruction_cost: np.ndarray
    discount: np.ndarray
    transfer: float


def arrangement_of(case: Case) -> Arrangement:
    """The case's [arrangement]; raises `NoArrangement` where it has none."""
    if case.settings.arrangement is None:
        raise NoArrangement(
            f"{case.id} has no [arrangement] in case.toml, so there is no bargain whose keeping could be computed; "
            "add one (parties, terms with rents, breakdown, transfer) or ask another question of this case"
        )
    return case.settings.arrangement


def terms_of(case: Case, draws: int, seed: int) -> Terms:
    """Terms drawn evenly from their ranges, each from a stream of its own."""
    arrangement, breakdown = arrangement_of(case), arrangement_of(case).breakdown
    rents = {t.party: t.rent for t in arrangement.terms}
    none = np.zeros(draws)
    rent = [_even(rents[p], draws, seed, f"rent {p}") if p in rents else none for p in arrangement.parties]
    return Terms(
        rent=np.stack(rent, axis=1),
        alignment=_even(breakdown.alignment, draws, seed, "alignment"),
        punishment_years=np.rint(_even(breakdown.punishment_years, draws, seed, "punishment")).clip(1).astype(int),
        obstruction_cost=_even(breakdown.obstruction_cost, draws, seed, "obstruction"),
        discount=_even(case.quantity("agreement.discount"), draws, seed, "discount"),
        transfer=arrangement.transfer.value,
    )


def _even(quantity: Quantity, draws: int, seed: int, purpose: str) -> np.ndarray:
    low = quantity.value if quantity.low is None else quantity.low
    high = quantity.value if quantity.high is None else quantity.high
    return np.random.default_rng([seed, *purpose.encode()]).uniform(low, high, draws)
