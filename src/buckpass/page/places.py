"""Marks and names that would cover each other, moved apart by as little as can be, with a stroke from where they belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from buckpass.page.theme import PALE, inline

__all__ = ["end_names", "spread"]

REACH = 0.045  # of the axis: from the end of a line to its name


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places with at least `gap` from one to the next, between low and high, their order kept, moved as little as can be.

    Least sum of squares, by pooling neighbours that come too near (isotonic regression of place less rank times gap; Ayer et
    al. 1955). The gap shrinks where all of them would not fit.

    >>> spread([1.0, 5.0, 1.0], 1.0, 0.0, 6.0), spread([6.0, 6.0], 1.0, 0.0, 6.0)
    ([0.5, 5.0, 1.5], [5.0, 6.0])
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    gap = min(gap, (high - low) / max(len(places) - 1, 1))
    pools: list[tuple[float, int]] = []  # mean and size
    for rank, i in enumerate(order):
        mean, size = places[i] - rank * gap, 1
        while pools and pools[-1][0] > mean:
            before, n = pools.pop()
            mean, size = (before * n + mean * size) / (n + size), n + size
        pools.append((mean, size))
    first = [min(max(mean, low), high - gap * (len(places) - 1)) for mean, size in pools for _ in range(size)]
    moved = {i: at + rank * gap for rank, (i, at) in enumerate(zip(order, first, strict=True))}
    return [moved[i] for i in range(len(places))]


def end_names(
    ends: Sequence[Mapping[str, Any]], x: alt.X, y: alt.Y, reach: tuple[float, float], gap: float, top: float
) -> list[alt.Chart]:
    """The names of lines beside their ends, each in the colour of its line and joined to it where it had to move.

    ends : rows with the fields of x and y at the end of a line, `name` and `ink`. reach : where the axis of x begins and where
    its lines end. gap : least distance of two names, on an axis of y from 0 to `top`.
    """
    up = str(y["shorthand"]).partition(":")[0]
    column = reach[1] + REACH * (reach[1] - reach[0])
    beside = spread([end[up] for end in ends], gap, 0.0, top)
    rows = [{**end, "column": column, "beside": at} for end, at in zip(ends, beside, strict=True)]
    base = alt.Chart(inline(rows))
    strokes = base.mark_rule(strokeWidth=0.8, color=PALE).encode(x=x, x2=alt.X2("column:Q"), y=y, y2=alt.Y2("beside:Q"))
    names = base.mark_text(align="left", dx=3, fontSize=12, fontWeight=600).encode(
        x=alt.X("column:Q"), y=alt.Y("beside:Q"), text=alt.Text("name:N"), color=alt.Color("ink:N", scale=None))  # fmt: skip
    return [strokes, names]
