"""A toy case and a made posterior of it."""

from pathlib import Path

import pytest
from made import made_posterior

import buckpass.case
from buckpass.case import Case, load_case
from buckpass.fitting.posterior import Posterior


@pytest.fixture(scope="session")
def toy() -> Case:
    return load_case(Path(buckpass.case.__file__).parent / "template")


@pytest.fixture(scope="session")
def posteriors(toy: Case) -> dict[str, Posterior]:
    return {"FR": made_posterior(toy)}
