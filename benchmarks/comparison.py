"""Refresh docs/comparison.json and its figures: everything that `buckpass compare` says of the flagship.

The page "What the record can say" is built from it. Needs bundled posteriors of this record; the power study is taken as it
is bundled (`make power-study` makes it).
"""

from __future__ import annotations

import json
from pathlib import Path

from machine import machine

ROOT = Path(__file__).parent.parent
CASE = "central-asia"
NEXT = 10


def compute() -> tuple[dict, dict[str, bytes]]:
    """The answers of every option of the verb, and the figures by file name."""
    from buckpass.case import load_case
    from buckpass.evidence.comparing import compare
    from buckpass.evidence.forecasts import forecast_scores
    from buckpass.evidence.studies.decisive_cases import decisive_cases, splitting_cases
    from buckpass.evidence.studies.prior_predictive import prior_predictive
    from buckpass.fitting.files import load_posteriors
    from buckpass.ledger.prior_sensitivity import prior_sensitivity
    from buckpass.page.comparison_figures import crises_by_explanation, forecasts_drawn, prior_predictive_drawn

    case = load_case(CASE)
    fits = load_posteriors(case)
    found, forecast, expected = compare(case, fits, led=_led(case)), forecast_scores(case, fits), prior_predictive(case)
    figures = {
        "crises-by-explanation.svg": crises_by_explanation(case, found),
        "forecasts.svg": forecasts_drawn(case, forecast),
        "prior-predictive.svg": prior_predictive_drawn(case, expected),
    }
    numbers = {
        "case": case.id, "record_hash": case.record_hash, "compare": found.as_dict(), "forecast": forecast.as_dict(),
        "next": decisive_cases(case, fits, NEXT).as_dict(), "power": _power(case),
        "splits": splitting_cases(case, fits, found.comparison.indistinguishable).rows(),
        "priors": prior_sensitivity(case, fits).as_dict(), "prior_predictive": expected.as_dict(), "machine": machine(),
    }  # fmt: skip
    return numbers, {name: figure.picture("svg") for name, figure in figures.items()}


def _led(case) -> dict:
    from buckpass.fitting.files import load_posteriors
    from buckpass.fitting.posterior import PosteriorFileError

    try:
        return load_posteriors(case, order="patron first")
    except PosteriorFileError:
        return {}


def _power(case) -> dict | None:
    """The bundled power study; none where it was not made for this record."""
    from buckpass.evidence.studies.power_study import PowerStudyError, bundled_power_study

    try:
        return bundled_power_study(case).as_dict()
    except PowerStudyError as reason:
        print(reason)
        return None


def main() -> None:
    numbers, figures = compute()
    text = json.dumps(numbers, indent=1, sort_keys=True, default=str)
    (ROOT / "docs" / "comparison.json").write_text(text + "\n", "utf-8")
    for name, picture in figures.items():
        (ROOT / "docs" / name).write_bytes(picture)


if __name__ == "__main__":
    main()
