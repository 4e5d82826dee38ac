"""One block of crises played: each game put together from the state, solved, and every choice made by one uniform."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import reduce
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from buckpass.case.ladder import Rungs
from buckpass.changes.idle import open_only
from buckpass.changes.in_game import changed_games
from buckpass.game.choice import Choice, as_choice
from buckpass.game.covariates import COLUMN, SHARES_WITHIN, pressure
from buckpass.game.crises import Crises
from buckpass.game.payoffs import crises_of
from buckpass.game.setting import UNBATCHED, CrisisSetting, severity_index
from buckpass.game.throughput import settle_block
from buckpass.years.draws import normal, uniform
from buckpass.years.world import World

__all__ = ["BLOCK", "Event", "Played", "Scene", "crises_with", "describe", "first_games", "inputs_of", "play"]

BLOCK = 192  # what stays in the cache of a core with ten options of eight powers; a power of two is a tenth slower
TOLERANCE = 1e-4  # largest change of a sweep: what is left then is about a tenth, far below the Monte Carlo error


class Event(eqx.Module):
    """Crises about to be played, one per lane n."""

    history: Int[Array, " n"]
    year: Int[Array, ""]
    host: Int[Array, " n"]
    slot: Int[Array, " n"]  # first or second crisis of the host in the year
    draw: Int[Array, " n"]
    type: Int[Array, " n"]
    severity: Float[Array, " n"]  # code, 0 … 1
    request: Int[Array, " n"]
    cell: Int[Array, " n"]
    own_stake: Float[Array, "n p"]
    effect: Float[Array, " n"]  # of the crisis on all powers, in its own standard deviations
    is_real: Bool[Array, " n"]  # false for the lanes that fill the last block up

    @property
    def place(self) -> Int[Array, " n"]:
        """Host and slot as one number, the key of a crisis within its history and year."""
        return self.host * 2 + self.slot


class Scene(eqx.Module):
    """What a crisis finds of its history's state; axes lane n, power p."""

    commitments: Float[Array, "n p"]
    opinion: Float[Array, "n p"]  # in the crisis's host
    capacity: Float[Array, "n p"]
    trade: Float[Array, "n p"]  # with the crisis's host


class Played(eqx.Module):
    """What happened in each crisis; axes lane n, power p."""

    rung: Int[Array, "n p"]
    burden: Float[Array, "n p"]  # C k(a), logit units
    benefit: Float[Array, "n p"]  # V [1 - exp(-X)]
    value: Float[Array, "n p"]  # expected value of the game before it is played
    effort: Float[Array, "n p"]  # delivered, q e(a)
    presence: Float[Array, "n p"]
    influence: Float[Array, "n p"]
    is_stabilised: Bool[Array, " n"]
    is_solved: Bool[Array, " n"]
    rungs: Rungs = eqx.field(static=True)  # what the rungs are


def describe(world: World, seed, history, year, host, slot, draw, is_real) -> Event:
    """Type, severity, request and own stakes of crises that have arrived, each from its own draw."""
    place = host * 2 + slot

    def level(purpose: str) -> Array:
        return uniform(seed, purpose, history, year, place, 0)

    kind = _position(world.type_levels[draw, host], level("type"))
    table, at = world.severities[kind], level("severity") * (world.severities.shape[1] - 1)
    low = at.astype(jnp.int32)
    left, right = _pick(table, low), _pick(table, jnp.minimum(low + 1, table.shape[1] - 1))
    code = left + (right - left) * (at - low)
    request = _position(world.request_levels[kind], level("request"))
    hosts, requests = world.rates.shape[1], world.request_levels.shape[1]
    kinds = _cells_of_spell(world) // (requests * hosts)
    spell = world.spell[jnp.minimum(year, world.spell.size - 1)]
    cell = ((spell * hosts + host) * kinds + world.kind_of_type[kind]) * requests + request
    powers = jnp.arange(world.own_stake.shape[0])
    hit = uniform(seed, "own stake", history[:, None], year, place[:, None], powers) < world.own_stake
    own = hit.astype(jnp.float32)
    effect = normal(seed, "crisis effect", history, year, place)
    return Event(history, year, host, slot, draw, kind, _severity(world, code), request, cell, own, effect, is_real)


def _severity(world: World, code: Array) -> Array:
    """The severity code as the scenario makes it."""
    scale, value = world.fixed.severity
    return jnp.clip(jnp.where(jnp.isnan(value), code * scale, value), 0.0, 1.0)


def _cells_of_spell(world: World) -> int:
    return world.setting.severity.shape[0] // world.pressed.shape[0]


@jax.jit
def first_games(world: World) -> Crises:
    """A game of middling severity in every cell of every spell as the first year finds it, each under a draw of its own."""
    cells, hosts = world.setting.severity.shape[0], world.rates.shape[1]
    lane = jnp.arange(cells)
    each = _cells_of_spell(world)
    host, draw = lane % each * hosts // each, lane % world.rates.shape[0]
    code = _severity(world, jnp.full(cells, 0.5, world.severities.dtype))
    own = jnp.zeros((cells, world.own_stake.size), world.own_stake.dtype)
    request = lane % world.request_levels.shape[1]
    event = Event(lane, jnp.int32(0), host, 0 * lane, draw, 0 * lane, code, request, lane, own, 0.0 * code, lane >= 0)
    start = world.start
    commitments, capacity = (jnp.broadcast_to(x, own.shape) for x in (start.commitments, start.capacity))
    return crises_with(world, event, Scene(commitments, start.opinion[host], capacity, start.trade[host]))


def inputs_of(world: World) -> Any:
    """What a scenario can move: the first year's games, without what nobody can choose; growth; the first state."""
    yearly = world.yearly
    traded = dataclasses.replace(yearly, trade_growth=yearly.trade_growth * jnp.any(world.has_trade > 0, axis=0))
    return open_only(first_games(world)), traded, world.start, world.request_levels


def crises_with(world: World, event: Event, scene: Scene) -> Crises:
    """The games of a block: the grid's settings with the state's covariates, under each history's own draw.

    In single precision. What an option brings that is the same for all powers has a power axis of length one.
    """
    setting = _setting(world, event, scene)
    coefficients = jax.tree.map(lambda x: x[event.draw], world.coefficients)
    effect = event.effect * coefficients.crisis_spread
    coefficients = dataclasses.replace(coefficients, crisis_effect=effect)
    batched = {f.name: getattr(setting, f.name) for f in dataclasses.fields(setting) if f.name not in UNBATCHED}

    def one(fields: dict, own):
        lifted = {name: value[None] for name, value in fields.items()}
        return jax.tree.map(lambda x: _single(x[0]), crises_of(dataclasses.replace(world.setting, **lifted), own))

    return _changed(world, event, scene, jax.vmap(one)(batched, coefficients))


def _if_any(is_real: Bool[Array, " n"], function: Callable[[], Any]) -> Any:
    """The function's result where the block holds a crisis, else zeros.

    Every block that is played holds one. The condition is here because its result is kept in memory: without it the
    compiler writes the function into each of its many users and works it out again in every one.
    """
    shapes = jax.eval_shape(function)
    return lax.cond(is_real[0], function, lambda: jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes))


def _single(leaf: Array) -> Array:
    return leaf.astype(jnp.float32) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf


def _setting(world: World, event: Event, scene: Scene) -> CrisisSetting:
    cells = {
        f.name: getattr(world.setting, f.name)[event.cell]
        for f in dataclasses.fields(world.setting)
        if f.name not in UNBATCHED
    }
    x, mean, scale, host = cells["covariates"], world.mean, world.scale, event.host

    def standard(name: str, raw: Array) -> Array:
        return (raw - mean[COLUMN[name]]) / scale[COLUMN[name]]

    traders = world.has_trade[host]
    share = jax.nn.softmax(jnp.where(traders > 0, scene.trade, -1e9), axis=-1)
    share = jnp.clip(share, *SHARES_WITHIN)
    odds = jnp.log(share) - jnp.log1p(-share)
    capacity = standard("capacity", scene.capacity) * world.has_capacity
    is_pressed = world.pressed[event.cell // _cells_of_spell(world), host]
    columns = {
        "severity": jnp.broadcast_to(event.severity[:, None] - 0.5, traders.shape),
        "own_stake": event.own_stake,
        "trade": standard("trade", odds) * traders,
        "capacity": capacity,
        "busy": jnp.log1p(scene.commitments),
        "opinion": standard("opinion", scene.opinion) * world.has_opinion[host],
        "rival_pressure": is_pressed * pressure(scene.capacity, world.rival),
    }
    grown = (capacity - x[..., COLUMN["capacity"]]) * scale[COLUMN["capacity"]] * world.delivery_elasticity
    own = (world.start.capacity - world.first_capacity) * world.has_capacity * world.delivery_elasticity
    order = jnp.array([COLUMN[name] for name in columns])
    cells["covariates"] = x.at[..., order].set(jnp.stack(list(columns.values()), axis=-1))
    others_held = jnp.mean(grown - own, axis=-1, keepdims=True)  # what a scenario takes from one power goes to nobody
    cells["log_delivery"] = cells["log_delivery"] + grown - others_held
    base, slope = world.severity_index
    cells["severity"] = severity_index(base, slope, event.severity)
    return dataclasses.replace(world.setting, **cells)


def _changed(world: World, event: Event, scene: Scene, crises: Crises) -> Crises:
    """What the scenario changes in every game, then commitments and foresight."""
    fixed, yearly = world.fixed, world.yearly
    crises = changed_games(crises, fixed.games)
    ahead = fixed.foresight[0][:, None] * crises.deploys_at + fixed.foresight[1][:, None] * crises.presence_at
    own_capacity = jnp.exp(scene.capacity - world.first_capacity)
    bound = yearly.commitment_cost[event.draw][:, None] * scene.commitments / own_capacity
    return dataclasses.replace(crises, cost=crises.cost * (1.0 + bound), barred_at=crises.barred_at + ahead)


def play(world: World, seed, event: Event, scene: Scene, is_valued: bool) -> Played:
    """Equilibrium strategies, then each power's choice by inverting one uniform over options in the order of rungs.

    `is_valued` : whether the games' expected values are worked out, which only foresight needs; else they are 0.
    """
    crises = _if_any(event.is_real, lambda: crises_with(world, event, scene))
    choice = _if_any(event.is_real, lambda: as_choice(crises))
    settled = _if_any(event.is_real, lambda: settle_block(choice, TOLERANCE))
    powers = jnp.arange(settled.residual.shape[0])[:, None]
    level = uniform(seed, "choice", event.history, event.year, event.place, powers)
    chosen = _if_any(event.is_real, lambda: _chosen(settled.strategy, level, crises.rungs))

    def of(attribute: Float[Array, "n p o"]) -> Float[Array, "n p"]:
        rows = jnp.moveaxis(attribute, 0, -1)
        return reduce(jnp.add, [rows[:, o] * chosen[:, o] for o in range(chosen.shape[1])]).T

    effort = crises.delivery * of(crises.effort_at)
    per_severity = (effort / crises.severity[:, None]).T
    felt = sum(choice.alignment[:, j] * per_severity[j] for j in range(len(powers)))
    host_felt = jnp.sum(crises.host_alignment.T * per_severity, axis=0)
    return Played(
        rung=of(crises.rung).astype(jnp.int32),
        burden=crises.cost * of(crises.cost_at),
        benefit=-crises.stake * jnp.expm1(-felt).T,
        value=_value(choice, settled.residual).T if is_valued else jnp.zeros_like(crises.stake),
        effort=effort,
        presence=of(crises.presence_at),
        influence=of(crises.influence_at),
        is_stabilised=uniform(seed, "stabilised", event.history, event.year, event.place)
        < -jnp.expm1(-jnp.maximum(host_felt, 0.0)),
        is_solved=settled.is_settled,
        rungs=crises.rungs,
    )


def _value(choice: Choice, residual: Float[Array, "p n"]) -> Float[Array, "p n"]:
    """Expected value of a logit choice (McFadden 1978)."""
    left = jnp.exp(-choice.reach) * (choice.stake * residual)[:, None]
    return jax.nn.logsumexp(choice.offer - left, axis=1) + choice.stake


def _chosen(sigma: Float[Array, "p o n"], level: Float[Array, "p n"], rungs: Rungs) -> Float[Array, "p o n"]:
    """One-hot options. Options stand in the order of rungs, so that a small change of payoffs moves few choices."""
    order = rungs.option_order(sigma.shape[1])
    is_last, total = [], jnp.zeros_like(level)
    whole = sum(sigma[:, o] for o in order)
    passed = jnp.zeros(level.shape, bool)
    for o in order:
        total = total + sigma[:, o]
        reached = level * whole < total
        is_last.append(reached & ~passed)
        passed = passed | reached
    return jnp.stack([is_last[order.index(o)] for o in range(len(order))], axis=1).astype(sigma.dtype)


def _position(levels: Float[Array, "n k"], level: Float[Array, " n"]) -> Int[Array, " n"]:
    """Inverse of a cumulative distribution."""
    return jnp.minimum(jnp.sum(level[:, None] >= levels, axis=-1), levels.shape[-1] - 1).astype(jnp.int32)


def _pick(table: Float[Array, "n q"], at: Int[Array, " n"]) -> Float[Array, " n"]:
    return jnp.take_along_axis(table, at[:, None], axis=1)[:, 0]
