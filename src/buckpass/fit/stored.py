"""The posteriors that were fitted to a case and kept, read without loading what fits them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from buckpass.case import Case
from buckpass.fit.explanations import explanations
from buckpass.fit.posterior import Posterior, PosteriorFileError, load_posterior

__all__ = ["load_posteriors", "posteriors_or_none"]


def load_posteriors(case: Case, folder: Path | None = None, names: Sequence[str] | None = None) -> dict[str, Posterior]:
    """Posteriors of the case by explanation id (all, or those named): from `folder`, or those bundled with the case.

    Raises
    ------
    PosteriorFileError
        There is none, or they were fitted to another version of the case; says that it must be refitted and how.
    """
    place = folder or case.folder / "posteriors"
    files = sorted(place.glob("*.nc")) if place.is_dir() else []
    found = [load_posterior(path) for path in files if names is None or path.stem in names]
    how = f"`buckpass fit {case.folder.name} -o {case.folder.name}/posteriors`, minutes on two cores"
    if not found:
        raise PosteriorFileError(f"no posteriors of {case.id} in {place.name}/: fit it first with {how}")
    stale = [p.explanation for p in found if p.case_hash != case.record_hash]
    if stale:
        raise PosteriorFileError(
            f"the posteriors of {', '.join(stale)} were fitted to another version of {case.id} (its hash is now "
            f"{case.record_hash[:12]}): a changed case must be refitted, {how}"
        )
    order = [e.id for e in explanations()]
    return {p.explanation: p for p in sorted(found, key=lambda p: order.index(p.explanation))}


def posteriors_or_none(case: Case, folder: Path | None = None) -> dict[str, Posterior] | None:
    """Posteriors if the case has been fitted, None if there are none; stale or damaged ones still raise."""
    place = folder or case.folder / "posteriors"
    return load_posteriors(case, folder) if place.is_dir() and any(place.glob("*.nc")) else None
