"""What can be changed in a case: every path with its meaning, unit and range, where it bites and who honours it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

from buckpass.case import Case
from buckpass.case.catalogue import parameter_kinds
from buckpass.case.ladder import Rungs

__all__ = ["HIGHEST_FACTOR", "Operation", "OverridePath", "Question", "general_paths", "override_paths"]

ValueKind = Literal["number", "rung", "word", "actors", "members"]
Operation = Literal["set", "add", "scale"]
Bite = Literal["crisis", "case", "setting", "game"]
Question = Literal["crisis", "years", "foresight", "agreement"]
TABLE = Path(__file__).parent / "paths.toml"
HIGHEST_FACTOR = 1000.0


@dataclass(frozen=True)
class OverridePath:
    """One path of `--set`, for this case (`AAA.capacity`) or in general (`<POWER>.capacity`).

    `bites` says where the change is made, `honoured` the questions in which it means something, `instead` what to do in
    the others.
    """

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
    bites: Bite = "case"
    honoured: tuple[Question, ...] = ()
    instead: str = ""

    @property
    def verbs(self) -> tuple[str, ...]:
        """The verbs that honour the path, the one to try first in front."""
        return tuple(verb for question in self.honoured for verb in _table()["verbs"][question])

    def why_not(self, *questions: Question) -> str | None:
        """Why none of these questions can honour the path, and the verb that does; None where one of them can."""
        if set(questions) & set(self.honoured):
            return None
        instead = f" {self.instead}, or use it" if self.instead else " use it"
        return f"{_table()['not_in'][questions[0]]};{instead} with `buckpass {self.verbs[0]}`"


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


@cache
def general_paths() -> tuple[OverridePath, ...]:
    """The paths as the package defines them, with placeholders for ids."""
    return tuple(_general(entry) for entry in _table()["path"])


def _general(entry: dict[str, Any]) -> OverridePath:
    low, high = entry.get("range", (None, None))
    left, _, target = entry["form"].partition("@")
    subject, _, attribute = left.partition(".") if left.startswith("<") else ("", "", left)
    plain = ("form", "value", "meaning", "unit", "operation", "sets", "example", "bites", "instead")
    return OverridePath(
        **{name: entry[name] for name in plain if name in entry}, low=low, high=high, subject=subject,
        attribute=attribute, target=target, words=tuple(entry.get("words", ())), takes_factor=entry.get("factor", False),
        honoured=tuple(entry.get("honoured", _honouring(entry.get("sets", "")))),
    )  # fmt: skip


def override_paths(case: Case) -> dict[str, OverridePath]:
    """Every path that `--set` takes for this case, by its text; the parameters of case.toml are paths too."""
    arrangement = case.settings.arrangement
    parties = tuple(dict.fromkeys(t.party for t in arrangement.terms)) if arrangement is not None else ()
    return _paths_of(case.powers, case.hosts, case.organisations, parties, case.rungs) | _parameter_paths(case)


@lru_cache(maxsize=16)  # asked for anew by every change of every claim
def _paths_of(
    powers: tuple[str, ...],
    hosts: tuple[str, ...],
    organisations: tuple[str, ...],
    parties: tuple[str, ...],
    rungs: Rungs,
) -> dict[str, OverridePath]:
    ids = {"<POWER>": powers, "<HOST>": hosts, "<ORGANISATION>": organisations, "<PARTY>": parties}
    paths: dict[str, OverridePath] = {}
    for general in general_paths():
        if general.form.startswith("arrangement.") and not parties:
            continue
        for subject, target in product(ids.get(general.subject, ("",)), ids.get(general.target, ("",))):
            if not subject or subject != target:
                path = _on_ladder(_filled(general, subject, target), rungs)
                paths[path.form] = path
    return paths


def _filled(general: OverridePath, subject: str, target: str) -> OverridePath:
    left = f"{subject}.{general.attribute}" if subject else general.attribute
    form = f"{left}@{target}" if target else left
    sets, instead = (text.replace("<POWER>", subject) for text in (general.sets, general.instead))
    return replace(general, form=form, subject=subject, target=target, sets=sets, instead=instead)


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
            form=name, value="number", meaning=kinds[name].meaning, unit=kinds[name].unit, low=kinds[name].low,
            high=kinds[name].high, takes_factor=True, sets=name, example=f"{quantity.value:g}", attribute=name,
            honoured=_honouring(name),
        )
        for name, quantity in case.settings.parameters.items()
        if name in kinds
    }  # fmt: skip


def _honouring(parameter: str) -> tuple[Question, ...]:
    table = _table()["parameters"]
    return tuple(table[max((start for start in table if parameter.startswith(start)), key=len)])
