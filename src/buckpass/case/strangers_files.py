"""A stranger's JSON and TOML: bounded before they are parsed, and validated before anything in them is used."""

from __future__ import annotations

import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from buckpass.case.checking.case_wording import say
from buckpass.case.problems import FileRefused, clip
from buckpass.case.reading.files import MEGABYTE, decode_text, read_bounded

__all__ = [
    "JSON_LIMIT",
    "StrangersRecord",
    "as_record",
    "comment_lines",
    "deep_line",
    "parsed_json",
    "parsed_toml",
    "read_json",
    "read_plain",
]

JSON_LIMIT = 20 * MEGABYTE
LONGEST_NUMBER = 300  # digits of a whole number
DEEPEST, MOST_KEY_PARTS = 40, 12
_TOKEN = re.compile(
    r'#[^\n]*+|"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}|\'\'\'(?:[^\']|\'(?!\'\'))*+\'{3,5}'
    r'|"(?:[^"\\\n]|\\.)*+"|\'[^\'\n]*+\'|[\[\]{}.,=:\n]',
    re.DOTALL,
)
_LONG = re.compile(rf"(?<![\w.])[0-9]\w{{{LONGEST_NUMBER},}}")
Record = TypeVar("Record", bound=BaseModel)


class StrangersRecord(BaseModel):
    """What a JSON file of ours holds: these keys with these types and no others, every number finite."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def read_json(path: Path, record: type[Record]) -> Record:
    """A JSON file as the record that it must be; raises `FileRefused` with the first thing that is wrong with it."""
    return as_record(parsed_json(read_plain(path, JSON_LIMIT)), record)


def read_plain(path: Path, limit: int) -> bytes:
    """The bytes of a file that the user named, a link followed; raises `FileRefused` for what is no plain file, or larger."""
    try:
        return read_bounded(path.resolve(strict=True), path.name, limit)
    except (OSError, RuntimeError, ValueError) as error:
        raise FileRefused(f"cannot be opened: {getattr(error, 'strerror', None) or clip(error)}") from None


def as_record(content: Any, record: type[Record]) -> Record:
    """Parsed content as a record; raises `FileRefused`."""
    try:
        return record.model_validate(content)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        place = ".".join(clip(step) for step in first["loc"])
        message, hint = say(first, tuple(record.model_fields))
        raise FileRefused(f"{place}: {message}{' — ' + hint if hint else ''}".lstrip(": ")) from None


def parsed_json(content: bytes) -> Any:
    """JSON as plain data; raises `FileRefused` where it is none, holds NaN or infinity, says a key twice, or nests too deeply."""
    text = decode_text(content)
    if line := deep_line(text):
        raise FileRefused("tables or lists nested too deeply: not read", line)
    try:
        return json.loads(
            text, parse_constant=_no_number, parse_float=_finite, parse_int=_whole, object_pairs_hook=_each_once
        )
    except (ValueError, RecursionError) as error:
        raise FileRefused(f"is not valid JSON: {clip(error, 200)}") from None


def parsed_toml(text: str) -> dict[str, Any]:
    """TOML as plain data; raises `FileRefused`, with its line, where it is none or nests too deeply."""
    text = text.replace("\r\n", "\n")
    if line := deep_line(text):
        raise FileRefused("tables or lists nested too deeply: not read. A case needs at most six levels", line)
    if line := _long_number_line(text):
        raise FileRefused(f"a number of more than {LONGEST_NUMBER} digits, larger than any here may be: not read", line)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise FileRefused(f"is not valid TOML: {clip(error, 200)}", line) from None


def deep_line(text: str) -> int | None:
    """The line on which brackets or a dotted key nest deeper than any file of ours needs; None where none does.

    Found without parsing: a key of many dots costs the standard parser memory that grows with their square.
    """
    depth = parts = 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark == ".":
            parts += 1
        elif mark in ",=:\n":
            parts = 0
        elif mark in "[{":
            depth, parts = depth + 1, 0
        elif mark in "]}":
            depth, parts = max(0, depth - 1), 0
        if depth > DEEPEST or parts >= MOST_KEY_PARTS:
            return text.count("\n", 0, token.start()) + 1
    return None


def _long_number_line(text: str) -> int | None:
    """The line of a whole number, in any notation, that is longer than the parser or a message can take; None where there is none."""
    if not _LONG.search(text):  # hardly any text has one, in a string or not
        return None
    bare = _TOKEN.sub(lambda token: token[0] if len(token[0]) == 1 else "\n" * token[0].count("\n"), text)
    found = _LONG.search(bare)
    return bare.count("\n", 0, found.start()) + 1 if found else None


def comment_lines(text: str) -> dict[int, str]:
    """The comment on each line of a TOML text that has one, marks inside strings left alone."""
    found = (token for token in _TOKEN.finditer(text) if token[0].startswith("#"))
    return {text.count("\n", 0, token.start()) + 1: token[0].rstrip() for token in found}


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):  # readers differ in which of two they take: what one shows, another would not check
        names = [key for key, _ in pairs]
        raise ValueError(f"the key {clip(next(k for k in names if names.count(k) > 1))} stands in it twice")
    return found


def _finite(text: str) -> float:
    if math.isinf(value := float(text)):
        raise ValueError(f"{clip(text, 20)} is larger than any number here may be")
    return value


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:  # no float: arithmetic with it overflows
        raise ValueError(f"{clip(text, 20)} is larger than any number here may be")
    return int(text)
