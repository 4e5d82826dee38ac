"""What a record cannot tell of the model, found before anything is fitted: who only asks loads no sampler."""

from __future__ import annotations

import numpy as np

from buckpass.game.covariates import COVARIATES, is_indicator
from buckpass.game.setting import CrisisSetting
from buckpass.model.observations import Observations

__all__ = ["what_cannot_be_estimated"]


def what_cannot_be_estimated(setting: CrisisSetting, seen: Observations) -> tuple[str, ...]:
    """In words, which covariates, powers or vehicles this record cannot inform, and why; empty where all vary."""
    notes = [note for k, name in enumerate(COVARIATES) if (note := _uninformed(setting, seen, k, name))]
    counts = np.bincount(seen.power, minlength=len(setting.names.powers))
    notes += [f"{p} has no coded response: its stake and cost are their priors"
              for p, n in zip(setting.names.powers, counts, strict=True) if n == 0]  # fmt: skip
    reached = setting.reached_vehicles()
    notes += [f"no power can deploy through {v} as any crisis begins, so the record says nothing of its price"
              for v in setting.vehicles if v not in reached]  # fmt: skip
    if (counts > 0).sum() < 2:
        notes.append("one power alone has coded responses: what others do to it (kappa) cannot be estimated")
    if len(seen) and seen.low.max() == seen.low.min() and seen.high.max() == seen.high.min():
        notes.append("every response has the same band: what moves powers cannot be estimated")
    return tuple(notes)


def _uninformed(setting: CrisisSetting, seen: Observations, k: int, name: str) -> str | None:
    """Why the record cannot inform the slope of a covariate, if it cannot."""
    at = (seen.crisis, seen.power)
    values, measured = np.asarray(setting.covariates)[at][:, k], np.asarray(setting.is_measured)[at][:, k]
    known = values[measured]
    if known.size == 0 or np.ptp(known) == 0:
        what = "is not in the record" if known.size == 0 and not is_indicator(name) else "does not vary"
        return f"{name} {what}: its slope is its prior"
    if is_indicator(name) and len(np.unique(known)) == 2:
        on, off = measured & (values == known.max()), measured & (values == known.min())
        if seen.low[on].min() > seen.high[off].max() or seen.high[on].max() < seen.low[off].min():
            return f"{name} separates the responses perfectly: only its prior bounds how large its slope is"
    return None
