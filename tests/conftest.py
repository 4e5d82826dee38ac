"""Fixtures for every room, and the table with which `make hostile` ends."""

import ctypes
import gc
import os
import resource
import sys
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import settings

MOST_GROWTH = 1_200  # MB of memory since compiled programs were last dropped
STATM = Path("/proc/self/statm")
CACHE = Path(__file__).parent.parent / ".jax_cache"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("BUCKPASS_KEEP_ANSWERS", "0")  # what a test sees was computed for it
settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("untimed")


def _resident() -> int:
    return int(STATM.read_text().split()[1]) * resource.getpagesize() // 2**20


def pytest_configure():
    """The bundled cases, which nobody changes, are read once a process: the flagship takes a second, and dozens of modules ask for it."""
    loading = import_module("buckpass.case.load")
    read, known = loading._read, {}

    def read_once(ref):
        folder = loading.case_folder(ref)
        if folder is None or folder.parent != loading.BUNDLED:
            return read(ref)
        if folder not in known:
            known[folder] = read(ref)
        return known[folder]

    loading._read = read_once


_after_dropping: list[int] = []  # MB held then


def pytest_runtest_teardown():
    """JAX keeps every program that it compiled, some megabytes and twenty memory maps each: a long run would hold gigabytes,
    and a process that reaches the kernel's limit of maps dies. What is freed goes back to the system only when it is told to."""
    if "jax" not in sys.modules or not STATM.exists():
        return
    held = _resident()
    if _after_dropping and held > _after_dropping[-1] + MOST_GROWTH:
        sys.modules["jax"].clear_caches()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        held = _resident()
        _after_dropping.clear()
    if not _after_dropping:
        _after_dropping.append(held)


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
