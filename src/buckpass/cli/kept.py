"""Answers given before to the same question of the same files: kept in the user's cache, so that nobody waits twice, and those
about a bundled case beside it, so that nobody waits once.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from buckpass.results import digests
from buckpass.results.digests import TooMuch, digest, digest_of_files, program_files
from buckpass.results.errors import OutputExists, OutputFailed
from buckpass.results.files import json_text, own_cache, read_own, write_whole

if TYPE_CHECKING:
    from buckpass.bargain import Agreement
    from buckpass.ledger import Judged

__all__ = ["bundle_answers", "kept_agreement", "kept_answer", "kept_ledger"]

MOST_KEPT, MOST_KEPT_BYTES = 60, 10**8  # answers, and what they take of the disk
NAME = re.compile("[0-9a-f]{64}")  # of an answer: the digest of what it depends on
OFF = "BUCKPASS_KEEP_ANSWERS"  # set to 0: nothing is kept
ANSWERS, DIGEST = "answers.json", "digest"  # in the folder of a case that comes with the package
WORKED_OUT = {ANSWERS, "years.nc"}  # of a case, not what it is worked out from
UNUSABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)  # cut, put there by hand, or not finite
OTHER_ROOMS = {"worldwide", "sweeps", "page", "app", "cli"}  # that neither claims nor agreement depend on


def kept_answer(question: str, case: str, posteriors: Path | None, work: Callable[[], str]) -> str:
    """What `work` gives to a question of a case, or what it gave before.

    An answer is known by the digest of everything that it is made of: the question, every file of case and posteriors, this program,
    the libraries installed and the machine's kind. A file that was changed or cut is not one, nor one that another user can have
    written. Where the cache cannot be used, the work is done and nobody is told.
    """
    key = _key(question, case, posteriors) if os.environ.get(OFF, "1") != "0" else None
    folder = own_cache("answers") if key else None
    if key is None or folder is None:
        return work()
    if (before := _read(folder / key)) is not None:
        return before
    answer = work()
    with contextlib.suppress(OSError, OutputFailed, OutputExists):
        write_whole(folder / key, f"{digest(answer.encode())}\n{answer}", private=True)
        _bound(folder)
    return answer


def kept_ledger(case: str, posteriors: Path | None, seed: int, judge: Callable[[], Judged]) -> Judged:
    """The ledger of a case as `judge` gives it, or as it gave it before: terminal and page ask for the same one."""
    from buckpass.ledger import Judged

    return _kept_as(Judged, "claims", case, posteriors, seed, judge)


def kept_agreement(case: str, posteriors: Path | None, seed: int, work: Callable[[], Agreement]) -> Agreement:
    """The unwritten agreement of a case as it stands, likewise."""
    from buckpass.bargain import Agreement

    return _kept_as(Agreement, "agreement", case, posteriors, seed, work)


class _Told(Protocol):
    """A result that is made of plain values again."""

    def as_dict(self) -> dict[str, Any]: ...
    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self: ...


T = TypeVar("T", bound=_Told)


def _kept_as(kind: type[T], question: str, case: str, posteriors: Path | None, seed: int, work: Callable[[], T]) -> T:
    if posteriors is None and seed == 0 and (came := _came_with(kind, case, question)) is not None:
        return came
    text = kept_answer(f"{question}, seed {seed}", case, posteriors, lambda: json_text(work().as_dict()))
    try:
        return kind.from_dict(json.loads(text))
    except UNUSABLE:
        return work()


def bundle_answers(name: str) -> Path:
    """Work out the ledger of a bundled case and its agreement into its folder, with the digest of all that they are made of."""
    from buckpass.bargain import agreement
    from buckpass.case import load_case
    from buckpass.fitting.files import load_posteriors
    from buckpass.ledger import judged

    case = load_case(name)
    fits = load_posteriors(case)
    found = {"claims": judged(case, fits).as_dict()}
    if case.settings.arrangement is not None:
        found["agreement"] = agreement(case, fits).as_dict()
    return write_whole(case.folder / ANSWERS, _as_file(case.folder, found))


def _as_file(folder: Path, answers: Mapping[str, Any]) -> str:
    """Two lines: the digest of all that the answers are made of, and of what they say; and the answers."""
    said = json_text(answers, tight=True)
    return f"{json_text({DIGEST: _worked_out_from(folder), 'answers': digest(said.encode())}, tight=True)}\n{said}\n"


def _came_with(kind: type[T], case: str, question: str) -> T | None:
    """An answer that came with a bundled case; None for another case, where case, fits, program or settings are not as they were, and
    of a file that is not as it was written.
    """
    from buckpass.case.load import BUNDLED, bundled_cases
    from buckpass.case.problems import FileRefused
    from buckpass.case.strangers_files import read_plain

    if os.environ.get(OFF, "1") == "0" or case not in bundled_cases() or _settings().keys() - {"JAX_PLATFORMS"}:
        return None
    try:
        said, _, answers = read_plain(BUNDLED / case / ANSWERS, MOST_KEPT_BYTES).partition(b"\n")
        made = json.loads(said)
        is_good = made["answers"] == digest(answers.removesuffix(b"\n")) and made[DIGEST] == _worked_out_from(
            BUNDLED / case
        )
        return kind.from_dict(json.loads(answers)[question]) if is_good else None
    except (*UNUSABLE, OSError, FileRefused, TooMuch):
        return None


def _settings() -> dict[str, str]:
    """What the environment tells the library that computes, where it caches aside."""
    return {k: v for k, v in os.environ.items() if k.startswith("JAX_") and "CACHE" not in k}


def _worked_out_from(folder: Path) -> str:
    """The digest of a bundled case, its fits, and the rooms that an answer depends on, wherever the package lies."""
    case = [p for p in sorted(folder.rglob("*")) if p.name not in WORKED_OUT]
    return digest_of_files([*(p for p in case if p.is_file()), *program_files(without=OTHER_ROOMS)], digests.PACKAGE)


def _key(question: str, case: str, posteriors: Path | None) -> str | None:
    """The digest of all that an answer depends on; None where that cannot be read, or is too much."""
    meant = (digests.PACKAGE / "cases" / case, Path(case))  # a bundled case or a folder: whichever it is, both count
    given = [p for folder in meant for p in (folder, folder / "scenarios", folder / "posteriors")]
    given += [posteriors] if posteriors is not None else []
    try:
        inputs = [digest_of_files(_plain_files(place)) for place in given]
        program = digest_of_files(program_files())
        libraries = sorted({n for p in sys.path if os.path.isdir(p) for n in os.listdir(p) if n.endswith(".dist-info")})
    except (OSError, ValueError, TooMuch):
        return None
    depends = [
        question,
        case,
        str(posteriors),
        inputs,
        program,
        libraries,
        _settings(),
        sys.version,
        platform.platform(),
    ]
    return digest(json_text(depends).encode())


def _plain_files(folder: Path) -> Iterator[Path]:
    """The files that stand in a folder itself; none where it is not there."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_symlink():
            raise TooMuch
        if path.is_file():
            yield path


def _read(path: Path) -> str | None:
    """A kept answer; None where there is none, or one that is not what was written."""
    try:
        said, _, answer = (read_own(path, MOST_KEPT_BYTES) or b"").partition(b"\n")
        return answer.decode() if said.decode() == digest(answer) else None
    except ValueError:
        return None


def _bound(folder: Path) -> None:
    """Let the oldest answers go where there are many, or they are large; a file of another name is nobody's answer."""
    answers = (p for p in folder.iterdir() if NAME.fullmatch(p.name) and (p.is_symlink() or not p.is_dir()))
    kept = sorted(((p.lstat(), p) for p in answers), key=lambda one: -one[0].st_mtime)
    room = MOST_KEPT_BYTES
    for place, (state, path) in enumerate(kept):
        room -= state.st_size
        if place >= MOST_KEPT or room < 0:
            path.unlink(missing_ok=True)
