"""What a what-if may change in this case: every path with its meaning, unit and range."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

from buckpass.case.case import Case
from buckpass.case.catalogue import parameter_kinds
from buckpass.case.ladder import Rungs

ValueKind = Literal["number", "rung", "word", "actors", "members"]
Operation = Literal["set", "add", "scale"]
TABLE = Path(__file__).parent / "override_paths.toml"
HIGHEST_FACTOR = 1000.0


@dataclass(frozen=True)
class OverridePath:
    """One path of `--set`, for this case (`AAA.capacity`) or in general (`<POWER>.capacity`)."""

    form: str
    value: ValueKind
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()
    takes_factor: bool = False
    operation: Operation = "set"
    sets: str = ""
    example: str = ""
    subject: str = ""
    attribute: str = ""
    target: str = ""


@cache
def general_paths() -> tuple[OverridePath, ...]:
    """The paths as the package defines them, with placeholders for ids."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(_general(entry) for entry in table["path"])


def _general(entry: dict[str, Any]) -> OverridePath:
    low, high = entry.get("range", (None, None))
    left, _, target = entry["form"].partition("@")
    subject, dot, attribute = left.partition(".")
    return OverridePath(
        form=entry["form"],
        value=entry["value"],
        meaning=entry["meaning"],
        unit=entry.get("unit", ""),
        low=low,
        high=high,
        words=tuple(entry.get("words", ())),
        takes_factor=entry.get("factor", False),
        operation=entry.get("operation", "set"),
        sets=entry.get("sets", ""),
        example=entry["example"],
        subject=subject if dot else "",
        attribute=attribute if dot else subject,
        target=target,
    )


def override_paths(case: Case) -> dict[str, OverridePath]:
    """Every path that `--set` takes for this case, by its text; the parameters of case.toml are paths too."""
    return _paths_of(case.powers, case.hosts, case.organisations, case.rungs) | _parameter_paths(case)


@lru_cache(maxsize=16)  # asked for anew by every change of every claim
def _paths_of(
    powers: tuple[str, ...], hosts: tuple[str, ...], organisations: tuple[str, ...], rungs: Rungs
) -> dict[str, OverridePath]:
    ids = {"<POWER>": powers, "<HOST>": hosts, "<ORGANISATION>": organisations}
    paths: dict[str, OverridePath] = {}
    for general in general_paths():
        for subject, target in product(ids.get(general.subject, ("",)), ids.get(general.target, ("",))):
            if not subject or subject != target:
                path = _on_ladder(_filled(general, subject, target), rungs)
                paths[path.form] = path
    return paths


def _filled(general: OverridePath, subject: str, target: str) -> OverridePath:
    sets = general.sets.replace("<POWER>", subject)
    left = f"{subject}.{general.attribute}" if subject else general.attribute
    form = f"{left}@{target}" if target else left
    return replace(general, form=form, subject=subject, target=target, sets=sets)


def _on_ladder(path: OverridePath, rungs: Rungs) -> OverridePath:
    """The path with the rungs that it takes."""
    if path.value != "rung":
        return path
    low, high = (rungs.through, rungs.through) if path.target else (0, rungs.top)
    return replace(path, low=low, high=high)


def _parameter_paths(case: Case) -> dict[str, OverridePath]:
    kinds = parameter_kinds(case.powers)
    return {
        name: OverridePath(
            form=name,
            value="number",
            meaning=kinds[name].meaning,
            unit=kinds[name].unit,
            low=kinds[name].low,
            high=kinds[name].high,
            takes_factor=True,
            sets=name,
            example=f"{quantity.value:g}",
            attribute=name,
        )
        for name, quantity in case.settings.parameters.items()
        if name in kinds
    }
