"""The store that holds every real extract, made once."""

from pathlib import Path

import pytest

from buckpass.events import load


@pytest.fixture(scope="session")
def real_events(shared_data: Path, tmp_path_factory: pytest.TempPathFactory):
    """A store with the real event files: the path and the load's report."""
    store = tmp_path_factory.mktemp("real") / "events.duckdb"
    return store, load(store, sorted((shared_data / "events").iterdir()))
