"""What is known, with its sources: a folder of plain files, read and checked into a `Case`."""

from buckpass.case.case import Case
from buckpass.case.codebook import codebook, json_schema
from buckpass.case.difference import CaseDiff, diff_cases
from buckpass.case.load import Check, bundled_cases, check_case, load_case
from buckpass.case.problems import (
    BuckpassError,
    CaseNotFound,
    CaseProblems,
    Problem,
    UnknownName,
)
from buckpass.case.reading.files import safe_cell
from buckpass.case.schema import Claim, Organisation, Quantity, Settings
from buckpass.case.sources import Source
from buckpass.case.writing.export import csv_bytes
from buckpass.case.writing.new import new_case
from buckpass.results.errors import OutputExists

__all__ = [
    "BuckpassError",
    "Case",
    "CaseDiff",
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
    "codebook",
    "csv_bytes",
    "diff_cases",
    "json_schema",
    "load_case",
    "new_case",
    "safe_cell",
]
