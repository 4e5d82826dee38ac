"""One block of crises played: each game put together from the state, solved, and every choice made by one uniform."""

from __future__ import annotations

import dataclasses
from functools import reduce

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from buckpass.futures.draws import uniform
from buckpass.futures.grid import COLUMN
from buckpass.futures.world import State, World
from buckpass.game.choice import Choice, as_choice
from buckpass.game.crises import Crises
from buckpass.game.payoffs import crises_of
from buckpass.game.setting import UNBATCHED, CrisisSetting
from buckpass.game.throughput import _choose, _mean, _residual, _rows

__all__ = ["BLOCK", "Event", "Played", "crises_with", "describe", "play", "settle_block"]

BLOCK = 256
SWEEPS = 24  # undamped; as many damped ones follow for what is left
DAMPED = 200
TOLERANCE = 1e-5  # largest change of log R under one best response, as `solve_batch` has it in single precision


class Event(eqx.Module):
    """Crises about to be played, one per lane; lane axis last, power axis first."""

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

    @property
    def place(self) -> Int[Array, " n"]:
        """Host and slot as one number, the key of a crisis within its history and year."""
        return self.host * 2 + self.slot


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


def describe(world: World, seed, history, year, host, slot, draw) -> Event:
    """Type, severity, request and own stakes of crises that have arrived, each from its own draw."""
    place = host * 2 + slot

    def level(purpose: str, power=0) -> Array:
        return uniform(seed, purpose, history, year, place, power)

    kind = _position(world.type_levels[draw, host], level("type"))
    table, at = world.severities[kind], level("severity") * (world.severities.shape[1] - 1)
    low = at.astype(jnp.int32)
    left, right = _pick(table, low), _pick(table, jnp.minimum(low + 1, table.shape[1] - 1))
    code = left + (right - left) * (at - low)
    code = jnp.where(jnp.isnan(world.fixed.severity[1]), code * world.fixed.severity[0], world.fixed.severity[1])
    request = _position(world.request_levels[kind], level("request"))
    kinds = world.setting.severity.shape[0] // (world.request_levels.shape[1] * world.rates.shape[1])
    cell = (host * kinds + world.kind_of_type[kind]) * world.request_levels.shape[1] + request
    powers = jnp.arange(world.own_stake.shape[0])
    hit = uniform(seed, "own stake", history[:, None], year, place[:, None], powers) < world.own_stake
    own = hit.astype(jnp.float32)
    return Event(history, year, host, slot, draw, kind, jnp.clip(code, 0.0, 1.0), request, cell, own)


def crises_with(world: World, event: Event, state: State) -> Crises:
    """The games of a block: the grid's settings with the state's covariates, under each history's own draw."""
    setting = _setting(world, event, state)
    coefficients = jax.tree.map(lambda x: x[event.draw], world.coefficients)
    batched = {f.name: getattr(setting, f.name) for f in dataclasses.fields(setting) if f.name not in UNBATCHED}

    def one(fields: dict, own):
        lifted = {name: value[None] for name, value in fields.items()}
        return jax.tree.map(lambda x: x[0], crises_of(dataclasses.replace(world.setting, **lifted), own))

    return _changed(world, event, state, jax.vmap(one)(batched, coefficients))


def _setting(world: World, event: Event, state: State) -> CrisisSetting:
    cells = {
        f.name: getattr(world.setting, f.name)[event.cell]
        for f in dataclasses.fields(world.setting)
        if f.name not in UNBATCHED
    }
    x, mean, scale, host = cells["covariates"], world.mean, world.scale, event.host
    lanes = jnp.arange(host.shape[0])

    def standard(name: str, raw: Array) -> Array:
        return (raw - mean[COLUMN[name]]) / scale[COLUMN[name]]

    trade = state.trade[lanes, host]
    traders = world.has_trade[host]
    share = jax.nn.softmax(jnp.where(traders > 0, trade, -1e9), axis=-1)
    odds = jnp.log(jnp.clip(share, 0.005, 0.995)) - jnp.log1p(-jnp.clip(share, 0.005, 0.995))
    capacity = standard("capacity", state.capacity) * world.has_capacity
    pressure = world.pressed[host] * jnp.maximum(state.capacity[:, world.rival] - state.capacity, 0.0)
    columns = {
        "severity": jnp.broadcast_to(event.severity[:, None] - 0.5, trade.shape),
        "own_stake": event.own_stake,
        "trade": standard("trade", odds) * traders,
        "capacity": capacity,
        "busy": jnp.log1p(state.commitments),
        "opinion": standard("opinion", state.opinion[lanes, host]) * world.has_opinion[host],
        "rival_pressure": pressure,
    }
    grown = (capacity - x[..., COLUMN["capacity"]]) * scale[COLUMN["capacity"]] * world.delivery_elasticity
    order = jnp.array([COLUMN[name] for name in columns])
    cells["covariates"] = x.at[..., order].set(jnp.stack(list(columns.values()), axis=-1))
    cells["log_delivery"] = cells["log_delivery"] + grown - jnp.mean(grown, axis=-1, keepdims=True)
    cells["severity"] = jnp.exp(world.severity_index[0] + world.severity_index[1] * event.severity)
    return dataclasses.replace(world.setting, **cells)


def _changed(world: World, event: Event, state: State, crises: Crises) -> Crises:
    """Commitments and foresight, then what the scenario changes in every game."""
    fixed, yearly = world.fixed, world.yearly
    ahead = fixed.foresight[0][:, None] * crises.deploys_at + fixed.foresight[1][:, None] * crises.presence_at
    own_capacity = jnp.exp(state.capacity - world.first_capacity)
    bound = yearly.commitment_cost[event.draw][:, None] * state.commitments / own_capacity
    levels = [crises.stake, crises.cost, crises.backlash, crises.influence, crises.norm]
    levels = [jnp.where(jnp.isnan(v), x * s, v) for x, s, v in zip(levels, fixed.scale, fixed.value, strict=True)]
    held = (crises.rung == fixed.forced[:, None]) & (fixed.forced >= 0)[:, None]
    can = jnp.any(crises.is_open & held, axis=-1, keepdims=True)
    forced = jnp.where(can, crises.is_open & held, held)
    is_open = jnp.where((fixed.forced >= 0)[:, None], forced, crises.is_open)
    is_open = jnp.where((fixed.is_absent > 0)[:, None], crises.rung == 0, is_open)
    return dataclasses.replace(
        crises, stake=levels[0], cost=levels[1] * (1.0 + bound), backlash=levels[2], influence=levels[3], norm=levels[4],
        barred_at=crises.barred_at + ahead, is_open=is_open,
    )  # fmt: skip


def play(world: World, seed, event: Event, state: State) -> Played:
    """Equilibrium strategies, then each power's choice by inverting one uniform over options in the order of rungs."""
    crises = crises_with(world, event, state)
    sigma, residual, is_solved = settle_block(as_choice(crises))
    powers = jnp.arange(residual.shape[-1])
    level = uniform(seed, "choice", event.history[:, None], event.year, event.place[:, None], powers)
    return _outcome(world, seed, event, crises, residual, _chosen(crises, sigma, level), is_solved)


def settle_block(choice: Choice) -> tuple[Float[Array, "n p o"], Float[Array, "n p"], Bool[Array, " n"]]:
    """Strategies and residuals R of a block; a crisis stops at its own convergence, whatever its neighbours do.

    Gauss-Seidel sweeps as `solve_batch` makes them, then damped ones for crises that still move. Freezing each crisis by
    itself is what makes its bits independent of the company it is solved in.
    """
    fall, kept, offer = _rows(choice)
    powers = range(len(fall))
    one = jnp.ones_like(choice.stake[0])

    def advance(state):
        count, left, moving = state
        gain = jnp.where(moving, jnp.where(count < SWEEPS, 1.0, 0.5), 0.0).astype(
            one.dtype
        )  # 0 leaves a crisis as it is
        new = left
        for j in powers:
            weight = _choose(offer[j], fall[j], _residual(new[j], j))
            column = [left[i][j] + gain * (_mean(weight, kept[i][j]) - left[i][j]) if i != j else one for i in powers]
            new = tuple(row if i == j else (*row[:j], column[i], *row[j + 1 :]) for i, row in enumerate(new))
        step = reduce(jnp.maximum, [jnp.abs(_residual(new[i], i) / _residual(left[i], i) - 1) for i in powers])
        return count + 1, new, moving & ~(step < 0.5 * TOLERANCE * gain)

    left = tuple(tuple(one for _ in powers) for _ in powers)
    begin = (jnp.int32(0), left, jnp.ones(one.shape, bool))
    _, left, _ = lax.while_loop(lambda s: (s[0] < SWEEPS + DAMPED) & jnp.any(s[2]), advance, begin)
    residual = [_residual(left[i], i) for i in powers]
    sigma = [_choose(offer[j], fall[j], residual[j]) for j in powers]
    answer = [reduce(jnp.multiply, [_mean(sigma[j], kept[i][j]) for j in powers if j != i], one) for i in powers]
    error = reduce(jnp.maximum, [jnp.abs(jnp.log(answer[i] / residual[i])) for i in powers])
    return jnp.moveaxis(jnp.stack(sigma), -1, 0), jnp.stack(residual, axis=-1), error <= 4 * TOLERANCE


def _chosen(crises: Crises, sigma: Float[Array, "n p o"], level: Float[Array, "n p"]) -> Float[Array, "n p o"]:
    """One-hot options. Options stand in the order of rungs, so that a small change of payoffs moves few choices."""
    order = _by_rung(crises.rung.shape[-1])
    total = jnp.cumsum(sigma[..., order], axis=-1)
    taken = jnp.sum(level[..., None] * total[..., -1:] >= total, axis=-1)
    last_open = jnp.max(jnp.where(sigma[..., order] > 0, jnp.arange(len(order)), 0), axis=-1)
    option = jnp.array(order)[jnp.minimum(taken, last_open)]
    return jax.nn.one_hot(option, len(order), dtype=sigma.dtype)


def _by_rung(options: int) -> list[int]:
    """Silence to security assistance, then deployments through vehicles, then alone (which stands before them)."""
    return [*range(5), *range(6, options), 5]


def _outcome(world, seed, event: Event, crises: Crises, residual, chosen, is_solved) -> Played:
    def of(attribute: Array) -> Array:
        return jnp.sum(attribute * chosen, axis=-1)

    effort = crises.delivery * of(crises.effort_at)
    per_severity = effort / crises.severity[:, None]
    felt = jnp.sum(crises.alignment * per_severity[:, None, :], axis=-1)
    host_felt = jnp.sum(crises.host_alignment * per_severity, axis=-1)
    level = uniform(seed, "stabilised", event.history, event.year, event.place)
    return Played(
        rung=of(crises.rung).astype(jnp.int32),
        burden=crises.cost * of(crises.cost_at),
        benefit=-crises.stake * jnp.expm1(-felt),
        value=_value(crises, residual),
        effort=effort,
        presence=of(crises.presence_at),
        influence=of(crises.influence_at),
        is_stabilised=level < -jnp.expm1(-jnp.maximum(host_felt, 0.0)),
        is_solved=is_solved,
    )


def _value(crises: Crises, residual: Float[Array, "n p"]) -> Float[Array, "n p"]:
    """Expected value of a logit choice, log Σ exp U (McFadden 1978), with the stake itself left in."""
    choice = as_choice(crises)
    left = jnp.exp(-choice.reach) * (choice.stake * residual.T)[:, None]
    return (jax.nn.logsumexp(choice.offer - left, axis=1) + choice.stake).T


def _position(levels: Float[Array, "n k"], level: Float[Array, " n"]) -> Int[Array, " n"]:
    """Inverse of a cumulative distribution."""
    return jnp.minimum(jnp.sum(level[:, None] >= levels, axis=-1), levels.shape[-1] - 1).astype(jnp.int32)


def _pick(table: Float[Array, "n q"], at: Int[Array, " n"]) -> Float[Array, " n"]:
    return jnp.take_along_axis(table, at[:, None], axis=1)[:, 0]
