"""The files that keep posteriors: written whole, read group by group, and refused where they are not of this model."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import shlex
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import h5py
import numpy as np

from buckpass.case import Case
from buckpass.case.load import is_bundled
from buckpass.case.problems import clip
from buckpass.fitting.layout import (
    BadLayout,
    Layout,
    check_group,
    check_support,
    dims_of,
    groups_of,
    layout_of,
    values_of,
)
from buckpass.fitting.posterior import GROUPS, Diagnostics, Held, Posterior, PosteriorFileError
from buckpass.fitting.stamp import coding_in, differences, scored_crises, stamp_of
from buckpass.model.mechanisms import combination, nested
from buckpass.results.files import json_text, write_whole

if TYPE_CHECKING:
    import xarray as xr

    from buckpass.model.likelihood import Order

__all__ = [
    "fit_command", "load_posterior", "load_posteriors", "posterior_file", "posteriors_or_none", "save_posterior", "sealed",
]  # fmt: skip

Read = TypeVar("Read")
# What a damaged or hostile file makes h5py, NumPy and the JSON reader raise.
UNREADABLE = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, MemoryError)
PACKED = ("posterior", "log_likelihood", "log_prior")  # groups kept in single precision
LARGEST = 256 * 2**20  # bytes of a file
LONGEST = 2**20  # bytes of an attribute
SEAL = b"\nsealed by buckpass, sha256 "
SEALED = len(SEAL) + 64 + 1
TEXTS = ("explanation", "case_id", "case_hash", "diagnostics", "settings")


def posterior_file(name: str, order: Order = "simultaneous") -> str:
    """Name of the file that keeps an explanation's posterior under an order of moves."""
    return f"{name}.nc" if order == "simultaneous" else f"{name}.{order.replace(' ', '-')}.nc"


def save_posterior(posterior: Posterior, path: str | Path) -> None:
    """Write a NetCDF file that `arviz.from_netcdf` opens; atomic: a reader sees the old file or the new one.

    How long the fit took is not kept: the same fit gives the same bytes.

    Parameters
    ----------
    posterior : draws and densities are kept in single precision, scores in double.
    path : the file; its folder must be there.

    Raises
    ------
    OutputFailed
        The disk is full or the folder cannot be written to.
    """
    attrs = {
        "explanation": posterior.explanation, "case_id": posterior.case_id, "case_hash": posterior.case_hash,
        "seed": posterior.seed, "order": posterior.order, "diagnostics": json_text(asdict(posterior.diagnostics)),
        "settings": json_text({k: v for k, v in posterior.settings.items() if k != "seconds"}, sort_keys=True),
        "stamp": json_text(posterior.stamp, sort_keys=True),
    }  # fmt: skip
    made = io.BytesIO()  # not on the disk: the library that writes HDF5 ends the process where there is no room left
    for n, group in enumerate(g for g in GROUPS if g in posterior.groups):
        data = posterior.groups.dataset(group)
        data = data.assign_attrs(attrs) if group == "posterior" else data
        floats = [k for k, v in data.data_vars.items() if v.dtype.kind == "f" and group in PACKED]
        packed = {name: {"zlib": True, "dtype": "float32"} for name in floats}
        data.to_netcdf(made, mode="a" if n else "w", group=group, engine="h5netcdf", encoding=packed)
    write_whole(path, sealed(made.getvalue()))


def sealed(content: bytes) -> bytes:
    """The content of a file, ended by its hash where readers of HDF5 look for nothing.

    The library that reads HDF5 loops for ever over some files with a single wrong byte, and gives others' numbers changed:
    damage has to be found before it sees the file.
    """
    return content + SEAL + hashlib.sha256(content).hexdigest().encode() + b"\n"


def _check_seal(path: Path, size: int) -> None:
    digest, left = hashlib.sha256(), size - SEALED
    with path.open("rb") as stream:
        while left > 0 and (block := stream.read(min(left, 2**20))):
            digest.update(block)
            left -= len(block)
        if stream.read(SEALED + 1) != SEAL + digest.hexdigest().encode() + b"\n":
            raise BadLayout("it is damaged, or was written by another program: its content is not that of its seal")


class Stored:
    """Groups in a file, each checked and read when it is first asked for; refused where the file was replaced meanwhile."""

    def __init__(self, path: Path, seen: tuple[int, ...], names: frozenset[str], layout: Layout | None, mend: str):
        self._path, self._seen, self._names, self._layout, self._mend = path, seen, names, layout, mend
        self._sizes: dict[str, int] = {}
        self._arrays: dict[str, dict[str, np.ndarray]] = {}
        self._dims: dict[str, dict[str, tuple[str, ...]]] = {}
        self._datasets: dict[str, xr.Dataset] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def arrays(self, name: str) -> Mapping[str, np.ndarray]:
        if name not in self._arrays:
            self._arrays[name] = self._reading(name, partial(_numbers, name))
        return self._arrays[name]

    def dims(self, name: str) -> Mapping[str, tuple[str, ...]]:
        if name not in self._dims:
            self._dims[name] = self._reading(name, lambda arrays: {k: dims_of(v) for k, v in arrays.items()})
        return self._dims[name]

    def dataset(self, name: str) -> xr.Dataset:
        """As xarray wrote it, in a fiftieth of the time of opening it through xarray."""
        import xarray as xr

        if name not in self._datasets:
            values, dims = self.arrays(name), self.dims(name)
            coords = {k: v for k, v in values.items() if dims[k] == (k,)}
            data = {k: (dims[k], v) for k, v in values.items() if k not in coords}
            self._datasets[name] = xr.Dataset(data, {k: ((k,), v) for k, v in coords.items()})
        return self._datasets[name]

    def __reduce__(self):
        return Held, ({name: self.dataset(name) for name in sorted(self._names)},)

    def _reading(self, name: str, read: Callable[[dict[str, h5py.Dataset]], Read]) -> Read:
        try:
            with h5py.File(self._path, "r") as file:
                if _identity(self._path) != self._seen:
                    raise BadLayout("it was replaced since it was opened")
                group: Any = file[name]  # that the names of the file are its own groups was seen when it was opened
                return read(check_group(name, group, self._layout, self._sizes))
        except UNREADABLE as error:
            raise _unusable(self._path, error, self._mend) from error


def _numbers(group: str, arrays: Mapping[str, h5py.Dataset]) -> dict[str, np.ndarray]:
    """The arrays of a group, in double precision; draws that no explanation can have are refused."""
    found = {name: values_of(v) for name, v in arrays.items() if not _is_only_a_dimension(v)}
    found = {name: v.astype(float) if v.dtype.kind == "f" else v for name, v in found.items()}
    for name, values in found.items() if group == "posterior" else ():
        check_support(name, values)
    return found


def load_posterior(path: str | Path, case: Case | None = None) -> Posterior:
    """What `save_posterior` wrote.

    Parameters
    ----------
    path : the file.
    case : also check that the file belongs to this case and to the model installed, as `load_posteriors` does.

    Returns
    -------
    Posterior
        Its groups stay in the file until they are asked for; each is checked before a number of it is read.

    Raises
    ------
    PosteriorFileError
        The file is missing, damaged, or no posterior; or, given a case, of another record or model. Says what to do.
    """
    path = Path(path)
    if case is None:
        return _opened(path, None, "fit the case again: buckpass fit CASE -o FOLDER")[0]
    name, _, order = path.name.removesuffix(".nc").partition(".")
    return _of_case(case, {name: path}, "patron first" if order else "simultaneous")[name]


def load_posteriors(
    case: Case, folder: str | Path | None = None, names: Sequence[str] | None = None, order: Order = "simultaneous"
) -> dict[str, Posterior]:
    """Posteriors of the case by explanation id, each checked against the record and the model installed.

    Parameters
    ----------
    case : the case that they were fitted to.
    folder : where they are; by default those that come with the case.
    names : ids of explanations; by default all that are there.
    order : who moves first.

    Returns
    -------
    dict of str to Posterior
        By explanation id, in the order of the explanations.

    Raises
    ------
    PosteriorFileError
        There is none, or one is damaged, of another version of the record, fitted with another model than the one
        installed (which part differs is said), or under another reading of the record than the rest; says how to refit.
    """
    place = Path(folder) if folder is not None else case.folder / "posteriors"
    wanted = [c.id for c in nested(case)] if names is None else list(names)
    there = {i: path for i in wanted if os.path.lexists(path := place / posterior_file(i, order))}
    if not there:
        moved = "" if order == "simultaneous" else f" with the {order}"
        missing = "" if place.is_dir() else ", which is no folder"
        raise PosteriorFileError(
            f"no posteriors of {case.id}{moved} in {clip(place)}{missing}: fit it first with "
            f"{fit_command(case, place, names or (), order)}, minutes on two cores"
        )
    found = _of_case(case, there, order)
    _of_one_reading(case, found, place, order)
    return found


def _of_one_reading(case: Case, found: Mapping[str, Posterior], place: Path, order: Order) -> None:
    """Raises where fits of a folder cannot be set side by side: they read the record differently."""
    codings = {json.dumps(p.settings.get("coding")): i for i, p in found.items()}
    if len(codings) > 1:
        a, b = list(codings.values())[:2]
        raise PosteriorFileError(
            f"{a} and {b} in {clip(place)} were fitted under different readings of the record, so they cannot be set side "
            f"by side: fit one of them again with the options of the other, {fit_command(case, place, (a,), order)}"
        )


def posteriors_or_none(case: Case, folder: str | Path | None = None) -> dict[str, Posterior] | None:
    """Posteriors if the case has been fitted, None if it comes with none; a folder that was named must hold some."""
    place = case.folder / "posteriors"
    has_some = folder is not None or (place.is_dir() and any(place.glob("*.nc")))
    return load_posteriors(case, folder) if has_some else None


def fit_command(case: Case, place: Path, names: Sequence[str] = (), order: Order = "simultaneous") -> str:
    """The command that fits explanations of a case, or all, into a folder: into one of the user's where it would be that of a
    bundled case or lies in another case's folder; it overwrites only what it fits again."""
    bundled = is_bundled(case)
    apart = (bundled and place == case.folder / "posteriors") or _is_of_another(case, place)
    where = Path(f"{case.id}-posteriors") if apart else place
    files = [where / posterior_file(name, order) for name in names or [one.id for one in nested(case)]]
    words = ["buckpass", "fit", case.folder.name if bundled else str(case.folder), "-o", str(where)]
    words += [word for name in names for word in ("--explanation", name)]
    words += ["--order", order] if order != "simultaneous" else []
    words += ["--force"] if any(map(os.path.lexists, files)) and not apart else []
    return f"`{shlex.join(words)}`" + (f", and give --posteriors {where}" if apart else "")


def _is_of_another(case: Case, place: Path) -> bool:
    """Whether a folder lies beside the case.toml of another case."""
    beside = place.absolute().parent
    return (beside / "case.toml").is_file() and not beside.samefile(case.folder)


def _of_case(case: Case, paths: Mapping[str, Path], order: Order) -> dict[str, Posterior]:
    """The posteriors in the files, by explanation, each checked against the record and the model installed."""
    found, stale = {}, {}
    for name, path in paths.items():
        mend = f"fit it again: {fit_command(case, path.parent, (name,), order)}"
        found[name], stale[name] = _opened(path, lambda p, name=name: _expected(case, p, name, order), mend)
    if reasons := {name: why for name, why in stale.items() if why}:
        first, place = next(iter(reasons)), next(iter(paths.values())).parent
        _of_this_case(case, {name: found[name] for name in reasons}, place, order)
        others = f" ({', '.join(list(reasons)[1:])} likewise)" if len(reasons) > 1 else ""
        raise PosteriorFileError(
            f"{posterior_file(first, order)} was fitted {reasons[first]}{others}: it must be refitted, "
            f"{fit_command(case, place, () if reasons.keys() == paths.keys() else tuple(reasons), order)}"
        )
    return found


def _of_this_case(case: Case, stale: Mapping[str, Posterior], place: Path, order: Order) -> None:
    """Raises where fits that cannot be used are of another case: they are no older version, and are not to be overwritten."""
    own = case.folder / "posteriors"
    name = next((name for name, fit in stale.items() if fit.case_id != case.id), None)
    if name is None or place == own:
        return
    has_own = any((own / posterior_file(one.id, order)).is_file() for one in nested(case))
    mend = f"take its own, in {own}" if has_own else f"fit it, {fit_command(case, own, (), order)}"
    raise PosteriorFileError(
        f"{posterior_file(name, order)} was fitted to {clip(stale[name].case_id)}, another case than {case.id}: {mend}"
    )


def _expected(case: Case, posterior: Posterior, name: str, order: Order) -> Layout | str:
    """What the file of a posterior must hold, or why it is not one of the case's record and of the model installed."""
    if posterior.explanation != name:
        return f"under another explanation ({clip(posterior.explanation)})"
    if posterior.case_hash != case.record_hash:
        return f"to another version of {case.id} (its hash is now {case.record_hash[:12]})"
    coding = coding_in(posterior.settings)
    if apart := differences(posterior.stamp, stamp_of(case, name, coding, order)):
        return f"with another model than the one installed: {'; '.join(apart)}"
    if posterior.order != order:
        return f"with another order of moves ({clip(posterior.order)})"
    return layout_of(case, combination(name), scored_crises(case, coding))


def _opened(path: Path, expected: Callable[[Posterior], Layout | str] | None, mend: str) -> tuple[Posterior, str]:
    """The posterior in a file, and why it cannot be used if that is not what is expected of it."""
    try:
        seen = _identity(path)
        _check_seal(path, seen[1])
        with h5py.File(path, "r") as file:
            groups = groups_of(file)
            said = _stamped(groups["posterior"])
            layout = expected(said) if expected is not None else None
    except UNREADABLE as error:
        raise _unusable(path, error, mend) from error
    if isinstance(layout, str):
        return said, layout
    return replace(said, groups=Stored(path, seen, frozenset(groups), layout, mend)), ""


def _stamped(group: h5py.Group) -> Posterior:
    """What a file says of itself, each of the kind that it must be; its groups are still to come."""
    said = {name: _text(group, name) for name in TEXTS}
    settings, stamp = _table(group, "settings"), _table(group, "stamp") if "stamp" in group.attrs else {}
    if not all(isinstance(part, dict) for part in stamp.values()):
        raise BadLayout("its stamp is not one")
    coding = settings.get("coding", {})
    if not (isinstance(coding, dict) and all(isinstance(coding.get(k, []), list) for k in ("bases", "without"))):
        raise BadLayout("its settings name no reading of the record")
    seed = np.asarray(group.attrs["seed"])
    if seed.size != 1 or seed.dtype.kind not in "iu":
        raise BadLayout("its seed is no whole number")
    return Posterior(
        explanation=said["explanation"], case_id=said["case_id"], case_hash=said["case_hash"], seed=int(seed.item()),
        groups=Held({}), diagnostics=_diagnostics(_table(group, "diagnostics")), settings=settings, stamp=stamp,
        order=_text(group, "order") if "order" in group.attrs else "simultaneous",
    )  # fmt: skip


def _diagnostics(said: dict[str, Any]) -> Diagnostics:
    """The diagnostics as the file has them; a number that is none is not known, and a fit of which that is so has failed."""
    kinds, unknown = {"worst": str, "divergences": int}, {"worst": "a number that the file does not name"}
    found: dict[str, Any] = {}
    for name in (field.name for field in fields(Diagnostics)):
        value = said.get(name)
        is_one = isinstance(value, kinds.get(name, (int, float))) and not isinstance(value, bool)
        found[name] = value if is_one else unknown.get(name, math.nan)
    return Diagnostics(**found)


def _text(group: h5py.Group, name: str) -> str:
    attribute = group.attrs.get_id(name)
    if attribute.shape != () or attribute.get_storage_size() > LONGEST or not h5py.check_string_dtype(attribute.dtype):
        raise BadLayout(f"its {name} is no text")
    text = group.attrs[name]
    if not isinstance(text, str) or len(text) > LONGEST or not text.isprintable():
        raise BadLayout(f"its {name} is no text, longer than {LONGEST} characters, or has marks that print nothing")
    return text


def _table(group: h5py.Group, name: str) -> dict[str, Any]:
    found = json.loads(_text(group, name))
    if not (isinstance(found, dict) and all(word.isprintable() for word in _words(found))):
        raise BadLayout(f"its {name} are no table of words and numbers")
    return found


def _words(value: Any) -> Iterator[str]:
    """Every text in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _words(part)


def _identity(path: Path) -> tuple[int, ...]:
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        raise BadLayout("it is not a plain file (a folder, pipe or device?)")
    if state.st_size > LARGEST:
        raise BadLayout(f"it has {state.st_size / 2**20:.0f} MiB, more than {LARGEST / 2**20:.0f}")
    return state.st_ino, state.st_size, state.st_mtime_ns


def _is_only_a_dimension(values: h5py.Dataset) -> bool:
    return b"not a netCDF variable" in values.attrs.get("NAME", b"")


def _unusable(path: Path, error: Exception, mend: str) -> PosteriorFileError:
    if isinstance(error, BadLayout | FileNotFoundError):
        said = "it is not there" if isinstance(error, FileNotFoundError) else str(error)
    else:
        said = f"{type(error).__name__}: {clip(' '.join(str(error).split()), 200)}"
    return PosteriorFileError(f"{clip(path.name)} is not a posterior that can be used ({said}); {mend}")
