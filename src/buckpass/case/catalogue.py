"""The package's lists that a case is checked against: state codes, the model's parameters, the claims' estimands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from buckpass.case.problems import clip
from buckpass.results.words import and_join

HERE = Path(__file__).parent
BASE, ALL, ARGUMENT = "base", "all", "argument"  # combinations that a name stands for
ESTIMANDS = HERE.parent / "ledger" / "estimands.toml"
MECHANISMS = HERE.parent / "model" / "mechanisms.toml"


@dataclass(frozen=True)
class ParameterKind:
    """A number of the model that a case may set by hand; `default` is its value, low and high where it does not."""

    id: str
    unit: str
    meaning: str
    low: float
    high: float
    default: tuple[float, float, float]


@cache
def state_names() -> Mapping[str, str]:
    """States, present and former, by ISO 3166 alpha-3 code: the short name of each in English."""
    return {**_states()["current"], **_states()["former"]}


@cache
def state_codes() -> frozenset[str]:
    """ISO 3166 alpha-3 codes of states, present and former."""
    return frozenset(state_names())


@cache
def with_article() -> frozenset[str]:
    """Last words of names that stand with an article in English."""
    return frozenset(_states()["with_article"])


def world_code() -> str:
    """The code of the world as actor or partner of a series."""
    return _states()["world"]


@cache
def _states() -> Mapping[str, Any]:
    return tomllib.loads((HERE / "iso3.toml").read_text(encoding="utf-8"))


@cache
def _parameter_table() -> Mapping[str, ParameterKind]:
    table = tomllib.loads((HERE / "parameter_ids.toml").read_text(encoding="utf-8"))
    return {
        name: ParameterKind(name, one["unit"], one["meaning"], one["range"][0], one["range"][1], tuple(one["default"]))
        for name, one in table.items()
    }


def parameter_kinds(powers: Iterable[str]) -> dict[str, ParameterKind]:
    """The parameters of a case with these powers, by id."""
    powers = tuple(powers)
    kinds: dict[str, ParameterKind] = {}
    for name, kind in _parameter_table().items():
        for filled in [name.replace("<POWER>", power) for power in powers] if "<POWER>" in name else [name]:
            kinds[filled] = replace(kind, id=filled)
    return kinds


@cache
def mechanism_ids() -> tuple[str, ...]:
    """The ids of the model's mechanisms, in the order of `model/mechanisms.toml`."""
    return tuple(one["id"] for one in tomllib.loads(MECHANISMS.read_text(encoding="utf-8"))["mechanism"])


def explanation_parts(name: str) -> list[str]:
    """The mechanisms that the name of a combination names, which may not exist; none of base, all and argument.

    >>> explanation_parts("FR+BL"), explanation_parts("all-FR"), explanation_parts("base")
    (['FR', 'BL'], ['FR'], [])
    """
    if name in (BASE, ALL, ARGUMENT):
        return []
    return name.split("-")[1:] if name.startswith(f"{ALL}-") else name.split("+")


@dataclass(frozen=True)
class EstimandKind:
    """What a claim may ask: its family, the kinds of the parameters that it may be given, those it must, what it may expect."""

    name: str
    family: str | None
    parameters: Mapping[str, str]
    required: frozenset[str]
    expects: str
    needed_with: Mapping[str, Sequence[str]] = field(default_factory=dict)
    needed_without: Mapping[str, Sequence[str]] = field(default_factory=dict)
    needed_when: Sequence[Mapping[str, Any]] = ()
    one_of: Sequence[Sequence[str]] = ()
    differ: Sequence[Sequence[str]] = ()
    in_order: Sequence[Sequence[str]] = ()
    from_pair: Mapping[str, str] = field(default_factory=dict)
    only_in_focus: bool = False
    range: Sequence[float] | str | None = None

    def within(self, top: int) -> tuple[float, float] | None:
        """What its number lies between on a ladder that ends at `top`; None where nothing is known."""
        if self.range is None:
            return None
        low, high = (-top, top) if isinstance(self.range, str) else self.range
        return float(low), float(high)

    def lacking(self, given: Mapping[str, Any]) -> list[str]:
        """What must be given beside these parameters and is not: "at_least", "theatre or crises"."""
        needed = set(self.required)
        needed.update(*(more for one, more in self.needed_with.items() if one in given))
        needed.update(*(more for one, more in self.needed_without.items() if one not in given))
        needed.update(*(one["needs"] for one in self.needed_when if one["when"].items() <= given.items()))
        either = [" or ".join(names) for names in self.one_of if not given.keys() & set(names)]
        return [*sorted(needed.difference(given)), *either]

    def together(self) -> Iterator[str]:
        """The same rules in words: "theatre or crises", "other is not power"."""
        yield from (" or ".join(names) for names in self.one_of)
        yield from (f"with {one} also {and_join(more)}" for one, more in self.needed_with.items())
        yield from (f"without {one} also {and_join(more)}" for one, more in self.needed_without.items())
        for one in self.needed_when:
            said = ", ".join(f"{name} = {value}" for name, value in one["when"].items())
            yield f"with {said} also {and_join(one['needs'])}"
        yield from (f"{parameter} left out is the pair's {role}" for parameter, role in self.from_pair.items())
        yield from (f"{second} is not {first}" for first, second in self.differ)
        yield from (f"{first} is no larger than {second}" for first, second in self.in_order)

    def at_odds(self, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Parameters that do not go together, each with why; those that are not given go with everything."""
        for first, second in self.differ:
            if first in given and second in given and _meet(given[first], given[second]):
                yield second, f"{clip(given[second])} is what {first} names: nothing is compared with itself"
        for least, most in self.in_order:
            if all(type(given.get(name)) is int for name in (least, most)) and given[least] > given[most]:
                yield most, f"no rung is at least {given[least]} ({least}) and at most {given[most]} ({most})"
            if least == "at_least" and given.get(least) == 0 and most not in given:
                yield least, "every response reaches 0, so the number is known before anything is counted"


def _meet(first: Any, second: Any) -> bool:
    """Whether two names, or lists of names, have one in common."""
    one, other = ([value] if isinstance(value, str) else value for value in (first, second))
    return isinstance(one, list | tuple) and isinstance(other, list | tuple) and any(name in other for name in one)


BETWEEN = (
    "needed_with",
    "needed_without",
    "needed_when",
    "one_of",
    "differ",
    "in_order",
    "from_pair",
    "only_in_focus",
    "range",
)


@cache
def known_estimands() -> Mapping[str, EstimandKind]:
    """The estimands that claims may use, by name.

    The list is `ledger/estimands.toml`, which says what may stand in an entry.
    """
    return {
        name: EstimandKind(
            name,
            entry.get("family"),
            entry["parameters"],
            frozenset(entry.get("required", ())),
            entry["expects"],
            **{name: entry[name] for name in BETWEEN if name in entry},
        )
        for name, entry in estimands().items()
    }


@cache
def estimands() -> dict[str, dict[str, Any]]:
    """The entries of that list: family, doc, parameters, required, what they expect, and what carries them."""
    return tomllib.loads(ESTIMANDS.read_text(encoding="utf-8"))
