"""From values of the terms to the coefficients of the crisis games: every term set where the registry says it enters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Array

from buckpass.game.arrays import namespace
from buckpass.game.covariates import COLUMN
from buckpass.game.payoffs import Coefficients, plain_coefficients
from buckpass.game.setting import CrisisSetting
from buckpass.model.places import PLACES
from buckpass.model.terms import terms

__all__ = ["coefficients_from"]


def coefficients_from(setting: CrisisSetting, values: Mapping[str, Array]) -> Coefficients:
    """Coefficients of the model at values of its terms; a term that is not among them has no effect.

    In NumPy the values may have an axis of draws in front.
    """
    xp, base = namespace(setting, values), plain_coefficients(setting)
    found: dict[str, Array] = {}
    for one in terms():
        field = PLACES[one.enters].field
        if not field or one.name not in values:
            continue
        before, value = xp.asarray(found.get(field, getattr(base, field))), values[one.name]
        if one.covariate is not None:
            found[field] = _with_slope(before, COLUMN[one.covariate], value)
        elif one.enters == "rung":
            found[field] = xp.concatenate([xp.zeros((*value.shape[:-1], 1)), value], axis=-1)
        elif one.enters == "vehicle.organisation":
            found[field] = found.get(field, base.vehicle_price) + value[..., None, :]
        elif one.enters == "vehicle.power":
            found["vehicle_price"] = found.get("vehicle_price", base.vehicle_price) + value[..., :, None]
        else:
            found[field] = value
    return replace(base, **found)


def _with_slope(slopes: Array, k: int, value: Array) -> Array:
    """The slopes with a value added to one of them."""
    if namespace(slopes, value) is np:
        return slopes + np.asarray(value)[..., None] * (np.arange(slopes.shape[-1]) == k)
    return slopes.at[k].add(value)
