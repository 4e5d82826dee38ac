"""`--set PATH=VALUE`: what is changed, read and checked against the case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from buckpass.case import BuckpassError, Case
from buckpass.case.problems import clip, spelling_hint
from buckpass.changes.paths import HIGHEST_FACTOR, Operation, OverridePath, override_paths
from buckpass.results.words import listed

__all__ = [
    "BadOverride", "Changes", "Override", "Unusable", "as_changes", "check_range", "raised_together", "read_overrides",
]  # fmt: skip

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_FACTOR = re.compile(r"((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?) ?[x×]", re.ASCII)
MOST_OVERRIDES = 1000

Value = float | int | str | tuple[str, ...]


class BadOverride(BuckpassError):
    """Some `--set` cannot be used; `.problems` has one sentence for each."""

    def __init__(self, problems: Iterable[str]):
        self.problems = tuple(problems)
        head = (
            "nothing was computed: "
            if len(self.problems) == 1
            else f"nothing was computed, {len(self.problems)} reasons:\n  "
        )
        super().__init__(head + "\n  ".join(self.problems))


class Unusable(ValueError):
    """Why one override cannot be used."""


@dataclass(frozen=True)
class Override:
    """One change: a path of the case and what becomes of it.

    `value` is a number (to set, add or multiply by, see `operation`), a rung, a word, a tuple of ids (`request`,
    `absent`), or a tuple of `+ID` / `-ID` (`members`).
    """

    of: OverridePath
    value: Value
    operation: Operation = "set"

    def __str__(self) -> str:
        return self.text

    @property
    def path(self) -> str:
        """The path as it is written before the `=`."""
        return self.of.form

    @property
    def subject(self) -> str:
        """The power, host or organisation whose attribute is changed; empty where it is nobody's."""
        return self.of.subject

    @property
    def attribute(self) -> str:
        """What is changed."""
        return self.of.attribute

    @property
    def target(self) -> str:
        """Towards whom, or through which organisation; empty where the attribute has no such side."""
        return self.of.target

    @property
    def sets(self) -> str:
        """The parameter of case.toml that is meant, if any."""
        return self.of.sets

    @property
    def number(self) -> float:
        """The number that is set, added or multiplied by."""
        if not isinstance(self.value, (int, float)):
            raise TypeError(f"{self.path} does not change a number")
        return float(self.value)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that are named; none where the value is no list."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def is_factor(self) -> bool:
        """Whether the value multiplies what is there."""
        return self.operation == "scale"

    @property
    def text(self) -> str:
        """The override as it is written after `--set`."""
        shown = ",".join(self.value) or "nobody" if isinstance(self.value, tuple) else str(self.value)
        if isinstance(self.value, float):
            shown = f"{self.value:g}"
        return f"{self.path}={shown}{'x' if self.is_factor else ''}"

    def on(self, number: float) -> float:
        """The number after this change."""
        if self.operation == "scale":
            return number * self.number
        return number + self.number if self.operation == "add" else self.number


Changes = str | Override | Sequence[str | Override]  # as they are asked for: one, or several


def as_changes(given: Changes) -> tuple[str | Override, ...]:
    """The changes one by one; a text alone is one change, not its letters."""
    return (given,) if isinstance(given, (str, Override)) else tuple(given)


def raised_together(problems: Iterable[str]) -> None:
    """Raise `BadOverride` with all of them, if there is any."""
    if each := tuple(dict.fromkeys(problems)):
        raise BadOverride(each)


def read_overrides(asked: Changes, case: Case) -> tuple[tuple[Override, ...], list[str]]:
    """The changes that can be read, those that have been among them, and in words what is wrong with the rest."""
    texts = as_changes(asked)
    if len(texts) > MOST_OVERRIDES:
        return (), [f"{len(texts)} changes are more than {MOST_OVERRIDES}"]
    paths = override_paths(case)
    overrides: dict[str, Override] = {}
    problems: list[str] = []
    for text in texts:
        try:
            override = text if isinstance(text, Override) else _parse(text, case, paths)
            _check_first(override, overrides)
            overrides[override.path] = override
        except Unusable as reason:
            problems.append(f"--set {clip(str(text), 80)}: {reason}")
    problems += _contradictions(case, tuple(overrides.values()))
    return tuple(overrides.values()), problems


def check_range(path: OverridePath, number: float) -> None:
    """Raise `Unusable` where a path's number lies outside its range."""
    if path.low is not None and path.high is not None and not path.low <= number <= path.high:
        unit = f" ({path.unit})" if path.unit not in ("", f"{path.low:g} to {path.high:g}") else ""
        raise Unusable(f"{number:.3g} is outside {path.low:g} to {path.high:g}{unit}")


def _parse(text: str, case: Case, paths: dict[str, OverridePath]) -> Override:
    form, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not form:
        raise Unusable("write PATH=VALUE, for example severity=0.6")
    if form not in paths:
        raise Unusable(_why_unknown(form, case, paths))
    path = paths[form]
    operation = path.operation
    if path.value == "number":
        number, is_factor = _number(path, value)
        parsed: Value = number
        operation = "scale" if is_factor else path.operation
    elif path.value == "rung":
        parsed = _rung(path, value, case)
    elif path.value == "actors":
        parsed = _actors(path, value, case)
    else:
        parsed = _word(path, value) if path.value == "word" else _members(path, value, case)
    return Override(path, parsed, operation)


def _why_unknown(form: str, case: Case, paths: dict[str, OverridePath]) -> str:
    left, at, target = form.partition("@")
    subject, _, attribute = left.partition(".")
    if subject == "arrangement" and case.settings.arrangement is None:
        return f"{case.id} has no [arrangement] in case.toml"
    known = (*case.powers, *case.hosts, *case.organisations)
    attributes = {path.attribute for path in paths.values()}
    if attribute in attributes and subject not in known:
        return f"{clip(subject)!r} is no power, host or organisation of this case — {spelling_hint(subject, known)}"
    if at and target not in known:
        return f"{clip(target)!r} is no power, host or organisation of this case — {spelling_hint(target, known)}"
    own = [path for path in paths if path.startswith(f"{subject}.")] if subject in known else list(paths)
    return f"{clip(form)!r} is not something that can be changed — {spelling_hint(form, own)}"


def _number(path: OverridePath, text: str) -> tuple[float, bool]:
    if found := _FACTOR.fullmatch(text):
        if not path.takes_factor:
            raise Unusable(f"takes a value ({path.unit}), not a factor")
        if float(found[1]) > HIGHEST_FACTOR:
            raise Unusable(f"a factor lies between 0 and {HIGHEST_FACTOR:g}")
        return float(found[1]), True
    if not _NUMBER.fullmatch(text):
        also = " or a factor such as 0.5x" if path.takes_factor else ""
        raise Unusable(f"{clip(text)!r} is not a number{also}")
    check_range(path, float(text))
    return float(text), False


def _rung(path: OverridePath, text: str, case: Case) -> int:
    vehicles = case.vehicles
    if path.target and path.target not in vehicles:
        raise Unusable(f"{path.target} is no vehicle of a deployment in this case (is_vehicle in case.toml)")
    if not re.fullmatch(r"[0-9]{1,3}", text):
        raise Unusable(f"{clip(text)!r} is not a rung: give a whole number from {path.low:g} to {path.high:g}")
    check_range(path, int(text))
    if int(text) == case.rungs.through and not vehicles:
        raise Unusable(f"rung {text} is a deployment through an organisation, and this case has no vehicle for it")
    return int(text)


def _word(path: OverridePath, text: str) -> str:
    if text not in path.words:
        raise Unusable(f"{clip(text)!r} is not one of {', '.join(path.words)}")
    return text


def _actors(path: OverridePath, text: str, case: Case) -> tuple[str, ...]:
    if text in path.words:
        return ()
    ids = listed(text)
    known = case.powers if path.attribute == "absent" else (*case.powers, *case.organisations)
    kind = "power" if path.attribute == "absent" else "power or organisation"
    for name in ids:
        if name not in known:
            raise Unusable(f"{clip(name)!r} is no {kind} of this case — {spelling_hint(name, known)}")
    if not ids:
        raise Unusable(f"names nobody{': write nobody' if path.words else ''}")
    if path.attribute == "absent" and len(ids) == len(case.powers):
        raise Unusable("leaves no power in the game")
    return ids


def _members(path: OverridePath, text: str, case: Case) -> tuple[str, ...]:
    current = {member.state for member in case.organisation(path.subject).members}
    known = tuple(dict.fromkeys((*case.powers, *case.hosts, *sorted(current - {"*"}))))
    changes = listed(text)
    for change in changes or ("",):
        sign, state = change[:1], change[1:].strip()
        if sign not in {"+", "-"}:
            raise Unusable("write +ID for a state that joins, -ID for one that leaves")
        if state not in known:
            raise Unusable(f"{clip(state)!r} is no state of this case — {spelling_hint(state, known)}")
        if sign == "-" and state not in current and "*" not in current:
            raise Unusable(f"{state} was never a member of {path.subject}")
    if len({change[1:].strip() for change in changes}) < len(changes):
        raise Unusable("lets a state join and leave at once")
    return tuple(change[0] + change[1:].strip() for change in changes)


def _check_first(override: Override, earlier: dict[str, Override]) -> None:
    before = earlier.get(override.path)
    if before is not None and before != override and not (override.ids and {*before.ids} == {*override.ids}):
        raise Unusable(f"contradicts {before.text}")


def _asked_and_absent(case: Case, override: Override, absent: set[str], left: set[tuple[str, str]]) -> Iterator[str]:
    """Who is asked and absent: who is named, and who leads what is named, unless it leaves (organisation, -ID)."""
    for name in override.ids:
        power = next((p for p in absent if name in case.asked_through(p)), None)
        if power == name:
            yield f"{name} is asked and absent"
        elif power and (name, f"-{power}") not in left:
            yield f"{power} is asked and absent: asking {name} asks its lead"


def _contradictions(case: Case, overrides: tuple[Override, ...]) -> list[str]:
    problems: list[str] = []
    absent = {name for o in overrides if o.attribute == "absent" for name in o.ids}
    left = {(o.subject, change) for o in overrides if o.attribute == "members" for change in o.ids}
    for override in overrides:
        for power in sorted(absent & {override.subject, override.target}):
            problems.append(f"--set {override.text}: {power} is absent (absent=…), so this cannot change anything")
        if override.attribute == "request":
            problems += [f"--set {override.text}: {seen}" for seen in _asked_and_absent(case, override, absent, left)]
    by_meaning: dict[tuple[str, str], Override] = {}
    for override in overrides:
        key = ("", override.sets) if override.sets else (override.subject, override.attribute)
        if override.sets or override.attribute == "force":
            first = by_meaning.setdefault(key, override)
            if first is not override:
                problems.append(f"--set {override.text}: contradicts {first.text}")
    return problems
