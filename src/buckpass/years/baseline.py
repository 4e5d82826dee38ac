"""The baseline of the years ahead, kept: it comes with a bundled case, so that page and dashboard show it without playing it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from buckpass.case import BuckpassError, Case, load_case
from buckpass.case.load import is_bundled
from buckpass.fitting.files import SEAL, UNREADABLE, load_posteriors, sealed
from buckpass.fitting.layout import dims_of, values_of
from buckpass.fitting.posterior import Posterior
from buckpass.predict.which_fits import basis_of, best_first
from buckpass.results.digests import digest, digest_of_files, program_files
from buckpass.results.files import json_text, own_cache, read_own, write_whole
from buckpass.years.run import Futures, Plan, simulate

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["HISTORIES", "YEARS", "KeptSummary", "KeptYears", "Numbers", "bundle", "play", "stored"]

YEARS, HISTORIES = 25, 2_000
MOST_BYTES = 10**8  # of a store in the cache
MANIFEST, DIGEST = "manifest", "digest"
BUNDLED = "years.nc"  # in the folder of a case that comes with the package
_ONE_AT_A_TIME = threading.Lock()  # a simulation uses every core: visitors wait for each other instead of for all


@dataclass(frozen=True)
class Numbers:
    """Numbers over named axes, asked as xarray's are, which takes half a second to load and as long to read a file.

    axes : labels of each axis by its name, in the order of the axes of `values`.
    """

    values: np.ndarray
    axes: Mapping[str, np.ndarray]

    def sel(self, **labels: Any) -> Numbers:
        """The numbers at a label of an axis, which then is none any more, or at several; `KeyError` where there is none such."""
        values, axes = self.values, dict(self.axes)
        for name, label in labels.items():
            place, at = list(axes).index(name), {one: i for i, one in enumerate(axes[name].tolist())}
            if isinstance(label, list):
                places = [at[one] for one in label]
                values, axes[name] = values.take(places, place), axes[name][places]
            else:
                values = values.take(at[label], place)
                del axes[name]
        return Numbers(values, axes)

    def transpose(self, *names: str) -> Numbers:
        """The same with its axes in another order."""
        order = [list(self.axes).index(name) for name in names]
        return Numbers(self.values.transpose(order), {name: self.axes[name] for name in names})

    def max(self) -> float:
        """The largest of all."""
        return float(self.values.max())

    def __float__(self) -> float:
        return float(self.values)


@dataclass(frozen=True)
class KeptSummary:
    """A summary over histories (`Futures.summary`) as it was read from its file: its numbers by name, the units as attributes."""

    numbers: Mapping[str, Numbers]
    attrs: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Numbers:
        return self.numbers[name]


@dataclass(frozen=True)
class KeptYears:
    """What the figures of the years ahead need: summaries over histories, and what they are summaries of."""

    summary: xr.Dataset | KeptSummary
    manifest: Mapping[str, Any]


def play(case: Case, posteriors: Mapping[str, Posterior], changes: Sequence[str], histories: int) -> KeptYears:
    """So many histories under the changes, beside the baseline on the same random numbers; the baseline is kept on disk."""
    with _ONE_AT_A_TIME:
        if not changes and (kept := stored(case, posteriors, histories)) is not None:
            return kept
        plan = Plan(years=YEARS, histories=histories)
        found = simulate(case, posteriors, tuple(changes), plan)
        if not changes and (cached := own_cache("years")) is not None:
            known_by = _of_this_program(_known_by(case, posteriors, plan))
            _write(found, cached / f"{known_by}.nc", known_by, private=True)
    return KeptYears(found.summary, found.manifest)


def stored(case: Case, posteriors: Mapping[str, Posterior], histories: int = HISTORIES) -> KeptYears | None:
    """The baseline as it was played before; None where it has to be played.

    The store is the one that comes with the case, or a file in the user's cache folder; both carry the digest of what their numbers
    depend on, that in the cache of the program too, and one of another digest is not used. What lies in a stranger's case is not
    opened.
    """
    known_by = _known_by(case, posteriors, Plan(years=YEARS, histories=histories))
    bundled = case.folder / BUNDLED
    if is_bundled(case) and bundled.is_file() and (kept := _read(bundled.read_bytes(), known_by)) is not None:
        return kept
    if (cached := own_cache("years")) is None:
        return None
    known_by = _of_this_program(known_by)
    return _read(read_own(cached / f"{known_by}.nc", MOST_BYTES), known_by)


def bundle(ref: str) -> Path:
    """Play the baseline of a bundled case into its folder, so that its first visitor need not wait for it."""
    case = load_case(ref)
    fits = best_first(load_posteriors(case))
    plan, path = Plan(years=YEARS, histories=HISTORIES), case.folder / BUNDLED
    _write(simulate(case, fits, (), plan), path, _known_by(case, fits, plan))
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


def _read(content: bytes | None, known_by: str) -> KeptYears | None:
    """The store, or None where it is another's or not as it was written: it is then made again."""
    if not content or sealed(content[: content.rfind(SEAL)]) != content:
        return None
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            attrs = {name: value for name, value in file.attrs.items() if not name.startswith("_")}
            if attrs.pop(DIGEST, "") != known_by:
                return None
            arrays = {name: array for name, array in file.items() if isinstance(array, h5py.Dataset)}
            values, dims = {n: values_of(a) for n, a in arrays.items()}, {n: dims_of(a) for n, a in arrays.items()}
        numbers = {name: Numbers(values[name], {dim: values[dim] for dim in over}) for name, over in dims.items()}
        return KeptYears(KeptSummary(numbers, attrs), json.loads(attrs.pop(MANIFEST)))
    except UNREADABLE:
        return None


def _write(found: Futures, path: Path, known_by: str, *, private: bool = False) -> None:
    said = {MANIFEST: json_text(found.manifest), DIGEST: known_by}
    with contextlib.suppress(
        BuckpassError
    ):  # a full or read-only disk costs the next visitor some seconds, nothing else
        write_whole(path, sealed(bytes(found.summary.assign_attrs(said).to_netcdf(engine="h5netcdf"))), private=private)
