"""Files written whole or not at all, and JSON that every reader takes."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from buckpass.results.errors import OutputExists, OutputFailed
from buckpass.results.stopping import first_when_stopped
from buckpass.results.table import plain

__all__ = [
    "json_text",
    "locked",
    "made_folder",
    "own_cache",
    "read_own",
    "refuse_existing",
    "workshop",
    "write_json",
    "write_whole",
]

WORKSHOP = ".buckpass-"
UNWAITED = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a pipe is not waited for


def write_whole(path: str | Path, content: bytes | str, *, force: bool = True, private: bool = False) -> Path:
    """Write bytes, or text as UTF-8, so that the file takes the place of `path` in one step, or nothing does; gives the path.

    A reader sees the old file or the new one. Whatever goes wrong, the old file stays and no other is left behind.

    Parameters
    ----------
    path : file to write; its folder must be there.
    force : whether it may replace a file that is there.
    private : whether nobody else may read it.

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
    try:
        with workshop(path.parent) as folder:
            made = folder / "made"
            with made.open("wb") as stream:
                stream.write(content.encode("utf-8") if isinstance(content, str) else content)
                stream.flush()
                os.fsync(stream.fileno())
            if private:
                made.chmod(0o600)
            _put_in_place(made, path, force)
    except OSError as error:
        raise OutputFailed(
            f"{path} could not be written ({error.strerror or error}); what was finished before is kept"
        ) from error
    return path


@contextmanager
def workshop(parent: Path) -> Iterator[Path]:
    """A folder in `parent` for what is not whole yet: removed at the end, or by the next such run where this one is killed.

    Raises OSError where it cannot be made.
    """
    for left in (p for p in parent.glob(f"{WORKSHOP}*") if p.is_dir() and not p.is_symlink()):
        with locked(left, waiting=False) as is_dead:
            if is_dead:
                shutil.rmtree(left, ignore_errors=True)
    while True:
        made = tempfile.TemporaryDirectory(prefix=WORKSHOP, dir=parent, ignore_cleanup_errors=True)
        with made as folder, locked(Path(folder), waiting=True), first_when_stopped(made.cleanup):
            if os.path.isdir(folder):  # nobody took it for a dead one before it was locked
                yield Path(folder)
                return


@contextmanager
def locked(path: Path, *, waiting: bool) -> Iterator[bool]:
    """Whether this process has the lock of a file or folder, which the system gives back when it ends, however it ends."""
    with ExitStack() as stack:
        try:
            import fcntl

            stack.callback(os.close, handle := os.open(path, os.O_RDONLY | UNWAITED))
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if waiting else fcntl.LOCK_NB))
            has_it = True
        except (ImportError, OSError):  # another's, gone, or a system without such locks: there what is left stays
            has_it = False
        yield has_it


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


def _put_in_place(made: Path, path: Path, force: bool) -> None:
    if force:
        os.replace(made, path)
        return
    try:
        os.link(made, path)  # unlike replace, fails if another process wrote the file meanwhile
    except FileExistsError:
        refuse_existing(path, force)
    except OSError:
        os.replace(made, path)  # file systems without hard links


def own_cache(*parts: str) -> Path | None:
    """A folder of this program's in the user's cache folder, closed to everybody else; what is there may be deleted at any time.

    None where there can be none, another user has it, or it is a link: who can write there could plant an answer, or compiled
    code, and what a link leads to is not this program's to close or to clear.
    """
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "buckpass"
        for folder in (cache, cache.joinpath(*parts)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            state = folder.lstat()
            if not (stat.S_ISDIR(state.st_mode) and _is_own(state)):
                return None
            if state.st_mode & 0o077:
                folder.chmod(0o700)
    except (OSError, RuntimeError):  # no such folder can be, or there is no home
        return None
    return cache.joinpath(*parts)


def read_own(path: Path, most: int) -> bytes | None:
    """The bytes of a file that nobody but this user can have written; None where there is none, or more than so many."""
    try:
        handle = os.open(path, os.O_RDONLY | UNWAITED | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(handle, "rb") as stream:
            state = os.fstat(stream.fileno())
            is_good = stat.S_ISREG(state.st_mode) and _is_own(state) and not state.st_mode & 0o022
            return stream.read(most) if is_good and state.st_size <= most else None
    except OSError:
        return None


def _is_own(state: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or state.st_uid == os.geteuid()
