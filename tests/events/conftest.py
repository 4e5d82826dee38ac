"""Stores that hold real extracts, each made once."""

from pathlib import Path

import pytest

from buckpass.events import load

CUT, LARGEST = "icews14_complete_2014.tsv.gz", "icews05-15_complete_20120807-20151231.tsv.gz"


@pytest.fixture(scope="session")
def real_events(shared_data: Path, tmp_path_factory: pytest.TempPathFactory):
    """A store with the real event files (the two largest apart): the path and the load's report."""
    store = tmp_path_factory.mktemp("real") / "events.duckdb"
    files = [path for path in sorted((shared_data / "events").iterdir()) if path.name not in (CUT, LARGEST)]
    return store, load(store, files)


@pytest.fixture(scope="session")
def real_cut_events(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one benchmark copy from which whole states were cut."""
    store = tmp_path_factory.mktemp("cut") / "events.duckdb"
    load(store, [shared_data / "events" / CUT])
    return store


@pytest.fixture(scope="session")
def all_real_events(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with every real event file and the table of conflicts, for slow tests."""
    store = tmp_path_factory.mktemp("all") / "events.duckdb"
    conflicts = shared_data / "crises_interventions" / "peacesciencer_ucdp_acd.csv"
    load(store, [*sorted((shared_data / "events").iterdir()), conflicts])
    return store
