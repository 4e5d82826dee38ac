"""The controls of the dashboard: made from the table of override paths, with the case's own values as their rest."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from buckpass.app.links import usable
from buckpass.case import Case
from buckpass.changes import OverridePath, override_paths
from buckpass.changes.in_case import present_value
from buckpass.page.wording import spoken

__all__ = ["MOST_CONTROLS", "Control", "controls_of", "override_text", "settings_from"]

MOST_CONTROLS = 8


@dataclass(frozen=True)
class Control:
    """One thing to move: a slider (span and step), a choice (`words`) or a choice of several (`actors`).

    `rest` is the value at which nothing is changed.
    """

    path: str
    label: str
    meaning: str
    rest: Any
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    is_factor: bool = False
    words: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()


def controls_of(case: Case, crisis: str, power: str) -> tuple[Control, ...]:
    """The controls for one crisis, seen from one power; those that the crisis cannot use are left out."""
    row, paths = case.crisis(crisis), override_paths(case)
    ids = _ids(case, row, power)
    made = [_control(case, row, paths, entry, ids) for entry in _table()]
    return tuple({c.path: c for c in made if c is not None}.values())[:MOST_CONTROLS]


def override_text(control: Control, value: Any) -> str | None:
    """`PATH=VALUE` for a control's position; None where it rests."""
    if value == control.rest or (control.actors and set(value) == set(control.rest)):
        return None
    if control.actors:
        return f"{control.path}={','.join(value) or 'nobody'}"
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
    if control.actors:
        chosen = [] if text == "nobody" else [a.strip() for a in text.split(",")]
        return chosen if set(chosen) <= set(control.actors) else None
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


def _ids(case: Case, row: dict[str, Any], power: str) -> dict[str, str]:
    focus = case.settings.focus
    other = focus.provider if power != focus.provider else focus.rider
    organisation = next((o for o in focus.organisations if case.members(o, row["start"])), "")
    return {"<POWER>": power, "<PROVIDER>": focus.provider, "<RIDER>": focus.rider, "<OTHER>": other, "<HOST>": row["host"][0],
            "<ORGANISATION>": organisation}  # fmt: skip


def _control(
    case: Case, row: dict[str, Any], paths: dict[str, OverridePath], entry: dict[str, Any], ids: dict[str, str]
) -> Control | None:
    name, label = entry["path"], entry["label"]
    for mark, found in ids.items():
        name = name.replace(mark, found)
        label = label.replace(mark, spoken(case, found) if found else "")
    path = paths.get(name)
    if path is None:
        return None
    rest = 1.0 if entry.get("factor") else _rest(present_value(case, row, path))
    if rest is None:
        return None
    meaning = f"{path.meaning}{f' ({path.unit})' if path.unit else ''}; path {name}"
    if path.value == "actors":
        present = tuple(o for o in case.organisations if case.members(o, row["start"]))
        return Control(name, label, meaning, rest, actors=(*case.powers, *present))
    if path.value == "word":
        words = tuple(w for w in path.words if usable(case, row["crisis_id"], [f"{name}={w}"])[0])
        return Control(name, label, meaning, rest, words=words)
    low, high = entry["span"]
    shown = f"{label} (factor)" if entry.get("factor") else label
    return Control(name, shown, meaning, rest, low, high, entry["step"], bool(entry.get("factor")))


def _rest(present: Any) -> Any:
    """What the case has, as a control can stand at it."""
    if isinstance(present, tuple):
        return list(present)
    return round(present, 2) if isinstance(present, float) else present
