"""An answer is worked out in NumPy, a fit in JAX: one formula, and the same equilibria."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from random_games import random_crises

from buckpass.case import load_case
from buckpass.fitting.files import load_posteriors
from buckpass.game.arrays import at_host
from buckpass.game.crises import Crises
from buckpass.game.path import PathLost
from buckpass.game.payoffs import crises_of
from buckpass.game.setting import setting_of
from buckpass.game.solver import IN_BLOCKS, PRINCIPAL, solve
from buckpass.predict.drawing import Drawn, draw
from buckpass.predict.numbers import quantities_of
from buckpass.predict.which_fits import basis_of

CLOSE = 1e-9
PRICES = ("stake", "cost", "backlash", "norm", "influence", "severity", "delivery")


@pytest.fixture(scope="module", params=["central-asia", "western-balkans"])
def given_crises(request) -> Drawn:
    case = load_case(request.param)
    return draw(basis_of(case, load_posteriors(case, names=["all"])), setting_of(case), 20)


@pytest.fixture(scope="module")
def games_of_case(given_crises):
    """The same games from a call: of what fails, Hypothesis writes the arguments out, and of these they are half a million numbers."""
    return lambda: given_crises.games


def found_or_lost(games: Crises, how):
    """The equilibria, or in a word that the branch of one of them could not be followed."""
    try:
        return solve(games, how)
    except PathLost:
        return "lost"


def compared(games: Crises, how) -> None:
    """Equilibria of games of NumPy beside those of the same games in JAX, and the numbers reported of them."""
    compiled = jax.device_put(games)
    here, there = found_or_lost(games, how), found_or_lost(compiled, how)
    if isinstance(here, str) or isinstance(there, str):  # where stakes are many times the record's
        assert (here, there) == ("lost", "lost")
        return
    assert (type(here.strategy) is np.ndarray, isinstance(there.strategy, jax.Array)) == (True, True)
    np.testing.assert_allclose(here.strategy, there.strategy, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(here.log_residual, there.log_residual, rtol=0, atol=CLOSE)
    assert here.error.max() <= how.tolerance
    numbers, same = quantities_of(games, here), quantities_of(compiled, there)
    for name, values in numbers.items():
        np.testing.assert_allclose(values, same[name], rtol=1e-7, atol=1e-7, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("how", [IN_BLOCKS, PRINCIPAL], ids=["sweeps", "path"])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0.0, 0.7))
@example(seed=223, spread=0.6875)  # one of its branches is lost
def test_random_crises_of_a_case_have_the_equilibria_of_the_compiled_solver(games_of_case, how, seed, spread):
    random = np.random.default_rng(seed)
    rows = random.integers(0, len(games_of_case().stake), 64)
    games = jax.tree.map(lambda v: v[rows], games_of_case())
    moved = {n: v * np.exp(spread * random.standard_normal(v.shape)) for n in PRICES for v in [getattr(games, n)]}
    compared(replace(games, **moved), how)


@pytest.mark.slow
@pytest.mark.parametrize("how", [IN_BLOCKS, PRINCIPAL], ids=["sweeps", "path"])
def test_options_closed_to_all_are_left_out_of_options_only(how):
    """With as many powers as options, alignments have the shape that options have."""
    games = at_host(random_crises(seed=5, crises=40, powers=5, options=5))
    is_open = games.is_open.copy()
    is_open[::2, :, 3] = False
    compared(replace(games, is_open=is_open), how)


def test_games_of_many_draws_are_those_of_each(given_crises):
    setting, coefficients = given_crises.setting.nameless(), given_crises.coefficients
    each = jax.jit(jax.vmap(lambda one: crises_of(setting, one)))(coefficients)
    for name, values in vars(given_crises.games).items():
        if name != "rungs":
            one = np.asarray(getattr(each, name))
            np.testing.assert_allclose(values, one.reshape(-1, *one.shape[2:]), rtol=1e-12, atol=1e-12, err_msg=name)
