"""Some crises, or one program for all explanations, give what all crises and a program for each give."""

import jax
import numpy as np
import pytest

from buckpass.changes.scenario import scenario_setting
from buckpass.fitting.layout import EFFECT
from buckpass.game.setting import setting_of
from buckpass.model.coefficients import coefficients_from
from buckpass.predict.drawing import coefficients_of, draw
from buckpass.predict.which_fits import Basis
from made_posteriors import posterior_of, prior_sites

DRAWS = 3


@pytest.fixture(scope="module")
def setting(toy):
    return setting_of(toy)


def fitted(case, name):
    return posterior_of(case, name, prior_sites(case, name, 2 * DRAWS))


def same(left, right):
    pairs = zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["base", "FR", "BL", "all"])
def test_a_term_that_a_fit_fixes_stands_where_it_has_no_effect(toy, setting, name):
    fit = fitted(toy, name)
    terms = {k: v for k, v in fit.flat(DRAWS).items() if k != EFFECT}
    alone = jax.vmap(lambda one: coefficients_from(setting, one))(terms)
    found = coefficients_of(fit, setting, DRAWS)
    assert same(found.__class__(**{**found.__dict__, "crisis_effect": alone.crisis_effect}), alone)


@pytest.mark.slow
def test_games_of_some_crises_are_those_of_all(toy, setting):
    some = (setting.names.crises[2], setting.names.crises[0])
    whole = draw(Basis(fitted(toy, "all")), setting, DRAWS)
    part = whole.under(scenario_setting(toy, some))
    at = [whole.crises.index(c) for c in some]
    assert part.crises == some
    for mine, theirs in zip(jax.tree.leaves(part.games), jax.tree.leaves(whole.games), strict=True):
        np.testing.assert_allclose(part.by_draw(mine), whole.by_draw(theirs)[:, at], rtol=1e-14)
