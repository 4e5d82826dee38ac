"""In how many of the games that the bundled fits make of their crises there is a second equilibrium, whose responses the likelihood
would not see: Newton's method from every corner of {others leave all, others leave next to nothing}, beside the principal branch.

python benchmarks/equilibria.py     # prints JSON; minutes
"""

from __future__ import annotations

import itertools
import json

import numpy as np

from buckpass.case import load_case
from buckpass.fitting.files import load_posteriors
from buckpass.game.fixed_point import DEFAULT_SETTINGS, solve_with_branch
from buckpass.game.setting import setting_of
from buckpass.game.solver import solve
from buckpass.predict.drawing import draw
from buckpass.predict.which_fits import Basis

CASES = ("central-asia", "western-balkans")
DRAWS = 40
LEFT = (0.0, -4.0)  # log R: nothing is done, 2 % are left
APART = 1e-6  # of R


def second_equilibria(case_name: str) -> dict[str, dict[str, int]]:
    """By fit: games, those in which another equilibrium was reached, and searches that ended nowhere."""
    case = load_case(case_name)
    setting, told = setting_of(case), {}
    for name, fit in load_posteriors(case).items():
        if fit.order != "simultaneous":
            continue
        games = draw(Basis(fit), setting, DRAWS).games
        principal = np.exp(solve(games).log_residual)
        others, nowhere = np.zeros(len(principal), bool), 0
        for corner in itertools.product(LEFT, repeat=principal.shape[1]):
            with np.errstate(all="ignore"):
                found, _ = solve_with_branch(games, DEFAULT_SETTINGS, np.tile(corner, (len(principal), 1)))
            there = np.asarray(found.converged)
            others |= there & (np.abs(np.exp(found.log_residual) - principal).max(axis=1) > APART)
            nowhere += int((~there).sum())
        told[name] = {"games": len(principal), "with_another": int(others.sum()), "ended_nowhere": nowhere}
    return told


if __name__ == "__main__":
    print(json.dumps({name: second_equilibria(name) for name in CASES}))
