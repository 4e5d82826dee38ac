"""What stays fixed while the years pass: the kinds of crises, the draws of parameters, the first state."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from buckpass.case import Case
from buckpass.changes.in_game import GameChanges, game_changes
from buckpass.fitting.posterior import Posterior
from buckpass.game.covariates import COLUMN
from buckpass.game.crises import CrisisNames
from buckpass.game.payoffs import Coefficients
from buckpass.game.setting import CrisisSetting
from buckpass.predict.drawing import coefficients_of
from buckpass.predict.which_fits import Basis, Fits, basis_among, refuse_in_order
from buckpass.years.arrivals import Past, past_of, request_table, severity_table, type_rates
from buckpass.years.grid import Grid, grid_of
from buckpass.years.parameters import YearlyParameters, check_growth, parameters_of
from buckpass.years.scenario import Scenario, starting_capacity, starting_opinions
from buckpass.years.spells import spells_of
from buckpass.years.starting_point import capacity_at, commitments_at, security_at, spread_of, trade_at

__all__ = ["Fixed", "Labels", "State", "World", "world_of"]

DRAWS = 1000


class Fixed(eqx.Module):
    """What a scenario changes in every game, and foresight; axes power p."""

    games: GameChanges
    severity: Float[Array, " two"]  # scale of the severity code, and the code itself where set (NaN: drawn)
    foresight: Float[Array, "two p"]  # what next year takes for a deployment, and for presence, in logit units


class State(eqx.Module):
    """One history at the start of a year; axes host h, power p (with the history axis in front while played)."""

    commitments: Float[Array, "... p"]  # D, deployments still binding
    opinion: Float[Array, "... h p"]  # log-odds of unfavourable opinion
    capacity: Float[Array, "... p"]  # log, in the unit of the series
    trade: Float[Array, "... h p"]  # log
    security: Float[Array, "... p"]  # influence stock


class World(eqx.Module):
    """All numbers that a tile of histories needs; axes draw b, spell s, host h, type t, request r, cell g, power p."""

    setting: CrisisSetting  # per cell g = ((spell · hosts + host) · kinds + kind) · requests + request
    coefficients: Coefficients  # per draw
    yearly: YearlyParameters  # per draw
    rates: Float[Array, "b h"]
    type_levels: Float[Array, "b h t"]  # cumulative
    kind_of_type: Int[Array, " t"]
    spell: Int[Array, " y"]  # whose relations hold in each year; after the last of them, those of the last
    severities: Float[Array, "t q"]
    request_levels: Float[Array, "t r"]  # cumulative
    own_stake: Float[Array, " p"]  # P(own people or assets hit)
    asked: Float[Array, "g p"]
    pressed: Float[Array, "s h p"]
    rival: Int[Array, " p"]
    first_capacity: Float[Array, " p"]  # log, without the scenario's changes
    has_capacity: Float[Array, " p"]
    has_trade: Float[Array, "h p"]
    has_opinion: Float[Array, "h p"]
    mean: Float[Array, " k"]
    scale: Float[Array, " k"]
    severity_index: Float[Array, " two"]  # γ0, γ1
    delivery_elasticity: Float[Array, ""]
    shock: Float[Array, " two"]  # yearly spread of log capacity and of log trade
    influence: Float[Array, " r"]
    opinion_mean: Float[Array, "h p"]
    start: State
    fixed: Fixed


@dataclass(frozen=True)
class Labels:
    """Names of the world's axes."""

    powers: tuple[str, ...]
    hosts: tuple[str, ...]
    types: tuple[str, ...]
    requests: tuple[tuple[str, ...], ...]
    kinds: int
    first_year: int
    rider: str
    provider: str
    traders: tuple[str, ...]  # the powers whose trade is measured


def world_of(
    scenario: Scenario, fits: Fits, years: int, seed: int, kept: dict | None = None
) -> tuple[World, Labels]:  # fmt: skip
    """The world of a scenario from its first year on, in single precision.

    Years are played under draws of the fit that answers (`predict.which_fits`), and with all powers moving at once. `kept` holds what does not depend on yearly parameters; give the same dictionary again to save
    building it anew. Raises `GrowthOverflows`, `NoUsablePosterior`, `OrderNotPlayed`.
    """
    case, past = scenario.case, past_of(scenario.case, scenario.first_year)
    basis = basis_among(fits)
    refuse_in_order({basis.name: basis.fit}, "the years ahead")
    check_growth(case, years)
    requests, request_p = request_table(past)
    for override in scenario.of("request"):
        requests, request_p = (override.ids,), np.ones((len(past.types), 1))
    with_closed = any(o.value == case.rungs.through for o in scenario.of("force"))
    spells = spells_of(case, past.first_year, years)
    grid, bank = _prepared(past, requests, spells, with_closed, basis, seed, {} if kept is None else kept)
    start, known = _start(scenario, past, float(grid.standard.mean[COLUMN["opinion"]]))
    numbers = {**_arrivals(past, request_p, seed), **_cells(grid), **_of_case(case, past.first_year), **known}
    world = World(
        setting=_thin(grid.setting), coefficients=bank, yearly=parameters_of(case, DRAWS, seed), start=start,
        fixed=_fixed(scenario, grid.setting.names), **{name: jnp.asarray(value) for name, value in numbers.items()},
    )  # fmt: skip
    traders = tuple(p for p, trades in zip(case.powers, known["has_trade"].max(axis=0).tolist(), strict=True) if trades)
    focus = case.settings.focus
    labels = Labels(case.powers, past.hosts, past.types, requests, grid.kinds, past.first_year, focus.rider,
                    focus.provider, traders)  # fmt: skip
    return jax.device_put(jax.tree.map(_single, world)), labels


def _start(scenario: Scenario, past: Past, usual_opinion: float) -> tuple[State, dict[str, np.ndarray]]:
    """The first state, with the scenario's changes, and which of it is known."""
    case, first_year, half_life = past.case, past.first_year, past.case.parameter("futures.commitment_half_life")
    unchanged = capacity_at(case, first_year)
    capacity = starting_capacity(case, first_year, scenario.of("capacity"))
    known, before = (np.where(np.isnan(x), np.nanmean(unchanged), x) for x in (capacity, unchanged))
    trade, opinion = trade_at(past), starting_opinions(past, scenario.of("opinion"))
    usual = np.where(np.isnan(opinion), usual_opinion, opinion)
    committed, security = commitments_at(case, first_year, half_life), security_at(past, half_life)
    state = State(*map(jnp.asarray, (committed, usual, known, np.nan_to_num(trade), security)))
    return state, {
        "first_capacity": before, "opinion_mean": usual, "has_capacity": ~np.isnan(capacity) * 1.0,
        "has_trade": ~np.isnan(trade) * 1.0, "has_opinion": ~np.isnan(opinion) * 1.0,
    }  # fmt: skip


def _arrivals(past: Past, request_p: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """How often crises come, of which type and severity, whom hosts ask, and whose own people are hit."""
    rates, hit = type_rates(past, DRAWS, np.random.default_rng([seed, 7])), past.crises["own_stake"].to_list()
    own = [(0.5 + sum(p in row for row in hit)) / (1 + len(hit)) for p in past.case.powers]
    return {
        "rates": rates.sum(-1), "type_levels": np.cumsum(rates, -1) / rates.sum(-1, keepdims=True),
        "severities": severity_table(past), "request_levels": np.cumsum(request_p, -1), "own_stake": np.array(own),
    }  # fmt: skip


def _cells(grid: Grid) -> dict[str, Any]:
    ends = [*np.diff(grid.spells), 1]  # the last spell needs no more than one year: it holds ever after
    return {
        "spell": np.repeat(np.arange(len(grid.spells)), ends),
        "kind_of_type": grid.kind_of_type, "asked": grid.setting.covariates[..., COLUMN["asked"]], "pressed": grid.pressed,
        "rival": grid.rivals, "mean": grid.standard.mean, "scale": grid.standard.scale,
    }  # fmt: skip


def _of_case(case: Case, first_year: int) -> dict[str, np.ndarray]:
    measured = (case.settings.measures.capacity.series, case.settings.measures.economic.series)
    return {
        "severity_index": np.array([case.parameter("severity.base"), case.parameter("severity.slope")]),
        "delivery_elasticity": np.array(case.parameter("delivery.capacity")),
        "shock": np.array([spread_of(case, tuple(series), first_year) for series in measured]),
        "influence": np.array(case.settings.ladder.influence),
    }


def _prepared(
    past, requests, spells, with_closed: bool, basis: Basis, seed: int, kept: dict
) -> tuple[Grid, Coefficients]:
    """Grid and draws of coefficients, built once for all cases that differ in yearly parameters only."""
    settings = past.case.settings
    lasting = {k: v for k, v in settings.parameters.items() if not k.startswith("futures.")}
    key = (
        past.case.replace(settings=settings.model_copy(update={"parameters": lasting})).record_hash,
        requests,
        spells,
        with_closed,
        past.first_year,
    )
    if key not in kept:
        grid = grid_of(past, requests, spells, with_closed)
        kept[key] = (grid, _bank(basis, grid, seed))
    return kept[key]


def _bank(basis: Basis, grid: Grid, seed: int) -> Coefficients:
    """Draws of the fit that answers, shuffled."""
    bank = _exactly(_coefficients(basis.fit, grid), DRAWS)
    order = np.random.default_rng([seed, 11]).permutation(DRAWS)
    return jax.tree.map(lambda x: x[order], bank)


def _coefficients(posterior: Posterior, grid: Grid) -> Coefficients:
    """All draws, with the prices of vehicles that are open to nobody left out."""
    every = _with_all_vehicles(posterior, grid)
    return eqx.tree_at(lambda c: c.vehicle_price, every, every.vehicle_price[..., np.array(grid.kept, int)])


def _with_all_vehicles(posterior: Posterior, grid: Grid) -> Coefficients:
    drawn = posterior.groups.arrays("posterior").get("vehicle.organisation")
    count = max(grid.kept, default=-1) + 1 if drawn is None else drawn.shape[-1]
    stub = dataclasses.replace(grid.setting, vehicles=tuple(str(v) for v in range(count)))
    found = coefficients_of(posterior, stub)
    none = jnp.zeros_like(
        found.crisis_spread
    )  # every crisis of the years has an effect of its own, drawn when it happens
    return jax.tree.map(np.asarray, dataclasses.replace(found, crisis_effect=none))


def _exactly(draws: Coefficients, count: int) -> Coefficients:
    size = draws.stake_level.shape[0]
    keep = np.linspace(0, size - 1, count).round().astype(int)
    return jax.tree.map(lambda x: np.asarray(x)[keep], draws)


def _fixed(scenario: Scenario, names: CrisisNames) -> Fixed:
    severity = np.array([1.0, np.nan])
    for override in scenario.of("severity"):
        severity[0 if override.is_factor else 1] = override.number
    changes = game_changes([o for o in scenario.overrides if o.of.bites == "game"], names)
    return Fixed(changes, jnp.asarray(severity), jnp.zeros((2, len(names.powers))))


def _thin(setting: CrisisSetting) -> CrisisSetting:
    """What options bring, with a power axis of length one where it is the same for every power: less to carry about."""
    names = ("effort_at", "cost_share_at", "presence_at", "influence_at", "deploys_at", "rung")
    alike = {n: v[:, :1] for n in names if bool(((v := np.asarray(getattr(setting, n))) == v[:, :1]).all())}
    return dataclasses.replace(setting, **alike)


def _single(leaf) -> np.ndarray:
    """In single precision, on the host: on a device every shape would be a program of its own."""
    array = np.asarray(leaf)
    if np.issubdtype(array.dtype, np.floating):
        return array.astype(np.float32)
    return array.astype(np.int32) if np.issubdtype(array.dtype, np.integer) else array
