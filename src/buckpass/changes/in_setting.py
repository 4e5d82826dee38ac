"""Changes of what a crisis finds: the powers' capacity, and opinion of them in the host."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.changes.overrides import Override, Unusable
from buckpass.game import covariates
from buckpass.game.setting import CrisisSetting, Standard

__all__ = ["capacity_shift", "changed_setting", "opinion_shift"]


def changed_setting(
    case: Case, setting: CrisisSetting, standard: Standard, overrides: Sequence[Override]
) -> CrisisSetting:
    """The setting after those of the changes that bite in it; `case` is the case whose crises it holds.

    A capacity multiplied by f moves its covariate by log f over the standard's scale, and the power's log delivery by the
    elasticity times log f; the other powers' delivery is held (the geometric mean is that of the unchanged case).
    Raises `Unusable` for the first change that cannot be made.
    """
    capacities = [o for o in overrides if o.attribute == "capacity"]
    for override in capacities:
        setting = _with_capacity(case, setting, standard, override)
    for override in (o for o in overrides if o.attribute == "opinion"):
        setting = _with_opinion(case, setting, standard, override)
    return _with_pressure(case, setting, capacities) if capacities else setting


def capacity_shift(override: Override, known: float | None, mean: float) -> float:
    """Change of log capacity; a power whose capacity is not in the record is at the mean before the change."""
    if not override.number > 0:
        raise Unusable(
            f"a capacity of 0 has no logarithm: take a small one, or take the power out with absent={override.subject}"
        )
    if override.operation == "scale":
        return math.log(override.number)
    return math.log(override.number) - (mean if known is None else known)


def opinion_shift(override: Override, known: float | None, mean: float) -> float:
    """Change of the log-odds of unfavourable opinion; one not in the record is at the mean before the change."""
    share = 1.0 / (1.0 + math.exp(-(mean if known is None else known)))
    after = override.on(share)
    if known is not None and not 0.0 <= after <= 1.0:
        raise Unusable(f"the unfavourable share would be {after:.3g}, outside 0 to 1")
    return covariates.log_odds(after) - covariates.log_odds(share)


def _with_capacity(case: Case, setting: CrisisSetting, standard: Standard, override: Override) -> CrisisSetting:
    power, column = setting.names.powers.index(override.subject), covariates.COLUMN["capacity"]
    known = [covariates.capacity(case, case.crisis(c), override.subject) for c in setting.names.crises]
    shift = np.array([capacity_shift(override, k, standard.mean[column]) for k in known])
    x, log_delivery = np.array(setting.covariates), np.array(setting.log_delivery)
    x[:, power, column] += shift / standard.scale[column]
    log_delivery[:, power] += case.parameter("delivery.capacity") * shift
    return dataclasses.replace(setting, covariates=x, log_delivery=log_delivery)


def _with_pressure(case: Case, setting: CrisisSetting, capacities: Sequence[Override]) -> CrisisSetting:
    """Rival pressure compares two powers' spending, so it is worked out once, after all of the changes."""
    for override in capacities:
        case = _with_spending(case, override)
    rows = [case.crisis(c) for c in setting.names.crises]
    pressure = [
        [covariates.rival_pressure(case, row, p) or 0.0 for p in setting.names.powers] for row in rows
    ]  # not standardised: one missing stands at 0
    x = np.array(setting.covariates)
    x[..., covariates.COLUMN["rival_pressure"]] = pressure
    return dataclasses.replace(setting, covariates=x)


def _with_spending(case: Case, override: Override) -> Case:
    """The case with the power's capacity series changed, for what compares the powers' spending."""
    measure = case.settings.measures.capacity
    theirs = pl.col("series").is_in(measure.series) & (pl.col("actor") == override.subject)
    value = pl.col("value") * override.number if override.operation == "scale" else pl.lit(override.number)
    return dataclasses.replace(
        case, series=case.series.with_columns(pl.when(theirs).then(value).otherwise(pl.col("value")).alias("value"))
    )


def _with_opinion(case: Case, setting: CrisisSetting, standard: Standard, override: Override) -> CrisisSetting:
    power, column = setting.names.powers.index(override.subject), covariates.COLUMN["opinion"]
    rows = [case.crisis(c) for c in setting.names.crises]
    shift = [_opinion_in(case, row, override, standard.mean[column]) for row in rows]
    x = np.array(setting.covariates)
    x[:, power, column] += np.array(shift) / standard.scale[column]
    return dataclasses.replace(setting, covariates=x)


def _opinion_in(case: Case, crisis: dict, override: Override, mean: float) -> float:
    """The shift of the covariate, which has one host's public for all: a change of another host's moves nothing."""
    if override.target != covariates.host_asked(case, crisis, override.subject):
        return 0.0
    return opinion_shift(override, covariates.opinion(case, crisis, override.subject), mean)
