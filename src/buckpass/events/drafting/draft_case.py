"""The folder of a draft case: settings of placeholders, the proposed rows, and the files they were proposed from."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buckpass.case import safe_cell
from buckpass.case.ladder import Ladder
from buckpass.case.names import in_a_sentence
from buckpass.case.start import TEMPLATE, as_toml
from buckpass.events.actors import capital, state_name

CRISIS_COLUMNS = (
    "crisis_id", "name", "host", "theatre", "type", "start", "end",
    "threat_level", "threat_reason", "severity", "source_id", "summary",
)  # fmt: skip
RESPONSE_COLUMNS = (
    "crisis_id", "actor", "kind", "rung", "rung_low", "rung_high", "scope",
    "detail", "confidence", "basis", "origin", "source_id", "coder",
)  # fmt: skip
SERIES_COLUMNS = ("series", "actor", "partner", "year", "value", "unit", "source_id", "confidence", "note")
THEATRE = "draft"
PLACEHOLDER = "placeholder of a machine draft: set it"
# Okabe & Ito 2008: eight colours that colour-blind readers can tell apart, as many as a draft has powers
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
# what the three kinds of proposed crises are, as far as their names say it
KINDS = {
    "civil_war": {"domestic": True, "spills": True, "reason": f"armed conflict within a state; {PLACEHOLDER}"},
    "interstate_war": {"domestic": False, "spills": True, "reason": f"war between states; {PLACEHOLDER}"},
    "unrest": {"domestic": True, "spills": False, "reason": f"weeks of unusual coercion; {PLACEHOLDER}"},
}
README = """# A machine draft: {title}

Proposed from the store {store} by `buckpass new --from`. Nothing in it has been looked at by a person.

- `crises.csv`: every row says what it was proposed from. Threat and severity are placeholders.
- `responses.csv`: basis *machine* where events support a rung (their keys are in `detail`; `buckpass events evidence`
  shows them), *unsearched* where they do not: missing, not zero. Set *seen* once you have read a source.
- `case.toml`: the powers are the states that act most towards the hosts. Alignments and organisations are left out,
  every number is a default: `buckpass check` on this folder says what is missing.
- `series.csv` holds what the store's tables say; a domain without a table is measured by counted events for now.
- `claims.toml` holds one sentence as an example.
{left_out}"""


@dataclass(frozen=True)
class DraftRows:
    """What a draft proposes: hosts, powers by how much they act, rows of the two tables, years, files by key."""

    hosts: tuple[str, ...]
    powers: tuple[str, ...]
    crises: Sequence[Mapping[str, Any]]
    responses: Sequence[Mapping[str, Any]]
    series: Sequence[Mapping[str, Any]]
    measures: Mapping[str, str]
    years: tuple[int, int]
    sources: Mapping[str, Mapping[str, str]]
    store: str
    unknown: Sequence[str] = ()

    @property
    def title(self) -> str:
        """What the draft is about."""
        return f"Crises of {in_a_sentence(region_name(self.hosts))}"


def region_name(hosts: Sequence[str]) -> str:
    """Hosts by name, as a list: the name of a theatre that is them."""
    first, *others = map(state_name, hosts)
    *before, last = (first, *map(in_a_sentence, others))
    return f"{', '.join(before)} and {last}" if before else last


def template_ladder() -> Ladder:
    """The ladder that a draft starts with: the template's."""
    return Ladder.model_validate(template_settings()["ladder"])


def template_settings() -> dict[str, Any]:
    """The settings of the starting case."""
    return tomllib.loads((TEMPLATE / "case.toml").read_text(encoding="utf-8"))


def write_draft(folder: Path, case_id: str, rows: DraftRows) -> None:
    """Write all files of the draft into an empty folder."""
    texts = {
        "case.toml": _settings(case_id, rows),
        "claims.toml": _claims(rows),
        "crises.csv": csv_text(CRISIS_COLUMNS, rows.crises),
        "responses.csv": csv_text(RESPONSE_COLUMNS, rows.responses),
        "series.csv": csv_text(SERIES_COLUMNS, rows.series),
        "sources.bib": "\n".join(_source(key, source) for key, source in rows.sources.items()),
        "README.md": README.format(title=rows.title, store=rows.store, left_out=_left_out(rows.unknown)),
    }
    if not rows.series:  # a table without rows is none
        del texts["series.csv"]
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode("utf-8"))


def _left_out(unknown: Sequence[str]) -> str:
    return f"- Left out of `series.csv`, being no known state: {'; '.join(unknown)}.\n" if unknown else ""


def _settings(case_id: str, rows: DraftRows) -> str:
    template = template_settings()
    theatre = {"id": THEATRE, "name": region_name(rows.hosts), "in_fit": True, "note": PLACEHOLDER}
    settings = {
        "schema_version": template["schema_version"],
        "id": case_id,
        "title": f"{rows.title} (machine draft)",
        "question": "Who provides security here, and who leaves it to others?",
        "licence": "not chosen yet",
        "years": list(rows.years),
        "focus": {
            "rider": rows.powers[1],
            "provider": rows.powers[0],
            "theatre": THEATRE,
            "crisis": rows.crises[0]["crisis_id"],
        },
        "powers": [state_entry(power) | {"colour": COLOURS[k]} for k, power in enumerate(rows.powers)],
        "hosts": [state_entry(host) for host in rows.hosts],
        "theatres": [theatre],
        "ladder": template["ladder"],
        "crisis_types": {kind: KINDS[kind] for kind in sorted({str(row["type"]) for row in rows.crises})},
        "measures": {
            domain: {"series": [series], "reason": f"{series} in the store; {PLACEHOLDER}"}
            for domain, series in rows.measures.items()
        },
    }
    return f"# A machine draft: see README.md for what is a placeholder.\n\n{as_toml(settings)}"


def state_entry(state: str) -> dict[str, Any]:
    """A state's id, name and capital, from the tables of `events/data`; an empty capital where they have none."""
    return {"id": state, "name": state_name(state), "capital": list(capital(state) or ())}


def _claims(rows: DraftRows) -> str:
    crisis, power = rows.crises[0], rows.powers[1]
    claim = {
        "id": "D1",
        "text": f"{state_name(power)} sent no forces in the crisis {crisis['crisis_id']}.",
        "short": f"{state_name(power)} sent no forces",
        "kind": "fact",
        "family": "record",
        "rival": PLACEHOLDER,
        "correction": PLACEHOLDER,
        "expect": {"equals": True},
        "estimand": {
            "name": "record.atoms",
            "atoms": [
                {"actor": power, "crisis": crisis["crisis_id"], "at_most": template_ladder().rungs.deployment - 1}
            ],
        },
    }
    return f"# One sentence as an example: put those of your text in its place.\n\n{as_toml({'claim': [claim]})}"


def _source(key: str, source: Mapping[str, str]) -> str:
    fields = {name: re.sub(r"[{}\\]", " ", value) for name, value in source.items()}
    lines = [f"  {name} = {{{{{value}}}}}" for name, value in fields.items() if name != "note"]
    return f"@misc{{{key},\n" + ",\n".join([*lines, f"  note = {{{fields['note']}}}"]) + "\n}\n"


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV, cells that a spreadsheet would compute made harmless."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row[c] is None else safe_cell(str(row[c])) for c in columns])
    return out.getvalue()
