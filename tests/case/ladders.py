"""Cases on other ladders than the standard one, made from the starting case."""

import csv
import io
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from buckpass.case.start import TEMPLATE

ATTRIBUTES = ("effort", "cost", "presence", "influence")
EIGHT = ("silence", "statement", "mediation", "aid", "security assistance", "deployment through an organisation",
         "advisers of its own", "army of its own")  # fmt: skip
SIX = ("silence", "statement", "aid", "security assistance", "deployment through an organisation",
       "unilateral deployment")  # fmt: skip
EIGHT_ROLES = f'deploys = ["{EIGHT[5]}", "{EIGHT[6]}", "{EIGHT[7]}"]\nthrough_organisation = "{EIGHT[5]}"'
TO_EIGHT = {6: 7}  # the unilateral deployment of the starting case is one of an army
TO_SIX = {2: 2, 3: 2, 4: 3, 5: 4, 6: 5}
THREE = ("quiet", "notes of protest", "troops")
TO_THREE = {2: 1, 3: 1, 4: 1, 5: 2, 6: 2}


def evenly(count: int) -> list[float]:
    """An attribute that rises by the same step from 0 to 1."""
    return [round(k / (count - 1), 3) for k in range(count)]


def on_ladder(folder: Path, names: Sequence[str], roles: str = "", moved: Mapping[int, int] | None = None) -> Path:
    """A copy of the starting case on a ladder with these names, its responses and claims moved to the rungs given."""
    shutil.copytree(TEMPLATE, folder)
    text = (folder / "case.toml").read_text(encoding="utf-8")
    ladder = [f"names = {list(names)!r}".replace("'", '"'), *(f"{a} = {evenly(len(names))}" for a in ATTRIBUTES), roles]
    text = re.sub(r"(\[ladder\][^\n]*\n).*?(label = )", rf"\g<1>{chr(10).join(ladder)}\n\g<2>", text, flags=re.DOTALL)
    (folder / "case.toml").write_text(text, encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO((folder / "responses.csv").read_text(encoding="utf-8"))))
    for row in rows:
        for column in ("rung", "rung_low", "rung_high"):
            row[column] = row[column] and str((moved or {}).get(int(row[column]), int(row[column])))
    with (folder / "responses.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    return folder


def edited(folder: Path, file: str, old: str, new: str) -> Path:
    """The folder with one text replaced in one file, which must contain it."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text, f"{file} does not contain {old!r}"
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder
