"""What the record says each power did, as bands of rungs that a likelihood can use (model §4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.case.coded import COUNTED, counted
from buckpass.game.setting import CrisisSetting

__all__ = ["Coding", "Observations", "observations"]


@dataclass(frozen=True)
class Coding:
    """How strictly the record is read.

    bases : which bases of coding count; *unsearched* and *machine* never do.
    doubt : rungs by which every band is widened on both sides (0: as coded; below 0: narrowed, down to the coded rung).
    without : crises left out.
    """

    bases: tuple[str, ...] = COUNTED
    doubt: int = 0
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observations:
    """Bands of the coded responses, one entry per row of the record that is informative.

    crisis, power : positions in the setting's axes; low, high : first and last rung of the band; weight : 1 over the
    number of coders of the response.
    """

    crisis: np.ndarray
    power: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray
    n_crises: int
    line: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=int))  # of the record; none where made up

    def __len__(self) -> int:
        return len(self.crisis)

    def take(self, keep: np.ndarray) -> Observations:
        """The entries where `keep` is true."""
        names = ("crisis", "power", "low", "high", "weight") + (("line",) if len(self.line) else ())
        fields = {name: getattr(self, name)[keep] for name in names}
        return replace(self, **fields)


def observations(case: Case, setting: CrisisSetting, coding: Coding = Coding()) -> Observations:
    """The informative rows of the record for the crises and powers of a setting.

    A power that does not play in a crisis (host or belligerent) has no entry. A deployment through a body that
    is none of the power's open vehicles counts as *a deployment*, of any rung: the record says that it went with others,
    the case does not model the others' body.
    """
    rows = _informative(case, setting.names.crises, coding)
    at_crisis = {name: i for i, name in enumerate(setting.names.crises)}
    at_power = {name: i for i, name in enumerate(setting.names.powers)}
    crisis = np.array([at_crisis[c] for c in rows["crisis_id"]], dtype=int)
    power = np.array([at_power[a] for a in rows["actor"]], dtype=int)
    coded, low, high = (rows[name].to_numpy().astype(int) for name in ("rung", "rung_low", "rung_high"))
    low = np.clip(np.minimum(low - coding.doubt, np.maximum(low, coded)), 0, setting.rungs.top)
    high = np.clip(np.maximum(high + coding.doubt, np.minimum(high, coded)), 0, setting.rungs.top)
    weight, line = rows["weight"].to_numpy(), rows["line"].to_numpy()
    found = Observations(crisis, power, low, high, weight, len(setting.names.crises), line)
    return _only_open(found, setting)


def _informative(case: Case, crises: Sequence[str], coding: Coding) -> pl.DataFrame:
    return counted(case.attributed, coding.bases).filter(
        pl.col("crisis_id").is_in(list(crises))
        & ~pl.col("crisis_id").is_in(list(coding.without))
        & pl.col("actor").is_in(list(case.powers))
    )


def _only_open(found: Observations, setting: CrisisSetting) -> Observations:
    """Drop powers that do not play; widen a deployment for which the power has no option to any deployment."""
    is_open, rung = np.asarray(setting.is_open), np.asarray(setting.rung)
    plays = is_open[found.crisis, found.power].sum(axis=1) > 1
    found = found.take(plays)
    mine_open, mine_rung = is_open[found.crisis, found.power], rung[found.crisis, found.power]
    inside = (mine_rung >= found.low[:, None]) & (mine_rung <= found.high[:, None]) & mine_open
    unlike = ~inside.any(axis=1) & (found.low >= setting.rungs.deployment)
    low = np.where(unlike, setting.rungs.deployment, found.low)
    return replace(found, low=low, high=np.where(unlike, setting.rungs.top, found.high))
