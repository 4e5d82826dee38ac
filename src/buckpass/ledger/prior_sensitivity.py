"""Which numbers of the ledger lean on the priors: power-scaling of every claim that a posterior answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from buckpass.case import Case
from buckpass.evidence.power_scaling import SENSITIVE, power_scaling
from buckpass.fitting.posterior import Posterior
from buckpass.ledger.finding import Question
from buckpass.ledger.ledger import assess_question
from buckpass.ledger.predictions import Predictions, Reading, Sample
from buckpass.predict.which_fits import NoUsablePosterior, basis_of
from buckpass.results.table import ResultTable

__all__ = ["prior_sensitivity"]

DRAWS = 400
NOTE = (
    "Distance that the number's distribution moves per doubling of the weight of the priors, or of the record (cumulative "
    f"Jensen-Shannon). none: prior sensitivity below {SENSITIVE:g}. weak likelihood: the priors move it and the record does "
    "not, so the number is largely the priors' own. prior-data conflict: both move it, in different directions or from "
    "different places, so the number is a compromise. does not vary: the explanation fixes the number."
)


@dataclass
class _Remembering(Predictions):
    """Predictions that keep the draws behind the number last read."""

    last: Reading | None = None

    def read(self, question: Question, quantity: Callable[[str], Sample]) -> Reading:
        self.last = super().read(question, quantity)
        return self.last

    def number(self) -> dict[str, Sample]:
        """The draws that are the number last read, by the fit that gave them; none where nothing was read."""
        if self.last is None or self.last.leading is None:
            return {}
        return {self.last.leading: self.last.samples[self.last.leading]}


def prior_sensitivity(
    case: Case, posteriors: Mapping[str, Posterior], *, n_draws: int = DRAWS, seed: int = 0
) -> ResultTable:
    """Prior and likelihood sensitivity of every number that a posterior gave, by claim (Kallioinen et al. 2024).

    Parameters
    ----------
    case, posteriors : the case whose claims are asked, and its posteriors.
    n_draws, seed : posterior draws, and of the draws of the claims.

    Returns
    -------
    ResultTable
        One row per claim with a number from a fit: distance moved per doubling of the weight of priors and of record, and the
        diagnosis in words. Empty where no fit can answer.

    Raises
    ------
    NotPosteriors
        What was given is none.
    """
    try:
        basis = basis_of(case, posteriors)
        fits = {basis.name: basis.fit}
    except NoUsablePosterior:
        fits = {}
    predictions = _Remembering(case, fits, n_draws)
    rows = []
    for claim in case.claims:
        predictions.last = None
        verdict = assess_question(Question(claim, case, predictions, seed))
        for name, sample in predictions.number().items():
            if len(sample.draws) == 1:  # a probability already
                continue
            found = power_scaling(sample.draws, fits[name])
            rows.append({"claim": claim.id, "short": claim.short, "explanation": name, "value": verdict.value, "prior": found.prior, "record": found.likelihood,
                         "diagnosis": found.diagnosis})  # fmt: skip
    frame = pl.DataFrame(rows, infer_schema_length=None).fill_nan(None)
    return ResultTable(frame, "How far the numbers that come from fits lean on their priors", {}, f"{n_draws} draws. {NOTE}", (),
                       case.hash, seed)  # fmt: skip
