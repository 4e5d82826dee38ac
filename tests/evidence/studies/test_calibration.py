"""Simulation-based calibration: ranks of truths drawn from the priors."""

import numpy as np
import pytest

from buckpass.evidence.studies.calibration import calibrated, replicate, rows_of
from buckpass.fitting.program import Program
from buckpass.fitting.sampling import NutsSettings, Sampling
from buckpass.model.mechanisms import combination
from synthetic import order


def test_uniform_ranks_hold_and_lopsided_ones_do_not():
    rng = np.random.default_rng(0)
    fine = [{"a": [x], "b": [y]} for x, y in rng.random((200, 2))]
    assert calibrated(fine).holds
    assert not calibrated([{"a": [x**3], "b": [y]} for x, y in rng.random((200, 2))]).holds
    narrow = [{"a": [x], "b": [y]} for x, y in rng.beta(0.4, 0.4, (200, 2))]
    assert calibrated(narrow).coverage < 0.85


@pytest.mark.parametrize(
    "name", [pytest.param("base", marks=pytest.mark.slow), pytest.param("FR", marks=pytest.mark.exhaustive)]
)
def test_ranks_are_uniform(name):
    setting = order(crises=10, powers=2, seed=2)
    one = combination(name)
    program = Program(setting, rows_of(setting), one.interacts)
    sampling = Sampling(one, program, NutsSettings(chains=2, warmup=150, draws=250))
    found = calibrated([replicate(sampling, setting, seed) for seed in range(60)])
    assert found.holds, found
