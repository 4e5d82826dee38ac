"""What a user can get wrong about the years ahead, one named error each."""

from __future__ import annotations

from buckpass.results.errors import BuckpassError

__all__ = [
    "BadDesign",
    "ClusterDoesNotAnswer",
    "ClusterFailed",
    "FuturesError",
    "GrowthOverflows",
    "ManifestMismatch",
    "NoArrangement",
    "NoCapacity",
    "NoHistories",
]


class FuturesError(BuckpassError):
    """Base of the errors of this room."""


class NoArrangement(FuturesError):
    """The case has no [arrangement]: there is no bargain to test."""


class NoCapacity(FuturesError):
    """No power has a capacity before the first year: there is nothing from which the years ahead could start."""


class NoHistories(FuturesError):
    """Fewer than one history or one year, or more than keys tell apart, was asked for."""


class GrowthOverflows(FuturesError):
    """A growth rate would carry a quantity out of what numbers hold within the years asked."""


class ManifestMismatch(FuturesError):
    """The folder holds results of another case, version, seed or design; nothing was overwritten."""


class BadDesign(FuturesError):
    """A design file that cannot be used."""


class ClusterFailed(FuturesError):
    """The workers of a Dask scheduler were lost, or stand still; the message says which and what to do."""


class ClusterDoesNotAnswer(FuturesError):
    """No Dask scheduler answered at the address in time."""
