"""Every changed row of the record since a commit, as tables: python docs/_build/record_changes.py [--write] [--since COMMIT].

What a person wrote in docs/record.md stays; the part after the marker is written anew from the difference of the cases' files.
"""

import argparse
import csv
import io
import json
import re
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from buckpass.events.reliability import alpha_interval

ROOT = Path(__file__).parents[2]
CASES = "src/buckpass/cases"
PAGE = ROOT / "docs/record.md"
READINGS = "docs/second-reading.csv"
MARKER = "<!-- From here on written by docs/_build/record_changes.py -->"
SINCE = "23381f0"
LAST_FITS = "6eca101"  # answers of the fits before rows of powers were read again
ANSWERS, CLAIMS = "docs/answers.json", "buckpass claims central-asia"
KEYS = {
    "crises.csv": ("crisis_id",),
    "responses.csv": ("crisis_id", "actor"),
    "own_operations.csv": ("crisis_id",),
    "series.csv": ("series", "actor", "partner", "year"),
}
SHOWN = {
    "crises.csv": (
        "host", "start", "end", "type", "severity", "help_requested", "asked", "asked_text", "request_date",
        "request_answer", "deaths_best", "bases", "summary",
    ),
    "responses.csv": ("kind", "rung", "rung_low", "rung_high", "date", "stance", "vehicle", "confidence", "basis"),
    "series.csv": ("value", "unit"),
}  # fmt: skip
BLANK = "·"
MANY = 12  # added rows of one series and actor beyond which only their years are given
CODERS = ("", "first")
Row = dict[str, str]


def before(path: str, commit: str) -> list[Row]:
    """The rows of a file as they were; none where it did not exist."""
    shown = subprocess.run(["git", "show", f"{commit}:{path}"], cwd=ROOT, capture_output=True, text=True, check=False)
    return list(csv.DictReader(io.StringIO(shown.stdout))) if shown.returncode == 0 else []


def now(path: str) -> list[Row]:
    """The rows of a file as they are."""
    with (ROOT / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def keyed(rows: list[Row], key: tuple[str, ...]) -> dict[tuple[str, ...], list[Row]]:
    """Rows by what they are about; a second reading and what was settled between two readings are left out."""
    found: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[k] for k in key)].append(row)
    for about, several in found.items():
        readings = [row for row in several if row.get("coder", "") == "first"] or several
        found[about] = [row for row in readings if row.get("coder", "") in CODERS] or several
    return found


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table of the page; a bar inside a cell would end it."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += [
        "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") or BLANK for cell in row) + " |" for row in rows
    ]
    return "\n".join(lines) + "\n"


def changed(name: str, old: Row, new: Row) -> Iterator[str]:
    """The fields that differ among those shown."""
    yield from (field for field in SHOWN.get(name, tuple(new)) if old.get(field, "") != new.get(field, ""))


def paired(old: list[Row], new: list[Row]) -> tuple[list[tuple[Row, Row]], list[Row], list[Row]]:
    """Rows of one key matched in their order; what is left over on either side."""
    return list(zip(old, new, strict=False)), old[len(new) :], new[len(old) :]


def about(key: tuple[str, ...]) -> str:
    """What a row is about, in one cell."""
    return ", ".join(part for part in key if part)


def section(case: str, name: str, commit: str) -> str:
    """What changed, what is new and what is gone in one file of one case."""
    path, key = f"{CASES}/{case}/{name}", KEYS[name]
    old, new = keyed(before(path, commit), key), keyed(now(path), key)
    moved, fresh, gone = [], [], []
    for one in dict.fromkeys([*old, *new]):
        pairs, lost, added = paired(old.get(one, []), new.get(one, []))
        for a, b in pairs:
            fields = list(changed(name, a, b))
            if fields:
                moved.append(
                    (about(one), "; ".join(f"{f}: {a.get(f, '') or BLANK}" for f in fields),
                     "; ".join(f"{f}: {b.get(f, '') or BLANK}" for f in fields), b["source_id"].replace(";", ", "))
                )  # fmt: skip
        fresh += [(one, row) for row in added]
        gone += [(about(one), _values(name, row), row["source_id"].replace(";", ", ")) for row in lost]
    parts = [f"### {case}: {name}\n"]
    if moved:
        parts.append(f"{len(moved)} rows changed.\n\n" + table(("row", "old", "new", "source"), moved))
    if gone:
        parts.append(f"{len(gone)} rows gone.\n\n" + table(("row", "was", "source"), gone))
    if fresh:
        parts.append(f"{len(fresh)} rows new.\n\n" + _fresh(name, fresh))
    return "\n".join(parts) if len(parts) > 1 else ""


def _values(name: str, row: Row) -> str:
    shown = SHOWN.get(name, tuple(row))[:9]
    if name == "responses.csv":
        band = f" [{row['rung_low']}–{row['rung_high']}]" if row["rung_low"] != row["rung_high"] else ""
        return f"{row['rung'] or 'not coded'}{band}, {row['basis']}" + (f", {row['date']}" if row["date"] else "")
    return "; ".join(f"{f}: {row[f]}" for f in shown if row.get(f))


def _fresh(name: str, rows: list[tuple[tuple[str, ...], Row]]) -> str:
    if name != "series.csv":
        body = [(about(key), _values(name, row), row["source_id"].replace(";", ", ")) for key, row in rows]
        return table(("row", "value", "source"), body)
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for _, row in rows:
        groups[row["series"], row["actor"]].append(row)
    body = []
    for (series, actor), several in groups.items():
        years = [int(row["year"]) for row in several]
        partners = ", ".join(dict.fromkeys(row["partner"] for row in several))
        value = (
            f"{len(several)} rows, {min(years)}–{max(years)}"
            if len(several) > MANY
            else "; ".join(f"{row['partner']} {row['year']}: {row['value']}" for row in several)
        )
        sources = ", ".join(dict.fromkeys(row["source_id"].replace(";", ", ") for row in several))
        body.append((f"{series}, {actor}", partners, value, several[0]["unit"], sources))
    return table(("series", "with", "values", "unit", "source"), body)


def reading() -> str:
    """How far the two readings agree, with and without look-ups of the second that found nothing, and where they differ."""
    rows = now(READINGS)
    settled = [row for row in rows if row["first"] != row["second"]]
    lost = [row for row in settled if row["second_basis"] == "absence"]
    body = [
        (
            f"{row['crisis_id']}, {row['actor']}", *(_coded(row, who) for who in ("first", "second")),
            _band(row, "adjudicated"), row["reason"],
        )
        for row in settled
    ]  # fmt: skip
    every, in_file = alpha(rows), alpha([row for row in rows if row not in lost])
    read = alpha([row for row in rows if "absence" not in (row["first_basis"], row["second_basis"])])
    said = (
        "## The two readings\n\n"
        f"{len(rows)} responses were read twice; {len(rows) - len(settled)} rungs are the same, {len(settled)} differ, and of those "
        f"{len(lost)} are look-ups of the second reader that found nothing where the first had a source.\n\n"
        f"Ordinal alpha of Krippendorff, 95 % interval by bootstrap over crises: **{every}** over all, **{read}** over those that "
        f"both readers read in a text. Without the {len(lost)} (`responses.csv` has them once, as what was settled) it is {in_file}, which flatters: "
        f"where both found nothing they agree of themselves. Of these {len(lost)} the fit reads what was settled, once; of the other {len(rows) - len(lost)} "
        "it reads both coders' rows, each with half a weight.\n\nThe full list is in [second-reading.csv](second-reading.csv).\n"
    )
    return said + "\n" + table(("response", "first reading", "second reading", "settled as", "why"), body)


def alpha(rows: list[Row]) -> str:
    """Ordinal alpha of the two readings of these responses, by the product's own function."""
    codings = np.array([[float(row[who]) for row in rows] for who in ("first", "second")])
    found = alpha_interval(codings, "ordinal", 0, np.array([row["crisis_id"] for row in rows]))
    return f"{found.alpha:.3f} [{found.low:.3f}, {found.high:.3f}], n = {found.n_units}"


def _band(row: Row, who: str) -> str:
    value, low, high = row[who], row[f"{who}_low"], row[f"{who}_high"]
    return f"{value} [{low}–{high}]" if low != high else value


def _coded(row: Row, who: str) -> str:
    return f"{_band(row, who)}, {row[f'{who}_basis']} ({row[f'{who}_sources'].replace(';', ', ')})"


def headline() -> str:
    """What the record says now: who went further, mean rungs, and what the rows of the flagship rest on."""
    from buckpass.case import load_case

    case = load_case("central-asia")
    focus = case.settings.focus
    rows = case.coded.filter(theatre=focus.theatre).drop_nulls("rung")
    rungs = {p: dict(rows.filter(actor=p).select("crisis", "rung").iter_rows()) for p in (focus.rider, focus.provider)}
    rider, provider = rungs[focus.rider], rungs[focus.provider]
    gaps = [rider[crisis] - provider[crisis] for crisis in rider.keys() & provider.keys()]
    basis = dict(case.coded["basis"].value_counts().iter_rows())
    body = [
        (f"crises of {focus.theatre} with both coded", f"{len(gaps)}"),
        (f"{focus.rider} less far, equally far, further", f"{sum(g < 0 for g in gaps)}, {gaps.count(0)}, {sum(g > 0 for g in gaps)}"),
        *((f"mean rung of {p}, crises looked up", f"{np.mean([*of.values()]):.2f}, {len(of)}") for p, of in rungs.items()),
        ("responses of all theatres: seen, absence, recalled, unsearched",
         ", ".join(str(basis.get(b, 0)) for b in ("seen", "absence", "recalled", "unsearched"))),
    ]  # fmt: skip
    return "## The record as it is\n\n" + table(("what", "now"), body)


def verdicts(commit: str) -> str:
    """Claims about the model: verdict, number, P under all mechanisms and what informs it, at the beginning, before the last fits and now."""
    ids = [c["id"] for c in tomllib.loads((ROOT / CASES / "central-asia/claims.toml").read_text("utf-8"))["claim"]
           if c.get("estimand", {}).get("name", "").startswith("model.")]  # fmt: skip
    told = [_told(text) for text in (_answers(commit), _answers(LAST_FITS), (ROOT / ANSWERS).read_text("utf-8"))]
    body = [(one, *(of.get(one, BLANK) for of in told)) for one in ids]
    said = (
        "## What it did to verdicts of the model\n\nEach: verdict, number with interval, P of what the claim expects under all mechanisms, and how far the "
        "record informs what carries it (contraction of the prior's variance), where that keeps P from deciding. At the beginning verdicts needed no informed parameter.\n"
    )
    return f"{said}\n" + table(
        ("claim", f"`{commit}`", f"`{LAST_FITS}`, before rows of powers were read again", "now"), body
    )


def _answers(commit: str) -> str:
    return subprocess.run(
        ["git", "show", f"{commit}:{ANSWERS}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def _told(answers: str) -> dict[str, str]:
    """By claim what `claims --long` printed of it, in one cell."""
    kept = json.loads(answers)["answers"]
    printed = next((kept[c]["output"] for c in (f"{CLAIMS} --long", CLAIMS) if c in kept), "")
    found = {}
    for block in printed.split("\n\n") if "\n\n" in printed else re.split(r"\n(?=[A-Z]\d\d  )", printed):
        if not (head := re.match(r"([A-Z]\d\d)  ([A-Z ]+):", block)):
            continue
        text = " ".join(block.partition("\n")[2].split())
        parts = [
            re.match(r"(?:below )?[−\d.]+(?: \([−\d.]+ to [−\d.]+\))?", text),
            re.search(r"P\(as claimed\) = [\d.]+|P is [\d.]+ under all", text),
            re.search(r"contraction of its prior variance: [−\d.]+\d", text),
        ]
        numbers = [
            part[0].removesuffix(" under all").replace("P(as claimed) =", "P is").replace("of its prior variance: ", "")
            for part in parts
            if part
        ]
        found[head[1]] = ", ".join([head[2].lower(), *numbers])
    return found


def generated(commit: str) -> str:
    """All files of the cases that hold rows and that changed."""
    found = [
        section(case.name, name, commit)
        for case in sorted((ROOT / CASES).iterdir())
        for name in KEYS
        if (case / name).is_file()
    ]
    head = f"## Every changed row\n\nSince commit `{commit}`. A second reading of a row is not listed here, it stands above.\n"
    return "\n".join([headline(), verdicts(commit), reading(), head, *(part for part in found if part)])


def main() -> None:
    """Print the tables, or write them behind the marker of the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--since", default=SINCE)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    text = generated(given.since)
    if not given.write:
        print(text)
        return
    kept = PAGE.read_text(encoding="utf-8").split(MARKER)[0] if PAGE.is_file() else "# What changed in the record\n\n"
    PAGE.write_text(kept + MARKER + "\n\n" + text, encoding="utf-8")


if __name__ == "__main__":
    main()
