"""The crisis games of a case as data, so that the page's own script re-solves them where it is read, without network."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from buckpass.case import Case
from buckpass.changes.paths import general_paths, override_paths
from buckpass.game import covariates
from buckpass.game.arrays import at_host
from buckpass.game.covariates import COVARIATES
from buckpass.game.payoffs import Coefficients
from buckpass.game.setting import CrisisSetting, setting_of, standard_of
from buckpass.page.wording import name_of
from buckpass.predict.drawing import coefficients_of
from buckpass.predict.which_fits import Fits, NoUsablePosterior, basis_of
from buckpass.results.files import json_text
from buckpass.results.summary import DRAWS

__all__ = ["LiveWhatIf", "live_data", "live_what_if"]

SLOPES = ("stake_slope", "cost_slope", "backlash_slope", "influence_slope", "deployment_slope")
CHANGED_BY_INPUTS = ("severity", "treaty_asked", "capacity", "opinion", "asked", "rivalry", "rival_pressure")


@dataclass(frozen=True)
class LiveWhatIf:
    """What the page needs to answer what-ifs by itself: the script, its hash for the page's policy, and the data as JSON."""

    script: str
    sha256: str
    data: str  # safe within a script element: no "<"
    explanation: str
    n_draws: int
    n_crises: int


def live_what_if(case: Case, fits: Fits, n_draws: int = DRAWS) -> LiveWhatIf | None:
    """The what-if of a page; None where no fit answers, or one in which powers move in order (the script plays them at once)."""
    data = live_data(case, fits, n_draws)
    if data is None:
        return None
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = json_text(data, in_ascii=True, tight=True)
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return LiveWhatIf(script, digest, safe, data["explanation"], data["draws"], len(data["crises"]))


@cache
def _script() -> str:
    return resources.files("buckpass.page").joinpath("assets", "whatif.js").read_text("utf-8")


def live_data(case: Case, fits: Fits, n_draws: int = DRAWS) -> dict[str, Any] | None:
    """Everything that the games of the fitted crises are made of, and the draws, as plain values.

    The script makes from it the games that `drawn` makes, after the changes that `changes.scenario` makes, and solves them as
    `solve` does. Draws are in base64, as precise as they are kept.
    """
    try:
        basis = basis_of(case, fits)
    except NoUsablePosterior:
        return None
    if basis.fit.order != "simultaneous":
        return None
    setting = at_host(setting_of(case))
    coefficients = coefficients_of(basis.fit, setting, n_draws)
    used = _columns(coefficients)
    return {
        "case": case.id, "explanation": basis.name, "draws": int(np.asarray(coefficients.kappa).shape[0]),
        "seed": basis.fit.seed, **_of_case(case, setting), "columns": used,
        **_coefficients(coefficients, used),
        "crises": [_of_crisis(case, setting, c, used) for c in range(len(setting.names.crises))],
    }  # fmt: skip


def _columns(coefficients: Coefficients) -> list[str]:
    """The covariates that some slope of the draws is on, and those that a change makes anew."""
    sloped = np.any([np.any(np.asarray(getattr(coefficients, name)) != 0, axis=0) for name in SLOPES], axis=0)
    return [name for name, is_used in zip(COVARIATES, sloped, strict=True) if is_used or name in CHANGED_BY_INPUTS]


def _coefficients(coefficients: Coefficients, used: Sequence[str]) -> dict[str, Any]:
    """Every coefficient that is not 0 in all draws, [draw, …] by field; of slopes the columns that they are on."""
    fields = {f.name: np.asarray(getattr(coefficients, f.name)) for f in dataclasses.fields(coefficients)}
    del fields["crisis_spread"]  # its draws are in the effects
    sloped: dict[str, list[int]] = {}
    for name in SLOPES:
        values = fields[name][:, [covariates.COLUMN[one] for one in used]]
        columns = np.flatnonzero(np.any(values != 0, axis=0))
        sloped[name], fields[name] = columns.tolist(), values[:, columns]
    return {"sloped": sloped, "coefficients": {name: _packed(v) for name, v in fields.items() if np.any(v != 0)}}


def _packed(values: np.ndarray) -> str:
    """The values in base64, in single precision where that loses nothing: most draws are kept so."""
    single = np.ascontiguousarray(values, "<f4")
    exact = single if np.array_equal(single, values) else np.ascontiguousarray(values, "<f8")
    return base64.b64encode(exact.tobytes()).decode()


def _of_case(case: Case, setting: CrisisSetting) -> dict[str, Any]:
    """What the crises have in common: names, ladder, organisations, alignments and parameters."""
    powers, rungs, ladder = case.powers, case.rungs, case.ladder
    standard, focus = standard_of(case), case.settings.focus
    return {
        "powers": list(powers), "names": [name_of(case, p) for p in powers],
        "focus": {"crisis": focus.crisis, "power": focus.rider},
        "rungs": {"plain": list(rungs.plain), "through": rungs.through, "deployment": rungs.deployment,
                  "beyond_words": rungs.beyond_words, "count": rungs.count, "names": list(ladder.names)},
        "ladder": {name: list(getattr(ladder, name)) for name in ("effort", "cost", "presence", "influence")},
        "vehicles": [_vehicle(case, v) for v in setting.vehicles],
        "leads": {o.id: powers.index(o.lead) for o in case.settings.organisations if o.lead in powers},
        "organisations": {o.id: o.name for o in case.settings.organisations}, "hosts": list(case.hosts), "paths": _paths(case),
        "existed": {o.id: f"from {o.founded}{f' to {o.ended}' if o.ended else ''}" for o in case.settings.organisations},
        "rival": [-1 if r == own else r for own, r in enumerate(covariates.main_rivals(case))],
        "has_rival": [bool(case.power(p).main_rival) for p in powers], "shares_within": covariates.SHARES_WITHIN,
        "standard": {name: [float(values[covariates.COLUMN[name]]) for values in (standard.mean, standard.scale)]
                     for name in ("capacity", "opinion")},
        "parameters": {name: case.parameter(name) for name in
                       ("asked.relief", "severity.base", "severity.slope", "delivery.capacity")},
    }  # fmt: skip


def _paths(case: Case) -> dict[str, list[str]]:
    """Every path that `--set` takes, by the verb to ask, so that the page sends there who asks what it does not play itself."""
    forms = {p.form: p for p in general_paths() if p.subject}
    found: dict[str, list[str]] = {}
    for form, path in (forms | {form: p for form, p in override_paths(case).items() if not p.subject}).items():
        found.setdefault(path.verbs[0], []).append(form)
    return found


def _vehicle(case: Case, vehicle: str) -> dict[str, Any]:
    """An organisation through which powers deploy: its rule, whether it has a lead, whose keys, and its two shares."""
    one = case.organisation(vehicle)
    return {"id": one.id, "rule": one.consent.rule, "has_lead": one.lead is not None, "has_keys": bool(one.consent.keys),
            "keys": [case.powers.index(k) for k in one.consent.keys if k in case.powers],
            "legitimacy": one.legitimacy.value, "cost_share": one.cost_share.value}  # fmt: skip


def _of_crisis(case: Case, setting: CrisisSetting, c: int, used: Sequence[str]) -> dict[str, Any]:
    """One crisis: what its games are made of, and what changes are made on."""
    row, powers = case.crisis(setting.names.crises[c]), case.powers
    theatre = row["theatre"]
    x = np.asarray(setting.covariates[c])[:, [covariates.COLUMN[name] for name in used]]
    patron = covariates.patron_of(case, row)
    return {
        "id": row["crisis_id"], "name": row["name"], "year": row["start"].year, "theatre": theatre, "severity": row["severity"],
        "theatre_name": case.theatre(theatre).name, "hosts": list(row["host"]),
        "host_names": [name_of(case, h) for h in row["host"]],
        "host_power": [powers.index(h) if h in powers else -1 for h in row["host"]],
        "alignment": np.asarray(setting.alignment[c]).tolist(),
        "host_alignment": [[case.alignment(theatre, h, p, row["start"]) for p in powers] for h in row["host"]],
        "x": [_short(of_power) for of_power in x.tolist()], "log_delivery": _short(np.asarray(setting.log_delivery[c]).tolist()),
        "asked": list(row["asked"]), "claimant": [int(p in row["claimants"]) for p in powers],
        "treaty": [int(covariates.is_treaty_partner(case, row, p)) for p in powers],
        "patron": powers.index(patron) if patron in powers else -1,
        "capacity": _short(covariates.capacity(case, row, p) for p in powers),
        "rival_capacity": _short(_rival_capacity(case, row, p) for p in powers),
        "opinion": _short(covariates.opinion(case, row, p) for p in powers),
        "opinion_in": [row["host"].index(covariates.host_asked(case, row, p)) for p in powers],
        "open": np.asarray(setting.is_open[c]).astype(int).tolist(),
        "members": [[powers.index(m) for m in case.members(v, row["start"]) if m in powers] for v in setting.vehicles],
        "there": [k for k, o in enumerate(case.organisations) if case.why_not_there(o, row) is None],
    }  # fmt: skip


def _short(values: Iterable[float | None]) -> list[float | int | None]:
    """Numbers to eight decimals, two more than the page's answers are held to; whole ones without."""
    return [v if v is None else int(v) if float(v).is_integer() else round(float(v), 8) for v in values]


def _rival_capacity(case: Case, row: dict, power: str) -> float | None:
    rival = case.power(power).main_rival
    return covariates.capacity(case, row, rival) if rival else None
