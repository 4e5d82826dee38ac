"""Fixtures for every room, and the table with which `make hostile` ends."""

import gc
import os
import resource
import sys
from pathlib import Path

import pytest
from hypothesis import settings

MOST_MAPS = 20_000  # a third of what Linux allows by default
CACHE = Path(__file__).parent.parent / ".jax_cache"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("BUCKPASS_KEEP_ANSWERS", "0")  # what a test sees was computed for it
settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("untimed")


def pytest_runtest_teardown():
    """Every compiled program holds some twenty memory maps, and a process that reaches the kernel's limit of them dies."""
    maps = Path("/proc/self/maps")
    if "jax" in sys.modules and maps.exists() and maps.read_bytes().count(b"\n") > MOST_MAPS:
        sys.modules["jax"].clear_caches()
        gc.collect()


@pytest.fixture
def tried(record_property):
    """Says how many hostile inputs of a kind a test has tried."""
    return lambda kind, count: record_property("tried", (kind, count))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    report.user_properties.append(("peak", most // 1024))  # MB, of the kilobytes in which Linux counts
    return report


def pytest_terminal_summary(terminalreporter, config):
    """Kind by kind: hostile inputs tried, seconds of the tests that tried them, most memory of a process until then."""
    found = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        said = dict(report.user_properties)
        if report.when == "call" and "tried" in said:
            kind, count = said["tried"]
            inputs, seconds, peak = found.get(kind, (0, 0.0, 0))
            found[kind] = inputs + count, seconds + report.duration, max(peak, said["peak"])
    if found and "hostile" in (config.option.markexpr or ""):
        inputs, seconds, peaks = zip(*found.values(), strict=True)
        terminalreporter.section("hostile inputs")
        for kind, (count, took, peak) in [*sorted(found.items()), ("all", (sum(inputs), sum(seconds), max(peaks)))]:
            terminalreporter.line(f"{kind:40}{count:8,} tried{took:9.1f} s{peak:8,} MB at most")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real extracts beside the checkout; tests that need it skip visibly where it is absent."""
    folder = Path(__file__).parent.parent.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real extracts in ../shared/data")
    return folder


@pytest.fixture(scope="session")
def toy():
    """The template case as a toy record, read once."""
    from buckpass.case import load_case
    from buckpass.case.start import TEMPLATE

    return load_case(TEMPLATE)


@pytest.fixture(scope="session")
def flagship():
    """The bundled case with the longest record, read once."""
    from buckpass.case import load_case

    return load_case("central-asia")
