"""Years of many crises: common random numbers, invariance to how they are computed, and what they must obey."""

import dataclasses
import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest
from made import made_posterior

from buckpass.changes import BadOverride
from buckpass.game.choice import as_choice
from buckpass.game.solver import solve
from buckpass.game.throughput import settle_block
from buckpass.predict.which_fits import NoUsablePosterior
from buckpass.years import step
from buckpass.years.draws import PURPOSES, uniform
from buckpass.years.indicators import BY_POWER, Tally
from buckpass.years.play import BLOCK, TOLERANCE
from buckpass.years.run import Plan, simulate
from buckpass.years.scenario import scenario_of
from buckpass.years.starting_point import capacity_at
from buckpass.years.tiles import TILE, all_histories, play_tiles
from buckpass.years.world import world_of
from buckpass.years.year_problems import (
    GrowthOverflows,
    ManifestMismatch,
    NoCapacity,
    NoHistories,
)

YEARS = 8
PLAN = Plan(years=YEARS, histories=TILE + 300, seed=4)


def worlds(case, posteriors, texts=((),), seed=4):
    return [world_of(scenario_of(case, t, 2021), posteriors, YEARS, seed)[0] for t in texts]


def played(case, posteriors, texts=((),), seed=4, histories=TILE, workers=2):
    tiles = list(play_tiles(worlds(case, posteriors, texts, seed), seed, YEARS, histories, workers))
    return [np.stack(all_histories(tiles, w)[0]) for w in range(len(texts))]


def test_a_scenario_has_one_hash_for_all_its_changes_and_the_cases_own_for_none(flagship):
    changes = ("CSTO.cost_share=0.9", "asked.relief=0.4")
    assert scenario_of(flagship, ()).case is flagship
    changed, other_way = (scenario_of(flagship, texts).case.record_hash for texts in (changes, changes[::-1]))
    assert changed == other_way != flagship.record_hash
    one = scenario_of(flagship, changes[:1]).case
    assert one.record_hash not in (changed, flagship.record_hash)
    assert scenario_of(one, changes[1:]).case.record_hash == changed


def test_draws_are_uniform_and_belong_to_their_key():
    seed, history = jnp.uint32(7), jnp.arange(20_000)
    level = np.asarray(uniform(seed, "choice", history, 3, 2, 1))
    assert level.min() > 0
    assert level.max() < 1
    counts = np.bincount((level * 50).astype(int), minlength=50)
    assert ((counts - 400) ** 2 / 400).sum() < 85.4  # χ² of 49 degrees of freedom, p = 0.001
    others = [uniform(seed, p, history, 3, 2, 1) for p in PURPOSES if p != "choice"]
    others += [uniform(seed, "choice", history, *k) for k in ((4, 2, 1), (3, 1, 1), (3, 2, 0), (2, 3, 1))]
    assert max(abs(np.corrcoef(level, np.asarray(o))[0, 1]) for o in others) < 0.03
    again = uniform(seed, "choice", history[::-1], 3, 2, 1)
    assert np.array_equal(level, np.asarray(again)[::-1])


def test_no_draw_is_0_or_1(monkeypatch):
    """The largest word must not round to 1: its normal quantile would be infinite."""
    from buckpass.years import draws

    for word in (0, 0xFFFFFFFF):
        monkeypatch.setattr(draws, "_mix", lambda _, w=word: jnp.asarray(w, jnp.uint32))
        assert 0 < float(uniform(jnp.uint32(1), "choice", jnp.int32(0))) < 1


@pytest.mark.slow
def test_a_scenario_that_changes_nothing_is_the_baseline_bit_for_bit(toy, posteriors):
    base, same = played(toy, posteriors, ((), ("AAA.stake=1x", "BBB.cost=1x")))
    assert np.array_equal(base, same)
    futures = simulate(toy, posteriors, ["AAA.stake=1x"], PLAN)
    assert all(float(abs(futures.summary[m].sel(run="difference")).max()) == 0 for m in BY_POWER)
    assert futures.plot("burden").to_dict()["facet"]


def test_common_random_numbers_cut_the_variance_of_a_difference_eightfold(toy, posteriors):
    changed = ("BBB.cost=0.9x",)
    base, scenario = played(toy, posteriors, ((), changed))
    (other,) = played(toy, posteriors, (changed,), seed=99)
    ratios = {}
    for name in ("burden", "benefit"):
        m = BY_POWER.index(name)
        paired = (scenario[m] - base[m]).sum(axis=0).var(axis=0)
        independent = (other[m] - base[m]).sum(axis=0).var(axis=0)
        ratios[name] = float(independent.sum() / paired.sum())
    assert min(ratios.values()) >= 8, ratios


@pytest.mark.slow
def test_chunks_and_workers_change_no_bit(toy, posteriors, tmp_path):
    frames, summaries = [], []
    for k, (chunk, workers) in enumerate(((10**9, 1), (TILE, 3))):
        folder = tmp_path / str(k)
        plan = dataclasses.replace(PLAN, chunk=chunk, workers=workers)
        summaries.append(simulate(toy, posteriors, ["AAA.cost=2x"], plan, folder).summary)
        parts = sorted(folder.glob("scenario-*.parquet"))
        assert len(parts) == (1 if k == 0 else 2)
        frames.append(pl.concat([pl.read_parquet(p) for p in parts]))
    assert frames[0].equals(frames[1])
    assert summaries[0].identical(summaries[1])
    manifest = json.loads((tmp_path / "0" / "manifest.json").read_text())
    assert manifest["identity"]["case_hash"] == toy.hash
    assert manifest["units"]["rung"] == "rung"


def test_fewer_histories_are_the_first_of_more(toy, posteriors):
    (few,), (many,) = played(toy, posteriors, histories=500), played(toy, posteriors, histories=TILE + 100)
    assert np.array_equal(few, many[:, :, :500])


@pytest.mark.slow
def test_a_crisis_does_not_feel_its_neighbours_in_the_block(toy, posteriors):
    from random_games_of_futures import random_block

    crises = random_block(BLOCK, 3)
    together = settle_block(as_choice(crises), TOLERANCE)
    order = np.random.default_rng(1).permutation(BLOCK)
    shuffled = settle_block(as_choice(jax.tree.map(lambda x: x[order], crises)), TOLERANCE)
    strategy = np.moveaxis(np.asarray(together.strategy), -1, 0)
    assert np.array_equal(strategy[order], np.moveaxis(np.asarray(shuffled.strategy), -1, 0))
    exact = solve(jax.tree.map(lambda x: x.astype(float) if x.dtype == jnp.float32 else x, crises))
    solved = np.asarray(together.is_settled)
    assert solved.mean() > 0.95
    assert np.abs(strategy - np.asarray(exact.strategy))[solved].max() < 1e-3


@pytest.mark.slow
def test_what_every_history_obeys(toy, posteriors):
    (seen,) = played(toy, posteriors)
    by = dict(zip(BY_POWER, seen, strict=True))
    assert np.allclose(by["security_share"].sum(-1), 1, atol=1e-5)
    assert (by["burden"] >= 0).all()
    assert by["rung"].max() <= 6
    for ever in ("first_by", "deployed_by"):
        assert (np.diff(by[ever], axis=0) >= 0).all()
    assert (by["opinion"] > 0).all()
    assert (by["opinion"] < 1).all()


def test_an_absent_power_does_nothing_and_a_costly_one_less(toy, posteriors):
    base, absent, dear = played(toy, posteriors, ((), ("absent=BBB",), ("BBB.cost=4x",)))
    m, i = BY_POWER.index("rung"), 1
    assert absent[m, ..., i].max() == 0
    assert dear[m, ..., i].mean() < base[m, ..., i].mean()


@pytest.mark.slow
def test_growth_moves_capacity_as_said(toy, posteriors):
    futures = simulate(toy, posteriors, ["AAA.capacity.growth=-0.1", "futures.commitment_cost=0"], PLAN)
    free = futures.summary["capacity_free"].sel(run="scenario", power="AAA", quantile=0.5)
    assert float(free[-1]) == pytest.approx(0.9**YEARS, rel=0.08)


def test_quantiles_of_the_tally_are_those_of_the_histories():
    rng = np.random.default_rng(2)
    values = np.abs(rng.normal(1, 0.5, (len(BY_POWER), 2, 4000, 2))).clip(0, 1).astype(np.float32)
    tally = Tally()
    for part in np.array_split(values, 3, axis=2):
        tally.add(part, np.zeros((4, 2, part.shape[2], 1)), 0.0)
    exact = np.quantile(values, (0.25, 0.5), axis=2)
    assert np.abs(tally.quantiles((0.25, 0.5)) - exact).max() < 0.02
    assert np.allclose(tally.mean(), values.mean(2, dtype=float))


@pytest.mark.slow
def test_foresight_is_chosen_by_name_and_makes_deploying_dearer(toy, posteriors):
    from buckpass.years.foresight import UnknownForesight, with_foresight

    (world,) = worlds(toy, posteriors)
    ahead = with_foresight("one-step", world, PLAN, toy)
    assert np.asarray(with_foresight("myopic", world, PLAN, toy).fixed.foresight).max() == 0
    assert np.isfinite(np.asarray(ahead.fixed.foresight)).all()
    with pytest.raises(UnknownForesight, match="one-step"):
        with_foresight("far", world, PLAN, toy)


def test_bad_input_is_refused_with_its_reason(toy, posteriors, tmp_path):
    def refuse(error, match, overrides=(), plan=PLAN, fits=posteriors, out=None):
        with pytest.raises(error, match=match):
            simulate(toy, fits, overrides, plan, out)

    refuse(NoHistories, "0 histories", plan=Plan(histories=0))
    refuse(NoHistories, "years", plan=Plan(years=0))
    refuse(BadOverride, "did you mean", ["AAA.capacity.grwth=0.1"])
    refuse(GrowthOverflows, "range of numbers", ["AAA.capacity.growth=1"], Plan(years=100))
    refuse(GrowthOverflows, "loss of everything", ["AAA.trade.growth=-1"])
    refuse(BadOverride, "absent=AAA", ["AAA.capacity=0"])
    refuse(BadOverride, "force the rung alone", ["AAA.force@PACT=5"])
    refuse(NoUsablePosterior, "fit it first", fits={})
    refuse(NoUsablePosterior, "FR", fits={"FR": made_posterior(toy, passed=False)})
    (tmp_path / "notes.txt").write_text("mine")
    refuse(ManifestMismatch, "not empty", out=tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_results_of_another_seed_are_never_overwritten(toy, posteriors, tmp_path):
    plan = Plan(years=YEARS, histories=200)
    simulate(toy, posteriors, (), plan, tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(ManifestMismatch, match="seed"):
        simulate(toy, posteriors, (), dataclasses.replace(plan, seed=5), tmp_path)
    simulate(toy, posteriors, (), plan, tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def a_year(case, posteriors):
    (world,) = worlds(case, posteriors)
    keys = step.Keys(jnp.uint32(3), jnp.arange(TILE), jnp.arange(TILE) % 1000)
    state = jax.tree.map(lambda x: jnp.broadcast_to(x, (TILE, *x.shape)), world.start)
    return step.year_of(world, keys, state, jnp.int32(0))


@pytest.mark.slow
def test_the_plan_that_is_printed_is_the_one_that_is_carried_out(toy, posteriors, monkeypatch):
    seen = []

    def traced(carry_out):
        return functools.wraps(carry_out)(lambda *given: seen.append(carry_out.__name__) or carry_out(*given))

    plan = tuple(traced(one) for one in step.PLAN)
    monkeypatch.setattr(step, "PLAN", plan)
    before, _ = a_year(toy, posteriors)
    assert seen == [name for name, _ in step.steps()] == ["arrive", "respond", "commit", "sway", "grow", "accumulate"]
    assert all(line.endswith(".") for _, line in step.steps())
    monkeypatch.setattr(step, "PLAN", (*plan[:3], plan[4], plan[3], plan[5]))
    seen.clear()
    after, _ = a_year(toy, posteriors)
    assert seen == [name for name, _ in step.steps()]
    moved = {name for name in vars(before) if not np.array_equal(getattr(before, name), getattr(after, name))}
    assert moved == {"opinion"}, "opinion would answer to the trade of the year's end"


def test_without_any_capacity_there_is_nothing_to_start_from(toy):
    bare = toy.replace(series=toy.series.filter(pl.col("series") != "milex"))
    with pytest.raises(NoCapacity, match="no capacity \\(milex\\) of any power before 2021"):
        capacity_at(bare, 2021)
