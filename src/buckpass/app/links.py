"""The address bar: a link holds the difference from the base case, and is checked like any other input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from buckpass.case import Case, UnknownName
from buckpass.changes import BadOverride
from buckpass.years.scenario import scenario_of

__all__ = ["FANS", "View", "read_link", "scenario_file", "usable", "write_link"]

MOST_TEXT, MOST_CHANGES = 2_000, 40
KEYS = ("measure", "power", "set")
FANS = ("burden", "benefit", "security_share", "deployed_by", "commitments", "opinion")


@dataclass(frozen=True)
class View:
    """What a link asks for, and in words what of it could not be used."""

    measure: str
    power: str
    changes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_link(case: Case, parameters: Mapping[str, Sequence[str]]) -> View:
    """The view of a link; what is unknown or out of range is left out and named, the rest is shown."""
    rider = case.settings.focus.rider
    if sum(len(v) for values in parameters.values() for v in values) > MOST_TEXT:
        return View(FANS[0], rider, (), (f"the link holds more than {MOST_TEXT} characters: none of it was used",))
    problems = [f"the link's key {k!r} is not known; known are {', '.join(KEYS)}" for k in parameters if k not in KEYS]
    measure = _one(parameters, "measure", FANS, FANS[0], problems)
    power = _one(parameters, "power", case.powers, rider, problems)
    asked = list(parameters.get("set", ()))
    if len(asked) > MOST_CHANGES:
        problems.append(f"the link asks for {len(asked)} changes, more than {MOST_CHANGES}: none was made")
        asked = []
    changes, refused = usable(case, asked)
    return View(measure, power, changes, (*problems, *refused))


def usable(case: Case, texts: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The changes that can be made together in the years ahead, and in words why not the others."""
    kept: tuple[str, ...] = ()
    problems: list[str] = []
    for text in texts:
        try:
            scenario_of(case, (*kept, text))
        except BadOverride as error:
            problems += [p for p in error.problems if p not in problems]
        else:
            kept = (*kept, text)
    return kept, tuple(problems)


def write_link(case: Case, view: View) -> dict[str, list[str]]:
    """The parameters of a link that reproduces the view: only what differs from the base case."""
    pairs = {"measure": (view.measure, FANS[0]), "power": (view.power, case.settings.focus.rider)}
    link = {k: [value] for k, (value, base) in pairs.items() if value != base}
    return link | ({"set": list(view.changes)} if view.changes else {})


def scenario_file(view: View, title: str) -> str:
    """The view as a file for the case's scenarios/ folder; JSON strings are TOML strings."""
    changes = ", ".join(json.dumps(c, ensure_ascii=False) for c in view.changes)
    return f"title = {json.dumps(title, ensure_ascii=False)}\nset = [{changes}]\n"


def _one(
    parameters: Mapping[str, Sequence[str]], key: str, known: Sequence[str], base: str, problems: list[str]
) -> str:
    asked = parameters.get(key)
    if not asked:
        return base
    if asked[-1] in known:
        return asked[-1]
    problems.append(f"{UnknownName(key, asked[-1], known)}; shown is {base}")
    return base
