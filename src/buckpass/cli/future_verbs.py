"""Verbs about many years: agreement, futures, sweep."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["VERBS"]

VERBS: dict[str, Callable[..., None]] = {}
