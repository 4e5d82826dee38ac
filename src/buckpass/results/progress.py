"""How a caller watches long work: it is handed what is done, one by one, and shows how far that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

__all__ = ["Along", "in_order"]

Item = TypeVar("Item")
Along = Callable[[Iterable[Item], int], Iterable[Item]]  # hands items on; the number is how many there will be


def in_order(items: Iterable[Item], total: int) -> Iterable[Item]:
    """The items as they are: where nobody watches how far the work is."""
    return items
