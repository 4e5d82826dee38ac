"""A case without a record: powers, hosts and organisations with names and capitals, all else left to be filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from buckpass.case import BuckpassError
from buckpass.case.catalogue import state_codes
from buckpass.case.names import in_a_sentence
from buckpass.case.problems import clip, spelling_hint
from buckpass.case.reading.cells import FIRST_YEAR, LAST_YEAR
from buckpass.case.reading.rows import AlignmentRow, CrisisRow, ResponseRow
from buckpass.case.start import as_toml, fill_folder
from buckpass.events.actors import members, organisation_name, state_name
from buckpass.events.drafting.draft_case import (
    COLOURS,
    csv_text,
    region_name,
    state_entry,
    template_ladder,
    template_settings,
)
from buckpass.results.words import listed, sentence

__all__ = ["BadSkeleton", "Skeleton", "write_skeleton"]

PLACEHOLDER = "placeholder: set it"
FIRST_CRISIS, THEATRE = "first_crisis", "region"
ALIGNED = [name for name in AlignmentRow.columns() if name not in ("label", "unit")]
YEARS = re.compile(r"([0-9]{4})[-–]([0-9]{4})")
SOURCE = "@misc{first_source,\n  title = {{" + PLACEHOLDER + "}},\n  note = {recalled}\n}\n"
README = """# {title}

Written by `buckpass new`. Names, capitals (and so distances) and members are from the tables of the package; nothing else is
known yet.

- `crises.csv` has one row that stands for your first crisis, and `responses.csv` a row *unsearched* for each power in it: put
  yours in their place. Empty means not known, never zero.
- `alignments.csv` has a row for each pair, at 0: nobody counts another's effort until you say so. A pair that changed takes a
  row for each period, with `from` and `to`.
- `case.toml`: what is a placeholder says so. Borders are left out, and so are members of a body that no table knows.
- `buckpass check --weak` lists what is left, with its lines; `buckpass help columns` says what may stand in each.
"""


class BadSkeleton(BuckpassError):
    """No case can be begun from what was asked for; `.problems` has one sentence for each thing that is wrong."""

    def __init__(self, problems: Sequence[str]):
        self.problems = tuple(problems)
        super().__init__("nothing was written: " + "\n  ".join(self.problems))


@dataclass(frozen=True)
class Skeleton:
    """What a case is begun with: ISO3 codes, ids of organisations, first and last year."""

    powers: tuple[str, ...]
    hosts: tuple[str, ...]
    organisations: tuple[str, ...]
    years: tuple[int, int]

    @classmethod
    def of(cls, powers: str, hosts: str, organisations: str, years: str) -> Skeleton:
        """From texts as they are typed: codes joined by commas, 2012-2024. Raises `BadSkeleton` with all that is wrong."""
        codes = [listed(text) for text in (powers, hosts, organisations)]
        span = YEARS.fullmatch(years.strip())
        problems = [*_wrong_states(codes[0], codes[1]), *_wrong_bodies(codes[2])]
        if span is None or not FIRST_YEAR <= int(span[1]) <= int(span[2]) <= LAST_YEAR:
            within = f"from {FIRST_YEAR} to {LAST_YEAR}"
            problems.append(f"--years {clip(years)!r}: write the first and the last year, {within}, as in 2012-2024")
        if problems or span is None:
            raise BadSkeleton(problems)
        return cls(*codes, years=(int(span[1]), int(span[2])))

    @property
    def title(self) -> str:
        """What the case is about."""
        return f"Crises of {in_a_sentence(region_name(self.hosts))}"


def _wrong_states(powers: Sequence[str], hosts: Sequence[str]) -> Iterator[str]:
    if len(powers) < 2:
        yield "--powers: give two or more, as in AAA,BBB: one alone leaves nobody to leave it to"
    if not hosts:
        yield "--hosts: give one or more, as in DDD,EEE"
    for option, states in (("--powers", powers), ("--hosts", hosts)):
        for state in states:
            if state not in state_codes():
                yield f"{option} {clip(state)!r} is no ISO 3166 code of a state: {spelling_hint(state, sorted(state_codes()))}"
            elif not state_entry(state)["capital"]:
                yield f"{option} {state}: the tables have no capital of it, so its distances are not known: add it by hand later"


def _wrong_bodies(organisations: Sequence[str]) -> Iterator[str]:
    for body in organisations:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{1,31}", body) or body in state_codes():
            yield f"--organisations {clip(body)!r} is no id: letters, digits, - and _, two or more, and no state's code"


def write_skeleton(folder: Path, wanted: Skeleton) -> Path:
    """Write a case that passes every check into a new (or empty) folder, and return the folder.

    Raises `OutputExists` where the folder has something in it or cannot be made. All files are written, or none.
    """

    def write(draft: Path, case_id: str) -> None:
        texts = {
            "case.toml": f"# What is a placeholder says so. `buckpass check --weak` lists what is left.\n\n{as_toml(_settings(case_id, wanted))}",
            "claims.toml": f"# One sentence as an example: put those of your text in its place.\n\n{as_toml({'claim': [_claim(wanted)]})}",
            "crises.csv": csv_text([*CrisisRow.columns()], [_crisis(wanted)]),
            "responses.csv": csv_text([*ResponseRow.columns()], [_response(power) for power in wanted.powers]),
            "alignments.csv": csv_text(ALIGNED, [*_alignments(wanted)]),
            "sources.bib": SOURCE,
            "README.md": README.format(title=wanted.title),
        }
        for name, text in texts.items():
            (draft / name).write_bytes(text.encode("utf-8"))

    return fill_folder(folder, write)


def _settings(case_id: str, wanted: Skeleton) -> dict[str, Any]:
    template = template_settings()
    provider, rider, *_ = wanted.powers
    return {
        "schema_version": template["schema_version"], "id": case_id, "title": wanted.title,
        "question": "Who provides security here, and who leaves it to others?", "licence": "not chosen yet",
        "years": list(wanted.years),
        "focus": {"rider": rider, "provider": provider, "theatre": THEATRE, "crisis": FIRST_CRISIS,
                  "organisations": list(wanted.organisations)},
        "powers": [state_entry(p) | {"colour": COLOURS[k % len(COLOURS)]} for k, p in enumerate(wanted.powers)],
        "hosts": [state_entry(host) for host in wanted.hosts],
        "theatres": [{"id": THEATRE, "name": region_name(wanted.hosts), "in_fit": True, "note": PLACEHOLDER}],
        "organisations": [_organisation(body, wanted) for body in wanted.organisations],
        "ladder": template["ladder"],
        "crisis_types": template["crisis_types"],
        "measures": {name: {"series": series, "reason": PLACEHOLDER} for name, series in
                     (("economic", []), ("security", []), ("capacity", template["measures"]["capacity"]["series"]))},
    }  # fmt: skip


def _organisation(body: str, wanted: Skeleton) -> dict[str, Any]:
    """An organisation with those of its members that the case names; what no table knows says that it is a placeholder."""
    whole = {"value": 1.0, "label": "assumed", "reason": PLACEHOLDER}
    known = [
        {key: value if key == "state" else date.fromisoformat(value) for key, value in one.items()}
        for one in members(body)
    ]
    here = [one for one in known if one["state"] in (*wanted.powers, *wanted.hosts, "*")]
    unknown = "is_vehicle" if known else "founded, members and is_vehicle"
    return {
        "id": body, "name": organisation_name(body),
        "founded": min((one["from"] for one in known), default=date(wanted.years[0], 1, 1)), "is_vehicle": False,
        "members": here, "mandate": {"hosts": "members", "types": "any", "reason": PLACEHOLDER},
        "consent": {"rule": "consensus", "reason": PLACEHOLDER},
        "cost_share": whole, "legitimacy": whole, "note": f"{unknown}: {PLACEHOLDER}",
    }  # fmt: skip


def _alignments(wanted: Skeleton) -> Iterator[dict[str, Any]]:
    """Every power and host with every power: at 0, which says no more than leaving it out."""
    for of in dict.fromkeys((*wanted.powers, *wanted.hosts)):
        for power in wanted.powers:
            if power != of:
                yield dict.fromkeys(ALIGNED, "") | {
                    "theatre": THEATRE,
                    "of": of,
                    "with": power,
                    "value": 0.0,
                    "reason": PLACEHOLDER,
                }


def _crisis(wanted: Skeleton) -> dict[str, Any]:
    given = {
        "crisis_id": FIRST_CRISIS, "name": PLACEHOLDER, "host": wanted.hosts[0], "theatre": THEATRE,
        "type": next(iter(template_settings()["crisis_types"])), "start": f"{wanted.years[0]}-01-01", "threat_level": 0,
        "threat_reason": PLACEHOLDER, "severity": 0.0, "summary": PLACEHOLDER,
    }  # fmt: skip
    return dict.fromkeys(CrisisRow.columns(), "") | given


def _response(power: str) -> dict[str, Any]:
    given = {"crisis_id": FIRST_CRISIS, "actor": power, "kind": "state", "scope": "unknown", "confidence": "none"}
    return dict.fromkeys(ResponseRow.columns(), "") | given | {"basis": "unsearched", "detail": PLACEHOLDER}


def _claim(wanted: Skeleton) -> dict[str, Any]:
    rider = wanted.powers[1]
    name = in_a_sentence(state_name(rider))
    stated = {"actor": rider, "crisis": FIRST_CRISIS, "at_most": template_ladder().rungs.deployment - 1}
    return {
        "id": "C1", "text": f"{sentence(name)} sent no forces. ({PLACEHOLDER})", "short": f"{name} sent no forces",
        "kind": "fact", "family": "record", "rival": PLACEHOLDER, "expect": {"equals": True},
        "estimand": {"name": "record.atoms", "atoms": [stated]},
    }  # fmt: skip
