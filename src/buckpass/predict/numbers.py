"""The numbers reported of a solved crisis, of its powers and of the crisis: one list for every room."""

from __future__ import annotations

import numpy as np

from buckpass.game import estimands
from buckpass.game.crises import Crises
from buckpass.game.solver import Solved

__all__ = ["OF_CRISIS", "OF_POWER", "quantities_of"]

OF_POWER = ("expected_rung", "p_deploy", "residual", "buck_passed", "payoff")
OF_CRISIS = ("p_stabilised", "p_nobody")


def quantities_of(games: Crises, found: Solved) -> dict[str, np.ndarray]:
    """The numbers reported of each power [game, power] and of the crisis [game]."""
    numbers = {
        "expected_rung": estimands.expected_rung(games, found), "p_deploy": estimands.p_deploys(games, found),
        "residual": estimands.residual(found), "buck_passed": estimands.buck_passed(games, found),
        "payoff": estimands.expected_payoff(games, found),
        "p_stabilised": estimands.p_stabilised(games, found), "p_nobody": estimands.p_nobody(games, found),
    }  # fmt: skip
    return {name: np.asarray(value) for name, value in numbers.items()}
