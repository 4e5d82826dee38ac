"""Many crises: rival explanations fitted to the record, and asked (model §4).

Names are loaded when they are first used: asking a posterior does not load the sampler.
"""

from importlib import import_module
from typing import Any

from buckpass.model.mechanisms import Combination, combination, nested, priors

_FILE_OF = {
    "FitPlan": "fitting",
    "fit": "fitting",
    "fit_combination": "fitting",
    "fit_explanation": "fitting",
    "load_posteriors": "files",
    "Coding": "buckpass.model.observations",
    "Posterior": "posterior",
    "load_posterior": "files",
    "save_posterior": "files",
    "NutsSettings": "sampling",
}

__all__ = ["Combination", "combination", "nested", "priors", *sorted(_FILE_OF)]


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"buckpass.fitting has no public name {name!r}")
    place = _FILE_OF[name]
    return getattr(import_module(place if "." in place else f"buckpass.fitting.{place}"), name)
