"""What theory says the equilibrium must do at the edges, and the traps that solvers are known to fall into."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normal_form import normal_form
from random_games import crisis_of, random_crises, volunteers
from table_solver import solve_table

from buckpass.game import estimands
from buckpass.game.crises import absent, force
from buckpass.game.solver import NoEquilibriumFound, SolverSettings, solve, solve_strategies
from buckpass.game.throughput import solve_batch


def replaced(crises, **values):
    names = list(values)
    return eqx.tree_at(lambda c: [getattr(c, n) for n in names], crises, [jnp.asarray(v) for v in values.values()])


def effort(crises):
    return np.asarray(estimands.expected_effort(crises, solve(crises).strategy))


@jax.jit
def slope_by_stake(crises):
    def value(stake):
        equilibrium = solve_strategies(eqx.tree_at(lambda c: c.stake, crises, stake))
        return equilibrium.log_residual.sum() + equilibrium.strategy[..., 1:].sum()

    return jax.grad(value)(crises.stake)


@jax.jit
def refined(crises, guess):
    return solve_strategies(crises, guess=guess)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.01, 0.3, 3.0, 300.0, np.nan]), st.sampled_from([0.5, 4.0, 40.0]))
def test_a_guess_however_bad_ends_at_an_equilibrium(seed, spread, stake):
    crises = random_crises(seed=seed, stake=stake)
    guess = spread * np.random.default_rng(seed).standard_normal(crises.stake.shape)
    found = refined(crises, guess)
    assert np.all(found.converged), np.max(found.error)


@pytest.mark.slow
def test_no_rationality_means_uniform_choice_over_open_options():
    crises = random_crises()
    closed = crises.is_open.at[:, 0, 3:].set(False)
    strategy = np.asarray(solve(replaced(crises, rationality=np.zeros(8), is_open=closed)).strategy)
    assert np.allclose(strategy[:, 0], [1 / 3] * 3 + [0.0] * 4, atol=1e-15)
    assert np.allclose(strategy[:, 1:], 1 / 7, atol=1e-15)


@pytest.mark.slow
def test_full_rationality_plays_the_only_pure_nash_equilibrium():
    crises = random_crises(seed=1, crises=6, powers=3, options=4)
    unique = 0
    for k in range(6):
        table = normal_form(crises, k).payoffs
        every = {p for p in np.ndindex(*table.shape[1:]) if _is_nash(table, p)}
        if len(every) == 1 and abs(_margin(table, next(iter(every)))) > 0.01:
            strategy = np.asarray(solve(replaced(crises, rationality=np.full(6, 2000.0))).strategy)[k]
            unique += int(strategy[np.arange(3), next(iter(every))].min() > 0.99)
    assert unique >= 3


def _is_nash(table, profile):
    return _margin(table, profile, strict=False) >= 0


def _margin(table, profile, strict=True):
    """Least that any power loses by leaving the profile."""
    least = np.inf
    for i, payoff in enumerate(table):
        row = payoff[tuple(slice(None) if j == i else a for j, a in enumerate(profile))]
        others = np.delete(row, profile[i])
        least = min(least, row[profile[i]] - others.max())
    return least


def test_one_power_alone_picks_by_its_own_payoff():
    crises = random_crises(powers=1)
    equilibrium = solve(crises)
    assert np.allclose(equilibrium.log_residual, 0.0)
    payoff = np.stack([normal_form(crises, k).payoffs[0] for k in range(8)])
    assert np.allclose(np.asarray(equilibrium.strategy)[:, 0], np.asarray(jax.nn.softmax(payoff)), atol=1e-12)


@pytest.mark.slow
def test_a_power_without_stake_and_gain_never_acts_when_rational():
    crises = random_crises(powers=3)
    none = replaced(crises, stake=crises.stake.at[:, 1].set(0.0), influence=crises.influence.at[:, 1].set(0.0))
    strategy = np.asarray(solve(replaced(none, rationality=np.full(8, 200.0))).strategy)
    assert strategy[:, 1, 0].min() > 0.999


@pytest.mark.slow
@pytest.mark.parametrize("settings", [SolverSettings(), SolverSettings(search="path")])
def test_relabelling_powers_permutes_the_answer(settings):
    crises, order = random_crises(seed=5, stake=20.0), np.array([2, 0, 3, 1])
    by_power = {
        n: np.asarray(getattr(crises, n))[:, order]
        for n in vars(crises)
        if n != "rungs" and getattr(crises, n).ndim > 1
    }
    by_power["alignment"] = by_power["alignment"][:, :, order]
    a, b = solve(crises, settings), solve(replaced(crises, **by_power), settings)
    assert np.abs(np.asarray(a.strategy)[:, order] - np.asarray(b.strategy)).max() < 1e-9


@pytest.mark.slow
def test_without_alignment_everybody_decides_alone():
    crises = random_crises(aligned=0.0)
    equilibrium = solve(crises)
    assert np.allclose(equilibrium.strategy, estimands.alone_strategy(crises), atol=1e-14)
    assert np.allclose(estimands.buck_passed(crises, equilibrium), 0.0, atol=1e-13)


cross = jax.jit(lambda crises: estimands.cross_response(crises, (0, 1), (0, 4)))


@pytest.mark.slow
@pytest.mark.parametrize(("alignment", "sign"), [(0.9, -1), (-0.5, 1)])
def test_an_allys_effort_lowers_mine_and_a_rivals_raises_it(alignment, sign):
    crises = random_crises(powers=2, aligned=alignment, stake=3.0)
    change = np.asarray(cross(crises))
    assert np.all(sign * change > 0)
    passed = np.asarray(estimands.buck_passed(crises, solve(crises)))
    assert np.all(sign * passed < 0)


@pytest.mark.slow
def test_volunteering_falls_with_the_number_of_volunteers():
    share = []
    for n in range(2, 13):
        strategy = np.asarray(solve(volunteers(n, 10.0)).strategy[0])
        assert np.all(strategy[n:, 0] == 1.0)
        share.append(strategy[0, 1])
    assert np.all(np.diff(share) < 0)


@pytest.mark.slow
def test_three_players_two_options_get_the_rationality_asked():
    """The 2×2×2 trap: the equilibrium returned must be one at λ, not at a λ nearby (McKelvey & McLennan 1996)."""
    alignment = np.array([[1.0, 0.9, -0.8], [-0.7, 1.0, 0.9], [0.8, -0.9, 1.0]])
    for rationality in (0.5, 2.0, 8.0, 30.0):
        game = crisis_of(np.array([2.0, 1.5, 1.8]), np.full(3, 0.6), np.array([0.0, 1.0]), 1.0, rationality, alignment)
        table = normal_form(game).payoffs / rationality
        found = np.asarray(solve(game).strategy[0])
        again = solve_table(table, rationality, start=list(found))
        assert np.abs(np.array(again) - found).max() < 1e-9
        assert np.abs(np.array(solve_table(table, rationality)) - found).max() < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("stake", [1e3, 1e4])
def test_large_stakes_work_in_logs(stake):
    crises = random_crises(stake=stake)
    equilibrium = solve(crises)
    assert float(equilibrium.error.max()) < 1e-10
    assert np.allclose(np.asarray(equilibrium.strategy).sum(-1), 1.0)
    gradient = slope_by_stake(crises)
    assert np.all(np.isfinite(gradient))


def test_residuals_that_underflow_stay_finite_in_logs():
    game = crisis_of(np.full(3, 50.0), np.full(3, 0.5), np.array([0.0, 2000.0]), 1.0)
    equilibrium = solve(game)
    assert np.all(np.isfinite(equilibrium.log_residual))
    rivals = crisis_of(np.full(3, 50.0), np.full(3, 0.5), np.array([0.0, 400.0]), alignment=2 * np.eye(3) - 1)
    assert np.all(np.isfinite(solve(rivals).log_residual))


@pytest.mark.slow
def test_twelve_powers_with_nine_options():
    crises = random_crises(powers=12, options=9, crises=4)
    assert float(solve(crises, SolverSettings()).error.max()) < 1e-10


def test_only_silence_open_is_a_game_with_one_answer():
    crises = random_crises()
    shut = replaced(crises, is_open=np.asarray(crises.rung) == 0)
    equilibrium = solve(shut)
    assert np.all(np.asarray(equilibrium.strategy)[..., 0] == 1.0)
    assert np.allclose(equilibrium.log_residual, 0.0)
    gradient = slope_by_stake(shut)
    assert np.all(np.isfinite(gradient))


@pytest.mark.slow
def test_what_is_not_an_equilibrium_is_never_returned():
    crises = random_crises(crises=3)
    broken = replaced(crises, stake=crises.stake.at[1, 0].set(np.nan))
    with pytest.raises(NoEquilibriumFound, match="position 1") as caught:
        solve(broken)
    assert caught.value.positions == (1,)


def test_forced_and_absent_powers():
    crises = random_crises()
    assert np.all(np.asarray(solve(force(crises, 2, 5)).strategy)[:, 2, 5] == 1.0)
    gone = solve(absent(crises, jnp.arange(crises.stake.shape[1]) == 1))
    assert np.all(np.asarray(gone.strategy)[:, 1, 0] == 1.0)


@pytest.mark.slow
def test_large_batches_agree_with_the_exact_solver_whatever_the_block():
    single = random_crises(crises=1000, dtype="float32", seed=9)
    exact = np.asarray(solve(random_crises(crises=1000, seed=9), SolverSettings()).strategy)
    for block in (64, 256):
        fast = solve_batch(single, block=block)
        assert bool(np.all(fast.converged))
        assert np.abs(np.asarray(fast.strategy) - exact).max() < 1e-4
