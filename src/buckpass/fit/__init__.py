"""Many crises: rival explanations fitted to the record, compared, and asked (model §4)."""

from buckpass.fit.comparing import Compared, best_passed, compare
from buckpass.fit.explanations import Explanation, explanation, explanations, priors
from buckpass.fit.fitting import FitPlan, fit, fit_explanation, load_posteriors
from buckpass.fit.observations import Coding
from buckpass.fit.posterior import Posterior, load_posterior, save_posterior
from buckpass.fit.predict import draw_crises
from buckpass.fit.sampling import NutsSettings

__all__ = [
    "Coding",
    "Compared",
    "Explanation",
    "FitPlan",
    "NutsSettings",
    "Posterior",
    "best_passed",
    "compare",
    "draw_crises",
    "explanation",
    "explanations",
    "fit",
    "fit_explanation",
    "load_posterior",
    "load_posteriors",
    "priors",
    "save_posterior",
]
