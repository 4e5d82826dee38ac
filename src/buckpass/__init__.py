"""Who secures a region, who rides free, and what would change it.

Public names, grouped by step; each is loaded when it is first used, so that importing the package stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_ROOM_OF = {
    # what is known
    "load": ("buckpass.case", "load_case"),
    "check": ("buckpass.changes.check", "check_case"),
    "new_case": ("buckpass.case", "new_case"),
    "diff": ("buckpass.case", "diff_cases"),
    "codebook": ("buckpass.case", "codebook"),
    "overrides": ("buckpass.changes", "parse_overrides"),
    "Case": ("buckpass.case", "Case"),
    # what is measured
    "record": ("buckpass.measured", "measure"),
    # one crisis
    "solve": ("buckpass.ask.solve", "solve_crisis"),
    "whatif": ("buckpass.ask.whatif", "whatif"),
    "tip": ("buckpass.ask.tip", "tip"),
    "explain": ("buckpass.ask.explain", "explain"),
    "solve_crises": ("buckpass.ask.solve", "solve_crises"),
    "whatif_crises": ("buckpass.ask.whatif", "whatif_crises"),
    "tip_crises": ("buckpass.ask.tip", "tip_crises"),
    "explain_crises": ("buckpass.ask.explain", "explain_crises"),
    # many crises
    "fit": ("buckpass.fitting.fitting", "fit"),
    "fit_explanation": ("buckpass.fitting.fitting", "fit_explanation"),
    "FitPlan": ("buckpass.fitting.fitting", "FitPlan"),
    "posteriors": ("buckpass.fitting.files", "load_posteriors"),
    "compare": ("buckpass.evidence.comparing", "compare"),
    "decisive_cases": ("buckpass.evidence.studies.decisive_cases", "decisive_cases"),
    "forecast_scores": ("buckpass.evidence.forecasts", "forecast_scores"),
    "power_study": ("buckpass.evidence.studies.power_study", "power_study"),
    "prior_predictive": ("buckpass.evidence.studies.prior_predictive", "prior_predictive"),
    "prior_sensitivity": ("buckpass.ledger.prior_sensitivity", "prior_sensitivity"),
    # many years
    "agreement": ("buckpass.bargain", "agreement"),
    "futures": ("buckpass.years", "simulate"),
    "sweep": ("buckpass.sweeps", "sweep"),
    # answers
    "claims": ("buckpass.ledger", "assess"),
    "claims_under": ("buckpass.ledger", "assess_under"),
    "report": ("buckpass.page.page", "write_page"),
    "replicate": ("buckpass.page.replication", "write_archive"),
    "verify": ("buckpass.page.replication", "verify_archive"),
}

__all__ = sorted([*_ROOM_OF, "__version__"])


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("buckpass")
    if name not in _ROOM_OF:
        raise AttributeError(f"buckpass has no public name {name!r}; there are {', '.join(sorted(_ROOM_OF))}")
    room, inside = _ROOM_OF[name]
    return getattr(import_module(room), inside)


def __dir__() -> list[str]:
    return sorted(__all__)
