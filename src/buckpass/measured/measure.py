"""Everything that is measured and not modelled about a case (model §7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from buckpass.case import Case
from buckpass.measured.activity import activity_by_theatre, activity_table, comparisons_table
from buckpass.measured.alignments import alignments_table
from buckpass.measured.burden import burden_table
from buckpass.measured.coders import agreement_table
from buckpass.measured.positions import division_table, shares_table
from buckpass.measured.responses import askers_table, profiles_table, requests_table, responses_table
from buckpass.measured.shares import all_leaders, host_shares, host_shares_table, leaders_table, of_everything_table
from buckpass.results.table import ResultTable, ShowsItself, plain

__all__ = ["Record", "measure"]


@dataclass(frozen=True)
class Record(ShowsItself):
    """What the rows and series of a case say by themselves; each table knows its n, units and sources."""

    case_id: str
    case_hash: str
    seed: int
    n_crises: int
    responses: ResultTable
    activity: ResultTable
    activity_by_theatre: ResultTable
    comparisons: ResultTable
    shares: ResultTable
    share_alternatives: ResultTable
    host_shares: ResultTable
    leaders: ResultTable
    of_everything: ResultTable
    division_of_labour: ResultTable
    requests: ResultTable
    askers: ResultTable
    profiles: ResultTable
    size_and_burden: ResultTable
    agreement: ResultTable
    alignments: ResultTable

    def table(self) -> ResultTable:
        """Who did what: a row per crisis and actor."""
        return self.responses

    def tables(self) -> tuple[ResultTable, ...]:
        """All tables."""
        return tuple(self.by_name().values())

    def by_name(self) -> dict[str, ResultTable]:
        """All tables by name."""
        return {name: value for name, value in self.__dict__.items() if isinstance(value, ResultTable)}

    def as_dict(self) -> dict[str, Any]:
        """The record as plain values, fit for JSON: rows by table; titles, units, notes and sources under `about`."""
        rows = {name: table.rows() for name, table in self.by_name().items()}
        for name in ("activity", "activity_by_theatre"):
            rows[name] = [_with_rate(row) for row in rows[name]]
        about = {name: {k: v for k, v in t.as_dict().items() if k != "rows"} for name, t in self.by_name().items()}
        head = {"case": self.case_id, "case_hash": self.case_hash, "seed": self.seed, "n_crises": self.n_crises}
        return plain({**head, **rows, "about": about})


def measure(case: Case, *, seed: int = 0) -> Record:
    """The record of a case as tables: responses, organisations' activity, shares, division of labour, requests, burden.

    Parameters
    ----------
    case : the case whose record is measured; no fit is needed.
    seed : of the draws behind intervals.

    Returns
    -------
    Record
        One table an attribute, each with its n, units and sources.

    Examples
    --------
    >>> from buckpass.case import load_case
    >>> case = load_case("western-balkans")
    >>> measure(case).n_crises == len(case.crises)
    True
    """
    rows, by_host, led = case.coded, host_shares(case), all_leaders(case)
    return Record(
        case_id=case.id, case_hash=case.hash, seed=seed, n_crises=case.crises.height,
        responses=responses_table(case, rows),
        activity=activity_table(case, rows),
        activity_by_theatre=activity_by_theatre(case, rows),
        comparisons=comparisons_table(case, rows),
        shares=shares_table(case),
        share_alternatives=shares_table(case, "alternatives"),
        host_shares=host_shares_table(case, by_host),
        leaders=leaders_table(case, led),
        of_everything=of_everything_table(case, by_host, led),
        division_of_labour=division_table(case, seed),
        requests=requests_table(case, rows, seed),
        askers=askers_table(case),
        profiles=profiles_table(case, rows),
        size_and_burden=burden_table(case, rows),
        agreement=agreement_table(case, seed),
        alignments=alignments_table(case),
    )  # fmt: skip


def _with_rate(row: dict[str, Any]) -> dict[str, Any]:
    rate = {end: row.pop(f"rate_{end}") for end in ("mean", "low", "high")}
    return {**row, "rate": rate}
