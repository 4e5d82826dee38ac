"""Text of a case as Markdown that shows it letter by letter."""

from __future__ import annotations

import re

__all__ = ["plain"]

_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|<>~$:^-])")
_ADDRESS = re.compile(r"(?<=http)(?=s?://)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
JOINER = "\u2060"  # has no width; an address that it stands in is no address to what makes links of bare ones


def plain(text: str) -> str:
    """No link, no picture, no markup; GitHub's Markdown links a bare address after escapes are read, so one is broken up."""
    return _MARKS.sub(r"\\\1", _ADDRESS.sub(JOINER, str(text)))
