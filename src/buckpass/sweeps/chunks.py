"""Chunks of a sweep on disk: one file each, that says of which sweep it is and what must stand in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from buckpass.case.problems import FileRefused
from buckpass.case.strangers_files import StrangersRecord, read_json
from buckpass.results.files import json_text, write_json
from buckpass.years.year_problems import ManifestMismatch

__all__ = ["CHUNK", "Chunks", "digest_of"]

CHUNK = 16  # points a file


class ChunkFile(StrangersRecord):
    """A finished chunk: `values` [point, outcome], null where an outcome is not a number, sealed with the run's hash."""

    chunk: int
    run: str
    values: list[list[float | None]]
    sha256: str


@dataclass(frozen=True)
class Chunks:
    """The chunks of one sweep in its folder; `run` is the hash of its design, its case and its fits."""

    folder: Path
    run: str
    points: int
    outcomes: int

    @property
    def count(self) -> int:
        """How many chunks the sweep has."""
        return -(-self.points // CHUNK)

    def path(self, chunk: int) -> Path:
        """Where a chunk is kept."""
        return self.folder / f"chunk-{chunk:06d}.json"

    def write(self, chunk: int, values: Sequence[Sequence[float]]) -> None:
        """Keep a finished chunk."""
        sealed = {"chunk": chunk, "run": self.run, "values": values}
        write_json(self.path(chunk), {**sealed, "sha256": digest_of(sealed)}, indent=None)

    def read(self, chunk: int) -> Float[np.ndarray, "n o"] | None:
        """The chunk's outcomes, None where it is not there; `ManifestMismatch` where the file holds anything else."""
        path = self.path(chunk)
        if not os.path.lexists(path):
            return None
        try:
            found = read_json(path, ChunkFile)
            self._check(chunk, found)
        except FileRefused as refused:
            raise ManifestMismatch(
                f"{path} is damaged or another's ({refused}); delete it and resume: it will be computed again"
            ) from None
        return np.array(found.values, dtype=float)

    def _check(self, chunk: int, found: ChunkFile) -> None:
        shape = (min(CHUNK, self.points - chunk * CHUNK), self.outcomes)
        if found.chunk != chunk:
            raise FileRefused(f"it is chunk {found.chunk}")
        if found.run != self.run:
            raise FileRefused("it belongs to another design, case or set of fits")
        if len(found.values) != shape[0] or any(len(row) != shape[1] for row in found.values):
            raise FileRefused(f"it has not {shape[0]} points with {shape[1]} outcomes each")
        if found.sha256 != digest_of(found.model_dump(exclude={"sha256"})):
            raise FileRefused("its numbers are not those that were written")


def digest_of(content: Mapping[str, Any]) -> str:
    """The hash of plain values: of all that a sweep's numbers depend on, or of a chunk's."""
    return hashlib.sha256(json_text(content, sort_keys=True).encode()).hexdigest()
