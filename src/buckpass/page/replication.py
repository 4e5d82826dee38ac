"""The replication archive: a case, its posteriors and the results that follow from them, for a referee to run again."""

from __future__ import annotations

import hashlib
import io
import json
import math
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from buckpass.case import BuckpassError, Case, load_case
from buckpass.case.problems import FileRefused, clip
from buckpass.case.reading.files import open_plain, settle_name
from buckpass.case.strangers_files import parsed_json
from buckpass.fitting.files import posteriors_or_none
from buckpass.fitting.posterior import Posterior
from buckpass.results.files import json_text, refuse_existing, workshop, write_whole
from buckpass.results.table import ResultTable, ShowsItself

__all__ = ["Difference", "NotAnArchive", "Verification", "verify_archive", "write_archive"]

TOLERANCE = 1e-6  # relative: other processors round the last bits of sums otherwise
LIBRARIES = ("buckpass", "jax", "numpyro", "numpy", "scipy", "polars")
LARGEST = 200_000_000  # bytes unpacked
MOST_FILES = 2_000
# what a damaged or foreign zip raises, by what is wrong with it: structure, encryption, a method of packing, its content
UNREADABLE = (
    zipfile.BadZipFile,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    EOFError,
    OSError,
    KeyError,
    ValueError,
)
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ABSENT = "(absent)"  # how a value that is not there is shown
_MISSING = object()  # and what it is: no text of a stranger's can be taken for it
CASE, RESULTS, MANIFEST = "case/", "results/", "manifest.json"
EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date in the archive: same content, same bytes


class NotAnArchive(BuckpassError):
    """The file is not a replication archive, or was changed after it was written."""


class Manifest(BaseModel):
    """What an archive says of itself; an archive is a stranger's, so each entry is checked before it is used."""

    model_config = ConfigDict(frozen=True, strict=True)

    case: str
    case_hash: str
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    versions: dict[str, str]
    sha256: Annotated[dict[str, str], Field(max_length=MOST_FILES)]


@dataclass(frozen=True)
class Difference:
    """One number or word that came out otherwise: where in which result, what the archive has, what was computed."""

    place: str
    archived: Any
    computed: Any


@dataclass(frozen=True)
class Verification(ShowsItself):
    """What a re-run found: how many values were compared, those that differ beyond the tolerance, what was not compared."""

    compared: int
    differences: tuple[Difference, ...]
    versions: Mapping[str, tuple[str, str]]  # library → archived, here; only where they differ
    not_checked: tuple[str, ...] = ()  # files of the archive that nothing here computes again

    @property
    def ok(self) -> bool:
        """Whether every result of the archive was computed again and came out the same."""
        return not self.differences and not self.not_checked

    def table(self) -> ResultTable:
        """One row per value that differs: where, what the archive has, what was computed."""
        rows = [(d.place, str(d.archived), str(d.computed)) for d in self.differences]
        frame = pl.DataFrame(rows, dict.fromkeys(("place", "archived", "computed"), pl.String), orient="row")
        left = f" Not computed again: {', '.join(self.not_checked)}." if self.not_checked else ""
        return ResultTable(frame, "What came out otherwise", {}, f"{self.compared:,} values compared.{left}")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        rows = [{"place": d.place, "archived": d.archived, "computed": d.computed} for d in self.differences]
        return {"ok": self.ok, "compared": self.compared, "tolerance": TOLERANCE, "differences": rows,
                "not_checked": list(self.not_checked),
                "versions": {k: list(v) for k, v in self.versions.items()}}  # fmt: skip


def write_archive(case: Case, path: str | Path, *, seed: int = 0, force: bool = False) -> Path:
    """Write case files, posteriors, results, versions and checksums as one zip; same inputs, same bytes.

    Parameters
    ----------
    case : a case as it lies in its folder, with its own posteriors.
    path, force : the archive, written whole or not at all; and whether one that is there is replaced.
    seed : of the results.

    Returns
    -------
    Path
        The archive.

    Raises
    ------
    OutputExists, OutputFailed
        Something is at `path` and `force` was not asked for; the disk is full.
    """
    path = Path(path)
    refuse_existing(path, force)
    content = {f"{CASE}{name}": data for name, data in _files(case.folder)}
    for name, result in _results(case, seed).items():
        content[f"{RESULTS}{name}.json"] = _as_bytes(result)
    manifest = {
        "case": case.id, "case_hash": case.hash, "seed": seed, "tolerance": TOLERANCE,
        "versions": {name: version(name) for name in LIBRARIES},
        "commands": [f"buckpass {verb} {case.id} --json --seed {seed}" for verb in ("record", "claims")]
        + [f"buckpass compare {case.id} --json"],
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(content.items())},
    }  # fmt: skip
    content[MANIFEST] = _as_bytes(manifest)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(content):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content[name], zipfile.ZIP_DEFLATED)
    return write_whole(path, packed.getvalue(), force=force)


def verify_archive(path: str | Path) -> Verification:
    """Run an archive's case again with its seed and compare every value with what the archive says.

    The archive is a stranger's: its files are written into a fresh folder of this run and nowhere else, and none is run.

    Parameters
    ----------
    path : the archive, a plain file.

    Returns
    -------
    Verification
        Not `ok` where a value differs beyond 1e-6 (relative), and where the archive holds results that are not computed here.

    Raises
    ------
    NotAnArchive
        Not a zip of this kind, too large, a name that leaves the folder, or a checksum that does not match.
    CaseProblems
        The archived case does not pass its own check.
    """
    path = Path(path)
    manifest, content = _read(path)
    with workshop(Path(tempfile.gettempdir())) as folder:
        place = folder.resolve() / manifest.case
        _unpack(content, place, path)
        case = load_case(place)
        computed = _results(case, manifest.seed)
    archived = {name: _archived(content, name, path) for name in computed}
    pairs = [("case_hash", manifest.case_hash, case.hash), *_pairs("", archived, json.loads(_as_bytes(computed)))]
    here = {name: (then, now) for name, then in manifest.versions.items() if then != (now := _version(name))}
    done = {f"{RESULTS}{name}.json" for name in computed}
    left = tuple(sorted(n for n in content if not n.startswith(CASE) and n not in done))
    differences = tuple(Difference(place, _shown(a), _shown(b)) for place, a, b in pairs if not _same(a, b))
    return Verification(len(pairs), differences, here, left)


def _unpack(content: Mapping[str, bytes], place: Path, path: Path) -> None:
    """Write the files of the case into a fresh folder; `NotAnArchive` where they cannot all stand there."""
    try:
        for name, data in content.items():
            if name.startswith(CASE):
                target = settle_name(place, name.removeprefix(CASE))
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(target, "xb") as stream:
                    stream.write(data)
    except OSError as error:
        why = error.strerror or "no such file can be"
        raise NotAnArchive(f"{path.name} cannot be unpacked: {clip(name)}: {why}; nothing of it was kept") from error


def _version(library: str) -> str:
    return version(library) if library in LIBRARIES else "not compared"


def _archived(content: Mapping[str, bytes], name: str, path: Path) -> Any:
    try:
        return parsed_json(content[f"{RESULTS}{name}.json"])
    except (KeyError, FileRefused) as error:
        raise NotAnArchive(f"{path.name} holds no result of `{name}` that can be read ({error})") from error


def _results(case: Case, seed: int) -> dict[str, Any]:
    """Results by verb, as their JSON."""
    from buckpass.evidence.comparing import compare
    from buckpass.ledger import assess
    from buckpass.measured import measure

    posteriors: dict[str, Posterior] | None = posteriors_or_none(case)
    results: dict[str, Any] = {"record": measure(case, seed=seed).as_dict()}
    if posteriors:
        results["compare"] = compare(case, posteriors).as_dict()
    results["claims"] = assess(case, posteriors, seed=seed).as_dict()
    return results


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and not any(part.startswith((".", "__")) for part in inside.parts):
            yield inside.as_posix(), path.read_bytes()


def _read(path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest, and the content of every file that it lists, each with the checksum that it names."""
    try:
        with open_plain(path.resolve(), path.name) as stream, zipfile.ZipFile(stream) as archive:
            content = {entry.filename: archive.read(entry) for entry in _plain_entries(archive)}
        manifest = Manifest.model_validate_json(content.pop(MANIFEST))
        for name in (manifest.case, *content, *manifest.sha256):
            settle_name(Path("/archive"), name, parts=1 if name == manifest.case else None)
    except FileRefused as error:
        raise NotAnArchive(f"{path.name} cannot be used: {error}; nothing was unpacked") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise NotAnArchive(f"the manifest of {path.name} cannot be used: {where}: {first['msg']}") from error
    except UNREADABLE as error:
        raise NotAnArchive(f"{path.name} is not a replication archive ({error}); write one with `replicate`") from error
    if unlisted := sorted({*content} - {*manifest.sha256}):
        raise NotAnArchive(f"{path.name} holds {unlisted[0]!r}, which its manifest does not list; nothing was unpacked")
    for name, expected in manifest.sha256.items():
        if hashlib.sha256(content.get(name, b"")).hexdigest() != expected:
            raise NotAnArchive(f"{name} in {path.name} is not what was archived: its checksum differs")
    return manifest, content


def _plain_entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The entries of an archive that is small enough and holds plain files only, each once."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST:
        raise FileRefused(f"it unpacks to more than {MOST_FILES:,} files or {LARGEST:,} bytes")
    if len({entry.filename for entry in entries}) < len(entries):
        raise FileRefused("it holds two files of one name")
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise FileRefused(f"{entry.filename!r} in it is a link or a device, not a plain file")
        if entry.compress_type not in PACKINGS:  # others raise errors of their own, and may ask for any memory
            raise FileRefused(f"{entry.filename!r} in it is packed in a way that `replicate` does not use")
    return entries


def _as_bytes(value: Any) -> bytes:
    return (json_text(value, indent=1, sort_keys=True) + "\n").encode()


def _pairs(place: str, archived: Any, computed: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every leaf of two results side by side; a part that only one has is a leaf of its own."""
    if isinstance(archived, dict) and isinstance(computed, dict):
        for key in sorted({*archived, *computed}):
            yield from _pairs(f"{place}.{key}".lstrip("."), archived.get(key, _MISSING), computed.get(key, _MISSING))
    elif isinstance(archived, list) and isinstance(computed, list) and len(archived) == len(computed):
        for n, (a, b) in enumerate(zip(archived, computed, strict=True)):
            yield from _pairs(f"{place}[{n}]", a, b)
    else:
        yield place, archived, computed


def _same(archived: Any, computed: Any) -> bool:
    if isinstance(archived, bool) or isinstance(computed, bool):
        return archived is computed
    if isinstance(archived, float | int) and isinstance(computed, float | int):
        return math.isclose(archived, computed, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return archived == computed


def _shown(value: Any) -> Any:
    return ABSENT if value is _MISSING else value
