"""One file as it lies on the disk: unpacked, decoded, fingerprinted, and checked for what a fast parser would get wrong."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import lzma
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from buckpass.events.errors import DamagedArchive, FileChanged, UnrecognisedFile
from buckpass.events.files.not_read import refuse_by_its_start
from buckpass.events.files.workbook import is_workbook, sheets

CHUNK = 1 << 20
NEWLINE = ord("\n")
LONGEST_LINE = 1 << 24
MOST_PACKED, NO_BOMB = 200, 1 << 26  # how many times its packed size a file may have; bytes that any may have
UNPACKING = (
    EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError,
)  # fmt: skip
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What one pass over a text says of it."""

    size: int
    lines: int
    is_utf8: bool
    line_end: str  # "\n" or "\r\n" where every line ends so, no byte is null and no line very long; else ""
    longest: int  # its longest line, as far as that is longer than a chunk


@dataclass(frozen=True)
class Text:
    """One table of text: a plain file, or a sheet of a workbook written as one."""

    given: Path
    path: Path
    sheet: str
    found: Future[Facts]

    @property
    def facts(self) -> Facts:
        """What the pass found; `UnrecognisedFile` for a line that no table has."""
        facts = self.found.result()
        if facts.longest > LONGEST_LINE:
            raise UnrecognisedFile(self.given, f"a line of {facts.longest:,} bytes, which no table has")
        return facts


@dataclass(frozen=True)
class SourceFile:
    """A file, the tables in it, and its hashes, taken while the rows are read."""

    given: Path
    texts: tuple[Text, ...]
    size: int
    stamp: tuple[int, int, int]
    hash_given: Future[str]
    hash_plain: Future[str]

    @property
    def is_workbook(self) -> bool:
        """Whether the tables are sheets of a workbook."""
        return bool(self.texts and self.texts[0].sheet)

    @property
    def sha256(self) -> str:
        """Of the file as given."""
        return self.hash_given.result()

    @property
    def content(self) -> str:
        """SHA-256 of what was unpacked from it."""
        return self.hash_plain.result()

    def check_unchanged(self) -> None:
        """Raise `FileChanged` when the file is no longer the one that was looked at first; waits for its hashes."""
        wait((self.hash_given, self.hash_plain))
        if _stamp(self.given) != self.stamp:
            raise FileChanged(self.given)


@contextmanager
def opened(path: Path, work: Path) -> Iterator[SourceFile]:
    """The file's tables as plain text, under `work` where they had to be unpacked or decoded; copies are removed afterwards.

    Raises
    ------
    NotRead, DamagedArchive, UnrecognisedFile.
    """
    stamp = _stamp(path)
    with tempfile.TemporaryDirectory(dir=work) as made, ThreadPoolExecutor(2) as reading:
        folder = Path(made)
        plain = _unpacked(path, folder)
        texts = tuple(
            Text(path, table, sheet, reading.submit(_looked_at, table)) for sheet, table in _tables(plain, folder)
        )
        hash_plain = reading.submit(_sha256, plain)
        hash_given = hash_plain if plain == path else reading.submit(_sha256, path)
        yield SourceFile(path, texts, plain.stat().st_size, stamp, hash_given, hash_plain)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _unpacked(path: Path, folder: Path) -> Path:
    start = _start(path)
    refuse_by_its_start(path, start)
    plain = path
    try:
        if start[:2] == b"\x1f\x8b":
            plain = folder / "plain"
            with path.open("rb") as file, gzip.open(file, "rb") as packed, plain.open("wb") as out:
                while chunk := packed.read(CHUNK):
                    out.write(chunk)
                    _refuse_bomb(path, out.tell(), file.tell())
        elif start[:4] == b"PK\x03\x04":
            plain = _unzipped(path, folder)
    except UNPACKING as error:
        raise DamagedArchive(path, str(error) or type(error).__name__) from error
    except OSError as error:
        if error.errno is not None:  # of the disk; what unpacks bzip2 gives its own no number
            raise
        raise DamagedArchive(path, str(error)) from error
    if plain != path:
        refuse_by_its_start(path, _start(plain))
    return plain


def _refuse_bomb(path: Path, unpacked: int, packed: int) -> None:
    """Raise `DamagedArchive` for what unpacks to far more than any table of text does."""
    if unpacked > NO_BOMB and unpacked > MOST_PACKED * packed:
        raise DamagedArchive(path, f"it unpacks to more than {MOST_PACKED} times its size")


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)


def _unzipped(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        if is_workbook(archive):
            return path
        # what a Mac adds to each archive is no part of it
        members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith(("__MACOSX/", "."))]
        if len(members) != 1:
            names = ", ".join(member.filename for member in members[:5])
            raise UnrecognisedFile(
                path, f"an archive of {len(members)} files ({names})", "unpack it and load its files"
            )
        _refuse_bomb(path, members[0].file_size, members[0].compress_size)
        with archive.open(members[0]) as packed, (folder / "plain").open("wb") as out:
            shutil.copyfileobj(packed, out, CHUNK)
    return folder / "plain"


def _tables(plain: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """The tables of an unpacked file, each with the name of its sheet where it is one: in UTF-8 where a mark says what it
    was, with newlines where lines end as on an old Mac."""
    start = _start(plain)
    if start[:4] == b"PK\x03\x04":
        yield from sheets(plain, folder)
        return
    encoding = next((name for mark, name in MARKS if start.startswith(mark)), None)
    with plain.open("rb") as file:
        head = file.read(CHUNK)
    if encoding is None and not (b"\r" in head and b"\n" not in head):
        yield "", plain
        return
    with (
        plain.open(encoding=encoding or "latin-1", errors="replace", newline="") as file,
        (folder / "text").open("wb") as out,
    ):
        while chunk := file.read(CHUNK):
            out.write(chunk.encode() if encoding else chunk.replace("\r", "\n").encode("latin-1"))
    yield "", folder / "text"


def _looked_at(path: Path) -> Facts:
    """What one pass over a text says of it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = newlines = returns = pairs = begun = longest = 0
    is_utf8, has_nulls, last = True, False, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if chunk.endswith(b"\r"):
                chunk += file.read(1)
            size += len(chunk)
            # five times as fast as bytes.count where lines are short
            found = int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == NEWLINE))
            newlines += found
            if b"\r" in chunk:
                returns, pairs = returns + chunk.count(b"\r"), pairs + chunk.count(b"\r\n")
            longest = max(longest, begun + (chunk.index(b"\n") if found else len(chunk)))
            begun = len(chunk) - chunk.rindex(b"\n") - 1 if found else begun + len(chunk)
            has_nulls = has_nulls or b"\0" in chunk
            is_utf8 = is_utf8 and _decodes(decoder, chunk)
            last = chunk[-1:]
    is_utf8 = is_utf8 and _decodes(decoder, b"", is_last=True)
    line_end = _line_end(newlines, returns, pairs) if not has_nulls and longest <= CHUNK else ""
    return Facts(size, newlines + (last != b"\n"), is_utf8, line_end, longest)


def _line_end(newlines: int, returns: int, pairs: int) -> str:
    if returns == 0:
        return "\n"
    return "\r\n" if returns == pairs == newlines else ""


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, is_last: bool = False) -> bool:
    if chunk.isascii() and decoder.getstate()[0] == b"" and not is_last:
        return True
    try:
        decoder.decode(chunk, is_last)
    except UnicodeDecodeError:
        return False
    return True
