"""Made posteriors: draws around stated values, no fitting."""

import numpy as np

from buckpass.case import Case
from buckpass.fitting.posterior import Diagnostics, Posterior
from made_posteriors import posterior_of

GOOD = Diagnostics(rhat_max=1.0, ess_bulk_min=2000.0, ess_tail_min=2000.0, divergences=0, worst="kappa")


def made_posterior(case: Case, explanation: str = "FR", passed: bool = True) -> Posterior:
    """Draws of the terms of an explanation with κ, normal around plausible values."""
    rng = np.random.default_rng(5)
    shape, powers = (2, 100), len(case.powers)

    def normal(mean: float, sd: float, *more: int) -> np.ndarray:
        return mean + sd * rng.standard_normal((*shape, *more))

    terms = {
        "stake.level": normal(1.3, 0.2), "stake.power": normal(0, 0.2, powers), "stake.severity": normal(1.5, 0.2),
        "stake.claim": normal(2, 0.2), "cost.level": normal(1.0, 0.2), "cost.power": normal(0, 0.2, powers),
        "rung.payoff": normal(0, 0.2, 6), "crisis.spread": np.abs(normal(0.5, 0.1)), "unasked": np.abs(normal(1.5, 0.3)),
        "kappa": rng.uniform(0.4, 1.0, shape),
    }  # fmt: skip
    if explanation == "DL":
        terms["enforcement"] = np.abs(normal(0.5, 0.2))
    diagnostics = GOOD if passed else Diagnostics(1.2, 10.0, 10.0, 3, "kappa")
    return posterior_of(case, explanation, terms, diagnostics=diagnostics)
