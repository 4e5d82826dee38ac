"""One interval for every number that is known by its draws: the middle 90 percent, with a mean or a median."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `buckpass check` counts in words, and needs none of it: a tenth of a second
    import numpy as np

__all__ = ["DRAWS", "ENDS", "LEVEL", "Summary", "interval", "normal_interval", "summary"]

DRAWS = 200  # posterior draws behind an answer, where nobody asks for others

LEVEL = 0.9  # every interval holds 90 percent, unless it says otherwise
ENDS = (0.05, 0.95)  # the quantiles between which it does
Z = 1.645  # half the width of a 90 % normal interval, in standard errors


@dataclass(frozen=True)
class Summary:
    """Mean and 90 % interval of one number."""

    mean: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        return {"mean": self.mean, "low": self.low, "high": self.high}

    def columns(self, name: str) -> dict[str, float]:
        """The three as columns of a table: name, name_low, name_high."""
        return {name: self.mean, f"{name}_low": self.low, f"{name}_high": self.high}


def interval(draws: np.ndarray | Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """The middle part of draws, 90 percent of them by default.

    Parameters
    ----------
    draws : [draw], in the unit of the number; none is NaN.
    level : share of the draws between the ends.

    Returns
    -------
    tuple of float
        Lower and upper end.

    Examples
    --------
    >>> interval(range(101))
    (5.0, 95.0)
    """
    import numpy as np

    tail = round((1 - level) / 2, 12)
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def summary(draws: np.ndarray) -> Summary:
    """Mean and 90 % interval of draws [draw]."""
    import numpy as np

    return Summary(float(np.mean(draws)), *interval(draws))


def normal_interval(mean: float, error: float) -> tuple[float, float]:
    """The 90 % interval of a mean by its standard error."""
    return mean - Z * error, mean + Z * error
