"""A year of the agreement kept, broken once, and after breakdown: its worth to the parties with rents (model §5)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl
from jaxtyping import Array

from buckpass.bargain.arrangement import StageValues, stage_payoffs, without_enforcement
from buckpass.bargain.stages_of_the_bargain import Terms, arrangement_of, terms_of
from buckpass.case import Case
from buckpass.case.ladder import Rungs
from buckpass.case.schema import Arrangement
from buckpass.changes.idle import open_only
from buckpass.changes.in_case import changed_case
from buckpass.changes.in_setting import changed_setting
from buckpass.changes.overrides import Changes, Override, Unusable
from buckpass.changes.scenario import scenario_games, usable_changes
from buckpass.fitting.posterior import Posterior
from buckpass.game.covariates import COLUMN, SHARES_WITHIN, is_pressed, main_rivals, pressure
from buckpass.game.crises import Crises
from buckpass.game.setting import CrisisSetting, Standard, setting_of, standard_of
from buckpass.game.solver import NoEquilibriumFound
from buckpass.predict.drawing import Drawn, draw, draw_games
from buckpass.predict.which_fits import basis_of
from buckpass.results.words import and_join
from buckpass.years.year_problems import FuturesError

__all__ = [
    "NoSharedCrises",
    "OutOfReach",
    "Stage",
    "Theatre",
    "changes_of_agreement",
    "games_in",
    "grown",
    "inputs_of",
    "stage_in",
    "theatre_of",
]


class NoSharedCrises(FuturesError):
    """The record has no crisis of the focus theatre in which all parties play."""


class OutOfReach(FuturesError):
    """So far outside the record no equilibrium of some games is found."""


@dataclasses.dataclass(frozen=True)
class Theatre:
    """The focus theatre's crises as they would be in the first year, and how many of them a year brings."""

    case: Case
    overrides: tuple[Override, ...]
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


def crises_of_first_year(case: Case) -> tuple[Case, list[str]]:
    """The case with the crises in which all parties play begun on the first day after the record, and their ids."""
    ids = _shared(case, arrangement_of(case).parties)
    here, day = pl.col("crisis_id").is_in(ids), pl.lit(date(case.settings.years[1] + 1, 1, 1))
    begun = pl.when(here).then(day).otherwise(pl.col("start")).alias("start")
    ended = pl.when(here).then(None).otherwise(pl.col("end")).alias("end")
    return dataclasses.replace(case, crises=case.crises.with_columns(begun, ended, is_moved=here)), ids


def changes_of_agreement(case: Case, texts: Changes) -> tuple[Override, ...]:
    """The changes that `PATH=VALUE` texts ask for in a year of the agreement.

    Raises `BadOverride` with every problem at once: a party cannot be absent, nor be held at what it forgoes.
    """
    dated, ids = crises_of_first_year(case)
    crises = [dated.crisis(c) for c in ids]
    return usable_changes(
        texts, dated, crises, ("agreement",), lambda o: _check_kept(arrangement_of(case), o, case.rungs)
    )


def _check_kept(arrangement: Arrangement, override: Override, rungs: Rungs) -> None:
    """Whether a year in which the agreement is kept can be played with this change."""
    elsewhere = "ask a crisis with `buckpass whatif`"
    if override.attribute == "absent" and (gone := [p for p in override.ids if p in arrangement.parties]):
        raise Unusable(
            f"{and_join(gone)} {'is a party' if len(gone) == 1 else 'are parties'} of the arrangement, and {'keeps' if len(gone) == 1 else 'keep'} "
            f"none where absent; {elsewhere}"
        )
    forgoes = {term.party for term in arrangement.terms if term.forgoes == "deployment"}
    if override.attribute == "force" and override.subject in forgoes and override.number >= rungs.deployment:
        raise Unusable(f"{override.subject} forgoes deployment while the arrangement is kept; {elsewhere}")


def theatre_of(case: Case, overrides: Sequence[Override], posterior: Posterior, n_draws: int) -> Theatre:
    """Posterior draws of the expected crises of the theatre: those of the record, with the powers of the first year."""
    key = f"first year with {[one.text for one in overrides]}"  # every fit is asked in the same one
    if key not in case.derived:
        case.derived[key] = _first_year(case, overrides)
    changed, setting, ids = case.derived[key]
    given, standard = draw(basis_of(case, posterior), setting, n_draws), standard_of(case)
    years = case.settings.years[1] - case.settings.years[0] + 1
    index = tuple(case.powers.index(p) for p in arrangement_of(case).parties)
    return Theatre(
        changed, tuple(overrides), setting, standard, given, len(ids) / years, index, len(ids), given.n_draws
    )


def _first_year(case: Case, overrides: Sequence[Override]) -> tuple[Case, CrisisSetting, list[str]]:
    """The case of the first year after the changes, what its crises are given, and which these are."""
    dated, ids = crises_of_first_year(case)
    standard, changed = standard_of(case), changed_case(dated, [dated.crisis(c) for c in ids], overrides)
    return changed, changed_setting(changed, setting_of(changed, ids, standard), standard, overrides), ids


def stage_in(theatre: Theatre, terms: Terms, years_on: float = 0.0) -> Stage:
    """The stage values a number of years on, capacities and trade having grown at their central rates.

    The game is `stage_payoffs`'. While the bargain is kept each party gets its rent and the transfer is paid; a party that
    breaks it once still has its rent; after breakdown there is no rent, and obstruction is on.
    """
    arrangement, powers = arrangement_of(theatre.case), theatre.case.powers
    crises = games_in(theatre, years_on)
    forgoing = [powers.index(t.party) for t in arrangement.terms if t.forgoes == "deployment"]
    lowered = np.repeat(terms.alignment, theatre.n_crises)
    try:
        value = stage_payoffs(crises, theatre.parties, forgoing, lowered, theatre.drawn.first)
    except NoEquilibriumFound as lost:
        raise OutOfReach(_out_of_reach(theatre, years_on, lost.positions)) from lost
    stake = _yearly(theatre, crises.stake) / theatre.rate
    rent, obstructed = terms.rent * stake, terms.obstruction_cost[:, None] * stake * _is_obstructed(arrangement)
    paid = terms.transfer * stake[:, :1] * np.array([-1.0, 1.0, *[0.0] * (stake.shape[1] - 2)])
    kept = _yearly(theatre, value.cooperate) + rent
    broken = np.maximum(_yearly(theatre, value.deviate) + rent, kept)  # an added option is never worth less
    punished = _yearly(theatre, value.punished) - obstructed
    return Stage(StageValues(*(jnp.asarray(v) for v in (kept + paid, broken, punished))), stake)


def _out_of_reach(theatre: Theatre, years_on: float, lost: Sequence[int]) -> str:
    """Which games of a year, by position, have no equilibrium that could be found, and what to do."""
    names = dict.fromkeys(theatre.setting.names.crises[at % theatre.n_crises] for at in lost)
    year, changed = theatre.case.settings.years[1] + 1 + years_on, ", ".join(o.text for o in theatre.overrides)
    return (
        f"the agreement in {year:g}: no equilibrium was found in {len(lost)} of {theatre.n_draws * theatre.n_crises} games "
        f"({and_join(names, most=4)}); {changed or 'what the case assumes'} leads too far outside the record: give a smaller change or "
        "a rate nearer 0"
    )


def games_in(theatre: Theatre, years_on: float) -> Crises:
    """The theatre's games after the changes, draw-major, without the price that enforcement puts on deploying."""
    games = draw_games(grown(theatre, years_on), without_enforcement(theatre.drawn.coefficients))
    return scenario_games(games, theatre.setting, theatre.overrides)


def _shared(case: Case, parties: tuple[str, ...]) -> list[str]:
    rows = case.crises.filter(pl.col("theatre") == case.settings.focus.theatre)
    ids = [r["crisis_id"] for r in rows.iter_rows(named=True) if not any(case.why_not_playing(p, r) for p in parties)]
    if not ids:
        raise NoSharedCrises(
            f"{and_join(parties)} play together in no crisis of {case.settings.focus.theatre}: an agreement between "
            "them has nothing to act on; check parties and focus.theatre in case.toml"
        )
    return ids


def grown(theatre: Theatre, years_on: float) -> CrisisSetting:
    """The setting with capacities and trade shares as far on as their central growth rates bring them."""
    case, setting, scale = theatre.case, theatre.setting, theatre.standard.scale
    ahead = np.array([np.log1p(case.parameter(f"futures.capacity_growth.{p}")) for p in case.powers]) * years_on
    x = np.array(setting.covariates)
    x[..., COLUMN["capacity"]] += ahead / scale[COLUMN["capacity"]]
    delivered = case.parameter("delivery.capacity") * ahead
    if years_on:
        x[..., COLUMN["rival_pressure"]] = _pressure(theatre, x)
    _grow_trade(theatre, x, years_on)
    log_delivery = setting.log_delivery + (delivered - delivered.mean())
    return dataclasses.replace(setting, covariates=x, log_delivery=log_delivery)


def _pressure(theatre: Theatre, x: np.ndarray) -> np.ndarray:
    """Rival pressure at the capacities of `x`, [crisis, power], as `covariates.rival_pressure` has it of those of the record."""
    case, k, crises = theatre.case, COLUMN["capacity"], theatre.setting.names.crises
    spending = x[..., k] * theatre.standard.scale[k]
    rivals = main_rivals(case)
    known = np.asarray(theatre.setting.is_measured)[..., k]
    pressed = np.array([[is_pressed(case, case.crisis(c), p) for p in case.powers] for c in crises])
    return np.where(pressed & known & known[:, rivals], pressure(spending, rivals), 0.0)


def _grow_trade(theatre: Theatre, x: np.ndarray, years_on: float) -> None:
    case, k = theatre.case, COLUMN["trade"]
    measured = np.asarray(theatre.setting.is_measured)[..., k]
    odds = x[..., k] * theatre.standard.scale[k] + theatre.standard.mean[k]
    share = np.where(measured, 1 / (1 + np.exp(-odds)), 0.0)
    rate = np.array([np.log1p(case.parameter(f"futures.trade_growth.{p}")) for p in case.powers])
    grown = share * np.exp(rate * years_on)
    grown = (grown / np.maximum(grown.sum(-1, keepdims=True), 1e-12)).clip(*SHARES_WITHIN)
    later = (np.log(grown / (1 - grown)) - theatre.standard.mean[k]) / theatre.standard.scale[k]
    x[..., k] = np.where(measured, later, x[..., k]) if years_on else x[..., k]


def inputs_of(theatre: Theatre, years_on: float) -> Any:
    """What a change can move: games now and so many years on, without what nobody can choose, and the terms."""
    games = [open_only(games_in(theatre, years)) for years in (0.0, years_on)]
    terms = dataclasses.astuple(terms_of(theatre.case, theatre.n_draws, 0))
    return games, terms


def _is_obstructed(arrangement) -> np.ndarray:
    """1 for a party that another party's obstruction would hit."""
    obstructing = {t.party for t in arrangement.terms if t.forgoes == "obstruction"}
    return np.array([float(bool(obstructing - {p})) for p in arrangement.parties])


def _yearly(theatre: Theatre, value: Array) -> np.ndarray:
    """A year's worth to each party, [draw, party], from values per draw and crisis."""
    by_draw = np.asarray(value).reshape(theatre.n_draws, theatre.n_crises, -1).mean(axis=1)
    return theatre.rate * by_draw[:, list(theatre.parties)]
