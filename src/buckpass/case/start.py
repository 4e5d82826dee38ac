"""A small case to start from, and how a case is written into a new folder."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from buckpass.results.errors import OutputExists
from buckpass.results.files import workshop

TEMPLATE = Path(__file__).parent / "template"


def fill_folder(folder: Path, write: Callable[[Path, str], None]) -> Path:
    """A new (or empty) folder with what `write(draft, case_id)` puts into it: all of its files, or none.

    Raises `OutputExists` where the folder has something in it or cannot be made.
    """
    _refuse_occupied(folder)
    try:
        with workshop(folder.parent) as made:
            draft = made / "case"
            draft.mkdir()
            write(draft, _case_id(folder.absolute().name))
            os.replace(draft, folder)  # onto an empty folder at most, which the system checks again
    except OSError as error:
        raise OutputExists(f"{folder} could not be written: {error.strerror}. Give a new folder's name") from None
    return folder


def _refuse_occupied(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputExists(f"{folder} is there already and is not a folder: give a new folder's name")
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputExists(f"{folder} has files in it; nothing was written: give a new folder's name")
    if not folder.absolute().parent.is_dir():
        raise OutputExists(f"{folder.absolute().parent} is not a folder: make it first")


def _case_id(name: str) -> str:
    case_id = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    return case_id if re.match(r"[a-z]", case_id) else "my-case"


def write_template(draft: Path, case_id: str) -> None:
    """The files of the starting case, in a folder that is there, under an id of its own."""
    for source in sorted(TEMPLATE.iterdir()):
        if source.is_file():
            shutil.copyfile(source, draft / source.name)
    settings = draft / "case.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_bytes(text.replace('id = "my-case"', f'id = "{case_id}"', 1).encode("utf-8"))


def as_toml(settings: Mapping[str, Any]) -> str:
    """Settings as TOML: plain values first, then a section a table, each deeper table in one line."""
    plain = [f"{key} = {said_as_toml(v)}" for key, v in settings.items() if not _is_section(v)]
    sections = [
        f"{head}\n" + "\n".join(f"{_name(name)} = {said_as_toml(v)}" for name, v in table.items())
        for key, value in settings.items()
        if _is_section(value)
        for head, table in ([(f"[{key}]", value)] if isinstance(value, Mapping) else [(f"[[{key}]]", t) for t in value])
    ]
    return "\n\n".join(["\n".join(plain), *sections]).lstrip() + "\n"


def _is_section(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and value != [] and isinstance(value[0], Mapping))


def _name(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)


def said_as_toml(value: Any) -> str:
    """One value as TOML writes it, on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_name(key)} = {said_as_toml(v)}" for key, v in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(said_as_toml(v) for v in value)}]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
