"""What is known, with its sources: a folder of plain files, read and checked into a `Case`."""

from buckpass.case.case import Case
from buckpass.case.files import safe_cell, write_atomic
from buckpass.case.load import bundled_cases, check_case, load_case
from buckpass.case.problems import (
    BuckpassError,
    CaseNotFound,
    CaseProblems,
    Check,
    OutputExists,
    Problem,
    UnknownName,
)
from buckpass.case.schema import Claim, Organisation, Quantity, Settings
from buckpass.case.sources import Source

__all__ = [
    "BuckpassError",
    "Case",
    "CaseNotFound",
    "CaseProblems",
    "Check",
    "Claim",
    "Organisation",
    "OutputExists",
    "Problem",
    "Quantity",
    "Settings",
    "Source",
    "UnknownName",
    "bundled_cases",
    "check_case",
    "load_case",
    "safe_cell",
    "write_atomic",
]
