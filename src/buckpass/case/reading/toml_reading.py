"""A TOML file of a case to its validated settings, every problem with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from buckpass.case.checking.case_wording import keys_at, say
from buckpass.case.problems import MOST_PROBLEMS, FileRefused, Problem, clip, control_character, nearest
from buckpass.case.reading.toml_lines import Path, key_lines, line_of
from buckpass.case.strangers_files import parsed_toml

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class TomlFile(Generic[Model]):
    """A validated file, and where each of its keys stands."""

    name: str
    lines: dict[Path, int]
    content: Model | None
    rows: Mapping[Path, tuple[str, int]] = field(
        default_factory=dict
    )  # entries that are rows of a table: file and line

    def place(self, path: Sequence[str | int]) -> tuple[str, int | None]:
        """The file and the line of a path, or of the nearest thing around it that has one."""
        return self.rows.get(tuple(path[:2])) or (self.name, line_of(self.lines, path))

    def problem(self, path: Sequence[str | int], message: str, hint: str = "", level: str = "error") -> Problem:
        """A problem at a path of this file."""
        seen = path[2:] if tuple(path[:2]) in self.rows else path
        return Problem(*self.place(path), dotted(seen), message, hint, level)  # type: ignore[arg-type]


def dotted(path: Sequence[str | int]) -> str:
    """A path as it is spoken of: `organisations[2].consent.rule`."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{clip(step)}" if text else clip(step)
    return text


def read_toml(name: str, text: str, model: type[Model]) -> tuple[TomlFile[Model], list[Problem]]:
    """The file's settings (None where they are not valid) and its problems."""
    values, problem = _parse(name, text)
    if problem is not None:
        return TomlFile(name, {}, None), [problem]
    file: TomlFile[Model] = TomlFile(name, key_lines(text), None)
    problems = [
        file.problem(path, f"holds the control character {found[0]!r}", "remove it")
        for path, value in _strings(values, ())
        if (found := control_character(value))
    ][:MOST_PROBLEMS]
    try:
        content = model.model_validate(values)
    except ValidationError as invalid:
        return file, [*problems, *_problems(file, model, invalid)]
    return (file, problems) if problems else (replace(file, content=content), [])


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        yield from _strings(inner, (*path, step))


def _parse(name: str, text: str) -> tuple[dict[str, Any], Problem | None]:
    try:
        return parsed_toml(text), None
    except FileRefused as refused:
        return {}, Problem(
            name, refused.line, "", str(refused), "compare with a bundled one" if name == "case.toml" else ""
        )


def _problems(file: TomlFile, model: type[BaseModel], invalid: ValidationError) -> list[Problem]:
    problems: dict[tuple[Any, ...], Problem] = {}
    for error in _causes(invalid.errors(include_url=False)[:MOST_PROBLEMS], model):
        path = _path_in_file(error["loc"], file.lines)
        known = keys_at(model, error["loc"]) if error["type"] == "extra_forbidden" else ()
        problems.setdefault((path, error["type"]), file.problem(path, *say(error, known)))
    if invalid.error_count() > MOST_PROBLEMS:
        rest = invalid.error_count() - MOST_PROBLEMS
        problems[("rest",)] = Problem(file.name, None, "", f"and {rest} more problems like these")
    return list(problems.values())


def _causes(errors: Sequence[Any], model: type[BaseModel]) -> list[Any]:
    """The errors without those that only follow from others: a list too short for its bad entries, a key misspelt."""
    inside = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    misspelt = set()
    for error in errors:
        if error["type"] == "extra_forbidden":
            close = nearest(str(error["loc"][-1]), keys_at(model, error["loc"]), 1)
            misspelt.add((*error["loc"][:-1], *close))
    return [
        error
        for error in errors
        if not (error["type"] in {"too_short", "too_long"} and error["loc"] in inside)
        and not (error["type"] == "missing" and error["loc"] in misspelt)
    ]


def _path_in_file(loc: Sequence[str | int], lines: dict[Path, int]) -> tuple[str | int, ...]:
    """The validator's path without the steps that are not in the file (names of alternatives of a union)."""
    path: tuple[str | int, ...] = ()
    for position, step in enumerate(loc):
        is_last = position == len(loc) - 1
        if (*path, step) in lines or (is_last and isinstance(step, str) and "[" not in step):
            path = (*path, step)
    return path
