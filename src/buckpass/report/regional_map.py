"""A map of the theatre: who deployed how often in which host."""

from __future__ import annotations

from buckpass.case import Case
from buckpass.record import Record
from buckpass.report.theme import Figure

__all__ = ["regional_map"]


def regional_map(case: Case, record: Record) -> Figure | None:
    """The hosts of the focus's theatre; None where the case has no geometry.json."""
    if not (case.folder / "geometry.json").is_file():
        return None
    return None
