"""One year of many histories: what happens in which order. `STEPS` is the table."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import ndtri
from jaxtyping import Array, Float, Int

from buckpass.futures.draws import uniform
from buckpass.futures.play import BLOCK, Played, describe, play
from buckpass.futures.world import State, World

__all__ = ["STEPS", "Keys", "Year", "year_of"]

SLOTS = 2  # crises of one host in one year at most; a third would come less than once in 500 host-years
NOTHING_BEYOND = 2  # a response below mediation is words


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


def arrive(world: World, keys: Keys, state: State, year: Int[Array, ""]) -> Int[Array, "n h"]:
    """Crises arrive: their number in each host is Poisson, at a rate drawn from the record's Gamma posterior."""
    rate = world.rates[keys.draw]
    hosts = jnp.arange(rate.shape[1])
    level = uniform(keys.seed, "arrival", keys.history[:, None], year, hosts)
    none = jnp.exp(-rate)
    return (level > none).astype(jnp.int32) + (level > none * (1.0 + rate)).astype(jnp.int32)


def respond(world: World, keys: Keys, state: State, year: Int[Array, ""], arrived: Int[Array, "n h"]) -> Year:
    """Each crisis gets its type, severity and request; its game is solved, and every power chooses."""
    histories, hosts = arrived.shape
    waiting = (arrived[..., None] > jnp.arange(SLOTS)).reshape(-1)
    place = jnp.cumsum(waiting) - 1
    queue = jnp.zeros(waiting.size + BLOCK, jnp.int32)
    queue = queue.at[jnp.where(waiting, place, waiting.size + BLOCK)].set(
        jnp.arange(waiting.size, dtype=jnp.int32), mode="drop"
    )
    total = jnp.sum(waiting)

    def block(index, year_so_far):
        lane = index * BLOCK + jnp.arange(BLOCK)
        spot = lax.dynamic_slice_in_dim(queue, index * BLOCK, BLOCK)
        is_real = lane < total
        row, host, slot = spot // (hosts * SLOTS), spot // SLOTS % hosts, spot % SLOTS
        event = describe(world, keys.seed, keys.history[row], year, host, slot, keys.draw[row])
        played = play(world, keys.seed, event, jax.tree.map(lambda x: x[row], state))
        return _added(year_so_far, jnp.where(is_real, row, histories), host, played, world.asked[event.cell])

    return lax.fori_loop(0, -(-total // BLOCK), block, _nothing(histories, hosts, world.own_stake.shape[0]))


def commit(world: World, keys: Keys, state: State, year: Year) -> Float[Array, "n p"]:
    """Deployments become commitments, and half of each ends within the half-life."""
    kept = jnp.exp2(-1.0 / world.yearly.commitment_half_life[keys.draw])
    return state.commitments * kept[:, None] + year.deployments


def sway(world: World, keys: Keys, state: State, year: Year) -> Float[Array, "n h p"]:
    """Opinion returns to its mean, worsens with visible presence (less when asked), moves with soft power and trade."""
    own = jax.tree.map(lambda x: x[keys.draw], world.yearly)
    seen = year.presence - own.opinion_asked_relief[:, None, None] * year.asked_presence
    exposure = _trade_share(world, state.trade) - _trade_share(world, world.start.trade[None])
    back = own.opinion_reversion[:, None, None] * (world.opinion_mean - state.opinion)
    pushed = own.opinion_presence[:, None, None] * seen + own.opinion_trade[:, None, None] * exposure
    return state.opinion + back + pushed + own.opinion_softpower[:, None, None] * (exposure > 0)


def grow(world: World, keys: Keys, state: State, year_number, year: Year) -> tuple[Array, Array]:
    """Capacity and trade grow with their yearly shocks; trade loses where a host was not stabilised."""
    own = jax.tree.map(lambda x: x[keys.draw], world.yearly)
    hosts, powers = state.trade.shape[1:]
    p = jnp.arange(powers)
    level = uniform(keys.seed, "capacity shock", keys.history[:, None], year_number, 0, p)
    capacity = state.capacity + jnp.log1p(own.capacity_growth) + world.shock[0] * ndtri(level)
    level = uniform(keys.seed, "trade shock", keys.history[:, None, None], year_number, jnp.arange(hosts)[:, None], p)
    cut = own.instability_growth_cut[:, None] * jnp.minimum(year.unstable, 1.0)
    rate = jnp.log1p(jnp.maximum(own.trade_growth[:, None] - cut[..., None], -0.99))
    return capacity, state.trade + (rate + world.shock[1] * ndtri(level)) * world.has_trade


def accumulate(world: World, keys: Keys, state: State, year: Year) -> Float[Array, "n p"]:
    """Acts leave influence in security, which fades as commitments do; trade is influence in the economy."""
    kept = jnp.exp2(-1.0 / world.yearly.commitment_half_life[keys.draw])
    return state.security * kept[:, None] + year.influence


def year_of(world: World, keys: Keys, state: State, number: Int[Array, ""]) -> tuple[State, Year]:
    """One year, in the order of `STEPS`."""
    arrived = arrive(world, keys, state, number)
    year = respond(world, keys, state, number, arrived)
    capacity, trade = grow(world, keys, state, number, year)
    after = State(
        commitments=commit(world, keys, state, year),
        opinion=sway(world, keys, state, year),
        capacity=capacity,
        trade=trade,
        security=accumulate(world, keys, state, year),
    )
    return after, year


STEPS = tuple((f.__name__, (f.__doc__ or "").split("\n")[0]) for f in (arrive, respond, commit, sway, grow, accumulate))


def _trade_share(world: World, trade: Float[Array, "n h p"]) -> Float[Array, "n h p"]:
    return jax.nn.softmax(jnp.where(world.has_trade > 0, trade, -1e9), axis=-1) * world.has_trade


def _nothing(histories: int, hosts: int, powers: int) -> Year:
    def zero(*shape: int) -> Array:
        return jnp.zeros(shape, jnp.float32)

    by_host, by_power = (histories, hosts), (histories, powers)
    return Year(
        crises=zero(*by_host), nobody=zero(*by_host), unstable=zero(*by_host), first=zero(*by_power),
        top_rung=jnp.full(by_power, -1, jnp.int32), burden=zero(*by_power), benefit=zero(*by_power),
        value=zero(*by_power), deployments=zero(*by_power), presence=zero(*by_host, powers),
        asked_presence=zero(*by_host, powers), influence=zero(*by_power), unsolved=zero(histories),
    )  # fmt: skip


def _added(year: Year, row: Int[Array, " n"], host: Int[Array, " n"], played: Played, asked) -> Year:
    """The year with a block's outcomes added to its histories; lanes without a crisis point beyond the last row."""
    beyond = jnp.max(played.rung, axis=-1) >= NOTHING_BEYOND
    acts = played.rung >= NOTHING_BEYOND
    rank = jnp.where(acts, played.effort, -1.0)
    is_first = acts & (rank >= jnp.max(rank, axis=-1, keepdims=True))

    def add(total: Array, value: Array, *where: Array) -> Array:
        return total.at[where].add(value.astype(total.dtype), mode="drop")

    return Year(
        crises=add(year.crises, jnp.ones(row.shape), row, host),
        nobody=add(year.nobody, ~beyond, row, host),
        unstable=add(year.unstable, ~played.is_stabilised, row, host),
        first=add(year.first, is_first, row),
        top_rung=year.top_rung.at[row].max(played.rung, mode="drop"),
        burden=add(year.burden, played.burden, row),
        benefit=add(year.benefit, played.benefit, row),
        value=add(year.value, played.value, row),
        deployments=add(year.deployments, played.rung >= 5, row),
        presence=add(year.presence, played.presence, row, host),
        asked_presence=add(year.asked_presence, played.presence * asked, row, host),
        influence=add(year.influence, played.influence, row),
        unsolved=add(year.unsolved, ~played.is_solved, row),
    )
