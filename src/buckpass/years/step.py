"""One year of many histories: what happens, in the order of `PLAN`, which is carried out and printed."""

from __future__ import annotations

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from buckpass.years.draws import normal, uniform
from buckpass.years.parameters import fraction_left
from buckpass.years.play import BLOCK, Played, Scene, describe, play
from buckpass.years.world import State, World

__all__ = ["PLAN", "Keys", "Moment", "Year", "steps", "year_of"]

SLOTS = 2  # crises of one host in one year at most; a third would come less than once in 500 host-years


class Keys(eqx.Module):
    """Which histories are played, and which draw of the parameters each lives under."""

    seed: Array
    history: Int[Array, " n"]
    draw: Int[Array, " n"]


class Year(eqx.Module):
    """What one year brought to each history; axes history n, host h, power p."""

    crises: Float[Array, "n h"]
    nobody: Float[Array, "n h"]  # crises in which no power went beyond words
    unstable: Float[Array, "n h"]  # crises that were not stabilised
    first: Float[Array, "n p"]  # crises in which the power was first responder: most effort delivered, beyond words
    top_rung: Int[Array, "n p"]  # highest rung of the year, -1 without a crisis
    burden: Float[Array, "n p"]
    benefit: Float[Array, "n p"]
    value: Float[Array, "n p"]
    deployments: Float[Array, "n p"]
    presence: Float[Array, "n h p"]
    asked_presence: Float[Array, "n h p"]  # the part of presence that a request covers
    influence: Float[Array, "n p"]
    unsolved: Float[Array, " n"]


class Moment(eqx.Module):
    """A year while it passes: its number, the state so far, the crises that came, and what they brought."""

    number: Int[Array, ""]
    state: State
    arrived: Int[Array, "n h"]
    year: Year
    is_valued: bool = eqx.field(static=True)  # whether the expected values of the games are worked out

    def with_state(self, **changed: Array) -> Moment:
        """The same moment with parts of its state moved."""
        return replace(self, state=replace(self.state, **changed))


def arrive(world: World, keys: Keys, now: Moment) -> Moment:
    """Crises arrive: their number in each host is Poisson (two at most), its rate drawn from the record's Gamma posterior."""
    rate = world.rates[keys.draw]
    hosts = jnp.arange(rate.shape[1])
    level = uniform(keys.seed, "arrival", keys.history[:, None], now.number, hosts)
    none = jnp.exp(-rate)
    arrived = (level > none).astype(jnp.int32) + (level > none * (1.0 + rate)).astype(jnp.int32)
    return replace(now, arrived=arrived)


def respond(world: World, keys: Keys, now: Moment) -> Moment:
    """Each crisis gets type, severity and request from the record; its game is solved, and every power chooses."""
    state, (histories, hosts) = now.state, now.arrived.shape
    waiting = (now.arrived[..., None] > jnp.arange(SLOTS)).reshape(histories, -1)
    before = jnp.cumsum(waiting.sum(-1, dtype=jnp.int32))  # crises of this history and all before it
    total = before[-1]

    def block(index, so_far):
        lane = index * BLOCK + jnp.arange(BLOCK, dtype=jnp.int32)
        row, place = _located(waiting, before, lane)
        host, slot = place // SLOTS, place % SLOTS
        event = describe(world, keys.seed, keys.history[row], now.number, host, slot, keys.draw[row], lane < total)
        scene = Scene(state.commitments[row], state.opinion[row, host], state.capacity[row], state.trade[row, host])
        played = play(world, keys.seed, event, scene, now.is_valued)
        return _added(so_far, jnp.where(event.is_real, row, histories), host, played, world.asked[event.cell])

    powers = world.own_stake.shape[0]
    sums = lax.fori_loop(0, -(-total // BLOCK), block, _nothing(histories, hosts, powers))
    return replace(now, year=_year(sums))


def commit(world: World, keys: Keys, now: Moment) -> Moment:
    """Deployments become commitments, half of which end within the half-life; they raise the cost of acting everywhere."""
    kept = fraction_left(world.yearly.commitment_half_life[keys.draw])
    return now.with_state(commitments=now.state.commitments * kept[:, None] + now.year.deployments)


def sway(world: World, keys: Keys, now: Moment) -> Moment:
    """Opinion returns to its mean, worsens with visible presence (less when asked), moves with soft power and trade."""
    own, year, opinion = jax.tree.map(lambda x: x[keys.draw], world.yearly), now.year, now.state.opinion
    seen = year.presence - own.opinion_asked_relief[:, None, None] * year.asked_presence
    exposure = _trade_share(world, now.state.trade) - _trade_share(world, world.start.trade[None])
    back = own.opinion_reversion[:, None, None] * (world.opinion_mean - opinion)
    pushed = own.opinion_presence[:, None, None] * seen + own.opinion_trade[:, None, None] * exposure
    return now.with_state(opinion=opinion + back + pushed + own.opinion_softpower[:, None, None] * (exposure > 0))


def grow(world: World, keys: Keys, now: Moment) -> Moment:
    """Capacity and trade grow with their yearly shocks; trade loses where a host was not stabilised."""
    own, state = jax.tree.map(lambda x: x[keys.draw], world.yearly), now.state
    hosts, powers = state.trade.shape[1:]
    p = jnp.arange(powers)
    shock = normal(keys.seed, "capacity shock", keys.history[:, None], now.number, 0, p)
    capacity = state.capacity + jnp.log1p(own.capacity_growth) + world.shock[0] * shock
    shock = normal(keys.seed, "trade shock", keys.history[:, None, None], now.number, jnp.arange(hosts)[:, None], p)
    cut = own.instability_growth_cut[:, None] * jnp.minimum(now.year.unstable, 1.0)
    rate = jnp.log1p(jnp.maximum(own.trade_growth[:, None] - cut[..., None], -0.99))
    return now.with_state(capacity=capacity, trade=state.trade + (rate + world.shock[1] * shock) * world.has_trade)


def accumulate(world: World, keys: Keys, now: Moment) -> Moment:
    """Acts leave influence in security, which fades as commitments do; trade is influence in the economy."""
    kept = fraction_left(world.yearly.commitment_half_life[keys.draw])
    return now.with_state(security=now.state.security * kept[:, None] + now.year.influence)


PLAN = (arrive, respond, commit, sway, grow, accumulate)  # what happens in a year, in this order


def steps() -> tuple[tuple[str, str], ...]:
    """The plan of a year as it is carried out: each step's name, and what happens in it."""
    return tuple((step.__name__, (step.__doc__ or "").split("\n")[0]) for step in PLAN)


def year_of(
    world: World, keys: Keys, state: State, number: Int[Array, ""], is_valued: bool = False
) -> tuple[State, Year]:
    """One year, by carrying out `PLAN`; `is_valued`: with the expected values of its games."""
    histories, hosts, powers = state.trade.shape
    nothing = _year(_nothing(histories, hosts, powers))
    now = Moment(number, state, jnp.zeros((histories, hosts), jnp.int32), nothing, is_valued)
    for step in PLAN:
        now = step(world, keys, now)
    return now.state, now.year


def _trade_share(world: World, trade: Float[Array, "n h p"]) -> Float[Array, "n h p"]:
    return jax.nn.softmax(jnp.where(world.has_trade > 0, trade, -1e9), axis=-1) * world.has_trade


def _located(waiting: Bool[Array, "n s"], before: Int[Array, " n"], lane: Int[Array, " k"]) -> tuple[Array, Array]:
    """History, and place within its year, of the crises at these positions of the tile's queue."""
    row = jnp.minimum(jnp.searchsorted(before, lane, side="right", method="scan_unrolled"), before.size - 1)
    mine = waiting[row]
    rank = lane - (before[row] - mine.sum(-1, dtype=jnp.int32))
    order = jnp.cumsum(mine, axis=-1, dtype=jnp.int32)
    return row, jnp.argmax(order > rank[:, None], axis=-1).astype(jnp.int32)


class _Sums(eqx.Module):
    """A year's sums while its blocks are played; one row per history, or per history and host."""

    by_history: Float[Array, "n f"]  # first, burden, benefit, value, deployments, influence of each power; unsolved
    by_host: Float[Array, "nh f"]  # presence and asked presence of each power; crises, nobody, unstable
    top_rung: Int[Array, "n p"]


def _nothing(histories: int, hosts: int, powers: int) -> _Sums:
    return _Sums(
        jnp.zeros((histories, 6 * powers + 1), jnp.float32),
        jnp.zeros((histories * hosts, 2 * powers + 3), jnp.float32),
        jnp.full((histories, powers), -1, jnp.int32),
    )


def _added(so_far: _Sums, row: Int[Array, " n"], host: Int[Array, " n"], played: Played, asked) -> _Sums:
    """The sums with a block's outcomes added; lanes without a crisis point beyond the last row."""
    acts = played.rung >= played.rungs.beyond_words
    rank = jnp.where(acts, played.effort, -1.0)
    is_first = acts & (rank >= jnp.max(rank, axis=-1, keepdims=True))
    deploys = played.rung >= played.rungs.deployment
    by_power = (is_first, played.burden, played.benefit, played.value, deploys, played.influence)
    whole = (jnp.ones_like(played.is_solved), ~jnp.any(acts, axis=-1), ~played.is_stabilised)

    def joined(parts: tuple[Array, ...], rest: tuple[Array, ...]) -> Array:
        return jnp.concatenate([p.astype(jnp.float32) for p in (*parts, *(r[:, None] for r in rest))], axis=1)

    hosts = so_far.by_host.shape[0] // so_far.by_history.shape[0]
    at_host = joined((played.presence, played.presence * asked), whole)
    return _Sums(
        so_far.by_history.at[row].add(joined(by_power, (~played.is_solved,)), mode="drop"),
        so_far.by_host.at[row * hosts + host].add(at_host, mode="drop"),
        so_far.top_rung.at[row].max(played.rung, mode="drop"),
    )


def _year(sums: _Sums) -> Year:
    histories, powers = sums.top_rung.shape
    first, burden, benefit, value, deployments, influence = (
        sums.by_history[:, k * powers : (k + 1) * powers] for k in range(6)
    )
    at_host = sums.by_host.reshape(histories, -1, 2 * powers + 3)
    return Year(
        crises=at_host[..., -3], nobody=at_host[..., -2], unstable=at_host[..., -1], first=first,
        top_rung=sums.top_rung, burden=burden, benefit=benefit, value=value, deployments=deployments,
        presence=at_host[..., :powers], asked_presence=at_host[..., powers : 2 * powers], influence=influence,
        unsolved=sums.by_history[:, -1],
    )  # fmt: skip
