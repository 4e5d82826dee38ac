"""Load publishers' own files and solve published games, and keep what became of each: docs/published.json.

python docs/_build/published.py [FOLDER]

The folder is `../shared/data/published` beside the checkout where none is given; its files are others' and stand in no
repository. Each file goes alone into a store of its own, as `buckpass events load` does it; each game is solved at rationality 2.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from reference import table

ROOT = Path(__file__).parents[2]
FILES = ROOT.parent / "shared" / "data" / "published"
KEPT = ROOT / "docs" / "published.json"
MISSING = '!!! note "Not generated yet"\n    `docs/published.json` is not there; `python docs/_build/published.py FOLDER` writes it.\n'
GAME, RATIONALITY = (".nfg", ".efg"), 2.0


def loaded(path: Path) -> dict[str, Any]:
    """What became of one file, loaded alone into a new store."""
    from buckpass.events import load
    from buckpass.events.errors import UnusableFile

    with tempfile.TemporaryDirectory() as folder:
        try:
            report = load(Path(folder) / "store.duckdb", [path])
        except UnusableFile as refusal:
            return {"file": path.name, "refusal": str(refusal).removeprefix(f"{path.name}: ")}
    [file] = report.files
    return {
        "file": path.name, "publisher": file.publisher, "layout": file.layout, "read": file.rows_read,
        "rejected": file.rows_rejected, "repeated": file.rows_repeated, "lacks": list(file.lacks),
        "reasons": {row["reason"]: row["rows"] for row in report.rejected.to_dicts()},
    }  # fmt: skip


def solved(path: Path) -> dict[str, Any]:
    """A game's players and how far its solution is from an equilibrium, or why it was refused."""
    from buckpass.case.problems import BuckpassError
    from buckpass.game.gambit import read_game
    from buckpass.game.logit import logit_equilibrium

    try:
        game = read_game(path)
        return {"file": path.name, "players": len(game.players), "error": logit_equilibrium(game, RATIONALITY).error}
    except BuckpassError as refusal:
        return {"file": path.name, "refusal": str(refusal).removeprefix(f"{path.name}: ")}


def files(folder: Path) -> Iterator[Path]:
    """Every file of a folder and its folders; what describes them is none of them."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "README.md")


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FILES
    if not folder.is_dir():
        print(f"{folder}: no such folder. docs/published.json stays as it is. Give the folder of publishers' files.")
        return 1
    found: dict[str, list[dict[str, Any]]] = {"tables": [], "games": []}
    for path in files(folder):
        is_game = path.suffix in GAME
        found["games" if is_game else "tables"].append(solved(path) if is_game else loaded(path))
        print(found["games" if is_game else "tables"][-1], flush=True)
    content = {"date": date.today().isoformat(), "version": version("buckpass"), **found}
    KEPT.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 0


def shown(kept: dict[str, Any] | None) -> str:
    """The kept results as two tables."""
    if kept is None:
        return MISSING
    rows = [_table_row(one) for one in kept["tables"]]
    games = [(one["file"], one.get("players"), one.get("refusal") or f"{one['error']:.0e}") for one in kept["games"]]
    said = f"As of {kept['date']}, version {kept['version']} (`python docs/_build/published.py`).\n\n"
    tables = table(
        ("file", "recognised as", "rows", "rejected", "repeated", "why refused or rejected; columns it has not"), rows
    )
    return said + tables + f"\n{table(('game', 'players', 'solved at rationality 2'), games)}"


def _table_row(one: dict[str, Any]) -> tuple[Any, ...]:
    if "refusal" in one:
        return one["file"], None, None, None, None, f"refused: {one['refusal']}"
    why = [f"{count} × {reason}" for reason, count in one["reasons"].items()]
    why += [f"without {', '.join(one['lacks'])}"] if one["lacks"] else []
    counts = (f"{one[name]:,}" for name in ("read", "rejected", "repeated"))
    return one["file"], f"`{one['layout']}`", *counts, "; ".join(why)


if __name__ == "__main__":
    raise SystemExit(main())
