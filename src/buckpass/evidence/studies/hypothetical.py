"""Crises that might be: every place, kind, severity, request and abstention that the record knows, crossed (model §4)."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import date
from itertools import product

import jax.numpy as jnp
import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.game.covariates import COLUMN
from buckpass.game.crises import CrisisNames
from buckpass.game.setting import CrisisSetting, setting_of, severity_index, standard_of
from buckpass.model.requests import with_requests_of

__all__ = ["Hypothetical", "HypotheticalCrises", "hypothetical_crises"]

REQUESTS = 6  # nobody, and the requests most often made
SEVERITY_LEVELS = (0.1, 0.5, 0.9)  # quantiles of the severity code in the record


@dataclasses.dataclass(frozen=True)
class Hypothetical:
    """One crisis that might be."""

    host: str
    theatre: str
    type: str
    severity: float
    asked: tuple[str, ...]
    abstains: str  # a power that is known to stay silent; empty where nobody is


@dataclasses.dataclass(frozen=True)
class HypotheticalCrises:
    """The crossed grid and its games' setting, in the same order."""

    cells: tuple[Hypothetical, ...]
    setting: CrisisSetting

    def take(self, positions) -> HypotheticalCrises:
        """Some of the cells."""
        return HypotheticalCrises(tuple(self.cells[i] for i in positions), self.setting.select(positions))


def hypothetical_crises(case: Case) -> HypotheticalCrises:
    """The grid of a case in the last year of its record.

    Places are the hosts of the record with their theatre; types that play alike (at home or not, spilling or not, covered
    by the same mandates) stand for each other under the one most often seen; nobody, or the case's provider, abstains.
    """
    places, types, requests = _places(case), _types(case), _requests(case)
    made, by_kind, by_request = _made(case, places, types, requests)
    whole = setting_of(made, by_kind + by_request, standard_of(case))
    severities = _severities(case)
    abstains = ("", case.settings.focus.provider)
    axes = [range(len(a)) for a in (places, types, requests, severities, abstains)]
    index = np.array(list(product(*axes)))
    cells = tuple(
        Hypothetical(places[h][0], places[h][1], types[t], severities[s], requests[r], abstains[a])
        for h, t, r, s, a in index
    )
    kind_row = index[:, 0] * len(types) + index[:, 1]
    request_row = len(by_kind) + index[:, 0] * len(requests) + index[:, 2]
    setting = with_requests_of(whole.select(kind_row.tolist()), whole.select(request_row.tolist()))
    setting = _at_severity(case, setting, np.array(severities)[index[:, 3]])
    return HypotheticalCrises(cells, _abstaining(setting, case, [cell.abstains for cell in cells]))


def _places(case: Case) -> list[tuple[str, str]]:
    rows = case.fitted_crises.select("host", "theatre").explode("host").unique(maintain_order=True)
    return [(h, t) for h, t in rows.iter_rows() if h not in case.powers]


def _types(case: Case) -> list[str]:
    """One type for all that play alike, the one most often seen."""
    entries = case.settings.crisis_types
    mandates = case.mandates_of_vehicles(date(case.settings.years[1], 1, 1))
    alike: dict[tuple, str] = {}
    for name, _ in Counter(case.fitted_crises["type"].to_list()).most_common():
        kind = (entries[name].domestic, entries[name].spills, *(m.covers_type(name) for m in mandates))
        alike.setdefault(kind, name)
    return list(alike.values())


def _requests(case: Case) -> list[tuple[str, ...]]:
    known = {*case.powers, *case.vehicles}
    made = [tuple(sorted(known & set(asked))) for asked in case.fitted_crises["asked"].to_list()]
    rider, provider = case.settings.focus.rider, case.settings.focus.provider
    usual = [r for r, _ in Counter(m for m in made if m).most_common()]
    first = [(), (provider,), (rider,), tuple(sorted((provider, rider)))]
    return list(dict.fromkeys([*first, *usual]))[:REQUESTS]


def _severities(case: Case) -> list[float]:
    return [float(q) for q in np.quantile(case.fitted_crises["severity"].to_numpy(), SEVERITY_LEVELS)]


def _made(case: Case, places, types, requests) -> tuple[Case, list[str], list[str]]:
    """A case whose crises are every place with every type, then every place with every request."""
    by_kind = [(place, t, ()) for place in places for t in types]
    by_request = [(place, types[0], r) for place in places for r in requests]
    day, pattern = date(case.settings.years[1], 1, 1), case.crises.row(0, named=True)
    usual = {place: _usual(case, *place) for place in places}
    rows = [
        {**pattern, **usual[place], "crisis_id": f"hypothetical-{n}", "type": kind, "start": day, "end": None,
         "severity": 0.5, "asked": list(asked), "help_requested": bool(asked), "own_stake": [], "assets": [],
         "claimants": []}
        for n, (place, kind, asked) in enumerate([*by_kind, *by_request])
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=case.crises.schema)
    ids = frame["crisis_id"].to_list()
    return case.replace(crises=frame, responses=case.responses.clear()), ids[: len(by_kind)], ids[len(by_kind) :]


def _usual(case: Case, host: str, theatre: str) -> dict:
    """Host, theatre, and patron and bases as its last crisis there has them."""
    last = case.crises.filter(pl.col("host").list.contains(host) & (pl.col("theatre") == theatre)).sort("start")
    row = last.row(-1, named=True)
    return {"host": [host], "theatre": theatre, "patron": row["patron"], "bases": row["bases"]}


def _at_severity(case: Case, setting: CrisisSetting, code: np.ndarray) -> CrisisSetting:
    column = COLUMN["severity"]
    x = jnp.asarray(setting.covariates).at[..., column].set(jnp.asarray(code)[:, None] - 0.5)
    size = severity_index(case.parameter("severity.base"), case.parameter("severity.slope"), jnp.asarray(code))
    return dataclasses.replace(setting, covariates=x, severity=size)


def _abstaining(setting: CrisisSetting, case: Case, abstains: list[str]) -> CrisisSetting:
    """Only silence is open to the power that abstains; each cell is a crisis of its own name."""
    silent = np.array([[p == a for p in case.powers] for a in abstains])
    is_open = setting.is_open & ~(silent[..., None] & (np.asarray(setting.rung) > 0))
    names = CrisisNames(tuple(str(n) for n in range(len(abstains))), setting.names.powers, setting.names.options)
    return dataclasses.replace(setting, is_open=jnp.asarray(is_open), names=names)
