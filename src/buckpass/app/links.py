"""The address bar: a link holds the difference from the base case, and is checked like any other input."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from buckpass.case import Case, UnknownName
from buckpass.changes import BadOverride, Override, parse_overrides
from buckpass.changes.scenario import changes_of

__all__ = ["View", "read_link", "scenario_file", "write_link"]

MOST_TEXT, MOST_CHANGES = 2_000, 40
KEYS = ("crisis", "explanation", "power", "set")


@dataclass(frozen=True)
class View:
    """What a link asks for, and in words what of it could not be used."""

    crisis: str
    explanation: str
    power: str
    changes: tuple[str, ...]
    problems: tuple[str, ...]


def read_link(case: Case, explanations: Sequence[str], parameters: Mapping[str, Sequence[str]]) -> View:
    """The view of a link; what is unknown or out of range is left out and named, the rest is shown."""
    focus = case.settings.focus
    if sum(len(v) for values in parameters.values() for v in values) > MOST_TEXT:
        problem = f"the link holds more than {MOST_TEXT} characters: none of it was used"
        return View(focus.crisis, explanations[0], focus.rider, (), (problem,))
    problems = [f"the link's key {k!r} is not known; known are {', '.join(KEYS)}" for k in parameters if k not in KEYS]
    crisis = _one(parameters, "crisis", case.crises["crisis_id"].to_list(), focus.crisis, problems)
    explanation = _one(parameters, "explanation", explanations, explanations[0], problems)
    power = _one(parameters, "power", case.powers, focus.rider, problems)
    asked = list(parameters.get("set", ()))
    if len(asked) > MOST_CHANGES:
        problems.append(f"the link asks for {len(asked)} changes, more than {MOST_CHANGES}: none was made")
        asked = []
    changes, refused = usable(case, crisis, asked, parse_overrides)
    return View(crisis, explanation, power, tuple(o.text for o in changes), (*problems, *refused))


def usable(
    case: Case, crisis: str, texts: Sequence[str], read: Callable[..., tuple[Override, ...]] = changes_of
) -> tuple[tuple[Override, ...], tuple[str, ...]]:
    """The changes that can be made in a crisis (with `read=parse_overrides`: that can be read), and in words why not the others."""
    kept: list[str] = []
    problems: list[str] = []
    for text in texts:
        try:
            read([*kept, text], case, crisis)
        except BadOverride as error:
            problems += [p for p in error.problems if p not in problems]
        else:
            kept.append(text)
    return read(kept, case, crisis), tuple(problems)


def write_link(case: Case, explanations: Sequence[str], view: View) -> dict[str, list[str]]:
    """The parameters of a link that reproduces the view: only what differs from the base case."""
    focus = case.settings.focus
    pairs = {"crisis": (view.crisis, focus.crisis), "explanation": (view.explanation, explanations[0]),
             "power": (view.power, focus.rider)}  # fmt: skip
    link = {k: [value] for k, (value, base) in pairs.items() if value != base}
    return link | ({"set": list(view.changes)} if view.changes else {})


def scenario_file(view: View, title: str) -> str:
    """The view as a file for the case's scenarios/ folder; JSON strings are TOML strings."""
    changes = ", ".join(json.dumps(c, ensure_ascii=False) for c in view.changes)
    return f"title = {json.dumps(title, ensure_ascii=False)}\ncrisis = {json.dumps(view.crisis)}\nset = [{changes}]\n"


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
