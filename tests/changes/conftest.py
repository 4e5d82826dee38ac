"""Games under draws of the priors of every term, so that every input reaches some payoff."""

import pytest

from drawn import prior_posterior

EVERYTHING, DRAWS = "everything", 12


@pytest.fixture(scope="session")
def toy_fits(toy):
    return {EVERYTHING: prior_posterior(toy, EVERYTHING, DRAWS)}


@pytest.fixture(scope="session")
def flagship_fits(flagship):
    return {EVERYTHING: prior_posterior(flagship, EVERYTHING, DRAWS)}
