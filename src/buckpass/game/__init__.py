"""One crisis: payoffs, equilibrium, what it is asked (model §2, §3, §5)."""

import jax

jax.config.update("jax_enable_x64", True)

from buckpass.game.crises import Crises, CrisisNames  # noqa: E402
from buckpass.game.payoffs import Coefficients, crises_of  # noqa: E402
from buckpass.game.setting import CrisisSetting, setting_of  # noqa: E402
from buckpass.game.solver import Equilibrium, NoEquilibriumFound, SolverSettings, solve, solve_strategies  # noqa: E402

__all__ = [
    "Coefficients",
    "Crises",
    "CrisisNames",
    "CrisisSetting",
    "Equilibrium",
    "NoEquilibriumFound",
    "SolverSettings",
    "crises_of",
    "setting_of",
    "solve",
    "solve_strategies",
]
