"""Stores of the world, each made once: a small one of traps, and the publishers' own where the files are."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "events"))  # made tables in the publishers' layouts

from made_world import made, small, traps

from buckpass.events import load
from buckpass.worldwide.record import read_world
from buckpass.worldwide.rules import rules


@pytest.fixture(scope="session")
def small_store(tmp_path_factory):
    return made(tmp_path_factory.mktemp("world"), traps())


@pytest.fixture(scope="session")
def small_world(small_store):
    return read_world(small_store, small())


@pytest.fixture(scope="session")
def real_store(shared_data, tmp_path_factory):
    """The publishers' files themselves."""
    store = tmp_path_factory.mktemp("whole") / "s.duckdb"
    load(store, [shared_data / name for name in (
        "external_support/ucdp-esd-ty-181.csv", "published/ucdp_prio_acd_v23_1_full.csv",
        "alliances/peacesciencer_atop_alliance.csv.gz", "published/cow_contdir310.csv",
        "crises_interventions/peacesciencer_tss_rivalries.csv", "milex/NMC-60-abridged.csv",
    )])  # fmt: skip
    return store


@pytest.fixture(scope="session")
def real_world(real_store):
    return read_world(real_store, rules())
