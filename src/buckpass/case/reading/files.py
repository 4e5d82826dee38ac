"""Reading a case's files without being hurt by them."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path, PurePosixPath

from buckpass.case.problems import FileRefused, clip

MEGABYTE = 1_000_000
# Read by size before a byte is read; the flagship's largest table has 0.4 MB.
SIZE_LIMITS = {
    "case.toml": MEGABYTE // 2,
    "claims.toml": MEGABYTE // 2,
    "crises.csv": 1 * MEGABYTE,
    "responses.csv": 3 * MEGABYTE,
    "own_operations.csv": 1 * MEGABYTE,
    "series.csv": 5 * MEGABYTE,
    "alignments.csv": 2 * MEGABYTE,
    "requests.csv": 1 * MEGABYTE,
    "sources.bib": 1 * MEGABYTE,
    "geometry.json": 1 * MEGABYTE,
    "power_study.json": 1 * MEGABYTE,
}
SCENARIO_LIMIT = 20_000
LONGEST_NAME = 200
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def read_inside(folder: Path, name: str) -> bytes:
    """The bytes of one file of a case.

    Refused before reading (`FileRefused`): a missing or empty file, a path or a link that leaves the folder, a loop of
    links, anything but a plain file (a pipe would never end), a file above its size limit.
    """
    content = read_bounded(_settle(folder, name), name, SIZE_LIMITS.get(name, SCENARIO_LIMIT))
    if not content.strip():
        raise FileRefused("the file is empty. `buckpass new DIR` writes a case to compare with")
    return content


def read_bounded(path: Path, name: str, limit: int) -> bytes:
    """The bytes of a plain file of at most `limit` bytes; anything else raises `FileRefused` before it is read."""
    with open_plain(path, name) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > limit:
            raise FileRefused(
                f"{size / MEGABYTE:.1f} MB, above the limit of {limit / MEGABYTE:g} MB: not read. "
                "Keep only the rows that the case uses"
            )
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise FileRefused(f"grew beyond {limit / MEGABYTE:g} MB while being read: not used")
    return content


def _settle(folder: Path, name: str) -> Path:
    try:
        root = folder.resolve(strict=True)
        path = (root / name).resolve(strict=True)
    except FileNotFoundError:
        raise FileRefused("the file is missing. `buckpass new DIR` writes a complete case to copy it from") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise FileRefused(f"the path cannot be followed ({type(error).__name__}): is it a loop of links?") from None
    if not path.is_relative_to(root):
        raise FileRefused(f"leads out of the case's folder (to {path}): not read. Copy the file into the folder")
    return path


def settle_name(folder: Path, name: str, parts: int | None = None) -> Path:
    """Where in a folder a file goes that a stranger's archive or manifest names; the one rule of what a name may be.

    Relative, written one way only (no step up, no empty or `.` part, no backslash, colon or control character), no part
    hidden, at most 200 characters, and of that many parts where `parts` says so. Raises `FileRefused` otherwise.
    """
    plain = PurePosixPath(name)
    is_fine = (
        0 < len(name) <= LONGEST_NAME and plain.as_posix() == name and not plain.is_absolute()
        and not any(part.startswith(".") for part in plain.parts)
        and name.isprintable() and not set(name) & set("\\:")
        and parts in (None, len(plain.parts))
    )  # fmt: skip
    target = folder / name
    if not is_fine or not target.is_relative_to(folder):
        raise FileRefused(f"the name {clip(name)} in it leaves its folder, or is no plain name of a file")
    return target


def open_plain(path: Path, name: str):
    """The file opened for reading, if it is a plain one; a pipe, device, folder or link is refused without being read."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise FileRefused(f"cannot be opened: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileRefused(f"{name} is not a plain file (a folder, pipe or device?): not read")
    return os.fdopen(descriptor, "rb")


def decode_text(content: bytes) -> str:
    """The text of a file in UTF-8 (with or without byte-order mark) or in UTF-16 with its mark, as Excel writes it.

    Any other encoding raises `FileRefused`, naming the first line and byte that is not UTF-8 and the likely encoding.
    """
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileRefused("is in UTF-32. Save it as UTF-8")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode_utf16(content)
    content = content.removeprefix(codecs.BOM_UTF8)
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise FileRefused("holds a zero byte: is it UTF-16 without its mark, or no text at all? Save it as UTF-8", line)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(content, error) from None


def _decode_utf16(content: bytes) -> str:
    try:
        text = content.decode("utf-16")
    except UnicodeDecodeError:
        raise FileRefused("begins as UTF-16 but is damaged. Save it again as UTF-8") from None
    if "\0" in text:
        raise FileRefused("holds a zero character. Save it again as UTF-8")
    return text


def _not_utf8(content: bytes, error: UnicodeDecodeError) -> FileRefused:
    byte = content[error.start]
    letter = bytes([byte]).decode("cp1252", errors="replace")
    message = (
        f"is not UTF-8: byte 0x{byte:02x} ({letter!r} in Windows-1252, common in older Excel). "
        "Save it as UTF-8 — Excel: 'CSV UTF-8'; LibreOffice: Save as, Edit filter settings, Unicode (UTF-8)"
    )
    return FileRefused(message, content[: error.start].count(b"\n") + 1)


def canonical_bytes(text: str) -> bytes:
    """The same bytes for the same text, whatever editor saved it: UTF-8, no mark, newline LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8")


def safe_cell(text: str) -> str:
    """The text as it may stand in a CSV that a spreadsheet will open: a leading = + - @ gets an apostrophe before it.

    Inside a case such cells are kept as text, unchanged; only exports are escaped (OWASP, *CSV injection*).
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
