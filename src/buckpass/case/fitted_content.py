"""What a fit can read of a case, as one digest: what only people read changes no posterior."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import polars as pl
from pydantic.fields import FieldInfo

from buckpass.case.entries import FOR_READERS, Entry

__all__ = ["content_digest", "for_readers"]


def for_readers(field: FieldInfo) -> bool:
    """Whether no fit reads a field: a name, title, unit, reason, note or source, or what the page and the claims speak about."""
    return FOR_READERS in field.metadata


def content_digest(part: Entry | pl.DataFrame, row: type[Entry]) -> str:
    """SHA-256 of what a fit can read of the settings, or of a table whose rows are `row`.

    Left out are the fields `for_readers`, the line in the file, and what stands at its default: a field that a later
    schema adds changes no digest until a case uses it. Rows and entries count in their order, columns and keys do not.
    """
    content = _columns(part, row) if isinstance(part, pl.DataFrame) else _content(part)
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _columns(frame: pl.DataFrame, row: type[Entry]) -> dict[str, list]:
    kept = {name: field for name, field in row.columns().items() if not for_readers(field)}
    columns = {name: frame[name].to_list() for name in kept if name in frame.columns}
    return {
        name: ["" if v is None else v for v in values]
        for name, values in columns.items()
        if any(v is not None and _content(v) != _content(_default(kept[name])) for v in values)
    }


def _content(value: Any) -> Any:
    if isinstance(value, Entry):
        fields = {name: field for name, field in type(value).model_fields.items() if not for_readers(field)}
        given = {name: getattr(value, name) for name in fields}
        content = {name: _content(v) for name, v in given.items()}
        return {name: v for name, v in content.items() if v != _content(_default(fields[name]))}
    if isinstance(value, tuple | list):
        return [_content(one) for one in value]
    return {key: _content(v) for key, v in value.items()} if isinstance(value, dict) else value


def _default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True)
