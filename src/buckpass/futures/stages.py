"""A year of the agreement kept, broken once, and after breakdown: its worth to the parties with rents (model §5)."""

from __future__ import annotations

import dataclasses
from datetime import date

import jax.numpy as jnp
import numpy as np
import polars as pl
from jaxtyping import Array

from buckpass.case import Case
from buckpass.fit.posterior import Posterior
from buckpass.futures.bargain import Terms, arrangement_of
from buckpass.futures.grid import COLUMN
from buckpass.futures.problems import FuturesError
from buckpass.futures.scenario import LEVELS, Scenario
from buckpass.game.arrangement import StageValues, stage_payoffs, without_enforcement
from buckpass.game.crises import Crises
from buckpass.game.setting import CrisisSetting, Standard, setting_of, standard_of
from buckpass.predict.drawing import Drawn, draw, draw_games
from buckpass.predict.which_fits import basis_of

__all__ = ["NoSharedCrises", "Stage", "Theatre", "stage_in", "theatre_of"]


class NoSharedCrises(FuturesError):
    """The record has no crisis of the focus theatre in which all parties play."""


@dataclasses.dataclass(frozen=True)
class Theatre:
    """The focus theatre's crises as they would be in the first year, and how many of them a year brings."""

    scenario: Scenario
    setting: CrisisSetting
    standard: Standard
    drawn: Drawn
    rate: float
    parties: tuple[int, ...]
    n_crises: int
    n_draws: int


@dataclasses.dataclass(frozen=True)
class Stage:
    """Values of one year in logit units [draw, party], and the parties' stakes by which shares are scaled."""

    values: StageValues
    stake: np.ndarray


def theatre_of(scenario: Scenario, posterior: Posterior, n_draws: int, first_year: int) -> Theatre:
    """Posterior draws of the expected crises of the theatre: those of the record, with the powers of the first year."""
    case = scenario.case
    parties = arrangement_of(case).parties
    ids = _shared(case, parties)
    begin = date(first_year, 1, 1)
    here = pl.col("crisis_id").is_in(ids)
    dated = case.crises.with_columns(pl.when(here).then(pl.lit(begin)).otherwise(pl.col("start")).alias("start"))
    if scenario.request is not None:
        dated = dated.with_columns(pl.lit(list(scenario.request), pl.List(pl.String)).alias("asked"))
    standard = standard_of(case)
    setting = setting_of(case.replace(crises=dated), ids, standard)
    given = draw(basis_of(case, posterior), setting, n_draws)
    years = case.settings.years[1] - case.settings.years[0] + 1
    index = tuple(case.powers.index(p) for p in parties)
    return Theatre(scenario, setting, standard, given, len(ids) / years, index, len(ids), given.n_draws)


def stage_in(theatre: Theatre, terms: Terms, years_on: float = 0.0) -> Stage:
    """The stage values a number of years on, capacities and trade having grown at their central rates.

    The game is `stage_payoffs`'. While the bargain is kept each party gets its rent and the transfer is paid; a party that
    breaks it once still has its rent; after breakdown there is no rent, and obstruction is on.
    """
    arrangement = arrangement_of(theatre.scenario.case)
    powers = theatre.scenario.case.powers
    crises = _with_scenario(
        theatre.scenario, draw_games(_grown(theatre, years_on), without_enforcement(theatre.drawn.coefficients))
    )
    forgoing = [powers.index(t.party) for t in arrangement.terms if t.forgoes == "deployment"]
    lowered = jnp.asarray(np.repeat(terms.alignment, theatre.n_crises))
    value = stage_payoffs(crises, theatre.parties, forgoing, lowered, theatre.drawn.first)
    stake = _yearly(theatre, crises.stake) / theatre.rate
    rent, obstructed = terms.rent * stake, terms.obstruction_cost[:, None] * stake * _is_obstructed(arrangement)
    paid = terms.transfer * stake[:, :1] * np.array([-1.0, 1.0, *[0.0] * (stake.shape[1] - 2)])
    kept = _yearly(theatre, value.cooperate) + rent
    broken = np.maximum(_yearly(theatre, value.deviate) + rent, kept)  # an added option is never worth less
    punished = _yearly(theatre, value.punished) - obstructed
    return Stage(StageValues(*(jnp.asarray(v) for v in (kept + paid, broken, punished))), stake)


def _shared(case: Case, parties: tuple[str, ...]) -> list[str]:
    rows = case.crises.filter(pl.col("theatre") == case.settings.focus.theatre)
    ids = [
        r["crisis_id"]
        for r in rows.iter_rows(named=True)
        if not {*parties} & (case.belligerents(r["crisis_id"]) | {*r["host"]})
    ]
    if not ids:
        raise NoSharedCrises(
            f"{' and '.join(parties)} play together in no crisis of {case.settings.focus.theatre}: an agreement between "
            "them has nothing to act on; check parties and focus.theatre in case.toml"
        )
    return ids


def _grown(theatre: Theatre, years_on: float) -> CrisisSetting:
    """The setting with capacities and trade shares as far on as their central growth rates bring them."""
    case, setting, scale = theatre.scenario.case, theatre.setting, theatre.standard.scale
    rate = np.array([np.log1p(case.parameter(f"futures.capacity_growth.{p}")) for p in case.powers])
    ahead = rate * years_on + _capacity_change(theatre.scenario)
    x = np.array(setting.covariates)
    x[..., COLUMN["capacity"]] += ahead / scale[COLUMN["capacity"]]
    delivered = case.parameter("delivery.capacity") * ahead
    pressed = x[..., COLUMN["rival_pressure"]] > 0
    rivals = [case.power(p).main_rival for p in case.powers]
    gain = np.array(
        [ahead[case.powers.index(r)] - a if r in case.powers else 0.0 for r, a in zip(rivals, ahead, strict=True)]
    )
    x[..., COLUMN["rival_pressure"]] = np.where(pressed, np.maximum(x[..., COLUMN["rival_pressure"]] + gain, 0.0), 0.0)
    _grow_trade(theatre, x, years_on)
    log_delivery = setting.log_delivery + (delivered - delivered.mean())
    return dataclasses.replace(setting, covariates=jnp.asarray(x), log_delivery=log_delivery)


def _grow_trade(theatre: Theatre, x: np.ndarray, years_on: float) -> None:
    case, k = theatre.scenario.case, COLUMN["trade"]
    measured = np.asarray(theatre.setting.is_measured)[..., k]
    odds = x[..., k] * theatre.standard.scale[k] + theatre.standard.mean[k]
    share = np.where(measured, 1 / (1 + np.exp(-odds)), 0.0)
    rate = np.array([np.log1p(case.parameter(f"futures.trade_growth.{p}")) for p in case.powers])
    grown = share * np.exp(rate * years_on)
    grown = (grown / np.maximum(grown.sum(-1, keepdims=True), 1e-12)).clip(0.005, 0.995)
    later = (np.log(grown / (1 - grown)) - theatre.standard.mean[k]) / theatre.standard.scale[k]
    x[..., k] = np.where(measured, later, x[..., k]) if years_on else x[..., k]


def _capacity_change(scenario: Scenario) -> np.ndarray:
    """Change of log capacity that the scenario makes in the first year."""
    from buckpass.futures.outset import capacity_at

    first = scenario.case.settings.years[1] + 1
    changed = capacity_at(scenario.case, first, scenario.starts) - capacity_at(scenario.case, first)
    return np.nan_to_num(changed)


def _with_scenario(scenario: Scenario, crises: Crises) -> Crises:
    powers = scenario.case.powers
    changed = {name: np.array(getattr(crises, name)) for name in LEVELS}
    for override in scenario.levels:
        column = changed[override.attribute][:, powers.index(override.subject)]
        column[:] = column * override.value if override.is_factor else override.value
    is_open = np.array(crises.is_open)
    for power in scenario.absent:
        is_open[:, powers.index(power)] = np.asarray(crises.rung)[:, powers.index(power)] == 0
    return dataclasses.replace(
        crises, is_open=jnp.asarray(is_open), **{name: jnp.asarray(v) for name, v in changed.items()}
    )


def _is_obstructed(arrangement) -> np.ndarray:
    """1 for a party that another party's obstruction would hit."""
    obstructing = {t.party for t in arrangement.terms if t.forgoes == "obstruction"}
    return np.array([float(bool(obstructing - {p})) for p in arrangement.parties])


def _yearly(theatre: Theatre, value: Array) -> np.ndarray:
    """A year's worth to each party, [draw, party], from values per draw and crisis."""
    by_draw = np.asarray(value).reshape(theatre.n_draws, theatre.n_crises, -1).mean(axis=1)
    return theatre.rate * by_draw[:, list(theatre.parties)]
