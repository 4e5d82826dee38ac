"""Changes of crisis games: prices set or scaled, powers held at a response or taken out; as arrays, so that they compile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from buckpass.changes.overrides import Override
from buckpass.game.arrays import namespace
from buckpass.game.crises import Crises, CrisisNames, absent, held, plays

__all__ = ["PAYOFFS", "GameChanges", "changed_games", "game_changes"]

PAYOFFS = ("stake", "cost", "backlash", "influence", "norm")


class GameChanges(eqx.Module):
    """What is changed in every game of a batch; axes price q (as in `PAYOFFS`), power p, in front of them any of the batch."""

    scale: Float[Array, "... q p"]
    value: Float[Array, "... q p"]  # NaN where the price is not set
    rung: Int[Array, " p"]  # held at, -1 where free
    option: Int[Array, " p"]  # held at this option alone, whether or not it was open; -1 where free
    is_absent: Bool[Array, " p"]


def game_changes(
    overrides: Sequence[Override], names: CrisisNames, at: Float[ArrayLike, " c"] | None = None
) -> GameChanges:
    """Those of the changes that bite in a game, for batches with these powers and options.

    `at` takes the place of the numbers of the overrides, one for each game of the batch.
    """
    powers, batch = names.powers, () if at is None else np.shape(at)
    scale = np.ones((*batch, len(PAYOFFS), len(powers)))
    value = np.full_like(scale, np.nan)
    rung, option = np.full(len(powers), -1), np.full(len(powers), -1)
    gone = [name for override in overrides if override.attribute == "absent" for name in override.ids]
    for override in overrides:
        if override.attribute in PAYOFFS:
            place = (..., PAYOFFS.index(override.attribute), powers.index(override.subject))
            (scale if override.is_factor else value)[place] = override.number if at is None else at
        elif override.attribute == "force":
            power = powers.index(override.subject)
            if override.target:
                option[power] = names.options.index(f"{override.value}@{override.target}")
            else:
                rung[power] = override.value
    numbers: tuple[Any, ...] = (scale, value, rung, option, np.isin(powers, gone))
    return GameChanges(*numbers)


def changed_games(crises: Crises, changes: GameChanges) -> Crises:
    """The games after the changes; the others' responses are for the caller to re-solve.

    A power that does not play (it has only silence open) is not held at anything.
    """
    xp = namespace(crises, changes)
    prices = {
        name: xp.where(xp.isnan(value), getattr(crises, name) * scale, value)
        for name, scale, value in zip(PAYOFFS, _by_price(changes.scale), _by_price(changes.value), strict=True)
    }
    may = plays(crises)
    is_open = held(crises, xp.where(may, changes.rung, -1))
    only = xp.arange(is_open.shape[-1]) == changes.option[:, None]
    is_open = xp.where((may & (changes.option >= 0))[..., None], only, is_open)
    return absent(replace(crises, is_open=is_open, **prices), changes.is_absent)


def _by_price(array: Float[Array, "... q p"]) -> Float[Array, "q ... p"]:
    return namespace(array).moveaxis(array, -2, 0)
