"""Histories as Parquet parts beside a manifest that says exactly what they are."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from buckpass.case.problems import FileRefused, clip
from buckpass.case.strangers_files import StrangersRecord, read_json
from buckpass.results.files import json_text, made_folder, write_json, write_whole
from buckpass.years.indicators import BY_HOST, BY_POWER, MEASURES
from buckpass.years.tiles import TileResult, all_histories
from buckpass.years.year_problems import ManifestMismatch

__all__ = ["HistoryWriter", "check_manifest", "manifest_of", "read_manifest"]

MANIFEST = "manifest.json"
VERSIONED = ("buckpass", "jax", "numpy")


class Manifest(StrangersRecord):
    """What a folder of results says of itself."""

    identity: dict[str, Any]
    versions: dict[str, str]
    parameters: dict[str, Any] = Field(default_factory=dict)
    units: dict[str, str] = Field(default_factory=dict)


def manifest_of(identity: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest: what the results depend on (`identity`), versions, parameters and units."""
    return {
        "identity": dict(identity),
        "versions": {name: version(name) for name in VERSIONED},
        "parameters": dict(parameters),
        "units": {m.name: m.unit for m in MEASURES},
    }


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder, None where it has none."""
    path = folder / MANIFEST
    if not os.path.lexists(path):
        return None
    try:
        return read_json(path, Manifest).model_dump(exclude_unset=True)
    except FileRefused as refused:
        raise ManifestMismatch(
            f"{path} cannot be used ({refused}); nothing was overwritten: choose another folder"
        ) from refused


def check_manifest(folder: Path, wanted: Mapping[str, Any]) -> bool:
    """Whether the folder holds (part of) exactly these results; `ManifestMismatch` where it holds others."""
    found = read_manifest(folder)
    if found is None:
        if folder.exists() and any(p for p in folder.iterdir() if not p.name.startswith(".")):
            raise ManifestMismatch(
                f"{folder} is not empty and has no {MANIFEST}; nothing was overwritten: choose another folder"
            )
        return False
    wanted = json.loads(json_text(wanted))
    for part in ("versions", "identity"):
        for key in sorted({*found[part], *wanted[part]}):
            where, seen, asked = _first_difference(key, found[part].get(key), wanted[part].get(key))
            if seen != asked:
                raise ManifestMismatch(
                    f"{folder} holds results with {where} = {_short(seen)}, asked is {_short(asked)}: the two cannot be "
                    "joined; nothing was overwritten. Choose another folder, or run it again as it was"
                )
    return True


def _first_difference(place: str, seen: Any, asked: Any) -> tuple[str, Any, Any]:
    """The innermost named place where two values differ, and what stands there."""
    while isinstance(seen, dict) and isinstance(asked, dict) and seen != asked:
        key = next(k for k in sorted({*seen, *asked}) if seen.get(k) != asked.get(k))
        place, seen, asked = f"{place}.{clip(key)}", seen.get(key), asked.get(key)
    return place, seen, asked


class HistoryWriter:
    """Writes one Parquet part per chunk of histories and run; rows are (history, year), columns measure_POWER."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any], chunk: int):
        check_manifest(folder, manifest)
        self.folder, self.chunk = folder, chunk
        self.waiting: list[TileResult] = []
        self.part = 0
        self.powers, self.hosts = manifest["parameters"]["powers"], manifest["parameters"]["hosts"]
        self.first_year = manifest["parameters"]["first_year"]
        write_json(made_folder(folder) / MANIFEST, manifest)

    def add(self, tile: TileResult) -> None:
        """Take a tile; write whole chunks."""
        self.waiting.append(tile)
        if sum(t.by_power[0][0].shape[1] for t in self.waiting) >= self.chunk:
            self.finish()

    def finish(self) -> None:
        """Write what is waiting."""
        if self.waiting:
            for run, name in enumerate(("baseline", "scenario")[: len(self.waiting[0].by_power)]):
                write_whole(self.folder / f"{name}-{self.part:06d}.parquet", self._encoded(run))
            self.part += 1
            self.waiting = []

    def _encoded(self, run: int) -> bytes:
        import io

        import pyarrow as pa
        import pyarrow.parquet as pq

        by_power, by_host = all_histories(self.waiting, run)
        years, histories = by_power[0].shape[:2]
        columns = {
            "history": np.repeat(np.arange(histories, dtype=np.int32) + self.waiting[0].first, years),
            "year": np.tile(np.arange(years, dtype=np.int16) + np.int16(self.first_year), histories),
            **_columns(BY_POWER, self.powers, by_power), **_columns(BY_HOST, self.hosts, by_host),
        }  # fmt: skip
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file, compression="zstd", use_dictionary=False)
        return file.getvalue()


def _columns(names: Sequence[str], owners: Sequence[str], values: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return {
        f"{name}_{owner}": np.ascontiguousarray(values[m][:, :, i].T).ravel()
        for m, name in enumerate(names)
        for i, owner in enumerate(owners)
    }


def _short(value: Any) -> str:
    text = json_text(value)
    return text if len(text) <= 80 else text[:77] + "…"
