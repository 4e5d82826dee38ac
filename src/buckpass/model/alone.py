"""Games of one: where nobody's effort counts for anybody else, each power of each crisis is a game of its own."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from buckpass.game.crises import CrisisNames
from buckpass.game.payoffs import Coefficients
from buckpass.game.setting import CrisisSetting

__all__ = ["alone_coefficients", "alone_setting"]

PER_CRISIS = ("severity",)
WHOLE = ("names", "alignment", "cost_curve", "asked_relief", "rungs", "vehicles")
BY_POWER = ("stake_power", "cost_power", "norm", "vehicle_price")


def alone_setting(setting: CrisisSetting, crisis: np.ndarray, power: np.ndarray) -> CrisisSetting:
    """The setting in which row n is power `power[n]` of crisis `crisis[n]` with nobody else: axes [n, 1, …]."""
    fields = {f.name: getattr(setting, f.name) for f in dataclasses.fields(setting) if f.name not in WHOLE}
    taken = {k: v[crisis] if k in PER_CRISIS else v[crisis, power][:, None] for k, v in fields.items()}
    names = CrisisNames(tuple(setting.names.crises[c] for c in crisis), ("alone",), setting.names.options)
    return dataclasses.replace(setting, names=names, alignment=jnp.ones((len(crisis), 1, 1)), **taken)


def alone_coefficients(coefficients: Coefficients, power: np.ndarray) -> Coefficients:
    """The coefficients as those games need them: what differs by power has the axes [n, 1, …]."""
    taken = {k: getattr(coefficients, k) for k in BY_POWER}
    picked = {
        k: jax.nn.one_hot(power, v.shape[0], dtype=v.dtype) @ v for k, v in taken.items()
    }  # no scatter in the derivative
    return dataclasses.replace(coefficients, **{k: v[:, None] for k, v in picked.items()})
