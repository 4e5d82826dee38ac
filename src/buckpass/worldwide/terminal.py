"""A case beside the world's record as it fits a terminal of eighty columns; everything left out here is in the JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from buckpass.case import Case
from buckpass.case.names import actor_name
from buckpass.measured.terminal import short_name
from buckpass.results.table import ResultTable
from buckpass.worldwide.yardstick import COUNTED, RESPONSES, Beside

__all__ = ["brief_tables"]

LETTERS = 28  # of a crisis's name and year
RARE = {"rare help": "help", "rare restraint": "restraint"}
SHARES = {"it helps": "helped", "others help": "peers", "sends troops": "troops"}


def brief_tables(case: Case, found: Beside) -> tuple[ResultTable, ...]:
    """Of one power a line a crisis, of several a line a power; and how many crises could not be compared, by reason."""
    if found.rows.is_empty():
        shown = replace(found.table(), frame=found.rows.clear().select("crisis"))
    else:
        shown = _by_crisis(case, found) if found.rows["power"].n_unique() == 1 else _by_power(case, found)
    if found.left_out.is_empty():
        return (shown,)
    why = found.left_out.with_columns(pl.col("reason").str.replace("^[a-z_]+: ", ""))
    counts = why.group_by("reason", maintain_order=True).agg(*COUNTED)
    return shown, ResultTable(
        counts,
        "Not comparable: no figure, not even a bad one",
        note=f"Responses: {RESPONSES['responses']}. Which: --json.",
        case_hash=found.case_hash,
    )


def _by_crisis(case: Case, found: Beside) -> ResultTable:
    who = actor_name(case.settings, found.rows["power"][0])
    lines = [
        {"crisis": short_name(case.crisis(row["crisis"]), LETTERS), "here": row["did"],
         **{said: _percent(row, name) for said, name in SHARES.items()}, "rare": _rare(row)}
        for row in found.rows.iter_rows(named=True)
    ]  # fmt: skip
    note = (
        f"Here: rung that {who} took. In percent of conflicts alike, with 90 % interval: how often it gives arms, training or "
        "troops (rung 4 or more), how often the other powers do, how often it sends troops. Rare: whether what it did here is "
        f"rare there. {found.note}"
    )
    return replace(found.table(), frame=pl.DataFrame(lines), title=f"{who} beside the world's record", note=note)


def _by_power(case: Case, found: Beside) -> ResultTable:
    lines = []
    for (power,), rows in found.rows.group_by("power", maintain_order=True):
        told = [_rare(row) for row in rows.iter_rows(named=True)]
        gave = dict(rows.group_by("gave").len().iter_rows())
        lines.append({
            "power": actor_name(case.settings, str(power)), "crises": rows.height, "helped": gave.get("yes", 0), "rare help": told.count("help"),
            "did not": gave.get("no", 0), "rare restraint": told.count("restraint"), "not known": gave.get("open", 0),
        })  # fmt: skip
    note = (
        "Helped: gave arms, training or troops (rung 4 or more) here; rare: as the whole 90 % interval says of such conflicts. "
        f"`--power ID` lists the crises of one power, with shares. {found.note}"
    )
    return replace(found.table(), frame=pl.DataFrame(lines), note=note)


def _rare(row: dict[str, Any]) -> str:
    return "open" if row["gave"] == "open" else RARE.get(row["reading"], "no")


def _percent(row: dict[str, Any], name: str) -> str:
    mean, low, high = (round(100 * row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return f"{mean} ({low}–{high})"
