"""From values of the terms to the coefficients of the crisis games: every term set where the registry says it enters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import jax.numpy as jnp
from jaxtyping import Array

from buckpass.game.covariates import COVARIATES
from buckpass.game.payoffs import Coefficients, plain_coefficients
from buckpass.game.setting import CrisisSetting
from buckpass.model.places import PLACES
from buckpass.model.terms import terms

__all__ = ["coefficients_from"]


def coefficients_from(setting: CrisisSetting, values: Mapping[str, Array]) -> Coefficients:
    """Coefficients of the model at values of its terms; a term that is not among them has no effect."""
    base = plain_coefficients(setting)
    found: dict[str, Array] = {}
    for one in terms():
        field = PLACES[one.enters].field
        if not field or one.name not in values:
            continue
        before, value = jnp.asarray(found.get(field, getattr(base, field))), values[one.name]
        if one.covariate is not None:
            found[field] = before.at[list(COVARIATES).index(one.covariate)].add(value)
        elif one.enters == "rung":
            found[field] = jnp.concatenate([jnp.zeros(1), value])
        elif one.enters == "vehicle.organisation":
            found[field] = found.get(field, base.vehicle_price) + value[None, :]
        elif one.enters == "vehicle.power":
            found["vehicle_price"] = found.get("vehicle_price", base.vehicle_price) + value[:, None]
        else:
            found[field] = value
    return replace(base, **found)
