"""Lists of case.toml in which a name stands twice: it would count once, or twice, as each reader of the list happens to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from buckpass.case.problems import Problem, repeated
from buckpass.case.reading.toml_lines import Path
from buckpass.case.reading.toml_reading import TomlFile
from buckpass.case.schema import Settings

__all__ = ["check_lists"]


def check_lists(file: TomlFile[Settings]) -> Iterator[Problem]:
    """Names that stand twice in one list of names, those of the sources left alone."""
    settings = file.content
    assert settings is not None
    made = {"organisations": {*range(len(settings.chartered), len(settings.organisations))}}  # of coalitions
    for path, names in _lists(settings.model_dump(by_alias=True, exclude=made), ()):
        for position, name in repeated(names):
            yield file.problem((*path, position), f"{name} stands twice in {path[-1]}", "keep one of them")


def _lists(value: Any, path: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    if isinstance(value, tuple | list) and all(isinstance(one, str) for one in value):
        yield path, tuple(value)
        return
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, tuple | list) else ()
    for step, inner in pairs:
        if step != "sources":
            yield from _lists(inner, (*path, step))
