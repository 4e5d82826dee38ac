"""One interval and one percent for all: no other room takes quantiles of draws, or writes a share, by itself."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import buckpass
from buckpass.results.summary import LEVEL, Summary, interval, normal_interval, summary

SOURCE = Path(buckpass.__file__).parent


def test_the_interval_holds_its_share_of_a_known_distribution():
    draws = stats.gamma(3).ppf((np.arange(20_000) + 0.5) / 20_000)
    for level in (LEVEL, 0.95, 0.5):
        expected = stats.gamma(3).ppf([(1 - level) / 2, (1 + level) / 2])
        assert interval(draws, level) == pytest.approx(tuple(expected), rel=1e-3)


def test_a_summary_is_mean_and_interval():
    found = summary(np.arange(101.0))
    assert found == Summary(50.0, 5.0, 95.0)
    assert found.columns("x") == {"x": 50.0, "x_low": 5.0, "x_high": 95.0}


def test_the_normal_interval_is_that_of_the_draws():
    draws = stats.norm(2, 3).ppf((np.arange(20_000) + 0.5) / 20_000)
    assert normal_interval(2, 3) == pytest.approx(interval(draws), rel=1e-3)


def test_no_other_room_takes_the_ends_of_draws():
    """Quantiles that are no interval of a result: levels of a grid, a table's cuts, a peel's one, a depth among samples."""
    own = {"results/summary.py"}
    grids = {
        "evidence/studies/hypothetical.py", "evidence/transforms.py", "years/arrivals.py", "sweeps/scenario_discovery.py"
    }  # fmt: skip
    taken = re.compile(r"np\.(nan)?(quantile|percentile)\(")
    found = {p.relative_to(SOURCE).as_posix() for p in SOURCE.rglob("*.py") if taken.search(p.read_text("utf-8"))}
    assert found == own | grids


def test_a_share_in_words_is_written_by_one_function():
    own = re.compile(r":\.\d+%\}")
    assert not [p.relative_to(SOURCE).as_posix() for p in SOURCE.rglob("*.py") if own.search(p.read_text("utf-8"))]
