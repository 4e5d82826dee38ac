"""The public names with their types, for editors and type checkers; `__init__.py` loads each when it is first used."""

from buckpass.ask.explain import explain as explain
from buckpass.ask.explain import explain_crises as explain_crises
from buckpass.ask.solve import solve_crises as solve_crises
from buckpass.ask.solve import solve_crisis as _solve
from buckpass.ask.tip import tip as tip
from buckpass.ask.tip import tip_crises as tip_crises
from buckpass.ask.whatif import whatif as whatif
from buckpass.ask.whatif import whatif_crises as whatif_crises
from buckpass.bargain import agreement as agreement
from buckpass.case import Case as Case
from buckpass.case import codebook as codebook
from buckpass.case import diff_cases as _diff
from buckpass.case import load_case as _load
from buckpass.case import new_case as new_case
from buckpass.changes import parse_overrides as _overrides
from buckpass.changes.check import check_case as _check
from buckpass.evidence.comparing import compare as compare
from buckpass.evidence.forecasts import forecast_scores as forecast_scores
from buckpass.evidence.studies.decisive_cases import decisive_cases as decisive_cases
from buckpass.evidence.studies.power_study import power_study as power_study
from buckpass.evidence.studies.prior_predictive import prior_predictive as prior_predictive
from buckpass.fitting.files import load_posteriors as _posteriors
from buckpass.fitting.fitting import FitPlan as FitPlan
from buckpass.fitting.fitting import fit as fit
from buckpass.fitting.fitting import fit_explanation as fit_explanation
from buckpass.ledger import assess as _claims
from buckpass.ledger import assess_under as _claims_under
from buckpass.ledger.prior_sensitivity import prior_sensitivity as prior_sensitivity
from buckpass.measured import measure as _record
from buckpass.page.page import write_page as _report
from buckpass.page.replication import verify_archive as _verify
from buckpass.page.replication import write_archive as _replicate
from buckpass.sweeps import sweep as sweep
from buckpass.years import simulate as _futures

__version__: str

# what is known
load = _load
check = _check
diff = _diff
overrides = _overrides

# what is measured
record = _record

# one crisis
solve = _solve

# many crises
posteriors = _posteriors

# many years
futures = _futures

# answers
claims = _claims
claims_under = _claims_under
report = _report
replicate = _replicate
verify = _verify
