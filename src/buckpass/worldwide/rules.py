"""How the world's record is made and read: every rule as data, with its reason."""

from __future__ import annotations

import csv
import tomllib
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from buckpass.case.ladder import Rungs
from buckpass.case.problems import FileRefused
from buckpass.case.reading.files import decode_text
from buckpass.case.strangers_files import as_record, parsed_toml, read_plain
from buckpass.worldwide.errors import UnusableRules

__all__ = [
    "DATA",
    "HIGHER",
    "LADDER",
    "LEVELS",
    "SLOPES",
    "Conflicts",
    "Crises",
    "Game",
    "OwnOperation",
    "Rules",
    "Support",
    "ruled",
    "rules",
    "rules_in",
    "rules_text",
]

DATA = Path(__file__).parent / "data"
Rung = Annotated[int, Field(ge=0, le=6)]
Year = Annotated[int, Field(ge=1800, le=2100)]
# rungs of the ladder that the data can tell apart: none of the coded kinds, money, arms and training, troops of a coalition, own troops
LEVELS = (0, 3, 4, 5, 6)
HIGHER = len(LEVELS) - 1
LADDER = Rungs(count=LEVELS[-1] + 1, words=1, deployment=5, through=5)  # what the rungs of that ladder are
# the covariates of a cell, in the order of the slopes
SLOPES = ("war", "duration", "distance", "border", "alliance", "colony", "rival_across", "recent")
LARGEST = 200_000  # bytes of a file of rules


def _in_order(ends: tuple[int, int]) -> tuple[int, int]:
    if ends[0] > ends[1]:
        raise ValueError(f"{list(ends)}: the first lies after the last")
    return ends


Band = Annotated[tuple[Rung, Rung], Field(description="lowest and highest rung"), AfterValidator(_in_order)]
Years = Annotated[tuple[Year, Year], AfterValidator(_in_order)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NotHost(_Part):
    """A conflict whose government is no host: its location as the data write it."""

    location: str
    reason: str


class Conflicts(_Part):
    """Which conflict-years count, and how they join to episodes."""

    years: Years
    only_active: bool
    only_civil: bool
    bridged_years: Annotated[int, Field(ge=0, le=20)]
    unit: Literal["episodes", "years"] = "episodes"
    fewest_hosts: Annotated[int, Field(ge=1)]
    not_hosts: tuple[NotHost, ...] = ()


class Reading(_Part):
    """What a kind without a rung of its own may have been."""

    rungs: Band
    reason: str


class Alleged(_Part):
    """Support that is only alleged: a band from nothing to it, firm, or nothing."""

    counts: Literal["as a band", "as firm", "not at all"]
    reason: str


class Rebels(_Part):
    """A power that backs the other side: its cell is left out, or what it gave the host counts alone."""

    counts: Literal["as another option", "not at all"]
    reason: str


class Shared(_Part):
    """The same support coded in several conflicts of one host: shared between them, or counted in each."""

    counts: Literal["once a host", "in every conflict"]
    reason: str


class Support(_Part):
    """How kinds of support become bands of rungs."""

    rungs: str
    none: Reading
    other: Reading
    unknown: Reading
    alleged: Alleged
    rebels: Rebels
    shared: Shared


class OwnOperation(_Part):
    """Forces of a power's own that the data list under a mission's name."""

    power: str
    host: str
    years: Years
    rung: Annotated[int, Field(ge=3, le=6)]
    reason: str


class Alike(_Part):
    """Types of crisis that are armed conflicts as the data know them."""

    reason: str
    types: tuple[str, ...]
    least_deaths: Annotated[int, Field(ge=0)]


class Unlike(_Part):
    """Types of crisis of which the data have no case."""

    reason: str
    types: tuple[str, ...]


class Mission(_Part):
    """A mission of an organisation that the data code as troops of the states that sent them; of all of them where none is named."""

    body: str
    host: str
    years: Years
    mission: str
    states: tuple[str, ...] = ()


class Missions(_Part):
    """What states did through organisations: of which missions the data know. Of none where a file of rules does not say."""

    reason: str = ""
    coded: tuple[Mission, ...] = ()


class Crises(_Part):
    """Which crises of a regional case, and which acts in them, the world's record can be set beside."""

    alike: Alike
    unlike: Unlike
    missions: Missions = Missions()


class Delivery(_Part):
    """Elasticities of what a power can deliver."""

    capability: float
    distance: float


class Ties(_Part):
    """How powers count each other's work, by what binds them."""

    ally: Annotated[float, Field(ge=0, le=1)]
    rival: Annotated[float, Field(ge=-1, le=0)]
    other: Annotated[float, Field(ge=0, le=1)]


def _rises_from_nothing(curve: tuple[float, ...]) -> tuple[float, ...]:
    if len(curve) != len(LEVELS) or curve[0] != 0 or any(b < a for a, b in pairwise(curve)) or not 0 < curve[-1] <= 5:
        raise ValueError(f"{list(curve)}: {len(LEVELS)} numbers that rise from 0, up to at most 5")
    return curve


Curve = Annotated[tuple[float, ...], AfterValidator(_rises_from_nothing)]
Severity = Annotated[float, Field(gt=0, le=20)]


class Game(_Part):
    """What is fixed in the game on episodes."""

    effort: Curve
    price: Curve
    severity: tuple[Severity, Severity]
    delivery: Delivery
    alignment: Ties
    reason: str


class Rules(_Part):
    """Every rule by which the world's record is made and read."""

    schema_version: Literal[1]
    conflicts: Conflicts
    support: Support
    own_operations: tuple[OwnOperation, ...] = ()
    covariates: dict[str, str]
    game: Game
    crises: Crises


def rules(path: Path | None = None) -> Rules:
    """The rules of a file; the product's own where none is given. `UnusableRules` names the first fault."""
    return _own() if path is None else rules_in(path)[0]


def rules_in(path: Path) -> tuple[Rules, str]:
    """The rules of a file, and its text; raises `UnusableRules`."""
    try:
        text = decode_text(read_plain(path, LARGEST))
        return as_record(parsed_toml(text), Rules), text
    except FileRefused as refused:
        raise UnusableRules(path, str(refused)) from None


@cache
def _own() -> Rules:
    return Rules.model_validate(tomllib.loads(rules_text()))


def rules_text() -> str:
    """The product's own rules as their file has them, with the reasons."""
    return (DATA / "rules.toml").read_text(encoding="utf-8")


@cache
def ruled() -> frozenset[tuple[str, str]]:
    """Former colonies and the power that ruled them, (host, power)."""
    text = (DATA / "colonial_ties.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return frozenset((row["host"], row["power"]) for row in rows)
