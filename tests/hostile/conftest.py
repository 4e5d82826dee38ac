"""What the full sizes tried, counted: `make hostile` ends with a table of it."""

import resource
import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / room) for room in ("events", "worldwide", "game")]  # their made inputs
MEGABYTE = 1024  # of the kilobytes in which Linux counts


@pytest.fixture
def tried(record_property):
    """Says how many inputs of a kind a test has tried."""
    return lambda kind, count: record_property("tried", (kind, count))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    report.user_properties.append(("peak", max(own, children) // MEGABYTE))
    return report


def pytest_terminal_summary(terminalreporter, config):
    """Kind by kind: inputs tried, seconds of the tests that tried them, most memory of a process until then."""
    found = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        said = dict(report.user_properties)
        if report.when == "call" and "tried" in said:
            kind, count = said["tried"]
            inputs, seconds, peak = found.get(kind, (0, 0.0, 0))
            found[kind] = inputs + count, seconds + report.duration, max(peak, said["peak"])
    if found and "hostile" in (config.option.markexpr or ""):
        terminalreporter.section("hostile inputs")
        for kind, (inputs, seconds, peak) in sorted(found.items()):
            terminalreporter.line(f"{kind:48}{inputs:7,} tried{seconds:8.1f} s{peak:7,} MB")
        total = (
            sum(one[0] for one in found.values()),
            sum(one[1] for one in found.values()),
            max(one[2] for one in found.values()),
        )
        terminalreporter.line(f"{'all':48}{total[0]:7,} tried{total[1]:8.1f} s{total[2]:7,} MB")
