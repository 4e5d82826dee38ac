"""The world's record as a folder: three tables, the rules by which they were made, and where they come from.

It is no case: 298 episodes of 95 hosts have no theatres, alignments, requests or vehicles, and no source of each row but the
publisher's file. What is told of a conflict is its intensity and years, and of a power in it a band and eight covariates.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import polars as pl

from buckpass.case.start import as_toml, fill_folder
from buckpass.worldwide.errors import UnusableFolder
from buckpass.worldwide.fit import KEPT, Yardstick, fit_world, read_yardstick, write_yardstick
from buckpass.worldwide.record import COVARIATES, WorldRecord
from buckpass.worldwide.rules import rules_text

__all__ = ["CELLS", "MANIFEST", "read_cells", "write_world", "yardstick_of"]

MANIFEST, CELLS, RULES = "world.toml", "cells.csv", "rules.toml"
README = """# What powers did in the world's civil conflicts

Written by `buckpass new --world` from publishers' files, which `world.toml` lists with their SHA-256: cite them.

- `episodes.csv`: one row an episode of a conflict. `cells.csv`: one row an episode and power, with the band of rungs it reached, its
  weight and covariates. `years.csv`: the same by conflict-year. `rules.toml`: the rules, to be changed and given with `--rules`.
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
        record.years.write_csv(draft / "years.csv")
        text = rules_text() if rules_file is None else rules_file.read_text(encoding="utf-8")
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


def read_cells(folder: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The cells of a folder, and what its `world.toml` says; `UnusableFolder` where they were damaged or changed."""
    try:
        about = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        cells = pl.read_csv(folder / CELLS, schema_overrides={"episode_id": pl.String})
        wanted = {"episode_id", "host", "power", "low", "high", "weight", *COVARIATES}
        if missing := sorted(wanted - set(cells.columns)):
            raise UnusableFolder(folder, f"{CELLS} lacks {', '.join(missing)}")
        if unknown := sorted(set(cells["power"]) - set(about["powers"])):
            raise UnusableFolder(folder, f"{CELLS} has {', '.join(unknown)}, which {MANIFEST} does not list")
    except (OSError, UnicodeDecodeError, KeyError, tomllib.TOMLDecodeError, pl.exceptions.PolarsError) as error:
        raise UnusableFolder(folder, str(error).splitlines()[0] or type(error).__name__) from None
    return cells, about
