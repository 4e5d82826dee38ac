"""Simulation-based calibration: ranks of truths drawn from the priors."""

import numpy as np
import pytest
from synthetic import order

from buckpass.fit.calibration import calibrated, replicate, rows_of
from buckpass.fit.explanations import explanation
from buckpass.fit.sampling import NutsSettings, Sampling


def test_uniform_ranks_hold_and_lopsided_ones_do_not():
    rng = np.random.default_rng(0)
    fine = [{"a": [x], "b": [y]} for x, y in rng.random((200, 2))]
    assert calibrated(fine).holds
    assert not calibrated([{"a": [x**3], "b": [y]} for x, y in rng.random((200, 2))]).holds
    narrow = [{"a": [x], "b": [y]} for x, y in rng.beta(0.4, 0.4, (200, 2))]
    assert calibrated(narrow).coverage < 0.85


@pytest.mark.parametrize(
    "name", [pytest.param("chance", marks=pytest.mark.slow), pytest.param("FR", marks=pytest.mark.exhaustive)]
)
def test_ranks_are_uniform(name):
    setting = order(crises=10, powers=2, seed=2)
    sampling = Sampling(explanation(name), setting, rows_of(setting), NutsSettings(chains=2, warmup=150, draws=250))
    found = calibrated([replicate(sampling, setting, seed) for seed in range(60)])
    assert found.holds, found
