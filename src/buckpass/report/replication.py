"""The replication archive: a case, its posteriors and the results that follow from them, for a referee to run again."""

from __future__ import annotations

import hashlib
import io
import json
import math
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from buckpass.case import BuckpassError, Case, load_case, write_atomic
from buckpass.case.files import refuse_existing
from buckpass.fit.fitting import posteriors_or_none
from buckpass.fit.posterior import Posterior

__all__ = ["Difference", "NotAnArchive", "Verification", "verify_archive", "write_archive"]

TOLERANCE = 1e-6  # relative: other processors round the last bits of sums otherwise
LIBRARIES = ("buckpass", "jax", "numpyro", "numpy", "scipy", "polars")
LARGEST = 200_000_000  # bytes unpacked
EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date in the archive: same content, same bytes


class NotAnArchive(BuckpassError):
    """The file is not a replication archive, or was changed after it was written."""


@dataclass(frozen=True)
class Difference:
    """One number or word that came out otherwise: where in which result, what the archive has, what was computed."""

    place: str
    archived: Any
    computed: Any


@dataclass(frozen=True)
class Verification:
    """What a re-run found: how many values were compared, and those that differ beyond the tolerance."""

    compared: int
    differences: tuple[Difference, ...]
    versions: Mapping[str, tuple[str, str]]  # library → archived, here; only where they differ

    @property
    def ok(self) -> bool:
        return not self.differences

    def as_dict(self) -> dict[str, Any]:
        rows = [{"place": d.place, "archived": d.archived, "computed": d.computed} for d in self.differences]
        return {"ok": self.ok, "compared": self.compared, "tolerance": TOLERANCE, "differences": rows,
                "versions": {k: list(v) for k, v in self.versions.items()}}  # fmt: skip


def write_archive(case: Case, path: Path, *, seed: int = 0, force: bool = False) -> Path:
    """Write case files, posteriors, results, versions and checksums as one zip; same inputs, same bytes."""
    refuse_existing(path, force)
    content = {f"case/{name}": data for name, data in _files(case.folder)}
    for name, result in _results(case, seed).items():
        content[f"results/{name}.json"] = _as_bytes(result)
    manifest = {
        "case": case.id, "case_hash": case.hash, "seed": seed, "tolerance": TOLERANCE,
        "versions": {name: version(name) for name in LIBRARIES},
        "commands": [f"buckpass {verb} {case.id} --json --seed {seed}" for verb in ("record", "claims")]
        + [f"buckpass compare {case.id} --json"],
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(content.items())},
    }  # fmt: skip
    content["manifest.json"] = _as_bytes(manifest)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(content):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content[name], zipfile.ZIP_DEFLATED)
    return write_atomic(path, packed.getvalue(), force)


def verify_archive(path: Path) -> Verification:
    """Run an archive's case again with its seed and compare every value with what the archive says.

    Raises
    ------
    NotAnArchive
        Not a zip of this kind, too large, a name that leaves the folder, or a checksum that does not match.
    """
    content = _read(path)
    manifest = json.loads(content["manifest.json"])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / manifest["case"]
        for name, data in content.items():
            if name.startswith("case/"):
                target = place / name.removeprefix("case/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        case = load_case(place)
        computed = _results(case, manifest["seed"])
    archived = {name: _archived(content, name, path) for name in computed}
    pairs = [("case_hash", manifest["case_hash"], case.hash), *_pairs("", archived, json.loads(_as_bytes(computed)))]
    here = {name: (then, version(name)) for name, then in manifest["versions"].items() if then != version(name)}
    return Verification(len(pairs), tuple(Difference(*pair) for pair in pairs if not _same(*pair[1:])), here)


def _archived(content: Mapping[str, bytes], name: str, path: Path) -> Any:
    try:
        return json.loads(content[f"results/{name}.json"])
    except (KeyError, ValueError) as error:
        raise NotAnArchive(f"{path.name} holds no result of `{name}` that can be read ({error})") from error


def _results(case: Case, seed: int) -> dict[str, Any]:
    """Results by verb, as their JSON."""
    from buckpass.claims import assess
    from buckpass.evidence.comparing import compare
    from buckpass.record import measure

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


def _read(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                raise NotAnArchive(f"{path.name} unpacks to more than {LARGEST:,} bytes, so it was not opened")
            content = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        manifest = json.loads(content["manifest.json"])
        sums = dict(manifest["sha256"])
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise NotAnArchive(f"{path.name} is not a replication archive ({error}); write one with `replicate`") from error
    for name, expected in sums.items():
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts or "\\" in name:
            raise NotAnArchive(f"{path.name} names {name!r}, which leaves its folder; nothing was unpacked")
        if hashlib.sha256(content.get(name, b"")).hexdigest() != expected:
            raise NotAnArchive(f"{name} in {path.name} is not what was archived: its checksum differs")
    return {name: content[name] for name in (*sums, "manifest.json")}


def _as_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, default=str, ensure_ascii=False) + "\n").encode()


def _pairs(place: str, archived: Any, computed: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every leaf of two results side by side; a part that only one has is a leaf of its own."""
    if isinstance(archived, dict) and isinstance(computed, dict):
        for key in sorted({*archived, *computed}):
            yield from _pairs(f"{place}.{key}".lstrip("."), archived.get(key), computed.get(key))
    elif isinstance(archived, list) and isinstance(computed, list) and len(archived) == len(computed):
        for n, (a, b) in enumerate(zip(archived, computed, strict=True)):
            yield from _pairs(f"{place}[{n}]", a, b)
    else:
        yield place, archived, computed


def _same(archived: Any, computed: Any) -> bool:
    if isinstance(archived, float | int) and isinstance(computed, float | int):
        return math.isclose(archived, computed, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return archived == computed
