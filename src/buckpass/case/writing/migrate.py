"""A case in today's shortest form: alignments in a table, one line for each host, opinion, parameter and type of crisis."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from buckpass.case.case import Case
from buckpass.case.catalogue import parameter_kinds
from buckpass.case.load import is_bundled, load_case
from buckpass.case.problems import CaseProblems, FileRefused
from buckpass.case.reading import alignments
from buckpass.case.reading.files import decode_text, read_inside
from buckpass.case.reading.tables import read_table
from buckpass.case.reading.toml_lines import table_lines
from buckpass.case.reading.toml_reading import read_toml
from buckpass.case.schema import Quantity, Settings, default_of
from buckpass.case.start import fill_folder, said_as_toml
from buckpass.case.strangers_files import comment_lines, parsed_toml
from buckpass.results.errors import BuckpassError, OutputExists
from buckpass.results.files import write_whole

__all__ = ["Migration", "NotMigrated", "migrate"]

LISTED, NAMED = ("hosts", "opinions"), ("parameters", "crisis_types")  # lists of tables; tables by names of their own
MOVED = "# Said of rows of alignments.csv:"


class NotMigrated(BuckpassError):
    """The shorter form would not say the same; nothing was written."""


@dataclass(frozen=True)
class Migration:
    """Where a case stands in the new form, and how many lines case.toml and alignments.csv took before and take now."""

    folder: Path
    before: int
    after: int


def migrate(ref: str | Path, to: Path | None = None) -> Migration:
    """Write a case in the new form, in place or as a copy in a new folder. What it says, comments included, stays the same.

    Raises `CaseProblems` for a case with errors, `NotMigrated` where the new form would not say the same, `OutputExists`
    where `to` has something in it, or a case that comes with the package would be changed.
    """
    try:
        case = load_case(ref)
    except CaseProblems:
        if (case := _interrupted(Path(ref))) is None:
            raise
    if to is None and is_bundled(case):
        raise OutputExists(f"{case.id} comes with the package and stays as it is: give a new folder, --to DIR")
    names = [name for name in ("case.toml", alignments.FILE) if (case.folder / name).exists()]
    old = {name: decode_text(read_inside(case.folder, name)).replace("\r\n", "\n") for name in names}
    new = {"case.toml": _shorter(old["case.toml"], case.settings)}
    if case.settings.alignments:
        new[alignments.FILE] = alignments.as_text(case.settings)
    if _read_again(new) != case.settings:
        raise NotMigrated(f"{case.folder}/case.toml is written in a way that cannot be shortened; it was left as it is")
    if to is None:
        _write(case.folder, new)
    else:
        fill_folder(to, lambda draft, _: _write(_copied(case.folder, draft), new))
    return Migration(to or case.folder, *(sum(text.count("\n") for text in texts.values()) for texts in (old, new)))


def _interrupted(folder: Path) -> Case | None:
    """The case as it was before a migration in place that ended between its two files; None where that is not what is wrong."""
    try:
        table = decode_text(read_inside(folder, alignments.FILE))
        with tempfile.TemporaryDirectory(prefix="buckpass-case-") as made:
            draft = _copied(folder, Path(made) / folder.name)
            (draft / alignments.FILE).unlink()
            case = load_case(draft)
        return replace(case, folder=folder) if alignments.as_text(case.settings) == table else None
    except (CaseProblems, FileRefused, OSError):
        return None


def _copied(folder: Path, draft: Path) -> Path:
    """The plain files of a folder in another; links as they are, since what they lead to may be anybody's; no pipe or device."""

    def odd(within: str, names: list[str]) -> list[str]:
        kinds = ((name, os.lstat(os.path.join(within, name)).st_mode) for name in names)
        return [name for name, mode in kinds if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))]

    return Path(shutil.copytree(folder, draft, symlinks=True, ignore=odd, dirs_exist_ok=True))


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    for name in reversed([*texts]):  # the table first: after an interruption both are there, and `migrate` goes on
        write_whole(folder / name, texts[name])


def _read_again(texts: Mapping[str, str]) -> Settings | None:
    file, _ = read_toml("case.toml", texts["case.toml"], Settings)
    if alignments.FILE in texts:
        file = alignments.with_rows(file, read_table(alignments.FILE, texts[alignments.FILE])[0].frame)
    return file.content


# --- case.toml ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Block:
    """A table of case.toml with the comments above it: its path, its text, and its comments."""

    path: tuple[str | int, ...]
    text: str
    above: tuple[str, ...]
    inside: tuple[str, ...]


def _blocks(text: str) -> tuple[str, list[_Block]]:
    """What stands before the first table, and each table."""
    lines, comments, tables = text.split("\n"), comment_lines(text), table_lines(text)
    starts = []
    for start, _ in tables:
        while start > 1 and lines[start - 2].startswith("#") and start - 1 in comments:
            start -= 1
        starts.append(start)
    blocks = []
    for (first, after), (header, path) in zip(pairwise([*starts, len(lines) + 1]), tables, strict=True):
        said = [(line, comments[line]) for line in range(first, after) if line in comments]
        above, inside = (tuple(c for line, c in said if (line < header) == is_above) for is_above in (True, False))
        blocks.append(_Block(path, "\n".join(lines[first - 1 : after - 1]).strip("\n"), above, inside))
    return "\n".join(lines[: starts[0] - 1] if starts else lines).strip("\n"), blocks


def _shorter(text: str, settings: Settings) -> str:
    values, (head, blocks) = parsed_toml(text), _blocks(text)
    roots = {block.path[0] for block in blocks}
    listed = [name for name in LISTED if name in roots]
    named = [name for name in NAMED if name in roots and all(len(b.path) == 2 for b in blocks if b.path[0] == name)]
    pieces = [head]
    for name in listed:
        entries = [line for b in blocks if b.path[0] == name for line in _in_a_list(b, values)]
        pieces.append("\n".join([f"{name} = [", *entries, "]"]))
    for number, block in enumerate(blocks):
        root = block.path[0]
        if root in named:
            if root not in {b.path[0] for b in blocks[:number]}:
                pieces.append("\n".join([f"[{root}]", *_by_name(root, blocks, values, settings)]))
        elif root not in (*listed, "alignments"):
            pieces.append(block.text)
    if notes := [*_notes(blocks, values)]:
        pieces.append("\n".join([MOVED, *notes]))
    return "\n\n".join(filter(None, pieces)) + "\n"


def _in_a_list(block: _Block, values: Mapping[str, Any]) -> Iterator[str]:
    entry = values[str(block.path[0])][block.path[1]]
    yield from (f"  {comment}" for comment in block.above)
    yield "  ".join([f"  {said_as_toml(entry)},", *block.inside])


def _by_name(root: str, blocks: Sequence[_Block], values: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """The tables of one name, a line each; a parameter that says nothing but its default is left out."""
    silent = parameter_kinds(power.id for power in settings.powers) if root == "parameters" else {}
    for block in (b for b in blocks if b.path[0] == root):
        name = str(block.path[1])
        value = values[root][name]
        yield from block.above
        if name in silent and Quantity.model_validate(value) == default_of(silent[name]):
            yield from block.inside
        else:
            yield "  ".join([said_as_toml({name: value})[2:-2], *block.inside])


def _notes(blocks: Sequence[_Block], values: Mapping[str, Any]) -> Iterator[str]:
    """The comments of alignments, which a table of rows has no place for, each with the pair that it stood at."""
    for block in (b for b in blocks if b.path[0] == "alignments"):
        of = values["alignments"][block.path[1]]
        for comment in (*block.above, *block.inside):
            yield f"# {of['of']} with {of['with']} in {of['theatre']}: {comment.lstrip('# ')}"
