"""Everything that the page shows, computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from buckpass.case import Case
from buckpass.case.catalogue import BASE
from buckpass.fitting.files import fit_command
from buckpass.ledger import Judged, Sensitivity, Verdicts, judged
from buckpass.measured import Record, measure
from buckpass.page.theme import Figure
from buckpass.results.summary import DRAWS
from buckpass.results.table import ResultTable

if TYPE_CHECKING:
    from buckpass.evidence.comparing import Compared
    from buckpass.evidence.forecasts import Forecast
    from buckpass.evidence.gathered import Gathered
    from buckpass.evidence.nested_answer import NestedAnswer
    from buckpass.fitting.posterior import Posterior
    from buckpass.page.live_data import LiveWhatIf
    from buckpass.page.model_results import ModelResults

__all__ = ["Chapter", "ReportResults", "gather"]

Judge = Callable[..., Judged]


@dataclass(frozen=True)
class Chapter:
    """A further part of the page that a later room computed: agreement, decades ahead, a sweep.

    line : what was found, in one line, for the folded chapter. finding : the same with its conditions.
    """

    heading: str
    line: str
    finding: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[ResultTable, ...] = ()


@dataclass(frozen=True)
class ReportResults:
    """What the page needs. `model` is None where the case has no fit; `why_no_model` then says so in words."""

    record: Record
    verdicts: Verdicts
    model: ModelResults | None
    why_no_model: str = ""
    cannot_inform: tuple[str, ...] = ()  # in words: covariates and powers of which this record says nothing
    chapters: tuple[Chapter, ...] = ()
    compared: Compared | None = None  # None where no fit passed its diagnostics
    forecast: Forecast | None = None  # None where the fits saw every crisis
    live: LiveWhatIf | None = None  # None where no fit answers, or where powers move in order
    under: tuple[Sensitivity, ...] = ()  # the claims that need no fit, under stricter and looser coding

    @property
    def nested(self) -> NestedAnswer | None:
        """What each mechanism adds; None where nothing could be compared or the controls alone were not fitted."""
        return self.compared.nested if self.compared is not None and BASE in self.compared.scores else None


def quiet(step: str) -> None:
    """Where nobody asked how far it is."""


def unchanged(results: ReportResults) -> ReportResults:
    """Where nobody has something to add."""
    return results


def gather(
    case: Case, posteriors: Mapping[str, Posterior] | None = None, *, chapters: Sequence[Chapter] = (), kept: Gathered | None = None,
    n_draws: int = DRAWS, seed: int = 0, begin: Callable[[str], None] = quiet, judge: Judge = judged, record: Record | None = None,
    before_claims: Callable[[ReportResults], ReportResults] = unchanged,
) -> ReportResults:  # fmt: skip
    """Compute all that the page shows: the record, the model's expectations, the verdict on every claim.

    posteriors : explanation id → posterior of this case; without them the page shows the record and says that the case
    must be fitted. chapters : parts computed elsewhere, shown after the claims. kept : what was worked out of the
    posteriors, by default beside the case's own.
    begin : called with each step as it begins. judge : who judges the claims, for a caller that has done so before. record : the
    case as it was measured before.
    before_claims : what a caller adds to all that is known without a verdict, before the verdicts are worked out.
    """
    none = Verdicts((), case.id, case.hash, seed)
    if record is None:
        begin("measuring")
        record = measure(case, seed=seed)
    if posteriors:
        results = _modelled(case, posteriors, record, none, kept, n_draws, begin)
    else:
        why = f"This case has not been fitted, so nothing here comes from the model. Fit it with {fit_command(case, case.folder / 'posteriors')}"
        results = ReportResults(record, none, None, why)
    results = before_claims(replace(results, chapters=tuple(chapters)))
    begin("claims")
    ledger = judge(case, posteriors or None, kept=kept if posteriors else None, seed=seed)
    return replace(results, verdicts=ledger.verdicts, under=ledger.under)


def _modelled(
    case: Case, posteriors: Mapping[str, Posterior], record: Record, none: Verdicts, kept: Gathered | None, n_draws: int,
    begin: Callable[[str], None],
) -> ReportResults:  # fmt: skip
    """All that the page shows of a case that was fitted, but for the verdicts."""
    from buckpass.page.live_data import live_what_if
    from buckpass.page.model_results import model_results  # loads the model: only where there is a fit

    begin("model")
    model = model_results(case, posteriors, n_draws)
    compared, forecast = _beyond_the_ranking(case, posteriors, kept)
    return ReportResults(
        record, none, model, model.refusal, _cannot_inform(case), (), compared, forecast, live_what_if(case, posteriors)
    )


def _beyond_the_ranking(
    case: Case, posteriors: Mapping[str, Posterior], kept: Gathered | None
) -> tuple[Compared | None, Forecast | None]:  # fmt: skip
    """The ranking crisis by crisis and reading by reading, and the scores of crises that the fits had not seen."""
    from buckpass.evidence.comparing import NothingToCompare, compare
    from buckpass.evidence.forecasts import NothingToForecast, forecast_scores

    try:
        compared = compare(case, posteriors, kept=kept)
    except NothingToCompare:
        return None, None
    try:
        return compared, forecast_scores(case, posteriors)
    except NothingToForecast:
        return compared, None


def _cannot_inform(case: Case) -> tuple[str, ...]:
    from buckpass.fitting.uninformed import what_cannot_be_estimated
    from buckpass.game.setting import setting_of
    from buckpass.model.observations import observations

    setting = setting_of(case)
    return tuple(what_cannot_be_estimated(setting, observations(case, setting)))
