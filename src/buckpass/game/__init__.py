"""One crisis: payoffs, equilibrium, what it is asked (model §2, §3, §5)."""

import os

import jax

jax.config.update("jax_enable_x64", True)
# Sums over options as plain loops instead of calls into a library of large kernels: a gradient of 1,000 crises takes two
# thirds of the time. Vectors as wide as the processor has them: a tenth more simulated years. A flag that a user has set is
# left alone; jax is pinned to versions that know both.
_given = os.environ.get("XLA_FLAGS", "")
_flags = ("--xla_cpu_experimental_ynn_fusion_type=", "--xla_cpu_prefer_vector_width=512")
os.environ["XLA_FLAGS"] = " ".join([_given, *(flag for flag in _flags if flag.split("=")[0] not in _given)]).strip()

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
