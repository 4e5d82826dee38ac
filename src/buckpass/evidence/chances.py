"""What a fit gave to each coded response: with the crisis effects that the responses tell of, and with new ones (model §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from buckpass.evidence.influence import Cell, CellScores, cell_scores
from buckpass.evidence.transforms import Uniformity, band_uniforms, uniformity
from buckpass.fitting.posterior import Groups, Posterior, evenly
from buckpass.fitting.scoring import importance_weights
from buckpass.game.setting import CrisisSetting
from buckpass.model.observations import Observations
from buckpass.predict.rung_probabilities import at_rows, rung_probabilities

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["cells_of", "new_crises", "other_codings", "scores_by_cell", "transform"]


def new_crises(posterior: Posterior) -> Posterior:
    """The same fit with the crisis effects drawn anew, as for crises that it has never seen: what replicates need."""
    return replace(posterior, groups=_WithoutEffects(posterior.groups))


@dataclass(frozen=True)
class _WithoutEffects:
    """Groups of which the draws lack what belongs to one crisis each."""

    whole: Groups

    def __contains__(self, name: object) -> bool:
        return name in self.whole

    def dataset(self, name: str) -> xr.Dataset:
        found = self.whole.dataset(name)
        return found.drop_dims("crisis", errors="ignore") if name == "posterior" else found

    def arrays(self, name: str) -> Mapping[str, np.ndarray]:
        kept = self.dims(name)
        return {name: values for name, values in self.whole.arrays(name).items() if name in kept}

    def dims(self, name: str) -> Mapping[str, tuple[str, ...]]:
        every = self.whole.dims(name)
        return {one: dims for one, dims in every.items() if "crisis" not in dims} if name == "posterior" else every


def transform(
    setting: CrisisSetting, posterior: Posterior, seen: Observations, n_draws: int, seed: int = 0
) -> Uniformity:
    """Where every coded response fell in what the fit predicts of it without its crisis, whose effect is then unknown too."""
    scored = [str(c) for c in posterior.score("crisis")]
    flat = _by_draw(posterior, n_draws)
    weights = np.exp(importance_weights(-flat.T)[0])  # [crisis, draw]
    mine = weights[[scored.index(setting.names.crises[c]) for c in seen.crisis]]
    chance = np.einsum("ns,snr->nr", mine, at_rows(rung_probabilities(setting, new_crises(posterior), n_draws), seen))
    ladder = np.arange(chance.shape[-1])
    below = np.where(ladder < seen.low[:, None], chance, 0.0).sum(axis=-1)
    within = np.where((ladder >= seen.low[:, None]) & (ladder <= seen.high[:, None]), chance, 0.0).sum(axis=-1)
    return uniformity(band_uniforms(below, within, np.random.default_rng([seed, 43])), seed)


def other_codings(seen: Observations) -> tuple[np.ndarray, np.ndarray]:
    """Rows and rungs of every response that is coded as a band, each rung of the band by itself."""
    width = seen.high - seen.low
    rows = np.repeat(np.arange(len(seen)), np.where(width > 0, width + 1, 0))
    start = np.cumsum(np.r_[0, np.where(width > 0, width + 1, 0)])[:-1]
    return rows, seen.low[rows] + np.arange(len(rows)) - start[rows]


def cells_of(setting: CrisisSetting, seen: Observations) -> tuple[Cell, ...]:
    """The other codings by name."""
    names = setting.names
    return tuple(
        Cell(names.crises[seen.crisis[n]], names.powers[seen.power[n]], int(r))
        for n, r in zip(*other_codings(seen), strict=True)
    )


def scores_by_cell(setting: CrisisSetting, posterior: Posterior, seen: Observations, n_draws: int) -> CellScores:
    """`cell_scores` of a fit: how well it would predict every crisis had one banded response been each rung of its band."""
    rows, rungs = other_codings(seen)
    chance = at_rows(rung_probabilities(setting, posterior, n_draws), seen)
    ladder = np.arange(chance.shape[-1])
    in_band = (ladder >= seen.low[:, None]) & (ladder <= seen.high[:, None])
    band = np.where(in_band, chance, 0.0).sum(axis=-1)
    log_ratio = (np.log(chance[:, rows, rungs]) - np.log(band[:, rows])) * seen.weight[rows]
    scored = [str(c) for c in posterior.score("crisis")]
    flat = _by_draw(posterior, n_draws)
    at = {c: k for k, c in enumerate(scored)}
    of_crisis = np.array([at[setting.names.crises[c]] for c in seen.crisis[rows]], dtype=int)
    return cell_scores(cells_of(setting, seen), of_crisis, log_ratio, flat)


def _by_draw(posterior: Posterior, n_draws: int) -> Float[np.ndarray, "s c"]:
    """Log-likelihood of the responses of every crisis at evenly spaced draws."""
    flat = posterior.log_likelihood.transpose("chain", "draw", "crisis").values
    return flat.reshape(-1, flat.shape[-1])[evenly(flat.shape[0] * flat.shape[1], n_draws)]
