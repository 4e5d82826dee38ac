"""What a kept answer is known by: the digest of all that it is made of, this program among it."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from pathlib import Path

__all__ = ["PACKAGE", "TooMuch", "digest", "digest_of_files", "program_files"]

MOST_FILES, MOST_BYTES = 2_000, 2**28  # reading more takes longer than a kept answer saves
PACKAGE = Path(__file__).parent.parent


class TooMuch(Exception):
    """More files than are read for the sake of a kept answer, or one that is none: a link may lead anywhere, and to what never ends."""


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def digest_of_files(files: Iterable[Path], root: Path = Path("/")) -> str:
    """The digest of files, each with its name, from `root` on where it lies there. Raises `TooMuch`, OSError."""
    whole, bytes_read = hashlib.sha256(), 0
    for count, file in enumerate(files):
        bytes_read += file.stat().st_size
        if count >= MOST_FILES or bytes_read > MOST_BYTES:
            raise TooMuch
        name = file.relative_to(root) if file.is_relative_to(root) else file
        whole.update(f"{name}\n{digest(file.read_bytes())}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def program_files(without: Container[str] = ()) -> Iterable[Path]:
    """The files of this program in their order, cases aside, and rooms that are named."""
    for path in sorted(PACKAGE.rglob("*.*")):
        room = path.relative_to(PACKAGE).parts[0]
        if path.is_file() and path.suffix != ".pyc" and room != "cases" and room not in without:
            yield path
