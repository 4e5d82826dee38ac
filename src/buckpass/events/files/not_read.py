"""Files that users of the field have at hand and that are not read here: told by their content, refused by their name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from buckpass.events.errors import NotRead
from buckpass.events.own_tables import own_text


@dataclass(frozen=True)
class NotReadHere:
    """A kind of file: what it is called, the bytes that it starts with or the columns that it has, and what to do."""

    name: str
    advice: str
    starts: tuple[bytes, ...] = ()
    columns: tuple[str, ...] = ()


@cache
def not_read() -> tuple[NotReadHere, ...]:
    """Every kind that is known and not read."""
    return tuple(
        NotReadHere(
            entry["name"],
            entry["advice"],
            tuple(start.encode("latin-1") for start in entry.get("starts", ())),
            tuple(entry.get("columns", ())),
        )
        for entry in tomllib.loads(own_text("not_read.toml"))["kind"]
    )


def refuse_by_its_start(path: Path, start: bytes) -> None:
    """Raise `NotRead` where the first bytes are those of a kind that is not read."""
    for kind in not_read():
        if kind.starts and start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(
            tuple(s.lower() for s in kind.starts)
        ):
            raise NotRead(path, kind.name, kind.advice)


def looks_like(header: Iterable[str]) -> NotReadHere | None:
    """The kind, known and not read, whose columns a header has."""
    names = set(header)
    return next((kind for kind in not_read() if kind.columns and names.issuperset(kind.columns)), None)
