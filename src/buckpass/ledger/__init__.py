"""The ledger: what an author says about the order, beside what record and model say (model §8)."""

from buckpass.case.catalogue import estimands
from buckpass.ledger.ledger import assess, assess_claim
from buckpass.ledger.sensitivity import Judged, Sensitivity, assess_under, judged
from buckpass.ledger.verdicts import Verdict, Verdicts

__all__ = [
    "Judged",
    "Sensitivity",
    "Verdict",
    "Verdicts",
    "assess",
    "assess_claim",
    "assess_under",
    "estimands",
    "judged",
]
