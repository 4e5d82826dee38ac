"""What a posterior was fitted with, as plain data, and in words how that differs from the model that is installed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from buckpass.case import Case
from buckpass.case.problems import clip
from buckpass.model.stamp import model_stamp

if TYPE_CHECKING:
    from buckpass.model.likelihood import Order
    from buckpass.model.observations import Coding, Observations

__all__ = ["Stamp", "coding_in", "differences", "scored_crises", "stamp_hash", "stamp_of"]

Stamp = Mapping[str, Any]  # by part: a name to a word, a number, or a list of them
MOST_SAID = 4
PLACES = 6  # decimals of what is hashed: more than any input has, fewer than two processors disagree in


def stamp_of(case: Case, name: str, coding: Coding, order: Order = "simultaneous") -> dict[str, Any]:
    """The stamp of a fit of an explanation to a case under the model installed.

    Parts: `explanation`, each free term with where it enters; `priors`, family and numbers of each; `covariates` that the
    terms act through, whether standardised, and a hash of their values in this record, to six decimals; `game`, the same
    of everything else that the record gives to its games; `coding`, how the record was read, and a hash of its bands;
    `order`, who moves first. No part depends on how or in which order a file writes it. The record itself has its own hash.

    Parameters
    ----------
    case : the record; what is worked out of it is kept with it.
    name : id of the explanation.
    coding : how the record was read.
    order : who moves first.

    Returns
    -------
    dict
        By part, names to words, numbers or lists of them: plain data that JSON keeps as it is.
    """
    model = model_stamp(name)
    used = {"patron"} if order == "patron first" else set()
    used |= {name for _, *through in model["explanation"].values() for name in through}
    inputs = _inputs(case)
    return {
        **model, "covariates": {k: v for k, v in inputs["covariates"].items() if k in used}, "game": inputs["game"],
        "coding": {**plain_coding(coding), "bands": _bands(case, coding)}, "order": {"moves": order},
    }  # fmt: skip


def plain_coding(coding: Coding) -> dict[str, Any]:
    """How a record is read, as JSON keeps it."""
    return {"bases": sorted(coding.bases), "doubt": coding.doubt, "without": sorted(coding.without)}


def stamp_hash(stamp: Stamp) -> str:
    """One hash of the whole stamp: alike for two fits of one model."""
    return hashlib.sha256(json.dumps(stamp, sort_keys=True).encode()).hexdigest()


def coding_in(settings: Mapping[str, Any]) -> Coding:
    """The reading of the record under which a posterior was fitted: the usual one where its settings name none."""
    from buckpass.model.observations import Coding

    kept = settings.get("coding")
    if not kept:
        return Coding()
    return Coding(bases=tuple(kept["bases"]), doubt=int(kept["doubt"]), without=tuple(kept["without"]))


def differences(fitted: Stamp, installed: Stamp) -> list[str]:
    """Each part in which two stamps differ, in words; empty where they are alike.

    >>> differences({"order": {"moves": "patron first"}}, {"order": {"moves": "simultaneous"}})
    ['order (moves patron first, now simultaneous)']
    """
    if not fitted:
        return ["it holds no stamp of its model, as files written before there were stamps"]
    return [
        f"{part} ({', '.join(said[:MOST_SAID])}{', …' if len(said) > MOST_SAID else ''})"
        for part in installed
        if (said := _changes(part, fitted.get(part, {}), installed[part]))
    ]


def _changes(part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    changed = sorted(k for k in old.keys() & new.keys() if old[k] != new[k])
    gained, lost = sorted(new.keys() - old.keys()), sorted(map(clip, old.keys() - new.keys()))
    if part in ("priors", "covariates"):
        return changed  # what only one side has follows from the explanation
    if part == "explanation":
        elsewhere = [f"{k} enters elsewhere" for k in changed]
        return [*elsewhere, *(f"{k} is free now" for k in gained), *(f"{k} is free no more" for k in lost)]
    if part == "game":
        return sorted({*changed, *gained, *lost})
    return [k if k == "bands" else f"{k} {_said(old[k])}, now {_said(new[k])}" for k in changed]


def _said(value: Any) -> str:
    return clip((", ".join(map(str, value)) or "none") if isinstance(value, list) else value)


def _inputs(case: Case) -> dict[str, dict[str, Any]]:
    """What the record gives to the likelihood, hashed by name; kept with the case."""
    if "inputs" not in case.derived:
        case.derived["inputs"] = _hashed_inputs(case)
    return case.derived["inputs"]


def _hashed_inputs(case: Case) -> dict[str, dict[str, Any]]:
    from buckpass.game.covariates import COVARIATES, is_indicator
    from buckpass.game.setting import setting_of, standard_of

    setting, standard = setting_of(case), standard_of(case)
    values = np.where(setting.is_measured, setting.covariates, np.nan) * standard.scale + standard.mean
    covariates = {
        name: {"standardised": not is_indicator(name), "values": _hash(values[..., k])}
        for k, name in enumerate(COVARIATES)
    }
    apart = ("names", "vehicles", "rungs", "covariates", "is_measured")
    arrays = {f.name: getattr(setting, f.name) for f in dataclasses.fields(setting) if f.name not in apart}
    rungs = dataclasses.asdict(setting.rungs)
    names = {"powers": list(setting.names.powers), "vehicles": list(setting.vehicles), "rungs": rungs}
    return {"covariates": covariates, "game": {**{k: _hash(v) for k, v in sorted(arrays.items())}, **names}}


def scored_crises(case: Case, coding: Coding) -> tuple[str, ...]:
    """The crises that a fit under a reading of the record scores: those with a coded response."""
    from buckpass.game.setting import setting_of

    names = setting_of(case).names.crises
    return tuple(names[k] for k in np.unique(_seen(case, coding).crisis))


def _bands(case: Case, coding: Coding) -> str:
    seen = _seen(case, coding)
    return _hash(np.stack([seen.crisis, seen.power, seen.low, seen.high, seen.weight]))


def _seen(case: Case, coding: Coding) -> Observations:
    from buckpass.game.setting import setting_of
    from buckpass.model.observations import observations

    seen = case.derived.setdefault("seen", {})
    if coding not in seen:
        seen[coding] = observations(case, setting_of(case), coding)
    return seen[coding]


def _hash(values: Any) -> str:
    rounded = np.round(np.asarray(values, dtype="<f8"), PLACES) + 0.0  # −0 is 0
    whole = np.where(np.isnan(rounded), np.inf, rounded)
    return hashlib.sha256(f"{whole.shape}".encode() + whole.tobytes()).hexdigest()[:16]
