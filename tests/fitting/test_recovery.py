"""Simulate, fit, recover: the sampler finds a truth that it was not told."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from buckpass.fitting.posterior import diagnose
from buckpass.fitting.program import Program
from buckpass.fitting.sampling import NutsSettings, Sampling
from buckpass.fitting.scoring import drawn_scores, leave_one_out
from buckpass.game.covariates import COVARIATES
from buckpass.game.payoffs import plain_coefficients
from buckpass.model.mechanisms import combination
from buckpass.model.readings import reading_of
from synthetic import order, play

NUTS = NutsSettings(chains=2, warmup=400, draws=400)


@pytest.mark.slow
def test_interaction_and_slopes_are_recovered_and_refits_agree_with_importance_sampling():
    import xarray as xr

    setting = order(crises=150, powers=3, seed=4)
    slope = np.zeros(len(COVARIATES))
    slope[list(COVARIATES).index("severity")] = 1.5
    truth = replace(
        plain_coefficients(setting), kappa=jnp.array(0.8), stake_level=jnp.array(1.5),
        cost_level=jnp.array(1.5), stake_slope=jnp.array(slope), unasked=jnp.array(1.0),
    )  # fmt: skip
    sampling = Sampling(combination("FR"), Program(setting, play(setting, truth, seed=5), True), NUTS)
    draws = sampling.run()
    assert diagnose(draws.sites, draws.diverging, draws.moved).rhat_max < 1.05
    for name, true in {"kappa": 0.8, "stake.severity": 1.5, "unasked": 1.0}.items():
        low, high = np.percentile(draws.sites[name], [0.5, 99.5])
        assert low < true < high, name
    likelihood = xr.DataArray(draws.log_likelihood, dims=("chain", "draw", "crisis"), coords={"crisis": range(150)})
    quick = leave_one_out(likelihood)
    calm = np.argsort(quick.k)[:4]
    again = Sampling(combination("FR"), sampling.program, NUTS).taken_up(draws.sites)  # as from a file
    np.testing.assert_allclose(drawn_scores(again, calm.tolist(), quick.elpd[calm]), quick.elpd[calm], atol=0.15)


@pytest.mark.slow
def test_a_refit_needs_the_fit_it_goes_on_from():
    setting = order(crises=3, powers=2, seed=0)
    sampling = Sampling(combination("base"), Program(setting, play(setting, plain_coefficients(setting)), False), NUTS)
    with pytest.raises(RuntimeError, match="run"):
        sampling.run_under(reading_of(sampling.seen))
