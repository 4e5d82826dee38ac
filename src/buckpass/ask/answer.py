"""What every answer about a crisis says of itself: which crisis, on which fits it rests, and with how many draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from buckpass.results.table import ShowsItself

__all__ = ["Answer"]


@dataclass(frozen=True, kw_only=True)
class Answer(ShowsItself):
    """One answer about one crisis; weights : how much each fit counts, by explanation."""

    crisis: str
    explanation: str  # the one that answers, or which ones are averaged
    weights: Mapping[str, float]
    notes: tuple[str, ...]
    n_draws: int  # of each fit
    seed: int
    case_hash: str
    record_hash: str  # of what the fit was given

    def rests_on(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        names = ("crisis", "explanation", "n_draws", "seed", "case_hash", "record_hash")
        return {n: getattr(self, n) for n in names} | {"weights": dict(self.weights), "notes": list(self.notes)}
