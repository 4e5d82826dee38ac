"""The game on the world's episodes: an independent likelihood, sides, κ above and below 0, and what is kept of the fits."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_world import POWERS, small

from buckpass.evidence.baselines import Drawing, Fitting
from buckpass.game import solve
from buckpass.game.arrays import at_host
from buckpass.game.solver import DEFAULT_SETTINGS
from buckpass.worldwide.free_riding import HOST_SIDE, Profile
from buckpass.worldwide.games import episode_games
from buckpass.worldwide.made_up import made_up, parts_with, told_of_kappa
from buckpass.worldwide.play import WorldGame, coordinate_of, kappa_of
from buckpass.worldwide.program import scale_of
from buckpass.worldwide.record import WorldTables, counted
from buckpass.worldwide.rules import HIGHER, SLOPES, rules


@pytest.fixture(scope="module")
def tables(small_world):
    return counted(small_world, POWERS, small()).for_game


def games_of(tables, sides, kind=jnp.float64):
    return episode_games(tables, rules().game, scale_of(tables.cells), sides, kind)[0]


def plain_likelihood(game, rows, u):
    """Per conflict, in NumPy and by another way: fixed points by damped iteration, the effect by the trapezoid rule."""
    rows, blocks = at_host(rows), game.blocks(len(rows.low))
    usual, slopes, own, spread = np.split(u, np.cumsum(blocks)[:-1])
    own, named = own.reshape(len(rows.low), -1), dict(zip(game.slopes, slopes, strict=True))
    options = len(rows.level)
    signed = np.arange(options) - (HIGHER if game.sides else 0)
    payoff = np.insert(usual + own[:, : options - 1], HIGHER if game.sides else 0, 0.0, axis=1)
    there = np.array([named.get(n, 0.0) for n in SLOPES])
    across = np.array([named.get(f"{n}_against", 0.0) for n in SLOPES])
    index = rows.controls @ there + rows.controls[..., SLOPES.index("recent")] * own[:, options - 1]
    level = 1.0 + named.get("stake", 0.0) + (own[:, options] if own.shape[1] > options else 0.0)
    stake = np.exp(level + index) if game.link == "log" else np.broadcast_to(np.exp(level), index.shape)
    worth = np.where(signed > 0, 0.0 if game.link == "log" else index[..., None], (rows.controls @ across)[..., None])
    base = np.where(rows.is_open, payoff + worth * rows.price, -np.inf)
    kappas = [float(kappa_of(jnp.asarray(named[n]))) if n in named else 0.0 for n in ("kappa", "kappa_rivals")]
    counts = kappas[0] * rows.aligned + kappas[1] * rows.rivals
    reach = rows.delivery[..., None] * rows.effort / rows.severity[:, None, None]
    sd = 1.5 * _half_normal(float(spread[0]))
    at = np.linspace(-7.0, 7.0, 561)
    told = np.zeros((len(at), rows.of_crisis.shape[1]))
    for c, conflict in enumerate(rows.crisis):
        told[:, conflict] += [
            _episode(base[c] + sd * z * np.abs(signed), stake[c], reach[c], counts[c], rows, c) for z in at
        ]
    density = np.exp(-0.5 * at**2) / np.sqrt(2 * np.pi)
    return np.log(np.trapezoid(np.exp(told) * density[:, None], at, axis=0))


def _half_normal(u):
    from scipy.stats import halfnorm, norm

    return halfnorm.ppf(norm.cdf(u))


def _episode(offer, stake, reach, counts, rows, c):
    """log P of the bands of one episode, its residuals found by damped iteration."""
    log_r = np.zeros(len(stake))
    for _ in range(2000):
        height = offer - stake[:, None] * np.exp(log_r[:, None] - reach)
        chance = np.exp(height - height.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        left = np.log((chance[None] * np.exp(-counts[:, :, None] * reach[None])).sum(axis=2))
        new = np.where(~np.eye(len(stake), dtype=bool), left, 0.0).sum(axis=1)
        if np.abs(new - log_r).max() < 1e-13:
            break
        log_r = 0.5 * (log_r + new)
    bands = [np.log(chance[p, rows.low[p, c] : rows.high[p, c] + 1].sum()) for p in range(len(stake))]
    return rows.share[:, c] @ np.array(bands)


@pytest.mark.slow
@pytest.mark.parametrize(
    "game", [WorldGame("log"), WorldGame("linear", sides=True), WorldGame("log", interacts=False)], ids=lambda g: g.id
)
def test_an_independent_likelihood_agrees(tables, game):
    rows = games_of(tables, game.sides)
    fitting = Fitting(game, rows, game.blocks(len(POWERS)), Drawing(), draws_at_once=1, nodes=61)
    u = np.random.default_rng(5).normal(scale=0.7, size=fitting.size)
    u[-1] = -0.7  # an effect of half a logit a level, as found; wide ones want more nodes
    for name in ("kappa", "kappa_rivals"):
        if name in game.slopes:
            u[fitting.blocks.levels + game.slopes.index(name)] = 0.8 if name == "kappa" else -0.5
    found = fitting.log_likelihood(u[None, None])[0, 0]
    np.testing.assert_allclose(found, plain_likelihood(game, rows, u), atol=1e-5)


def forced(tables, kappa, kappa_rivals, power, option, seed=3):
    """Strategies [episode, power, option] with one power held at an option, and the signed effort of every option."""
    game, rows = WorldGame("linear", sides=True), games_of(tables, sides=True)
    sizes = game.blocks(len(POWERS))
    parts = np.split(np.random.default_rng(seed).normal(scale=0.5, size=sum(sizes)), np.cumsum(sizes)[:-1])
    parts[1][-2:] = [coordinate_of(kappa), coordinate_of(kappa_rivals)]
    crises = game.crises([jnp.asarray(part) for part in parts], rows)
    only = np.asarray(rows.is_open).copy()
    only[:, power] = np.arange(only.shape[-1]) == option
    crises = at_host(eqx.tree_at(lambda c: c.is_open, crises, jnp.asarray(only)))
    whole = {
        name: np.broadcast_to(getattr(crises, name), only.shape)
        for name in ("presence_at", "deploys_at", "barred_at", "cost_at", "influence_at")
    }
    return solve(replace(crises, **whole), DEFAULT_SETTINGS).strategy, np.asarray(rows.effort), rows


two_sides = st.integers(0, 2 * HIGHER)
share = st.floats(0.05, 0.45)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(share, two_sides, two_sides, st.booleans())
def test_a_rival_keeps_out_on_its_side_and_draws_in_across(tables, kappa, one, other, below):
    """A power held further towards the host's side moves every other one that plays towards the opponents', where κ > 0."""
    low, high = sorted((one, other))
    sign = -1.0 if below else 1.0
    moved = []
    for option in (low, high):
        strategy, effort, rows = forced(tables, 0.0, sign * kappa, POWERS.index("RUS"), option)
        moved.append(strategy @ effort)
    change = (moved[1] - moved[0])[:, POWERS.index("USA")]
    is_rival = np.asarray(rows.rivals)[:, POWERS.index("USA"), POWERS.index("RUS")] > 0
    plays = np.asarray(rows.is_open)[:, POWERS.index("USA")].sum(axis=-1) > 1
    assert (change[~(is_rival & plays)] == 0).all() or not is_rival.all()
    assert (sign * change[is_rival & plays] <= 1e-9).all()
    if low < HIGHER < high and (is_rival & plays).any():
        assert (sign * change[is_rival & plays] < 0).all()


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(two_sides, two_sides)
def test_where_kappa_is_0_nobody_moves(tables, one, other):
    first, second = (forced(tables, 0.0, 0.0, 0, option)[0][:, 1:] for option in (one, other))
    np.testing.assert_allclose(first, second, atol=1e-12)


def test_who_backed_the_rebels_has_its_place_below_silence(tables):
    rows = at_host(games_of(tables, sides=True))
    episodes = pl.concat([tables.cells, tables.against.select(tables.cells.columns)])["episode_id"].unique(
        maintain_order=True
    )
    place = POWERS.index("CHN"), episodes.to_list().index("60_1999")
    assert (rows.low[place], rows.high[place]) == (2, 4)  # alleged arms: from them up to nothing
    assert not games_of(tables, sides=False).is_open[place[1], place[0], 1:].any()


def test_a_host_does_not_play_in_its_own_conflict(tables):
    rows = games_of(tables, sides=True)
    episodes = tables.cells["episode_id"].unique(maintain_order=True).to_list()
    assert not np.asarray(rows.is_open)[episodes.index("50_1990"), POWERS.index("RUS"), HIGHER + 1 :].any()


def synthetic(episodes=160, powers=("A", "B", "C", "D"), seed=2):
    """A record without anything seen yet: covariates only, every power in every episode, all on equal terms."""
    rng, size = np.random.default_rng(seed), episodes * len(powers)
    named = {name: rng.integers(0, 2, size) for name in SLOPES} | {
        n: rng.normal(size=size) for n in ("duration", "distance")
    }
    which = np.repeat(np.arange(episodes), len(powers))
    named["war"] = rng.integers(0, 2, episodes)[which]
    cells = pl.DataFrame({"episode_id": which.astype(str), "conflict_id": which, "host": which.astype(str), "low": 0, "high": 2,
                          "power": np.tile(powers, episodes), "weight": 1.0, "capability": 0.1, **named})  # fmt: skip
    pairs = pl.DataFrame(schema=dict.fromkeys(("episode_id", "power", "other", "tie"), pl.String))
    return WorldTables(powers, cells, cells.clear(), pairs)


def known(game, fitting, kappa):
    """Parts at which powers act about half of the time, have large stakes, and count each other's work."""
    u = np.zeros(fitting.size)
    u[: fitting.blocks.levels] = [-1.0, -1.5, -2.0, -2.5]
    u[fitting.blocks.levels + game.slopes.index("stake")] = 1.0
    u[fitting.blocks.levels : fitting.blocks.levels + len(SLOPES)] = np.tile([0.8, -0.6], len(SLOPES) // 2)
    return parts_with(game, fitting, u, kappa)


def on(tables, game):
    rows = games_of(tables, game.sides, jnp.float32)
    return Fitting(game, rows, game.blocks(len(tables.powers)), Drawing(), draws_at_once=1)


@pytest.mark.slow
def test_substitution_gives_a_kappa_above_0():
    game, tables = WorldGame("log"), synthetic(400)
    fitting = on(tables, game)
    rows = made_up(game, fitting.rows, known(game, fitting, 0.95), np.random.default_rng(1), 0.3)
    told = told_of_kappa(game, fitting, rows)
    assert told.kappa > 0
    assert told.is_told


@pytest.mark.slow
def test_common_shocks_left_out_give_a_kappa_below_0_and_the_sentence():
    game, tables = WorldGame("log"), synthetic(400)
    fitting = on(tables, game)
    rows = made_up(game, fitting.rows, known(game, fitting, 0.0), np.random.default_rng(1), 2.0)
    without = replace(game, has_effect=False)
    blind = Fitting(without, rows, without.blocks(len(tables.powers)), fitting.drawing, draws_at_once=1)
    told = told_of_kappa(without, blind, rows)
    assert told.kappa < 0
    assert not told.is_told
    said = Profile(without.name, HOST_SIDE, told.kappa, 0.0, told.ratio, told.ratio).reading
    assert "shocks that the powers have in common are missing" in said
    assert "0.00" not in said
