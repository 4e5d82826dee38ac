"""External support by year (UCDP): who gave a host's government, or those who fight it, what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from buckpass.events.actors import government, on
from buckpass.events.own_tables import own_rows
from buckpass.events.store import tables

if TYPE_CHECKING:
    import duckdb

TABLE = "ucdp_support"
TROOPS, THROUGH_COALITION = ("x", "p"), 5


@dataclass(frozen=True)
class Support:
    """What one state gave one side of a conflict in one year; a supporter, a recipient and a year once, however many dyads.

    `kinds` are those of `data/support.csv`; `host` is the state whose government was helped, or fought where
    `is_against_host`; what is only alleged is no firm support.
    """

    key: str
    supporter: str
    host: str
    year: int
    kinds: tuple[str, ...]
    is_coalition: bool
    is_alleged: bool
    is_against_host: bool

    @property
    def rung(self) -> int | None:
        """The highest rung of its kinds; None where they say nothing of what was done."""
        rungs = [
            THROUGH_COALITION if self.is_coalition and kind in TROOPS else rung
            for kind in self.kinds
            if (rung := _kinds()[kind][1]) is not None
        ]
        return max(rungs, default=None)

    @property
    def said(self) -> str:
        """The kinds in words."""
        kinds = ", ".join(_kinds()[kind][0] for kind in self.kinds)
        return f"{kinds} (alleged)" if self.is_alleged else kinds


def kinds_and_rungs() -> dict[str, int | None]:
    """The kinds of support by their letter, each with its rung; None where the kind does not say what was done."""
    return {kind: rung for kind, (_, rung) in _kinds().items()}


@cache
def _kinds() -> dict[str, tuple[str, int | None]]:
    return {row["kind"]: (row["name"], int(row["rung"]) if row["rung"] else None) for row in own_rows("support.csv")}


def supports(connection: duckdb.DuckDBPyConnection, hosts: Sequence[str], years: Sequence[int]) -> tuple[Support, ...]:
    """What states gave to the governments of the hosts, or to those who fight them, in some years.

    The dataset repeats a supporter's row for each dyad that the recipient fights in; those are one. Rows of a state's
    "elements" and of supporters that are no states are left out; a coalition stands as one row for each of its members.
    """
    if TABLE not in tables(connection):
        return ()
    kinds = ", ".join(f"max(ext_{kind}) = 1" for kind in _kinds())
    rows = connection.execute(
        f"SELECT min(file_id), min(id), ext_name, actor_nonstate = 1, if(actor_nonstate = 1, oppo_name, actor_name) AS side, "
        f"year, max(coalesce(ext_coalition, 0)) = 1, min(ext_alleged) = 1, {kinds} FROM {TABLE} "
        "WHERE ext_sup = 1 AND coalesce(ext_elements, 0) = 0 AND coalesce(ext_nonstate, 0) = 0 AND year BETWEEN ? AND ? "
        "GROUP BY ext_id, ext_name, actor_id, actor_nonstate, side, year, ext_alleged ORDER BY year, 2",
        [min(years), max(years)],
    ).fetchall()
    found = []
    for file_id, row_id, supporter, is_against, side, year, is_coalition, is_alleged, *has in rows:
        who, host = government(supporter or ""), government(side or "")
        if who is None or host is None:
            continue
        who, host = on(who, year), on(host, year)
        if host in hosts and who != host:
            given = tuple(kind for kind, is_given in zip(_kinds(), has, strict=True) if is_given)
            key = f"{file_id}:{TABLE}.{row_id}"
            found.append(Support(key, who, host, year, given, is_coalition, is_alleged, is_against))
    return tuple(found)
