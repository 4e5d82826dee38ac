"""The ledger: what an author says about the order, beside what record and model say (model §8)."""

from buckpass.claims.finding import estimands
from buckpass.claims.ledger import assess, assess_claim
from buckpass.claims.sensitivity import Sensitivity, assess_under
from buckpass.claims.verdicts import Verdict, Verdicts

__all__ = ["Sensitivity", "Verdict", "Verdicts", "assess", "assess_claim", "assess_under", "estimands"]
