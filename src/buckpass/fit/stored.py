"""The posteriors that were fitted to a case and kept, read without loading what fits them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from buckpass.case import Case
from buckpass.fit.explanations import explanations
from buckpass.fit.posterior import Posterior, PosteriorFileError, load_posterior

if TYPE_CHECKING:
    from buckpass.fit.likelihood import Order

__all__ = ["load_posteriors", "posterior_file", "posteriors_or_none"]


def posterior_file(name: str, order: Order = "simultaneous") -> str:
    """Name of the file that keeps an explanation's posterior under an order of moves."""
    return f"{name}.nc" if order == "simultaneous" else f"{name}.{order.replace(' ', '-')}.nc"


def load_posteriors(
    case: Case, folder: Path | None = None, names: Sequence[str] | None = None, order: Order = "simultaneous"
) -> dict[str, Posterior]:
    """Posteriors of the case by explanation id (all, or those named) under one order of moves.

    From `folder`, or those bundled with the case.

    Raises
    ------
    PosteriorFileError
        There is none, or they were fitted to another version of the case; says that it must be refitted and how.
    """
    place = folder or case.folder / "posteriors"
    wanted = [e.id for e in explanations() if names is None or e.id in names]
    found = [load_posterior(path) for i in wanted if (path := place / posterior_file(i, order)).is_file()]
    how = f"`buckpass fit {case.folder.name} -o {case.folder.name}/posteriors`, minutes on two cores"
    if not found:
        moved = "" if order == "simultaneous" else f" with the {order}"
        raise PosteriorFileError(f"no posteriors of {case.id}{moved} in {place.name}/: fit it first with {how}")
    stale = [p.explanation for p in found if p.case_hash != case.record_hash]
    if stale:
        raise PosteriorFileError(
            f"the posteriors of {', '.join(stale)} were fitted to another version of {case.id} (its hash is now "
            f"{case.record_hash[:12]}): a changed case must be refitted, {how}"
        )
    return {p.explanation: p for p in found}


def posteriors_or_none(case: Case, folder: Path | None = None) -> dict[str, Posterior] | None:
    """Posteriors if the case has been fitted, None if there are none; stale or damaged ones still raise."""
    place = folder or case.folder / "posteriors"
    return load_posteriors(case, folder) if place.is_dir() and any(place.glob("*.nc")) else None
