"""Files written whole or not at all, and JSON that every reader takes."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from buckpass.results.errors import OutputExists, OutputFailed
from buckpass.results.table import plain

__all__ = ["cache_folder", "json_text", "made_folder", "refuse_existing", "whole_file", "write_json", "write_whole"]


@contextmanager
def whole_file(path: str | Path, *, force: bool = True) -> Iterator[Path]:
    """A path to write to: when the block ends its file takes the place of `path` in one step, or nothing does.

    A reader sees the old file or the new one. Whatever goes wrong, the old file stays and no other is left behind.

    Parameters
    ----------
    path : file to write; its folder must be there.
    force : whether it may replace a file that is there.

    Raises
    ------
    OutputExists
        Something is there that must not be replaced, or no file can be there.
    OutputFailed
        The disk is full, the folder cannot be written to: in one sentence.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputExists(f"{path} is a folder: give a file name")
    if not path.parent.is_dir():
        raise OutputExists(f"{path.parent} is not a folder: make it first; nothing was written")
    refuse_existing(path, force)
    partial = path.parent / f".{path.name[:80]}.{secrets.token_hex(4)}.partial"
    try:
        yield partial
        with open(partial, "rb") as stream:
            os.fsync(stream.fileno())
        _put_in_place(partial, path, force)
    except OSError as error:
        raise OutputFailed(
            f"{path} could not be written ({error.strerror or error}); what was finished before is kept"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: str | Path, content: bytes | str, *, force: bool = True) -> Path:
    """Write bytes, or text as UTF-8, in one step, and give the path; see `whole_file`."""
    with whole_file(path, force=force) as partial:
        partial.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return Path(path)


def write_json(path: str | Path, value: Any, *, force: bool = True, indent: int | None = 1) -> Path:
    """Write a result as JSON, keys in order, so that the same result gives the same bytes; see `json_text`."""
    return write_whole(path, json_text(value, indent=indent, sort_keys=True) + "\n", force=force)


def json_text(
    value: Any, *, indent: int | None = None, sort_keys: bool = False, in_ascii: bool = False, tight: bool = False
) -> str:
    """The one way in which this package writes JSON: no NaN and no infinity, which JSON does not have, but null.

    tight : without blanks, for what a page carries.

    >>> json_text({"share": float("nan"), "n": 3})
    '{"share": null, "n": 3}'
    """
    marks = (",", ":") if tight else None
    return json.dumps(
        plain(value), ensure_ascii=in_ascii, allow_nan=False, indent=indent, sort_keys=sort_keys, separators=marks
    )


def made_folder(path: str | Path) -> Path:
    """The folder, made with those above it where it is not there yet; raises `OutputFailed` where it cannot be."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFailed(f"the folder {path} could not be made ({error.strerror}); nothing was written") from error
    return Path(path)


def refuse_existing(path: str | Path, force: bool) -> None:
    """Raise `OutputExists` where something is at `path` and `force` was not asked for."""
    if not force and os.path.lexists(path):
        raise OutputExists(
            f"{path} is there already and was left as it is: give another name, or --force to replace it"
        )


def _put_in_place(partial: Path, path: Path, force: bool) -> None:
    if force:
        os.replace(partial, path)
        return
    try:
        os.link(partial, path)  # unlike replace, fails if another process wrote the file meanwhile
    except FileExistsError:
        refuse_existing(path, force)
    except OSError:
        os.replace(partial, path)  # file systems without hard links


def cache_folder(*parts: str) -> Path:
    """A folder of this program's in the user's cache folder: what is there may be deleted at any time."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache.joinpath("buckpass", *parts)
