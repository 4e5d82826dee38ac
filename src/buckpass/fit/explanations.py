"""The rival explanations and the priors, read from their data files (model §4)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["Explanation", "Prior", "UnknownExplanation", "explanation", "explanations", "priors"]

ALWAYS_FREE = ("stake.level", "stake.power", "cost.level", "cost.power", "cost.steps")


class UnknownExplanation(ValueError):
    """An explanation that is not in explanations.toml was asked for."""


@dataclass(frozen=True)
class Explanation:
    """One restriction of the model: the terms that it sets free; all others are off."""

    id: str
    name: str
    says: str
    free: frozenset[str]
    is_bound: bool

    def frees(self, term: str) -> bool:
        return term in self.free

    @property
    def has_host_stage(self) -> bool:
        """Whether the host's choice whom to ask is part of the likelihood."""
        return self.frees("host.stake")


@dataclass(frozen=True)
class Prior:
    """The prior of one term: a family with its numbers, and why."""

    term: str
    family: str
    reason: str
    mean: float = 0.0
    sd: float = 1.0
    a: float = 1.0
    b: float = 1.0


@cache
def explanations() -> tuple[Explanation, ...]:
    """All explanations in the order of the file, the two bounds last."""
    content = _read("explanations.toml")
    core = set(content["core"])
    rows = [(entry, False) for entry in content["explanation"]] + [(entry, True) for entry in content["bound"]]
    return tuple(_explanation(entry, core, is_bound) for entry, is_bound in rows)


def explanation(name: str) -> Explanation:
    """One explanation by its id; raises `UnknownExplanation` naming those there are."""
    for one in explanations():
        if one.id == name:
            return one
    raise UnknownExplanation(f"no explanation is called {name!r}; there are {', '.join(e.id for e in explanations())}")


@cache
def priors() -> dict[str, Prior]:
    """Prior of every term by name."""
    return {term: Prior(term=term, **entry) for term, entry in _read("priors.toml").items()}


def _explanation(entry: dict, core: set[str], is_bound: bool) -> Explanation:
    own = set(priors()) - set(entry["held"]) if entry["free"] == "all" else set(entry["free"])
    free = own | set(ALWAYS_FREE) | (set() if entry.get("without_core") else core)
    unknown = free - set(priors())
    if unknown:
        raise UnknownExplanation(f"{entry['id']} frees {sorted(unknown)}, which priors.toml does not have")
    return Explanation(entry["id"], entry["name"], entry["says"], frozenset(free), is_bound)


def _read(name: str) -> dict:
    return tomllib.loads(resources.files("buckpass.fit").joinpath(name).read_text("utf-8"))
