"""The template case as a toy record, read once."""

from pathlib import Path

import pytest

import buckpass.case
from buckpass.case import Case, load_case


@pytest.fixture(scope="session")
def toy() -> Case:
    return load_case(Path(buckpass.case.__file__).parent / "template")


@pytest.fixture(scope="session")
def flagship() -> Case:
    return load_case("central-asia")
