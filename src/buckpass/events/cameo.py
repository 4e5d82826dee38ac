"""CAMEO codes: their labels, and what each means on the ladder."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from buckpass.case.ladder import STANDARD
from buckpass.events.errors import BadMapping, OtherLadder

DOMAINS = ("verbal", "economic", "military", "other")
SCOPES = ("help", "coercion")


@dataclass(frozen=True)
class Meaning:
    """What events with a code count as: a rung or none, a domain, help or coercion, and why."""

    prefix: str
    rung: int | None
    domain: str
    scope: str
    reason: str


@cache
def labels() -> dict[str, str]:
    """CAMEO code by label, the label reduced to its letters; the specific code wins over its root of the same name."""
    found: dict[str, str] = {}
    for row in _rows(resources.files("buckpass.events").joinpath("data/cameo.csv").read_text(encoding="utf-8")):
        found[plain(row["label"])] = row["code"]
    return found


def plain(label: str) -> str:
    """A label without case, spaces and punctuation."""
    return re.sub("[^a-z]+", "", label.lower())


def mapping(path: Path | None = None, names: tuple[str, ...] = STANDARD) -> tuple[Meaning, ...]:
    """The table from CAMEO prefixes to rungs: the one that comes with the program, or a case's own file.

    The longest prefix that fits a code decides. names : the rungs of the ladder that the table is for; the program's own
    is for the standard ladder only.

    Raises `BadMapping` with the line that is wrong, `OtherLadder` where only a file of one's own would do.
    """
    if path is None and names != STANDARD:
        raise OtherLadder(names)
    source = path or resources.files("buckpass.events").joinpath("data/ladder.csv")
    return tuple(_meanings(_rows(source.read_text(encoding="utf-8")), source.name, len(names) - 1))


def meaning(code: str, table: Iterable[Meaning]) -> Meaning | None:
    """What a code counts as, by the longest prefix; None where the table says nothing."""
    fitting = [entry for entry in table if code.startswith(entry.prefix)]
    return max(fitting, key=lambda entry: len(entry.prefix), default=None)


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def _meanings(rows: list[dict[str, str]], name: str, top: int) -> Iterable[Meaning]:
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        wrong = _wrong(row, seen, top)
        if wrong:
            raise BadMapping(name, line, wrong)
        seen.add(row["prefix"])
        rung = int(row["rung"]) if row["rung"] else None
        yield Meaning(row["prefix"], rung, row["domain"], row["scope"], row["reason"])


def _wrong(row: Mapping[str, str | None], seen: set[str], top: int) -> str:
    prefix, rung = row.get("prefix") or "", row.get("rung") or ""
    if not re.fullmatch("(0[1-9]|1[0-9]|20)[0-9]{0,2}", prefix):
        return f"prefix {prefix!r} is no CAMEO code (roots are 01 to 20, with the leading zero)"
    if prefix in seen:
        return f"prefix {prefix!r} stands twice"
    if rung and not (rung.isdigit() and int(rung) <= top):
        return f"rung {rung!r} is not 0 to {top}"
    if row.get("domain") not in DOMAINS:
        return f"domain {row.get('domain')!r} is none of {', '.join(DOMAINS)}"
    return "" if row.get("scope") in SCOPES else f"scope {row.get('scope')!r} is none of {', '.join(SCOPES)}"
