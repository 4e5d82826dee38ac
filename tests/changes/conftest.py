"""Games under draws of the priors of every term, so that every input reaches some payoff."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "fitting"))

from drawn import prior_posterior

EVERYTHING, DRAWS = "all", 12


@pytest.fixture(scope="session")
def toy_fits(toy):
    return {EVERYTHING: prior_posterior(toy, EVERYTHING, DRAWS)}


@pytest.fixture(scope="session")
def flagship_fits(flagship):
    return {EVERYTHING: prior_posterior(flagship, EVERYTHING, DRAWS)}
