"""The posterior of a two-power toy against integration on a grid."""

from threading import Event
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax.scipy.special import ndtr, ndtri
from numpyro.infer import MCMC, NUTS

from buckpass.fitting.posterior import Diagnostics
from buckpass.fitting.program import BLOCK, LONGEST_FORCE, Program, _pulled_back
from buckpass.fitting.sampling import NutsSettings, Sampling
from buckpass.fitting.scoring import drawn_scores
from buckpass.game.payoffs import plain_coefficients
from buckpass.model.coordinates import coordinates_of
from buckpass.model.likelihood import Likelihood
from buckpass.model.mechanisms import Combination
from buckpass.model.readings import reading_of
from synthetic import order, play


class _Adapted(NamedTuple):
    step_size: jax.Array


TOY = Combination("toy", (), ("unasked", "kappa"), {})  # two terms, so that a grid can integrate them
SETTING = order(crises=8, powers=2, seed=3)


def at(u):
    """The terms at a point of the two that are free."""
    coordinates = coordinates_of(SETTING)
    is_free = coordinates.free(TOY)
    whole = jnp.zeros(coordinates.size).at[np.flatnonzero(is_free)].set(u)
    return coordinates.values(whole, jnp.asarray(is_free))


@pytest.mark.slow
def test_draws_and_left_out_scores_agree_with_a_grid():
    """With u standard normal under the prior, the posterior is the prior weighted by the likelihood: exact on a grid."""
    seen = play(SETTING, plain_coefficients(SETTING), seed=1)
    sampling = Sampling(TOY, Program(SETTING, seen, True), NutsSettings(draws=2500))
    draws = sampling.run()
    grid = np.stack(np.meshgrid(*[ndtri((np.arange(60) + 0.5) / 60)] * 2, indexing="ij"), -1).reshape(-1, 2)
    likelihood, reading = Likelihood(SETTING, seen, True), reading_of(seen)
    by_crisis = jax.jit(jax.vmap(lambda u: likelihood(at(u), reading).responses))(grid)
    values = jax.vmap(at)(jnp.asarray(grid))
    weight = np.exp(np.asarray(by_crisis.sum(1)))
    weight /= weight.sum()
    for term in ("kappa", "unasked"):
        mean = float(weight @ values[term])
        spread = float(np.sqrt(weight @ (np.asarray(values[term]) - mean) ** 2))
        assert draws.sites[term].mean() == pytest.approx(mean, abs=0.08 * spread)
        assert draws.sites[term].std() == pytest.approx(spread, rel=0.06)
    left_out, each = [0, 3, 5], np.asarray(by_crisis)
    without = np.exp(each.sum(1, keepdims=True) - each[:, left_out])
    exact = np.log((without * np.exp(each[:, left_out])).sum(0) / without.sum(0))
    np.testing.assert_allclose(drawn_scores(sampling, left_out, exact), exact, atol=0.05)


@pytest.mark.slow
def test_coordinates_have_the_priors_that_the_file_says():
    """Pushing a standard normal through the coordinates gives the quantiles of the priors."""
    u = jnp.asarray(ndtri(jnp.array([0.05, 0.5, 0.95])))
    values = jax.vmap(lambda x: at(jnp.full(2, x)))(u)
    np.testing.assert_allclose(values["kappa"], [0.05, 0.5, 0.95], atol=1e-12)
    half_normal = 2.0 * ndtri(0.5 + jnp.array([0.05, 0.5, 0.95]) / 2)
    np.testing.assert_allclose(values["unasked"], half_normal, rtol=1e-10)
    assert float(ndtr(u[2])) == pytest.approx(0.95)


@pytest.mark.slow
def test_a_shortened_force_leaves_the_posterior_as_it_is():
    """A step that is far steeper than any force allowed, against the trapezoidal rule."""

    def energy(x):
        return 0.5 * x @ x + jnp.tanh(200.0 * (x[0] - 0.5))

    assert float(jnp.abs(jax.grad(energy)(jnp.array([0.5]))[0])) > 100
    kernel = NUTS(potential_fn=lambda x: energy(_pulled_back(x)))
    chains = MCMC(kernel, num_warmup=500, num_samples=20_000, progress_bar=False)
    chains.run(jax.random.PRNGKey(0), init_params=jnp.zeros(1))
    x = np.linspace(-8, 8, 200_001)
    density = np.exp(-jax.vmap(energy)(x[:, None]))
    beyond = np.trapezoid(np.where(x > 0.5, density, 0), x) / np.trapezoid(density, x)
    assert np.mean(np.asarray(chains.get_samples())[:, 0] > 0.5) == pytest.approx(beyond, abs=0.01)


def test_a_force_is_shortened_and_not_turned():
    slope = jnp.array([1.8, -2.4])  # of length 3: shorter than LONGEST_FORCE √2
    by_force = [jax.grad(lambda x, k=k: k * slope @ _pulled_back(x))(jnp.ones(2)) for k in (1.0, 100.0)]
    np.testing.assert_allclose(by_force[0], slope, rtol=1e-15)
    np.testing.assert_allclose(by_force[1], slope / 3.0 * LONGEST_FORCE * np.sqrt(2), rtol=1e-12)


@pytest.mark.slow
def test_a_fit_that_just_missed_goes_on_from_where_its_chains_ended():
    seen = play(SETTING, plain_coefficients(SETTING), seed=1)
    sampling = Sampling(TOY, Program(SETTING, seen, True), NutsSettings(chains=2, draws=150))
    first = sampling.run()
    more = sampling.go_on(first)
    assert more.diverging.shape == (2, 300)
    assert more.log_likelihood.shape == (2, 300, seen.n_crises)
    np.testing.assert_array_equal(more.sites["kappa"][:, :150], first.sites["kappa"])
    assert not np.array_equal(more.sites["kappa"][:, 150:], first.sites["kappa"])


class _State(NamedTuple):
    adapt_state: _Adapted


class _WithCliffs:
    """A program of which one iteration in four meets a cliff that no step avoids; else acceptance falls with the step."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def block(self, state, frame, reading):
        smooth = np.exp(-float(state.adapt_state.step_size))
        acceptance = np.where(self.rng.random(BLOCK) < 0.25, 0.0, smooth)
        return state, (np.zeros((BLOCK, 2)), np.zeros(BLOCK, bool), acceptance)


@given(st.floats(0.01, 3.0))
def test_cliffs_that_no_step_avoids_do_not_shorten_the_steps(first):
    sampling = object.__new__(Sampling)
    sampling.program, sampling.nuts, sampling.frame = _WithCliffs(), NutsSettings(target_accept=0.9), None
    start = _State(_Adapted(jnp.asarray(first)))
    end, *_ = sampling._chain(start, None, 0, 20 * BLOCK, Event(), steers=True)
    assert float(end.adapt_state.step_size) == pytest.approx(-np.log(sampling.nuts.target_accept), rel=0.2)


@pytest.mark.parametrize(("rhat", "ess", "divergences", "wanted"), [
    (1.005, 500.0, 0, False), (1.013, 500.0, 0, True), (1.005, 150.0, 0, True), (1.05, 500.0, 0, False),
    (1.005, 90.0, 0, False), (1.013, 500.0, 1, False),
])  # fmt: skip
def test_more_draws_are_taken_where_they_should_mend_the_fit(rhat, ess, divergences, wanted):
    assert Diagnostics(rhat, ess, ess, divergences, "kappa").wants_more is wanted
