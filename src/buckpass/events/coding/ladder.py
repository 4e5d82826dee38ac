"""Codes of events: their labels, and what each means on the ladder."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from buckpass.case.ladder import STANDARD
from buckpass.case.problems import FileRefused, clip
from buckpass.case.reading.files import decode_text
from buckpass.case.strangers_files import read_plain
from buckpass.events.errors import BadMapping, OtherLadder
from buckpass.events.own_tables import own_rows

LARGEST = 1_000_000  # bytes of a mapping
DOMAINS = ("verbal", "economic", "military", "other")
SCOPES = ("help", "coercion")
# PLOVER's sixteen types (Halterman et al. 2023), each alone or with a mode or context
TYPES = (
    "ACCUSE", "AGREE", "AID", "ASSAULT", "COERCE", "CONCEDE", "CONSULT", "COOPERATE",
    "MOBILIZE", "PROTEST", "REJECT", "REQUEST", "RETREAT", "SANCTION", "SUPPORT", "THREATEN",
)  # fmt: skip
PATTERNS = {"CAMEO": "(0[1-9]|1[0-9]|20)[0-9]{0,2}", "PLOVER": f"({'|'.join(TYPES)})(:[a-z_/-]+)?"}
# what an event of AID or COOPERATE is taken to be where it has several contexts: the first of these
CONTEXTS = ("peacekeeping", "military", "intelligence", "humanitarian", "economic")
# codes of coercion by deed, from protest on
VIOLENT = "(1[4-9]|20)[0-9]*|(PROTEST|SANCTION|MOBILIZE|COERCE|ASSAULT)(:.*)?"


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
    for row in own_rows("cameo.csv"):
        found[plain(row["label"])] = row["code"]
    return found


def plain(label: str) -> str:
    """A label without case, spaces and punctuation."""
    return re.sub("[^a-z]+", "", label.lower())


def mapping(path: Path | None = None, names: tuple[str, ...] = STANDARD) -> tuple[Meaning, ...]:
    """The table from prefixes of codes to rungs: the one that comes with the program, or a case's own file.

    The longest prefix that fits a code decides. names : the rungs of the ladder that the table is for; the program's own
    is for the standard ladder only.

    Raises `BadMapping` with the line that is wrong, `OtherLadder` where only a file of one's own would do.
    """
    if path is None and names != STANDARD:
        raise OtherLadder(names)
    if path is None:
        return tuple(_meanings(own_rows("ladder.csv"), "ladder.csv", len(names) - 1))
    try:
        rows = list(csv.DictReader(decode_text(read_plain(path, LARGEST)).splitlines()))
    except (FileRefused, csv.Error) as refused:
        raise BadMapping(path.name, getattr(refused, "line", None) or 1, str(refused)) from None
    return tuple(_meanings(rows, path.name, len(names) - 1))


def meaning(code: str, table: Iterable[Meaning]) -> Meaning | None:
    """What a code counts as, by the longest prefix; None where the table says nothing."""
    fitting = [entry for entry in table if code.startswith(entry.prefix)]
    return max(fitting, key=lambda entry: len(entry.prefix), default=None)


def _meanings(rows: Iterable[dict[str, str]], name: str, top: int) -> Iterable[Meaning]:
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        wrong = _wrong(row, seen, top)
        if wrong:
            raise BadMapping(name, line, wrong)
        seen.add(row["prefix"])
        rung = int(row["rung"]) if row.get("rung") else None
        yield Meaning(row["prefix"], rung, row["domain"], row["scope"], row.get("reason") or "")


def _wrong(row: Mapping[str, str | None], seen: set[str], top: int) -> str:
    prefix, rung = row.get("prefix") or "", row.get("rung") or ""
    if not any(re.fullmatch(pattern, prefix) for pattern in PATTERNS.values()):
        return (
            f"prefix {clip(prefix)!r} is no CAMEO code (roots are 01 to 20, with the leading zero) and no PLOVER type "
            "(AID, or AID:military)"
        )
    if prefix in seen:
        return f"prefix {clip(prefix)!r} stands twice"
    if rung and not (re.fullmatch("[0-9]{1,2}", rung) and int(rung) <= top):
        return f"rung {clip(rung)!r} is not 0 to {top}"
    if row.get("domain") not in DOMAINS:
        return f"domain {clip(row.get('domain'))!r} is none of {', '.join(DOMAINS)}"
    return "" if row.get("scope") in SCOPES else f"scope {clip(row.get('scope'))!r} is none of {', '.join(SCOPES)}"
