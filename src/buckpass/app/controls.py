"""The controls of the years ahead: made from the table of override paths, with the case's own values as their rest."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from buckpass.app.links import usable
from buckpass.case import Case
from buckpass.changes import OverridePath, override_paths
from buckpass.changes.in_case import present_value
from buckpass.page.wording import spoken

__all__ = ["Control", "controls_of", "override_text", "settings_from"]


@dataclass(frozen=True)
class Control:
    """One thing to move: a slider (span and step) or a choice (`words`); `rest` is the value at which nothing is changed."""

    path: str
    label: str
    meaning: str
    rest: Any
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    is_factor: bool = False
    words: tuple[str, ...] = ()


def controls_of(case: Case, power: str) -> tuple[Control, ...]:
    """The controls of the years ahead, seen from one power; those that these years cannot use are left out."""
    paths, ids = override_paths(case), _ids(case, power)
    made = [_control(case, paths, entry, ids) for entry in _table()]
    return tuple({c.path: c for c in made if c is not None}.values())


def override_text(control: Control, value: Any) -> str | None:
    """`PATH=VALUE` for a control's position; None where it rests."""
    if value == control.rest:
        return None
    if control.words:
        return f"{control.path}={value}"
    return f"{control.path}={round(value, 6):g}{'x' if control.is_factor else ''}"


def settings_from(controls: Sequence[Control], texts: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Positions of controls by path, and the changes that no control can show, from `PATH=VALUE` texts."""
    by_path = {c.path: c for c in controls}
    positions: dict[str, Any] = {}
    others: list[str] = []
    for text in texts:
        path, _, value = text.partition("=")
        control = by_path.get(path.strip())
        position = _position(control, value.strip()) if control else None
        if control is None or position is None:
            others.append(text)
        else:
            positions[control.path] = position
    return positions, others


def _position(control: Control, text: str) -> Any:
    """Where the control stands for a value; None where the value is none that it can show."""
    if control.words:
        return text if text in control.words else None
    if control.is_factor != text.endswith(("x", "×")):
        return None
    try:
        number = float(text.rstrip("x×"))
    except ValueError:
        return None
    return number if control.low <= number <= control.high else None


@cache
def _table() -> tuple[dict[str, Any], ...]:
    content = resources.files("buckpass.app").joinpath("sliders.toml").read_text("utf-8")
    return tuple(tomllib.loads(content)["slider"])


def _ids(case: Case, power: str) -> dict[str, str]:
    focus, first = case.settings.focus, _first_day(case)
    other = focus.provider if power != focus.provider else focus.rider
    organisation = next((o for o in focus.organisations if case.members(o, first)), "")
    return {"<POWER>": power, "<PROVIDER>": focus.provider, "<OTHER>": other, "<HOST>": case.crisis(focus.crisis)["host"][0],
            "<ORGANISATION>": organisation}  # fmt: skip


def _control(case: Case, paths: dict[str, OverridePath], entry: dict[str, Any], ids: dict[str, str]) -> Control | None:
    name, label = entry["path"], entry["label"]
    for mark, found in ids.items():
        name = name.replace(mark, found)
        label = label.replace(mark, spoken(case, found) if found else "")
    path = paths.get(name)
    if path is None:
        return None
    meaning = f"{path.meaning}{f' ({path.unit})' if path.unit else ''}; path {name}"
    rest = 1.0 if entry.get("factor") else _rest(case, path)
    if path.value == "word":
        words = tuple(w for w in path.words if usable(case, [f"{name}={w}"])[0])
        return Control(name, label, meaning, rest, words=words) if rest in words else None
    if rest is None or not usable(case, [f"{name}={rest:g}{'x' if entry.get('factor') else ''}"])[0]:
        return None
    shown = f"{label} (factor)" if entry.get("factor") else label
    low, high = entry["span"]
    return Control(name, shown, meaning, rest, low, high, entry["step"], bool(entry.get("factor")))


def _rest(case: Case, path: OverridePath) -> Any:
    """What the case has on the first day of the years ahead, as a control can stand at it."""
    present = present_value(case, {"theatre": case.settings.focus.theatre, "start": _first_day(case)}, path)
    return round(present, 2) if isinstance(present, float) else present


def _first_day(case: Case) -> date:
    return date(case.settings.years[1] + 1, 1, 1)
