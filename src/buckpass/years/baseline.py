"""The baseline of the years ahead, kept: it comes with a bundled case, so that page and dashboard show it without playing it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from buckpass.case import BuckpassError, Case, load_case
from buckpass.case.load import is_bundled
from buckpass.fitting.files import SEAL, load_posteriors, sealed
from buckpass.fitting.posterior import Posterior
from buckpass.predict.which_fits import basis_of, best_first
from buckpass.results.digests import digest, digest_of_files, program_files
from buckpass.results.files import json_text, own_cache, read_own, write_whole
from buckpass.years.run import Plan, simulate

__all__ = ["HISTORIES", "YEARS", "KeptYears", "bundle", "play", "stored"]

YEARS, HISTORIES = 25, 2_000
MOST_BYTES = 10**8  # of a store in the cache
MANIFEST, DIGEST = "manifest", "digest"
BUNDLED = "years.nc"  # in the folder of a case that comes with the package
_ONE_AT_A_TIME = threading.Lock()  # a simulation uses every core: visitors wait for each other instead of for all


@dataclass(frozen=True)
class KeptYears:
    """What the figures of the years ahead need: summaries over histories, and what they are summaries of."""

    summary: xr.Dataset
    manifest: Mapping[str, Any]


def play(case: Case, posteriors: Mapping[str, Posterior], changes: Sequence[str], histories: int) -> KeptYears:
    """So many histories under the changes, beside the baseline on the same random numbers; the baseline is kept on disk."""
    with _ONE_AT_A_TIME:
        if not changes and (kept := stored(case, posteriors, histories)) is not None:
            return kept
        plan = Plan(years=YEARS, histories=histories)
        kept = _played(case, posteriors, changes, plan)
        if not changes and (cached := own_cache("years")) is not None:
            known_by = _of_this_program(_known_by(case, posteriors, plan))
            _write(kept, cached / f"{known_by}.nc", known_by, private=True)
    return kept


def _played(case: Case, posteriors: Mapping[str, Posterior], changes: Sequence[str], plan: Plan) -> KeptYears:
    found = simulate(case, posteriors, tuple(changes), plan)
    return KeptYears(found.summary, found.manifest)


def stored(case: Case, posteriors: Mapping[str, Posterior], histories: int = HISTORIES) -> KeptYears | None:
    """The baseline as it was played before; None where it has to be played.

    The store is the one that comes with the case, or a file in the user's cache folder; both carry the digest of what their numbers
    depend on, that in the cache of the program too, and one of another digest is not used. What lies in a stranger's case is not
    opened.
    """
    known_by = _known_by(case, posteriors, Plan(years=YEARS, histories=histories))
    if is_bundled(case) and (kept := _read(case.folder / BUNDLED, known_by)) is not None:
        return kept
    if (cached := own_cache("years")) is None:
        return None
    known_by = _of_this_program(known_by)
    return _read_cached(cached / f"{known_by}.nc", known_by)


def bundle(ref: str) -> Path:
    """Play the baseline of a bundled case into its folder, so that its first visitor need not wait for it."""
    case = load_case(ref)
    fits = best_first(load_posteriors(case))
    plan, path = Plan(years=YEARS, histories=HISTORIES), case.folder / BUNDLED
    _write(_played(case, fits, (), plan), path, _known_by(case, fits, plan))
    return path


def _of_this_program(known_by: str) -> str:
    """The digest of what an older program, or one that is being worked on, would not have played alike."""
    return digest(f"{known_by} {digest_of_files(program_files())}".encode())


def _known_by(case: Case, posteriors: Mapping[str, Posterior], plan: Plan) -> str:
    """Of all that the numbers depend on: what a fit can read of the case, the plan, the fit that answers, and its draws."""
    basis, whole = basis_of(case, posteriors), hashlib.sha256()
    depends = [
        case.record_hash, basis.name, sorted(basis.weights.items()), basis.fit.case_hash, basis.fit.seed, basis.fit.model,
        plan.years, plan.histories, plan.seed, version("buckpass"),
    ]  # fmt: skip
    whole.update(json.dumps(depends).encode())
    for name, draws in sorted(basis.fit.flat().items()):
        whole.update(name.encode() + np.ascontiguousarray(draws).tobytes())
    return whole.hexdigest()[:32]


def _read_cached(path: Path, known_by: str) -> KeptYears | None:
    """A store in the user's cache; None also where it is not as it was written."""
    content = read_own(path, MOST_BYTES)
    whole = content if content and sealed(content[: content.rfind(SEAL)]) == content else None
    return _read(io.BytesIO(whole), known_by) if whole else None


def _read(stored_at: Path | io.BytesIO, known_by: str) -> KeptYears | None:
    """The store, or None where it is another's or cannot be read: it is then made again."""
    try:
        with xr.open_dataset(stored_at, engine="h5netcdf") as stored:
            summary = stored.load()
        if summary.attrs.pop(DIGEST, "") != known_by:
            return None
        return KeptYears(summary, json.loads(summary.attrs.pop(MANIFEST)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError):
        return None


def _write(kept: KeptYears, path: Path, known_by: str, *, private: bool = False) -> None:
    said = {MANIFEST: json_text(kept.manifest), DIGEST: known_by}
    with contextlib.suppress(
        BuckpassError
    ):  # a full or read-only disk costs the next visitor some seconds, nothing else
        write_whole(path, sealed(bytes(kept.summary.assign_attrs(said).to_netcdf(engine="h5netcdf"))), private=private)
