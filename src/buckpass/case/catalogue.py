"""The package's lists that a case is checked against: state codes, the model's parameters, the claims' estimands."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
ESTIMANDS = HERE.parent / "ledger" / "estimands.toml"


@dataclass(frozen=True)
class ParameterKind:
    """A number of the model that a case sets by hand."""

    id: str
    unit: str
    meaning: str
    low: float
    high: float


@cache
def state_codes() -> frozenset[str]:
    """ISO 3166 alpha-3 codes of states, present and former."""
    codes = tomllib.loads((HERE / "iso3.toml").read_text(encoding="utf-8"))
    return frozenset(codes["current"].split()) | frozenset(codes["former"].split())


@cache
def world_code() -> str:
    """The code of the world as actor or partner of a series."""
    return tomllib.loads((HERE / "iso3.toml").read_text(encoding="utf-8"))["world"]


@cache
def _parameter_table() -> Mapping[str, ParameterKind]:
    table = tomllib.loads((HERE / "parameter_ids.toml").read_text(encoding="utf-8"))
    return {
        name: ParameterKind(name, entry["unit"], entry["meaning"], *map(float, entry["range"]))
        for name, entry in table.items()
    }


def parameter_kinds(powers: Iterable[str]) -> dict[str, ParameterKind]:
    """The parameters that a case with these powers must set, by id."""
    powers = tuple(powers)
    kinds: dict[str, ParameterKind] = {}
    for name, kind in _parameter_table().items():
        for filled in [name.replace("<POWER>", power) for power in powers] if "<POWER>" in name else [name]:
            kinds[filled] = ParameterKind(filled, kind.unit, kind.meaning, kind.low, kind.high)
    return kinds


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

    def lacking(self, given: Collection[str]) -> list[str]:
        """The parameters that must be given beside these and are not."""
        needed = set(self.required)
        needed.update(*(more for one, more in self.needed_with.items() if one in given))
        needed.update(*(more for one, more in self.needed_without.items() if one not in given))
        return sorted(needed.difference(given))


@cache
def known_estimands() -> Mapping[str, EstimandKind]:
    """The estimands that claims may use, by name.

    The list is `ledger/estimands.toml`: `["name"]` with `parameters = { name = "kind" }`, and `family` and `required` where
    they bind; `needed_with` and `needed_without` are parameters that must stand beside another, or in its place.
    """
    table = tomllib.loads(ESTIMANDS.read_text(encoding="utf-8"))
    return {
        name: EstimandKind(
            name,
            entry.get("family"),
            entry["parameters"],
            frozenset(entry.get("required", ())),
            entry["expects"],
            entry.get("needed_with", {}),
            entry.get("needed_without", {}),
        )
        for name, entry in table.items()
    }
