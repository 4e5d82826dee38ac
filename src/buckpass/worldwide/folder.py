"""The world's record as a folder: three tables, the rules by which they were made, and where they come from.

It is no case: 298 episodes of 95 hosts have no theatres, alignments, requests or vehicles, and no source of each row but the
publisher's file. What is told of a conflict is its intensity and years, and of a power in it a band and eight covariates.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import polars as pl
from pydantic import Field

from buckpass.case.entries import Line
from buckpass.case.problems import FileRefused, clip
from buckpass.case.reading.files import decode_text
from buckpass.case.start import as_toml, fill_folder
from buckpass.case.strangers_files import JSON_LIMIT, StrangersRecord, as_record, parsed_toml, read_plain
from buckpass.worldwide.errors import UnusableFolder
from buckpass.worldwide.fit import KEPT, Yardstick, fit_world, read_yardstick, write_yardstick
from buckpass.worldwide.free_riding import FreeRiding
from buckpass.worldwide.kept_game import KEPT_GAME, read_game, write_game
from buckpass.worldwide.record import WorldRecord, WorldTables
from buckpass.worldwide.rules import LEVELS, SLOPES, rules, rules_in, rules_text

__all__ = [
    "AGAINST",
    "CELLS",
    "MANIFEST",
    "PAIRS",
    "game_of",
    "read_cells",
    "read_tables",
    "write_world",
    "yardstick_of",
]

MANIFEST, CELLS, AGAINST, PAIRS, RULES = "world.toml", "cells.csv", "against.csv", "pairs.csv", "rules.toml"
README = """# What powers did in the world's civil conflicts

Written by `buckpass new --world` from publishers' files, which `world.toml` lists with their SHA-256: cite them.

- `episodes.csv`: one row an episode of a conflict. `cells.csv`: one row an episode and power, with the band of rungs it reached, its
  weight and covariates. `against.csv`: the same of powers that backed the other side. `pairs.csv`: which powers were allies or rivals
  when an episode began. `years.csv`: cells by conflict-year. `rules.toml`: the rules, to be changed and given with `--rules`.
- `buckpass worldwide CASE --world {name}` fits the yardstick to it, keeps it here as yardstick.json and measures by it; remove that
  file where you changed a table.
- Years of one episode are no independent cases: support lasts. Judge by episodes.
"""


def write_world(folder: Path, record: WorldRecord, rules_file: Path | None = None) -> Path:
    """Write a record into a new (or empty) folder, and return the folder; all of its files, or none."""
    known = {name: value for name, value in record.counts.items() if value is not None}
    about = {"schema_version": 1, "powers": list(record.powers), "counts": known, "files": list(record.files)}

    def write(draft: Path, name: str) -> None:
        record.episodes.write_csv(draft / "episodes.csv")
        record.cells.write_csv(draft / CELLS)
        record.against.write_csv(draft / AGAINST)
        record.pairs.write_csv(draft / PAIRS)
        record.years.write_csv(draft / "years.csv")
        text = rules_text() if rules_file is None else rules_in(rules_file)[1]
        (draft / RULES).write_text(text, encoding="utf-8")
        (draft / MANIFEST).write_text(as_toml(about), encoding="utf-8")
        (draft / "README.md").write_text(README.format(name=name), encoding="utf-8")

    return fill_folder(Path(folder), write)


def yardstick_of(folder: Path | None) -> Yardstick:
    """The yardstick of a folder, fitted where it has none yet and kept in it; the product's own where no folder is given."""
    if folder is None or (folder / KEPT).is_file():
        return read_yardstick(folder and folder / KEPT)
    found = fit_world(*read_cells(folder))
    write_yardstick(folder / KEPT, found)
    return found


def game_of(folder: Path | None) -> FreeRiding:
    """The game's fits of a folder, fitted where it has none yet and kept in it; the product's own where no folder is given."""
    if folder is None or (folder / KEPT_GAME).is_file():
        return read_game(folder and folder / KEPT_GAME)
    from buckpass.worldwide.fit_game import fit_games  # loads the sampler

    cells, about = read_cells(folder)
    found = fit_games(read_tables(folder, cells, about), about, rules(folder / RULES).game)
    write_game(folder / KEPT_GAME, found)
    return found


class About(StrangersRecord):
    """What `world.toml` says of a record."""

    schema_version: Literal[1]
    powers: Annotated[list[Line], Field(min_length=1, max_length=50)]
    counts: dict[str, float]
    files: list[dict[str, Any]]


def read_tables(folder: Path, cells: pl.DataFrame, about: dict[str, Any]) -> WorldTables:
    """What the game reads besides the cells; `UnusableFolder` where it was damaged or is of an earlier version."""
    against, pairs = (_table(folder, name) for name in (AGAINST, PAIRS))
    powers = about["powers"]
    lacking = [name for name in cells.columns if name not in against.columns]
    if lacking or missing_in(cells, "capability", "conflict_id"):
        raise UnusableFolder(folder, f"{AGAINST} or {CELLS} lacks {', '.join(lacking) or 'capability or conflict_id'}")
    if against.height and (wrong := _wrong(against, powers, all_of_them=False)):
        raise UnusableFolder(folder, f"{AGAINST} {wrong}")
    if missing := missing_in(pairs, "episode_id", "power", "other", "tie"):
        raise UnusableFolder(folder, f"{PAIRS} lacks {', '.join(missing)}")
    if not {*pairs["power"].unique(), *pairs["other"].unique()} <= {*powers}:
        raise UnusableFolder(folder, f"{PAIRS} names powers that {MANIFEST} does not")
    return WorldTables(tuple(powers), cells, against.select(cells.columns), pairs)


def missing_in(table: pl.DataFrame, *names: str) -> list[str]:
    """Which of the columns a table lacks."""
    return [name for name in names if name not in table.columns]


def _table(folder: Path, name: str) -> pl.DataFrame:
    try:
        content = io.BytesIO(read_plain(folder / name, 2 * JSON_LIMIT))
        return pl.read_csv(content, schema_overrides={"episode_id": pl.String, "capability": pl.Float64})
    except (FileRefused, pl.exceptions.PolarsError) as error:
        raise UnusableFolder(folder, f"{name}: {clip(str(error).splitlines()[0], 200)}") from None


def read_cells(folder: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The cells of a folder, and what its `world.toml` says; `UnusableFolder` where they were damaged or changed."""
    try:
        about = as_record(parsed_toml(decode_text(read_plain(folder / MANIFEST, JSON_LIMIT))), About).model_dump()
    except FileRefused as error:
        raise UnusableFolder(folder, clip(str(error).splitlines()[0], 200)) from None
    cells = _table(folder, CELLS)
    if wrong := _wrong(cells, about["powers"]):
        raise UnusableFolder(folder, f"{CELLS} {wrong}")
    return cells, about


def _wrong(cells: pl.DataFrame, powers: Sequence[str], all_of_them: bool = True) -> str:
    """What cells cannot be fitted with; empty where they can. all_of_them : whether each power must have one."""
    if missing := sorted({"episode_id", "host", "power", "low", "high", "weight", *SLOPES} - set(cells.columns)):
        return f"lacks {', '.join(missing)}"
    numbers = cells.select("low", "high", "weight", *SLOPES)
    if odd := [
        name for name in numbers.columns if not (numbers[name].dtype.is_numeric() or numbers[name].dtype == pl.Boolean)
    ]:
        return f"has words in {', '.join(odd)}"
    if cells.is_empty() or not np.isfinite(numbers.cast(pl.Float64).fill_null(math.nan).to_numpy()).all():
        return "has no rows, or cells that are no number"
    if not cells.select((pl.col("low").is_between(0, LEVELS[-1]) & pl.col("high").is_between(pl.col("low"), LEVELS[-1])
                         & pl.col("weight").is_between(0, 1)).all()).item():  # fmt: skip
        return f"has rungs that are not 0 to {LEVELS[-1]} in order, or weights that are not 0 to 1"
    found = {clip(p) for p in cells["power"].unique()}
    if unknown := sorted(found ^ set(powers) if all_of_them else found - set(powers)):
        return f"and {MANIFEST} do not have the same powers: {', '.join(unknown[:6])}"
    return "has a host without a name" if cells["host"].null_count() else ""
